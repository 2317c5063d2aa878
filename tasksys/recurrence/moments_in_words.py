"""Dates and times of day as people write them: `1 May 2026`, `May 1st`, `2026-05-01`; `9am`, `17:30`, `noon`."""

import re
from datetime import date, time, timedelta
from typing import Final

from tasksys.recurrence import bounds
from tasksys.recurrence.cursor import TIMES, Cursor, Misread
from tasksys.recurrence.vocabulary import MONTHS, TIMES_OF_DAY

CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
DAY_OF_MONTH: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?", re.ASCII)


def read_time(words: Cursor, bare: bool = False) -> tuple[time, bool] | None:
    """A time of day, and whether seconds were given. A bare number of an hour counts where `bare` says so."""
    hour = words.one(TIMES_OF_DAY)
    if hour is not None:
        return time(hour), False
    position, text = words.position, words.word()
    if words.word(1) in TIMES:
        return None
    matched = CLOCK.fullmatch(text) or re.fullmatch(r"(\d{1,2})()()", text, re.ASCII)
    if matched is None:
        return None
    half = {"am": 0, "a": 0, "pm": 12, "p": 12}.get(words.word(1).replace(".", ""))
    if half is None and ":" not in text and not bare:
        return None
    words.place += 1 if half is None else 2
    hour = int(matched[1])
    if half is not None:
        if not 1 <= hour <= 12:
            raise Misread(position, "an hour before am or pm is 1 to 12")
        hour = hour % 12 + half
    try:
        return time(hour, int(matched[2] or 0), int(matched[3] or 0)), bool(matched[3])
    except ValueError:
        raise Misread(position, "give a time such as 9am, 9:30pm or 17:00") from None


def read_day_of_month(words: Cursor) -> int | None:
    """`1` or `1st`, 1 to 31."""
    matched = DAY_OF_MONTH.fullmatch(words.word())
    if matched is None or not 1 <= int(matched[1]) <= 31:
        return None
    words.place += 1
    return int(matched[1])


def read_month_and_day(words: Cursor) -> tuple[int, int] | None:
    """`1 may`, `1st of may`, `may 1st`, `may the 1st` as month and day. A day that no such month has is refused."""
    position = words.position
    found = words.attempt(lambda: _day_month(words)) or words.attempt(lambda: _month_day(words))
    if found is not None:
        _dated(2000, found[0], found[1], position)
    return found


def _day_month(words: Cursor) -> tuple[int, int] | None:
    words.take("the")
    day = read_day_of_month(words)
    words.take("of")
    month = words.one(MONTHS)
    return None if day is None or month is None else (month, day)


def _month_day(words: Cursor) -> tuple[int, int] | None:
    month = words.one(MONTHS)
    words.take("the")
    day = None if words.word(1) in ("am", "pm") else read_day_of_month(words)
    return None if month is None or day is None else (month, day)


def read_date(words: Cursor, today: date) -> date:
    """A date; without its year the next such one, today included. Misread if there is none."""
    position = words.position
    iso = ISO.fullmatch(words.word())
    if iso:
        words.place += 1
        return _dated(int(iso[1]), int(iso[2]), int(iso[3]), position)
    if words.take("today"):
        return today
    if words.take("tomorrow"):
        return min(today, date(bounds.LAST_YEAR, 12, 30)) + timedelta(days=1)
    found = read_month_and_day(words)
    if found is None:
        raise Misread(position, "give a date such as 1 May 2026, May 1 or 2026-05-01")
    words.attempt(lambda: (words.take(",") and len(words.word()) == 4) or None)
    if len(words.word()) == 4 and words.word().isdecimal():
        year = int(words.word())
        words.place += 1
        return _dated(year, *found, position)
    for year in range(today.year, today.year + 9):
        if _is_date(year, *found) and date(year, *found) >= today:
            return date(year, *found)
    raise Misread(position, "there is no such date any more")


def _dated(year: int, month: int, day: int, position: int) -> date:
    if not _is_date(year, month, day):
        raise Misread(position, "there is no such date; give one such as 1 May 2026 or 2026-05-01")
    return date(year, month, day)


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return bounds.FIRST_YEAR <= year <= bounds.LAST_YEAR
