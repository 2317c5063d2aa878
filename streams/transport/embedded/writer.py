"""Group commit: one batch at a time goes to the disk, and what arrives meanwhile is the next.

`Rdict.write` keeps Python's global lock, `Rdict.flush_wal` releases it (rocksdict 0.3.29, measured: a spinning thread
stood still during the one and ran during the other). So a batch is written without syncing on the event loop,
which costs microseconds, and synced by `flush_wal` in a thread, while the loop goes on. A write that would have to
wait for the disk is refused by `no_slowdown` and tried again, because it would wait with the lock held: 0.8 s
were seen. Waiting a while before each batch was tried and only cost: with 1 ms, one caller fell from 2,900 to
440 appends/s, 64 callers from 72,000 to 17,000, and 1,000 callers from 111,000 to 52,000. What is waited for are rounds
of the event loop, which take no longer than the work that there is, and only where callers come together.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import Context
from pathlib import Path
from typing import NamedTuple

from rocksdict import Rdict, WriteBatch, WriteOptions

from monitoring import metrics
from streams import measures
from streams.fold import Record
from streams.transport.database import MEBI, NO_SPACE, STALLED, STARVED, WRITE_BUFFER_BYTES
from streams.transport.embedded.arrivals import Arrivals, Place
from streams.transport.embedded.errors import LogClosed, LogWriteError
from streams.transport.embedded.partition import Draft, Partition
from streams.transport.embedded.records import OFFSET, commit_key
from streams.transport.embedded.syncing import SyncThread
from streams.transport.embedded.transaction import Transaction
from streams.transport.rows import RowStore

logger = logging.getLogger(__name__)

GROUP_BYTES = 4 * 1024 * 1024
GROUP_WEIGHT = 5_000  # keys in one batch: at 2 to 3 microseconds each the event loop pauses for some 12 ms at most
COMPANY_ROUNDS = 4
"""Rounds of the event loop without another caller, after which a batch begins: a request takes three from its socket to
here. Over HTTP batches grew from 10 commands to 25, and so did those of the folds that they feed: a command took 0.8 of
the processor time with 64 connections, 0.7 with 4."""
COMPANY_SECONDS = 0.005  # at most, however many come: with 3 ms it was 0.03 more, with 10 ms the same
STALL_PAUSE = 0.005  # seconds
STALL_PATIENCE = 30.0  # seconds
REOPEN_SECONDS = 1.0  # between two attempts


class _Waiting(NamedTuple):
    transaction: Transaction
    done: asyncio.Future[list[int]]


class _Batch(NamedTuple):
    batch: WriteBatch
    drafts: Iterable[Draft]
    offsets: list[list[int]]  # for each waiting caller


class Writer:
    """Writes transactions in the order they are submitted. Belongs to one event loop at a time."""

    def __init__(
        self,
        directory: Path,
        database: Rdict,
        partitions: dict[Place, Partition],
        committed: dict[tuple[str, str, int], int],
        *,
        fsync: bool,
        reopen: Callable[[], Rdict],
    ) -> None:
        self.arrivals = Arrivals()
        self.trouble: str | None = None
        """Why the last write failed; None after one that did not."""
        self._directory = directory
        self._database = database
        self._reopen = reopen
        self._rows = RowStore(database)
        self._seconds = metrics.STORE_WRITE_SECONDS.labels("log").observe
        self._partitions = partitions
        self._committed = committed
        self._fsync = fsync
        self._options = WriteOptions()
        self._options.no_slowdown = True
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None
        self._thread = SyncThread()
        self._broken = False
        self._starved = False  # broken by a lack of descriptors alone: what is on the disk is known
        self._next_reopening = 0.0
        self._closed = False

    def submit(self, transaction: Transaction) -> asyncio.Future[list[int]]:
        """Queue it. The future gives its records' offsets once they are durable, or LogWriteError. Raises LogClosed.

        Cancelling the future gives up waiting: what is not yet in a batch is then not written.
        """
        if self._closed:
            raise LogClosed(f"the log in {self._directory} is closed")
        transaction.sealed = True
        loop = asyncio.get_running_loop()
        if self._task is not None and self._task.done():  # its event loop ended before it began
            self._waiting.clear()
            self._task = None
        waiting = _Waiting(transaction, loop.create_future())
        self._waiting.append(waiting)
        if self._task is None:
            self._task = loop.create_task(self._drain(), context=Context())  # it is nobody's in particular
        return waiting.done

    @property
    def broken(self) -> str | None:
        """Why nothing can be written until the log is opened again; None where the next write may go well."""
        return self.trouble if self._broken and not self._starved else None

    async def close(self) -> None:
        """Finish what was submitted, and take nothing more."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait([self._task])
        self._thread.close()

    async def _drain(self) -> None:
        group: list[_Waiting] = []
        try:
            while self._waiting:
                if len(self._waiting) > 1 or len(group) > 1:
                    await self._gather()
                group = self._take()
                if group:
                    await self._write(group)
        except asyncio.CancelledError:  # the loop ends, and with it everybody who waits
            for waiting in (*group, *self._waiting):
                waiting.done.cancel()
            self._waiting.clear()
            raise
        finally:
            self._task = None

    async def _gather(self) -> None:
        """Returns when those who are about to call have called; a caller that is alone is not kept waiting for them."""
        quiet, until = 0, time.monotonic() + COMPANY_SECONDS
        while quiet < COMPANY_ROUNDS and time.monotonic() < until:
            before = len(self._waiting)
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) == before else 0

    def _take(self) -> list[_Waiting]:
        """The next callers, as many as make a batch of bounded size; those who gave up are left out."""
        group: list[_Waiting] = []
        size = weight = 0
        while self._waiting and size < GROUP_BYTES and weight < GROUP_WEIGHT:
            waiting = self._waiting.popleft()
            if not waiting.done.cancelled():
                group.append(waiting)
                size += waiting.transaction.size
                weight += waiting.transaction.weight
        return group

    async def _write(self, group: list[_Waiting]) -> None:
        """Make one batch of the group, and settle every caller's future. Does not raise but for cancellation."""
        began = time.perf_counter()
        try:
            built = await self._put(group)
            await self._sync()
        except LogWriteError as error:
            self._settle(group, error)
            return
        except Exception as error:
            logger.exception("the batch could not be built")
            self._settle(group, error)
            return
        self.trouble = None
        self._seconds(time.perf_counter() - began)
        for draft in built.drafts:
            draft.adopt()
            if draft.appended:
                measures.written(draft.partition.topic).count(draft.appended)
        for waiting, offsets in zip(group, built.offsets, strict=True):
            self._committed.update(waiting.transaction.commits)
            if not waiting.done.done():
                waiting.done.set_result(offsets)
        self.arrivals.announce(
            (draft.partition.topic, draft.partition.number) for draft in built.drafts if draft.appended
        )

    def _settle(self, group: list[_Waiting], error: Exception) -> None:
        for waiting in group:
            if not waiting.done.done():
                if isinstance(error, LogWriteError):  # one of its own for each: raising adds to an exception
                    waiting.done.set_exception(LogWriteError(str(error), may_exist=error.may_exist))
                else:
                    waiting.done.set_exception(error)

    async def _put(self, group: list[_Waiting]) -> _Batch:
        """Write the group's batch, not yet synced. Raises LogWriteError; then nothing of it was written."""
        waited = 0.0
        while True:
            if self._broken and not self._mended():
                raise LogWriteError(f"{self.trouble}")
            built = self._build(group)
            try:
                self._database.write(built.batch, self._options)
            except Exception as error:
                text = str(error)
                if not text.startswith(STALLED) or waited >= STALL_PATIENCE:
                    raise self.refusal(text) from error
            else:
                return built
            await asyncio.sleep(STALL_PAUSE)
            waited += STALL_PAUSE

    def _build(self, group: list[_Waiting]) -> _Batch:
        """Give every record its offset. Nothing outside the batch changes: a batch that fails leaves no hole."""
        batch = WriteBatch(raw_mode=True)
        put = batch.put
        drafts: dict[Place, Draft] = {}
        offsets: list[list[int]] = []
        for waiting in group:
            transaction = waiting.transaction
            given: list[int] = []
            for topic, partition, timestamp_ms, key, value, headers, encoded in transaction.appends:
                place = topic, partition
                draft = drafts.get(place)
                if draft is None:
                    draft = drafts[place] = Draft(self._partitions[place])
                offset = draft.end
                draft.end = offset + 1
                put(draft.partition.prefix + OFFSET.pack(offset), encoded)
                draft.appended.append(Record(offset, timestamp_ms, key, value, headers))
                draft.sizes.append(len(encoded))
                given.append(offset)
            offsets.append(given)
            for committed, position in transaction.commits.items():
                put(commit_key(*committed), OFFSET.pack(position))
            for table, number, rows in transaction.rows:
                self._rows.stage(batch, table, number, rows)
            for trim in transaction.trims:
                place = trim.partition.topic, trim.partition.number
                drafts.setdefault(place, Draft(trim.partition)).trim(batch, trim)
        for draft in drafts.values():
            draft.finish(batch)
        return _Batch(batch, drafts.values(), offsets)

    async def _sync(self) -> None:
        """Make what was written durable. Whatever goes wrong, nobody knows what reached the disk: writing ends."""
        if not self._fsync:
            return
        try:
            await self._thread.sync(self._database)
        except asyncio.CancelledError:
            self._broken = True
            self.trouble = f"{self._directory}: the event loop ended during a write; open the log again"
            raise
        except Exception as error:
            self._broken, self._starved = True, False
            self.trouble = (
                f"{self._directory}: the disk failed to make a write durable ({error}). Whether it is there shows when "
                "the log is opened again; until then it is read-only. Look at the disk, then restart."
            )
            raise LogWriteError(self.trouble, may_exist=True) from error

    def _mended(self) -> bool:
        """Whether writing can go on, because descriptors are free again and the database could be opened anew."""
        if not self._starved or time.monotonic() < self._next_reopening:
            return False
        self._next_reopening = time.monotonic() + REOPEN_SECONDS
        try:
            self._database = self._reopen()
        except Exception as error:
            logger.warning("%s could not be opened anew: %s; the next write tries again", self._directory, error)
            return False
        self._rows.use(self._database)
        self._broken = self._starved = False
        logger.info("%s was opened anew and is written again", self._directory)
        return True

    def refusal(self, cause: str) -> LogWriteError:
        """The error for a write that RocksDB refused, of which nothing was written."""
        if cause.startswith(STALLED):
            remedy = f"the disk was too slow for {STALL_PATIENCE:.0f} s to take more. Try again later."
        elif cause.startswith(NO_SPACE):  # RocksDB looks every 5 s whether there is room, then goes on by itself
            room = 2 * WRITE_BUFFER_BYTES // MEBI
            remedy = f"no space left on the disk. Free {room} MiB or more: writing goes on within seconds. ({cause})"
        elif STARVED in cause:  # before anything was written: RocksDB opens the next file first
            self._starved = self._starved or not self._broken
            self._broken = True
            remedy = (
                "no file descriptor was free. The log is read-only until some are: then it is opened anew by the next "
                f"write. Allow this process more (ulimit -n), or close connections. ({cause})"
            )
        else:
            self._starved = False
            self._broken = True
            remedy = (
                f"the disk failed ({cause}). The log is read-only until opened again. Look at the disk, then restart."
            )
        self.trouble = f"{self._directory}: nothing of this was written, {remedy}"
        return LogWriteError(self.trouble)
