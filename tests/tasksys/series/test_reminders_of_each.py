"""Reminders that every occurrence gets: once each, in time, and not for what nobody could be reminded of."""

from tasksys.commands import RemoveReminder, SkipTask
from tasksys.rows import Reminder
from tasksys.series.shapes import Before, GivenFields, GivenTemplate, Missed, OfEach, Scope
from tasksys.values import Of, ReminderState, Repeat, When
from tests.support.domain import EDITOR, OWNER
from tests.tasksys.series.calendar import (
    SERIES,
    became,
    complete,
    daily,
    dated,
    edit,
    identifier,
    moment,
    pass_time,
    reminders,
    types,
    undo,
    workspace,
)

HOUR = GivenTemplate("Water", reminders=(OfEach(Before("PT1H")),))


def states(reminders: list[Reminder]) -> list[str]:
    """The reminders' states."""
    return [one.state.value for one in reminders]


def test_each_fires_once() -> None:
    """Its id is the occurrence's and its number; it is of who made the series, or whom it names."""
    each = (OfEach(Before("PT1H")), OfEach(Before("PT30M"), Repeat("PT5M", 1), EDITOR))
    world = workspace("2026-03-02T07:00").given(daily(template=GivenTemplate("Water", reminders=each)))
    found = reminders(world, "2026-03-02T09:00")
    task = identifier("2026-03-02T09:00")
    assert [one.id for one in found] == [identifier("reminder-0", task), identifier("reminder-1", task)]
    assert [one.user for one in found] == [OWNER, EDITOR]
    events = pass_time(world, "2026-03-02T12:00")
    assert [(one.type, one.at) for one in events] == [
        ("ReminderFired", moment(f"2026-03-02T{time}")) for time in ("08:00", "08:30", "08:35")
    ]
    assert types(pass_time(world, "2026-03-03T08:59")).count("ReminderFired") == 3


def test_none_for_what_was_missed_without_service() -> None:
    """What never was a task reminds nobody; what is open reminds as late as it is."""
    world = workspace("2026-03-02T07:00").given(daily(template=HOUR))
    events = pass_time(world, "2026-03-08T12:00", late=True)
    assert types(events).count("ReminderAdded") == 1
    assert types(events).count("ReminderFired") == 2
    (last,) = reminders(world, "2026-03-08T09:00")
    assert (last.state, last.late_by_seconds) == (ReminderState.FIRED, 4 * 3600)


def test_too_late_is_recorded() -> None:
    """In a pile, what could not fire for longer than a week is expired."""
    world = workspace("2026-03-02T07:00").given(daily(template=HOUR, missed=Missed.ALL))
    pass_time(world, "2026-03-12T07:30", late=True)
    found = [states(reminders(world, f"2026-03-{day:02}T09:00")) for day in range(2, 13)]
    assert found == [["expired"]] * 3 + [["fired"]] * 7 + [["pending"]]


def test_opened_late_by_a_person() -> None:
    """Who completes the last one does not hear at once of what is over."""
    world = workspace("2026-03-02T07:00").given(daily(template=HOUR, missed=Missed.ONE_AT_A_TIME))
    pass_time(world, "2026-03-04T08:30")
    events = complete(world, "2026-03-02T09:00")
    assert types(events) == [
        "TaskCompleted", "ReminderCancelled", "TaskCreated", "ReminderAdded", "ReminderExpired", "SeriesAdvanced"
    ]  # fmt: skip
    complete(world, "2026-03-03T09:00")
    assert states(reminders(world, "2026-03-04T09:00")) == ["expired"]
    complete(world, "2026-03-04T09:00")
    assert states(reminders(world, "2026-03-05T09:00")) == ["pending"]


def test_of_the_start() -> None:
    """A reminder that goes by the start needs the start's lead on top of its own: it is never too late by itself."""
    each = (OfEach(Before("PT3H", Of.START)),)
    template = GivenTemplate("Water", start_before="P1D", reminders=each)
    world = workspace().given(daily(rule="FREQ=WEEKLY", template=template))
    pass_time(world, "2026-03-08T06:00")
    (found,) = reminders(world, "2026-03-09T09:00")
    assert (found.state, found.late_by_seconds) == (ReminderState.FIRED, 0)


def test_date_only() -> None:
    """Relative to midnight in the workspace's zone."""
    each = GivenTemplate("Water", reminders=(OfEach(Before("PT30M")),))
    world = workspace("2026-03-08T12:00", "America/New_York")
    world.given(dated(anchor=When(date="2026-03-10"), template=each))
    assert reminders(world, "2026-03-10")[0].scheduled_for == moment("2026-03-10T03:30")


def test_over_with_its_occurrence() -> None:
    """Skipping cancels them; completing too, and undo of that brings them back."""
    world = workspace("2026-03-02T07:00").given(daily(template=HOUR))
    world.given(SkipTask(task=identifier("2026-03-02T09:00")))
    assert states(reminders(world, "2026-03-02T09:00")) == ["cancelled"]
    done = complete(world, "2026-03-03T09:00")
    undo(world, done)
    assert states(reminders(world, "2026-03-03T09:00")) == ["pending"]


def test_undo_after_the_next_has_rung() -> None:
    """That the next one's reminder fired, or was removed, does not stand in the way; it is withdrawn with its task."""
    for removed in (False, True):
        template = GivenTemplate("Water", reminders=(OfEach(Before("P6D")),))
        world = workspace("2026-03-02T07:00").given(daily(rule="FREQ=WEEKLY", template=template))
        done = complete(world, "2026-03-02T09:00")
        pass_time(world, "2026-03-04T08:30")
        (rung,) = reminders(world, "2026-03-09T09:00")
        assert rung.state is ReminderState.FIRED
        if removed:
            world.given(RemoveReminder(task=rung.task, reminder=rung.id))
        undo(world, done)
        assert became(world) == {"2026-03-02T09:00": "open"}
        assert [one.state.value for one in world.state.reminders(rung.task)] == ([] if removed else ["cancelled"])


def test_other_reminders_for_those_to_come() -> None:
    """A change for all is of those that are made from then on; what is open keeps what it has."""
    world = workspace("2026-03-02T07:00").given(daily(template=HOUR))
    world.given(edit(template=GivenFields(reminders=(OfEach(Before("PT15M")), OfEach(Before("PT5M"))))))
    assert len(reminders(world, "2026-03-02T09:00")) == 1
    complete(world, "2026-03-02T09:00")
    assert [one.trigger.before for one in reminders(world, "2026-03-03T09:00")] == ["PT15M", "PT5M"]


def test_a_time_without_a_zone_in_a_series_that_has_one() -> None:
    """A date to which one was moved is the workspace's, for its reminder as for when it is a task."""
    world = workspace(zone="Pacific/Apia")
    anchor = When(local="2026-03-02T09:00", zone="America/New_York")
    world.given(daily(anchor=anchor, ahead="PT0S"))
    world.given(edit(scope=Scope.THIS, occurrence="2026-03-02T09:00", due=When(date="2026-03-04")))
    assert world.series(SERIES).at == moment("2026-03-03T11:00")
    pass_time(world, "2026-03-03T11:00")
    assert became(world) == {"2026-03-02T09:00": "open"}
