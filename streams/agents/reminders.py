"""The agent of reminders: which of them fire next, and when."""

from typing import Final, assert_never

from streams.agents.timeline import Armed, Kind
from tasksys import codec
from tasksys.commands import FireReminder, SettleReminder
from tasksys.events import (
    OF_REMINDERS,
    EventRecord,
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
from tasksys.reminders import ReminderEvent


def armed(record: EventRecord) -> Armed:
    """The instant that the reminder waits for after the event, if it waits for one."""
    event = codec.event(record)
    assert isinstance(event, ReminderEvent)
    if isinstance(event, ReminderRemoved | ReminderRestored):
        return Armed(event.reminder.id, waits_for(event))
    return Armed(event.reminder, waits_for(event))


def waits_for(event: ReminderEvent) -> str | None:
    """The instant that the reminder waits for after the event; None if it waits for none."""
    match event:
        case ReminderAdded() | ReminderReturned():
            return event.scheduled_for
        case ReminderRestored():
            return event.reminder.scheduled_for if event.reminder.armed else None
        case ReminderRescheduled():
            return event.after
        case ReminderFired():
            return event.next
        case ReminderRemoved() | ReminderExpired() | ReminderCancelled() | ReminderAcknowledged() | ReminderSnoozed():
            return None
        case _:
            assert_never(event)


REMINDERS: Final = Kind(
    agent="reminders",
    reads=OF_REMINDERS,
    armed=armed,
    due=lambda name, due: FireReminder(id=f"fire-{name}", reminder=due.name, scheduled_for=due.at),
    look=lambda name, reminder: SettleReminder(id=f"reminder-{name}", reminder=reminder),
)
