"""Days as people name them, counted from today: `tomorrow`, `next monday`, `in 3 days`, `15 march`, `2026-03-15`.

`3/15` is no date here: which of the two is the month differs from country to country. Neither is a lone number.
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from tasksys.quickadd.clock import read_length
from tasksys.quickadd.words import Line
from tasksys.recurrence import bounds
from tasksys.recurrence.vocabulary import MONTHS, WEEKDAY_NAMES, WEEKDAYS

ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:t(\d{2}):(\d{2}))?", re.ASCII)
DAY: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?", re.ASCII)
YEAR: Final = re.compile(r"\d{4}", re.ASCII)
FULL_NAMES: Final = frozenset(name.lower() for name in WEEKDAY_NAMES)
RELATIVE: Final = {"today": 0, "tomorrow": 1}
YEARS_AHEAD: Final = 9
"""A date without a year is the next such one; 29 February may be eight years away."""


class Here(Struct, frozen=True):
    """When and where a text is read: an aware instant, and the zone whose days and times are meant."""

    now: datetime
    zone: ZoneInfo

    @property
    def local(self) -> datetime:
        """What the clock on the wall shows there."""
        return self.now.astimezone(self.zone).replace(tzinfo=None, fold=0)

    @property
    def today(self) -> date:
        """The day that it is there."""
        return self.local.date()


class Day(Struct, frozen=True):
    """A day that was named. `at` is the time that came with it, as in "in 2 hours"; `evening` is said by "tonight".

    `sure` is False for what only its company makes a date, such as `sat`, and `opens` for what must not begin a text,
    such as "Friday report".
    """

    date: date
    at: time | None = None
    evening: bool = False
    sure: bool = True
    opens: bool = True
    weekday: bool = False


Read = tuple[Day, int] | None
"""A day and the place behind it."""


def read_day(line: Line, place: int, here: Here) -> Read:
    """The day that is named from that place on."""
    if not line.at(place):
        return None
    try:
        for read in (_near, _weekday, _period, _counted, _iso, _in_month):
            if (found := read(line, place, here)) is not None:
                inside = bounds.FIRST_YEAR <= found[0].date.year <= bounds.LAST_YEAR
                return found if inside else None
    except (OverflowError, ValueError):  # beyond the calendar, or no such date
        pass
    return None


def _near(line: Line, place: int, here: Here) -> Read:
    word = line.at(place)
    if word in RELATIVE:
        return Day(here.today + timedelta(days=RELATIVE[word])), place + 1
    if word == "tonight":
        return Day(here.today, evening=True), place + 1
    end = line.begins(place, "the day after tomorrow", "day after tomorrow")
    return None if end is None else (Day(here.today + timedelta(days=2)), end)


def _weekday(line: Line, place: int, here: Here) -> Read:
    """`monday` is the coming one, today included, as in filters; `next monday` the one of the next week."""
    said = line.at(place) if line.at(place) in ("next", "this") else ""
    name = line.then(place + 1) if said else line.at(place)
    weekday = WEEKDAYS.get(name)
    if weekday is None or (name.endswith("s") and name not in ("tues", "weds", "thurs")):
        return None
    coming = here.today + timedelta(days=(weekday - here.today.weekday()) % 7)
    if said == "next":
        coming = _monday(here.today) + timedelta(days=7 + weekday)
    behind = place + (2 if said else 1)
    if not said and (dated := _date_behind(line, behind, here)) is not None and dated[0].date.weekday() == weekday:
        return dated
    day = Day(coming, sure=bool(said) or name in FULL_NAMES, opens=bool(said), weekday=True)
    return day, behind


def _date_behind(line: Line, place: int, here: Here) -> Read:
    """The date behind a weekday, perhaps after a comma: "friday, 18 december"."""
    comma = place < len(line.words) and line.text[line.words[place - 1].end : line.words[place - 1].whole] == ","
    if not (line.at(place) and (comma or line.joined(place))):
        return None
    try:
        return _iso(line, place, here) or _in_month(line, place, here)
    except ValueError:
        return None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _period(line: Line, place: int, here: Here) -> Read:
    """`next week` is its Monday, `next month` its first day, `this weekend` its Saturday, or today if it has begun."""
    today = here.today
    if (end := line.begins(place, "next week")) is not None:
        return Day(_monday(today) + timedelta(days=7)), end
    if (end := line.begins(place, "next month")) is not None:
        return Day(_months_later(today.replace(day=1), 1)), end
    if (end := line.begins(place, "next weekend")) is not None:
        return Day(_monday(today) + timedelta(days=12)), end
    if (end := line.begins(place, "this weekend", "at the weekend", "on the weekend", "over the weekend")) is not None:
        return Day(max(today, _monday(today) + timedelta(days=5))), end
    end = line.begins(place, "at the end of the month", "the end of the month", "end of the month", "end of month")
    return None if end is None else (Day(today.replace(day=monthrange(today.year, today.month)[1])), end)


def _counted(line: Line, place: int, here: Here) -> Read:
    """`in 3 days` is a day; `in 2 hours` a time, so many hours from now whatever the clocks do meanwhile."""
    if line.at(place) != "in" or not line.then(place + 1) or (found := read_length(line, place + 1)) is None:
        return None
    (number, unit), end = found
    if unit in ("m", "h"):
        later = here.now.astimezone(UTC) + timedelta(minutes=number * (60 if unit == "h" else 1))
        local = later.astimezone(here.zone).replace(tzinfo=None, fold=0)
        return Day(local.date(), at=local.time().replace(second=0, microsecond=0)), end
    if unit in ("M", "Y"):
        return Day(_months_later(here.today, number * (12 if unit == "Y" else 1))), end
    return Day(here.today + timedelta(days=number * (7 if unit == "w" else 1))), end


def _months_later(day: date, number: int) -> date:
    """The same day of the month so much later, or the last one that it has."""
    months = day.year * 12 + day.month - 1 + number
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _iso(line: Line, place: int, here: Here) -> Read:
    matched = ISO.fullmatch(line.at(place))
    if matched is None:
        return None
    at = None if matched[4] is None else time(int(matched[4]), int(matched[5]))
    return Day(date(int(matched[1]), int(matched[2]), int(matched[3])), at=at), place + 1


def _in_month(line: Line, place: int, here: Here) -> Read:
    """`15 march`, `1st of may`, `march 15 2027`, `march 15, 2027`."""
    first = line.at(place)
    if first in MONTHS:
        month, behind = MONTHS[first], line.passed(place + 1, "the")
        matched, end = DAY.fullmatch(line.then(behind)), behind + 1
    else:
        matched, behind = DAY.fullmatch(first), line.passed(place + 1, "of")
        month, end = MONTHS.get(line.then(behind), 0), behind + 1
    if matched is None or not month or line.then(end) in ("am", "pm"):
        return None
    number = int(matched[1])
    comma = end < len(line.words) and line.text[line.words[end - 1].end : line.words[end - 1].whole] == ","
    if (line.joined(end) or comma) and YEAR.fullmatch(line.at(end)):
        return Day(date(int(line.at(end)), month, number), opens=False), end + 1
    if not 1 <= number <= monthrange(2000, month)[1]:
        return None
    years = range(here.today.year, here.today.year + YEARS_AHEAD)
    dates = [date(year, month, number) for year in years if number <= monthrange(year, month)[1]]
    return next(((Day(day, opens=False), end) for day in dates if day >= here.today), None)
