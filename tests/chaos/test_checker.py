"""The checker itself: good histories pass, and each kind of violation, planted in a good one, is found by name."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chaos.checker import check
from tests.chaos.history import History
from tests.chaos.kinds import Kind
from tests.chaos.model import good
from tests.chaos.spoilers import SPOILERS, Spoiler

RANDOMS = st.integers(0, 2**32).map(Random)
MANY = settings(max_examples=60, deadline=None)


@MANY
@given(RANDOMS)
def test_a_good_history_passes(rng: Random) -> None:
    """Overlapping, repeated, unanswered and forgotten commands are no violation."""
    assert check(good(rng)) == []


def test_each_kind_is_planted() -> None:
    """No kind of violation is only claimed to be found."""
    assert SPOILERS.keys() == set(Kind)


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [pytest.param(kind, spoil, id=spoil.__name__) for kind, all_of in SPOILERS.items() for spoil in all_of],
)
def test_what_is_planted_is_found(kind: Kind, spoil: Spoiler) -> None:
    """The violation is among those that are named."""
    found = []

    @MANY
    @given(RANDOMS)
    def planted(rng: Random) -> None:
        history = good(rng)
        spoil(history, rng)
        violations = check(history)
        assert kind in {one.kind for one in violations}, violations
        assert all(str(one) for one in violations)
        found.append(kind)

    planted()
    assert found


def test_a_history_is_kept(tmp_path: Path) -> None:
    """A run that was written to a file is judged the same."""
    history = good(Random(1))
    history.save(tmp_path / "history.json")
    assert History.load(tmp_path / "history.json") == history
