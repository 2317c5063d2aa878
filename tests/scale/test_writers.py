"""Pauses are counted from the acknowledgements alone."""

import pytest

from tests.scale.writers import longest


@pytest.mark.parametrize(
    ("moments", "pause"),
    [
        ([1.0, 2.0, 2.5, 3.0, 9.0], 1.0),  # inside; the pause after the end is none of it
        ([1.0, 4.0], 3.0),  # over all of it
        ([0.0, 1.9, 2.2, 3.5], 1.9),  # it began before
        ([1.0, 2.1], 1.1),  # what has not come yet is waited for until the end
        ([1.0], 2.0),
    ],
)
def test_the_longest_pause_that_touches_a_fault(moments: list[float], pause: float) -> None:
    """From the last moment before it to the first one after it."""
    assert longest(moments, 1.5, 3.0) == pytest.approx(pause)


def test_who_had_nothing_before_has_no_pause() -> None:
    """It would be counted from nowhere."""
    with pytest.raises(ValueError, match="nothing was acknowledged before"):
        longest([2.0], 1.0, 3.0)
