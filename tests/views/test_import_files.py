"""Import of exports, spreadsheets and templates over HTTP: the format is found out, nothing twice, all is told."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tasksys.exchange import bounds
from tests.support.http import Answer, Json, Site, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTENT: Final = {"json": "application/json", "csv": "text/csv; charset=utf-8", "none": "application/octet-stream"}
HEAD: Final = "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE\n"


async def sent(space: Space, raw: str | bytes, content: str = "csv", **query: Any) -> Answer:
    """The answer to an import."""
    return await space.post("/import", data=raw, headers={"Content-Type": CONTENT[content]}, **query)


async def imported(space: Space, raw: str | bytes, content: str = "csv", **query: Any) -> Json:
    """What an import that must be answered says."""
    found: Json = (await sent(space, raw, content, **query)).ok
    assert found["created"] + found["updated"] + found["skipped"] + found["failed"] == len(found["items"])
    return found


def counts(found: Json) -> tuple[int, int, int, int]:
    """How many were made, changed, left alone, and failed."""
    return found["created"], found["updated"], found["skipped"], found["failed"]


async def furnished(space: Space) -> None:
    """A workspace with something of everything."""
    await space.joined("ann", "editor")
    await space.project("Home", project="home", colour="red")
    await space.post("/projects/home/sections", {"name": "To do", "section": "todo"})
    await space.task("Party", task="party", project="home", section="todo", labels=["a, b"], assignees=["ann"])
    await space.task("=Cake()", task="cake", parent="party", due={"date": "2126-03-08"})
    await space.task("Gone", task="gone")
    await space.delete("/tasks/gone")
    await space.post("/tasks/party/comments", {"body": "Loud", "comment": "loud"})
    await space.post("/tasks/party/checklist", {"title": "Hats", "item": "hats", "done": True})
    await space.post("/tasks/party/links", {"link": "blocked-by", "other": "cake"})
    await space.post("/tasks/cake/reminders", {"trigger": {"before": "P1D"}, "reminder": "bell"})
    plants = {"template": {"title": "Plants"}, "rule": "FREQ=DAILY", "anchor": {"date": "2126-03-08"}}
    await space.post("/series", {**plants, "series": "plants"})
    await space.post("/filters", {"name": "Urgent", "filter": "priority >= high", "saved": "urgent"})


def comparable(document: Json) -> Json:
    """An export without what no command says."""
    for things in document.values():
        for thing in things if isinstance(things, list) else []:
            for name in ("workspace", "position", "version", "created_at", "updated_at", "created_by", "author"):
                thing.pop(name, None)
            thing["trashed_at"] = bool(thing.get("trashed_at"))
    return {name: one for name, one in document.items() if name not in ("position", "workspace", "members")}


async def test_an_export_comes_back(site: Site, space: Space) -> None:
    """Into another workspace with the same ids; a second time nothing happens, in its own neither."""
    await furnished(space)
    raw = (await space.get("/export.json")).raw
    other = await site.space()
    await other.joined("ann", "editor")
    planned = await imported(other, raw, "json", dry_run="true")
    assert (counts(planned), {one["status"] for one in planned["items"]}) == ((7, 0, 0, 0), {"planned"})
    assert (await other.get("/tasks")).ok["items"] == []
    found = await imported(other, raw, "json")
    assert (found["format"], counts(found)) == ("json", (7, 0, 0, 0))
    assert {one["status"] for one in found["items"]} == {"done"}
    kinds = ["project", "task", "task", "task", "task", "series", "filter"]
    assert [one["kind"] for one in found["items"]] == kinds
    assert comparable((await other.get("/export.json")).ok) == comparable(json.loads(raw))
    position = await other.position()
    for again in (other, space):
        assert counts(await imported(again, raw, "json")) == (0, 0, 7, 0)
    assert await other.position() == position


async def test_a_spreadsheet_comes_back(site: Site, space: Space) -> None:
    """Our own, with formulas as they were; the format may be said, or its content type."""
    await furnished(space)
    raw = (await space.get("/export.csv")).raw
    assert b"'=Cake()" in raw
    other = await site.space()
    found = await imported(other, raw, "none", format="csv")
    assert counts(found) == (5, 0, 0, 0)
    cake, party = (await other.get("/tasks/cake")).ok, (await other.get("/tasks/party")).ok
    assert (cake["title"], cake["parent"], party["labels"], party["project"]) == ("=Cake()", "party", ["a, b"], "home")
    assert (await other.get("/tasks", filter="trashed = true")).ok["items"][0]["id"] == "gone"
    assert counts(await imported(other, raw)) == (0, 0, 4, 0)


async def test_a_template_of_todoist(space: Space) -> None:
    """Known by its columns; what comes again is a series."""
    text = f"{HEAD}section,Weekly,,,,,,,,\ntask,Water @home,,1,1,,,every monday,en,\ntask,Milk,,4,1,,,soonish,en,\n"
    found = await imported(space, text, project_name="Chores")
    assert (found["format"], counts(found)) == ("todoist", (3, 0, 0, 0))
    project, water, milk = found["items"]
    assert (project["kind"], project["title"], water["kind"], water["line"]) == ("project", "Chores", "series", 3)
    assert milk["notes"] == ["its date 'soonish' was not understood; it is in the description"]
    shown = (await space.get(f"/series/{water['series']}")).ok
    assert (shown["rule"], shown["template"]["labels"]) == ("FREQ=WEEKLY;BYDAY=MO", ["home"])
    assert counts(await imported(space, text, project_name="Chores")) == (0, 0, 2, 0)


async def test_any_spreadsheet(space: Space) -> None:
    """With columns that are said, in the encoding that Windows has; a refusal of one row is told with its line."""
    text = f"Aufgabe;Bis\nBrötchen;8.3.2126\n{'x' * 10};\nSchön;nie\n".encode("cp1252")
    found = await imported(space, text, mapping=json.dumps({"title": "Aufgabe", "due": "Bis"}))
    assert [one["line"] for one in found["items"]] == [2, 3, 4]
    assert found["items"][2]["notes"][0].startswith("due: nie was not understood")
    (task,) = (await space.get("/tasks", q="Brötchen")).ok["items"]
    assert task["due"] == {"date": "2126-03-08"}
    labels = ";".join(f"l{number}" for number in range(101))
    refused = await imported(space, f'title,labels\nMilk,"{labels}"\nBread,\n')
    milk, bread = refused["items"]
    assert (milk["status"], milk["line"], bread["status"], refused["failed"]) == ("refused", 2, "done", 1)
    assert milk["problems"][0]["code"] == "limit-exceeded"


async def test_what_cannot_be_imported(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with a problem that says what to do."""
    assert "export.json" in (await sent(space, "{}", "json")).problem(400, "bad-import")["detail"]
    assert "title" in (await sent(space, "a,b\n1,2\n")).problem(400, "bad-import")["detail"]
    assert "CONTENT" in (await sent(space, "a,b\n", format="todoist")).problem(400, "bad-import")["detail"]
    (await sent(space, "title\n", "none")).problem(415, "unknown-format")
    (await sent(space, "title\n", format="xlsx")).problem(400, "bad-parameter")
    for mapping in ("title=A", "[]", '{"title": 1}', "[" * 3_000):
        (await sent(space, "title\n", mapping=mapping)).problem(400, "bad-parameter")
    (await sent(space, "title\n", mapping='{"mood": "title"}')).problem(400, "bad-import")
    (await sent(space, "title\n", project="nowhere")).problem(404, "not-found")
    monkeypatch.setattr(bounds, "COMMANDS", 1)
    assert "in parts" in (await sent(space, "title\nA\nB\n")).problem(400, "bad-import")["detail"]
    monkeypatch.setattr(bounds, "FILE_BYTES", 10)
    (await sent(space, "title\n" + "A\n" * 10)).problem(413, "body-too-large")


async def test_who_may_import(space: Space) -> None:
    """Editors and up."""
    tom = await space.joined("tom", "commenter")
    (await sent(tom, "title\nMilk\n")).problem(403, "forbidden")
    ann = await space.joined("ann", "editor")
    assert counts(await imported(ann, "title\nMilk\n")) == (1, 0, 0, 0)


async def test_a_large_file(space: Space) -> None:
    """Some thousand rows; all are there, in their order."""
    text = "title,list,column\n" + "".join(f"Task {number},Big,Part {number % 7}\n" for number in range(1_500))
    found = await imported(space, text)
    assert counts(found) == (1_501, 0, 0, 0)
    page = (await space.get("/tasks", count="true", sort="order", limit=3)).ok
    assert (page["total"], [one["title"] for one in page["items"]]) == (1_500, ["Task 0", "Task 1", "Task 2"])
    assert counts(await imported(space, text)) == (0, 0, 1_500, 0)
