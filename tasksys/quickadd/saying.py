"""What was understood, in words: "Friday 27 November 2026 at 09:00", "30 minutes before it is due"."""

from datetime import date, datetime
from typing import Final

from tasksys.quickadd.clock import Length
from tasksys.recurrence.vocabulary import MONTH_NAMES, WEEKDAY_NAMES
from tasksys.values import When

UNIT_NAMES: Final = {"m": "minute", "h": "hour", "d": "day", "w": "week"}


def said_when(when: When) -> str:
    """A start or due value."""
    if when.date is not None:
        return said_day(date.fromisoformat(when.date))
    assert when.local is not None
    local = datetime.fromisoformat(when.local)
    zone = "" if when.zone is None else f" ({when.zone})"
    return f"{said_day(local.date())} at {local:%H:%M}{zone}"


def said_day(day: date) -> str:
    """A day with its weekday."""
    return f"{WEEKDAY_NAMES[day.weekday()]} {day.day} {MONTH_NAMES[day.month - 1]} {day.year}"


def said_length(length: Length) -> str:
    """`30 minutes`, `1 day`."""
    number, unit = length
    return f"{number} {UNIT_NAMES[unit]}{'' if number == 1 else 's'}"


def said_minutes(minutes: int) -> str:
    """Minutes as hours and minutes."""
    hours, rest = divmod(minutes, 60)
    parts = ([said_length((hours, "h"))] if hours else []) + ([said_length((rest, "m"))] if rest or not hours else [])
    return " ".join(parts)
