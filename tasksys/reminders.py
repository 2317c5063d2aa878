"""Reminders: who adds, removes, snoozes and acknowledges them. When they fire is in `firing`."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from msgspec import UNSET, structs

from tasksys import checks, deliveries, durations, firing, limits, places, preferences, tasks
from tasksys.commands import (
    AcknowledgeReminder,
    AddReminder,
    CommandRecord,
    RemoveReminder,
    SnoozeReminder,
)
from tasksys.events import (
    Fact,
    ReminderAcknowledged,
    ReminderAdded,
    ReminderCancelled,
    ReminderExpired,
    ReminderFired,
    ReminderRemoved,
    ReminderRescheduled,
    ReminderRestored,
    ReminderReturned,
    ReminderSnoozed,
)
from tasksys.refusals import Code, Refusal, invalid, missing, over, sentence
from tasksys.rows import Reminder, Task, TaskReminders
from tasksys.stamp import Stamp
from tasksys.state import State
from tasksys.values import CLOSED, ReminderState, Role, Trigger, instant, require_instant

ReminderCommand = AddReminder | RemoveReminder | SnoozeReminder | AcknowledgeReminder
ReminderChange = (
    ReminderRescheduled
    | ReminderFired
    | ReminderExpired
    | ReminderCancelled
    | ReminderAcknowledged
    | ReminderSnoozed
    | ReminderReturned
)
ReminderEvent = ReminderAdded | ReminderRemoved | ReminderRestored | ReminderChange


def decide(command: ReminderCommand, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The events of a command on a reminder."""
    if refusal := checks.allowed(state, record.actor, Role.VIEWER):
        return refusal
    if isinstance(command, AddReminder):
        return _add(command, record, state)
    reminder = state.reminder(command.reminder)
    if reminder is None or (isinstance(command, RemoveReminder) and reminder.task != command.task):
        return missing("reminder", command.reminder)
    if refusal := others(reminder.user, record.actor, state):
        return refusal
    match command:
        case RemoveReminder():
            return [Fact(ReminderRemoved(reminder), reminder.task)]
        case AcknowledgeReminder():
            answered = [Fact(ReminderAcknowledged(reminder.id, reminder.state), reminder.task)]
            return answered if reminder.state in firing.SHOWN else []
        case SnoozeReminder():
            return _snooze(command, record, reminder, state)
        case _:
            assert_never(command)


def others(user: str, actor: str, state: State) -> Refusal | None:
    """Refuses who would meddle with somebody else's reminders and is no editor."""
    return None if user == actor else checks.allowed(state, actor, Role.EDITOR)


def _add(command: AddReminder, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    user = record.actor if command.user is UNSET else command.user
    if refusal := checks.identifier("/reminder", command.reminder) or others(user, record.actor, state):
        return refusal
    task = state.task(command.task)
    if task is None:
        return missing("task", command.task)
    if refusal := checks.stale("task", command.expected_version, task.version):
        return refusal
    if places.in_trash(task, state):
        return tasks.trashed(task)
    if task.status in CLOSED:
        return Refusal(Code.REMINDER_OVER, f"The task is {task.status.value}; reopen it first.")
    if state.member(user) is None:
        return invalid("/user", f"{user!r} is not a member of the workspace; add them first.")
    if state.reminder(command.reminder) is not None:
        return Refusal(Code.EXISTS, f"There is a reminder {command.reminder!r} already; choose another id.")
    trigger = _normal(command.trigger)
    if isinstance(trigger, Refusal):
        return trigger
    if refusal := (
        checks.repeat("/repeat", command.repeat)
        or preferences.unnamed(command.channels, user, state)
        or full(task, state)
    ):
        return refusal
    at = firing.schedule(trigger, task, user, state)
    if at is not None and at <= record.at:
        return invalid("/trigger", f"That is {at}, which has passed; give a later time.")
    channels = tuple(dict.fromkeys(command.channels))
    return [Fact(ReminderAdded(command.reminder, user, trigger, at, command.repeat, channels=channels), task.id)]


def by_default(task: Task, state: State, at: str) -> Iterator[Fact]:
    """The reminders that a new task gets by the preferences of those that it is for; what has passed is left out."""
    if task.status in CLOSED:
        return
    room = limits.REMINDERS_PER_TASK
    for reminder, user, trigger in islice(preferences.defaults(task, state), room):
        when = firing.schedule(trigger, task, user, state)
        if when is not None and when > at and state.reminder(reminder) is None:
            yield Fact(ReminderAdded(reminder, user, trigger, when, by_default=True), task.id)


def _normal(trigger: Trigger) -> Trigger | Refusal:
    """The trigger as it is stored."""
    if (trigger.at is None) == (trigger.before is None):
        return invalid("/trigger", 'Give either "at", an instant, or "before", a duration such as PT30M or P1D.')
    try:
        if trigger.at is not None:
            return Trigger(at=require_instant(trigger.at))
        durations.parse(trigger.before or "")
    except ValueError as error:
        return invalid("/trigger/at" if trigger.at is not None else "/trigger/before", sentence(error))
    return trigger


def full(task: Task, state: State, leaving: int = 0) -> Refusal | None:
    """Refuses one more reminder of a task that has as many as it may have, `leaving` of which are over with this."""
    kept = state.reminders(task.id)
    if len(kept) >= limits.REMINDERS_KEPT_PER_TASK:
        return over("/reminder", "reminders of one task, with those that are over,", limits.REMINDERS_KEPT_PER_TASK)
    if sum(one.state in firing.SHOWN for one in kept) - leaving >= limits.REMINDERS_PER_TASK:
        return over("/reminder", "reminders of one task", limits.REMINDERS_PER_TASK)
    return None


def _snooze(command: SnoozeReminder, record: CommandRecord, reminder: Reminder, state: State) -> list[Fact] | Refusal:
    if reminder.state not in firing.SHOWN:
        detail = f"The reminder is {reminder.state.value} already; add a new one instead."
        return Refusal(Code.REMINDER_OVER, detail)
    task = state.task(reminder.task)
    if refusal := checks.identifier("/into", command.into) or (task and full(task, state, 1)):
        return refusal
    if state.reminder(command.into) is not None:
        return Refusal(Code.EXISTS, f"There is a reminder {command.into!r} already; choose another id.")
    if (command.duration is None) == (command.until is None):
        return invalid("/duration", 'Give either "duration", such as PT10M, or "until", an instant.')
    try:
        until = _again(command, record.at, preferences.zone(preferences.of(reminder.user, state), state))
    except ValueError as error:
        return invalid("/until" if command.until is not None else "/duration", sentence(error))
    if until <= record.at:
        return invalid("/until" if command.until is not None else "/duration", "That has passed; give a later time.")
    again = ReminderAdded(command.into, reminder.user, Trigger(at=until), until, None, reminder.id, reminder.channels)
    snoozed = ReminderSnoozed(reminder.id, reminder.state, command.into)
    return [Fact(snoozed, reminder.task), Fact(again, reminder.task)]


def _again(command: SnoozeReminder, at: str, zone: ZoneInfo) -> str:
    """When a snoozed reminder fires again, for a user in that zone. ValueError that says what to give instead."""
    if command.until is not None:
        return require_instant(command.until)
    try:
        return instant(durations.after(datetime.fromisoformat(at), durations.parse(command.duration or ""), zone))
    except OverflowError:
        raise ValueError("the calendar ends before that; give a shorter duration") from None


def state_after(event: ReminderChange) -> ReminderState:
    """The state that the event gives a reminder."""
    match event:
        case ReminderRescheduled():
            return ReminderState.PENDING
        case ReminderFired():
            return ReminderState.FIRED
        case ReminderExpired():
            return ReminderState.EXPIRED
        case ReminderCancelled():
            return ReminderState.CANCELLED
        case ReminderAcknowledged():
            return ReminderState.ACKNOWLEDGED
        case ReminderSnoozed():
            return ReminderState.SNOOZED
        case ReminderReturned():
            return event.state
        case _:
            assert_never(event)


def evolve(event: ReminderEvent, task: str, state: State, stamp: Stamp) -> None:
    """Records an event on a reminder."""
    if isinstance(event, ReminderAdded | ReminderRestored):
        added = _added(event, task, stamp) if isinstance(event, ReminderAdded) else event.reminder
        named = state.get(TaskReminders, task)
        state.put(structs.replace(added, position=stamp.position, shown=()))
        state.put(TaskReminders(task, (*(named.reminders if named else ()), added.id)))
        return
    if isinstance(event, ReminderRemoved):
        named = state.get(TaskReminders, task)
        assert named is not None
        left = tuple(one for one in named.reminders if one != event.reminder.id)
        removed = state.reminder(event.reminder.id)
        if removed is not None:
            deliveries.closed(removed, False, state, stamp)
        state.delete(Reminder, event.reminder.id)
        if left:
            state.put(TaskReminders(task, left))
        else:
            state.delete(TaskReminders, task)
        return
    reminder = state.reminder(event.reminder)
    assert reminder is not None
    changed = structs.replace(_changed(event, reminder, stamp), position=stamp.position)
    if isinstance(event, ReminderFired):
        if deliveries.fired(event, reminder, state, stamp):
            shown = (*reminder.shown, event.scheduled_for)
            changed = structs.replace(changed, shown=shown, fired_for=event.scheduled_for)
    elif reminder.shown:
        deliveries.closed(reminder, isinstance(event, ANSWERS), state, stamp)
        changed = structs.replace(changed, shown=())
    state.put(changed)


ANSWERS: Final = (ReminderAcknowledged, ReminderSnoozed)
"""What tells that the user has seen a reminder."""


def _added(event: ReminderAdded, task: str, stamp: Stamp) -> Reminder:
    return Reminder(
        id=event.reminder,
        task=task,
        user=event.user,
        trigger=event.trigger,
        created_at=stamp.at,
        repeat=event.repeat,
        armed=event.scheduled_for is not None,
        scheduled_for=event.scheduled_for,
        basis=event.scheduled_for,
        left=event.repeat.times if event.repeat else 0,
        snoozed_from=event.snoozed_from,
        channels=event.channels,
    )


def _changed(event: ReminderChange, reminder: Reminder, stamp: Stamp) -> Reminder:
    reminder = structs.replace(reminder, state=state_after(event), armed=False)
    match event:
        case ReminderRescheduled():
            left = reminder.repeat.times if reminder.repeat else 0
            armed = event.after is not None
            return structs.replace(reminder, armed=armed, scheduled_for=event.after, basis=event.after, left=left)
        case ReminderFired():
            return structs.replace(
                reminder,
                armed=event.next is not None,
                scheduled_for=event.next or event.scheduled_for,
                fired_at=stamp.at,
                late_by_seconds=event.late_by_seconds,
                left=event.left,
            )
        case ReminderExpired():
            when, late = event.scheduled_for, event.late_by_seconds
            return structs.replace(reminder, scheduled_for=when, basis=when, late_by_seconds=late)
        case ReminderReturned():
            return structs.replace(reminder, armed=event.scheduled_for is not None)
        case ReminderCancelled() | ReminderAcknowledged() | ReminderSnoozed():
            return reminder
        case _:
            assert_never(event)
