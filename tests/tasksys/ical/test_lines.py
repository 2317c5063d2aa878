"""Lines and components of any file: what can be read is, and what cannot is said, with its line, at a bounded cost."""

from __future__ import annotations

import contextlib
import time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys.ical import bounds
from tasksys.ical.lines import Component, NotACalendar, calendars, escaped, split, text_of, unescaped
from tests.tasksys.ical.made import file, one, todos, vtodo

ANY: Final = st.text(st.characters(codec="utf-8"), max_size=60)


def read(text: str) -> list[Component]:
    """The calendars of a file."""
    return [found for found in calendars(text) if found is not None]


def only(*lines: str) -> Component:
    """The calendar of those lines."""
    (found,) = read("\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR"]))
    return found


@given(ANY)
def test_texts_are_escaped_and_back(text: str) -> None:
    """Every text but for its kind of line ends."""
    assert unescaped(escaped(text)) == text.replace("\r\n", "\n").replace("\r", "\n")
    assert "\n" not in escaped(text)


@given(st.lists(ANY.map(lambda text: text.replace("\r", "")), min_size=1))
def test_lists_are_split_at_their_own_commas(texts: list[str]) -> None:
    """Escaped ones belong to the values."""
    assert [unescaped(part) for part in split(",".join(map(escaped, texts)))] == texts


def test_parts_of_a_line() -> None:
    """Names and parameters in any case, quoted values with any characters, RFC 6868, folds of either kind."""
    (found,) = only('x-a;P="a:b;c,d";q=x^n^^^\'y: 1\r\n\t2\r\n  3').properties
    assert (found.line, found.name, found.value) == (2, "X-A", " 12 3")
    assert found.parameters == {"P": "a:b;c,d", "Q": 'x\n^"y'}
    assert (found.parameter("P"), found.parameter("Z"), found.parameter("Z", "z")) == ("a:b;c,d", "", "z")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_end(ending: str) -> None:
    """Blank lines are nothing; a mark of the byte order is none of the text."""
    text = ending.join(["\ufeffBEGIN:VCALENDAR", "", "BEGIN:VTODO", "SUMMARY:A", "END:VTODO", "END:VCALENDAR", ""])
    (calendar,) = read(text_of(text.encode()))
    (component,) = calendar.within("VTODO")
    assert (component.line, component.properties[0].line) == (3, 4)


def test_what_cannot_be_read_is_said_and_left_out() -> None:
    """By its line, in the component that it is in; the rest is read."""
    found = one("SUMMARY:Milk", "no colon here", "BAD NAME;X:y", ";:", 'A;B="c:d', "DESCRIPTION:Oat")
    assert (found.title, found.description) == ("Milk", "Oat")
    assert [note.partition(" has")[0] for note in found.notes] == ["line 8", "line 9", "line 10", "line 11"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no BEGIN:VCALENDAR"),
        ("\n\n", "no BEGIN:VCALENDAR"),
        ("hello", "line 1 is in no calendar"),
        ("BEGIN:VTODO\nEND:VTODO", "line 1 begins 'VTODO'"),
        ("BEGIN:VCALENDAR\n", "line 1 does not end"),
        ("BEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VCALENDAR\n", "line 3 ends 'VCALENDAR'"),
        ("END:VCALENDAR", "line 1 ends"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nX:1", "line 3 is in no calendar"),
        ("BEGIN:VCALENDAR\n" + "BEGIN:X\n" * 10, "line 5: components lie more than 4 deep"),
        ("BEGIN:VCALENDAR\n" + "BEGIN:X\nEND:X\n" * 6_000, "more than 5,000 components"),
        ("BEGIN:VCALENDAR\n" + "X:1\n" * 3_000, "more than 2,000 lines"),
        ("\n" * 200_001, "more than 200,000 lines"),
        ("BEGIN:VCALENDAR\nX:1" + "\n 1" * 200_001, "more than 200,000 lines"),
    ],
)  # fmt: skip
def test_what_is_no_calendar(text: str, says: str) -> None:
    """The whole file is refused, with the line."""
    with pytest.raises(NotACalendar, match=says):
        read(text)


def test_bytes_that_are_no_text() -> None:
    """Another encoding is said with its line, and so is too large a file."""
    with pytest.raises(NotACalendar, match="line 2 is not in UTF-8"):
        text_of("BEGIN:VCALENDAR\nSUMMARY:Müll".encode("latin-1"))
    with pytest.raises(NotACalendar, match="import it in parts"):
        text_of(b"x" * (bounds.FILE_BYTES + 1))


HOSTILE: Final = {
    "quotes": '"' * 300_000 + ":",
    "a head": "A" * 300_000,
    "parameters": "A;" + "B=c;" * 1_000 + ":x",
    "quoted": 'A;B="' + "x" * 300_000,
    "a value": "SUMMARY:" + "x" * 1_000_000,
    "backslashes": "SUMMARY:" + "\\" * 250_000,
    "labels": "CATEGORIES:" + "a," * 120_000,
    "different labels": "CATEGORIES:" + ",".join(map(str, range(40_000))),
    "dates": "RRULE:FREQ=DAILY\nDTSTART:20260308T090000\nEXDATE:" + "20260309T090000," * 15_000,
    "a rule": "DTSTART:20260308T090000\nRRULE:FREQ=DAILY;BYDAY=" + "MO," * 80_000,
    "every second": "DTSTART:20260308T090000Z\nRRULE:FREQ=SECONDLY",
    "never": "DTSTART:20260301T090000Z\nRRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1;BYWEEKNO=40",
    "comments": "COMMENT:x\n" * 1_900,
    "links": "RELATED-TO;RELTYPE=CHILD:x\n" * 1_900,
    "a zone": f"DUE;TZID={'a/' * 2_000}b:20260308T090000",
    "a number": "PRIORITY:" + "9" * 200_000,
    "a duration": "DTSTART:20260308T090000Z\nDURATION:P" + "9" * 200_000 + "D",
    "a far date": "DTSTART:99991231T235959Z\nDURATION:P3000D",
    "alarms": "BEGIN:VALARM\nTRIGGER:-PT1M\nEND:VALARM\n" * 4_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_cost_little(name: str) -> None:
    """Whatever is in a line is read, or said, in well under a second."""
    text = file(vtodo("SUMMARY:Milk", *HOSTILE[name].strip("\n").split("\n")))
    begun = time.process_time()
    (found,) = todos(text)
    assert time.process_time() - begun < 1.5
    assert found.title is not None
    assert len(found.notes) <= bounds.NOTES + 1


@given(st.lists(st.sampled_from(["BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VTODO", "END:VTODO"]) | ANY, max_size=20))
def test_any_lines_are_read_or_refused(lines: list[str]) -> None:
    """Nothing but NotACalendar is raised."""
    with contextlib.suppress(NotACalendar):
        read("\n".join(lines))
