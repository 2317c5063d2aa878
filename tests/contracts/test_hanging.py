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
from streams.transport.kafka import hanging
from streams.transport.kafka.cluster import COMMITTED, UNCOMMITTED, Cluster
from streams.transport.kafka.describing import Described
from streams.transport.kafka.hanging import ONGOING, OUTPUTS, MarkersForgotten, Undecidable
from streams.transport.kafka.transaction import PartitionWriter
from streams.transport.kafka.transactional import MENDING_TIMEOUT_MS, TRANSACTION_TIMEOUT_MS, Entry, Transactional
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
        self.beside = [f"{name}-beside" for name in (self.changelog, self.events)]
        self.stored: list[int] = []
        self.forgotten: list[MarkersForgotten] = []

    async def make(self) -> None:
        """Makes the topics."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        await admin.create_topics([NewTopic(name, 1, 1) for name in (self.changelog, self.events, *self.beside)])
        await admin.close()

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[PartitionWriter]:
        """The one writer, started anew."""
        cluster = Cluster([self.servers])
        await cluster.start()
        writer = PartitionWriter(
            self.group, TP("source", 0), [self.events], cluster, lambda rows, offset: self.stored.append(offset),
            self.forgotten.append,
        )  # fmt: skip
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


def forgets(monkeypatch: pytest.MonkeyPatch, writer: PartitionWriter, names: Sequence[str]) -> None:
    """Transactions of this writer are not ended in these topics, as if brokers had forgotten their markers."""
    add = writer.log.add

    async def forgetful(topics: Sequence[str]) -> None:
        await add([topic for topic in topics if topic not in names] or [f"{names[0]}-beside"])

    monkeypatch.setattr(writer.log, "add", forgetful)


@pytest.mark.parametrize("parts", ["both", "changelog", "events"])
async def test_nothing_comes_behind_what_brokers_forgot(
    place: Place, monkeypatch: pytest.MonkeyPatch, parts: str
) -> None:
    """It would share its fate. The partition is given up; who takes it over ends what is open, and goes on."""
    names = {"both": [place.changelog, place.events], "changelog": [place.changelog], "events": [place.events]}[parts]
    async with place.writer() as writer:
        await commit(place, writer, 1)
        with monkeypatch.context() as patch:
            forgets(patch, writer, names)
            await commit(place, writer, 2)
        with pytest.raises(MarkersForgotten, match=names[-1]):
            await commit(place, writer, 3)
    async with place.writer() as writer:
        await commit(place, writer, 3)
        await commit(place, writer, 4)
    assert await place.committed(place.changelog) == [b"row", APPLIED] * 4
    assert await place.committed(place.events) == [b"event"] * 4


@pytest.mark.parametrize("dies", ["before", "behind"])
@pytest.mark.parametrize("parts", ["both", "events"])
async def test_what_one_began_to_mend_the_next_one_finishes(
    place: Place, monkeypatch: pytest.MonkeyPatch, parts: str, dies: str
) -> None:
    """Who dies before the end of the empty transaction, or right behind it, takes nothing along."""
    names = [place.changelog, place.events] if parts == "both" else [place.events]
    async with place.writer() as writer:
        with monkeypatch.context() as patch:
            forgets(patch, writer, names)
            await commit(place, writer, 1)
    end = Transactional.end

    async def die(writer: Transactional, commit: bool) -> None:
        if dies == "behind":
            await end(writer, commit)
        raise ConnectionError("it dies here")

    with monkeypatch.context() as patch:
        patch.setattr(Transactional, "end", die)
        with pytest.raises(ConnectionError):
            async with place.writer():
                pass
    async with place.writer() as writer:
        described = await writer.log.describe()
        assert described is not None
        assert described.timeout_ms == TRANSACTION_TIMEOUT_MS
        await commit(place, writer, 2)
    assert await place.committed(place.changelog) == [b"row", APPLIED] * 2
    assert await place.committed(place.events) == [b"event"] * 2


async def test_what_is_being_mended_is_not_aborted_for_its_age(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The coordinator gives it longer than any other transaction; by that it is known, too."""
    async with place.writer() as writer:
        with monkeypatch.context() as patch:
            forgets(patch, writer, [place.events])
            await commit(place, writer, 1)
    seen, end = list[Described | None](), Transactional.end

    async def look(writer: Transactional, commit: bool) -> None:
        seen.append(await writer.describe())
        await end(writer, commit)

    monkeypatch.setattr(Transactional, "end", look)
    async with place.writer() as writer:
        await commit(place, writer, 2)
    *mending, ordinary = [(one.state, one.timeout_ms) for one in seen if one]
    assert set(mending) == {(ONGOING, MENDING_TIMEOUT_MS)}  # at times two: until the markers of the first are there
    assert ordinary == (ONGOING, TRANSACTION_TIMEOUT_MS)


async def test_what_is_forgotten_again_is_ended_before_anything_follows(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that is just back may forget the markers of the empty transaction, too."""
    async with place.writer() as writer:
        with monkeypatch.context() as patch:
            forgets(patch, writer, [place.changelog, place.events])
            await commit(place, writer, 1)
    add, forgetful = Transactional.add, iter([True])

    async def forgets_one(writer: Transactional, topics: Sequence[str]) -> None:
        await add(writer, [place.events] if next(forgetful, False) else topics)

    monkeypatch.setattr(Transactional, "add", forgets_one)
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.events) == [b"event"] * 2
    assert await place.committed(place.changelog) == [b"row", APPLIED] * 2


async def test_markers_that_are_on_their_way_are_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as the coordinator has them to write: a partition may be without a leader."""
    async with place.writer() as writer:
        await commit(place, writer, 1)
        stable, describe, asked = writer.log.cluster.stable, writer.log.describe, list[Described]()

        async def late(line: str, places: Sequence[TopicPartition]) -> list[int]:
            return await stable(line, places) if len(asked) > 3 else [0] * len(places)

        async def writing() -> Described:
            described = await describe()
            assert described is not None
            asked.append(described)
            return described._replace(state="PrepareCommit")

        monkeypatch.setattr(hanging, "FORGOTTEN_SECONDS", 0)
        monkeypatch.setattr(writer.log.cluster, "stable", late)
        monkeypatch.setattr(writer.log, "describe", writing)
        await commit(place, writer, 2)
    assert len(asked) > 3
    assert await place.committed(place.events) == [b"event"] * 2


async def test_what_is_forgotten_is_noticed_though_nothing_follows(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what was committed last would reach nobody until there is something else."""
    async with place.writer() as writer:
        await commit(place, writer, 1)
        with monkeypatch.context() as patch:
            forgets(patch, writer, [place.events])
            await commit(place, writer, 2)
        await until(lambda: place.forgotten)
        assert writer._looking is not None
        await until(writer._looking.done)
    assert place.events in str(place.forgotten)
    async with place.writer():
        pass
    assert await place.committed(place.events) == [b"event"] * 2


async def test_of_an_id_that_nobody_has_used_nothing_is_known(place: Place) -> None:
    """The coordinator says so, and that is no error."""
    cluster = Cluster([place.servers])
    await cluster.start()
    try:
        assert await Transactional(cluster, workspace_name("unused"), 0).describe() is None
    finally:
        await cluster.close()


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
