"""Times of day, lengths of time and the words around them: `9am`, `at 9`, `17:00`, `noon`; `2h`, `30 minutes`."""

import re
from datetime import time
from typing import Final

from tasksys.quickadd.words import Line
from tasksys.recurrence.vocabulary import NUMBERS

CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?(am|pm|a\.m\.?|p\.m\.?)?", re.ASCII)
HALVES: Final = {"am": 0, "a.m": 0, "a.m.": 0, "pm": 12, "p.m": 12, "p.m.": 12}
EVENING: Final = 5
"""From this hour on up to 11, an hour of the evening is one after noon; another one is none of it."""

PARTS: Final = {"morning": 0, "afternoon": 1, "evening": EVENING, "night": EVENING}
"""Parts of the day, and from which hour on up to 11 twelve more are meant; 0 for none."""

COMPACT: Final = re.compile(r"(\d{1,5})(m|min|mins|h|hr|hrs|d|w)", re.ASCII)
HOURS: Final = re.compile(r"(\d{1,5})h(\d{1,2})(?:m|min)?", re.ASCII)
UNITS: Final = {
    word: unit
    for unit, words in {
        "m": "m min mins minute minutes", "h": "h hr hrs hour hours", "d": "d day days", "w": "w week weeks",
        "M": "month months", "Y": "year years",
    }.items()
    for word in words.split()
}  # fmt: skip
Length = tuple[int, str]
"""A number of a unit: m, h, d or w, and M and Y for months and years."""


def read_time(line: Line, place: int, *, said: bool, beside: bool = False) -> tuple[time, int] | None:
    """A time of day that begins there, and the place behind it.

    `said` is behind "at", where `9` is a time, too, and `beside` next to a date. Alone, `9:30` is none behind a name:
    it could be a verse or a score.
    """
    word = line.at(place)
    if word in ("noon", "midday"):
        return (time(12), place + 1) if said or beside else None
    matched = CLOCK.fullmatch(word)
    if matched is None:
        return None
    half, end = HALVES.get(matched[3]), place + 1
    if half is None and (after := HALVES.get(line.then(end))) is not None:
        half, end = after, end + 1
    if half is None and matched[2] is None:
        if not said or line.then(end) in UNITS:
            return None
        end = line.passed(end, "o'clock")
    if half is None and matched[2] is not None and not (said or beside) and not _stands_alone(line, place):
        return None
    hour, minute = int(matched[1]), int(matched[2] or 0)
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + half
    return (time(hour, minute), end) if hour < 24 and minute < 60 else None


def _stands_alone(line: Line, place: int) -> bool:
    """True for `17:00` and `09:30`, and for `9:30` unless a name is in front of it."""
    return len(line.raw(place)) == len("17:00") or place == 0 or not line.raw(place - 1)[:1].isupper()


def read_part(line: Line, place: int) -> tuple[int, int]:
    """The hour that the part of the day which comes next has in `PARTS`, 0 if none comes, and the place behind it."""
    at = line.passed(place, "in the")
    part = PARTS.get(line.then(at))
    return (0, place) if part is None else (part, at + 1)


def in_part(at: time, first: int) -> time:
    """The time as it is meant in a part of the day: in the evening, 8 is 20:00."""
    return at.replace(hour=at.hour + 12) if first and first <= at.hour < 12 else at


def read_length(line: Line, place: int) -> tuple[Length, int] | None:
    """`30m`, `2 hours`, `a week`, `half an hour`: the length, and the place behind it."""
    half = line.begins(place, "half an hour", "half hour")
    if half is not None:
        return (30, "m"), half
    word = line.at(place)
    if (compact := COMPACT.fullmatch(word)) is not None:
        return (int(compact[1]), UNITS[compact[2]]), place + 1
    number = int(word) if re.fullmatch(r"\d{1,5}", word, re.ASCII) else NUMBERS.get(word)
    unit = UNITS.get(line.then(place + 1))
    return None if number is None or unit is None else ((number, unit), place + 2)


def compact_minutes(text: str) -> int | None:
    """The minutes of `30m`, `2h`, `1h30` or `90min`; None for anything else."""
    if (both := HOURS.fullmatch(text)) is not None:
        return int(both[1]) * 60 + int(both[2])
    found = COMPACT.fullmatch(text)
    if found is None or UNITS[found[2]] not in ("m", "h"):
        return None
    return int(found[1]) * (60 if UNITS[found[2]] == "h" else 1)
