"""A Faust transport (`tasksys-kafka://host:port`): folds in transactions, tables in a database that heals."""

import asyncio
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter, time
from typing import Any

import faust
from aiokafka import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from rocksdict import WriteBatch

from monitoring import metrics
from streams.agent import FoldAgent
from streams.measures import measures
from streams.runner import Commit
from streams.topics import agent_of, table
from streams.transport.database import DatabaseCorrupt, DatabaseLocked, database_error
from streams.transport.kafka import hanging, healing
from streams.transport.kafka.cluster import COMMITTED, UNCOMMITTED, Cluster
from streams.transport.kafka.consumer import Consumer
from streams.transport.kafka.hanging import Written
from streams.transport.kafka.standing import Held
from streams.transport.kafka.transaction import PartitionWriter
from streams.transport.rows import RowStore
from tasksys.errors import NotOwned

OFFSETS = "changelog-offsets"
"""The table that holds, per app and partition, the changelog offset that its rows contain, and when it was written."""

GAP = b"gap"
"""The key in that table by which rows that miss something are known."""

MARKER = b"marker"
"""The key in that table of this process's last transaction (`Written`). Its rows were stored when the commit was
answered; whether it came to that is looked at when the partition is taken over."""

WRITTEN = struct.Struct(">QqH")

STANDBYS = "standbys"
"""The line for questions about partitions that others write."""

ENDS = "ends"
"""The line for questions where partitions end: of requests, and of the watchdog."""

LOCKED_SECONDS = 5.0
"""How long another process may take to let go of the tables: it may be the one that was here before."""

LOCKED_POLL_SECONDS = 0.1


class Producer(driver.Producer):
    """Acknowledged by all replicas, without doubles on retries."""

    def _settings_extra(self) -> dict[str, Any]:
        return {**super()._settings_extra(), "acks": "all", "enable_idempotence": True}


class Transport(driver.Transport):
    """Faust's Kafka transport with fold agents' rows and transactions."""

    Consumer = Consumer
    Producer = Producer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._store: RowStore | None = None
        self._database: Any = None
        self._corrupt: DatabaseCorrupt | None = None
        self._crashing: asyncio.Future[None] | None = None
        self._seconds: Callable[[float], None] = lambda seconds: None
        self._cluster: Cluster | None = None
        self._connecting = asyncio.Lock()
        self._writers: dict[int, PartitionWriter] = {}

    @property
    def _directory(self) -> Path:
        return Path(self.app.conf.tabledir) / "rows"

    def rows(self, app: faust.App) -> RowStore:
        """The app's own database, opened on first use; a corrupt one is put aside and rebuilt from the changelog."""
        if self._store is None:
            name = agent_of(app.conf.id)
            self._database = healing.open_or_put_aside(self._directory, measures(name).rebuilt["corrupt"])
            self._store = healing.WatchedRows(self._database, self._found_corrupt, name)
            self._seconds = metrics.STORE_WRITE_SECONDS.labels(name).observe
        return self._store

    async def open_rows(self) -> None:
        """Opens the tables, before the group is joined; waits a little for who has them. Raises DatabaseError."""
        give_up = self.app.loop.time() + LOCKED_SECONDS
        while True:
            try:
                self.rows(self.app)
            except DatabaseLocked:
                if self.app.loop.time() > give_up:
                    raise
                await asyncio.sleep(LOCKED_POLL_SECONDS)
            else:
                return

    def _found_corrupt(self, error: DatabaseCorrupt) -> None:
        """Stops the app, once: when it is started again its tables are new ones."""
        if self._corrupt is None:
            found = self._corrupt = DatabaseCorrupt(str(error))  # without the traceback, which keeps iterators open
            self.crash_soon(found)

    def crash_soon(self, fault: Exception) -> None:
        """Stops the app with that fault; called in any thread."""
        self.app.loop.call_soon_threadsafe(self._crash, fault)

    def _crash(self, found: Exception) -> None:
        self._crashing = asyncio.ensure_future(self.app.crash(found))  # held here: the event loop would not

    def persisted_offset(self, app: faust.App, tp: TP) -> int:
        """The changelog offset that the rows on disk contain; -1 if there are none.

        Not None, for which Faust would keep the offset that it remembers: that may be 0 and made up, by a recovery that
        was overtaken and has counted what had been forgotten meanwhile.
        """
        held = self.held(tp.partition)
        return -1 if held is None else held.offset

    def held(self, partition: int) -> Held | None:
        """What the rows of a partition contain of the changelog; None if there are none."""
        stored = self.rows(self.app).get(OFFSETS, partition, b"")
        return None if stored is None else Held(int.from_bytes(stored[:8]), int.from_bytes(stored[8:]))

    def incomplete(self, partition: int) -> Held | None:
        """What the rows contained of the changelog when some of what came after that was gone; None if nothing was."""
        stored = self.rows(self.app).get(OFFSETS, partition, GAP)
        return None if stored is None else Held(int.from_bytes(stored) - 1, 0)

    def mark_incomplete(self, partition: int, held: Held | None) -> None:
        """Remembers that for as long as there are these rows: recovery moves their offset past what is missing."""
        reached = -1 if held is None else held.offset
        batch, store = WriteBatch(raw_mode=True), self.rows(self.app)
        store.stage(batch, OFFSETS, partition, {GAP: (reached + 1).to_bytes(8)})
        self._write(batch)

    def throw_away(self, partition: int, reason: str) -> None:
        """Deletes the rows of a partition, which are recovered from the beginning of the changelog."""
        batch, store = WriteBatch(raw_mode=True), self.rows(self.app)
        store.clear(batch, table(self.app.conf.id), partition)
        store.clear(batch, OFFSETS, partition)
        self._write(batch)
        measures(agent_of(self.app.conf.id)).rebuilt[reason]()

    def written(self, partition: int) -> Written | None:
        """This process's last transaction that the rows contain; None if its marker was seen."""
        stored = self.rows(self.app).get(OFFSETS, partition, MARKER)
        return None if stored is None else Written(*WRITTEN.unpack(stored))

    def marker_seen(self, partition: int) -> None:
        """It commits, and need not be looked for again."""
        batch = WriteBatch(raw_mode=True)
        self.rows(self.app).stage(batch, OFFSETS, partition, {MARKER: None})
        self._write(batch)

    async def was_committed(self, tp: TP, written: Written, first: int, end: int) -> bool:
        """See `hanging.was_committed`."""
        [(cluster, line)] = await self._lines([tp])
        return await hanging.was_committed(cluster, line, TopicPartition(*tp), written, first, end)

    def write_rows(
        self,
        app: faust.App,
        partition: int,
        rows: dict[bytes, bytes | None],
        offset: int,
        ours: Written | None = None,
    ) -> None:
        """Rows and the changelog offset that they contain, in one write.

        That is of the last record or marker which was read, or where the marker of `ours` is to be.
        """
        store = self.rows(app)
        batch = WriteBatch(raw_mode=True)
        store.stage(batch, table(app.conf.id), partition, rows)
        written = offset.to_bytes(8) + int(time() * 1000).to_bytes(8)
        store.stage(batch, OFFSETS, partition, {b"": written} | ({} if ours is None else {MARKER: WRITTEN.pack(*ours)}))
        began = perf_counter()
        self._write(batch)
        self._seconds(perf_counter() - began)

    def _write(self, batch: WriteBatch) -> None:
        try:
            self._database.write(batch)
        except Exception as error:
            known = database_error(error)
            if isinstance(known, DatabaseCorrupt):
                self._found_corrupt(known)
            raise known from error

    async def open_partition(self, agent: FoldAgent, partition: int) -> Commit:
        """Becomes the partition's writer: whoever wrote before is fenced, and what it left open is ended."""
        writer = PartitionWriter(
            group=agent.app.conf.id,
            source=TP(agent.spec.source.name, partition),
            outputs=[topic.name for topic in agent.spec.outputs],
            cluster=await self._connected(),
            store=lambda rows, ours: self.write_rows(agent.app, partition, rows, ours.marker, ours),
            forgotten=self._crash,
        )
        await writer.start()
        self._writers[partition] = writer
        return writer.commit

    async def end_of(self, tp: TP, stable: bool) -> int:
        """The last stable offset of a partition, or the one that is appended at next; asked for without end.

        Raises NotOwned where no partition is open.
        """
        if self._cluster is None:
            raise NotOwned("this process has opened no partition yet")
        return await self._cluster.end(ENDS, TopicPartition(*tp), COMMITTED if stable else UNCOMMITTED)

    async def _connected(self) -> Cluster:
        """The brokers, connected on first use."""
        async with self._connecting:
            if self._cluster is None:
                cluster = Cluster(driver.server_list(self.url, self.default_port))
                await cluster.start()
                self._cluster = cluster
        return self._cluster

    async def bounds(self, tps: Iterable[TP]) -> dict[TP, tuple[int, int]]:
        """The first and the last stable offset of each partition; asked on lines that no fetch holds up."""
        wanted = list(tps)
        lines = await self._lines(wanted)
        found = [cluster.bounds(line, TopicPartition(*tp)) for tp, (cluster, line) in zip(wanted, lines, strict=True)]
        return dict(zip(wanted, await asyncio.gather(*found), strict=True))

    async def _lines(self, tps: Iterable[TP]) -> list[tuple[Cluster, str]]:
        """By which each partition is asked after: its writer's line, or that of what others write."""
        cluster = await self._connected()
        writers = [self._writers.get(tp.partition) for tp in tps]
        return [(cluster, STANDBYS if writer is None else writer.log.id) for writer in writers]

    async def close_partition(self, agent: FoldAgent, partition: int) -> None:
        """Hangs up on the brokers."""
        await self._writers.pop(partition).stop()

    async def close_rows(self) -> None:
        """Closes the database; the app has stopped. One that was found corrupt is put aside, to be recovered."""
        if self.app._consumer is not None:
            self.app._consumer.close_unused()
        for writer in self._writers.values():  # the app stopped while they were opened
            await writer.stop()
        self._writers.clear()
        if self._cluster is not None:
            await self._cluster.close()
            self._cluster = None
        if self._database is not None:
            healing.close(self._database)
            self._database = self._store = None
        if self._corrupt is not None:
            corrupt, self._corrupt = self._corrupt, None
            measures(agent_of(self.app.conf.id)).rebuilt["corrupt"]()
            healing.put_aside(self._directory, corrupt)
