"""A database whose disk can be held up or made to fail."""

import threading
from typing import Any

from rocksdict import Rdict, WriteBatch

from streams.transport.embedded.log import EmbeddedLog


class FaultyDatabase:
    """Stands between the log's writer and its RocksDB; everything not named here goes straight through."""

    def __init__(self, real: Rdict) -> None:
        self._real = real
        self.refuse: list[str] = []  # what the next writes say instead of being done
        self.fail_sync: str | None = None
        self.writes = 0
        self.syncing = threading.Event()
        self.may_sync = threading.Event()
        self.may_sync.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def write(self, batch: WriteBatch, options: Any) -> None:
        """As RocksDB does: the batch is used up, also by a failure."""
        self.writes += 1
        if self.refuse:
            batch.clear()
            raise Exception(self.refuse.pop(0))
        self._real.write(batch, options)

    def flush_wal(self, sync: bool) -> None:
        """Waits until `may_sync`."""
        self.syncing.set()
        assert self.may_sync.wait(10)
        if self.fail_sync is not None:
            raise Exception(self.fail_sync)
        self._real.flush_wal(sync)


def with_faults(log: EmbeddedLog) -> FaultyDatabase:
    """Put one under the log's writer."""
    faulty = FaultyDatabase(log._database)
    log._writer._database = faulty
    return faulty
