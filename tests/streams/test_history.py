"""Reads of the past cost what they show: on rows that count how many of them are read."""

from itertools import islice

import pytest

from streams import history, keys
from streams.agents.audit import AuditFold
from streams.fold import Record
from streams.history import HistoryReader
from tasksys import codec
from tasksys.audit import Wanted
from tasksys.commands import AddComment, CreateTask, SetMember
from tasksys.values import Role
from tests.support.domain import OWNER, World, founded
from tests.support.nodes import CountedRows, MemoryRows

COMMENTS = 100


@pytest.fixture
def world() -> World:
    """A task with many comments, by two users."""
    world = founded().given(CreateTask(task="milk", title="Milk"), SetMember(user="ann", role=Role.EDITOR))
    for number in range(COMMENTS):
        actor = "ann" if number == 5 else OWNER
        world.given(AddComment(task="milk", comment=f"c{number}", body="Now."), actor=actor)
    return world


@pytest.fixture
def rows(world: World) -> CountedRows:
    """Its history."""
    rows = CountedRows()
    fold = AuditFold(rows, lambda reached: None)
    log = [Record(at, 0, b"acme", codec.encode_event(event), ()) for at, event in enumerate(world.log)]
    rows.apply(fold.fold(log).rows)
    rows.read = 0
    return rows


def reader(rows: MemoryRows) -> HistoryReader:
    """Reads them."""
    return HistoryReader(lambda workspace: rows)


async def test_a_page_of_a_tasks_entries_reads_the_page(world: World, rows: CountedRows) -> None:
    """The newest of a task are found without the older ones."""
    entries, on = await reader(rows).entries("acme", Wanted(task="milk"), 3)
    last = world.log[-1].position
    assert [one.position for one in entries] == [last, last - 1, last - 2]
    assert on == last - 2
    assert rows.read <= 3 * 3  # its place, itself, and the link before it


async def test_pages_of_a_tasks_entries_meet(world: World, rows: CountedRows) -> None:
    """The next page goes on where the last one ended, until the first event."""
    seen, before = list[int](), None
    while True:
        entries, before = await reader(rows).entries("acme", Wanted(task="milk", before=before), 7)
        seen += [one.position for one in entries]
        if before is None:
            break
    assert seen == [event.position for event in reversed(world.log) if event.task == "milk"]


@pytest.mark.parametrize("version", [0, 1, 2, 50, COMMENTS, COMMENTS + 1, COMMENTS + 9])
def test_what_came_after_a_version_is_found_without_the_rest(world: World, rows: CountedRows, version: int) -> None:
    """Whatever the version, and however many events came before and after it."""
    expected = [event.position for event in world.log if event.task == "milk" and (event.version or 0) > version]
    found = reader(rows).of_task_since("acme", "milk", version)
    assert [position for position, _ in islice(found, 2)] == expected[:2]
    assert rows.read <= 3 * 10


async def test_entries_up_to_a_time_are_not_searched_for(world: World, rows: CountedRows) -> None:
    """What is newer than `until` is skipped at once, also where that is nearly everything."""
    then = world.log[3]
    entries, _ = await reader(rows).entries("acme", Wanted(until=then.at), 2)
    assert [one.position for one in entries] == [then.position, then.position - 1]
    assert rows.read <= 2 * 2 + 10
    assert await reader(rows).entries("acme", Wanted(until="2000-01-01T00:00:00.000Z"), 2) == ([], None)


async def test_a_page_is_bounded_by_its_bytes(rows: CountedRows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large events make a shorter page, with a cursor."""
    monkeypatch.setattr(history, "PAGE_BYTES", 1)
    entries, on = await reader(rows).entries("acme", Wanted(), 50)
    assert [one.position for one in entries] == [on]


async def test_a_command_is_found_by_its_id_alone(world: World, rows: CountedRows) -> None:
    """Whoever sent it, and without a walk over everybody's commands."""
    (by_ann,) = (event for event in world.log if event.actor == "ann")
    assert [one.id for one in await reader(rows).commands_named("acme", by_ann.command, None)] == [by_ann.id]
    assert rows.read <= 10
    assert await reader(rows).commands_named("acme", "nothing", None) == []


async def test_an_id_of_two_actors_names_no_command(world: World, rows: CountedRows) -> None:
    """Names of which one begins with the other are told apart."""
    (by_ann,) = (event for event in world.log if event.actor == "ann")
    for actor in ("an", "anna"):
        rows.rows[keys.command_events("acme", actor, "other")] = keys.POSITION.pack(1) * 2
    assert len(await reader(rows).commands_named("acme", by_ann.command, None)) == 1
    rows.rows[keys.command_events("acme", "anna", by_ann.command)] = keys.POSITION.pack(1) * 2
    assert await reader(rows).commands_named("acme", by_ann.command, None) == []
    assert len(await reader(rows).commands_named("acme", by_ann.command, "ann")) == 1


def test_the_position_at_an_instant_survives_a_gap(world: World, rows: CountedRows) -> None:
    """A history that somebody cut a piece out of still answers."""
    for position in range(10, 60):
        del rows.rows[keys.event("acme", position)]
    for event in (world.log[4], world.log[80]):
        assert reader(rows).position_at("acme", event.at) == event.position


async def test_a_task_as_of_a_position_is_folded_from_its_own_events(world: World, rows: CountedRows) -> None:
    """Its row and its comments then; of the others' events none is read."""
    world.given(CreateTask(task="bread", title="Bread"), AddComment(task="bread", comment="rye", body="Rye."))
    fold = AuditFold(rows, lambda reached: None)
    log = [Record(at, 0, b"acme", codec.encode_event(event), ()) for at, event in enumerate(world.log)]
    rows.apply(fold.fold(log).rows)
    rows.read = 0
    end = world.log[-1].position
    found = await reader(rows).task_at("acme", "bread", end)
    assert found == {("t", "bread"): world.task("bread"), ("c", "bread/rye"): world.comment("bread", "rye")}
    assert rows.read <= 2 * 2  # its place and itself
    before = await reader(rows).task_at("acme", "bread", end - 1)
    assert before.keys() == {("t", "bread")}
    assert await reader(rows).task_at("acme", "bread", 1) == {}
