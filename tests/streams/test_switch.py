"""How the rows that a replay puts right are cut into slices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import keys, switch
from streams.switch import Wrong, cut

WRONG = st.builds(
    Wrong,
    st.builds(keys.row, st.sampled_from("abc"), st.sampled_from("cmptw"), st.sampled_from(["", "x", "y"])),
    st.integers(0, 30),
)


@given(st.lists(WRONG, max_size=40, unique_by=lambda one: one.key).map(sorted))
def test_slices_are_bounded_and_keep_workspaces_together(wrong: list[Wrong]) -> None:
    """Each row is in one slice; one that is over a bound is one row; a workspace that fits into one is in one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(switch, "ROWS", 7)
        patch.setattr(switch, "BYTES", 60)
        slices = list(cut(wrong))
    assert sorted(one for part in slices for one in part) == wrong
    for part in slices:
        assert 1 <= len(part) <= 7
        assert len(part) == 1 or sum(one.size for one in part) <= 60
    for name in (b"a\0", b"b\0", b"c\0"):
        own = [one for one in wrong if one.key.startswith(name)]
        if len(own) <= 7 and sum(one.size for one in own) <= 60:
            assert sum(any(one in part for one in own) for part in slices) <= 1


def test_the_row_that_numbers_events_comes_first() -> None:
    """Of a workspace that takes several slices: the events that commands make meanwhile follow from it."""
    names = [keys.row("a", "t", str(number)) for number in range(3)]
    (part,) = cut([Wrong(key, 1) for key in (*names, keys.row("a", "w", ""))])
    assert part[0].key == keys.row("a", "w", "")
