"""Moments on the time line: what a task's dates and a filter's date literals become before they are compared.

Everything is a span from its first to its last instant, in seconds since 1970 UTC. An instant is a span of no length; a
day runs from its local midnight to just before the next one. A span is before another if it ends before that one
begins, equal if they overlap. So `due < 2026-03-08` is before that day, `due <= today` takes in all of today, and a
task that is due on a date is overdue (`due < now`) when that day is over.

A local time that does not exist is read with the offset before the gap, one that happens twice is the first.
"""

import math
from calendar import monthrange
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tasksys.query.syntax import Base, Moment, Relative
from tasksys.values import When, zone_or

MISSING: Final = math.nan
"""A number that is not there: every comparison with it is false, and `!=` true, which is what a filter means."""

FIRST_DAY: Final = date.min.toordinal()
LAST_DAY: Final = date.max.toordinal()
DAY_SECONDS: Final = 24 * 60 * 60
MOST_MINUTES: Final = 10**10


class Span(NamedTuple):
    """From the first to the last instant, both included."""

    first: float
    last: float


NEVER: Final = Span(MISSING, MISSING)


def epoch(wall: datetime, zone: ZoneInfo) -> float:
    """The instant of a local time without zone."""
    return wall.replace(tzinfo=zone, fold=0).timestamp()


def at(instant: str | None) -> float:
    """A stored instant; MISSING if there is none."""
    return datetime.fromisoformat(instant).timestamp() if instant else MISSING


@lru_cache(maxsize=8192)
def day(ordinal: int, zone: ZoneInfo) -> Span:
    """The day of that ordinal in the zone."""
    first = epoch(datetime.fromordinal(ordinal), zone)
    after = epoch(datetime.fromordinal(ordinal + 1), zone) if ordinal < LAST_DAY else first + DAY_SECONDS
    return Span(first, math.nextafter(after, -math.inf))


def span(when: When | None, zone: ZoneInfo) -> Span:
    """A due or start value; a floating time and a date are read in the zone given."""
    if when is None:
        return NEVER
    if when.date is not None:
        return day(date.fromisoformat(when.date).toordinal(), zone)
    assert when.local is not None
    instant = epoch(datetime.fromisoformat(when.local), zone_or(when.zone, zone))
    return Span(instant, instant)


def resolve(moment: Moment, now: datetime, zone: ZoneInfo) -> Span:
    """A literal of the filter, for who asks now (aware) in that zone."""
    if isinstance(moment, Relative):
        return _relative(moment, now, zone)
    if not isinstance(moment, datetime):
        return day(moment.toordinal(), zone)
    instant = moment.timestamp() if moment.tzinfo is not None else epoch(moment, zone)
    return Span(instant, instant)


def _relative(moment: Relative, now: datetime, zone: ZoneInfo) -> Span:
    """Months are added first, then days, then hours and minutes, however they are written."""
    local = now.astimezone(zone).replace(tzinfo=None)
    minutes = max(-MOST_MINUTES, min(MOST_MINUTES, moment.minutes or 0))
    if moment.base is Base.NOW:
        start = now.timestamp()
        if moment.months or moment.days:
            ordinal = _shifted(local.date(), moment.months, moment.days)
            start = epoch(datetime.combine(date.fromordinal(ordinal), local.time()), zone)
    else:
        ahead = 0 if moment.base is Base.TODAY else (WEEKDAYS.index(moment.base) - local.weekday()) % 7
        ordinal = _clamped(_shifted(_on(local.toordinal() + ahead), moment.months, moment.days))
        if moment.minutes is None:
            return day(ordinal, zone)
        start = day(ordinal, zone).first
    return Span(start + minutes * 60, start + minutes * 60)


WEEKDAYS: Final = (
    Base.MONDAY, Base.TUESDAY, Base.WEDNESDAY, Base.THURSDAY, Base.FRIDAY, Base.SATURDAY, Base.SUNDAY
)  # fmt: skip


def _shifted(start: date, months: int, days: int) -> int:
    """The ordinal of the day after so many months, at most at their end, and days; the calendar ends clamp it."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return _clamped(FIRST_DAY if months < 0 else LAST_DAY)
    there = date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
    return _clamped(there.toordinal() + days)


def _clamped(ordinal: int) -> int:
    return max(FIRST_DAY, min(LAST_DAY, ordinal))


def _on(ordinal: int) -> date:
    return date.fromordinal(_clamped(ordinal))
