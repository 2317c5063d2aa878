"""An RFC 5545 recurrence rule as a value, and what its parts are (3.3.10, with SKIP of RFC 7529, 4.1)."""

from datetime import datetime
from enum import Enum, IntEnum, StrEnum, auto
from typing import Final

from msgspec import Struct, structs


class Frequency(StrEnum):
    """The period that a rule steps by, from the longest to the shortest."""

    YEARLY = "YEARLY"
    MONTHLY = "MONTHLY"
    WEEKLY = "WEEKLY"
    DAILY = "DAILY"
    HOURLY = "HOURLY"
    MINUTELY = "MINUTELY"
    SECONDLY = "SECONDLY"

    def finer_than(self, other: "Frequency") -> bool:
        """True if its periods are shorter than the other's."""
        return RANK[self] > RANK[other]


RANK: Final = {frequency: rank for rank, frequency in enumerate(Frequency)}


class Weekday(IntEnum):
    """A day of the week, numbered as `date.weekday` does."""

    MO = 0
    TU = 1
    WE = 2
    TH = 3
    FR = 4
    SA = 5
    SU = 6


class Skip(StrEnum):
    """What becomes of a day that a month lacks: left out, or moved to the last day before it or the first after it."""

    OMIT = "OMIT"
    BACKWARD = "BACKWARD"
    FORWARD = "FORWARD"


class Kind(Enum):
    """The kind of a recurrence's values: dates, local times without a zone, or local times of a zone."""

    DATE = auto()
    FLOATING = auto()
    ZONED = auto()


class Until(Struct, frozen=True, gc=False):
    """The inclusive end of a rule: midnight of a date, a local time, or, if zoned, a time in UTC. `at` is naive."""

    at: datetime
    kind: Kind


class ByDay(Struct, frozen=True, gc=False):
    """A weekday; with an ordinal other than 0 the nth, or from the end if negative, of its month or year."""

    weekday: Weekday
    ordinal: int = 0


class Rule(Struct, frozen=True):
    """A valid rule: `parsing.parse_rule` and `validity.valid` are the ways to make one from what people give.

    Lists are sorted without repetitions, numbers counted from the end last. An empty list is a part that is not given.
    """

    freq: Frequency
    interval: int = 1
    count: int | None = None
    until: Until | None = None
    by_second: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_hour: tuple[int, ...] = ()
    by_day: tuple[ByDay, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_week_no: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: Weekday = Weekday.MO
    skip: Skip = Skip.OMIT


def from_the_start(numbers: set[int]) -> tuple[int, ...]:
    """The numbers in a rule's order: those counted from the start, then those counted from the end."""
    return tuple(sorted(numbers, key=lambda number: (number < 0, number)))


def in_order(days: set[ByDay]) -> tuple[ByDay, ...]:
    """The weekdays in a rule's order: without ordinal, from the start, from the end."""
    return tuple(sorted(days, key=lambda day: (day.ordinal != 0, day.ordinal < 0, day.ordinal, day.weekday)))


def explicit(rule: Rule, anchor: datetime) -> Rule:
    """The rule with what it leaves to its anchor written out: day, and time of day (RFC 5545, 3.3.10).

    A yearly rule without parts for days has the anchor's month and day, or with BYWEEKNO its weekday.
    """
    found: dict[str, object] = {}
    if not (rule.by_day or rule.by_month_day or rule.by_year_day):
        if rule.freq is Frequency.WEEKLY or rule.by_week_no:
            found["by_day"] = (ByDay(Weekday(anchor.weekday())),)
        elif rule.freq in (Frequency.YEARLY, Frequency.MONTHLY):
            found["by_month_day"] = (anchor.day,)
            if rule.freq is Frequency.YEARLY and not rule.by_month:
                found["by_month"] = (anchor.month,)
    if not rule.by_hour and Frequency.HOURLY.finer_than(rule.freq):
        found["by_hour"] = (anchor.hour,)
    if not rule.by_minute and Frequency.MINUTELY.finer_than(rule.freq):
        found["by_minute"] = (anchor.minute,)
    if not rule.by_second and Frequency.SECONDLY.finer_than(rule.freq):
        found["by_second"] = (anchor.second,)
    return structs.replace(rule, **found)
