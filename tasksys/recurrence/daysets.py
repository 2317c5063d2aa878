"""The days that an explicit rule picks from a year, a month or a week (the table of RFC 5545, 3.3.10).

A part that limits and a part that expands are the same here: of all days of the period, those that satisfy every part.
Only SKIP (RFC 7529, 4.1) needs days that are not there: BYMONTHDAY then expands, and what a month lacks is moved before
BYDAY is looked at. Counted from the end nothing is moved. A year's days depend on its length and first weekday and,
for weeks, on its neighbours' lengths: twenty-eight kinds of years stand for all.

A date belongs to the calendar year it lies in, also for BYWEEKNO: 30 December 2024 is in week 1, and in the year 2024.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import Final

from tasksys.recurrence.rule import ByDay, Frequency, Rule, Skip

COMMON: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
LEAP: Final = (31, 29, *COMMON[2:])
CALENDAR_CYCLE: Final = 400
"""Years after which leap years and weekdays repeat."""


def days_of_year(rule: Rule, year: int) -> tuple[int, tuple[int, ...]]:
    """The ordinal of 1 January, and the picked days counted from it."""
    first = date(year, 1, 1).toordinal()
    return first, _year(rule, (_length(year - 1), _length(year), _length(year + 1)), (first - 1) % 7)


def days_of_month(rule: Rule, year: int, month: int) -> list[int]:
    """The ordinals of the month's picked days; with SKIP=FORWARD the first of the next month may be among them."""
    if rule.by_month and month not in rule.by_month:
        return []
    first = date(year, month, 1).toordinal()
    length = (LEAP if _length(year) == 366 else COMMON)[month - 1]
    return [first + day for day in _month(rule, length, (first - 1) % 7)]


def days_of_week(rule: Rule, first: int) -> list[int]:
    """The ordinals of the picked days of the week that begins at an ordinal."""
    days = sorted(first + (day.weekday - rule.week_start) % 7 for day in rule.by_day)
    return [day for day in days if date.fromordinal(day).month in rule.by_month] if rule.by_month else days


def limits_days(rule: Rule) -> bool:
    """True if a daily or finer rule does not take every day."""
    return bool(rule.by_month or rule.by_month_day or rule.by_year_day or rule.by_day)


def next_day(rule: Rule, day: int) -> int | None:
    """For a daily or finer rule that limits days: the first picked ordinal from a day on; None if there is none."""
    year = date.fromordinal(day).year
    for later in range(year, min(year + CALENDAR_CYCLE, date.max.year) + 1):
        first, days = days_of_year(rule, later)
        place = bisect_left(days, day - first)
        if place < len(days):
            return first + days[place]
    return None


@lru_cache(maxsize=2048)
def _year(rule: Rule, lengths: tuple[int, int, int], first_weekday: int) -> tuple[int, ...]:
    """The picked days, counted from 0, of a year with this first weekday, its length between its neighbours'."""
    length = lengths[1]
    months = _months(LEAP if length == 366 else COMMON)
    wanted = [months[month - 1] for month in rule.by_month] or months
    days: Iterable[int] = (day for first, size in wanted for day in range(first, first + size))
    if rule.by_month_day:
        expands = not (rule.by_year_day or rule.by_week_no)
        days = [day for first, size in wanted for day in _month_days(rule, first, size, moved=expands)]
    if rule.by_year_day:
        days = set(_within(rule.by_year_day, 0, length)).intersection(days)
    if rule.by_week_no:
        days = set(_week_days(rule, lengths, first_weekday)).intersection(days)
    if rule.by_day:
        spans = wanted if rule.by_month else [(0, length)]
        days = [day for day in days if _is_by_day(rule.by_day, day, first_weekday, spans)]
    return tuple(sorted(set(days)))


@lru_cache(maxsize=2048)
def _month(rule: Rule, length: int, first_weekday: int) -> tuple[int, ...]:
    """The picked days of a month of one of the twenty-eight kinds, counted from 0; `length` is the next one's first."""
    days: Iterable[int] = _month_days(rule, 0, length, moved=True) if rule.by_month_day else range(length)
    if rule.by_day:
        days = [day for day in days if _is_by_day(rule.by_day, day, first_weekday, [(0, length)])]
    return tuple(sorted(set(days)))


def _months(lengths: tuple[int, ...]) -> list[tuple[int, int]]:
    """First day and length of each month."""
    return list(zip(accumulate((0, *lengths[:-1])), lengths, strict=True))


def _month_days(rule: Rule, first: int, length: int, moved: bool) -> Iterator[int]:
    """The days of BYMONTHDAY in a month, moved by SKIP where the month lacks them."""
    moved &= rule.skip is not Skip.OMIT and not rule.freq.finer_than(Frequency.MONTHLY)
    for number in rule.by_month_day:
        day = number - 1 if number > 0 else length + number
        if 0 <= day < length:
            yield first + day
        elif moved and number > 0:
            yield first + (length - 1 if rule.skip is Skip.BACKWARD else length)


def _within(numbers: tuple[int, ...], first: int, length: int) -> list[int]:
    """The numbered days, from the start or the end, of a span that has them."""
    places = [number - 1 if number > 0 else length + number for number in numbers]
    return [first + place for place in places if 0 <= place < length]


def _is_by_day(wanted: tuple[ByDay, ...], day: int, first_weekday: int, spans: list[tuple[int, int]]) -> bool:
    """True if the day is one of the weekdays, and where they are counted, the nth of the span it lies in."""
    weekday = (first_weekday + day) % 7
    for one in wanted:
        if one.weekday != weekday:
            continue
        if not one.ordinal:
            return True
        for first, length in spans:
            if first <= day < first + length:
                from_start, from_end = (day - first) // 7 + 1, -((first + length - 1 - day) // 7 + 1)
                if one.ordinal in (from_start, from_end):
                    return True
    return False


def _week_days(rule: Rule, lengths: tuple[int, int, int], first_weekday: int) -> Iterator[int]:
    """The year's days that lie in the weeks of BYWEEKNO: week 1 is the first with at least four days in its year.

    The first days may lie in a week of the year before, and the last ones in week 1 of the year after.
    """
    start = -lengths[0]
    for size in lengths:
        first_week = _first_week(start, first_weekday, rule.week_start)
        last_week = _first_week(start + size, first_weekday, rule.week_start) - 7
        for week in _within(rule.by_week_no, 0, (last_week - first_week) // 7 + 1):
            for day in range(first_week + 7 * week, first_week + 7 * week + 7):
                if 0 <= day < lengths[1]:
                    yield day
        start += size


def _first_week(new_year: int, first_weekday: int, week_start: int) -> int:
    """The first day of week 1 of the year that begins at a day; `first_weekday` is day 0's."""
    into_week = (first_weekday + new_year - week_start) % 7
    return new_year - into_week if into_week <= 3 else new_year - into_week + 7


def _length(year: int) -> int:
    return 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365
