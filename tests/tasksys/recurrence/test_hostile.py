"""Rules made to cost: each search ends, and none costs more than a millisecond or two of CPU."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import pytest

from tests.tasksys.recurrence.made import days, made

HOURS = ",".join(map(str, range(24)))
MINUTES = ",".join(map(str, range(60)))
ALL_DAYS = "MO,TU,WE,TH,FR,SA,SU"
FAR = datetime(9000, 1, 1)
MILLISECONDS = 25
"""What a search may take at most, of CPU: ten times what the worst takes on a slow machine, for noise."""


def cost(call: Callable[[], object]) -> float:
    """Milliseconds of CPU of the quickest of three calls."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        call()
        taken.append((time.process_time() - begin) * 1000)
    return min(taken)


def refused(anchor: str, rule: str) -> None:
    """Makes a recurrence that is refused."""
    with pytest.raises(ValueError, match=r"\w"):
        made(anchor, rule)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY;INTERVAL=1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
        f"FREQ=YEARLY;BYDAY={ALL_DAYS};BYSETPOS=-366",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1",
        "FREQ=SECONDLY;INTERVAL=86399;BYHOUR=1;BYMINUTE=0;BYSECOND=0",
    ],
)
def test_what_never_is_is_refused_at_once(rule: str) -> None:
    """It does not generate its anchor, or is too often; no search of the calendar is needed to know."""
    assert cost(lambda: refused("2024-12-31T00:00 Europe/Berlin", rule)) < MILLISECONDS


@pytest.mark.parametrize(
    ("rule", "number", "given_up"),
    [
        ("FREQ=YEARLY;INTERVAL=1000;BYYEARDAY=366", 8, False),
        ("FREQ=YEARLY;INTERVAL=400;BYMONTH=12;BYMONTHDAY=31;BYDAY=TU", 20, False),
        ("FREQ=WEEKLY;INTERVAL=1000000", 1, False),
        ("FREQ=SECONDLY;INTERVAL=86399;BYHOUR=0;BYMINUTE=0;BYSECOND=0", 1, True),
        ("FREQ=MINUTELY;INTERVAL=1439;BYHOUR=0;BYMINUTE=0", 1, True),
        ("FREQ=DAILY;INTERVAL=1461;BYMONTH=12;BYMONTHDAY=31", 19, True),
    ],
)
def test_a_search_ends(rule: str, number: int, given_up: bool) -> None:
    """By the last year, or because too many periods in a row had nothing; the page says which."""
    series = made("2024-12-31T00:00 Europe/Berlin", rule)
    found = series.page()
    assert (len(found.items), found.truncated, found.given_up) == (number, False, given_up)
    assert cost(series.page) < MILLISECONDS


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=MINUTELY", "90000101"),
        ("FREQ=HOURLY;INTERVAL=7;BYDAY=TU;BYMONTH=12;BYMONTHDAY=31", "90051231"),
        ("FREQ=SECONDLY;INTERVAL=61;BYMONTH=12", "90001201"),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31;BYDAY=TU", "90051231"),
        ("FREQ=MONTHLY;INTERVAL=7;BYMONTHDAY=31;BYMONTH=12", "90031231"),
        (f"FREQ=YEARLY;BYDAY={ALL_DAYS};BYHOUR={HOURS};BYMINUTE={MINUTES}", "90000101"),
        (f"FREQ=YEARLY;BYDAY={ALL_DAYS};BYHOUR={HOURS};BYMINUTE={MINUTES};BYSETPOS=1,-1", "90001231"),
    ],
)
def test_a_far_page_costs_what_a_near_one_costs(rule: str, expected: str) -> None:
    """Seven thousand years on, the period is computed, not walked to; sets are picked from without being made."""
    series = made("2024-01-01T00:00" if "BYSETPOS" in rule else "2024-12-31T00:00", rule)
    assert days(series.page(after=FAR, limit=1)) == expected
    assert cost(lambda: series.page(after=FAR, limit=5)) < MILLISECONDS


def test_a_high_count_is_counted_once() -> None:
    """The first question far from the anchor counts; the next ones know."""
    series = made("2024-12-31T00:00 Europe/Berlin", "FREQ=DAILY;COUNT=10000")
    assert series.page(after=FAR).items == ()
    assert [one.number for one in series.page(start=datetime(2052, 5, 16)).items] == [9999, 10000]
    assert cost(lambda: series.page(after=FAR)) < MILLISECONDS


ORDINARY = [
    "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=WEEKLY;INTERVAL=2;COUNT=50", "FREQ=MONTHLY",
    "FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;SKIP=BACKWARD", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=YEARLY",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20300101T000000Z",
]  # fmt: skip


def test_ordinary_series_are_cheap() -> None:
    """The next five of each take 50 to 60 µs of CPU, parsing apart: ten thousand series are half a second's work."""
    zones = ("Europe/Berlin", "America/New_York", "Asia/Tokyo")
    anchors = {"FREQ=MONTHLY;BYMONTHDAY=-1": "2024-01-31", "FREQ=WEEKLY;BYDAY=MO,WE,FR": "2024-01-10"}
    series = [
        made(f"{anchors.get(rule, '2024-01-09')}T{hour:02}:30 {zone}", rule)
        for rule in ORDINARY
        for zone in zones
        for hour in range(24)
    ]
    now = datetime(2026, 3, 1)
    taken = cost(lambda: [one.page(after=now, limit=5) for one in series])
    assert taken / len(series) < 0.4
