"""Transactions whose markers the brokers never wrote: what was committed comes to light, what was not never does.

The state is planted: batches go to partitions that their transaction does not name, so that its end leaves them open.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import InvalidProducerEpoch
from faust.types import TP

from streams.applied import APPLIED
from streams.fold import Effects, Output
from streams.transport.kafka import markers, transaction
from streams.transport.kafka.cluster import COMMITTED, UNCOMMITTED, Cluster
from streams.transport.kafka.hanging import Undecidable, Written, outputs_header, was_committed
from streams.transport.kafka.markers import MarkersForgotten, ended
from streams.transport.kafka.transaction import PartitionWriter
from streams.transport.kafka.transactional import Entry, Transactional
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import workspace_name
from tests.support.waiting import until

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
        self.stored: list[Written] = []
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
            self.group, TP("source", 0), [self.events], cluster, lambda rows, written: self.stored.append(written),
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


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("parts", ["both", "events", "events, aborted in the changelog"])
async def test_a_torn_transaction_is_aborted(place: Place, parts: str, before: bool) -> None:
    """Without the position's row it was never committed, whatever ends the changelog: nothing of it is delivered."""
    async with place.writer() as writer:
        if before:
            await commit(place, writer, 1)
        if parts == "both":
            await plant(writer, place.changelog, [b"r"])
        elif parts != "events":
            await writer.log.add([place.changelog])
            await writer.log.append({place.changelog: [(b"aborted", b"x", ())]})
            await writer.log.end(commit=False)
        await plant(writer, place.events, [b"e1"])
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.changelog) == [b"row", APPLIED] * (1 + before)
    assert await place.committed(place.events) == [b"event"] * (1 + before)


@pytest.mark.parametrize("committed", [True, False])
async def test_a_marker_in_the_changelog_decides(place: Place, committed: bool) -> None:
    """Where some parts were marked and others not, these end as those did."""
    async with place.writer() as writer:
        await writer.log.add([place.changelog])
        last = await writer.log.append({place.events: [(b"e1", b"x", ())]})
        rows: list[Entry] = [(b"r", b"x", ())] * 1500
        await writer.log.append({place.changelog: [*rows, (APPLIED, b"x", (outputs_header(last),)), *rows]})
        await writer.log.end(commit=committed)  # marks the changelog only
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.events) == [*([b"e1"] if committed else []), b"event"]


async def test_a_marker_beside_the_changelog_decides(place: Place) -> None:
    """All of it was there, but it was aborted, and only the changelog's marker was forgotten: no half of it comes."""
    async with place.writer() as writer:
        await writer.log.add([place.events])
        last = await writer.log.append({place.events: [(b"e1", b"x", ())]})
        await writer.log.append({place.changelog: [(b"r", b"x", ()), (APPLIED, b"x", (outputs_header(last),))]})
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


async def left_hanging(place: Place, names: Sequence[str]) -> None:
    """The first transaction, which was committed, and is not ended in these topics."""
    async with place.writer() as writer:
        with pytest.MonkeyPatch.context() as patch:
            forgets(patch, writer, names)
            await commit(place, writer, 1)


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


@pytest.mark.parametrize("marked", [0, 1])
async def test_what_one_began_to_end_the_next_one_ends(
    place: Place, monkeypatch: pytest.MonkeyPatch, marked: int
) -> None:
    """Who dies before the first marker, or between two, takes nothing along."""
    await left_hanging(place, [place.changelog, place.events])
    mark, left = Cluster.mark, iter(range(marked))

    async def dies(*what: Any) -> None:
        if next(left, None) is None:
            raise ConnectionError("it dies here")
        await mark(*what)

    with monkeypatch.context() as patch:
        patch.setattr(Cluster, "mark", dies)
        with pytest.raises(ConnectionError):
            async with place.writer():
                pass
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.changelog) == [b"row", APPLIED] * 2
    assert await place.committed(place.events) == [b"event"] * 2


async def test_two_may_take_over_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of them ends what hangs, and at whatever moment the other one fences it."""
    await left_hanging(place, [place.events])
    mark, fenced = Cluster.mark, iter([True])

    async def overtaken(*what: Any) -> None:
        if next(fenced, False):
            async with place.writer() as other:
                await commit(place, other, 2)
        await mark(*what)

    monkeypatch.setattr(Cluster, "mark", overtaken)
    with pytest.raises(InvalidProducerEpoch):
        async with place.writer():
            pass
    async with place.writer() as writer:
        await commit(place, writer, 3)
    assert await place.committed(place.changelog) == [b"row", APPLIED] * 3
    assert await place.committed(place.events) == [b"event"] * 3


@pytest.mark.parametrize("whole", [True, False])
async def test_what_an_earlier_producer_left_is_ended_too(place: Place, whole: bool) -> None:
    """An id that nobody has used for a week gets another producer; nobody else writes to these topics."""
    async with place.writer() as writer:
        await commit(place, writer, 1)
        earlier = Transactional(writer.log.cluster, f"{place.group}-earlier", 0)
        await earlier.start()
        last = await earlier.append({place.events: [(b"e1", b"x", ())]})
        key = APPLIED if whole else b"torn"
        await earlier.append({place.changelog: [(b"r", b"x", ()), (key, b"x", (outputs_header(last),))]})
    for number in (2, 3):
        async with place.writer() as writer:
            await commit(place, writer, number)
    found = [b"r", APPLIED] if whole else []
    assert await place.committed(place.changelog) == [b"row", APPLIED, *found, *[b"row", APPLIED] * 2]
    assert await place.committed(place.events) == [b"event", *([b"e1"] if whole else []), *[b"event"] * 2]


@pytest.mark.parametrize("parts", ["changelog", "events"])
async def test_others_write_behind_what_hangs(place: Place, monkeypatch: pytest.MonkeyPatch, parts: str) -> None:
    """To a topic that is shared: the marker of our part is looked for where it must be, not at the end."""
    monkeypatch.setattr(transaction, "SHARED", (place.events,))
    await left_hanging(place, [place.changelog if parts == "changelog" else place.events])
    other = AIOKafkaProducer(bootstrap_servers=place.servers)
    await other.start()
    await other.send_and_wait(place.events, b"x", b"theirs", partition=0)
    await other.stop()
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.changelog) == [b"row", APPLIED] * 2
    assert await place.committed(place.events) == [b"event", b"theirs", b"event"]


async def test_what_lost_its_end_is_not_whole(place: Place) -> None:
    """A changelog's part whose events are not there is aborted, and folded again."""
    async with place.writer() as writer:
        await commit(place, writer, 1)
        lost = outputs_header({place.events: 1000})
        await plant(writer, place.changelog, [b"r"])
        await writer.log.append({place.changelog: [(APPLIED, b"x", (lost,))]})
    async with place.writer() as writer:
        await commit(place, writer, 2)
    assert await place.committed(place.changelog) == [b"row", APPLIED] * 2


async def test_markers_that_are_on_their_way_are_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as the coordinator has them to write: a partition may be without a leader."""
    async with place.writer() as writer:
        await commit(place, writer, 1)
        stable, asked = writer.log.cluster.stable, list[str]()

        async def late(line: str, places: Sequence[TopicPartition]) -> list[int]:
            return await stable(line, places) if len(asked) > 3 else [0] * len(places)

        async def writing() -> str:
            asked.append("PrepareCommit")
            return asked[-1]

        monkeypatch.setattr(markers, "FORGOTTEN_SECONDS", 0)
        monkeypatch.setattr(writer.log.cluster, "stable", late)
        monkeypatch.setattr(writer.log, "state", writing)
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
    assert place.events in str(place.forgotten)
    async with place.writer():
        pass
    assert await place.committed(place.events) == [b"event"] * 2


@pytest.mark.parametrize("fate", ["committed", "ended by the next writer", "aborted", "another's"])
async def test_rows_are_of_a_transaction_that_is_known(
    place: Place, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    """By who wrote it, and where: what became of that is read in the changelog, also when more came behind it."""
    async with place.writer() as writer:
        with monkeypatch.context() as patch:
            if fate == "ended by the next writer":
                forgets(patch, writer, [place.changelog, place.events])
            elif fate == "aborted":
                end = writer.log.end
                patch.setattr(writer.log, "end", lambda commit: end(False))
            await commit(place, writer, 1)
    async with place.writer() as writer:
        await commit(place, writer, 2)
        await ended(writer.log, writer._last)
        cluster, changelog = writer.log.cluster, writer.log.place(place.changelog)
        first, end_ = await cluster.bounds("", changelog)
        written = place.stored[0]
        if fate == "another's":
            written = written._replace(epoch=written.epoch + 1)
        stands = await was_committed(cluster, "", changelog, written, first, end_)
        assert stands is (fate in ("committed", "ended by the next writer"))


async def test_the_state_of_an_id(place: Place) -> None:
    """As its coordinator has it; where it does not know it, that is no error."""
    cluster = Cluster([place.servers])
    await cluster.start()
    try:
        writer = Transactional(cluster, workspace_name("unused"), 0)
        states = [await writer.state()]
        await writer.start()
        states.append(await writer.state())
        await writer.add([place.events])
        states.append(await writer.state())
        assert states == ["Dead", "Empty", "Ongoing"]
    finally:
        await cluster.close()


async def test_without_a_sign_nothing_is_done(place: Place) -> None:
    """Loudly: to guess could lose what was acknowledged."""
    async with place.writer() as writer:
        await writer.log.add(place.beside)
        last = await writer.log.append({place.beside[1]: [(b"e1", b"x", ())]})
        await writer.log.append({place.changelog: [(APPLIED, b"x", (outputs_header({place.events: 0}),))]})
        assert last == {place.beside[1]: 0}
    other = AIOKafkaProducer(bootstrap_servers=place.servers)
    await other.start()
    await other.send_and_wait(place.events, b"x", b"no marker", partition=0)
    await other.stop()
    with pytest.raises(Undecidable, match=r"events\[0\] has no marker behind offset 0"):
        async with place.writer():
            pass


async def test_others_are_let_be(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another producer has open in a shared topic is not ours to end, nor to wait for, nor a fault."""
    monkeypatch.setattr(transaction, "SHARED", (place.events,))
    other = AIOKafkaProducer(bootstrap_servers=place.servers, transactional_id=f"{place.group}-other")
    await other.start()
    try:
        await other.begin_transaction()
        await other.send_and_wait(place.events, b"x", b"theirs", partition=0)
        async with asyncio.timeout(20), place.writer() as writer:
            for number in (1, 2):
                await commit(place, writer, number)
        async with asyncio.timeout(10), place.writer() as writer:
            await commit(place, writer, 3)
        await other.abort_transaction()
    finally:
        await other.stop()
    assert await place.committed(place.events) == [b"event"] * 3
    assert not place.forgotten
