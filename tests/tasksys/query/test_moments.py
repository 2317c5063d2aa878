"""Days and instants, in several zones and round their clock changes."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys.query.moments import NEVER, at, day, resolve, span
from tasksys.query.syntax import Base, Moment, Relative
from tasksys.values import When, instant
from tests.support.queries import BERLIN, NOW, ZONES, local, on, whens

NEW_YORK = ZoneInfo("America/New_York")
CAIRO = ZoneInfo("Africa/Cairo")
HAVANA = ZoneInfo("America/Havana")
APIA = ZoneInfo("Pacific/Apia")
KATHMANDU = ZoneInfo("Asia/Kathmandu")


def shown(seconds: float) -> str:
    """An instant as the system writes it."""
    return instant(datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("when", "zone", "first"),
    [
        (local("2026-03-08T09:00", "Europe/Berlin"), NEW_YORK, "2026-03-08T08:00:00.000Z"),
        (local("2026-03-08T09:00:30"), KATHMANDU, "2026-03-08T03:15:30.000Z"),
        (local("2025-03-09T02:30"), NEW_YORK, "2025-03-09T07:30:00.000Z"),
        (local("2007-11-04T01:30", "America/New_York"), BERLIN, "2007-11-04T05:30:00.000Z"),
        (on("2026-03-29"), BERLIN, "2026-03-28T23:00:00.000Z"),
        (on("2025-04-25"), CAIRO, "2025-04-24T22:00:00.000Z"),
    ],
)
def test_span(when: When, zone: ZoneInfo, first: str) -> None:
    """A zoned time keeps its zone, others are read in the one given; a gap is read with the offset before it."""
    assert shown(span(when, zone).first) == first


def test_span_of_a_time_is_one_instant() -> None:
    """A time has no length; what is not there is not a number."""
    first, last = span(local("2026-03-08T09:00"), BERLIN)
    assert first == last
    assert span(None, BERLIN) is NEVER
    assert at("") != at("")
    assert at(None) != at(None)
    assert at("2026-03-08T09:00:00.250Z") == datetime(2026, 3, 8, 9, 0, 0, 250_000, UTC).timestamp()


@pytest.mark.parametrize(
    ("zone", "on", "hours"),
    [
        (BERLIN, date(2026, 3, 28), 24),
        (BERLIN, date(2026, 3, 29), 23),
        (BERLIN, date(2026, 10, 25), 25),
        (NEW_YORK, date(2026, 3, 8), 23),
        (CAIRO, date(2025, 4, 25), 23),
        (HAVANA, date(2025, 11, 2), 25),
        (APIA, date(2011, 12, 29), 24),
        (APIA, date(2011, 12, 30), 0),
        (APIA, date(2011, 12, 31), 24),
        (KATHMANDU, date.max, 24),
        (NEW_YORK, date.min, 24),
    ],
)
def test_days(zone: ZoneInfo, on: date, hours: int) -> None:
    """A day is as long as its clocks make it, and ends just before the next begins."""
    first, last = day(on.toordinal(), zone)
    assert last < first + hours * 3600 <= last + 0.001


@pytest.mark.parametrize("name", ZONES)
def test_days_follow_each_other(name: str) -> None:
    """Between two days is nothing, and they do not overlap."""
    zone = ZoneInfo(name)
    for ordinal in range(date(2011, 12, 1).toordinal(), date(2012, 12, 31).toordinal()):
        _, last = day(ordinal, zone)
        after, _ = day(ordinal + 1, zone)
        assert last < after <= last + 0.001


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (Relative(Base.TODAY), "2026-03-08"),
        (Relative(Base.TODAY, days=-8), "2026-02-28"),
        (Relative(Base.TODAY, months=-1), "2026-02-08"),
        (Relative(Base.SUNDAY), "2026-03-08"),
        (Relative(Base.MONDAY), "2026-03-09"),
        (Relative(Base.SATURDAY), "2026-03-14"),
        (Relative(Base.SATURDAY, days=-7), "2026-03-07"),
        (date(2026, 5, 1), "2026-05-01"),
        (Relative(Base.TODAY, days=10**9), "9999-12-31"),
        (Relative(Base.TODAY, days=-(10**9)), "0001-01-01"),
        (Relative(Base.TODAY, months=10**4000), "9999-12-31"),
        (Relative(Base.TODAY, months=-(10**4000)), "0001-01-01"),
    ],
)
@pytest.mark.parametrize("name", ZONES)
def test_days_relative_to_now(moment: Moment, expected: str, name: str) -> None:
    """Days are counted on the calendar of the zone; a weekday is the coming one, today included; the ends clamp."""
    zone = ZoneInfo(name)
    now = datetime(2026, 3, 8, 12, tzinfo=zone)
    assert resolve(moment, now, zone) == day(date.fromisoformat(expected).toordinal(), zone)


@pytest.mark.parametrize(
    ("today", "months", "days", "expected"),
    [
        ("2026-01-31", 1, 0, "2026-02-28"),
        ("2028-01-31", 1, 0, "2028-02-29"),
        ("2026-01-31", 2, 0, "2026-03-31"),
        ("2026-03-31", -1, 0, "2026-02-28"),
        ("2026-12-31", 2, 0, "2027-02-28"),
        ("2026-01-31", -1, 0, "2025-12-31"),
        ("2028-02-29", 12, 0, "2029-02-28"),
        ("2028-02-29", 48, 0, "2032-02-29"),
        ("2026-01-31", 1, 1, "2026-03-01"),
    ],
)
def test_months(today: str, months: int, days: int, expected: str) -> None:
    """A month later is the same day, at most the month's last; days are added after months."""
    now = datetime.fromisoformat(f"{today}T12:00").replace(tzinfo=BERLIN)
    found = resolve(Relative(Base.TODAY, months, days), now, BERLIN)
    assert found == day(date.fromisoformat(expected).toordinal(), BERLIN)


def test_today_depends_on_the_zone() -> None:
    """At one instant it is today in one zone and tomorrow in another."""
    now = datetime(2026, 3, 8, 20, tzinfo=UTC)
    assert resolve(Relative(Base.TODAY), now, NEW_YORK) == day(date(2026, 3, 8).toordinal(), NEW_YORK)
    assert resolve(Relative(Base.TODAY), now, KATHMANDU) == day(date(2026, 3, 9).toordinal(), KATHMANDU)
    assert resolve(Relative(Base.SUNDAY), now, KATHMANDU) == day(date(2026, 3, 15).toordinal(), KATHMANDU)


@pytest.mark.parametrize(
    ("now", "moment", "expected"),
    [
        ("2026-03-08T12:00Z", Relative(Base.NOW), "2026-03-08T12:00:00.000Z"),
        ("2026-03-08T12:00Z", Relative(Base.NOW, minutes=-240), "2026-03-08T08:00:00.000Z"),
        ("2026-03-28T12:00Z", Relative(Base.NOW, days=1), "2026-03-29T11:00:00.000Z"),
        ("2026-03-28T12:00Z", Relative(Base.NOW, minutes=24 * 60), "2026-03-29T12:00:00.000Z"),
        ("2026-03-28T12:00Z", Relative(Base.NOW, days=1, minutes=60), "2026-03-29T12:00:00.000Z"),
        ("2026-03-28T01:30Z", Relative(Base.NOW, days=1), "2026-03-29T01:30:00.000Z"),
        ("2026-10-24T00:30Z", Relative(Base.NOW, days=1), "2026-10-25T00:30:00.000Z"),
        ("2026-10-25T01:30Z", Relative(Base.NOW), "2026-10-25T01:30:00.000Z"),
        ("2026-10-25T01:30Z", Relative(Base.NOW, minutes=0), "2026-10-25T01:30:00.000Z"),
        ("2026-01-31T12:00Z", Relative(Base.NOW, months=1), "2026-02-28T12:00:00.000Z"),
        ("2026-03-29T12:00Z", Relative(Base.TODAY, minutes=240), "2026-03-29T03:00:00.000Z"),
        ("2026-03-29T12:00Z", Relative(Base.TODAY, minutes=0), "2026-03-28T23:00:00.000Z"),
        ("2026-03-08T12:00Z", datetime(2026, 3, 29, 2, 30), "2026-03-29T01:30:00.000Z"),
        ("2026-03-08T12:00Z", datetime(2026, 10, 25, 2, 30), "2026-10-25T00:30:00.000Z"),
        ("2026-03-08T12:00Z", datetime(2026, 3, 8, 9, tzinfo=NEW_YORK), "2026-03-08T13:00:00.000Z"),
    ],
)
def test_instants(now: str, moment: Moment, expected: str) -> None:
    """In Berlin: days keep the wall time, hours are exact and come last, a bare now is the very instant."""
    first, last = resolve(moment, datetime.fromisoformat(now), BERLIN)
    assert shown(first) == expected
    assert first == last


@pytest.mark.parametrize("minutes", [10**4000, -(10**4000)])
def test_absurd_hours_are_clamped(minutes: int) -> None:
    """A number of any size gives an instant."""
    first, _ = resolve(Relative(Base.NOW, minutes=minutes), NOW, BERLIN)
    assert (first > 0) is (minutes > 0)


@given(whens, st.sampled_from(ZONES))
def test_a_value_is_in_its_day(when: When, name: str) -> None:
    """In its own zone, a value overlaps the day it names unless a gap took it."""
    zone = ZoneInfo(when.zone or name)
    first, last = span(when, zone)
    named = (when.date or when.local or "")[:10]
    today = day(date.fromisoformat(named).toordinal(), zone)
    assert first <= last or today.first > today.last
    assert (first <= today.last and last >= today.first) or zone is APIA


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize(
    "when", [local("0001-01-01T00:00"), local("9999-12-31T23:59"), on("0001-01-01"), on("9999-12-31")]
)
def test_the_ends_of_the_calendar(name: str, when: When) -> None:
    """The first and the last day have instants in every zone."""
    first, last = span(when, ZoneInfo(name))
    assert first <= last
