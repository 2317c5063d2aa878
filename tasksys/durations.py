"""ISO 8601 durations as RFC 5545 (3.3.6) has them: days are nominal, hours exact.

`P1D` is the same wall time a day away, `PT24H` exactly 24 hours; days are stepped first, then the exact part.
"""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tasksys.values import UTC, When, zone_or

MOST_DAYS: Final = 3_660
SPELLING: Final = re.compile(
    r"([+-])?P(?:(\d{1,4})W|(?:(\d{1,4})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?)", re.ASCII
)


class Duration(NamedTuple):
    """Nominal days and exact seconds, both of one sign."""

    days: int
    seconds: int


MINUTE: Final = Duration(0, 60)


@lru_cache(maxsize=1024)
def parse(text: str) -> Duration:
    """The duration that the text spells; ValueError that says what to write instead."""
    found = SPELLING.fullmatch(text)
    if found is None or not any(found.groups()[1:]):
        raise ValueError(f"give an ISO 8601 duration such as PT30M, PT2H, P1D or P1W, not {text[:32]!r}")
    sign = -1 if found[1] == "-" else 1
    weeks, days, hours, minutes, seconds = (int(found[group] or 0) for group in range(2, 7))
    duration = Duration(sign * (weeks * 7 + days), sign * (hours * 3600 + minutes * 60 + seconds))
    if abs(duration.days) + abs(duration.seconds) // 86_400 > MOST_DAYS:
        raise ValueError("a duration is at most ten years; give a shorter one")
    return duration


def spelled(duration: Duration) -> str:
    """A duration that is not negative, as text."""
    minutes, seconds = divmod(duration.seconds, 60)
    exact = "".join(f"{number}{unit}" for number, unit in ((minutes, "M"), (seconds, "S")) if number)
    days = f"{duration.days}D" if duration.days or not exact else ""
    return f"P{days}{f'T{exact}' if exact else ''}"


def length(duration: Duration) -> timedelta:
    """How long it is where a day is 24 hours."""
    return timedelta(days=duration.days, seconds=duration.seconds)


def before(when: When, duration: Duration, zone: ZoneInfo, hour: int = 0) -> datetime:
    """The instant so long before a start or due value (after it, if negative).

    A floating time and a date are read in `zone`, a date from `hour` on. A local time that does not exist is read with
    the offset before the gap; one that happens twice is the first. The calendar's ends bound it.
    """
    if when.date is not None:
        local = datetime.combine(date.fromisoformat(when.date), datetime.min.time()).replace(hour=hour)
    else:
        assert when.local is not None
        local, zone = datetime.fromisoformat(when.local), zone_or(when.zone, zone)
    try:
        nominal = (local - timedelta(days=duration.days)).replace(tzinfo=zone, fold=0)
        return nominal.astimezone(UTC) - timedelta(seconds=duration.seconds)
    except OverflowError:
        return EARLIEST if duration > (0, 0) else LATEST


def after(moment: datetime, duration: Duration, zone: ZoneInfo) -> datetime:
    """The instant so long after another: days by the zone's wall clock, then the exact part.

    OverflowError where the calendar ends before.
    """
    if duration.days:
        moment = (moment.astimezone(zone) + timedelta(days=duration.days)).replace(fold=0)
    return moment.astimezone(UTC) + timedelta(seconds=duration.seconds)


EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)
"""The ends of the calendar, as far as every zone has them."""
