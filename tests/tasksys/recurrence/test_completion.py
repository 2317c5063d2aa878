"""Rules that count from completion."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys.recurrence import after_completion
from tests.tasksys.recurrence.made import when


def test_four_weeks_on_sunday_after_a_tuesday() -> None:
    """Every 4 weeks on Sunday after completion, done on Tuesday 19 April 2022, is Sunday 15 May."""
    series = after_completion(when("2022-04-17T09:00 America/New_York"), "FREQ=WEEKLY;INTERVAL=4;BYDAY=SU")
    found = series.following(date(2022, 4, 19), 1)
    assert found is not None
    assert found.local == datetime(2022, 5, 15, 9)
    assert found.instant == datetime(2022, 5, 15, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "rule", "done", "following"),
    [
        ("2026-01-01", "FREQ=DAILY;INTERVAL=3", "2026-01-05", "2026-01-08"),
        ("2026-01-01", "FREQ=DAILY;INTERVAL=3", "2025-12-24", "2025-12-27"),
        ("2026-01-01", "FREQ=WEEKLY;INTERVAL=2", "2026-01-06", "2026-01-20"),
        ("2026-01-01", "FREQ=MONTHLY", "2026-01-15", "2026-02-15"),
        ("2026-01-01", "FREQ=MONTHLY", "2026-01-31", "2026-03-31"),
        ("2026-01-01", "FREQ=MONTHLY;SKIP=BACKWARD", "2026-01-31", "2026-02-28"),
        ("2026-01-01", "FREQ=MONTHLY;SKIP=FORWARD", "2026-01-31", "2026-03-01"),
        ("2026-01-01", "FREQ=YEARLY;INTERVAL=2", "2026-05-05", "2028-05-05"),
        ("2024-02-29", "FREQ=YEARLY;SKIP=BACKWARD", "2024-02-29", "2025-02-28"),
        ("2026-01-01", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "2026-01-02", "2026-01-05"),
        ("2026-01-01", "FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR", "2026-01-05", "2026-01-08"),
        ("2026-01-01", "FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR", "2026-01-08", "2026-01-12"),
        ("2026-01-04", "FREQ=WEEKLY;INTERVAL=4;BYDAY=SU", "2026-01-04", "2026-02-01"),
        ("2026-01-05", "FREQ=WEEKLY;BYDAY=MO,TH", "2026-01-06", "2026-01-08"),
        ("2026-01-01", "FREQ=MONTHLY;BYMONTHDAY=1", "2026-01-20", "2026-02-01"),
        ("2026-01-15", "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=15", "2026-01-31", "2026-03-15"),
        ("2026-01-30", "FREQ=MONTHLY;BYDAY=-1FR", "2026-02-27", "2026-03-27"),
        ("2026-01-15", "FREQ=YEARLY;BYMONTH=1,7", "2026-02-20", "2026-07-15"),
        ("2026-01-15", "FREQ=YEARLY;INTERVAL=2;BYMONTH=1", "2026-02-20", "2028-01-15"),
        ("2026-05-11", "FREQ=YEARLY;BYWEEKNO=20", "2026-05-11", "2027-05-17"),
    ],
)
def test_the_next_date_counts_from_the_completion(anchor: str, rule: str, done: str, following: str) -> None:
    """The interval from then; where BY parts name days, the first such one after all but the last period of it."""
    found = after_completion(when(anchor), rule).following(date.fromisoformat(done), 1)
    assert found is not None
    assert found.local.date() == date.fromisoformat(following)


def test_the_wall_time_is_the_anchors() -> None:
    """However late in the day it is done, also in a gap of the clock, which is read as everywhere."""
    series = after_completion(when("2026-03-01T02:30 Europe/Berlin"), "FREQ=DAILY")
    found = series.following(date(2026, 3, 28), 1)
    assert found is not None
    assert (found.local, found.instant) == (datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC))


def test_it_ends_by_completions_or_by_until() -> None:
    """`stop_after` is a number of completions; UNTIL is a time; the years that are computed have an end too."""
    series = after_completion(when("2026-01-01"), "FREQ=DAILY;UNTIL=20260110", stop_after=3)
    assert series.following(date(2026, 1, 5), 2) is not None
    assert series.following(date(2026, 1, 5), 3) is None
    assert series.following(date(2026, 1, 9), 1) is not None
    assert series.following(date(2026, 1, 10), 1) is None
    endless = after_completion(when("2026-01-01"), "FREQ=DAILY")
    assert endless.following(date(9998, 12, 31), 1) is None
    assert endless.following(date.max, 1) is None


@given(done=st.dates(date(1600, 1, 1)), interval=st.sampled_from((1, 2, 1000, 10**6)), freq=st.sampled_from("DWMY"))
def test_however_far_it_only_ends(done: date, interval: int, freq: str) -> None:
    """Any completion and interval give a later date or none, also at the end of the years; never an error."""
    name = {"D": "DAILY", "W": "WEEKLY", "M": "MONTHLY", "Y": "YEARLY"}[freq]
    for rule in (f"FREQ={name};INTERVAL={interval}", f"FREQ={name};INTERVAL={interval};BYMONTH=1"):
        found = after_completion(when("2026-01-01"), rule).following(done, 1)
        assert found is None or found.local.date() > done


@pytest.mark.parametrize(
    ("rule", "stop_after", "message"),
    [
        ("FREQ=DAILY;COUNT=3", None, "has no COUNT; give stop_after"),
        ("FREQ=HOURLY", None, "repeats by days, weeks, months or years; use FREQ=DAILY"),
        ("FREQ=DAILY;BYHOUR=9,17", None, "is at its anchor's time; leave out BYHOUR"),
        ("FREQ=DAILY", 0, "stop_after must be 1 to 10000 completions"),
        ("FREQ=WEEKLY;BYDAY=MO", None, "does not generate its own anchor"),
    ],
)
def test_what_cannot_count_from_completion_is_refused(rule: str, stop_after: int | None, message: str) -> None:
    """With what to give instead."""
    with pytest.raises(ValueError, match=message):
        after_completion(when("2026-01-01T09:00"), rule, stop_after)
