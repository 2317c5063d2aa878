"""Which days a series falls on, asked of one day after the other: no rule is computed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

Falls = Callable[[date], bool]
"""Whether a series has an occurrence on a day."""

DAY = timedelta(days=1)
MO, TU, WE, TH, FR, SA, SU = range(7)


def every_day(day: date) -> bool:
    """Each."""
    return True


def on(*weekdays: int) -> Falls:
    """Some days of each week."""
    return lambda day: day.weekday() in weekdays


def fortnightly(first: date) -> Falls:
    """Every second week, on the weekday of the first."""
    return lambda day: (day - first).days % 14 == 0


def last_of_month(day: date) -> bool:
    """What `BYMONTHDAY=-1` and the 31st with `SKIP=BACKWARD` are."""
    return (day + DAY).day == 1


def last_weekday_of_month(day: date) -> bool:
    """The last from Monday to Friday."""
    rest = (day + number * DAY for number in range(1, 8))
    return day.weekday() < SA and not any(one.month == day.month and one.weekday() < SA for one in rest)


def yearly(month: int, number: int) -> Falls:
    """One day of the year, in the years that have it."""
    return lambda day: (day.month, day.day) == (month, number)


def quarterly(number: int) -> Falls:
    """One day of January, April, July and October."""
    return lambda day: day.day == number and day.month % 3 == 1


def first_on(falls: Falls, day: date) -> date:
    """The first such day from one on."""
    while not falls(day):
        day += DAY
    return day


def days(first: date, last: date) -> Iterator[date]:
    """From one to another, both included."""
    while first <= last:
        yield first
        first += DAY
