"""Tasks as VEVENTs, for programs that show no to-dos: one that is due is an event at that time.

A date is an all-day event. A time is an event of as long as the estimate says, or of half an hour. What is done or
cancelled is there too, marked so that it takes no time of the day.
"""

from contextlib import suppress
from typing import Final

from icalendar import Event
from msgspec import structs

from tasksys import durations
from tasksys.ical import alarms, todos
from tasksys.ical.times import moment_spelled
from tasksys.ical.todo import PRIORITIES
from tasksys.ical.todos import Whole
from tasksys.ical.uids import uid
from tasksys.ical.writing import put
from tasksys.rows import Reminder
from tasksys.series.spans import later
from tasksys.values import CLOSED, UTC, Of, Status, Trigger, zone_or

MINUTES: Final = 30
"""How long an event is whose task has no estimate."""

MARKS: Final = {Status.DONE: "✓ ", Status.CANCELLED: "✗ ", Status.SKIPPED: "✗ ", Status.MISSED: "✗ "}


def event(whole: Whole, workspace: str, user: str) -> Event | None:
    """The VEVENT of a task; None if it is not due at any time."""
    task = whole.task
    if task.due is None:
        return None
    made = Event()
    put(made, "UID", uid(workspace, task.id, "events.tasksys"))
    stamp = moment_spelled(task.updated_at or task.created_at)
    for name, at in (("DTSTAMP", stamp), ("CREATED", moment_spelled(task.created_at)), ("LAST-MODIFIED", stamp)):
        put(made, name, at, raw=True)
    put(made, "SEQUENCE", str(task.version), raw=True)
    put(made, "SUMMARY", MARKS.get(task.status, "") + task.title)
    if task.description:
        put(made, "DESCRIPTION", task.description)
    todos.categories(made, task)
    put(made, "PRIORITY", str(PRIORITIES[task.priority]), raw=True)
    todos.value(made, "DTSTART", task.due)
    if task.due.date is None:
        with suppress(ValueError):  # at the end of the calendar
            lasts = durations.Duration(0, 60 * (task.estimate_minutes or MINUTES))
            ends = later(task.due, lasts, zone_or(task.due.zone, UTC))
            todos.value(made, "DTEND", ends)
    put(
        made,
        "STATUS",
        "CANCELLED" if task.status in CLOSED and task.status is not Status.DONE else "CONFIRMED",
        raw=True,
    )
    free = task.status in CLOSED or task.due.date is not None
    put(made, "TRANSP", "TRANSPARENT" if free else "OPAQUE", raw=True)
    for one in whole.reminders:
        alarm = alarms.written(_at(one), task.title, {Of.DUE: "START"}) if one.user == user else None
        if alarm is not None and task.status not in CLOSED:
            made.add_component(alarm)
    return made


def _at(reminder: Reminder) -> Reminder:
    """The reminder; one before the start at its instant, for the event begins when the task is due."""
    if reminder.trigger.of is Of.START and reminder.trigger.at is None and reminder.scheduled_for is not None:
        return structs.replace(reminder, trigger=Trigger(at=reminder.scheduled_for))
    return reminder
