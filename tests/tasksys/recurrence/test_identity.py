"""The ids of occurrences."""

from __future__ import annotations

import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys.recurrence import occurrence_id
from tasksys.values import Id


@pytest.mark.parametrize(
    ("series", "original", "identity"),
    [
        ("abc", "2026-03-08T09:00", "154a28ea-7720-5ef2-9849-3e2e3265abbf"),
        ("abc", "2026-03-08", "6835e5b8-1b84-5455-8b7f-3e0aa77ad494"),
        ("01J0A6ZQ4T4G6S1QW9Z9M9X4R2", "2026-03-08T09:00:30", "69b17453-285f-5bee-b496-7f546265f771"),
    ],
)
def test_ids_are_these_for_ever(series: str, original: str, identity: str) -> None:
    """A golden id never changes: tasks are stored under it."""
    assert occurrence_id(series, original) == identity


moments = st.datetimes().map(lambda at: at.replace(second=0, microsecond=0).isoformat(timespec="minutes"))


@given(series=st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z"), original=moments)
def test_it_is_a_uuid_that_anyone_can_compute(series: str, original: str) -> None:
    """A UUIDv5 of a namespace and a name, and an id as the system accepts."""
    found = occurrence_id(series, original)
    assert found == str(uuid.uuid5(uuid.UUID("7c6ab1f8-c5d5-5cb8-a1e0-a3d1f0e2b947"), f"{series}/{original}"))
    assert msgspec.convert(found, Id) == found
    assert found == occurrence_id(series, f"{original}:00")


def test_series_and_times_are_told_apart() -> None:
    """Another series or another time is another occurrence."""
    pairs = [("a", "2026-03-08"), ("a", "2026-03-08T00:00"), ("a", "2026-03-08T00:00:30"), ("b", "2026-03-08")]
    assert len({occurrence_id(*pair) for pair in pairs}) == len(pairs)
