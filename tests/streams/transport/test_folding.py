"""The consumer loop that both transports share, over a transport and an agent of the tests' own."""

import asyncio
import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.fold import Record
from streams.transport.folding import FoldingConsumer
from tasksys.ownership import Ownership

FIRST, SECOND = TP("source", 0), TP("source", 1)


class Agent:
    """Folds what it owns."""

    spec = SimpleNamespace(name="agent", source=SimpleNamespace(name="source"), linger=None)
    measures: Any = None
    opened: Any = None

    def __init__(self) -> None:
        self.mine = {0, 1}
        self.folded: list[int] = []
        self.applied = 0

    def runner(self, partition: int) -> Any:
        """Of an owned partition."""
        assert partition in self.mine, "a partition that was given away is folded"
        return SimpleNamespace(position=self.applied)

    def owned(self) -> list[int]:
        """None whose position is known."""
        return []

    def position(self, partition: int) -> int:
        """Nothing is applied yet."""
        return self.applied

    async def fold(self, partition: int, records: Sequence[Record]) -> None:
        """As the consumer expects."""
        self.runner(partition)
        await asyncio.sleep(0)
        self.runner(partition)
        self.folded.append(partition)

    async def open(self, partitions: set[int]) -> None:
        """Tells the test."""
        await self.opened(partitions)

    async def close(self, partitions: set[int]) -> None:
        """No batch may be in hand."""
        self.mine -= partitions


class Faust:
    """What a consumer of Faust's does."""

    def __init__(self) -> None:
        self.app: Any = SimpleNamespace(
            should_stop=False,
            crashed=False,
            tables=SimpleNamespace(actives_ready=True, standbys_ready=True, assigning=False),
        )
        self.flow_active, self.should_stop = True, False
        self._read_offset: dict[TP, int] = {}
        self._committed_offset: dict[TP, int] = {}
        self.fetched: dict[TP, list[Record]] = {}
        self.paused = set[TP]()
        self.positions: dict[TP, int] = {}
        self.log = logging.getLogger("tests")
        self.seeking, self.sought = asyncio.Event(), asyncio.Event()

    def stop_flow(self) -> None:
        """Nothing more is to be handed on."""
        self.flow_active = False

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Others may have them now."""

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Begins to recover."""

    async def seek_wait(self, positions: dict[TP, int]) -> None:
        """Takes until the test says so."""
        self.positions.update(positions)
        self.seeking.set()
        await self.sought.wait()

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109  (Faust's)
        return self.fetched, set(self.fetched)

    def _get_active_partitions(self) -> set[TP]:
        return set(self.fetched)

    async def perform_seek(self) -> None:
        """Goes to the group's positions."""

    def pause_partitions(self, partitions: set[TP]) -> None:
        """Nothing of them is fetched any more."""
        self.paused |= partitions


class Consumer(FoldingConsumer, Faust):
    """A consumer with one agent."""

    def __init__(self) -> None:
        super().__init__()
        self.agent = Agent()
        self.anew = set[TP]()
        self.recovered: list[dict[TP, Sequence[Any]]] = []

    def records(self, fetched: Sequence[Any]) -> list[Record]:
        """They are ours."""
        return list(fetched)

    async def made_anew(self, tp: TP, position: int) -> bool:
        """As the test says."""
        return tp in self.anew

    async def recover(self, records: dict[TP, Sequence[Any]]) -> None:
        """Tells the test."""
        self.recovered.append(records)

    def _agents(self) -> Any:
        return [self.agent]


@pytest.fixture
async def consumer() -> Consumer:
    """Two partitions, of which the first one's position is not sure."""
    consumer = Consumer()
    consumer.unsure = {FIRST}
    consumer.fetched = {tp: [Record(7, 0, b"k", b"x", ())] for tp in (FIRST, SECOND)}
    return consumer


async def test_what_is_handed_on_is_folded(consumer: Consumer) -> None:
    """But for what may lie behind records that were never seen: these are fetched first."""
    consumer.sought.set()
    for folded in ([1], [1, 0, 1]):
        await consumer._drain_once()
        await asyncio.sleep(0)  # its batch is in hand: what only waits is forgotten
        await consumer.wait_empty()
        assert consumer.agent.folded == folded


async def test_a_topic_that_begins_anew_is_not_folded(consumer: Consumer, caplog: pytest.LogCaptureFixture) -> None:
    """What it brings under offsets that were folded is something else; it is said, and the partition stands still."""
    consumer.unsure = set()
    consumer.agent.applied = 8
    consumer.anew = {FIRST}
    await consumer._drain_once()
    await asyncio.sleep(0)
    await consumer.wait_empty()
    assert consumer.agent.folded == [1]  # of this one some are read again, which the runner knows how to skip
    assert consumer.paused == consumer.stopped_partitions.keys() == {FIRST}
    assert "made again" in consumer.stopped_partitions[FIRST]
    assert "source[0] brings offset 7" in caplog.text


async def test_nothing_is_handed_on_while_partitions_are_given_away(consumer: Consumer) -> None:
    """Not even of what was fetched before: a batch that begins then goes on when others have the partition."""
    consumer.unsure = {FIRST, SECOND}
    draining = asyncio.create_task(consumer._drain_once())
    await consumer.seeking.wait()
    giving = asyncio.create_task(consumer.on_partitions_revoked({FIRST, SECOND}))
    await asyncio.sleep(0)
    consumer.sought.set()
    await asyncio.gather(draining, giving)
    assert consumer.agent.folded == []
    assert not consumer._lanes
    assert consumer.unsure >= {FIRST, SECOND}


async def test_nothing_is_folded_before_its_table_is_recovered(consumer: Consumer) -> None:
    """A fetch that comes too early is made again, from the same record: by an old table it would be decided anew."""
    consumer.unsure = {FIRST, SECOND}
    consumer.sought.set()
    consumer.app.tables.actives_ready = False
    await consumer._drain_once()
    await consumer.wait_empty()
    assert consumer.agent.folded == []
    assert consumer.unsure == {FIRST, SECOND}
    assert consumer.positions == {FIRST: 7, SECOND: 7}


async def test_what_comes_while_positions_are_sought_is_fetched_again(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its position is behind it by then: a partition that gets nothing more would stand still, with nobody knowing."""
    consumer.unsure, consumer._sought, consumer.agent.applied = set(), False, 7
    monkeypatch.setattr(consumer.agent, "owned", lambda: [0, 1])
    consumer.fetched.pop(SECOND)
    seeking = asyncio.create_task(consumer.perform_seek())
    await consumer.seeking.wait()
    assert consumer.positions == {FIRST: 7, SECOND: 7}
    consumer.positions.clear()
    await consumer._drain_once()  # answered from there already
    consumer.sought.set()
    await seeking
    assert consumer.positions == {FIRST: 7}
    assert consumer._sought


async def test_what_comes_while_partitions_are_opened_is_fetched_again(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fetch that was under way answers from the new assignment, and the first record of a partition is dropped.

    No table and no group knows where that partition is: it would stand still behind its only record.
    """
    monkeypatch.setattr(consumer.agent, "owned", lambda: [0, 1])
    consumer.sought.set()
    consumer.unsure, consumer._sought = {FIRST, SECOND}, False
    consumer.app.tables.assigning = True
    await consumer._drain_once()
    consumer.app.tables.assigning = False
    await consumer.perform_seek()
    assert consumer.positions == {FIRST: 0, SECOND: 0}


async def test_what_comes_after_positions_are_sought_and_before_all_flows_is_fetched_again(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recovery's last step lies in between."""
    monkeypatch.setattr(consumer.agent, "owned", lambda: [0, 1])
    consumer.sought.set()
    consumer.agent.applied = 7
    await consumer.perform_seek()
    consumer.positions.clear()
    consumer.flow_active = False
    await consumer._drain_once()
    assert consumer.positions == {}
    consumer.flow_active = True
    await consumer._drain_once()
    assert consumer.positions == {FIRST: 7, SECOND: 7}


async def test_what_is_fetched_before_positions_are_sought_is_dropped(consumer: Consumer) -> None:
    """It is from wherever the group has been: before what was folded, or behind what was not."""
    consumer.unsure, consumer._sought, consumer.agent.applied = set(), False, 8
    await consumer._drain_once()
    assert (consumer.agent.folded, consumer.stopped_partitions) == ([], {})
    assert consumer.unsure == {FIRST, SECOND}
    await consumer.perform_seek()
    consumer.agent.applied = 0
    consumer.sought.set()
    for _ in range(2):  # once more, for what may lie before it
        await consumer._drain_once()
    await asyncio.sleep(0)
    await consumer.wait_empty()
    assert sorted(consumer.agent.folded) == [0, 1]


async def test_nothing_of_a_changelog_is_applied_while_partitions_are_taken_over(consumer: Consumer) -> None:
    """A recovery that was overtaken lets it flow; but where the rows are is being forgotten, and looked up again."""
    rows = TP("changelog", 0)
    consumer.unsure, consumer.fetched = (
        {FIRST},
        {FIRST: [Record(7, 0, b"k", b"x", ())], rows: [Record(3, 0, b"k", b"x", ())]},
    )
    dispatching = asyncio.create_task(consumer._drain_once())
    await consumer.seeking.wait()
    consumer.app.tables.assigning = True  # in the middle of what was handed on
    consumer.unsure = {FIRST, rows}
    consumer.sought.set()
    await dispatching
    await consumer._drain_once()
    assert (consumer.recovered, consumer.agent.folded) == ([], [])
    assert consumer.unsure == {FIRST, rows}
    consumer.app.tables.assigning = False
    await consumer._drain_once()
    assert [found.keys() for found in consumer.recovered] == [{rows}]


async def test_an_assignment_begins_anew(consumer: Consumer) -> None:
    """What is fetched already is not sure, a recovery before does not count, and others are told what is theirs."""
    ended, told, seen = asyncio.Event(), list[set[int]](), list[Any]()
    ended.set()
    known = Ownership(3, {0: "http://here", 1: "http://there", 2: "http://there"})
    agent, app = consumer.agent, consumer.app
    agent.spec = SimpleNamespace(**vars(Agent.spec), elsewhere=told.append)
    agent.measures = SimpleNamespace(rebalanced=lambda: None)
    app.conf = SimpleNamespace(id="tasksys-agent", canonical_url="http://here")
    app.assignor = SimpleNamespace(ownership=lambda source, changelog, generation: known)
    app.tables.recovery = SimpleNamespace(signal_recovery_end=ended)

    async def opened(partitions: set[int]) -> None:
        seen.append((partitions, app.tables.assigning, ended.is_set(), consumer.unsure, consumer._sought))

    agent.opened = opened
    consumer.unsure = set()
    await consumer.on_partitions_assigned({FIRST, TP("changelog", 0)}, 3)
    assert seen == [({0}, True, False, {FIRST, TP("changelog", 0)}, False)]
    assert told == [{1, 2}]
    assert consumer.ownership is known
    assert not app.tables.assigning
    await consumer.on_partitions_assigned(set(), 4)
    assert told[-1] == {0, 1, 2}
    assert consumer.doubles == {0}, "another worker has this one's address"
    assert consumer.ownership == Ownership()
