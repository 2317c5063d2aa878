"""Undo of what made room for the next occurrence: of that, what has become something since stays as it is."""

import pytest
from msgspec import structs

from tasksys import decider, undo
from tasksys.commands import (
    CompleteTask,
    CreateSeries,
    EditSeries,
    FireReminder,
    PauseSeries,
    ResumeSeries,
    SkipOccurrence,
    Undo,
)
from tasksys.events import ReminderReturned
from tasksys.recurrence import occurrence_id
from tasksys.refusals import Code
from tasksys.rows import Reminder
from tasksys.series import undoing
from tasksys.series.shapes import Before, GivenFields, GivenTemplate, OfEach, Scope
from tasksys.values import CLOCK, ReminderState, Status, When
from tests.support.domain import World, founded, there

DAYS = ("2026-03-09", "2026-03-10", "2026-03-11")
FIRST, SECOND, THIRD = (occurrence_id("plants", f"{day}T09:00") for day in DAYS)


def watering() -> World:
    """Every day at nine from the day after the start, with a reminder an hour before."""
    template = GivenTemplate("Water", reminders=(OfEach(Before("PT1H")),))
    anchor = When(local="2026-03-09T09:00", zone="UTC")
    return founded().given(CreateSeries(series="plants", template=template, rule="FREQ=DAILY", anchor=anchor))


def completed(world: World, task: str) -> str:
    """The id of the command that completes the task."""
    command = CompleteTask(id=f"complete-{world.sent}", task=task)
    world.given(command)
    return command.id


def ring(world: World, task: str) -> Reminder | None:
    """The reminder of an occurrence."""
    return world.state.reminder(occurrence_id(task, "reminder-0"))


def test_what_came_and_is_done_stays_with_its_reminders() -> None:
    """The first is open again; the second, which came because of it, is done and loses nothing."""
    world = watering()
    done = completed(world, FIRST)
    world.given(
        FireReminder(reminder=there(ring(world, SECOND)).id, scheduled_for="2026-03-10T08:00:00.000Z"), actor=CLOCK
    )
    completed(world, SECOND)
    before = world.task(SECOND), ring(world, SECOND)
    world.given(Undo(command=done))
    assert world.task(FIRST).status is Status.OPEN
    assert (world.task(SECOND), ring(world, SECOND)) == before


def test_what_came_again_and_is_done_stays() -> None:
    """The second was withdrawn by an undo, came again and is done: it stays in its series, and out of the trash."""
    world = watering()
    world.given(Undo(command=completed(world, FIRST)))
    again = completed(world, FIRST)
    completed(world, SECOND)
    before = world.task(SECOND)
    world.given(Undo(command=again))
    assert world.task(FIRST).status is Status.OPEN
    assert world.task(SECOND) == before
    assert (before.status, before.original, before.trashed_at) == (Status.DONE, f"{DAYS[1]}T09:00", None)


def test_what_came_again_and_is_open_goes_again() -> None:
    """As if it had never come back."""
    world = watering()
    world.given(Undo(command=completed(world, FIRST)))
    again = completed(world, FIRST)
    world.given(Undo(command=again))
    assert there(world.state.series("plants")).open_tasks == (FIRST,)
    assert world.task(SECOND).trashed_at is not None


def test_what_went_comes_again_though_the_next_one_was_left_out() -> None:
    """The series had gone past the third since; it goes back to the second all the same."""
    world = watering()
    done = completed(world, FIRST)
    world.given(SkipOccurrence(series="plants", occurrence=f"{DAYS[2]}T09:00"))
    world.given(Undo(command=done))
    assert there(world.state.series("plants")).open_tasks == (FIRST,)
    completed(world, FIRST)
    assert there(world.state.series("plants")).open_tasks == (SECOND,)
    completed(world, SECOND)
    (fourth,) = there(world.state.series("plants")).open_tasks
    assert world.task(fourth).original == "2026-03-12T09:00"


def test_it_does_not_go_back_over_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command costs what it may."""
    monkeypatch.setattr(undoing, "STEPS", 0)
    world = watering()
    done = completed(world, FIRST)
    world.given(SkipOccurrence(series="plants", occurrence=f"{DAYS[2]}T09:00"), Undo(command=done))
    assert there(world.state.series("plants")).next == "2026-03-12T09:00"


def test_what_a_later_release_made_cannot_be_undone() -> None:
    """Nor be taken for what it may not be."""
    world = watering()
    done = completed(world, FIRST)
    events = tuple(
        structs.replace(one, schema=99) if one.type == "TaskCreated" else one
        for one in world.log
        if one.command == done
    )
    assert world.refused(Undo(command=done, events=events)).code is Code.NOT_UNDOABLE


def test_what_was_changed_of_it_while_it_was_gone_holds_when_it_comes_again() -> None:
    """Its due value, its title and its labels; its reminder goes by the new due value."""
    world = watering()
    world.given(Undo(command=completed(world, FIRST)))
    due, own = When(local="2026-03-10T18:00", zone="UTC"), GivenFields(title="Water all", labels=("big",))
    world.given(
        EditSeries(series="plants", scope=Scope.THIS, occurrence=f"{DAYS[1]}T09:00", due=due, template=own),
        CompleteTask(task=FIRST),
    )
    second = world.task(SECOND)
    assert (second.trashed_at, second.due, second.title, second.labels) == (None, due, "Water all", ("big",))
    assert there(ring(world, SECOND)).scheduled_for == "2026-03-10T17:00:00.000Z"


def test_a_series_that_was_changed_since_does_not_go_back() -> None:
    """What was away in between is not made up for."""
    world = watering()
    done = completed(world, FIRST)
    world.given(PauseSeries(series="plants"))
    world.now = "2026-03-20T07:00:00.000Z"
    world.given(ResumeSeries(series="plants"), Undo(command=done))
    assert there(world.state.series("plants")).next == "2026-03-20T09:00"


def test_an_undo_needs_no_reminders_that_came_with_a_task() -> None:
    """What it must refer to is so much smaller; what it does is the same."""
    world = watering()
    done = world.accepted(CompleteTask(task=FIRST))
    needed = undo.needed(done)
    assert [one.type for one in done if one not in needed] == ["ReminderAdded"]
    answers = [decider.decide(world.record(Undo(events=tuple(events))), world.state) for events in (done, needed)]
    assert answers[0] == answers[1] != []
    assert undo.needed(needed) == needed


def test_a_reminder_whose_time_has_passed_meanwhile_does_not_come_back() -> None:
    """As when the task is opened again: nobody wants to be told at once, days late."""
    world = watering()
    done = completed(world, FIRST)
    world.now = "2026-03-09T08:30:00.000Z"
    undone = world.events(Undo(command=done))
    assert not [event for event in undone if isinstance(event, ReminderReturned)]
    assert there(ring(world, FIRST)).state is ReminderState.CANCELLED


def test_a_reminder_whose_time_is_to_come_does() -> None:
    """It waits as before."""
    world = watering()
    before = there(ring(world, FIRST))
    world.given(Undo(command=completed(world, FIRST)))
    assert structs.replace(there(ring(world, FIRST)), position=before.position) == before
