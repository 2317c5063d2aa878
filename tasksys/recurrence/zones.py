"""Local times of a zone as instants, and back: the last step, after all arithmetic of the calendar (RFC 5545, 3.3.5).

Which zone data wins is decided in `tasksys.values`: the pinned tzdata package, never the machine's.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tasksys.recurrence import bounds
from tasksys.recurrence.expansion import DAY, END, local_seconds


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, of a naive local time.

    One that does not exist is read with the offset before the gap, one that happens twice is the first: both are what
    `fold=0` means (PEP 495).
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall_time(local: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows at a local time: the same, but 03:30 for a 02:30 that does not exist."""
    return instant_of(local, zone).astimezone(zone).replace(tzinfo=None, fold=0)


def earliest_local(moment: datetime, zone: ZoneInfo) -> int:
    """Local seconds before which every local time is before the instant."""
    return min(_clocks(moment, zone))


def latest_local(moment: datetime, zone: ZoneInfo) -> int:
    """Local seconds from which on no local time is before the instant."""
    return max(_clocks(moment, zone))


def _clocks(moment: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """The wall clock at the instant, by the offset of then and by that of a day before, in local seconds, rounded up.

    No gap or fold is longer than a day, nor follows another within one. Just after a gap, local times from before it
    are still to come; in a fold, each local time is read as the first of two.
    """
    if not bounds.FIRST_YEAR < moment.year <= bounds.LAST_YEAR:
        bound = END if moment.year > bounds.LAST_YEAR else 0
        return bound, bound
    whole = moment.astimezone(UTC) + timedelta(seconds=moment.microsecond > 0)
    now, before = whole.astimezone(zone), (whole - timedelta(days=1)).astimezone(zone)
    return local_seconds(now), local_seconds(before) + DAY
