"""BYWEEKNO against the calendar's own arithmetic."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tasksys.recurrence import Weekday, bounds, parse_rule
from tasksys.recurrence.daysets import days_of_year

YEARS = range(1999, 1999 + 400)
"""All that the Gregorian calendar has."""


def week_of(day: date, week_start: Weekday) -> tuple[int, int]:
    """The number of a day's week, from the start and from the end of the year that the week belongs to."""
    first = day - timedelta(days=(day.weekday() - week_start) % 7)
    year = (first + timedelta(days=3)).year
    before = sum(1 for weeks in range(53) if (first - timedelta(days=7 * weeks - 3)).year == year)
    after = sum(1 for weeks in range(53) if (first + timedelta(days=7 * weeks + 3)).year == year)
    return before, -after


def test_weeks_are_those_of_iso_8601() -> None:
    """Of 400 years, each day is in the week that it is in by ISO 8601, counted from either end."""
    numbers = [*range(1, 54), *range(-53, 0)]
    rules = {number: parse_rule(f"FREQ=YEARLY;BYWEEKNO={number};BYDAY=MO,TU,WE,TH,FR,SA,SU") for number in numbers}
    for year in YEARS:
        day = date(year, 1, 1)
        expected: dict[int, list[int]] = {number: [] for number in numbers}
        while day.year == year:
            iso = day.isocalendar()
            weeks = date(iso.year, 12, 28).isocalendar().week
            for number in (iso.week, iso.week - weeks - 1):
                expected[number].append((day - date(year, 1, 1)).days)
            day += timedelta(days=1)
        for number in (1, 2, 51, 52, 53, -1, -2, -51, -52, -53):
            assert list(days_of_year(rules[number], year)[1]) == expected[number], (year, number)


@pytest.mark.parametrize("week_start", Weekday)
def test_weeks_begin_where_wkst_says(week_start: Weekday) -> None:
    """A week is of the year that has at least four of its days, whatever day it begins with."""
    for number in (1, 52, 53, -1, -53):
        rule = parse_rule(f"FREQ=YEARLY;BYWEEKNO={number};BYDAY=MO,TU,WE,TH,FR,SA,SU;WKST={week_start.name}")
        for year in range(2015, 2030):
            first = date(year, 1, 1)
            some = [first + timedelta(days=days) for days in (*range(10), *range(350, 366))]
            expected = [(day - first).days for day in some if day.year == year and number in week_of(day, week_start)]
            found = [day for day in days_of_year(rule, year)[1] if day < 10 or day >= 350]
            assert found == expected, (year, number)


def test_the_last_years_have_weeks_too() -> None:
    """The years' neighbours need not be computable themselves."""
    rule = parse_rule("FREQ=YEARLY;BYWEEKNO=1,-1;BYDAY=MO")
    assert days_of_year(rule, bounds.FIRST_YEAR)[1]
    assert days_of_year(rule, bounds.LAST_YEAR)[1]
