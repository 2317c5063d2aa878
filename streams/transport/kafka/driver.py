"""A Faust transport (`tasksys-kafka://host:port`): folds in transactions, tables in a database that heals."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from rocksdict import WriteBatch

from monitoring import metrics
from streams.agent import FoldAgent
from streams.runner import Commit
from streams.topics import agent_of, table
from streams.transport.database import DatabaseCorrupt, database_error
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.consumer import Consumer
from streams.transport.kafka.healing import WatchedRows, open_or_put_aside, put_aside
from streams.transport.kafka.transaction import PartitionWriter
from streams.transport.rows import RowStore

OFFSETS = "changelog-offsets"
"""The table that holds, per app and partition, the changelog offset that its rows contain."""


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
            self._database = open_or_put_aside(self._directory)
            name = agent_of(app.conf.id)
            self._store = WatchedRows(self._database, self._found_corrupt, name)
            self._seconds = metrics.STORE_WRITE_SECONDS.labels(name).observe
        return self._store

    def _found_corrupt(self, error: DatabaseCorrupt) -> None:
        """Stops the app, once: when it is started again its tables are new ones."""
        if self._corrupt is None:
            found = self._corrupt = DatabaseCorrupt(str(error))  # without the traceback, which keeps iterators open
            self.app.loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self.app.crash(found)))

    def persisted_offset(self, app: faust.App, tp: TP) -> int | None:
        """The changelog offset that the rows on disk contain."""
        stored = self.rows(app).get(OFFSETS, tp.partition, b"")
        return None if stored is None else int.from_bytes(stored)

    def write_rows(self, app: faust.App, partition: int, rows: dict[bytes, bytes | None], offset: int) -> None:
        """Rows and the changelog offset that they contain, in one write."""
        store = self.rows(app)
        batch = WriteBatch(raw_mode=True)
        store.stage(batch, table(app.conf.id), partition, rows)
        store.stage(batch, OFFSETS, partition, {b"": offset.to_bytes(8)})
        began = perf_counter()
        try:
            self._database.write(batch)
        except Exception as error:
            known = database_error(error)
            if isinstance(known, DatabaseCorrupt):
                self._found_corrupt(known)
            raise known from error
        self._seconds(perf_counter() - began)

    async def open_partition(self, agent: FoldAgent, partition: int) -> Commit:
        """Becomes the partition's writer: whoever wrote before is fenced, and what it left open is ended."""
        writer = PartitionWriter(
            group=agent.app.conf.id,
            source=TP(agent.spec.source.name, partition),
            outputs=[topic.name for topic in agent.spec.outputs],
            cluster=await self._connected(),
            store=lambda rows, offset: self.write_rows(agent.app, partition, rows, offset),
        )
        await writer.start()
        self._writers[partition] = writer
        return writer.commit

    async def _connected(self) -> Cluster:
        """The brokers, connected on first use."""
        async with self._connecting:
            if self._cluster is None:
                cluster = Cluster(driver.server_list(self.url, self.default_port))
                await cluster.start()
                self._cluster = cluster
        return self._cluster

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
            self._database.close()
            self._database = self._store = None
        if self._corrupt is not None:
            put_aside(self._directory, self._corrupt)
            self._corrupt = None
