"""One fold on one partition: what was applied is skipped, what fails changes nothing."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from streams import runner as module
from streams.applied import APPLIED
from streams.fold import AgentSpec, Effects, Output, Record, Rows
from streams.runner import FoldFailed, PartitionRunner
from streams.topics import COMMANDS
from streams.transport.database import DatabaseCorrupt
from tests.support.nodes import MemoryRows


class Sum:
    """A fold that adds up the values, and remembers what it was told."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.told: list[str] = []

    def fold(self, records: Sequence[Record]) -> Effects:
        """Raises for a value that is no number."""
        total = int(self.rows.get(b"sum") or b"0") + sum(int(one.value or b"") for one in records)
        self.told.append(f"fold {[one.offset for one in records]}")
        return Effects({b"sum": str(total).encode()}, [Output("out", b"k", str(total).encode())])

    def committed(self) -> None:
        """Remembered."""
        self.told.append("committed")

    def aborted(self) -> None:
        """Remembered."""
        self.told.append("aborted")


class Partition:
    """A runner, its rows, and a commit that fails when the test says so."""

    def __init__(self, rows: MemoryRows | None = None) -> None:
        self.rows = rows or MemoryRows()
        self.folds: list[Sum] = []
        self.fails: BaseException | None = None
        self.positions: list[int] = []
        self.runner = PartitionRunner(AgentSpec("sum", COMMANDS, self.open), 7, self.rows, self.commit)

    def open(self, partition: int, rows: Rows) -> Sum:
        """The fold of the partition."""
        self.folds.append(Sum(rows))
        return self.folds[-1]

    async def commit(self, effects: Effects, position: int) -> None:
        """All or nothing."""
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails
        assert list(effects.rows)[-1] == APPLIED
        self.rows.apply(effects.rows)
        self.positions.append(position)

    @property
    def told(self) -> list[str]:
        return self.folds[0].told


def records(start: int, end: int) -> list[Record]:
    """Records whose value is their offset."""
    return [Record(offset, 0, b"k", str(offset).encode(), ()) for offset in range(start, end)]


class Even(Sum):
    """A fold to which odd values are nothing."""

    def fold(self, records: Sequence[Record]) -> Effects:
        """No effects of a batch without even values."""
        effects = super().fold(records)
        return effects if any(int(one.value or b"") % 2 == 0 for one in records) else Effects()


async def test_records_without_effects_are_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """They cost no commit, until there are many; after a restart they are folded again, and still do nothing."""
    monkeypatch.setattr(module, "UNCOMMITTED", 10)
    partition = Partition()
    spec = AgentSpec("even", COMMANDS, lambda _, rows: Even(rows))
    runner = PartitionRunner(spec, 7, partition.rows, partition.commit)
    for offset in (1, 3, 4, 5, 7):
        await runner.run(records(offset, offset + 1))
    assert (runner.position, partition.positions) == (8, [2, 5])
    again = PartitionRunner(spec, 7, partition.rows, partition.commit)
    assert again.position == 5
    for offset in (5, 7, 13, 15):
        await again.run(records(offset, offset + 1))
    assert (again.position, partition.positions) == (16, [2, 5, 16])
    assert partition.rows.rows[b"sum"] == b"4"


async def test_records_are_applied_once() -> None:
    """Those that come again are skipped; the position is a row of the table."""
    partition = Partition()
    await partition.runner.run(records(0, 5))
    await partition.runner.run(records(2, 7))
    await partition.runner.run(records(0, 3))
    assert partition.rows.rows[b"sum"] == b"21"
    assert partition.told == ["fold [0, 1, 2, 3, 4]", "committed", "fold [5, 6]", "committed"]
    assert partition.rows.rows[APPLIED] == (7).to_bytes(8)
    assert partition.runner.position == 7


async def test_what_comes_twice_in_a_fetch_is_applied_once() -> None:
    """A source that was sought back, with records of it still waiting."""
    partition = Partition()
    await partition.runner.run([*records(0, 5), *records(2, 7), *records(6, 8)])
    assert partition.rows.rows[b"sum"] == b"28"
    assert partition.told == ["fold [0, 1, 2, 3, 4, 5, 6, 7]", "committed"]


async def test_a_new_runner_goes_on_where_the_rows_are() -> None:
    """After a restart, or another worker's turn."""
    first = Partition()
    await first.runner.run(records(0, 5))
    second = Partition(first.rows)
    await second.runner.run(records(0, 7))
    assert second.told == ["fold [5, 6]", "committed"]
    assert second.rows.rows[b"sum"] == b"21"


async def test_offsets_may_have_gaps() -> None:
    """Markers and aborted records leave them."""
    partition = Partition()
    await partition.runner.run([*records(3, 5), *records(9, 10)])
    assert partition.positions == [10]


async def test_a_large_fetch_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the event loop gets its turns; each piece is a commit of its own."""
    monkeypatch.setattr(module, "BATCH", 4)
    partition = Partition()
    await partition.runner.run(records(0, 10))
    assert partition.positions == [4, 8, 10]


async def test_a_fold_that_raises_is_named_and_changes_nothing() -> None:
    """The error says where; the same records fold once it is mended."""
    partition = Partition()
    bad = [*records(0, 2), Record(2, 0, b"k", b"x", ())]
    with pytest.raises(FoldFailed, match=r"sum cannot fold tasksys\.commands\[7\] between offsets 0 and 2: ValueError"):
        await partition.runner.run(bad)
    assert partition.told == ["aborted"]
    assert not partition.rows.rows
    await partition.runner.run(records(0, 3))
    assert partition.rows.rows[b"sum"] == b"3"


async def test_rows_that_cannot_be_read_are_no_fault_of_the_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """The partition does not stop for good: the agent is started again, with tables that were put right."""
    partition = Partition()

    def unreadable(records: Sequence[Record]) -> Effects:
        raise DatabaseCorrupt("a block is garbled")

    monkeypatch.setattr(partition.runner._fold, "fold", unreadable)
    with pytest.raises(DatabaseCorrupt):
        await partition.runner.run(records(0, 2))
    assert partition.told == ["aborted"]


@pytest.mark.parametrize("error", [OSError("no"), asyncio.CancelledError()])
async def test_a_commit_that_fails_is_aborted(error: BaseException) -> None:
    """Nobody is told of it, and the position stays."""
    partition = Partition()
    partition.fails = error
    with pytest.raises(type(error)):
        await partition.runner.run(records(0, 3))
    assert partition.told == ["fold [0, 1, 2]", "aborted"]
    assert partition.runner.position == 0
    partition.fails = None
    await partition.runner.run(records(0, 3))
    assert partition.rows.rows[b"sum"] == b"3"


async def test_a_fault_in_telling_does_not_undo_a_batch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is durable: the fault is logged, and the next batch comes after it."""
    partition = Partition()
    monkeypatch.setattr(Sum, "committed", lambda self: 1 / 0)
    with caplog.at_level(logging.ERROR):
        await partition.runner.run(records(0, 3))
    assert "not everybody was told" in caplog.text
    monkeypatch.undo()
    await partition.runner.run(records(0, 4))
    assert partition.rows.rows[b"sum"] == b"6"


async def test_a_repair_puts_rows_right_beside_the_fold() -> None:
    """What the fold has cached is forgotten, and the position stays."""
    partition = Partition()
    await partition.runner.run(records(0, 3))
    await partition.runner.repair({b"sum": b"100", b"extra": None})
    assert partition.told[-1] == "aborted"
    assert partition.positions[-1] == 3
    await partition.runner.run(records(0, 4))
    assert partition.rows.rows[b"sum"] == b"103"


async def test_a_fold_that_takes_a_part() -> None:
    """The rest is folded next, and each part is durable by itself."""
    partition = Partition()
    fold, whole = partition.folds[0], partition.folds[0].fold

    def halved(records: Sequence[Record]) -> Effects:
        effects = whole(records[:2])
        effects.folded = len(records[:2])
        return effects

    fold.fold = halved  # type: ignore[method-assign]
    await partition.runner.run([Record(offset, 0, b"k", b"1", ()) for offset in range(5)])
    assert partition.positions == [2, 4, 5]
    assert partition.rows.get(b"sum") == b"5"
