"""How far the imports of a log are: what its fold of commands says of each workspace."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import keys
from streams.agents import imports
from streams.agents.committed import Committed
from streams.agents.imports import Import
from streams.archive.exporting import AGENT
from streams.broker import Broker
from streams.node import Node
from streams.topics import changelog


class Marks(Protocol):
    """How far the imports of a log are, as its fold says."""

    changed: asyncio.Event

    def get(self, workspace: str) -> Import | None:
        """What is known of a workspace; None before anything was told."""
        ...


class OwnMarks:
    """Those of a log that is folded in this process, once they are durable: rows can be read a little earlier."""

    def __init__(self, node: Node, workspaces: Iterable[str]) -> None:
        """Of these workspaces."""
        self.changed = asyncio.Event()
        self._node = node
        self._known: dict[str, Import] = {}
        self._places = defaultdict[int, list[str]](list)
        for name in workspaces:
            self._places[node.parts.partition(name)].append(name)
        node.parts.follow(self._follow)

    def _follow(self, committed: Committed) -> None:
        rows = self._node.rows(AGENT, committed.partition)
        for name in self._places[committed.partition]:
            if (row := rows.get(keys.imported(name))) is not None:
                self._known[name] = imports.decode(row)
        self.changed.set()

    def get(self, workspace: str) -> Import | None:
        """As of the last batch."""
        return self._known.get(workspace)


class ChangelogMarks:
    """Those of a Kafka cluster, whoever folds: each change of a row is in the changelog."""

    def __init__(self, broker: Broker) -> None:
        self.changed = asyncio.Event()
        self._known: dict[str, Import] = {}
        self._consumer: Any = AIOKafkaConsumer(
            bootstrap_servers=broker.servers, isolation_level="read_committed", enable_auto_commit=False,
            auto_offset_reset="earliest",
        )  # fmt: skip

    @asynccontextmanager
    async def listening(self, partitions: int) -> AsyncIterator[None]:
        """Hears what is written from now on."""
        await self._consumer.start()
        try:
            places = [TopicPartition(changelog(AGENT).name, number) for number in range(partitions)]
            self._consumer.assign(places)
            await self._consumer.seek_to_end(*places)
            for place in places:
                await self._consumer.position(place)  # now, not when the first records are asked for
            listening = asyncio.create_task(self._listen())
            try:
                yield
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        finally:
            await self._consumer.stop()

    async def _listen(self) -> None:
        async for one in self._consumer:
            name = one.key[len(keys.IMPORT) :].partition(b"\0")[0].decode() if one.key.startswith(keys.IMPORT) else ""
            if name and one.value is not None and one.key == keys.imported(name):
                self._known[name] = imports.decode(one.value)
                self.changed.set()

    def get(self, workspace: str) -> Import | None:
        """What came last."""
        return self._known.get(workspace)
