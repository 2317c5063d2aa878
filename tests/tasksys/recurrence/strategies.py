"""Hypothesis strategies: rules, and recurrences whose anchors match."""

from __future__ import annotations

import random
from datetime import datetime, time

from hypothesis import assume
from hypothesis import strategies as st

from tasksys.recurrence import ByDay, Frequency, Kind, Recurrence, Rule, Skip, Until, Weekday
from tasksys.recurrence.rule import from_the_start, in_order
from tasksys.recurrence.validity import require_valid
from tests.tasksys.recurrence.random_rules import random_recurrence


def _numbers(first: int, last: int, signed: bool = False) -> st.SearchStrategy[tuple[int, ...]]:
    one = st.integers(first, last)
    if signed:
        one = one | st.integers(-last, -first)
    return st.just(()) | st.sets(one, min_size=1, max_size=4).map(from_the_start)


def _by_day(ordinals: bool) -> st.SearchStrategy[tuple[ByDay, ...]]:
    ordinal = st.sampled_from((0, 1, 2, 5, -1, -2)) if ordinals else st.just(0)
    one = st.builds(ByDay, st.sampled_from(Weekday), ordinal)
    return st.just(()) | st.sets(one, min_size=1, max_size=4).map(in_order)


def _untils() -> st.SearchStrategy[Until]:
    moments = st.datetimes(datetime(2030, 1, 1), datetime(2040, 1, 1)).map(lambda at: at.replace(microsecond=0))
    dates = moments.map(lambda at: Until(datetime.combine(at, time.min), Kind.DATE))
    return dates | st.builds(Until, moments, st.sampled_from((Kind.FLOATING, Kind.ZONED)))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Valid rules of all frequencies but SECONDLY, which has few."""
    freq = draw(st.sampled_from([one for one in Frequency if one is not Frequency.SECONDLY]))
    yearly, finer = freq is Frequency.YEARLY, freq.finer_than(Frequency.DAILY)
    by_week_no = draw(_numbers(1, 53, signed=True)) if yearly else ()
    count = draw(st.none() | st.integers(1, 300))
    rule = Rule(
        freq,
        interval=draw(st.sampled_from((1, 1, 1, 2, 3, 5, 12))),
        by_minute=draw(_numbers(0, 59)),
        by_hour=draw(_numbers(0, 23)),
        by_day=draw(_by_day(ordinals=freq in (Frequency.YEARLY, Frequency.MONTHLY) and not by_week_no)),
        by_month_day=() if freq is Frequency.WEEKLY else draw(_numbers(1, 31, signed=True)),
        by_year_day=draw(_numbers(1, 366, signed=True)) if yearly or finer else (),
        by_week_no=by_week_no,
        by_month=draw(_numbers(1, 12)),
        by_set_pos=draw(st.just(()) | _numbers(1, 3, signed=True)),
        week_start=draw(st.sampled_from(Weekday)),
        skip=draw(st.sampled_from(Skip)),
        count=count,
        until=None if count else draw(st.none() | _untils()),
    )
    try:
        return require_valid(rule)
    except ValueError:
        assume(False)
        raise


def recurrences(zoned: bool | None = None) -> st.SearchStrategy[Recurrence]:
    """Endless recurrences of the three kinds, or of those with a zone, or of those without.

    Made of a seed: drawing each part, and then an anchor that matches, took thirty times as long.
    """
    kinds = (Kind.ZONED,) if zoned else (Kind.FLOATING, Kind.DATE) if zoned is False else tuple(Kind)
    return st.integers(0, 2**32).map(lambda seed: random_recurrence(random.Random(seed), kinds))
