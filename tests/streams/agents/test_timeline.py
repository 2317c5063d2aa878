"""Timelines without a node: what is armed is in them at its instant, nothing else is; new zones are told to each."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import keys
from streams.agents.recurrence import RECURRENCE
from streams.agents.reminders import REMINDERS
from streams.agents.timeline import Kind, TimelineFold, timeline
from streams.fold import Record
from tasksys import codec
from tasksys.commands import (
    AddReminder,
    AdvanceSeries,
    Command,
    CommandRecord,
    EditWorkspace,
    NoteZones,
    RemoveReminder,
    SettleReminder,
)
from tasksys.events import EventRecord
from tasksys.rows import Reminder, Series
from tasksys.values import CLOCK, ZONES, Trigger
from tests.support.domain import WORKSPACE, World, furnished
from tests.support.nodes import MemoryRows
from tests.tasksys.strategies import STORIES, STORY

AT = "2026-03-09T09:00:00.000Z"
ELSEWHERE = EditWorkspace(time_zone="Asia/Tokyo")


class Memory:
    """A timeline's table in memory, and what its fold has told and commanded."""

    def __init__(self, kind: Kind) -> None:
        self.rows = MemoryRows()
        self.earliest: list[str | None] = []
        self.commands: list[CommandRecord] = []
        self.fold = TimelineFold(kind, self.rows, self.earliest.append)

    def take(self, log: Sequence[EventRecord], batch: int) -> "Memory":
        """Folds events in batches of that size."""
        for start in range(0, len(log), batch):
            records = [
                Record(0, 0, WORKSPACE.encode(), codec.encode_event(one), ()) for one in log[start : start + batch]
            ]
            effects = self.fold.fold(records)
            self.rows.apply(effects.rows)
            self.commands += [codec.decode_command(one.value) for one in effects.outputs]
            self.fold.committed()
        return self

    def armed(self) -> dict[str, str]:
        """When what falls due, in the order of the instants."""
        return {one.name: one.at for one in timeline(self.rows)}


def reminders(world: World) -> dict[str, str]:
    """The armed reminders, and when they fire."""
    rows = [row for row in world.rows().values() if isinstance(row, Reminder) and row.armed]
    return {row.id: row.scheduled_for or "" for row in rows}


def series(world: World) -> dict[str, str]:
    """The series at which the clock looks again, and when."""
    return {row.id: row.at for row in world.rows().values() if isinstance(row, Series) and row.at is not None}


@STORIES
@given(STORY, st.integers(1, 20))
def test_what_is_armed_is_in_its_timeline(story: list[tuple[Command, str]], batch: int) -> None:
    """Whatever happens, in batches of any size; each thing has one row, and one that finds it."""
    world = furnished()
    for command, actor in story:
        world.when(command, actor)
    for kind, expected in ((REMINDERS, reminders(world)), (RECURRENCE, series(world))):
        memory = Memory(kind).take(world.log, batch)
        assert memory.armed() == expected
        assert list(memory.armed().values()) == sorted(expected.values())
        assert len(list(memory.rows.scan(keys.armed(WORKSPACE)))) == len(expected)


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_another_zone_is_told_to_each_of_them(batch: int) -> None:
    """Of a workspace and of the database: one command each, under ids that no batch changes."""
    world = furnished().given(*(AddReminder(task="milk", reminder=one, trigger=Trigger(at=AT)) for one in "ab"))
    world.given(ELSEWHERE)
    moved = world.log[-1].position
    world.accepted(NoteZones(zones="2199z"), CLOCK)
    noted = world.log[-1].position
    for kind, look, expected in (
        (REMINDERS, SettleReminder, sorted(reminders(world))),
        (RECURRENCE, AdvanceSeries, sorted(series(world))),
    ):
        told = Memory(kind).take(world.log, batch).commands
        named = [one.command.reminder if isinstance(one.command, SettleReminder) else one.command.series
                 for one in told if isinstance(one.command, look) and one.actor == CLOCK]  # fmt: skip
        assert expected
        assert named == [*expected, *expected]
        assert len({one.command.id for one in told}) == len(told)
        assert all(str(moved if at < len(expected) else noted) in one.command.id for at, one in enumerate(told))
        assert told == Memory(kind).take(world.log, 7).commands


def test_the_zone_database_of_each_workspace_is_known() -> None:
    """That it was made with, and the one that was noted since."""
    world = furnished()
    memory = Memory(REMINDERS).take(world.log, 1000)
    assert memory.rows.get(keys.zones(WORKSPACE)) == ZONES.encode()
    done = world.accepted(NoteZones(zones="2199z"), CLOCK)
    assert memory.take(done, 1).rows.get(keys.zones(WORKSPACE)) == b"2199z"


def test_the_earliest_of_a_batch_is_told() -> None:
    """None where nothing was put in, also if something was taken out."""
    world = furnished()
    begun = len(world.log)
    memory = Memory(REMINDERS).take(world.log, 1000)
    later = "2026-03-10T09:00:00.000Z"
    for name, at in (("late", later), ("soon", AT)):
        world.given(AddReminder(task="milk", reminder=name, trigger=Trigger(at=at)))
    memory.earliest.clear()
    memory.take(world.log[begun:], 1000).take(world.accepted(RemoveReminder(task="milk", reminder="soon")), 1000)
    assert memory.earliest == [AT, None]
