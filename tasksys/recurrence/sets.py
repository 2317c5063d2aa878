"""The recurrence set in local seconds (RFC 5545, 3.8.5): what the rule generates, with RDATE, without EXDATE."""

from bisect import bisect_right
from collections import deque
from collections.abc import Container, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from tasksys.recurrence import bounds
from tasksys.recurrence.anchors import Anchor
from tasksys.recurrence.expansion import END, Run, local_seconds, local_time, runs
from tasksys.recurrence.rule import Rule, explicit
from tasksys.recurrence.zones import instant_of, latest_local


class Found(Struct, frozen=True, gc=False):
    """A local time of the set. `number` counts what the rule generated, from 1, if the rule has a COUNT."""

    at: int
    number: int | None = None


class GivenUp(Struct, frozen=True, gc=False):
    """The end of a search without a certain end: `bounds.SEARCHED` periods in a row had nothing."""


MILESTONE: Final = 100

Step = Found | GivenUp


def generated(rule: Rule, anchor: Anchor, start: int, stop: int = END) -> Iterator[Step]:
    """What the rule generates from the start on and before the stop, ascending, within COUNT or UNTIL.

    COUNT is counted from the anchor; without it nothing before the start is computed.
    """
    first, full = local_seconds(anchor.local), explicit(rule, anchor.local)
    if rule.count is not None:
        return _counted(full, first, rule.count, start, stop)
    if rule.until is None:
        return _bounded(runs(full, first, start, stop))
    if anchor.zone is None:
        return _bounded(runs(full, first, start, min(stop, local_seconds(rule.until.at) + 1)))
    return _until(full, first, start, stop, rule.until.at.replace(tzinfo=UTC), anchor.zone)


def united(found: Iterator[Step], rdate: Iterable[int], exdate: Container[int]) -> Iterator[Step]:
    """The steps with the ascending RDATE merged in, each local time once, and without EXDATE."""
    return (step for step in _merged(found, rdate) if isinstance(step, GivenUp) or step.at not in exdate)


def _bounded(found: Iterator[Run]) -> Iterator[Step]:
    """Each time of the runs, until too many in a row were empty."""
    empty = 0
    for run in found:
        empty = 0 if run else empty + 1
        if empty > bounds.SEARCHED:
            yield GivenUp()
            return
        for at in run:
            yield Found(at)


def _counted(rule: Rule, first: int, count: int, start: int, stop: int) -> Iterator[Step]:
    """The times from the start on, before the stop, of the rule's first so many, numbered from 1."""
    begin, passed = first, 0
    if start > first and count > MILESTONE:
        known = _milestones(rule, first, count)
        place = bisect_right(known, start) - 1
        begin, passed = known[place], place * MILESTONE
    found = islice(_bounded(runs(rule, first, begin, stop)), count - passed)
    for number, step in enumerate(found, passed + 1):
        if isinstance(step, GivenUp):
            yield step
        elif step.at >= start:
            yield Found(step.at, number)


@lru_cache(maxsize=1024)
def _milestones(rule: Rule, first: int, count: int) -> tuple[int, ...]:
    """Every hundredth of the rule's first so many times, so that whoever asks again need not count from the first."""
    found = islice(_bounded(runs(rule, first, first)), 0, count, MILESTONE)
    return tuple(step.at for step in found if isinstance(step, Found))


def _until(rule: Rule, first: int, start: int, stop: int, until: datetime, zone: ZoneInfo) -> Iterator[Step]:
    """The times up to UNTIL, inclusive, which ends instants: their order differs from local times' after a gap."""
    beyond = latest_local(until + timedelta(seconds=1), zone)
    for step in _bounded(runs(rule, first, start, min(stop, beyond))):
        if isinstance(step, GivenUp) or instant_of(local_time(step.at), zone) <= until:
            yield step


def _merged(found: Iterator[Step], rdate: Iterable[int]) -> Iterator[Step]:
    waiting = deque(rdate)
    for step in found:
        while waiting and (isinstance(step, GivenUp) or waiting[0] <= step.at):
            at = waiting.popleft()
            if isinstance(step, GivenUp) or at < step.at:
                yield Found(at)
        yield step
    yield from map(Found, waiting)
