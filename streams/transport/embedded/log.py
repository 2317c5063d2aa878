"""The embedded log: what Kafka is to the cluster, in one process and one directory."""

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from rocksdict import Rdict, WriteOptions

from streams.fold import Record
from streams.transport.database import open_database
from streams.transport.embedded.arrivals import Place
from streams.transport.embedded.config import TopicConfig, check_topic
from streams.transport.embedded.errors import LogClosed, TopicMismatch, UnknownTopic
from streams.transport.embedded.expiry import Expiry
from streams.transport.embedded.opening import open_directory
from streams.transport.embedded.partition import Partition, State
from streams.transport.embedded.records import TOPICS
from streams.transport.embedded.transaction import Transaction
from streams.transport.embedded.writer import Writer
from streams.transport.rows import RowStore

logger = logging.getLogger(__name__)

REOPEN_FILES = 128
"""Descriptors that must be free before the database is closed to be opened anew."""

READ_BYTES = 4 * 1024 * 1024

LOG = "log"
"""What the database is called in metrics."""


class LogStats(NamedTuple):
    """Figures for operators. `trouble` says why the last write failed; None when it did not."""

    partitions: dict[Place, State]
    estimated_bytes: int  # of the whole directory, rows included
    trouble: str | None


class EmbeddedLog:
    """Topics of numbered records, consumer groups' positions and table rows, durable and in one transaction.

    Made by `open`. For one event loop at a time, and not for other threads. What `append` and `commit` have
    returned survives kill -9 and, with fsync, the loss of power. Readers see nothing that is not durable; rows alone
    can be read some milliseconds earlier, while their transaction is being synced.
    """

    _open: dict[Path, "EmbeddedLog"] = {}  # noqa: RUF012  (one registry for the process is the point)

    def __init__(self, directory: Path, *, fsync: bool) -> None:
        """Use `open`: two of these on one directory are refused."""
        self.directory = directory
        self.fsync = fsync
        self._users = 1
        opened = open_directory(directory)
        self._lock, self._database, self._topics, self._partitions, self._committed = opened
        self.rows = RowStore(self._database, LOG)
        self._writer = Writer(
            directory, self._database, self._partitions, self._committed, fsync=fsync, reopen=self._reopen
        )
        self._expiry = Expiry(self._database, self._topics, self._partitions, self._committed, self._writer)

    @classmethod
    def open(cls, directory: Path, *, fsync: bool = True) -> "EmbeddedLog":
        """The log in `directory`, created if need be; the same object for all of this process, until all close it.

        Without fsync a write returns sooner and survives kill -9, but not the loss of power. Raises a LogOpenError:
        DirectoryInUse, LogCorrupt, LogTooNew.
        """
        directory = directory.resolve()
        log = cls._open.get(directory)
        if log is None:
            log = cls._open[directory] = cls(directory, fsync=fsync)
        elif log.fsync != fsync:
            raise ValueError(f"{directory} is already open with fsync={log.fsync}")
        else:
            log._users += 1
        return log

    @property
    def broken(self) -> str | None:
        """Why nothing can be written any more until the log is opened again; None while it can."""
        return self._writer.broken

    async def close(self) -> None:
        """Give up one `open`; the last one finishes what was submitted, wakes all who wait, and frees the directory."""
        self._users -= 1
        if self._users != 0:  # below 0: closed once too often
            return
        del self._open[self.directory]
        self._writer.arrivals.announce_all()
        await self._writer.close()
        try:
            await asyncio.to_thread(self._database.close)
        except Exception as error:  # it is closed all the same; what it could not flush is in its write-ahead log
            logger.warning("%s was closed by a failing disk: %s", self.directory, error)
        finally:
            self._lock.release()

    def _reopen(self) -> Rdict:
        """Open the database anew. Raises DatabaseError or OSError; without descriptors it stays readable as it is.

        What this process knows stays true: everything that was written is in the write-ahead log.
        """
        spare: list[int] = []
        try:
            spare.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(REOPEN_FILES))
        finally:
            for descriptor in spare:
                os.close(descriptor)
        try:
            self._database.close()
        except Exception as error:  # it is closed all the same
            logger.debug("%s was closed with an error: %s", self.directory, error)
        self._database = open_database(self.directory)
        self.rows.use(self._database)
        self._expiry.use(self._database)
        return self._database

    def create_topic(self, name: str, config: TopicConfig) -> None:
        """Create it, durably, or take over the configuration if it exists.

        Raises TopicMismatch if it exists with another number of partitions, ValueError for a bad name or number, and
        LogWriteError.
        """
        check_topic(name, config)
        known = self._topics.get(name)
        if known == config:
            return
        if known is not None and known.partitions != config.partitions:
            raise TopicMismatch(
                f"topic {name} in {self.directory} has {known.partitions} partitions and cannot have "
                f"{config.partitions}: its keys would move. Keep the number, or export the log and import it elsewhere."
            )
        durable = WriteOptions()
        durable.sync = self.fsync
        try:
            self._database.put(TOPICS + name.encode(), msgspec.msgpack.encode(config), durable)
        except Exception as error:
            raise self._writer.refusal(str(error)) from error
        self._topics[name] = config
        for number in range(config.partitions):
            self._partitions.setdefault((name, number), Partition(name, number))

    def topics(self) -> dict[str, TopicConfig]:
        """All topics by name."""
        return dict(self._topics)

    async def append(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]] = (),
        timestamp_ms: int | None = None,
    ) -> int:
        """Append one record and return its offset once it is durable. Raises as `commit` does."""
        transaction = Transaction()
        transaction.append(topic, partition, key, value, headers, timestamp_ms)
        offsets = await self.submit(transaction)
        return offsets[0]

    async def commit(self, transaction: Transaction) -> list[int]:
        """Write everything in the transaction or nothing; returns its records' offsets once all is durable.

        Raises LogWriteError, LogClosed, UnknownTopic, and ValueError for a record without key in a compacted topic.
        Cancelling gives up waiting: the transaction may then be written whole, or not at all.
        """
        return await self.submit(transaction)

    def submit(self, transaction: Transaction) -> asyncio.Future[list[int]]:
        """What `commit` awaits. Transactions are written in the order of these calls."""
        transaction.must_be_open()
        for append in transaction.appends:
            self._partition(append.topic, append.partition)
            if append.key is None and self._topics[append.topic].compact:
                raise ValueError(f"a record for the compacted topic {append.topic} needs a key")
        for _, topic, partition in transaction.commits:
            self._partition(topic, partition)
        return self._writer.submit(transaction)

    def read(
        self, topic: str, partition: int, offset: int, max_records: int, max_bytes: int = READ_BYTES
    ) -> list[Record]:
        """Durable records in order, from the first one at or after `offset`: what was expired or compacted is skipped.

        Empty only if there is none. The first is given even if it is larger than `max_bytes`. Raises UnknownTopic,
        and DatabaseError when the disk cannot be read.
        """
        return self._partition(topic, partition).read(self._database, offset, max_records, max_bytes)

    def start_offset(self, topic: str, partition: int) -> int:
        """No record below this one is left."""
        return self._partition(topic, partition).state.start

    def end_offset(self, topic: str, partition: int) -> int:
        """The offset after the newest durable record."""
        return self._partition(topic, partition).state.end

    async def wait_for_records(self, positions: Mapping[Place, int], timeout: float | None) -> bool:  # noqa: ASYNC109  (no error)
        """True as soon as any of the partitions has a record at or after its position; False after `timeout` seconds.

        Any number of callers may wait; each is woken. Raises UnknownTopic, and LogClosed if the log is closed.
        """
        partitions = [(self._partition(*place), position) for place, position in positions.items()]
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            if self._users <= 0:
                raise LogClosed(f"the log in {self.directory} was closed")
            if any(partition.readable > max(position, partition.state.start) for partition, position in partitions):
                return True
            left = None if deadline is None else deadline - loop.time()
            if left is not None and left <= 0:
                return False
            await self._writer.arrivals.wait(positions, left)

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        """The group's durable position: the next offset it wants; None if it never committed one."""
        return self._committed.get((group, topic, partition))

    def groups(self) -> set[str]:
        """Every group that ever committed a position."""
        return {group for group, _, _ in self._committed}

    async def expire(self, now_ms: int, limit: int = 10_000) -> bool:
        """Apply retention and compaction to about `limit` records at most. True if there is more: call again.

        Retention takes a partition's oldest records, up to the first one that is young enough, or that one of the
        topic's `readers` has still to read. Compaction keeps each key's newest record, and a tombstone for a day.
        Raises LogWriteError.
        """
        return await self._expiry.run(now_ms, limit)

    @property
    def trouble(self) -> str | None:
        """Why the last write failed; None if it did not."""
        return self._writer.trouble

    def stats(self) -> LogStats:
        """Cheap enough to be asked every second."""
        return LogStats(
            {place: partition.state for place, partition in self._partitions.items()},
            self.rows.estimated_bytes(),
            self._writer.trouble,
        )

    def _partition(self, topic: str, number: int) -> Partition:
        partition = self._partitions.get((topic, number))
        if partition is None:
            raise UnknownTopic(f"{self.directory} has no topic {topic} with a partition {number}")
        return partition
