"""What repeats: rules of files with the ways of other programs, and ours to files and back."""

from __future__ import annotations

import pytest
from icalendar import Todo as VTodo

from tasksys.ical.lines import calendars
from tasksys.ical.reading import todo
from tasksys.ical.repeats import local_in, write
from tasksys.ical.todo import Repeating
from tasksys.series.shapes import Missed
from tasksys.values import When
from tests.tasksys.ical.made import file, one

BERLIN = "DTSTART;TZID=Europe/Berlin:20260302T090000"
MONDAY = When(local="2026-03-02T09:00", zone="Europe/Berlin")


def repeating(*lines: str) -> Repeating:
    """What makes the to-do of those lines come again, which it must."""
    found = one(*lines)
    assert found.notes == ()
    assert found.repeating is not None
    return found.repeating


@pytest.mark.parametrize(
    ("start", "until", "rule"),
    [
        (BERLIN, "20260316", "FREQ=WEEKLY;UNTIL=20260316T225959Z"),
        (BERLIN, "20260316T090000", "FREQ=WEEKLY;UNTIL=20260316T080000Z"),
        (BERLIN, "20260316T080000Z", "FREQ=WEEKLY;UNTIL=20260316T080000Z"),
        ("DTSTART:20260302T090000", "20260316", "FREQ=WEEKLY;UNTIL=20260316T235959"),
        ("DTSTART:20260302T090000", "20260316T080000Z", "FREQ=WEEKLY;UNTIL=20260316T080000"),
        ("DTSTART;VALUE=DATE:20260302", "20260316T235959Z", "FREQ=WEEKLY;UNTIL=20260316"),
    ],
)
def test_an_end_is_of_the_kind_of_the_first(start: str, until: str, rule: str) -> None:
    """Files have dates where times are, and UTC where there is none: what was meant is kept."""
    assert repeating(start, f"RRULE:FREQ=WEEKLY;UNTIL={until}").rule == rule


def test_exceptions_are_wall_times_of_its_zone() -> None:
    """Whether they are in UTC, in another zone, floating or dates; several lines are one list."""
    exceptions = ("EXDATE:20260309T080000Z,20260316T080000Z", "EXDATE;TZID=America/New_York:20260330T030000",
                  "EXDATE;VALUE=DATE:20260406", "EXDATE:20260413T090000")  # fmt: skip
    found = repeating(BERLIN, "RRULE:FREQ=WEEKLY", *exceptions, "RDATE:20260305T080000Z")
    dates = ("2026-03-09", "2026-03-16", "2026-03-30", "2026-04-06", "2026-04-13")
    assert found == Repeating("FREQ=WEEKLY", MONDAY, ("2026-03-05T09:00",), tuple(f"{one}T09:00" for one in dates))
    assert local_in(When(local="2026-03-09T08:00", zone="UTC"), When(date="2026-03-02")) == "2026-03-09"


def test_dates_without_a_rule() -> None:
    """They are added to a rule that has the first time only; a period counts from when it begins."""
    found = repeating(BERLIN, "RDATE;TZID=Europe/Berlin:20260302T090000,20260310T100000",
                      "RDATE;VALUE=PERIOD:20260311T080000Z/PT1H")  # fmt: skip
    assert found == Repeating("FREQ=DAILY;COUNT=1", MONDAY, ("2026-03-10T10:00", "2026-03-11T09:00"))


def test_a_later_due_value_is_the_anchor() -> None:
    """If the rule goes with it, with all its dates; else the start is."""
    later = repeating(BERLIN, "DUE;TZID=Europe/Berlin:20260303T110000", "RRULE:FREQ=WEEKLY;COUNT=3",
                      "EXDATE;TZID=Europe/Berlin:20260309T090000")  # fmt: skip
    due = When(local="2026-03-03T11:00", zone="Europe/Berlin")
    assert later == Repeating(
        "FREQ=WEEKLY;COUNT=3", due, exdate=("2026-03-10T11:00",), start_before="P1DT120M", lead=93_600
    )
    other = one(BERLIN, "DUE;TZID=Europe/Berlin:20260303T110000", "RRULE:FREQ=WEEKLY;BYDAY=MO")
    assert other.repeating == Repeating("FREQ=WEEKLY;BYDAY=MO", MONDAY)
    assert other.notes == ("line 4: its rule goes with DTSTART, not with DUE: each is due when it would start",)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((BERLIN, "RRULE:FREQ=SECONDLY"), "line 8: it does not repeat here: FREQ=SECONDLY needs"),
        ((BERLIN, "RRULE:FREQ=WEEKLY;BYDAY=TU"), "line 8: it does not repeat here: the rule FREQ=WEEKLY;BYDAY=TU"),
        ((BERLIN, "RRULE:FREQ=FORTNIGHTLY"), "line 8: it does not repeat here: FREQ, character 1"),
        (("RRULE:FREQ=DAILY",), "line 7: it does not repeat here: a rule needs a DTSTART"),
        ((BERLIN, "RRULE:FREQ=DAILY", "RDATE:20260101T000000Z"), "line 8: it does not repeat here: an RDATE comes"),
        ((BERLIN, "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:soon"), "line 8: it does not repeat here: 'soon' is no date"),
        ((BERLIN, "RRULE:FREQ=DAILY;COUNT=999999"), "line 8: it does not repeat here: COUNT"),
        ((BERLIN, "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"), "line 9: a second RRULE was left out"),
    ],
)
def test_what_cannot_repeat_is_said(lines: tuple[str, ...], says: str) -> None:
    """The to-do is read all the same."""
    found = one(*lines)
    assert found.notes[0].startswith(says)
    assert (found.repeating is None) == ("does not repeat" in says)


SERIES = [
    Repeating("FREQ=WEEKLY;BYDAY=MO", MONDAY, ("2026-03-05T09:00",), ("2026-03-09T09:00",), "P1D", Missed.ALL),
    Repeating("RSCALE=GREGORIAN;FREQ=MONTHLY;COUNT=4;SKIP=BACKWARD", When(local="2026-01-31T09:00"), stop_after=2),
    Repeating("FREQ=YEARLY", When(date="2026-03-08"), exdate=("2027-03-08",)),
    Repeating("FREQ=DAILY", When(local="2026-03-08T09:00:30", zone="UTC"), ("2026-03-08T10:00",)),
    Repeating("FREQ=DAILY;INTERVAL=3", MONDAY, after_completion=True, stop_after=5, missed=Missed.ONE_AT_A_TIME),
]


@pytest.mark.parametrize("series", SERIES)
def test_ours_to_a_file_and_back(series: Repeating) -> None:
    """Nothing of a series is lost."""
    made = VTodo()
    made.add("UID", "one@test")
    write(made, series)
    text = file(made.to_ical().decode())
    assert [todo(each, {}).repeating for found in calendars(text) if found for each in found.components] == [series]


def test_other_programs_do_not_see_what_counts_from_completion() -> None:
    """They would show times that never come."""
    made = VTodo()
    write(made, SERIES[-1])
    assert "RRULE" not in made
