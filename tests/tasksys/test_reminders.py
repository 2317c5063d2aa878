"""Reminders: their life, and how they follow their task."""

from datetime import datetime, timedelta

import pytest
from msgspec import structs

from tasksys import limits
from tasksys.commands import (
    AcknowledgeReminder,
    AddReminder,
    CancelTask,
    CompleteTask,
    EditTask,
    EditWorkspace,
    FireReminder,
    RemoveMember,
    RemoveReminder,
    ReopenTask,
    RestoreTask,
    SetMember,
    SetPreferences,
    SettleReminder,
    SnoozeReminder,
    TrashTask,
    Undo,
)
from tasksys.events import EventRecord
from tasksys.refusals import Code
from tasksys.rows import Reminder, TaskReminders
from tasksys.values import CLOCK, Of, ReminderState, Repeat, Role, Trigger, When, instant
from tests.support.domain import ADMIN, COMMENTER, EDITOR, OWNER, STRANGER, VIEWER, World, furnished

DUE = When(local="2026-03-10T09:00", zone="Europe/Berlin")
EVE = "2026-03-09T08:00:00.000Z"
"""A day before that."""
LATER = When(local="2026-03-20T09:00", zone="Europe/Berlin")
NIGHT = "2026-03-19T08:00:00.000Z"
PAST = When(local="2026-03-01T09:00", zone="Europe/Berlin")
DAY = Trigger(before="P1D")


def reminded(trigger: Trigger = DAY, repeat: Repeat | None = None, due: When | None = DUE) -> World:
    """A workspace whose task `milk` is due, with the reminder `ring` of the editor."""
    world = furnished()
    world.given(
        EditTask(task="milk", due=due), AddReminder(task="milk", reminder="ring", trigger=trigger, repeat=repeat)
    )
    return world


def ring(world: World, name: str = "ring") -> Reminder:
    """The reminder now."""
    found = world.state.reminder(name)
    assert found is not None
    return found


def fire(world: World, at: str | None = None, name: str = "ring") -> list[str]:
    """The types of the events when the clock says that its time has come, at that time or another."""
    scheduled = ring(world, name).scheduled_for
    assert scheduled is not None
    command = FireReminder(reminder=name, scheduled_for=scheduled)
    return types(world.accepted(command, CLOCK, at or scheduled))


def types(events: list[EventRecord]) -> list[str]:
    """What happened."""
    return [event.type for event in events]


def later(moment: str, **duration: float) -> str:
    """An instant some time after another."""
    return instant(datetime.fromisoformat(moment) + timedelta(**duration))


def test_a_relative_reminder_follows_its_task() -> None:
    """Its time is recorded when it is added, and with every change of the value that it goes by."""
    world = reminded()
    assert (ring(world).scheduled_for, ring(world).armed, ring(world).user) == (EVE, True, OWNER)
    assert types(world.accepted(EditTask(task="milk", due=LATER))) == ["TaskEdited", "ReminderRescheduled"]
    assert ring(world).scheduled_for == NIGHT
    assert types(world.accepted(EditTask(task="milk", title="Oat milk", start=DUE))) == ["TaskEdited"]
    world.given(EditTask(task="milk", due=None))
    assert (ring(world).scheduled_for, ring(world).armed, ring(world).state) == (None, False, ReminderState.PENDING)
    world.given(EditTask(task="milk", due=DUE))
    assert (ring(world).scheduled_for, ring(world).armed) == (EVE, True)


def test_of_the_start() -> None:
    """A reminder may go by the start; that the due value changes is nothing to it."""
    world = reminded(Trigger(before="PT1H", of=Of.START))
    assert ring(world).scheduled_for is None
    world.given(EditTask(task="milk", start=DUE))
    assert ring(world).scheduled_for == "2026-03-10T07:00:00.000Z"
    assert types(world.accepted(EditTask(task="milk", due=LATER))) == ["TaskEdited"]


def test_an_absolute_reminder_stays() -> None:
    """Whatever becomes of the due value; and its instant is kept as the system spells instants."""
    world = reminded(Trigger(at="2026-03-09T10:00:00+01:00"))
    assert ring(world).scheduled_for == "2026-03-09T09:00:00.000Z"
    assert types(world.accepted(EditTask(task="milk", due=LATER))) == ["TaskEdited"]


def test_a_reminder_fires_once() -> None:
    """Whatever the clock says again; how late it is, is recorded."""
    world = reminded()
    assert fire(world, later(EVE, seconds=90.9)) == ["ReminderFired"]
    assert (ring(world).state, ring(world).late_by_seconds, ring(world).armed) == (ReminderState.FIRED, 90, False)
    assert ring(world).fired_at == later(EVE, seconds=90.9)
    assert fire(world, later(EVE, hours=1)) == []


def test_another_time_is_another_firing() -> None:
    """One that was moved does not fire at its old time; one that fired fires again at a new one."""
    world = reminded()
    world.given(EditTask(task="milk", due=LATER))
    assert world.accepted(FireReminder(reminder="ring", scheduled_for=EVE), CLOCK, EVE) == []
    assert fire(world) == ["ReminderFired"]
    world.given(EditTask(task="milk", due=When(date="2026-04-01")))
    assert (ring(world).state, ring(world).scheduled_for) == (ReminderState.PENDING, "2026-03-31T00:00:00.000Z")
    assert fire(world) == ["ReminderFired"]


def test_after_an_outage_it_fires_late_or_expires() -> None:
    """Nothing is forgotten for a missed minute; what is older than the limit of catching up expires."""
    assert fire(reminded(), later(EVE, days=7)) == ["ReminderFired"]
    world = reminded()
    assert fire(world, later(EVE, days=7, seconds=1)) == ["ReminderExpired"]
    assert (ring(world).state, ring(world).armed) == (ReminderState.EXPIRED, False)
    assert fire(world, later(EVE, days=8)) == []


def test_how_late_it_fires_is_the_workspaces() -> None:
    """Null gives the default back; both ends of what may be said are taken."""
    for length, seconds in (("PT1H", 3600), ("PT1M", 60), ("P366D", 366 * 86_400), (None, 7 * 86_400)):
        for more, event in ((0, "ReminderFired"), (1, "ReminderExpired")):
            world = reminded().given(EditWorkspace(catch_up="P2D"), EditWorkspace(catch_up=length))
            assert fire(world, later(EVE, seconds=seconds + more)) == [event]


def test_moved_into_the_past_it_expires() -> None:
    """Who sets an earlier date does not want to hear at once of what is over; a later date makes it pending again."""
    world = reminded()
    assert types(world.accepted(EditTask(task="milk", due=PAST))) == ["TaskEdited", "ReminderExpired"]
    assert types(world.accepted(EditTask(task="milk", due=LATER))) == ["TaskEdited", "ReminderRescheduled"]
    assert (ring(world).state, ring(world).scheduled_for) == (ReminderState.PENDING, NIGHT)


@pytest.mark.parametrize("end", [CompleteTask(task="milk"), CancelTask(task="milk"), TrashTask(task="milk")])
def test_a_task_that_is_over_cancels_its_reminders(end: CompleteTask | CancelTask | TrashTask) -> None:
    """Those that wait and those that are shown; opened again, those whose time is still to come wait again."""
    world = reminded()
    world.given(AddReminder(task="milk", reminder="soon", trigger=Trigger(at="2026-03-09T00:00:00Z")))
    assert fire(world, name="soon") == ["ReminderFired"]
    assert types(world.accepted(end))[1:] == ["ReminderCancelled", "ReminderCancelled"]
    assert {ring(world).state, ring(world, "soon").state} == {ReminderState.CANCELLED}
    assert fire(world) == []
    again = RestoreTask(task="milk") if isinstance(end, TrashTask) else ReopenTask(task="milk")
    assert types(world.accepted(again))[1:] == ["ReminderRescheduled"]
    assert (ring(world).state, ring(world, "soon").state) == (ReminderState.PENDING, ReminderState.CANCELLED)


def test_undo_of_the_end_brings_back_what_was_shown() -> None:
    """All of it as it was: fired ones are shown, pending ones wait."""
    world = reminded()
    world.given(AddReminder(task="milk", reminder="soon", trigger=Trigger(at="2026-03-09T00:00:00Z")))
    fire(world, name="soon")
    before = world.rows()
    done = world.accepted(CompleteTask(task="milk"))
    world.given(Undo(position=done[0].position))
    assert (ring(world).state, ring(world).armed) == (ReminderState.PENDING, True)
    assert (ring(world, "soon").state, ring(world, "soon").armed) == (ReminderState.FIRED, False)
    numbered = {("w", ""), ("t", "milk"), ("r", "ring"), ("r", "soon")}
    assert {key for key, row in world.rows().items() if row != before.get(key)} <= numbered


def test_below_a_parent_in_the_trash_nothing_fires() -> None:
    """The subtask has no event of its own when its parent is trashed; its reminder is withdrawn when its time comes."""
    world = furnished()
    world.given(
        EditTask(task="milk", due=DUE, parent="bread"),
        AddReminder(task="milk", reminder="ring", trigger=DAY),
        TrashTask(task="bread"),
    )
    assert fire(world) == ["ReminderCancelled"]


def test_who_left_is_not_reminded() -> None:
    """A reminder is for a member."""
    world = furnished()
    world.given(
        SetMember(user="guest", role=Role.EDITOR),
        EditTask(task="milk", due=DUE),
        AddReminder(task="milk", reminder="ring", trigger=DAY, user="guest"),
        RemoveMember(user="guest"),
    )
    assert fire(world) == ["ReminderCancelled"]


def test_repeats() -> None:
    """Until they are used up; what an outage missed is not made up for in a burst."""
    world = reminded(repeat=Repeat("PT10M", 4))
    assert fire(world) == ["ReminderFired"]
    assert (ring(world).scheduled_for, ring(world).left) == (later(EVE, minutes=10), 3)
    assert fire(world, later(EVE, minutes=35)) == ["ReminderFired"]
    assert (ring(world).scheduled_for, ring(world).left, ring(world).armed) == (later(EVE, minutes=40), 0, True)
    assert fire(world) == ["ReminderFired"]
    assert ring(world).armed is False


def test_repeats_end_with_an_answer() -> None:
    """An acknowledgement ends them; a new date begins them again."""
    world = reminded(repeat=Repeat("PT10M", 4))
    fire(world)
    world.given(AcknowledgeReminder(reminder="ring"))
    assert (ring(world).armed, ring(world).state) == (False, ReminderState.ACKNOWLEDGED)
    world.given(EditTask(task="milk", due=LATER))
    assert (ring(world).armed, ring(world).left) == (True, 4)


@pytest.mark.parametrize(
    ("first", "every", "then"),
    [
        ("2026-03-28T08:00", "P1D", ["2026-03-29T07:00", "2026-03-30T07:00"]),
        ("2026-03-28T08:00", "PT24H", ["2026-03-29T08:00", "2026-03-30T08:00"]),
        ("2026-03-28T01:30", "P1D", ["2026-03-29T01:30", "2026-03-30T00:30"]),  # there is no 02:30 on the 29th
    ],
)
def test_days_are_of_the_clock_on_the_wall(first: str, every: str, then: list[str]) -> None:
    """In the user's zone, and counted from the first time, however often it repeats; hours are exact."""
    world = reminded(Trigger(at=f"{first}:00.000Z"), Repeat(every, 2))
    world.given(SetPreferences(zone="Europe/Berlin"))
    fire(world)
    found = []
    for _ in then:
        found.append(ring(world).scheduled_for)
        fire(world)
    assert (found, ring(world).armed) == ([f"{one}:00.000Z" for one in then], False)


@pytest.mark.parametrize(("duration", "again"), [("P1D", "2026-03-29T07:00"), ("PT24H", "2026-03-29T08:00")])
def test_snoozed_for_a_day(duration: str, again: str) -> None:
    """The same time tomorrow, though the clocks change; so many hours are so many hours."""
    at = "2026-03-28T08:00:00.000Z"
    world = reminded(Trigger(at=at)).given(SetPreferences(zone="Europe/Berlin"))
    fire(world)
    world.accepted(SnoozeReminder(reminder="ring", duration=duration, into="again"), OWNER, at)
    assert ring(world, "again").scheduled_for == f"{again}:00.000Z"


def test_a_new_date_of_a_repeating_one() -> None:
    """That it has repeated is no change of its date."""
    world = reminded(repeat=Repeat("PT10M", 4))
    fire(world)
    assert types(world.accepted(EditTask(task="milk", title="X", due=DUE))) == ["TaskEdited"]
    assert ring(world).scheduled_for == later(EVE, minutes=10)


def test_snooze() -> None:
    """A new reminder goes on from the old one, for the same user; undo puts the old one back."""
    world = reminded()
    fire(world)
    snoozed = SnoozeReminder(reminder="ring", duration="PT10M", into="again")
    done = world.accepted(snoozed, EDITOR, later(EVE, minutes=1))
    assert types(done) == ["ReminderSnoozed", "ReminderAdded"]
    assert (ring(world).state, ring(world, "again").scheduled_for) == (ReminderState.SNOOZED, later(EVE, minutes=11))
    assert (ring(world, "again").user, ring(world, "again").snoozed_from) == (OWNER, "ring")
    assert world.refused(SnoozeReminder(reminder="ring", duration="PT1M", into="more")).code is Code.REMINDER_OVER
    world.given(Undo(position=done[0].position))
    assert (ring(world).state, world.state.reminder("again")) == (ReminderState.FIRED, None)


def test_snooze_cannot_be_undone_once_it_rang() -> None:
    """The new one was answered or fired: it was changed since."""
    world = reminded()
    fire(world)
    done = world.accepted(SnoozeReminder(reminder="ring", until="2026-03-12T00:00:00Z", into="again"))
    fire(world, name="again")
    assert world.refused(Undo(position=done[0].position)).code is Code.UNDO_CONFLICT


def test_undo_of_adding_removing_and_acknowledging() -> None:
    """Each way, and back again."""
    world = reminded()
    fire(world)
    done = world.accepted(AcknowledgeReminder(reminder="ring"))
    undone = world.accepted(Undo(position=done[0].position))
    assert ring(world).state is ReminderState.FIRED
    world.given(Undo(position=undone[0].position))
    assert ring(world).state is ReminderState.ACKNOWLEDGED
    kept = ring(world)
    removed = world.accepted(RemoveReminder(task="milk", reminder="ring"))
    assert (world.state.reminder("ring"), world.state.get(TaskReminders, "milk")) == (None, None)
    back = world.accepted(Undo(position=removed[0].position))
    assert ring(world) == structs.replace(kept, position=back[0].position)
    world.given(Undo(position=back[0].position))
    assert world.state.reminder("ring") is None


def test_undo_of_a_date_moves_the_reminder_back() -> None:
    """The consequences follow from the task, whichever way it changes."""
    world = reminded()
    done = world.accepted(EditTask(task="milk", due=LATER))
    world.given(Undo(position=done[0].position))
    assert ring(world).scheduled_for == EVE


def test_what_the_clock_did_cannot_be_undone() -> None:
    """It was nobody's wish."""
    world = reminded()
    fire(world)
    assert world.refused(Undo(position=world.log[-1].position)).code is Code.NOT_UNDOABLE


@pytest.mark.parametrize("command", [FireReminder(reminder="ring", scheduled_for=EVE), SettleReminder(reminder="ring")])
def test_only_the_clock_fires(command: FireReminder | SettleReminder) -> None:
    """Whoever else says that the time has come."""
    assert reminded().refused(command).code is Code.FORBIDDEN


def test_a_new_zone_of_the_workspace() -> None:
    """Moves what goes by a floating time or a date, once each is looked at again; nothing else, and only once."""
    world = reminded(due=When(local="2026-03-10T09:00"))
    assert ring(world).scheduled_for == "2026-03-09T09:00:00.000Z"
    world.given(EditWorkspace(time_zone="America/New_York"))
    again = SettleReminder(reminder="ring")
    assert types(world.accepted(again, CLOCK)) == ["ReminderRescheduled"]
    assert ring(world).scheduled_for == "2026-03-09T13:00:00.000Z"
    for name in ("ring", "bell", "nowhere"):
        assert world.accepted(SettleReminder(reminder=name), CLOCK) == []


@pytest.mark.parametrize(
    ("command", "pointer"),
    [
        (AddReminder(task="milk", reminder="new", trigger=Trigger()), "/trigger"),
        (AddReminder(task="milk", reminder="new", trigger=Trigger(at=NIGHT, before="P1D")), "/trigger"),
        (AddReminder(task="milk", reminder="new", trigger=Trigger(before="1 day")), "/trigger/before"),
        (AddReminder(task="milk", reminder="new", trigger=Trigger(at="tomorrow")), "/trigger/at"),
        (AddReminder(task="milk", reminder="new", trigger=Trigger(at="2026-03-09T09:00")), "/trigger/at"),
        (AddReminder(task="milk", reminder="new", trigger=Trigger(at="2026-03-01T09:00:00Z")), "/trigger"),
        (AddReminder(task="milk", reminder="new", trigger=Trigger(before="P30D")), "/trigger"),
        (AddReminder(task="milk", reminder="new", trigger=DAY, repeat=Repeat("PT1S", 3)), "/repeat/every"),
        (AddReminder(task="milk", reminder="new", trigger=DAY, repeat=Repeat("often", 3)), "/repeat/every"),
        (AddReminder(task="milk", reminder="new", trigger=DAY, user=STRANGER), "/user"),
        (AddReminder(task="milk", trigger=DAY), "/reminder"),
        (SnoozeReminder(reminder="ring", into="again"), "/duration"),
        (SnoozeReminder(reminder="ring", into="again", duration="PT1M", until=NIGHT), "/duration"),
        (SnoozeReminder(reminder="ring", into="again", duration="soon"), "/duration"),
        (SnoozeReminder(reminder="ring", into="again", duration="-PT1M"), "/duration"),
        (SnoozeReminder(reminder="ring", into="again", until="2026-01-01T00:00:00Z"), "/until"),
        (SnoozeReminder(reminder="ring", duration="PT1M"), "/into"),
    ],
)
def test_invalid_fields(command: AddReminder | SnoozeReminder, pointer: str) -> None:
    """The refusal names the field."""
    refusal = reminded().refused(command)
    assert (refusal.code, [error.pointer for error in refusal.errors]) == (Code.INVALID, [pointer])


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (AddReminder(task="nowhere", reminder="new", trigger=DAY), Code.NOT_FOUND),
        (AddReminder(task="junk", reminder="new", trigger=DAY), Code.TRASHED),
        (AddReminder(task="milk", reminder="ring", trigger=DAY), Code.EXISTS),
        (AddReminder(task="milk", reminder="new", trigger=DAY, expected_version=99), Code.VERSION_CONFLICT),
        (RemoveReminder(task="milk", reminder="nowhere"), Code.NOT_FOUND),
        (RemoveReminder(task="bread", reminder="ring"), Code.NOT_FOUND),
        (AcknowledgeReminder(reminder="nowhere"), Code.NOT_FOUND),
        (SnoozeReminder(reminder="ring", duration="PT1M", into="ring"), Code.EXISTS),
    ],
)
def test_refusals(command: AddReminder | RemoveReminder | AcknowledgeReminder | SnoozeReminder, code: Code) -> None:
    """What is not there, is there already, or is in the trash."""
    assert reminded().refused(command).code is code


@pytest.mark.parametrize("actor", [VIEWER, COMMENTER])
def test_everybody_may_be_reminded(actor: str) -> None:
    """A reminder of one's own changes nothing for others; somebody else's needs an editor."""
    world = reminded()
    world.given(AddReminder(task="milk", reminder="own", trigger=DAY), actor=actor)
    world.given(AcknowledgeReminder(reminder="own"), actor=actor)
    assert world.refused(AcknowledgeReminder(reminder="ring"), actor).code is Code.FORBIDDEN
    assert world.refused(AddReminder(task="milk", reminder="x", trigger=DAY, user=ADMIN), actor).code is Code.FORBIDDEN
    assert world.refused(Undo(position=world.log[0].position), actor).code is not Code.INTERNAL


def test_those_that_are_over_are_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answered ones leave room for others; but not for any number of them."""
    monkeypatch.setattr(limits, "REMINDERS_PER_TASK", 2)
    monkeypatch.setattr(limits, "REMINDERS_KEPT_PER_TASK", 5)
    world = reminded()
    world.given(AddReminder(task="milk", reminder="second", trigger=DAY))
    assert world.refused(AddReminder(task="milk", reminder="more", trigger=DAY)).code is Code.LIMIT
    world.given(SnoozeReminder(reminder="ring", duration="PT10M", into="again"))
    world.given(AcknowledgeReminder(reminder="again"), AddReminder(task="milk", reminder="more", trigger=DAY))
    world.given(SnoozeReminder(reminder="more", duration="PT10M", into="later"))
    refusal = world.refused(SnoozeReminder(reminder="later", duration="PT10M", into="latest"))
    assert (refusal.code, "those that are over" in refusal.detail) == (Code.LIMIT, True)


def test_not_too_many() -> None:
    """A task has so many at most, also when one comes back by undo."""
    world = reminded()
    removed = world.accepted(RemoveReminder(task="milk", reminder="ring"))
    for number in range(limits.REMINDERS_PER_TASK):
        world.given(AddReminder(task="milk", reminder=f"r{number}", trigger=DAY))
    assert world.refused(AddReminder(task="milk", reminder="more", trigger=DAY)).code is Code.LIMIT
    assert world.refused(Undo(position=removed[0].position)).code is Code.LIMIT
