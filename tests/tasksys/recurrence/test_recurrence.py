"""Recurrences: the vectors of the contract, sets, ranges, kinds of anchors, and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tasksys.recurrence import bounds, parse_rule, recurrence, wall_time
from tasksys.recurrence.daysets import days_of_year
from tasksys.values import When, require_zone
from tests.tasksys.recurrence.made import days, made, texts


def test_a_time_in_the_gap_is_read_with_the_offset_before_it_and_counts() -> None:
    """Daily at 2:30 in New York: on 9 March 2025 that is 3:30, 07:30 UTC, and it is one of the five."""
    series = made("2025-03-07T02:30 America/New_York", "FREQ=DAILY;COUNT=5")
    found = series.page().items
    assert [one.instant for one in found] == [
        datetime(2025, 3, 7, 7, 30, tzinfo=UTC),
        datetime(2025, 3, 8, 7, 30, tzinfo=UTC),
        datetime(2025, 3, 9, 7, 30, tzinfo=UTC),
        datetime(2025, 3, 10, 6, 30, tzinfo=UTC),
        datetime(2025, 3, 11, 6, 30, tzinfo=UTC),
    ]
    assert [one.number for one in found] == [1, 2, 3, 4, 5]
    assert found[2].local == datetime(2025, 3, 9, 2, 30)
    assert wall_time(found[2].local, require_zone("America/New_York")) == datetime(2025, 3, 9, 3, 30)


def test_a_doubled_time_is_its_first() -> None:
    """1:30 on 4 November 2007 in New York is 05:30 UTC."""
    found = made("2007-11-04T01:30 America/New_York", "FREQ=DAILY").page(limit=1)
    assert found.items[0].instant == datetime(2007, 11, 4, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "dates"),
    [
        ("FREQ=MONTHLY", "20260131 20260331 20260531"),
        ("FREQ=MONTHLY;SKIP=BACKWARD", "20260131 20260228 20260331 20260430"),
        ("FREQ=MONTHLY;SKIP=FORWARD", "20260131 20260301 20260331 20260501"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "20260131 20260228 20260331 20260430"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=1,30,31;SKIP=FORWARD",
            "20260131 20260201 20260301 20260330 20260331 20260401",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=SA;SKIP=BACKWARD", "20260131 20260228 20261031 20270731"),
        ("FREQ=MONTHLY;BYMONTH=1,2;BYMONTHDAY=30,31;SKIP=FORWARD", "20260131 20260301 20270130 20270131 20270301"),
    ],
)
def test_month_ends_do_not_drift(rule: str, dates: str) -> None:
    """Every month is computed from the anchor; a day that a month lacks is left out, or moved where SKIP says so."""
    assert days(made("2026-01-31T09:00 Europe/Berlin", rule).page(limit=len(dates.split()))) == dates


def test_a_day_counted_from_the_end_is_not_moved() -> None:
    """The 31st to last day of a month with 30 has no day before it in its month: it is left out, whatever SKIP says."""
    for skip in ("BACKWARD", "FORWARD", "OMIT"):
        series = made("2026-01-01", f"FREQ=MONTHLY;BYMONTHDAY=-31;SKIP={skip}")
        assert days(series.page(limit=4)) == "20260101 20260301 20260501 20260701"


def test_days_of_the_month_that_limit_are_not_moved() -> None:
    """Beside BYYEARDAY they pick from its days: the 60th, 1 March, is no moved 30 February."""
    assert days_of_year(parse_rule("FREQ=YEARLY;BYYEARDAY=60;BYMONTHDAY=30;SKIP=FORWARD"), 2026)[1] == ()
    assert days_of_year(parse_rule("FREQ=YEARLY;BYYEARDAY=60;BYMONTHDAY=1;SKIP=FORWARD"), 2026)[1] == (59,)


def test_moved_days_stay_in_order_and_are_there_once() -> None:
    """What SKIP=FORWARD moves into the next month is among its days, also where BYSETPOS picks only some."""
    series = made("2026-01-01", "FREQ=MONTHLY;BYMONTHDAY=1,31;SKIP=FORWARD;COUNT=9")
    assert days(series.page()) == ("20260101 20260131 20260201 20260301 20260331 20260401 20260501 20260531 20260601")
    assert days(series.page(start=datetime(2026, 3, 1), limit=1)) == "20260301"
    assert days(made("2026-01-31", "FREQ=MONTHLY;SKIP=FORWARD").page(start=datetime(2026, 3, 1), limit=1)) == "20260301"
    late = made("2026-01-01T09:00", "FREQ=MONTHLY;BYMONTHDAY=1,30;BYHOUR=9,17;BYSETPOS=1,-1;BYMINUTE=0;SKIP=FORWARD")
    assert texts(late.page(limit=5), late) == [
        "2026-01-01T09:00", "2026-01-30T17:00", "2026-02-01T09:00", "2026-03-01T09:00", "2026-03-01T17:00",
    ]  # fmt: skip


def test_exdate_does_not_change_what_count_counts() -> None:
    """Three are generated, one is taken away, two remain."""
    series = made("2026-01-01", "FREQ=DAILY;COUNT=3", exdate=["2026-01-02"])
    assert [(one.local.day, one.number) for one in series.page().items] == [(1, 1), (3, 3)]


def test_rdate_joins_and_exdate_takes_from_both() -> None:
    """Each local time is there once; RDATE is not counted, nor ended by UNTIL; EXDATE may name what is not there."""
    series = made(
        "2026-01-05",
        "FREQ=WEEKLY;COUNT=2",
        rdate=["2026-02-01", "2026-01-12", "2026-01-07", "2026-01-07"],
        exdate=["2026-01-05", "2026-03-01"],
    )
    assert [(one.local.day, one.number) for one in series.page().items] == [(7, None), (12, 2), (1, None)]


def test_seconds_step_over_minutes() -> None:
    """Every 40 seconds, on the minute only, is every other minute."""
    series = made("2026-01-01T00:00", "FREQ=SECONDLY;INTERVAL=40;BYSECOND=0;BYMINUTE=0,1,2,3,4,59")
    assert texts(series.page(limit=6), series) == [
        "2026-01-01T00:00", "2026-01-01T00:02", "2026-01-01T00:04", "2026-01-01T01:00", "2026-01-01T01:02",
        "2026-01-01T01:04",
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["COUNT=5", "UNTIL=20300101T000000Z"])
def test_a_search_is_given_up_also_before_its_end(end: str) -> None:
    """A rule that should have more, by its COUNT or UNTIL, but does not find them."""
    series = made("2026-01-01T00:00 UTC", f"FREQ=MINUTELY;INTERVAL=1439;BYHOUR=0;BYMINUTE=0;{end}")
    found = series.page()
    assert (len(found.items), found.truncated, found.given_up) == (1, False, True)
    assert series.counted_before(datetime(2030, 1, 1)) == (1 if "COUNT" in end else 0)


def test_a_range_that_was_searched_whole_is_not_given_up() -> None:
    """A range or an UNTIL in which a rule has nothing more ends the search; then it is certain."""
    series = made("2026-01-01T00:00 UTC", "FREQ=MINUTELY;INTERVAL=1439;BYHOUR=0;BYMINUTE=0;UNTIL=20270101T000000Z")
    assert not series.page().given_up
    endless = made("2026-01-01T00:00 UTC", "FREQ=MINUTELY;INTERVAL=1439;BYHOUR=0;BYMINUTE=0")
    assert not endless.page(end=datetime(2027, 1, 1)).given_up
    assert not endless.page(end=utc(2027, 1, 1, 0)).given_up


def test_rdate_remains_where_a_search_is_given_up() -> None:
    """The page says that there may be more, and still has what is certain."""
    series = made("2026-01-01T00:00", "FREQ=MINUTELY;INTERVAL=1439;BYHOUR=0;BYMINUTE=0", rdate=["2026-01-02T10:00"])
    found = series.page()
    assert texts(found, series) == ["2026-01-01T00:00", "2026-01-02T10:00"]
    assert (found.truncated, found.given_up) == (False, True)
    assert len(list(series.occurrences())) == 2


@pytest.mark.parametrize(
    ("anchor", "until", "last"),
    [
        ("2026-01-01", "20260103", "2026-01-03"),
        ("2026-01-01T09:00", "20260103T090000", "2026-01-03T09:00"),
        ("2026-01-01T09:00", "20260103T085959", "2026-01-02T09:00"),
        ("2026-01-01T09:00 Europe/Berlin", "20260103T080000Z", "2026-01-03T09:00"),
        ("2026-01-01T09:00 Europe/Berlin", "20260103T075959Z", "2026-01-02T09:00"),
        ("2026-03-28T02:30 Europe/Berlin", "20260329T013000Z", "2026-03-29T02:30"),
        ("2026-03-28T02:30 Europe/Berlin", "20260329T012959Z", "2026-03-28T02:30"),
        ("2026-10-24T02:30 Europe/Berlin", "20261025T003000Z", "2026-10-25T02:30"),
    ],
)
def test_until_is_inclusive_and_of_the_anchors_kind(anchor: str, until: str, last: str) -> None:
    """To the second; of a zone in UTC, also in a gap and in a doubled hour."""
    series = made(anchor, f"FREQ=DAILY;UNTIL={until}")
    assert texts(series.page(), series)[-1] == last


def test_until_within_the_hour_after_a_gap_ends_instants() -> None:
    """2:45 is read as 3:45 and is too late; 3:15, which comes after it by the wall clock, is not."""
    series = made("2026-03-29T01:45 Europe/Berlin", "FREQ=MINUTELY;INTERVAL=30;UNTIL=20260329T013000Z")
    assert texts(series.page(), series) == ["2026-03-29T01:45", "2026-03-29T02:15", "2026-03-29T03:15"]


@pytest.mark.parametrize(
    ("anchor", "rule", "message"),
    [
        ("2026-01-01", "FREQ=DAILY;UNTIL=20260103T000000", "UNTIL must be a date such as 20260501"),
        ("2026-01-01T09:00", "FREQ=DAILY;UNTIL=20260103T000000Z", "UNTIL must be a local time"),
        ("2026-01-01T09:00 Europe/Berlin", "FREQ=DAILY;UNTIL=20260103", "UNTIL must be in UTC, such as"),
        ("2026-01-01T09:00", "FREQ=DAILY;UNTIL=20251231T000000", "UNTIL is before the anchor; give a later one"),
        ("2026-01-01", "FREQ=HOURLY", "FREQ=HOURLY needs an anchor with a time"),
        ("2026-01-01", "FREQ=DAILY;BYHOUR=9", "BYHOUR, BYMINUTE and BYSECOND need an anchor with a time"),
        ("2026-01-01", "FREQ=WEEKLY;BYDAY=MO", "does not generate its own anchor 2026-01-01; begin at 2026-01-05"),
        ("2026-01-01T09:00", "FREQ=DAILY;BYHOUR=8;BYMINUTE=30", "begin at 2026-01-02T08:30"),
        ("2026-01-01", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "change the rule, which generates nothing for long"),
        ("2026-01-01", "FREQ=MONTHLY;BYDAY=TH;BYSETPOS=6", "change the rule, which generates nothing for long"),
        ("2026-03-01", "FREQ=MONTHLY;BYMONTHDAY=30;SKIP=FORWARD", "begin at 2026-03-30"),
        ("1599-12-31", "FREQ=DAILY", "a recurrence lies in the years 1600 to 9998"),
        ("2026-02-30", "FREQ=DAILY", "is a calendar date"),
        ("2026-01-01T09:00 Mars/Olympus", "FREQ=DAILY", "unknown time zone"),
    ],
)
def test_what_does_not_fit_its_anchor_is_refused(anchor: str, rule: str, message: str) -> None:
    """With what to do: which kind UNTIL must be, where to begin."""
    with pytest.raises(ValueError, match=message):
        made(anchor, rule)


@pytest.mark.parametrize(
    ("rdate", "exdate", "message"),
    [
        (["2025-12-31"], [], "an RDATE comes before the anchor; make the earliest one the anchor"),
        (["2026-01-02T09:00"], [], "RDATE, value 1: '2026-01-02T09:00' is not of the anchor's kind; give such as 2026"),
        ([], ["2026-01-02", "2026-02-30"], "EXDATE, value 2: '2026-02-30' is not of the anchor's kind"),
        ([], ["2026-01-02"] * 367, "EXDATE has at most 366 values"),
    ],
)
def test_wrong_dates_are_refused(rdate: list[str], exdate: list[str], message: str) -> None:
    """They are dates where the anchor is one, and none is before it."""
    with pytest.raises(ValueError, match=message):
        made("2026-01-01", "FREQ=DAILY", rdate, exdate)


def test_values_keep_their_kind() -> None:
    """An occurrence is again a date, a floating time or a time of its zone, with seconds only where there are some."""
    for anchor, text in (
        (When(date="2026-01-02"), "2026-01-02"),
        (When(local="2026-01-02T09:00"), "2026-01-02T09:00"),
        (When(local="2026-01-02T09:00:30", zone="Europe/Berlin"), "2026-01-02T09:00:30"),
    ):
        series = recurrence(anchor, parse_rule("FREQ=DAILY"))
        first = next(series.occurrences())
        assert (first.instant is None) == (anchor.zone is None)
        assert series.anchor.when(first.local) == anchor
        assert series.anchor.text(first.local) == text


def utc(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """An instant."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


BERLIN = "2026-01-01T09:00 Europe/Berlin"


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"start": datetime(2026, 1, 3, 9), "end": datetime(2026, 1, 5, 9)}, "20260103 20260104"),
        ({"after": datetime(2026, 1, 3, 9), "end": datetime(2026, 1, 5, 9, 0, 0, 1)}, "20260104 20260105"),
        ({"start": utc(2026, 1, 3, 8), "end": utc(2026, 1, 5, 8)}, "20260103 20260104"),
        ({"after": utc(2026, 1, 3, 8), "end": utc(2026, 1, 5, 8, 1)}, "20260104 20260105"),
        ({"start": datetime(2026, 1, 3, 8, 0, 0, 1, tzinfo=UTC), "end": datetime(2026, 1, 4, 9)}, ""),
        ({"start": utc(2026, 1, 5, 8), "end": datetime(2026, 1, 5, 8, 0, 0, 1, tzinfo=UTC)}, "20260105"),
        ({"end": datetime(2026, 1, 1, 9)}, ""),
        ({"start": datetime(1, 1, 1), "end": datetime(2026, 1, 2)}, "20260101"),
        ({"start": datetime(1, 1, 1, tzinfo=UTC), "end": datetime(2026, 1, 2)}, "20260101"),
        ({"start": datetime(9999, 12, 31)}, ""),
        ({"start": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)}, ""),
    ],
)
def test_ranges_are_half_open(bounds: dict[str, datetime], expected: str) -> None:
    """From `start` on or after `after`, and before `end`, by local times or by instants, however far."""
    assert days(made(BERLIN, "FREQ=DAILY").page(**bounds, limit=5)) == expected


def test_instants_are_asked_of_zoned_recurrences_only() -> None:
    """A floating time has no instant until somebody says where."""
    with pytest.raises(ValueError, match="only a recurrence with a zone has instants"):
        made("2026-01-01T09:00", "FREQ=DAILY").page(start=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("limit", [0, -1, bounds.PAGE + 1])
def test_a_page_has_a_bound(limit: int) -> None:
    """At least one, at most 200."""
    with pytest.raises(ValueError, match="limit must be 1 to 200"):
        made(BERLIN, "FREQ=DAILY").page(limit=limit)


@pytest.mark.parametrize(
    ("anchor", "rule", "begin", "hours"),
    [
        ("2025-03-09T00:15 America/New_York", "FREQ=MINUTELY;INTERVAL=15", utc(2025, 3, 9, 5), 5),
        ("2025-11-02T00:15 America/New_York", "FREQ=MINUTELY;INTERVAL=15", utc(2025, 11, 2, 4), 5),
        ("2011-12-29T06:00 Pacific/Apia", "FREQ=HOURLY;INTERVAL=6", utc(2011, 12, 29, 12), 96),
        ("2025-04-05T22:00 Australia/Lord_Howe", "FREQ=MINUTELY;INTERVAL=10", utc(2025, 4, 5, 12), 6),
    ],
)
def test_no_instant_is_lost_at_a_clock_change(anchor: str, rule: str, begin: datetime, hours: int) -> None:
    """A range of instants has exactly those occurrences, round gaps and folds of an hour, half an hour and a day."""
    series = made(anchor, rule)
    everything = [one for one in series.page().items if one.instant is not None]
    for minutes in range(0, hours * 60, 5):
        start, end = begin + timedelta(minutes=minutes), begin + timedelta(minutes=minutes + 40)
        expected = [one for one in everything if one.instant is not None and start <= one.instant < end]
        assert list(series.page(start=start, end=end).items) == expected


def test_what_was_counted_before_a_split_is_counted() -> None:
    """Excluded occurrences count, RDATE does not; a rule without COUNT has nothing to count, and is not walked."""
    series = made("2026-01-01", "FREQ=DAILY;COUNT=300", rdate=["2027-01-01"], exdate=["2026-01-02"])
    assert series.counted_before(datetime(2026, 1, 4)) == 3
    assert series.counted_before(datetime(2028, 1, 1)) == 300
    assert made("2026-01-01T00:00", "FREQ=MINUTELY").counted_before(datetime(9000, 1, 1)) == 0
    assert [one.number for one in series.page(start=datetime(2026, 1, 5), limit=2).items] == [5, 6]
    assert [one.number for one in series.page(start=datetime(2026, 9, 1), limit=2).items] == [244, 245]
    assert days(series.page(start=datetime(2026, 10, 27))) == "20261027 20270101"
