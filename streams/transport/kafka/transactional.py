"""The writing side of one transactional id: what Kafka's transaction protocol asks for, and nothing else.

A transaction begins with the partitions that it adds. Any error leaves it unknown what the brokers have: this writer
must be given up then. The next one of its id fences it, and has the coordinator abort what it left open.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka import TopicPartition
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streams.fold import Headers
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.requests import DescribeTransactions

TRANSACTION_TIMEOUT_MS: Final = 10_000
"""After so long the broker aborts what a dead worker left open; readers of its partition wait until then at most."""

BATCH_BYTES: Final = 900_000
"""A record batch, under the broker's default limit of 1 MiB; one record alone may be larger, see `topics`."""

PRODUCE_TIMEOUT_MS: Final = 8_000
"""How long the leader may wait for the other replicas."""

ALL_REPLICAS: Final = -1
SEQUENCE_MASK: Final = 2**31 - 1  # sequence numbers go round

Entry = tuple[bytes | None, bytes | None, Headers]


class Transactional:
    """One transactional id's writer, on one partition of several topics."""

    def __init__(self, cluster: Cluster, transactional_id: str, partition: int) -> None:
        self.cluster = cluster
        self.id = transactional_id
        self.partition = partition
        self.producer_id = -1
        self.epoch = -1
        self._coordinator: int | None = None
        self._sequences: dict[str, int] = {}

    async def start(self) -> None:
        """Fences the writer of this id that was before, and has what it left open aborted."""
        request = InitProducerIdRequest(self.id, TRANSACTION_TIMEOUT_MS)
        answer = await self.cluster.ask(self.id, self._coordinated, request)
        self.producer_id, self.epoch, self._sequences = answer.producer_id, answer.producer_epoch, {}

    async def stop(self) -> None:
        """Hangs up; what is open is ended by whoever starts next under this id. Raises nothing."""
        await self.cluster.hang_up(self.id)

    async def add(self, topics: Sequence[str]) -> None:
        """Begins a transaction with the partition of these topics."""
        places = [(topic, [self.partition]) for topic in topics]
        request = AddPartitionsToTxnRequest(self.id, self.producer_id, self.epoch, places)
        await self.cluster.ask(self.id, self._coordinated, request)

    async def append(self, entries: Mapping[str, Sequence[Entry]]) -> dict[str, int]:
        """Appends the entries of each topic, in as few batches as their size allows: the offsets of the last ones."""
        last = {}
        for topic, all_ in entries.items():
            for batch, count in self._batches(topic, all_):
                last[topic] = await self._produced(topic, batch) + count - 1
        return last

    async def end(self, commit: bool) -> None:
        """Makes everything appended since `add` visible, or nothing."""
        await self.cluster.ask(self.id, self._coordinated, EndTxnRequest(self.id, self.producer_id, self.epoch, commit))

    async def state(self) -> str:
        """What the coordinator has of this id, whoever writes under it: see `DescribeTransactionsResponse.state`."""
        answer = await self.cluster.ask(self.id, self._coordinated, DescribeTransactions(self.id))
        return str(answer.state)

    def place(self, topic: str) -> TopicPartition:
        """The partition of a topic."""
        return TopicPartition(topic, self.partition)

    async def _coordinated(self, again: bool) -> int:
        if self._coordinator is None or again:
            self._coordinator = await self.cluster.coordinator(self.id)
        return self._coordinator

    async def _produced(self, topic: str, batch: bytes) -> int:
        """The offset that the first record of the batch got. Sent again, it is taken once only."""
        place = self.place(topic)
        request = ProduceRequest(
            transactional_id=self.id, required_acks=ALL_REPLICAS, timeout=PRODUCE_TIMEOUT_MS,
            topics=[(topic, [(self.partition, batch)])],
        )  # fmt: skip
        answer = await self.cluster.ask(self.id, lambda _: self.cluster.leader(place), request)
        [[_, [[_, _, offset, *_]]]] = answer.topics
        return int(offset)

    def _batches(self, topic: str, entries: Sequence[Entry]) -> list[tuple[bytes, int]]:
        """Record batches, and how many records each holds."""
        found: list[tuple[bytes, int]] = []
        batch, count = self._batch(topic), 0
        for key, value, headers in entries:
            if batch.append(count, None, key, value, list(headers)) is None:
                found.append((bytes(batch.build()), count))
                self._count(topic, count)
                batch, count = self._batch(topic), 0
                batch.append(count, None, key, value, list(headers))  # the first one always fits
            count += 1
        self._count(topic, count)
        return [*found, (bytes(batch.build()), count)]

    def _batch(self, topic: str) -> DefaultRecordBatchBuilder:
        return DefaultRecordBatchBuilder(
            magic=2, compression_type=0, is_transactional=1, producer_id=self.producer_id, producer_epoch=self.epoch,
            base_sequence=self._sequences.get(topic, 0), batch_size=BATCH_BYTES,
        )  # fmt: skip

    def _count(self, topic: str, count: int) -> None:
        self._sequences[topic] = (self._sequences.get(topic, 0) + count) & SEQUENCE_MASK
