"""Keys of the manual order."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys import limits, ordering
from tests.tasksys.strategies import QUICK

KEY = re.compile(r"[0-9A-Za-z]{0,255}[1-9A-Za-z]")
KEYS = st.from_regex(r"[0-9A-Za-z]{0,5}[1-9A-Za-z]", fullmatch=True)
POSITIONS = st.integers(1, 2**63)


@QUICK
@given(POSITIONS, POSITIONS)
def test_later_goes_further_out(one: int, other: int) -> None:
    """At the end, a later position stands behind an earlier one; at the start, before it."""
    earlier, later = sorted((one, other))
    if earlier < later:
        assert ordering.at_end(earlier) < ordering.at_end(later)
        assert ordering.at_start(earlier) > ordering.at_start(later)
    assert ordering.at_start(one) < ordering.at_end(other)
    assert KEY.fullmatch(ordering.at_end(one))
    assert KEY.fullmatch(ordering.at_start(one))


@pytest.mark.parametrize("power", range(1, 8))
def test_order_holds_where_a_digit_is_added(power: int) -> None:
    """The key of position 62 stands behind that of position 61 although it has more digits."""
    edge = 62**power
    assert ordering.at_end(edge - 1) < ordering.at_end(edge) < ordering.at_end(edge + 1)
    assert ordering.at_start(edge - 1) > ordering.at_start(edge) > ordering.at_start(edge + 1)


@QUICK
@given(KEYS, KEYS)
def test_between_two_keys_there_is_a_third(one: str, other: str) -> None:
    """A key between two different keys is a key, and between them."""
    low, high = sorted((one, other))
    if low < high:
        middle = ordering.between(low, high)
        assert low < middle < high
        assert KEY.fullmatch(middle)


@QUICK
@given(KEYS, KEYS)
def test_neighbours_out_of_order_give_a_key_behind_the_first(one: str, other: str) -> None:
    """Two people moved things at once: the task stands behind the neighbour that it was dropped after."""
    low, high = sorted((one, other))
    middle = ordering.between(high, low)
    assert middle == high + ordering.MIDDLE
    assert KEY.fullmatch(middle)


@QUICK
@given(KEYS)
def test_there_is_room_before_the_first(key: str) -> None:
    """A key never ends in the lowest digit, so something always fits before it."""
    before = ordering.between("", key)
    assert before < key
    assert KEY.fullmatch(before)


@pytest.mark.parametrize("side", ["front", "back", "alternately"])
def test_a_thousand_drops_into_one_gap_stay_in_order(side: str) -> None:
    """Keys grow by one character in about six drops into the same gap, and stay under the bound."""
    low, high = ordering.at_end(1), ordering.at_end(2)
    for turn in range(1_000):
        middle = ordering.between(low, high)
        assert low < middle < high
        if side == "front" or (side == "alternately" and turn % 2):
            high = middle
        else:
            low = middle
    assert len(middle) < limits.ORDER_CHARACTERS


def test_a_full_gap_gives_a_tie() -> None:
    """Where no longer key fits, a neighbour's key is given, which is a key: both stand there by their ids."""
    last, first = "z" * limits.ORDER_CHARACTERS, "0" * (limits.ORDER_CHARACTERS - 1) + "1"
    assert ordering.between(last, "") == last
    assert ordering.between("", first) == first
    low, high = "a", "b"
    for _ in range(3_000):
        high = ordering.between(low, high)
        assert low < high
        assert KEY.fullmatch(high)
    assert len(high) == limits.ORDER_CHARACTERS


def test_nothing_fits_before_a_key_that_ends_in_the_lowest_digit() -> None:
    """Such a key is not accepted from anybody; if there were one, the answer would still be a key."""
    assert KEY.fullmatch(ordering.between("a", "a0"))


@given(KEYS, KEYS, st.integers(1, 10**6), st.integers(1, 10**6))
def test_into_one_gap_the_later_comes_nearer(one: str, other: str, earlier: int, more: int) -> None:
    """Of two that are put directly behind a key, or in front of one, at different positions, both are in the gap."""
    low, high = sorted((one, other))
    if low == high:
        return
    first, second = (ordering.directly_behind(low, high, position) for position in (earlier, earlier + more))
    assert low < second < first < high
    first, second = (ordering.directly_in_front(low, high, position) for position in (earlier, earlier + more))
    assert low < first < second < high


@given(KEYS, KEYS, st.integers(1, 10**6))
def test_without_knowing_the_gap_it_is_as_near_as_can_be(key: str, other: str, position: int) -> None:
    """In front of everything behind the key that does not begin with it."""
    behind = ordering.directly_behind(key, "", position)
    assert behind > key
    assert not key < other < behind or other.startswith(key)
    assert ordering.directly_in_front("", key, position) < key


@pytest.mark.parametrize("side", ["same", "chain"])
def test_a_thousand_moves_behind_one_task_stay_in_order(side: str) -> None:
    """Each behind the same one, or each behind the one before it: keys stay under the bound."""
    low, high = ordering.at_end(1), ordering.at_end(2)
    for position in range(1, 1_000):
        key = ordering.directly_behind(low, high, position)
        assert low < key < high
        if side == "same":
            high = key
        else:
            low = key
    assert len(key) < limits.ORDER_CHARACTERS


@pytest.mark.parametrize("put", [ordering.directly_behind, ordering.directly_in_front])
def test_a_full_gap_gives_a_key_all_the_same(put: Callable[[str, str, int], str]) -> None:
    """No key is longer than its bound."""
    key = "z" * (limits.ORDER_CHARACTERS - 2)
    assert KEY.fullmatch(put(key, key + "1", 5))
