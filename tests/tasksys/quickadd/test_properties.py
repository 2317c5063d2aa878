"""What holds of any text: it is never refused, nothing of it is lost, and what is left can be protected."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksys.commands import AddReminder, CreateSeries, CreateTask
from tasksys.quickadd import TEXT_CHARACTERS, Kind, Names, Parsed, parse, protect
from tasksys.recurrence import after_completion, recurrence
from tasksys.values import When, require_when
from tests.tasksys.quickadd import vectors

BERLIN: Final = ZoneInfo(vectors.BERLIN)
WORDS: Final = """
today tomorrow tonight monday Monday mon next this on by at due in 3 2 days hours 9 9am 9:30 17:00 noon pm 15 march May
2027 2027-03-15 end of the month week weekend from until starting every each daily weekday after done 10 times first
last friday and except !high !low p1 #home #Home/Kitchen #x %y @anna @me ~30m for 2h remind me before start 1d milk Buy
call 99999 0 29 february year a an morning evening once
"""
PIECES: Final = [
    *" \t,;.!?:\"\\/()#@%~“”", *WORDS.split(), '#"home and garden"', '"The 9/11 Report"', '"tomorrow"', "\\tomorrow",
    "\\#home", "☂", "\x00", "\ud800", "İ", "ß",
]  # fmt: skip
PLAIN: Final = "Buy milk and bread for the café, quickly. Über-long: 10 2.5 a/b x@y C# O'Neil"
TEXTS: Final = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
    st.text(max_size=60),
)
SOON: Final = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
NOWS: Final = st.one_of(SOON, st.datetimes(timezones=st.just(UTC)))
ZONES: Final = st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "UTC"]).map(ZoneInfo)
NAMES: Final = st.sampled_from([vectors.NAMES, Names(), Names((), (), "olga")])
PROPERTY: Final = settings(max_examples=400, deadline=None)
IN_QUOTES: Final = '"“”\\'


def kept(text: str) -> Counter[str]:
    """The characters of a text, but for space, and for quotes and backslashes, which may have protected something."""
    return Counter(one for one in text if not one.isspace() and one not in IN_QUOTES)


@PROPERTY
@given(TEXTS, NOWS, ZONES, NAMES)
def test_every_character_is_understood_or_in_the_title(text: str, now: datetime, zone: ZoneInfo, names: Names) -> None:
    """Spans lie in the text, in order, none over another; what is in none of them is the title."""
    found = parse(text, now, zone, names)
    at = 0
    for one in found.understood:
        assert at <= one.start < one.end <= len(text)
        assert one.text == text[one.start : one.end]
        assert one.meaning
        at = one.end
    spans = "".join(one.text for one in found.understood)
    assert kept(found.title) + kept(spans) == kept(text)
    assert found.title.strip() or not text.strip()
    assert found.understood or found == Parsed(title=found.title)
    assert found.description().startswith(found.title)


@PROPERTY
@given(TEXTS, NOWS, ZONES, NAMES)
def test_what_it_comes_to_can_be_made(text: str, now: datetime, zone: ZoneInfo, names: Names) -> None:
    """Commands decode, values are values, and a rule generates its first date."""
    found = parse(text, now, zone, names)
    for when in (found.due, found.start):
        if when is not None:
            require_when(when)
    command = found.command()
    if found.repeating is None:
        msgspec.convert(command, CreateTask)
    else:
        anchor = msgspec.convert(command, CreateSeries).anchor
        assert anchor is not None
        made = recurrence(anchor, command["rule"])
        if command["after_completion"]:
            after_completion(anchor, command["rule"], command["stop_after"])
        assert next(made.occurrences()).local == made.anchor.local
    for body in found.reminder_bodies():
        msgspec.convert({"type": "AddReminder", "task": "milk", **body}, AddReminder)


@PROPERTY
@given(TEXTS, SOON, ZONES, NAMES)
def test_a_title_can_be_protected(text: str, now: datetime, zone: ZoneInfo, names: Names) -> None:
    """In quotes it is left alone."""
    title = parse(text, now, zone, names).title
    assert parse(protect(title), now, zone, names) == Parsed(title=title)


@PROPERTY
@given(st.lists(st.sampled_from(PLAIN.split())))
def test_a_title_without_marks_is_unchanged(words: list[str]) -> None:
    """However much space is in it."""
    for space in (" ", "  ", "\t"):
        text = space.join(words)
        assert parse(text, datetime(2026, 11, 26, tzinfo=UTC), BERLIN) == Parsed(title=text)


@PROPERTY
@given(TEXTS, st.sets(st.sampled_from(list(Kind))))
def test_what_is_not_looked_for_stays(text: str, without: set[Kind]) -> None:
    """No span is of such a kind."""
    found = parse(text, datetime(2026, 11, 26, 9, 30, tzinfo=UTC), BERLIN, vectors.NAMES, without)
    assert not {one.kind for one in found.understood} & without


@pytest.mark.parametrize(
    "piece",
    [
        "every ", "every monday ", "every monday at 9am and ", "tomorrow ", '"', '"x ', "\\", "\\tomorrow ", "#home ",
        "#", '#"', "“", "@anna ", "~30m ", "!", "!high ", ",", "remind me 1d before ", "from tomorrow until friday ",
        "9am ", "at 9 ", "march 15 ", "2027-03-15 ", "next ", "x", " ", "\n", "on ", "in 3 days ", "daily ", "\\\" ",
        "every 3 days after done, 5 times, until 1 may, ", "1st, 2nd, 3rd, ", "every 1st, 2nd, 3rd and ", "İ",
    ],
)  # fmt: skip
def test_hostile_texts_are_read_at_once(piece: str) -> None:
    """A title's time is a millisecond; this is the bound of what a busy machine may take for the worst."""
    text = (piece * TEXT_CHARACTERS)[:TEXT_CHARACTERS]
    begun = perf_counter()
    parse(text, datetime(2026, 11, 26, 9, 30, tzinfo=UTC), BERLIN, vectors.NAMES)
    assert perf_counter() - begun < 0.5


def test_a_text_that_is_too_long_is_a_title() -> None:
    """Nothing of it is read."""
    text = "tomorrow " * TEXT_CHARACTERS
    assert parse(text, datetime(2026, 11, 26, tzinfo=UTC), BERLIN) == Parsed(title=text)


@pytest.mark.parametrize(("text", "local"), [("in 1 hour", "03:30"), ("in 2 hours", "04:30")])
def test_hours_from_now_are_hours_also_when_clocks_change(text: str, local: str) -> None:
    """At 01:30 on the day when 02:00 becomes 03:00."""
    now = datetime(2027, 3, 28, 1, 30, tzinfo=BERLIN)
    found = parse(f"Wake up {text}", now.astimezone(UTC), BERLIN)
    assert found.due == When(local=f"2027-03-28T{local}", zone=vectors.BERLIN)


def test_days_are_those_of_the_zone() -> None:
    """Far east it is tomorrow already."""
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert parse("Wake up today", now, ZoneInfo("Pacific/Kiritimati")).due == When(date="2026-11-27")
    behind = now.astimezone(ZoneInfo("Asia/Tokyo")) + timedelta(0)
    assert parse("Wake up today", behind, BERLIN).due == When(date="2026-11-26")


def test_without_names_any_name_will_do() -> None:
    """A #name is a label then, and @me nobody."""
    found = parse("Buy milk #home @anna @me", datetime(2026, 11, 26, tzinfo=UTC), BERLIN)
    assert (found.title, found.labels, found.assignees) == ("Buy milk @me", ("home",), ("anna",))
    assert [one.meaning for one in found.understood] == ["label home", "for anna"]


def test_what_it_means_is_said() -> None:
    """Each span in words, and all of it in a line."""
    text = "Buy milk tomorrow 9am #home !high %shop #errand @anna ~1h30 remind me 1d before remind at 8:30"
    found = parse(text, datetime(2026, 11, 26, 9, 30, tzinfo=UTC), BERLIN, vectors.NAMES)
    assert [(one.kind.value, one.text, one.meaning) for one in found.understood] == [
        ("due", "tomorrow 9am", "due Friday 27 November 2026 at 09:00 (Europe/Berlin)"),
        ("project", "#home", "project Home"),
        ("priority", "!high", "priority high"),
        ("label", "%shop", "label shop"),
        ("label", "#errand", "label errand, as no project has that name"),
        ("assignee", "@anna", "for anna"),
        ("estimate", "~1h30", "takes 1 hour 30 minutes"),
        ("reminder", "remind me 1d before", "reminder 1 day before it is due"),
        ("reminder", "remind at 8:30", "reminder Friday 27 November 2026 at 08:30 (Europe/Berlin)"),
    ]
    assert found.description() == (
        "Buy milk: due Friday 27 November 2026 at 09:00 (Europe/Berlin); priority high; project Home; labelled shop, "
        "errand; for anna; takes 1 hour 30 minutes; 2 reminders"
    )
    again = parse("Gym monday every monday from 9 January", datetime(2026, 11, 26, tzinfo=UTC), BERLIN)
    assert again.description() == "Gym: every Monday, first Monday 11 January 2027"
    assert not re.search(r"due", again.description())
