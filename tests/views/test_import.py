"""Import of calendar files over HTTP: each component by itself, nothing twice, nothing half done without being told."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import pytest

from streams.gateway import Gateway
from tasksys.errors import BrokerUnavailable
from tasksys.ical import bounds
from tests.support.http import Answer, Json, Site, Space
from tests.tasksys.ical.made import file, vtodo

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILES: Final = Path(__file__).parent.parent / "tasksys" / "ical" / "files"
CALENDAR: Final = {"Content-Type": "text/calendar; charset=utf-8"}
ITEM: Final = {
    "line",
    "kind",
    "uid",
    "title",
    "action",
    "status",
    "reason",
    "task",
    "series",
    "commands",
    "notes",
    "problems",
}


async def sent(space: Space, text: str | bytes, **query: Any) -> Answer:
    """The answer to an import."""
    return await space.post("/import", data=text, headers=CALENDAR, **query)


async def imported(space: Space, text: str | bytes, **query: Any) -> Json:
    """What an import that must be answered says."""
    found: Json = (await sent(space, text, **query)).ok
    assert found.keys() == {"format", "items", "created", "updated", "skipped", "failed", "dry_run", "position"}
    assert all(one.keys() == ITEM for one in found["items"])
    assert found["created"] + found["updated"] + found["skipped"] + found["failed"] == len(found["items"])
    return found


async def test_a_file_becomes_tasks(space: Space) -> None:
    """With parents, labels and reminders; components in the order of their lines, each with what became of it."""
    found = await imported(space, (FILES / "nextcloud-tasks.ics").read_bytes())
    assert (found["created"], found["skipped"], found["dry_run"]) == (2, 0, False)
    assert found["position"] == await space.position()
    trip, flights = found["items"]
    assert (trip["line"], trip["action"], trip["status"], trip["title"]) == (4, "create", "done", "Plan the trip")
    shown = (await space.get(f"/tasks/{flights['task']}")).ok
    assert (shown["title"], shown["parent"], shown["due"]) == (
        "Book flights",
        trip["task"],
        {"local": "2026-03-10T18:00"},
    )
    assert flights["status"] == "partly"  # the time of its reminder has passed
    assert [(one["command"], one["code"]) for one in flights["problems"]] == [("AddReminder", "invalid")]


async def test_the_same_file_twice_makes_nothing_double(space: Space) -> None:
    """Nor does it change anything; also not where tasks were changed here since."""
    for name in ("apple-reminders", "outlook"):
        raw = (FILES / f"{name}.ics").read_bytes()
        made = await imported(space, raw)
        assert made["created"] == 2
        await space.patch(f"/tasks/{made['items'][0]['task']}", {"title": "Mine"})
        before = await space.position()
        again = await imported(space, raw)
        assert (again["created"], again["updated"], again["skipped"]) == (0, 0, 2)
        assert {one["reason"] for one in again["items"]} == {"it is here already, and nothing in the file is newer"}
        assert await space.position() == before


async def test_a_calendar_comes_back(site: Site, space: Space) -> None:
    """Our own calendar into its own workspace changes nothing; into another one, it makes the same tasks there."""
    home = await space.project("Home")
    await space.task("Milk", project=home["id"], due={"local": "2126-03-08T09:00", "zone": "Europe/Berlin"})
    raw = (await space.get("/calendar.ics")).raw
    assert (await imported(space, raw))["skipped"] == 1
    other = await site.space()
    assert (await imported(other, raw))["created"] == 1
    (task,) = (await other.get("/tasks")).ok["items"]
    (project,) = (await other.get("/projects")).ok["items"]
    assert (task["title"], project["name"], task["project"]) == ("Milk", "Home", project["id"])
    assert (await imported(other, raw))["skipped"] == 1
    assert (await imported(other, (await other.get("/calendar.ics")).raw))["skipped"] == 1


async def test_a_newer_file_changes_what_it_says(space: Space) -> None:
    """Only what it mentions; in the trash nothing is changed."""
    first = vtodo("SUMMARY:Milk", "CATEGORIES:food", "LAST-MODIFIED:20260301T000000Z")
    (item,) = (await imported(space, file(first)))["items"]
    newer = file(vtodo("SUMMARY:Oat milk", "STATUS:COMPLETED", "LAST-MODIFIED:21260301T000000Z"))
    (changed,) = (await imported(space, newer))["items"]
    assert (changed["action"], changed["status"], changed["task"]) == ("update", "done", item["task"])
    shown = (await space.get(f"/tasks/{item['task']}")).ok
    assert (shown["title"], shown["status"], shown["labels"]) == ("Oat milk", "done", ["food"])
    (same,) = (await imported(space, newer))["items"]
    assert (same["action"], same["reason"]) == ("skip", "it is here already, and the same")
    await space.delete(f"/tasks/{item['task']}")
    (gone,) = (await imported(space, newer))["items"]
    assert gone["reason"] == "the task is in the trash here; restore it first"


async def test_a_plan_does_nothing(space: Space) -> None:
    """`dry_run` says what would be done."""
    before = await space.position()
    found = await imported(space, (FILES / "apple-reminders.ics").read_bytes(), dry_run="true")
    assert (found["created"], found["dry_run"], found["position"]) == (2, True, before)
    assert {one["status"] for one in found["items"]} == {"planned"}
    assert (await space.get("/tasks")).ok["items"] == []


async def test_each_component_is_by_itself(space: Space) -> None:
    """What cannot be taken is said with its line and why; the others are taken."""
    text = file(
        "BEGIN:VEVENT\nUID:e\nEND:VEVENT\n",
        "BEGIN:VTODO\nSUMMARY:No UID\nEND:VTODO\n",
        vtodo("SUMMARY:Bad rule", "DTSTART:20260308T090000Z", "RRULE:FREQ=SECONDLY", uid="rule"),
        vtodo("SUMMARY:Bad zone", "DUE;TZID=Moon/Base:20260308T090000", uid="zone"),
        vtodo("SUMMARY:Twice", uid="twice"),
        vtodo("SUMMARY:Twice again", uid="twice"),
        vtodo(uid="untitled"),
        vtodo("SUMMARY:" + "x" * 600, "GARBAGE", uid="long"),
    )
    found = await imported(space, text)
    told = [(one["line"], one["title"], one["action"], bool(one["notes"])) for one in found["items"]]
    assert told == [
        (4, "", "skip", False),
        (7, "", "skip", False),
        (10, "Bad rule", "create", True),
        (17, "Bad zone", "create", True),
        (23, "Twice", "create", False),
        (28, "", "skip", False),
        (33, "Untitled", "create", False),
        (37, "x" * 500, "create", True),
    ]
    assert [one["reason"] for one in found["items"] if one["action"] == "skip"] == [
        "VEVENT is no to-do (VTODO), and only those are imported",
        "it has no UID, by which it would be known when it is imported again",
        "its UID is that of line 23 too",
    ]
    assert {one["status"] for one in found["items"]} == {"skipped", "done"}


async def test_into_a_project(space: Space) -> None:
    """New tasks go to the project that is asked for, subtasks to their parents."""
    home = await space.project("Home")
    found = await imported(space, (FILES / "nextcloud-tasks.ics").read_bytes(), project=home["id"])
    shown = [(await space.get(f"/tasks/{one['task']}")).ok for one in found["items"]]
    assert [one["project"] for one in shown] == [home["id"]] * 2
    (await sent(space, file(vtodo()), project="nowhere")).problem(404, "not-found")
    (await sent(space, file(vtodo()), project="?")).problem(400, "bad-parameter")


async def test_what_is_no_calendar(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done, and the problem says where and why."""
    before = await space.position()
    detail = (await sent(space, "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n")).problem(400, "bad-calendar")["detail"]
    assert detail == "The VTODO of line 2 does not end; the file was cut off."
    (await sent(space, b"BEGIN:VCALENDAR\nSUMMARY:\xff")).problem(400, "bad-calendar")
    (await sent(space, b"")).problem(400, "bad-calendar")
    (await space.post("/import", {"a": 1})).problem(400, "bad-import")
    plain = {"Content-Type": "text/plain"}
    (await space.post("/import", data="a", headers=plain)).problem(415, "unknown-format")
    (await sent(space, file(vtodo()), dry_run="perhaps")).problem(400, "bad-parameter")
    monkeypatch.setattr(bounds, "FILE_BYTES", 100_000)
    (await sent(space, "x" * 100_001)).problem(413, "body-too-large")
    monkeypatch.setattr(bounds, "COMMANDS", 1)
    (await sent(space, file(vtodo(), vtodo(uid="two")))).problem(400, "bad-calendar")
    assert await space.position() == before


async def test_who_may_import(space: Space) -> None:
    """An editor may; a stranger learns nothing."""
    carl, edda = await space.joined("carl", "commenter"), await space.joined("edda", "editor")
    (await sent(carl, file(vtodo()))).problem(403, "forbidden")
    (await sent(space.acting("sam"), file(vtodo()))).problem(404, "not-found")
    assert (await imported(edda, file(vtodo("SUMMARY:Milk"))))["created"] == 1


async def test_many_tasks(space: Space) -> None:
    """More than fit into one batch; what belongs to a task comes after it."""
    made = [
        vtodo(f"SUMMARY:Task {n}", *(f"X-TASKSYS-CHECKLIST:Step {s}" for s in range(3)), uid=f"{n}") for n in range(150)
    ]
    found = await imported(space, file(*made))
    assert (found["created"], found["failed"]) == (150, 0)
    shown = (await space.get("/tasks", limit=200)).ok["items"]
    assert len(shown) == 150
    assert {len(one["checklist"]) for one in shown} == {3}


async def test_a_log_that_is_away(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done stands, the rest is told to be unknown or is not tried; the same import again does the rest."""
    text = file(*(vtodo(f"SUMMARY:Task {n}", uid=f"{n}") for n in range(250)))
    submit, calls = Gateway.submit_all, 0

    async def failing(self: Gateway, records: Any, wait: float) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            return [BrokerUnavailable("the broker does not answer")] * len(records)
        return await submit(self, records, wait)

    monkeypatch.setattr(Gateway, "submit_all", failing)
    found = await imported(space, text)
    assert calls == 2
    assert (found["created"], found["failed"]) == (100, 150)
    assert [one["status"] for one in found["items"]] == ["done"] * 100 + ["unknown"] * 150
    assert found["items"][-1]["problems"][0]["code"] == "log-unavailable"
    again = await imported(space, text)
    assert (again["created"], again["skipped"]) == (150, 100)


async def test_nothing_makes_a_fault(site: Site, space: Space) -> None:
    """Files that are broken anywhere are answered, with what was made of them or a problem; never with a fault."""
    chance = random.Random(20261126)
    files = [path.read_bytes() for path in sorted(FILES.iterdir())]
    pieces = [
        b"\r\n",
        b":",
        b";",
        b'"',
        b"\\",
        b"BEGIN:VTODO\r\n",
        b"END:VTODO\r\n",
        b"99999999",
        b"\xff",
        b"\x00",
        b"P",
        b"-",
    ]
    statuses = set()
    for _ in range(300):
        raw = bytearray(chance.choice(files))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(raw))
            end = at + chance.choice((0, 0, 1, 5, 60))
            raw[at:end] = chance.choice((b"", chance.choice(pieces), bytes(raw[end : end + 40])))
        answer = await sent(space, bytes(raw), dry_run=chance.choice(("true", "false")))
        statuses.add(answer.status)
        assert answer.status in (200, 400), (answer.raw, bytes(raw))
        calendar = await space.get("/calendar.ics", view=chance.choice(("todos", "events")))
        assert calendar.status == 200
    assert statuses == {200, 400}
    assert (await site.client().get("/ready")).status == 200
