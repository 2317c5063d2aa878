"""A workspace with a calendar: time passes as a test says, and what became of a series' occurrences is read in words.

world = workspace("2026-03-02T08:00").given(daily())
pass_time(world, "2026-03-05T08:00")
assert became(world) == {...}
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from tasksys import decider
from tasksys.commands import (
    AdvanceSeries,
    Command,
    CommandRecord,
    CompleteTask,
    CreateSeries,
    CreateWorkspace,
    EditSeries,
    SetMember,
    Undo,
)
from tasksys.events import EventRecord
from tasksys.recurrence import occurrence_id
from tasksys.rows import Occurrence, Reminder, Series, Task
from tasksys.series.shapes import GivenTemplate, Scope
from tasksys.values import CLOCK, Role, When, instant
from tests.support.clockwork import run
from tests.support.domain import ACTORS, OWNER, WORKSPACE, World

SERIES: Final = "s"
MORNING: Final = "2026-03-02T08:00"
"""A Monday, an hour before what happens daily at nine."""


class Calendar(World):
    """A world whose commands are each a second after the one before, from an instant that the test chose."""

    def record(self, command: Command, actor: str = OWNER, at: str | None = None) -> CommandRecord:
        """The command as the way in would append it, now."""
        if at is None:
            at = self.now = later(self.now, seconds=1)
        return super().record(command, actor, at)


def later(at: str, **duration: float) -> str:
    """An instant some time after another."""
    return instant(datetime.fromisoformat(at) + timedelta(**duration))


def moment(text: str) -> str:
    """An instant as the system spells it, from a UTC time such as 2026-03-02T08:00."""
    return instant(datetime.fromisoformat(f"{text}+00:00"))


def workspace(now: str = MORNING, zone: str = "UTC") -> Calendar:
    """A workspace with a member of each role, at a UTC time."""
    world = Calendar()
    world.now = moment(now)
    world.given(CreateWorkspace(name="Acme", time_zone=zone))
    for role, user in ACTORS.items():
        if role is not Role.OWNER:
            world.given(SetMember(user=user, role=role))
    return world


def daily(**fields: Any) -> CreateSeries:
    """The creation of a series `s`: daily at nine UTC from the second of March on, but for what is given."""
    wanted: dict[str, Any] = {
        "series": SERIES,
        "template": GivenTemplate(title="Water"),
        "rule": "FREQ=DAILY",
        "anchor": When(local="2026-03-02T09:00", zone="UTC"),
    }
    return CreateSeries(**(wanted | fields))


def dated(**fields: Any) -> CreateSeries:
    """The same by dates alone."""
    return daily(**({"anchor": When(date="2026-03-02")} | fields))


def edit(**fields: Any) -> EditSeries:
    """A change of the series `s`."""
    return EditSeries(series=SERIES, **fields)


def split(occurrence: str, **fields: Any) -> EditSeries:
    """A change of the series `s` from an occurrence on, into `t`."""
    return edit(scope=Scope.THIS_AND_FOLLOWING, occurrence=occurrence, into="t", **fields)


def pass_time(world: World, until: str, late: bool = False) -> list[EventRecord]:
    """Lets time pass until a UTC time; `late`: the service was down, and catches up at the end."""
    return run(world, moment(until), late)


def task_of(world: World, original: str, series: str = SERIES) -> Task:
    """The task of an occurrence."""
    row = world.state.occurrence(series, original)
    assert row is not None, original
    assert row.task is not None, original
    return world.task(row.task)


def complete(world: World, original: str, series: str = SERIES) -> list[EventRecord]:
    """Completes the task of an occurrence, and gives the events."""
    return world.accepted(CompleteTask(task=task_of(world, original, series).id))


def undo(world: World, events: Iterable[EventRecord]) -> list[EventRecord]:
    """Undoes what a command did."""
    return world.accepted(Undo(events=tuple(events)))


def became(world: World, series: str = SERIES) -> dict[str, str]:
    """What became of each occurrence, in their order: a task's status, `trashed`, or in brackets what is no task."""
    rows = [row for row in world.rows().values() if isinstance(row, Occurrence) and row.series == series]
    return {row.original: _word(world, row) for row in sorted(rows, key=lambda row: row.original)}


def _word(world: World, row: Occurrence) -> str:
    if row.task is None:
        return "(skipped)" if row.skipped else "(missed)"
    task = world.task(row.task)
    return "trashed" if task.trashed_at else task.status.value


def opened(world: World, series: str = SERIES) -> list[str]:
    """The original times of the open tasks of a series, in their order."""
    return sorted(world.task(name).original or "" for name in world.series(series).open_tasks)


def reminders(world: World, original: str, series: str = SERIES) -> list[Reminder]:
    """The reminders of an occurrence's task."""
    return world.state.reminders(task_of(world, original, series).id)


def identifier(original: str, series: str = SERIES) -> str:
    """The id that an occurrence's task has."""
    return occurrence_id(series, original)


def types(events: Iterable[EventRecord]) -> list[str]:
    """What happened."""
    return [event.type for event in events]


def settled(world: World) -> None:
    """Each series is as it should be: to look again, at the same instant, finds nothing to record."""
    for row in list(world.rows().values()):
        if isinstance(row, Series):
            record = CommandRecord(WORKSPACE, CLOCK, world.workspace().at, AdvanceSeries(series=row.id))
            assert decider.decide(record, world.state) == [], row
