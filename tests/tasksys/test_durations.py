"""Durations, and the instants before a due value that they give."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys.durations import EARLIEST, LATEST, Duration, before, parse, spelled
from tasksys.values import When

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P1D", (1, 0)),
        ("P2W", (14, 0)),
        ("PT24H", (0, 86_400)),
        ("PT1H30M", (0, 5_400)),
        ("P1DT2H3M4S", (1, 7_384)),
        ("-PT5M", (0, -300)),
        ("-P1DT1H", (-1, -3_600)),
        ("+PT90S", (0, 90)),
        ("PT0S", (0, 0)),
    ],
)
def test_durations(text: str, duration: tuple[int, int]) -> None:
    """Weeks and days are nominal, hours, minutes and seconds exact."""
    assert parse(text) == Duration(*duration)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1", "1D", "P1M", "P1Y", "P1W1D", "PT1H2", "P-1D", "p1d", "P1D ", "P1DT", "P٣D", "P5000D"]
)
def test_what_is_no_duration(text: str) -> None:
    """The message says what to write; months and years are not among it, for they have no length."""
    with pytest.raises(ValueError, match=r"such as PT30M|ten years"):
        parse(text)


@pytest.mark.parametrize(
    ("when", "duration", "zone", "instant"),
    [
        # The day before a clock change: a day is the same wall time, 24 hours are 24 hours.
        (When(local="2025-03-09T09:00", zone="America/New_York"), "P1D", BERLIN, "2025-03-08T14:00Z"),
        (When(local="2025-03-09T09:00", zone="America/New_York"), "PT24H", BERLIN, "2025-03-08T13:00Z"),
        (When(date="2026-03-08"), "PT30M", NEW_YORK, "2026-03-08T04:30Z"),  # 7 March 23:30 there
        (When(local="2026-03-09T09:00"), "PT0S", BERLIN, "2026-03-09T08:00Z"),  # floating: in the zone given
        (When(local="2026-03-09T02:30", zone="America/New_York"), "P1D", BERLIN, "2026-03-08T07:30Z"),  # in the gap
        (When(local="2026-11-02T01:30", zone="America/New_York"), "P1D", BERLIN, "2026-11-01T05:30Z"),  # the first
        (When(date="2026-03-08"), "-PT9H", BERLIN, "2026-03-08T08:00Z"),
        (When(local="2026-03-30T09:00", zone="Europe/Berlin"), "P1DT1H", BERLIN, "2026-03-29T06:00Z"),
        (When(local="2026-03-30T09:00", zone="No/Zone"), "PT0S", BERLIN, "2026-03-30T07:00Z"),
    ],
)
def test_the_instant_before(when: When, duration: str, zone: ZoneInfo, instant: str) -> None:
    """Days are stepped first, then the exact part."""
    assert before(when, parse(duration), zone) == datetime.fromisoformat(instant)


def test_dates_begin_at_the_hour() -> None:
    """A user's own hour is where a date begins, where it is set."""
    assert before(When(date="2026-03-08"), parse("PT30M"), BERLIN, hour=9) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_the_calendar_ends() -> None:
    """What would be outside of it is at its ends."""
    assert before(When(date="0001-01-01"), parse("P1W"), BERLIN) == EARLIEST
    assert before(When(date="9999-12-31"), parse("-P1W"), BERLIN) == LATEST


@pytest.mark.parametrize(
    ("text", "expected"),
    [("P1W", "P7D"), ("PT2H", "PT120M"), ("P1DT90S", "P1DT1M30S"), ("PT1S", "PT1S"), ("PT0S", "P0D")],
)
def test_one_spelling(text: str, expected: str) -> None:
    """Days, minutes and seconds, whatever it was made of; it is read as the same."""
    assert spelled(parse(text)) == expected
    assert parse(expected) == parse(text)


@given(st.text(alphabet="PT0123456789WDHMS+-", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else happens, and a text that is read has a sign and parts that agree."""
    try:
        days, seconds = parse(text)
    except ValueError:
        return
    assert days * seconds >= 0
