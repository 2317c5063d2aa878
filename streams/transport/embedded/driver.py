"""A Faust transport (`embedded:///absolute/directory`): topics, groups and tables in one RocksDB, no broker.

A fold's rows, outputs and source offset are one WriteBatch of the log, so its table is never behind it: there are no
changelogs to write or to recover from. One process is the only member of every group.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import faust
from aiokafka.partitioner import DefaultPartitioner
from faust.transport import base
from faust.transport.consumer import Consumer as BaseConsumer
from faust.types import TP, ConsumerMessage, RecordMetadata

from streams.agent import FoldAgent
from streams.fold import Effects, Record
from streams.runner import Commit
from streams.topics import table
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.embedded.transaction import Transaction
from streams.transport.folding import FoldingConsumer
from streams.transport.rows import RowStore

FETCH_RECORDS = 2_000
"""Records handed on per partition and fetch; they are in memory already, or read from RocksDB once."""


class OneMember:
    """What Faust's assignor asks of the cluster's metadata, where all of it is here."""

    def __init__(self, log: EmbeddedLog) -> None:
        self._log = log

    def partitions_for_topic(self, topic: str) -> set[int]:
        """The numbers of the topic's partitions."""
        config = self._log.topics().get(topic)
        return set(range(config.partitions)) if config else set()


class Consumer(FoldingConsumer, BaseConsumer):
    """The only member of its group."""

    transport: "Transport"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._assigned: set[TP] = set()
        self._positions: dict[TP, int] = {}
        self._generation = 0

    @property
    def _log(self) -> EmbeddedLog:
        return self.transport.embedded

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Takes every partition of the topics.

        Not inline: the assignment waits for something that Faust's conductor sets only after this call has returned.
        """
        self.add_future(self._take(set(topics)))

    async def _take(self, topics: set[str]) -> None:
        for topic in topics:
            self.transport.declare(topic)
        taken = {TP(topic, number) for topic in topics for number in range(self._log.topics()[topic].partitions)}
        self.app.on_rebalance_start()  # must come before the revocation
        await self.on_partitions_revoked(set(self._assigned))
        self._generation += 1
        self.app.consumer_generation_id = self._generation
        assignor = self.app.assignor
        plan = assignor._assign(OneMember(self._log), {"embedded": assignor.metadata(topics)})
        assignor.on_assignment(plan["embedded"])
        self._assigned = taken
        for tp in taken:
            self._positions.setdefault(tp, self._log.start_offset(*tp))
        await self.on_partitions_assigned(taken, self._generation)

    def assignment(self) -> set[TP]:
        """The partitions taken."""
        return set(self._assigned)

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    def topic_partitions(self, topic: str) -> int | None:
        """The number of the topic's partitions."""
        config = self._log.topics().get(topic)
        return config.partitions if config else None

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        """The partition that Kafka would choose for the key."""
        return self.transport.partition(topic, key) if partition is None else partition

    async def create_topic(self, topic: str, partitions: int, replication: int, **settings: Any) -> None:
        """Makes the topic if it is not there."""
        self.transport.declare(topic)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        transaction = Transaction()
        for tp, offset in offsets.items():
            transaction.commit_offset(self.app.conf.id, tp.topic, tp.partition, offset)
        await self._log.commit(transaction)
        return True

    async def seek_to_committed(self) -> dict[TP, int]:
        """Goes back to the group's positions."""
        group = self.app.conf.id
        for tp in self._assigned:
            committed = self._log.committed(group, *tp)
            self._positions[tp] = self._log.start_offset(*tp) if committed is None else committed
        return dict(self._positions)

    async def _seek(self, tp: TP, offset: int) -> None:
        self._positions[tp] = offset

    async def position(self, tp: TP) -> int | None:
        """The next offset to fetch."""
        return self._positions.get(tp)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Goes to these offsets."""
        self._positions.update(partitions)

    async def end_of(self, tp: TP, stable: bool = True) -> int:
        """The offset that the next record will get; all that are there can be read."""
        return self._log.end_offset(*tp)

    def hears(self, tp: TP) -> bool:
        """The log is here."""
        return True

    def highwater(self, tp: TP) -> int:
        """The offset that the next record will get."""
        return self._log.end_offset(*tp)

    async def highwaters(self, *partitions: TP) -> dict[TP, int]:
        """The offsets that the next records will get."""
        return {tp: self._log.end_offset(*tp) for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> dict[TP, int]:
        """The offsets of the oldest records kept."""
        return {tp: self._log.start_offset(*tp) for tp in partitions}

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109  (Faust's)
    ) -> dict[TP, list[Record]]:
        wanted, timeout = await self.with_room(self._assigned & (active_partitions or set()), timeout)
        positions = {(tp.topic, tp.partition): self._positions[tp] for tp in wanted}
        if not positions:
            await asyncio.sleep(min(timeout, 0.05))  # Faust asks again at once; nothing can come
            return {}
        await self._log.wait_for_records(positions, timeout)
        fetched: dict[TP, list[Record]] = {}
        for (topic, partition), position in positions.items():
            found = self._log.read(topic, partition, position, FETCH_RECORDS)
            if found and self.flow_active and self._positions[TP(topic, partition)] == position:
                fetched[TP(topic, partition)] = found
                self._positions[TP(topic, partition)] = found[-1].offset + 1
        return fetched

    def records(self, fetched: Sequence[Any]) -> list[Record]:
        """They are ours already."""
        return list(fetched)

    def _to_message(self, tp: TP, record: Any) -> Any:
        return ConsumerMessage(
            tp.topic, tp.partition, record.offset, record.timestamp_ms / 1000, 0, record.headers, record.key,
            record.value, None, len(record.key or b""), len(record.value or b""), tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip


class Producer(base.Producer):
    """Appends; what it returns is durable when awaited."""

    transport: "Transport"

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: Any,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        """Appends one record; awaiting the result waits until it is durable."""
        number = self.transport.partition(topic, key) if partition is None else partition
        pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
        moment = int((timestamp or time.time()) * 1000)
        return asyncio.ensure_future(self._append(topic, number, key, value, tuple(pairs), moment))

    async def _append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Any, moment: int
    ) -> RecordMetadata:
        offset = await self.transport.embedded.append(topic, partition, key, value, headers, moment)
        return RecordMetadata(topic, partition, TP(topic, partition), offset, moment / 1000, 0)

    async def send_and_wait(self, topic: str, *args: Any, **kwargs: Any) -> RecordMetadata:
        """Appends one record, durably."""
        return await (await self.send(topic, *args, **kwargs))

    async def flush(self) -> None:
        """Nothing is held back."""

    async def create_topic(self, topic: str, partitions: int, replication: int, **settings: Any) -> None:
        """Makes the topic if it is not there."""
        self.transport.declare(topic)

    def key_partition(self, topic: str, key: bytes) -> TP:
        """The partition that Kafka would choose for the key."""
        return TP(topic, self.transport.partition(topic, key))

    def supports_headers(self) -> bool:
        """Headers are stored."""
        return True


class Transport(base.Transport):
    """Faust's view of the embedded log."""

    Consumer = Consumer
    Producer = Producer
    driver_version = "tasksys embedded log"
    default_port = 0
    _partitioner = DefaultPartitioner()  # murmur2: a key's partition is the same on Kafka

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.embedded = EmbeddedLog.open(Path(self.url[0].path))

    def declare(self, topic: str) -> None:
        """Makes a topic that `streams.admin` did not: one of Faust's own."""
        if topic not in self.embedded.topics():
            self.embedded.create_topic(topic, TopicConfig(self.app.conf.topic_partitions))

    def partition(self, topic: str, key: bytes | None) -> int:
        """The partition of a key."""
        numbers = list(range(self.embedded.topics()[topic].partitions))
        number: int = self._partitioner(key, numbers, numbers)
        return number

    def rows(self, app: faust.App) -> RowStore:
        """The tables' rows, in the log's own database."""
        return self.embedded.rows

    def persisted_offset(self, app: faust.App, tp: TP) -> int | None:
        """Rows are never behind the log."""
        return None

    async def open_partition(self, agent: FoldAgent, partition: int) -> Commit:
        """The one process is the one writer; what an earlier owner gave up waiting for is written or dropped first."""
        await self.embedded.commit(Transaction())
        group, source, name = agent.app.conf.id, agent.spec.source.name, table(agent.app.conf.id)

        async def commit(effects: Effects, position: int) -> None:
            transaction = Transaction()
            transaction.put_rows(name, partition, effects.rows)
            for topic, key, value, headers in effects.outputs:
                transaction.append(topic, partition, key, value, headers)
            transaction.commit_offset(group, source, partition, position)
            await self.embedded.commit(transaction)

        return commit

    async def close_partition(self, agent: FoldAgent, partition: int) -> None:
        """Nothing is held open per partition."""

    async def close_rows(self) -> None:
        """Lets go of the log; the app has stopped."""
        await self.embedded.close()
