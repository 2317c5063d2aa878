"""Due and start values: their kinds, the zones that files name, and where iCalendar has no place for both."""

from __future__ import annotations

import pytest
from hypothesis import given

from tasksys.ical.lines import Property
from tasksys.ical.times import UnknownZone, local_spelled, spans, spelled, timezone, when, when_of, zone_name
from tasksys.ical.todos import earlier
from tasksys.values import When
from tests.tasksys.ical.made import file, one, todos, vtodo
from tests.tasksys.strategies import WHENS


@given(WHENS)
def test_each_kind_keeps_its_kind(value: When) -> None:
    """A date, a floating time and a time of a zone are read as they were written."""
    text, parameters = spelled(value)
    assert when(Property(1, "DUE", parameters, text), {}) == value


@pytest.mark.parametrize(
    ("tzid", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ('"Europe/Berlin"', "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Eastern Standard Time", "America/New_York"),
        ("Etc/UTC", "Etc/UTC"),
        ("Customized Time Zone", ""),
        ("example.org/EST", ""),
        ("../../etc/passwd", ""),
        ("localtime", ""),
        ("a" * 9_999, ""),
        ("", ""),
    ],
)
def test_names_of_zones(tzid: str, name: str) -> None:
    """IANA's, also behind a prefix, and those of Windows; what is none of these is not guessed."""
    assert zone_name(tzid) == name


def test_a_file_says_where_its_zone_is() -> None:
    """X-LIC-LOCATION names a zone that the file calls something else."""
    zone = "BEGIN:VTIMEZONE\nTZID:Ours\nX-LIC-LOCATION:Europe/Rome\nEND:VTIMEZONE\n"
    (found,) = todos(file(vtodo("DUE;TZID=Ours:20260308T090000"), zones=zone))
    assert found.due == When(local="2026-03-08T09:00", zone="Europe/Rome")


def test_an_unknown_zone_keeps_the_wall_time() -> None:
    """It floats, which is told."""
    with pytest.raises(UnknownZone) as caught:
        when_of("20260308T090000", "Moon/Base", {"Moon/Base": ""})
    assert caught.value.floating == When(local="2026-03-08T09:00")


@pytest.mark.parametrize(
    "text", ["20260230", "20260308T2500", "20260308T250000", "2026-03-08", "tomorrow", "", "20260308Z"]
)
def test_what_is_no_time(text: str) -> None:
    """It is left out, which is told; the rest is read."""
    found = one("SUMMARY:Milk", f"DUE:{text}")
    assert found.title == "Milk"
    assert found.notes[0].startswith("line 8: DUE was left out: ")


def test_a_leap_second_is_the_one_before() -> None:
    """As in rules (RFC 5545, 3.3.12)."""
    assert when_of("20161231T235960Z", "", {}) == When(local="2016-12-31T23:59:59", zone="UTC")


@pytest.mark.parametrize(
    ("start", "due", "before"),
    [
        (When(local="2026-03-08T09:00"), When(local="2026-03-08T09:00:01"), True),
        (When(local="2026-03-08T09:00"), When(local="2026-03-08T09:00:00"), False),
        (When(local="2026-03-08T09:00", zone="Europe/Berlin"), When(local="2026-03-08T08:59", zone="UTC"), True),
        (When(local="2026-03-08T09:00", zone="UTC"), When(local="2026-03-08T09:30", zone="Europe/Berlin"), False),
        (When(local="0001-01-01T00:00", zone="Asia/Tokyo"), When(local="9999-12-31T23:59", zone="UTC"), False),
    ],
)
def test_which_is_earlier(start: When, due: When, before: bool) -> None:
    """By the wall clock of one zone, by instants between zones; at the calendar's ends it cannot be told."""
    assert earlier(start, due) is before


def test_a_task_of_a_duration_is_due_after_it() -> None:
    """Days are the same wall time, hours are exact: here over the change to summer time."""
    zone = "DTSTART;TZID=Europe/Berlin:20260328T120000"
    assert one(zone, "DURATION:P1D").due == When(local="2026-03-29T12:00", zone="Europe/Berlin")
    assert one(zone, "DURATION:PT24H").due == When(local="2026-03-29T13:00", zone="Europe/Berlin")
    assert one("DTSTART:20260328T120000", "DURATION:PT90M").due == When(local="2026-03-28T13:30")
    assert one("DTSTART;VALUE=DATE:20260328", "DURATION:P2D").due == When(date="2026-03-30")
    assert one(zone, "DURATION:soon").notes[0].startswith("line 8: DURATION was left out")


def test_zones_cover_what_is_in_them() -> None:
    """From 1970 to 2037, and further where a value lies outside."""
    berlin, utc = When(local="2050-03-08T09:00", zone="Europe/Berlin"), When(local="2050-03-08T09:00", zone="UTC")
    assert spans([berlin, utc, When(date="1950-01-01"), When(local="1950-01-01T00:00")]) == {
        "Europe/Berlin": (1970, 2051)
    }
    assert b"TZID:Europe/Berlin\r\n" in timezone("Europe/Berlin", 1970, 2037)
    assert timezone("Europe/Nowhere", 1970, 2037) == b""
    assert local_spelled("2026-03-08T09:00:30") == "20260308T090030"
