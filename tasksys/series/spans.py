"""Wall-clock distances between start and due values, and values that are so far from others."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tasksys import durations
from tasksys.values import UTC, When


def local(when: When) -> datetime:
    """The naive local time of a value; midnight of a date."""
    return datetime.fromisoformat(when.text)


def like(when: When, moved: datetime) -> When:
    """A naive local time as a value of the same kind and zone."""
    if when.date is not None:
        return When(date=moved.date().isoformat())
    return When(local=moved.isoformat(timespec="seconds" if moved.second else "minutes"), zone=when.zone)


def kind(when: When) -> tuple[bool, str | None]:
    """Tells values apart that cannot be compared by their wall clocks: dates, times, and zones."""
    return when.date is not None, when.zone


def between(start: When | None, due: When | None) -> str | None:
    """How long before a due value a start is, as a duration; None where that cannot be said, or it is later."""
    if start is None or due is None or kind(start) != kind(due):
        return None
    length = local(due) - local(start)
    if not timedelta(0) <= length <= timedelta(days=durations.MOST_DAYS):
        return None
    return durations.spelled(durations.Duration(length.days, length.seconds))


def earlier(when: When, duration: str) -> When:
    """The value so much earlier by its wall clock; itself where the calendar ends before."""
    days, seconds = durations.parse(duration)
    try:
        return like(when, local(when) - timedelta(days=days, seconds=seconds))
    except OverflowError:
        return when


def later(when: When, duration: durations.Duration, zone: ZoneInfo) -> When:
    """The value so much later: days by its wall clock, then the exact part.

    `zone` is its own, or that in which it is read if it has none that is known. ValueError where the calendar ends
    before.
    """
    try:
        stepped = local(when) + timedelta(days=duration.days)
        if when.date is not None or not duration.seconds:
            return like(when, stepped + timedelta(seconds=duration.seconds))
        exact = stepped.replace(tzinfo=zone).astimezone(UTC) + timedelta(seconds=duration.seconds)
        return like(when, exact.astimezone(zone).replace(tzinfo=None))
    except OverflowError:
        raise ValueError("the calendar ends before that; give a shorter duration") from None


def not_before(when: When, day: date) -> When:
    """The value, or the same time of a day if it is on an earlier one."""
    now = local(when)
    return when if now.date() >= day else like(when, datetime.combine(day, now.time()))
