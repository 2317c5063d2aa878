"""The thread in which the log's writes are made durable, while the event loop goes on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from rocksdict import Rdict


class SyncThread:
    """One thread, so one sync at a time.

    Not `run_in_executor`, which asks, wraps and chains so much that a hand-over took 31 microseconds instead of 19,
    twice with a command that is alone.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log-sync")

    def sync(self, database: Rdict) -> asyncio.Future[None]:
        """Done when what was written to the database before is on the disk; raises what RocksDB raises."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def work() -> None:
            error: BaseException | None = None
            try:
                database.flush_wal(True)
            except BaseException as raised:  # nobody else would hear of it, and the writer would wait for ever
                error = raised
            loop.call_soon_threadsafe(_settle, done, error)

        self._thread.submit(work)
        return done

    def close(self) -> None:
        """Ends the thread, behind the sync in hand."""
        self._thread.shutdown()


def _settle(done: asyncio.Future[None], error: BaseException | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
