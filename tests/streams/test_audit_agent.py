"""The fold of events into history, on rows in a dict."""

import pytest
from msgspec import structs

from streams import keys
from streams.agents import audit as agent
from streams.agents.audit import AuditFold, HistoryGap, decode
from streams.fold import Record
from tasksys import audit, codec
from tasksys.commands import AddComment, CreateTask, EditTask
from tasksys.events import EventRecord
from tests.support.domain import OWNER, World, founded
from tests.support.nodes import MemoryRows


@pytest.fixture
def world() -> World:
    """A workspace with a task that was changed."""
    return founded().given(
        CreateTask(task="milk", title="Milk"), EditTask(task="milk", title="Oat milk", labels=("food",)),
        AddComment(task="milk", comment="c", body="now"),
    )  # fmt: skip


def records(events: list[EventRecord], workspace: str = "acme", start: int = 0) -> list[Record]:
    """The events as they stand in the topic."""
    return [
        Record(start + number, 0, workspace.encode(), codec.encode_event(event), ())
        for number, event in enumerate(events)
    ]


def fold(rows: MemoryRows, folding: AuditFold, batch: list[Record]) -> None:
    """Folds and commits."""
    rows.apply(folding.fold(batch).rows)
    folding.committed()


def test_every_event_is_remembered_with_its_link(world: World) -> None:
    """Byte for byte, chained, and found by task and by command."""
    rows, told = MemoryRows(), list[dict[str, int]]()
    fold(rows, AuditFold(rows, told.append), records(world.log))
    link = audit.GENESIS
    for event in world.log:
        remembered = decode(rows.rows[keys.event("acme", event.position)])
        link = audit.link(link, codec.encode_event(event))
        assert (remembered.event, remembered.hash) == (codec.encode_event(event), link)
        bounds = rows.rows[keys.command_events("acme", OWNER, event.command)]
        assert int.from_bytes(bounds[:8]) <= event.position <= int.from_bytes(bounds[8:])
    of_milk = [keys.last_position(key) for key, _ in rows.scan(keys.task_events("acme", "milk"))]
    assert of_milk == [event.position for event in world.log if event.task == "milk"]
    assert told == [{"acme": len(world.log)}]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_batches_change_nothing(world: World, size: int) -> None:
    """Nor do events that were folded before, nor a new fold on the same rows."""
    whole, cut = MemoryRows(), MemoryRows()
    fold(whole, AuditFold(whole, lambda reached: None), records(world.log))
    log = records(world.log)
    for start in range(0, len(log), size):
        folding = AuditFold(cut, lambda reached: None)
        fold(cut, folding, log[max(0, start - 1) : start + size])
    assert cut.rows == whole.rows


def test_an_abortion_forgets_what_was_not_written(world: World) -> None:
    """The next fold begins from the rows again."""
    rows = MemoryRows()
    folding = AuditFold(rows, lambda reached: None)
    log = records(world.log)
    first = folding.fold(log)
    folding.aborted()
    assert folding.fold(log) == first


def test_a_gap_stops_the_partition(world: World) -> None:
    """History is gapless or it is not written."""
    rows = MemoryRows()
    folding = AuditFold(rows, lambda reached: None)
    fold(rows, folding, records(world.log[:3]))
    with pytest.raises(HistoryGap, match="position 5 comes after 3"):
        folding.fold(records(world.log[4:]))


def test_workspaces_have_chains_of_their_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interleaved in one batch, and with a cache of links that is always too small."""
    monkeypatch.setattr(agent, "CACHED_LINKS", 0)
    rows, alone = MemoryRows(), MemoryRows()
    fold(alone, AuditFold(alone, lambda reached: None), records(world.log))
    folding = AuditFold(rows, lambda reached: None)
    for left, right in zip(records(world.log), records(world.log, "other"), strict=True):
        fold(rows, folding, [left, right])
    hashes = [decode(row).hash for _, row in rows.scan(keys.rows("other", "e"))]
    assert hashes == [decode(row).hash for _, row in alone.scan(keys.rows("acme", "e"))]


def test_a_full_cache_of_links_does_not_tear_a_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links of events that are not committed yet are nowhere else: they stay until the batch has ended."""
    monkeypatch.setattr(agent, "CACHED_LINKS", 0)
    rows = MemoryRows()
    fold(rows, AuditFold(rows, lambda reached: None), [*records(world.log), *records(world.log, "other")])
    assert len(list(rows.scan(keys.rows("other", "e")))) == len(world.log)


def test_a_key_that_is_used_again_names_the_newer_command(world: World) -> None:
    """After its outcome was forgotten a key may come back: undoing it must not touch what others did in between."""
    first = world.log[0]
    again = structs.replace(world.log[-1], command=first.command, actor=first.actor)
    rows = MemoryRows()
    fold(rows, AuditFold(rows, lambda reached: None), records([*world.log[:-1], again]))
    bounds = rows.rows[keys.command_events("acme", first.actor, first.command)]
    assert (int.from_bytes(bounds[:8]), int.from_bytes(bounds[8:])) == (again.position, again.position)
