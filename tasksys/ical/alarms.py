"""Reminders as VALARMs and back (RFC 5545, 3.6.6, with ACKNOWLEDGED and UID of RFC 9074).

A relative reminder is before (or after) the start or the due value of its task: `TRIGGER;RELATED=START` or `END`.
"""

import re
from datetime import datetime, timedelta
from typing import Final

from icalendar import Alarm as VAlarm

from tasksys import durations, limits
from tasksys.ical.lines import Component, Property
from tasksys.ical.times import moment, moment_spelled
from tasksys.ical.todo import Alarm
from tasksys.ical.writing import put
from tasksys.rows import Reminder
from tasksys.values import Instant, Of, ReminderState, Repeat, Trigger, instant, pattern_of

RELATED: Final = {Of.START: "START", Of.DUE: "END"}
QUIET: Final = (ReminderState.ACKNOWLEDGED, ReminderState.SNOOZED, ReminderState.EXPIRED)
"""Those whose time has come and gone."""

INSTANT: Final = pattern_of(Instant)
EXACTLY: Final = "X-TASKSYS-AT"
"""The parameter that has an instant with its milliseconds, where it is not of a whole second."""

CHANNEL: Final = "X-TASKSYS-CHANNEL"
"""A channel of the reminder's own, by its name."""

UNREGULAR: Final = re.compile(r"T(\d+H)(\d+S)")


def written(reminder: Reminder, title: str, related: dict[Of, str]) -> VAlarm | None:
    """The VALARM of a reminder; None where a calendar has nothing that it could be before: see `related`."""
    made = VAlarm()
    put(made, "UID", reminder.id)
    put(made, "ACTION", "DISPLAY")
    put(made, "DESCRIPTION", title)
    trigger = reminder.trigger
    if trigger.at is not None:
        exactly = {} if trigger.at.endswith(".000Z") else {EXACTLY: trigger.at}
        put(made, "TRIGGER", moment_spelled(trigger.at), {"VALUE": "DATE-TIME", **exactly}, raw=True)
    elif trigger.of in related and trigger.before is not None:
        put(made, "TRIGGER", negated(trigger.before), {"RELATED": related[trigger.of]}, raw=True)
    else:
        return None
    if reminder.repeat is not None:
        put(made, "REPEAT", str(reminder.repeat.times), raw=True)
        put(made, "DURATION", regular(reminder.repeat.every), raw=True)
    for channel in reminder.channels:
        put(made, CHANNEL, channel)
    if reminder.snoozed_from is not None:
        put(made, "RELATED-TO", reminder.snoozed_from, {"RELTYPE": "SNOOZE"})
    if reminder.state in QUIET:
        over = max(filter(None, (reminder.scheduled_for, reminder.fired_at, reminder.created_at)))
        put(made, "ACKNOWLEDGED", moment_spelled(over), raw=True)
    return made


def regular(text: str) -> str:
    """A duration as RFC 5545 spells it, where hours are never followed by seconds alone."""
    return UNREGULAR.sub(r"T\g<1>0M\g<2>", text)


def negated(text: str) -> str:
    """The opposite of a duration."""
    bare = regular(text.lstrip("+-"))
    return bare if text.startswith("-") else f"-{bare}"


def read(component: Component, number: int) -> Alarm:
    """The reminder that a VALARM of a to-do asks for; ValueError that says why it is none."""
    trigger = component.first("TRIGGER")
    if trigger is None:
        raise ValueError("it has no TRIGGER")
    meant = _trigger(trigger)
    told, uid = component.first("ACKNOWLEDGED"), component.first("UID") or component.first("X-WR-ALARMUID")
    return Alarm(
        line=component.line,
        id=uid.text if uid else str(number),
        trigger=meant,
        repeat=_repeat(component),
        over=told is not None and _over(meant, told),
        channels=tuple(one.text for one in component.all(CHANNEL)),
    )


def _trigger(found: Property) -> Trigger:
    text = found.value.strip().upper()
    if "P" not in text:
        at, exactly = moment(found), found.parameter(EXACTLY)
        return Trigger(at=exactly if exactly[:19] == at[:19] and INSTANT.fullmatch(exactly) else at)
    durations.parse(text)
    before = text.lstrip("+-") if text.startswith("-") else f"-{text.lstrip('+')}"
    if before[0] == "-" and durations.parse(before) == (0, 0):
        before = before[1:]
    related = found.parameter("RELATED", "START").upper()
    return Trigger(before=before, of=Of.DUE if related == "END" else Of.START)


def _repeat(component: Component) -> Repeat | None:
    times, every = component.first("REPEAT"), component.first("DURATION")
    if times is None or every is None or not times.value.strip().isascii() or not times.value.strip().isdigit():
        return None
    durations.parse(every.value.strip())
    count = min(int(times.value.strip()[:9]), limits.REMINDER_REPEATS)
    return Repeat(every.value.strip(), count) if count else None


def _over(meant: Trigger, told: Property) -> bool:
    """True if what was told is of a time at or after the alarm's own. Of a relative one, any is."""
    try:
        at = moment(told)
    except ValueError:
        return False
    if meant.at is None:
        return True
    # Files have whole seconds, which are earlier than what they are of.
    return instant(datetime.fromisoformat(at) + timedelta(seconds=1)) > meant.at
