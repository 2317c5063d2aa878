"""When reminders fire: by their task's values, at their time, again, late or not at all.

What a change of a task means for its reminders is recorded beside it, as events of the same command (`settle`), so the
state never says one thing of a task and another of its reminders.
"""

from datetime import datetime, timedelta
from typing import Final

from tasksys import deliveries, durations, places, preferences
from tasksys.commands import CommandRecord, FireReminder, SettleReminder
from tasksys.events import Fact, ReminderCancelled, ReminderExpired, ReminderFired, ReminderRescheduled
from tasksys.refusals import Code, Refusal
from tasksys.rows import Reminder, Task
from tasksys.state import State
from tasksys.values import CATCH_UP, CLOCK, CLOSED, Of, ReminderState, Trigger, instant

Settled = ReminderCancelled | ReminderRescheduled | ReminderExpired

SHOWN: Final = (ReminderState.PENDING, ReminderState.FIRED)
"""What can still be answered, or withdrawn."""


def schedule(trigger: Trigger, task: Task, user: str, state: State) -> str | None:
    """The instant at which a reminder of the task fires for the user; None while the task has no such value.

    Floating times and dates are those of the user's zone, or else the workspace's; a date begins at the user's hour, or
    else at the workspace's, or else at midnight.
    """
    if trigger.at is not None:
        return trigger.at
    when = task.due if trigger.of is Of.DUE else task.start
    if when is None or trigger.before is None or state.workspace is None:
        return None
    wanted = preferences.of(user, state)
    zone, hour = preferences.zone(wanted, state), preferences.hour(wanted, state)
    return instant(durations.before(when, durations.parse(trigger.before), zone, hour))


def settle(task: Task, state: State, at: str) -> list[Fact]:
    """What follows for its reminders from how the task is now; nothing, if they are so already."""
    facts = []
    for reminder in state.reminders(task.id):
        change = _settled(reminder, task, state, at)
        if change is not None:
            facts.append(Fact(change, task.id))
    return facts


def _settled(reminder: Reminder, task: Task, state: State, at: str) -> Settled | None:
    over_with = task.status.value if task.status in CLOSED else "trashed" if task.trashed_at else None
    if over_with is not None:
        cancelled = ReminderCancelled(reminder.id, reminder.state, over_with)
        return cancelled if reminder.state in SHOWN else None
    if reminder.state is ReminderState.SNOOZED:
        return None
    wanted = schedule(reminder.trigger, task, reminder.user, state)
    if reminder.state is ReminderState.CANCELLED:
        open_again = wanted is None or wanted > at
        rescheduled = ReminderRescheduled(reminder.id, reminder.state, reminder.scheduled_for, wanted)
        return rescheduled if open_again else None
    if wanted == reminder.basis:
        return None
    if wanted is not None and wanted <= at:
        return ReminderExpired(reminder.id, reminder.state, wanted) if reminder.state in SHOWN else None
    if wanted is None and reminder.state is not ReminderState.PENDING:
        return None
    return ReminderRescheduled(reminder.id, reminder.state, reminder.scheduled_for, wanted)


def decide(command: FireReminder | SettleReminder, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The events of what the clock, and nobody else, commands."""
    if record.actor != CLOCK:
        return Refusal(Code.FORBIDDEN, "Reminders fire by themselves; add one with the time that you want.")
    if isinstance(command, FireReminder):
        return _fire(command, record, state)
    reminder = state.reminder(command.reminder)
    task = state.task(reminder.task) if reminder is not None else None
    if reminder is None or task is None:
        return []
    change = _settled(reminder, task, state, record.at)
    return [Fact(change, task.id)] if change is not None else []


def _fire(command: FireReminder, record: CommandRecord, state: State) -> list[Fact]:
    """What becomes of a reminder whose time has come; nothing if it is another time's by now."""
    reminder = state.reminder(command.reminder)
    if reminder is None or not reminder.armed or reminder.scheduled_for != command.scheduled_for:
        return []
    task, left = state.task(reminder.task), state.member(reminder.user) is None
    if left or task is None or places.in_trash(task, state):
        reason = "left" if left else "trashed"
        return [Fact(ReminderCancelled(reminder.id, reminder.state, reason), reminder.task)]
    now, due = datetime.fromisoformat(record.at), datetime.fromisoformat(command.scheduled_for)
    late = max(0, int((now - due).total_seconds()))
    if now - due > _catch_up(state):
        return [Fact(ReminderExpired(reminder.id, reminder.state, command.scheduled_for, late), reminder.task)]
    planned, following = deliveries.planned(reminder, record.at, state), _following(reminder, now, state)
    fired = ReminderFired(reminder.id, reminder.state, command.scheduled_for, late, *following, planned)
    return [Fact(fired, reminder.task)]


def _catch_up(state: State) -> timedelta:
    """A reminder that could not fire for longer than this expires, which is recorded too."""
    return durations.length(durations.parse(state.workspace.catch_up if state.workspace else CATCH_UP))


def _following(reminder: Reminder, now: datetime, state: State) -> tuple[str | None, int]:
    """When it fires again, and how often then: what an outage has missed is not made up for in a burst.

    Each time is counted from the first one, so that days keep their wall time where one of them does not have it.
    """
    if reminder.repeat is None or reminder.basis is None:
        return None, 0
    first, every = datetime.fromisoformat(reminder.basis), durations.parse(reminder.repeat.every)
    zone = preferences.zone(preferences.of(reminder.user, state), state)
    for left in range(reminder.left - 1, -1, -1):
        times = reminder.repeat.times - left
        try:
            at = durations.after(first, durations.Duration(every.days * times, every.seconds * times), zone)
        except OverflowError:
            break
        if at > now:
            return instant(at), left
    return None, 0
