"""Percentiles are what their names say."""

from __future__ import annotations

import pytest

from tests.bench.percentiles import Times, percentile


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7.0], 0.5, 7.0),
        ([7.0], 0.99, 7.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        (list(range(1, 101)), 0.99, 99),
        (list(range(1, 101)), 1.0, 100),
        (list(range(1, 102)), 0.99, 100),
    ],
)
def test_a_percentile_is_the_nearest_rank(values: list[float], share: float, expected: float) -> None:
    """It is one of the values, and at least that share of them do not exceed it."""
    assert percentile(values, share) == expected
    assert sum(value <= expected for value in values) >= share * len(values)


def test_there_is_no_percentile_of_nothing() -> None:
    """A run that measured nothing must not look fast."""
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_times_are_shown_in_milliseconds() -> None:
    """Whatever their order."""
    assert Times.of([0.003, 0.001, 0.002]) == Times(3, 2.0, 3.0, 3.0)
