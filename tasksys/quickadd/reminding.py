"""Reminders: `remind me 30 minutes before`, `remind 1d before start`, `remind me tomorrow at 8:30`."""

from typing import Final

from tasksys.durations import MOST_DAYS
from tasksys.quickadd.clock import Length, read_length
from tasksys.quickadd.days import Here
from tasksys.quickadd.moments import read_said
from tasksys.quickadd.readings import At, Before, Kind, Reading
from tasksys.quickadd.words import COUPLING, Line
from tasksys.values import Of

REMIND: Final = ("remind me", "remind", "reminder")
SPELLED: Final = {"m": "PT{}M", "h": "PT{}H", "d": "P{}D", "w": "P{}W"}
MINUTES: Final = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}


def read_reminder(line: Line, place: int, here: Here) -> Reading | None:
    """What is to be told of, and when; "remind me to call" is what is to be done."""
    start = line.begins(place, *REMIND)
    if start is None or not line.joined(start):
        return None
    return _before(line, place, start) or _at(line, place, start, here)


def _before(line: Line, place: int, start: int) -> Reading | None:
    lengths, end = list[Length](), start
    while (found := _length_before(line, start)) is not None:
        lengths.append(found[0])
        end, start = found[1], line.passed(found[1], *COUPLING)
    if not lengths:
        return None
    begins = line.passed(end, "the start", "start", "it starts")
    if begins > end:
        return Reading(Kind.REMINDER, place, begins, Before(tuple(lengths), Of.START))
    due = line.passed(end, "it is due", "it's due", "due")
    return Reading(Kind.REMINDER, place, due, Before(tuple(lengths), Of.DUE))


def _length_before(line: Line, place: int) -> tuple[Length, int] | None:
    """`30 minutes before`."""
    found = read_length(line, place)
    if found is None or not _possible(found[0]) or not line.joined(found[1]):
        return None
    end = line.begins(found[1], "before", "earlier")
    return None if end is None else (found[0], end)


def _at(line: Line, place: int, start: int, here: Here) -> Reading | None:
    said = read_said(line, start, here)
    if said is None or said.moment.at is None:
        return None
    end = line.passed(said.end, "to") if place == 0 else said.end  # "Remind me at 8:30 to call Anna"
    return Reading(Kind.REMINDER, place, end, At(said.moment), certain=end > said.end)


def _possible(length: Length) -> bool:
    number, unit = length
    return unit in MINUTES and 0 < number * MINUTES[unit] <= MOST_DAYS * MINUTES["d"]


def spelled(length: Length) -> str:
    """A length as ISO 8601 has it: 30 minutes are `PT30M`, a day is `P1D`."""
    return SPELLED[length[1]].format(length[0])
