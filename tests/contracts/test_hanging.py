"""Transactions whose markers the brokers never wrote: what was committed comes to light, what was not never does.

The state is planted: batches go to partitions that their transaction does not name, so that its end leaves them open.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faust.types import TP

from streams.applied import APPLIED
from streams.fold import Effects, Output
from streams.transport.kafka.cluster import COMMITTED, UNCOMMITTED, Cluster
from streams.transport.kafka.hanging import OUTPUTS, Undecidable
from streams.transport.kafka.transaction import PartitionWriter
from streams.transport.kafka.transactional import Entry
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import until, workspace_name

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """A broker that takes batches of transactions that do not name the partition, as all did before Kafka 4."""
    settings = {"transaction.partition.verification.enable": "false"}
    with KafkaBroker(tmp_path_factory.mktemp("kafka"), settings) as started:
        yield started


class Place:
    """A group's changelog and output topic, of one partition."""

    def __init__(self, servers: str) -> None:
        self.servers = servers
        self.group = workspace_name("hanging")
        self.changelog = f"{self.group}-state-changelog"
        self.events = f"{self.group}-events"
        self.stored: list[int] = []

    async def make(self) -> None:
        """Makes the topics."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        await admin.create_topics([NewTopic(name, 1, 1) for name in (self.changelog, self.events)])
        await admin.close()

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[PartitionWriter]:
        """The one writer, started anew."""
        cluster = Cluster([self.servers])
        await cluster.start()
        writer = PartitionWriter(
            self.group, TP("source", 0), [self.events], cluster, lambda rows, offset: self.stored.append(offset)
        )
        try:
            await writer.start()
            yield writer
            await writer.stop()
        finally:
            await cluster.close()

    async def committed(self, topic: str) -> list[bytes | None]:
        """The keys that readers of committed records get, once no transaction is open any more."""
        place, found = TopicPartition(topic, 0), list[bytes | None]()
        cluster = Cluster([self.servers])
        await cluster.start()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.servers, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            async with asyncio.timeout(10):
                while await cluster.end("", place, COMMITTED) < (end := await cluster.end("", place, UNCOMMITTED)):
                    pass  # markers come a moment after the answer
            consumer.assign([place])
            while await consumer.position(place) < end:
                records = await consumer.getmany(place, timeout_ms=100)
                found += [record.key for batch in records.values() for record in batch]
        finally:
            await consumer.stop()
            await cluster.close()
        return found


@pytest.fixture
async def place(broker: KafkaBroker) -> Place:
    """Topics of this test's own."""
    place = Place(broker.bootstrap)
    await place.make()
    return place


async def plant(writer: PartitionWriter, topic: str, keys: list[bytes]) -> None:
    """Appends a transactional batch to a partition that the coordinator knows nothing of."""
    await writer.log.start()  # when this returns the markers of the transaction before are written
    await writer.log.append({topic: [(key, b"x", ()) for key in keys]})


async def commit(place: Place, writer: PartitionWriter, number: int) -> None:
    """An ordinary transaction."""
    rows: dict[bytes, bytes | None] = {b"row": b"x", APPLIED: number.to_bytes(8)}
    await writer.commit(Effects(rows, [Output(place.events, b"event", b"x")]), number)


async def test_the_position_is_the_last_row(place: Place) -> None:
    """By it is told whether a transaction is whole; one of which that could not be told is never begun."""
    async with place.writer() as writer:
        with pytest.raises(ValueError, match="row"):
            await writer.commit(Effects({APPLIED: b"1", b"row": b"x"}), 1)
        await commit(place, writer, 1)
    assert await place.committed(place.changelog) == [b"row", APPLIED]


async def test_the_changelog_is_written_last(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever dies in between has left no position's row, by which the transaction would be taken for whole."""
    async with place.writer() as writer:
        append, written = writer.log.append, list[list[str]]()

        async def appends(entries: dict[str, list[Entry]]) -> dict[str, int]:
            written.append([*entries])
            return await append(entries)

        monkeypatch.setattr(writer.log, "append", appends)
        await commit(place, writer, 1)
    assert written == [[place.events], [place.changelog]]


@pytest.mark.parametrize("parts", ["both", "changelog"])
async def test_a_whole_transaction_is_committed(place: Place, parts: str) -> None:
    """Its rows and events are delivered, in their place, and the next transactions come behind."""
    async with place.writer() as writer:
        await commit(place, writer, 1)
        if parts == "both":
            await plant(writer, place.events, [b"e1", b"e2"])
        await plant(writer, place.changelog, [b"r", APPLIED])
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.changelog) == [b"row", APPLIED, b"r", APPLIED, b"row", APPLIED]
    assert await place.committed(place.events) == [b"event", *([b"e1", b"e2"] if parts == "both" else []), b"event"]


@pytest.mark.parametrize("parts", ["both", "events"])
async def test_a_torn_transaction_is_aborted(place: Place, parts: str) -> None:
    """Without the position's row it was never committed: nothing of it is ever delivered."""
    async with place.writer() as writer:
        if parts == "both":
            await commit(place, writer, 1)
            await plant(writer, place.changelog, [b"r"])
        else:
            await writer.log.add([place.changelog])
            await writer.log.append({place.changelog: [(b"aborted", b"x", ())]})
            await writer.log.end(commit=False)
        await plant(writer, place.events, [b"e1"])
    async with place.writer() as writer:
        await commit(place, writer, 2)
    before = [b"row", APPLIED] if parts == "both" else []
    assert await place.committed(place.changelog) == [*before, b"row", APPLIED]
    assert await place.committed(place.events) == [*([b"event"] if before else []), b"event"]


async def test_a_marker_in_the_changelog_decides(place: Place) -> None:
    """Where some parts were marked and others not, these end as those did."""
    async with place.writer() as writer:
        await plant(writer, place.events, [b"e1"])
        await writer.commit(Effects({APPLIED: b"1"}), 1)  # marks the changelog only
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.events) == [b"e1", b"event"]


async def test_a_marker_beside_the_changelog_decides(place: Place) -> None:
    """All of it was there, but it was aborted, and only the changelog's marker was forgotten: no half of it comes."""
    async with place.writer() as writer:
        await writer.log.add([place.events])
        await writer.log.append({place.events: [(b"e1", b"x", ())]})
        outputs = (OUTPUTS, place.events.encode())
        await writer.log.append({place.changelog: [(b"r", b"x", ()), (APPLIED, b"x", (outputs,))]})
        await writer.log.end(commit=False)  # marks the events only
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.changelog) == [b"row", APPLIED]
    assert await place.committed(place.events) == [b"event"]


async def test_what_a_broker_forgot_is_ended_by_the_writer_that_lives_on(place: Place, broker: KafkaBroker) -> None:
    """A lost connection is reason enough: the last transaction must not share the fate of the next one."""
    async with place.writer() as writer:
        await commit(place, writer, 1)
        await plant(writer, place.events, [b"e1"])
        await plant(writer, place.changelog, [b"r", APPLIED])
        writer.log.cluster.settle(writer.log.id)
        await asyncio.to_thread(broker.restart)
        await until(lambda: not writer.log.cluster.steady(writer.log.id))
        await writer._begin([place.changelog, place.events])
        await writer.log.append({place.events: [(b"torn", b"x", ())]})  # and then it dies
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.events) == [b"event", b"e1", b"event"]
    assert await place.committed(place.changelog) == [b"row", APPLIED, b"r", APPLIED, b"row", APPLIED]


async def test_what_is_forgotten_again_is_ended_before_anything_follows(
    place: Place, broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that is just back may forget the markers of the empty transaction, too."""
    async with place.writer() as writer:
        await commit(place, writer, 1)
        await plant(writer, place.events, [b"e1"])
        await plant(writer, place.changelog, [b"r", APPLIED])
        writer.log.cluster.settle(writer.log.id)
        await asyncio.to_thread(broker.restart)
        await until(lambda: not writer.log.cluster.steady(writer.log.id))
        add, forgets = writer.log.add, iter([True])

        async def forgetful(topics: Sequence[str]) -> None:
            await add([place.events] if next(forgets, False) else topics)

        monkeypatch.setattr(writer.log, "add", forgetful)
        await writer._begin([place.changelog])
        await writer.log.append({place.events: [(b"torn", b"x", ())]})  # and then it dies
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.events) == [b"event", b"e1", b"event"]
    assert await place.committed(place.changelog) == [b"row", APPLIED, b"r", APPLIED, b"row", APPLIED]


async def test_without_a_sign_nothing_is_done(place: Place) -> None:
    """Loudly: to guess could lose what was acknowledged."""
    async with place.writer() as writer:
        await plant(writer, place.events, [b"e1"])
    with pytest.raises(Undecidable, match=r"changelog\[0\] does not end with a marker"):
        async with place.writer():
            pass


async def test_others_are_let_be(place: Place) -> None:
    """What another producer has open is not ours to end, nor to wait for."""
    other = AIOKafkaProducer(bootstrap_servers=place.servers, transactional_id=f"{place.group}-other")
    await other.start()
    try:
        await other.begin_transaction()
        await other.send_and_wait(place.events, b"x", b"theirs", partition=0)
        async with asyncio.timeout(10), place.writer() as writer:
            await commit(place, writer, 1)
        await other.abort_transaction()
    finally:
        await other.stop()
    assert await place.committed(place.events) == [b"event"]
