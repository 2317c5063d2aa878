"""Files as other programs write them."""

from __future__ import annotations

from pathlib import Path

from msgspec import UNSET

from tasksys.commands import AddReminder, CreateTask, SetMember
from tasksys.ical import uids
from tasksys.ical.lines import text_of
from tasksys.ical.todo import Repeating, Todo
from tasksys.values import Of, Priority, Role, Status, Trigger, When
from tests.support.domain import OWNER, WORKSPACE, founded
from tests.tasksys.ical.made import imported, steps, todos

FILES = Path(__file__).parent / "files"


def text(program: str) -> str:
    """A file's text."""
    return text_of((FILES / f"{program}.ics").read_bytes())


def read(program: str) -> list[Todo]:
    """The to-dos of a file."""
    return todos(text(program))


def task(uid: str) -> str:
    """The id of the task of a UID."""
    return uids.identifier(WORKSPACE, uid)


def test_apple_reminders() -> None:
    """Its rule has DTSTART and DUE alike; the highest priority is 1; an address goes to the description."""
    bins, cartons = read("apple-reminders")
    assert bins.title == "Müll rausbringen, blaue Tonne"
    assert bins.description == "Erst die Kartons falten\nDann vor 7 Uhr raus"
    anchor = When(local="2026-03-02T07:00", zone="Europe/Berlin")
    assert bins.repeating == Repeating("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", anchor)
    assert (bins.due, bins.priority, bins.modified) == (anchor, Priority.URGENT, "2026-03-01T10:15:01.000Z")
    assert [one.trigger for one in bins.alarms] == [Trigger(at="2126-03-02T06:00:00.000Z")]
    assert (cartons.status, cartons.parent) == (Status.DONE, bins.uid)
    assert cartons.description == "URL: https://example.org/kartons"
    assert (bins.notes, cartons.notes) == ((), ())


def test_thunderbird() -> None:
    """A zone with a prefix, an EXDATE and UNTIL in UTC, and DTSTART an hour before DUE, as the rule's both are."""
    plants, override = read("thunderbird")
    assert plants.labels == ("Home", "Garden, back")
    assert (plants.status, plants.priority) == (Status.IN_PROGRESS, Priority.LOW)
    assert plants.repeating == Repeating(
        "FREQ=DAILY;UNTIL=20260120T130000Z",
        When(local="2026-01-11T08:00", zone="America/New_York"),
        exdate=("2026-01-13T08:00",),
        start_before="PT60M",
        lead=3600,
    )
    assert [one.trigger for one in plants.alarms] == [Trigger(before="PT15M", of=Of.DUE)]
    assert override.original == When(local="2026-01-14T07:00", zone="America/New_York")
    assert override.title == "Water the plants and the lawn"
    assert (plants.notes, override.notes) == ((), ())


def test_nextcloud_tasks() -> None:
    """Dates, several CATEGORIES, floating times, a parent, and stamps without their Z."""
    trip, flights = read("nextcloud-tasks")
    assert (trip.start, trip.due) == (When(date="2026-03-15"), When(date="2026-04-01"))
    assert (trip.labels, trip.status, trip.description) == (
        ("travel", "family"),
        Status.IN_PROGRESS,
        "Location: Lisbon",
    )
    assert (trip.modified, trip.notes) == ("2026-02-02T12:00:00.000Z", ())
    assert (flights.due, flights.parent) == (When(local="2026-03-10T18:00"), trip.uid)
    assert [(one.trigger, one.over) for one in flights.alarms] == [
        (Trigger(before="P1D", of=Of.DUE), False),
        (Trigger(before="PT1H", of=Of.DUE), True),  # it has no start that this could be before
    ]


def test_outlook() -> None:
    """Windows' name of a zone; one that was made up keeps the wall time; attendees that are members are assigned."""
    world = founded().given(SetMember(user="edda@example.org", role=Role.EDITOR))
    report, call = read("outlook")
    assert report.start == When(local="2026-03-06T09:00", zone="Europe/Berlin")
    assert report.due == When(local="2026-03-09T17:00", zone="Europe/Berlin")
    assert report.description == "Zahlen aus Q1, siehe \\\\server\\Neu\n\n\nAttachment: CID:part1"
    assert call.due == When(local="2026-03-09T17:00")
    assert call.notes == (
        "line 48: the time zone 'Customized Time Zone' is not known here; DUE keeps its wall time, without a zone",
    )
    made, _ = steps(text("outlook"), world)
    assert made.notes == ("sam@example.org: no members here, and so not assigned",)
    assert isinstance(made.commands[0], CreateTask)
    assert made.commands[0].assignees == ("edda@example.org",)


def test_google_has_events_only() -> None:
    """They are no to-dos."""
    assert read("google") == []


def test_they_are_imported_once() -> None:
    """All of each file is accepted; the same file once more changes nothing."""
    world = founded()
    for program in ("apple-reminders", "nextcloud-tasks", "outlook"):
        assert imported(text(program), world) == []
        before = world.rows()
        assert {step.action for step in steps(text(program), world)} == {"skip"}
        assert imported(text(program), world) == []
        assert world.rows() == before
    flights = world.task(task("1b8c9c9e-a7b2-4a77-8f6c-1b2d3c4d5e6f"))
    assert flights.parent == task("0a7c9c9e-a7b2-4a77-8f6c-1b2d3c4d5e6f")


def test_what_was_done_here_since_stays() -> None:
    """A file that is older than the last change here changes nothing; a newer one does, in what it says."""
    world = founded()
    old = text("apple-reminders")
    imported(old, world)
    name = task("77777777-9C56-4B6F-9F0B-2D3E0C6B7A11")
    newer = old.replace("LAST-MODIFIED:20260301T101601Z", "LAST-MODIFIED:20260401T000000Z")
    newer = newer.replace("Kartons falten\r\nDTSTAMP", "Kartons zerreißen\r\nDTSTAMP").replace(
        "COMPLETED\r", "CANCELLED\r"
    )
    changed = [step for step in steps(newer, world) if step.action == "update"]
    assert [step.title for step in changed] == ["Kartons zerreißen"]
    assert imported(newer, world) == []
    row = world.task(name)
    assert (row.title, row.status, row.description) == (
        "Kartons zerreißen", Status.CANCELLED, "URL: https://example.org/kartons",
    )  # fmt: skip
    assert {step.action for step in steps(newer, world)} == {"skip"}


def test_an_import_that_broke_off_is_taken_up() -> None:
    """What was sent and decided is not sent again; what was not, is."""
    world = founded()
    trip, step = steps(text("nextcloud-tasks"), world)
    create = step.commands[0]
    world.given(*trip.commands, create)
    sent = {create.id, *(one.id for one in trip.commands)}
    _, again = steps(text("nextcloud-tasks"), world, never=lambda name: name not in sent)
    assert (again.action, [type(one) for one in again.commands]) == ("update", [AddReminder])
    sent |= {one.id for one in again.commands}
    assert {one.action for one in steps(text("nextcloud-tasks"), world, never=lambda name: name not in sent)} == {
        "skip"
    }
    assert step.commands[1:] == again.commands
    assert create.assignees == ()
    assert step.commands[1].user is UNSET
    assert world.task(create.task).created_by == OWNER
