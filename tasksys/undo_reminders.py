"""Undo of what was done with reminders. What only follows from their task comes right with the task."""

from typing import assert_never

from tasksys import checks, places, reminders, tasks
from tasksys.commands import CommandRecord
from tasksys.events import (
    Fact,
    ReminderAcknowledged,
    ReminderAdded,
    ReminderCancelled,
    ReminderRemoved,
    ReminderRestored,
    ReminderReturned,
    ReminderSnoozed,
)
from tasksys.refusals import Refusal, conflict
from tasksys.rows import Reminder, Task
from tasksys.state import State
from tasksys.values import ReminderState, Role

Compensable = (
    ReminderAdded
    | ReminderRemoved
    | ReminderRestored
    | ReminderCancelled
    | ReminderAcknowledged
    | ReminderSnoozed
    | ReminderReturned
)
"""What undo answers with an event of its own."""


def compensate(event: Compensable, task: Task | Refusal, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The opposite of an event on a reminder of the task, or why it stands.

    A cancelled one whose time has passed meanwhile stays cancelled, as when its task is opened again.
    """
    if isinstance(task, Refusal):
        return task
    actor = record.actor
    named = event.reminder.id if isinstance(event, ReminderRemoved | ReminderRestored) else event.reminder
    reminder = state.reminder(named)
    user = event.reminder.user if isinstance(event, ReminderRemoved) else reminder.user if reminder else actor
    if refusal := checks.allowed(state, actor, Role.VIEWER) or reminders.others(user, actor, state):
        return refusal
    if isinstance(event, ReminderRemoved):
        if reminder is not None:
            return conflict("The reminder")
        if places.in_trash(task, state):
            return tasks.trashed(task)
        return reminders.full(task, state) or [Fact(ReminderRestored(event.reminder), task.id)]
    if reminder is None:
        return [] if isinstance(event, ReminderCancelled) else conflict("The reminder")
    match event:
        case ReminderAdded():
            answered = event.snoozed_from is not None and reminder.state is not ReminderState.PENDING
            return conflict("The reminder") if answered else [Fact(ReminderRemoved(reminder), task.id)]
        case ReminderRestored():
            return [Fact(ReminderRemoved(reminder), task.id)]
        case ReminderCancelled() if reminder.state is not ReminderState.CANCELLED or _past(event, reminder, record.at):
            return []
        case ReminderCancelled() | ReminderAcknowledged() | ReminderSnoozed() | ReminderReturned():
            if reminder.state is not reminders.state_after(event):
                return conflict("The reminder")
            return [Fact(_returned(reminder, event.state_before), task.id)]
        case _:
            assert_never(event)


def _past(event: ReminderCancelled, reminder: Reminder, at: str) -> bool:
    """True if it was waiting for a time that has passed."""
    due = reminder.scheduled_for
    return event.state_before is ReminderState.PENDING and due is not None and due <= at


def _returned(reminder: Reminder, state: ReminderState) -> ReminderReturned:
    waits_for = reminder.scheduled_for if state is ReminderState.PENDING else None
    return ReminderReturned(reminder.id, reminder.state, state, waits_for)
