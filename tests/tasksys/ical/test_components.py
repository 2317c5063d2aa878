"""Tasks as they stand in a file: what iCalendar has words for is said in them, as the standard asks."""

from __future__ import annotations

from typing import Any, Final

import pytest
from icalendar import Calendar

from tasksys.commands import (
    AcknowledgeReminder,
    AddReminder,
    CancelTask,
    CompleteTask,
    CreateTask,
    EditTask,
    FireReminder,
    SnoozeReminder,
)
from tasksys.ical.calendar import View
from tasksys.ical.events import event
from tasksys.ical.todos import Whole
from tasksys.rows import Task
from tasksys.values import CLOCK, Of, Priority, Repeat, Status, Trigger, When
from tests.support.domain import EDITOR, World, founded, furnished
from tests.tasksys.ical.made import calendar, todos

BERLIN: Final = When(local="2126-03-08T09:00", zone="Europe/Berlin")


def lines(world: World, view: View = View.TODOS) -> list[str]:
    """The lines of a world's calendar, unfolded."""
    return calendar(world, view).replace("\r\n ", "").split("\r\n")


def with_task(**fields: object) -> World:
    """A world with one task."""
    return founded().given(CreateTask(task="milk", title="Milk", **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("view", View)
def test_lines_are_folded_and_ended_as_they_must(view: View) -> None:
    """At most 75 octets, each ended by CR and LF, no other control characters."""
    world = furnished()
    world.given(EditTask(task="milk", title="Ü" * 300 + "😀" * 50, description="a,b;c\\\n\t" * 200, due=BERLIN))
    raw = calendar(world, view).encode()
    assert raw.endswith(b"END:VCALENDAR\r\n")
    for line in raw.removesuffix(b"\r\n").split(b"\r\n"):
        assert 0 < len(line) <= 75
        assert line.decode().replace("\t", "").isprintable()


@pytest.mark.parametrize("view", View)
def test_another_reader_finds_nothing_wrong(view: View) -> None:
    """The library's own reader takes it, with all that the standard requires of each component."""
    world = furnished().given(EditTask(task="milk", due=BERLIN), EditTask(task="tax", due=When(date="2026-03-08")))
    world.given(AddReminder(task="milk", reminder="r", trigger=Trigger(before="PT30M")))
    found: Any = Calendar.from_ical(calendar(world, view))
    assert (found["VERSION"], found["PRODID"]) == ("2.0", "-//tasksys//tasksys//EN")
    kind = "VTODO" if view is View.TODOS else "VEVENT"
    components = found.walk(kind)
    assert len({(one["UID"], one.get("RECURRENCE-ID") is not None) for one in components}) == len(components)
    assert len(components) > 2
    for one in components:
        assert one.errors == []
        assert {"UID", "DTSTAMP", "SUMMARY"} <= set(one)
    (milk,) = (one for one in components if "Milk" in one["SUMMARY"])
    value = milk["DUE" if view is View.TODOS else "DTSTART"].dt
    assert (value.isoformat(), str(value.tzinfo)) == ("2126-03-08T09:00:00+01:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("start", "due", "written"),
    [
        (None, When(date="2026-03-08"), ["DUE;VALUE=DATE:20260308"]),
        (When(date="2026-03-07"), When(date="2026-03-08"), ["DTSTART;VALUE=DATE:20260307", "DUE;VALUE=DATE:20260308"]),
        (When(date="2026-03-08"), When(date="2026-03-08"),
         ["X-TASKSYS-START;VALUE=DATE:20260308", "DUE;VALUE=DATE:20260308"]),
        (When(date="2026-03-07"), When(local="2026-03-08T09:00"),
         ["X-TASKSYS-START;VALUE=DATE:20260307", "DUE:20260308T090000"]),
        (When(local="2026-03-08T09:00"), None, ["DTSTART:20260308T090000"]),
        (None, When(local="2026-03-08T09:00:05", zone="UTC"), ["DUE:20260308T090005Z"]),
        (None, BERLIN, ["DUE;TZID=Europe/Berlin:21260308T090000"]),
    ],
)  # fmt: skip
def test_times_stand_where_the_standard_allows_them(start: When | None, due: When | None, written: list[str]) -> None:
    """DTSTART only before a DUE of the same kind; nothing is lost otherwise."""
    world = with_task(start=start, due=due)
    found = lines(world)
    assert [line for line in found if line.startswith(("DTSTART", "DUE", "X-TASKSYS-START"))][
        -len(written) :
    ] == written
    (read,) = todos(calendar(world))
    assert ((read.start or None), (read.due or None)) == (start, due)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.OPEN, "NEEDS-ACTION"),
        (Status.IN_PROGRESS, "IN-PROCESS"),
        (Status.DONE, "COMPLETED"),
        (Status.CANCELLED, "CANCELLED"),
    ],
)
def test_status_and_priority(status: Status, word: str) -> None:
    """What is done says when, too."""
    found = lines(with_task(status=status, priority=Priority.HIGH))
    assert f"STATUS:{word}" in found
    assert "PRIORITY:2" in found
    assert any(line.startswith("COMPLETED:20260308T") for line in found) == (status is Status.DONE)


def test_alarms() -> None:
    """Before due or start, at an instant, again and again; a duration is spelled as the standard does."""
    world = with_task(start=When(local="2126-03-01T09:00", zone="Europe/Berlin"), due=BERLIN)
    add = {
        "a": (Trigger(before="PT30M"), Repeat("PT10M", 3)),
        "b": (Trigger(before="P1D", of=Of.START), None),
        "c": (Trigger(before="-PT1H5S"), None),
        "d": (Trigger(at="2126-03-08T07:00:00.000Z"), None),
    }
    for name, (trigger, repeat) in add.items():
        world.given(AddReminder(task="milk", reminder=name, trigger=trigger, repeat=repeat))
    world.given(AddReminder(task="milk", reminder="e", trigger=Trigger(before="PT5M"), user=EDITOR))
    found = lines(world)
    assert [line for line in found if line.startswith("TRIGGER")] == [
        "TRIGGER;RELATED=END:-PT30M",
        "TRIGGER;RELATED=START:-P1D",
        "TRIGGER;RELATED=END:PT1H0M5S",
        "TRIGGER;VALUE=DATE-TIME:21260308T070000Z",
    ]
    assert found.count("ACTION:DISPLAY") == 4
    assert [line for line in found if line.startswith(("REPEAT", "DURATION"))] == ["REPEAT:3", "DURATION:PT10M"]
    assert sum(line.startswith("X-TASKSYS-REMINDER") for line in found) == 1


def test_alarms_that_are_over() -> None:
    """What was acknowledged or snoozed says so, so that no other program reminds again (RFC 9074)."""
    at = "2026-03-09T09:00:00.000Z"
    world = with_task(due=BERLIN)
    for name in ("a", "b", "c"):
        world.given(AddReminder(task="milk", reminder=name, trigger=Trigger(at=at)))
    for name in ("a", "b"):
        world.accepted(FireReminder(reminder=name, scheduled_for=at), CLOCK, at)
    world.given(AcknowledgeReminder(reminder="a"), SnoozeReminder(reminder="b", duration="PT10M", into="again"))
    found = lines(world)
    assert sum(line.startswith("ACKNOWLEDGED:20260309T0900") for line in found) == 2
    assert "RELATED-TO;RELTYPE=SNOOZE:b" in found
    (read,) = todos(calendar(world))
    assert {one.id: one.over for one in read.alarms} == {"a": True, "b": True, "c": False, "again": False}


def test_events() -> None:
    """A date is a whole day, a time as long as the estimate or half an hour; what is closed is marked and quiet."""
    world = founded().given(
        CreateTask(task="a", title="A", due=When(date="2126-03-08")),
        CreateTask(task="b", title="B", due=BERLIN),
        CreateTask(task="c", title="C", due=BERLIN, start=When(local="2126-03-01T09:00"), estimate_minutes=90),
        CreateTask(task="d", title="D"),
        AddReminder(task="c", reminder="r", trigger=Trigger(before="PT30M")),
        AddReminder(task="c", reminder="s", trigger=Trigger(before="PT30M", of=Of.START)),
        AddReminder(task="b", reminder="t", trigger=Trigger(before="PT30M")),
        CompleteTask(task="b"),
        CancelTask(task="a"),
    )
    found = lines(world, View.EVENTS)
    assert [line for line in found if line.startswith(("SUMMARY", "DTEND", "TRANSP", "STATUS", "TRIGGER"))] == [
        "SUMMARY:✗ A", "STATUS:CANCELLED", "TRANSP:TRANSPARENT",
        "SUMMARY:✓ B", "DTEND;TZID=Europe/Berlin:21260308T093000", "STATUS:CONFIRMED", "TRANSP:TRANSPARENT",
        "SUMMARY:C", "DTEND;TZID=Europe/Berlin:21260308T103000", "STATUS:CONFIRMED", "TRANSP:OPAQUE",
        "TRIGGER;RELATED=START:-PT30M", "TRIGGER;VALUE=DATE-TIME:21260301T083000Z",
    ]  # fmt: skip


def test_events_at_the_end_of_the_calendar() -> None:
    """A task that is due in its last minutes is one too."""
    found = lines(with_task(due=When(local="9999-12-31T23:59", zone="America/New_York")), View.EVENTS)
    assert "DTSTART;TZID=America/New_York:99991231T235900" in found


def test_events_of_a_zone_that_is_none_any_more() -> None:
    """A release of the zones may drop a name; what was stored with it is shown at its wall time."""
    due = When(local="2126-03-08T09:00", zone="Mars/Olympus")
    made = event(Whole(Task("milk", "Milk", "2026-03-01T00:00:00.000Z", due=due)), "acme", "olga")
    assert made is not None
    assert "DTEND;TZID=Mars/Olympus:21260308T093000" in made.to_ical().decode()


def test_names_of_people_are_no_addresses() -> None:
    """An attendee would make it a meeting; links of a kind that others do not know would make it a subtask."""
    found = lines(furnished())
    assert "X-TASKSYS-ASSIGNEE:edda" in found
    assert "X-TASKSYS-LINK;X-TASKSYS-TYPE=blocks:bread@acme.tasksys" in found
    assert [line for line in found if line.startswith("RELATED-TO")] == ["RELATED-TO;RELTYPE=PARENT:milk@acme.tasksys"]
    assert not [line for line in found if line.startswith(("ATTENDEE", "ORGANIZER"))]
