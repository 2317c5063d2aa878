"""What holds for every recurrence, shown by random ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from tasksys.recurrence import Kind, Occurrence, Recurrence, Until, bounds
from tasksys.recurrence.expansion import local_seconds, local_time
from tests.tasksys.recurrence.strategies import recurrences

SOME = 30
days = st.floats(0, 4000)
PROPERTY = settings(max_examples=150, deadline=None)


def first(series: Recurrence, number: int = SOME) -> list[datetime]:
    """The local times of the first occurrences, counted from the anchor."""
    return [one.local for one in islice(series.occurrences(), number)]


@given(series=recurrences())
@PROPERTY
def test_the_anchor_is_first_and_time_goes_on(series: Recurrence) -> None:
    """Occurrences begin with the anchor, ascend, each is there once, and no two are in one minute."""
    found = first(series)
    assert found[0] == series.anchor.local
    assert all(later - earlier >= timedelta(minutes=1) for earlier, later in pairwise(found))


@given(series=recurrences(), place=st.integers(0, SOME - 1), offset=st.sampled_from((-60, -1, 0, 1, 60, 86_400)))
@PROPERTY
def test_a_jump_is_an_iteration(series: Recurrence, place: int, offset: int) -> None:
    """Whatever is asked for from some time on is what iterating from the anchor comes to."""
    found = first(series)
    begin = found[place % len(found)] + timedelta(seconds=offset)
    end = found[-1]
    assert [one.local for one in series.occurrences(start=begin, end=end)] == [at for at in found if begin <= at < end]
    assert [one.local for one in series.occurrences(after=begin, end=end)] == [at for at in found if begin < at < end]


@given(series=recurrences(), offset=days)
@PROPERTY
def test_a_jump_far_away_is_an_iteration(series: Recurrence, offset: float) -> None:
    """Years from the anchor the next occurrences are the same as those that an earlier start comes to."""
    far = series.anchor.local + timedelta(days=offset)
    near = [one.local for one in islice(series.occurrences(start=far), 5)]
    assume(near)
    earlier = series.occurrences(start=far - timedelta(days=5), end=near[-1] + timedelta(seconds=1))
    assert [one.local for one in earlier if one.local >= far] == near


@given(series=recurrences(), limit=st.integers(1, 7), exdate=st.sets(st.integers(0, SOME - 1), max_size=5))
@PROPERTY
def test_pages_together_are_the_whole(series: Recurrence, limit: int, exdate: set[int]) -> None:
    """Paging on by the last local time skips nothing and repeats nothing, and the last page says so."""
    found = first(series)
    end = found[-1]
    series = structs.replace(series, exdate=frozenset(local_seconds(found[one % len(found)]) for one in exdate))
    whole = list(series.page(end=end).items)
    paged: list[Occurrence] = []
    after, truncated = None, True
    while truncated:
        page = series.page(after=after, end=end, limit=limit)
        paged += page.items
        truncated = page.truncated
        assert len(page.items) == limit or not truncated
        after = page.items[-1].local if page.items else None
    assert paged == whole


@given(series=recurrences(zoned=True), offset=days)
@PROPERTY
def test_instants_and_local_times_bound_alike(series: Recurrence, offset: float) -> None:
    """A range of instants is the range of local times, filtered by instants: none is lost at its ends."""
    zone = series.anchor.zone
    assert zone is not None
    start = (series.anchor.local + timedelta(days=int(offset), hours=3)).replace(tzinfo=zone)
    end = start + timedelta(hours=3)
    first, last = start - timedelta(hours=25), end + timedelta(hours=25)
    near = series.occurrences(start=first.replace(tzinfo=None), end=last.replace(tzinfo=None))
    expected = [one for one in near if one.instant is not None and start <= one.instant < end]
    assert list(series.occurrences(start=start, end=end)) == expected


@given(series=recurrences(), count=st.integers(1, SOME), exdate=st.sets(st.integers(0, SOME - 1), max_size=5))
@PROPERTY
def test_count_is_the_beginning(series: Recurrence, count: int, exdate: set[int]) -> None:
    """COUNT keeps the first so many, numbered from 1; EXDATE takes away without making others."""
    found = first(series)
    assume(len(found) == SOME)
    rule = structs.replace(series.rule, count=count)
    excluded = {found[place] for place in exdate}
    counted = Recurrence(series.anchor, rule, exdate=frozenset(map(local_seconds, excluded)))
    expected = [(at, number) for number, at in enumerate(found[:count], 1) if at not in excluded]
    assert [(one.local, one.number) for one in counted.page().items] == expected
    middle = found[count // 2]
    assert counted.counted_before(middle) == count // 2
    later = [(one.local, one.number) for one in counted.page(start=middle).items]
    assert later == [one for one in expected if one[0] >= middle]


@given(series=recurrences(zoned=False), place=st.integers(0, SOME - 1))
@PROPERTY
def test_until_is_the_beginning(series: Recurrence, place: int) -> None:
    """UNTIL at an occurrence keeps it, a second earlier does not."""
    found = first(series)
    at = found[place % len(found)]
    for until in (at, at - timedelta(seconds=1)):
        ended = structs.replace(series, rule=structs.replace(series.rule, until=Until(until, Kind.FLOATING)))
        assert first(ended) == [one for one in found if one <= until]


numbers = st.sets(st.integers(0, 10**7), max_size=8)


@given(series=recurrences(), rdate=numbers, exdate=numbers)
@PROPERTY
def test_rdate_and_exdate_are_sets(series: Recurrence, rdate: set[int], exdate: set[int]) -> None:
    """The union with RDATE, without EXDATE, in order; also where they name what the rule generates."""
    found = first(series)
    begin = local_seconds(found[0])
    mine = {local_seconds(found[number % len(found)]) if number % 2 else begin + number for number in rdate}
    without = {local_seconds(found[number % len(found)]) if number % 2 else begin + number for number in exdate}
    both = structs.replace(series, rdate=tuple(sorted(mine)), exdate=frozenset(without))
    end = found[-1]
    generated = {local_seconds(one) for one in found}
    expected = [local_time(at) for at in sorted((generated | mine) - without) if local_time(at) < end]
    assert [one.local for one in both.page(end=end).items] == expected


@given(series=recurrences())
@settings(max_examples=60, deadline=None)
def test_pages_are_bounded(series: Recurrence) -> None:
    """No page has more than it may, and all years are within the bounds."""
    found = series.page(start=datetime(9990, 1, 1))
    assert len(found.items) <= bounds.PAGE
    assert all(one.local.year <= bounds.LAST_YEAR for one in found.items)
