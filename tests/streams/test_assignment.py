"""Who has which partition: balanced, the same for all who ask, warm when somebody goes, and moving little."""

import random
from collections import Counter
from collections.abc import Collection
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.assignment import plan

members = st.sets(st.integers(1, 60).map(lambda number: f"http://10.0.0.{number}:3001"), min_size=1, max_size=9)
partitions = st.sampled_from([1, 2, 3, 4, 12, 13, 48])
standbys = st.integers(0, 3)


def moved(before: Collection[str], after: Collection[str], count: int) -> int:
    """How many partitions have another owner."""
    old, new = plan(before, count, 0).active, plan(after, count, 0).active
    return sum(old[number] != new[number] for number in range(count))


def cluster(seed: int, size: int) -> list[str]:
    """So many members, others for each seed."""
    numbers = random.Random(seed).sample(range(1, 1000), size)
    return [f"http://worker-{number}.tasksys:3001" for number in numbers]


@given(members, partitions, standbys)
def test_everybody_has_as_much(there: set[str], count: int, copies: int) -> None:
    """Every partition has one owner, and no member has two more than another one."""
    active = plan(there, count, copies).active
    assert sorted(active) == list(range(count))
    loads = Counter(dict.fromkeys(there, 0))
    loads.update(active.values())
    assert set(loads) == there
    assert max(loads.values()) - min(loads.values()) <= 1


@given(members, partitions, standbys)
def test_standbys_are_others(there: set[str], count: int, copies: int) -> None:
    """A partition has as many standbys as was asked for and there are members for, each somewhere else."""
    active, standby = plan(there, count, copies)
    for number, owner in active.items():
        assert len(standby[number]) == min(copies, len(there) - 1)
        assert len({owner, *standby[number]}) == 1 + len(standby[number])
        assert {owner, *standby[number]} <= there


@given(members, partitions, st.randoms())
def test_the_order_says_nothing(there: set[str], count: int, randomness: random.Random) -> None:
    """Leaders that know the members in different orders, or one twice, say the same."""
    shuffled = [*there, *there]
    randomness.shuffle(shuffled)
    assert plan(shuffled, count, 2) == plan(there, count, 2)


@given(members.filter(lambda there: len(there) > 1), partitions, standbys)
@settings(deadline=None)
def test_standbys_take_over(there: set[str], count: int, copies: int) -> None:
    """Whoever goes, its partitions go to their first standbys, and their second ones become the first."""
    before = plan(there, count, copies)
    for gone in there:
        after = plan(there - {gone}, count, copies)
        for number in (one for one, owner in before.active.items() if owner == gone):
            assert before.standby[number][:1] in ((), (after.active[number],))
            assert after.standby[number][: max(0, copies - 1)] == before.standby[number][1:]


@given(members, partitions)
def test_who_gives_stays_a_standby(there: set[str], count: int) -> None:
    """A newcomer's partitions are warm where they come from."""
    before, after = plan(there, count, 1), plan(there | {"http://new:1"}, count, 1)
    for number in (one for one, owner in after.active.items() if owner == "http://new:1"):
        assert after.standby[number] == (before.active[number],)


@pytest.mark.parametrize(("count", "extra", "most"), [(12, 1.0, 4), (64, 3.5, 8)])
def test_little_moves(count: int, extra: float, most: int) -> None:
    """When one joins, or leaves, hardly anything moves but what that one has: measured over many clusters."""
    found = list[int]()
    for size in range(1, 7):
        for seed in range(30):
            there = cluster(seed, size + 1)
            own = list(plan(there, count, 0).active.values()).count(there[-1])
            found.append(moved(there[:-1], there, count) - own)
            assert found[-1] <= most, (size, seed)
    assert mean(found) <= extra


def test_nobody_is_there() -> None:
    """Then nobody has anything."""
    assert plan((), 4, 1) == ({}, {})
