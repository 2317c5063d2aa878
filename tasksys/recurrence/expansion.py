"""The occurrences of a rule as it stands, without COUNT, UNTIL, RDATE and EXDATE, from any point on.

Own arithmetic instead of python-dateutil: that walks from the anchor one by one, knows no SKIP, and has no bound.
Here a period's number gives its start, so a far one costs what the next one costs and nothing drifts.

Everything is in local seconds: the proleptic Gregorian ordinal of the day times 86,400, plus the second of the day, as
the clock on the wall shows them, without zone. What a rule lacks is taken from its anchor first (`rule.explicit`); the
functions here expect such a rule.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import product
from typing import Final

from tasksys.recurrence import bounds
from tasksys.recurrence.daysets import days_of_month, days_of_week, days_of_year, limits_days, next_day
from tasksys.recurrence.rule import Frequency, Rule, Skip

DAY: Final = 86_400
UNITS: Final = {Frequency.DAILY: DAY, Frequency.HOURLY: 3600, Frequency.MINUTELY: 60, Frequency.SECONDLY: 1}
"""Seconds of the periods that are all of one length on the wall clock."""

LAST_DAY: Final = date(bounds.LAST_YEAR, 12, 31).toordinal()
END: Final = (LAST_DAY + 1) * DAY
"""The local second after the last that is looked at."""

Run = Sequence[int]
"""Ascending local seconds. An empty run is a stretch that was looked at in vain."""


def local_seconds(local: datetime) -> int:
    """A naive local time as local seconds; what is below a second is cut off."""
    return local.toordinal() * DAY + local.hour * 3600 + local.minute * 60 + local.second


def local_time(seconds: int) -> datetime:
    """Local seconds as a naive local time."""
    day, second = divmod(seconds, DAY)
    whole = date.fromordinal(day)
    return datetime(whole.year, whole.month, whole.day, second // 3600, second // 60 % 60, second % 60)


def runs(rule: Rule, anchor: int, start: int, stop: int = END) -> Iterator[Run]:
    """The rule's occurrences from the anchor and the start on, before the stop, ascending, each once.

    They come in runs, lazily: whoever iterates decides how many empty ones to bear.
    """
    start, stop = max(anchor, start), min(stop, END)
    if start >= stop:
        return
    for run in _steps(rule, anchor, start, stop) if rule.freq in UNITS else _spans(rule, anchor, start, stop):
        yield run[bisect_left(run, start) : bisect_left(run, stop)]


def _steps(rule: Rule, anchor: int, start: int, stop: int) -> Iterator[Run]:
    """Daily and finer: steps over the wall clock. Where a limit fails, the first step that may satisfy it is next."""
    unit = UNITS[rule.freq]
    step = rule.interval * unit
    times = _times(rule)
    first = anchor - anchor % unit
    at = first + (start - first) // step * step
    while at < stop:
        possible = _not_before(rule, at)
        if possible is None:
            return
        if possible == at:
            yield _picked(rule, (0,), times, at)
            at += step
        else:
            yield ()
            at -= (at - possible) // step * step


def _not_before(rule: Rule, at: int) -> int | None:
    """The time itself if the step there satisfies all limits; else one before which none does, or None if none ever."""
    day, second = divmod(at, DAY)
    if limits_days(rule):
        picked = next_day(rule, day)
        if picked is None:
            return None
        if picked != day:
            day, second = picked, 0
    clock = _next_clock(rule, second)
    return (day + 1) * DAY if clock is None else day * DAY + clock


def _next_clock(rule: Rule, second: int) -> int | None:
    """The first second of the day, from one on, that satisfies the limits; None if the rest of the day does not."""
    if not rule.freq.finer_than(Frequency.DAILY):
        return second
    hours: Sequence[int] = rule.by_hour or range(24)
    minutes: Sequence[int] = (0,)
    seconds: Sequence[int] = (0,)
    if rule.freq.finer_than(Frequency.HOURLY):
        minutes = rule.by_minute or range(60)
    if rule.freq.finer_than(Frequency.MINUTELY):
        seconds = rule.by_second or range(60)
    for hour in hours[bisect_left(hours, second // 3600) :]:
        for minute in minutes[bisect_left(minutes, (second - hour * 3600) // 60) :]:
            for one in seconds[bisect_left(seconds, second - hour * 3600 - minute * 60) :]:
                return hour * 3600 + minute * 60 + one
    return None


def _spans(rule: Rule, anchor: int, start: int, stop: int) -> Iterator[Run]:
    """Weekly, monthly, yearly: the days of each period, with the times of each day."""
    found = _span_runs(rule, anchor // DAY, start // DAY, stop)
    return _carried(found) if rule.skip is Skip.FORWARD else (run for _, run in found)


def _span_runs(rule: Rule, anchor: int, start: int, stop: int) -> Iterator[tuple[int, Run]]:
    """Runs, from the period on that has the start day, each with the first local second after its period."""
    times = _times(rule)
    for following, days in _periods(rule, anchor, start):
        if rule.by_set_pos or not days:
            yield following * DAY, _picked(rule, days, times, 0)
        else:
            for day in days[bisect_left(days, start) :]:
                yield following * DAY, [day * DAY + time for time in times]
        if following * DAY >= stop:
            return


def _periods(rule: Rule, anchor: int, start: int) -> Iterator[tuple[int, Run]]:
    """The ordinals that each period picks, with the first after the period. SKIP may move days into the next period:
    a rule with it begins one period earlier.
    """
    earlier = rule.interval if rule.skip is Skip.FORWARD else 0
    first, begin = date.fromordinal(anchor), date.fromordinal(start)
    match rule.freq:
        case Frequency.YEARLY:
            for year in range(_back(first.year, begin.year, rule, earlier), bounds.LAST_YEAR + 1, rule.interval):
                new_year, picked = days_of_year(rule, year)
                yield date(year + 1, 1, 1).toordinal(), [new_year + day for day in picked]
        case Frequency.MONTHLY:
            back = _back(first.year * 12 + first.month - 1, begin.year * 12 + begin.month - 1, rule, earlier)
            for month in range(back, (bounds.LAST_YEAR + 1) * 12, rule.interval):
                following = date((month + 1) // 12, (month + 1) % 12 + 1, 1).toordinal()
                yield following, days_of_month(rule, month // 12, month % 12 + 1)
        case _:
            into_week = (anchor - 1 - rule.week_start) % 7
            week = anchor - into_week + _back(0, (start - anchor + into_week) // 7, rule, 0) * 7
            for day in range(week, LAST_DAY - 6, 7 * rule.interval):
                yield day + 7, days_of_week(rule, day)


def _back(first: int, wanted: int, rule: Rule, earlier: int) -> int:
    """The number of the rule's last period that does not begin after the wanted one, or of one some periods earlier."""
    return max(first, first + (wanted - first) // rule.interval * rule.interval - earlier)


def _carried(found: Iterator[tuple[int, Run]]) -> Iterator[Run]:
    """What SKIP=FORWARD moved out of its period joins the next one's, in order and once."""
    waiting: Run = ()
    for following, run in found:
        both = sorted({*waiting, *run})
        inside = bisect_left(both, following)
        yield both[:inside]
        waiting = both[inside:]


def _picked(rule: Rule, days: Run, times: Run, offset: int) -> Run:
    """Each time of each day, or those that BYSETPOS picks, without making the others."""
    if not rule.by_set_pos:
        return [offset + day * DAY + time for day in days for time in times]
    size = len(days) * len(times)
    places = {place - 1 if place > 0 else size + place for place in rule.by_set_pos}
    return [
        offset + days[place // len(times)] * DAY + times[place % len(times)]
        for place in sorted(places)
        if 0 <= place < size
    ]


@lru_cache(maxsize=256)
def _times(rule: Rule) -> tuple[int, ...]:
    """The seconds into a day, or into the shorter period, at which the rule has its occurrences. 50 KB at most."""
    hours = rule.by_hour if Frequency.HOURLY.finer_than(rule.freq) else (0,)
    minutes = rule.by_minute if Frequency.MINUTELY.finer_than(rule.freq) else (0,)
    seconds = rule.by_second if Frequency.SECONDLY.finer_than(rule.freq) else (0,)
    return tuple(hour * 3600 + minute * 60 + second for hour, minute, second in product(hours, minutes, seconds))
