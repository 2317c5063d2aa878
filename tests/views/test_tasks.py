"""Tasks over HTTP: made, read, edited, acted upon, and found."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.http import TASK, Json, Site, Space, key
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERY_FIELD: Json = {
    "title": "Buy milk",
    "description": "Two *litres*\n\nor three",
    "status": "in-progress",
    "priority": "high",
    "labels": ["home", "Éclair"],
    "assignees": ["olga"],
    "start": {"date": "2026-03-01"},
    "due": {"local": "2026-03-08T09:00", "zone": "Europe/Berlin"},
    "estimate_minutes": 15,
}


async def test_a_task_with_every_field(space: Space) -> None:
    """What was sent is shown, everything else has its default, and reading it gives the same."""
    made = await space.post("/tasks", EVERY_FIELD)
    assert made.status == 201
    assert made.ok.keys() == TASK
    assert {name: made.ok[name] for name in EVERY_FIELD} == EVERY_FIELD
    rest = {name: value for name, value in made.ok.items() if name not in EVERY_FIELD}
    assert rest == {
        "id": made.ok["id"], "workspace": space.id, "project": None, "section": None, "parent": None, "checklist": [],
        "links": [], "series": None, "completed_at": None, "trashed_at": None, "trashed": False, "version": 1,
        "position": made.position, "created_by": "olga", "order": made.ok["order"],
        "created_at": made.ok["created_at"], "updated_at": made.ok["created_at"], "original": None, "postponed": 0,
    }  # fmt: skip
    assert made.etag == '"1"'
    assert made.headers["Location"] == f"{space.prefix}/tasks/{made.ok['id']}"
    read = await space.get(f"/tasks/{made.ok['id']}")
    assert (read.ok, read.etag, read.position) == (made.ok, '"1"', made.position)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("title", ["Oat milk", "牛乳 🥛", "x" * 500]),
        ("description", ["", "a\tb\nc", "é" * 32_768]),
        ("status", ["in-progress", "done", "cancelled", "open"]),
        ("priority", ["low", "medium", "high", "urgent", "none"]),
        ("labels", [["a"], ["b", "a"], []]),
        ("assignees", [["olga"], []]),
        ("start", [{"date": "2026-02-28"}, {"local": "2026-02-28T00:00:01"}, None]),
        ("due", [{"local": "2026-03-08T09:00"}, {"local": "2026-03-08T09:00", "zone": "Asia/Kolkata"}, None]),
        ("estimate_minutes", [0, 5_256_000, None]),
        ("order", ["a", "Zz1"]),
    ],
)
async def test_each_field_is_edited(space: Space, field: str, values: list[Any]) -> None:
    """A merge patch of one field changes that one, with a new version each time; null clears."""
    task = await space.task()
    path = f"/tasks/{task['id']}"
    changing = {field, "version", "position", "updated_at", "completed_at"}
    for value in values:
        before = (await space.get(path)).ok
        after = await space.patch(path, {field: value}, headers={"Content-Type": "application/merge-patch+json"})
        assert after.ok[field] == (sorted(value) if field == "labels" and len(value) > 1 else value)
        assert {name: after.ok[name] for name in TASK - changing} == {name: before[name] for name in TASK - changing}
        assert after.etag == f'"{after.ok["version"]}"'


async def test_saying_what_is_so_already_is_no_event(space: Space) -> None:
    """An edit that changes nothing keeps version and position, and is accepted."""
    made = (await space.post("/tasks", EVERY_FIELD)).ok
    again = await space.patch(f"/tasks/{made['id']}", EVERY_FIELD)
    assert again.ok == made


async def test_two_people_edit_different_fields(space: Space) -> None:
    """Without If-Match both edits win, whatever version each has seen."""
    task = await space.task()
    ann = await space.joined("ann", "editor")
    path = f"/tasks/{task['id']}"
    await asyncio.gather(space.patch(path, {"title": "Oat milk"}), ann.patch(path, {"priority": "high"}))
    both = (await space.get(path)).ok
    assert (both["title"], both["priority"], both["version"]) == ("Oat milk", "high", 3)


async def test_a_stale_edit_is_shown_what_stands_in_its_way(space: Space) -> None:
    """412 has the events since the version that the client knows, so that it can say who changed what."""
    task = await space.task()
    path, ann = f"/tasks/{task['id']}", await space.joined("ann", "editor")
    await ann.patch(path, {"title": "Oat milk"})
    await ann.post(f"{path}/complete")
    refused = await space.patch(path, {"title": "Soy milk"}, headers={"If-Match": '"1"'})
    problem = refused.problem(412, "version-conflict")
    assert "version 3" in problem["detail"]
    seen = [(one["type"], one["actor"], one["version"]) for one in problem["conflicts"]]
    assert seen == [("TaskEdited", "ann", 2), ("TaskCompleted", "ann", 3)]
    assert (await space.get(path)).ok["title"] == "Oat milk"


@pytest.mark.parametrize("tag", ['"2"', 'W/"2"', "*"])
async def test_a_condition_that_holds(space: Space, tag: str) -> None:
    """The current ETag, strong or weak, and `*` let the write through."""
    task = await space.task()
    await space.patch(f"/tasks/{task['id']}", {"priority": "low"})
    assert (await space.patch(f"/tasks/{task['id']}", {"title": "B"}, headers={"If-Match": tag})).ok["version"] == 3


async def test_the_body_may_carry_the_condition(space: Space) -> None:
    """`expected_version` is If-Match; both at odds are refused."""
    path = f"/tasks/{(await space.task())['id']}"
    (await space.patch(path, {"title": "B", "expected_version": 7})).problem(412, "version-conflict")
    odd = await space.patch(path, {"title": "B", "expected_version": 1}, headers={"If-Match": '"2"'})
    odd.invalid("/expected_version")
    assert (await space.patch(path, {"title": "B", "expected_version": 1})).ok["version"] == 2


@pytest.mark.parametrize("tag", ["3", '"x"', '"1", "2"', '"-1"', "", '"' + "9" * 16 + '"'])
async def test_a_condition_that_cannot_be_read(space: Space, tag: str) -> None:
    """A malformed If-Match is refused: ignoring it would make the write unconditional."""
    path = f"/tasks/{(await space.task())['id']}"
    (await space.patch(path, {"title": "B"}, headers={"If-Match": tag})).problem(400, "bad-etag")


async def test_a_condition_where_there_is_no_version(space: Space) -> None:
    """A write about nothing that has a version says so, where it would have to ignore the condition."""
    for method, path, body in [
        ("POST", "/tasks", {"title": "Milk"}),
        ("POST", "/projects", {"name": "Home"}),
        ("PUT", "/members/ann", {"role": "editor"}),
        ("DELETE", "/members/ann", {}),
    ]:
        (await space.send(method, path, body, headers={"If-Match": '"1"'})).invalid("/expected_version")
        (await space.send(method, path, {**body, "expected_version": 1})).invalid("/expected_version")


@pytest.mark.parametrize(
    ("action", "status"),
    [("start", "in-progress"), ("complete", "done"), ("cancel", "cancelled")],
)
async def test_statuses_by_name(space: Space, action: str, status: str) -> None:
    """Each action sets its status, once; reopen goes back."""
    path = f"/tasks/{(await space.task())['id']}"
    done = await space.post(f"{path}/{action}")
    assert (done.ok["status"], done.ok["version"]) == (status, 2)
    assert (done.ok["completed_at"] is not None) == (action != "start")
    assert (await space.post(f"{path}/{action}")).ok == done.ok
    reopened = await space.post(f"{path}/reopen")
    if action == "start":
        assert reopened.ok == done.ok
    else:
        assert (reopened.ok["status"], reopened.ok["completed_at"]) == ("open", None)


async def test_an_action_takes_a_condition_and_no_body(space: Space) -> None:
    """If-Match works without a body, and fields that the action does not have are refused."""
    path = f"/tasks/{(await space.task())['id']}"
    (await space.post(f"{path}/complete", headers={"If-Match": '"2"'})).problem(412, "version-conflict")
    (await space.post(f"{path}/complete", {"title": "B"})).invalid("/title")
    assert (await space.post(f"{path}/complete", {}, headers={"If-Match": '"1"'})).ok["status"] == "done"


async def test_trash_and_restore(space: Space) -> None:
    """DELETE shows the task in the trash; there it is read, refuses changes, and comes back."""
    parent = await space.task("Party")
    child = await space.task("Cake", parent=parent["id"])
    trashed = await space.delete(f"/tasks/{parent['id']}")
    assert (trashed.status, trashed.ok["trashed"]) == (200, True)
    assert trashed.ok["trashed_at"] is not None
    below = (await space.get(f"/tasks/{child['id']}")).ok
    assert (below["trashed"], below["trashed_at"]) == (True, None)
    (await space.patch(f"/tasks/{child['id']}", {"title": "Pie"})).problem(409, "in-trash")
    assert (await space.get("/tasks")).ok["items"] == []
    found = (await space.get("/tasks", filter="trashed = true")).ok["items"]
    assert {one["id"] for one in found} == {parent["id"], child["id"]}
    assert (await space.post(f"/tasks/{parent['id']}/restore")).ok["trashed"] is False
    assert (await space.get(f"/tasks/{child['id']}")).ok["trashed"] is False


async def test_assign_and_label(space: Space) -> None:
    """Names are added and removed without touching the others; assignees must be members."""
    path = f"/tasks/{(await space.task(labels=['a', 'b']))['id']}"
    labelled = await space.post(f"{path}/label", {"add": ["c", "a"], "remove": ["b"]})
    assert labelled.ok["labels"] == ["a", "c"]
    await space.put("/members/ann", {"role": "editor"})
    assigned = await space.post(f"{path}/assign", {"add": ["ann", "olga"]})
    assert assigned.ok["assignees"] == ["ann", "olga"]
    assert (await space.post(f"{path}/assign", {"remove": ["ann"]})).ok["assignees"] == ["olga"]
    (await space.post(f"{path}/assign", {"add": ["olga", "sam"]})).invalid("/add/1")


async def test_a_repeated_creation_makes_one_task(space: Space) -> None:
    """Under a key, without a chosen id, the same request means the same task."""
    same = {"Idempotency-Key": key()}
    first = await space.post("/tasks", {"title": "Milk"}, headers=same)
    again = await space.post("/tasks", {"title": "Milk"}, headers=same)
    assert (again.status, again.replayed, again.ok) == (201, True, first.ok)
    (await space.post("/tasks", {"title": "Bread"}, headers=same)).problem(422, "idempotency-key-reused")
    assert (await space.get("/tasks", count="true")).ok["total"] == 1


async def test_a_repeated_refusal_is_the_first_one(space: Space) -> None:
    """What was refused stays refused under its key, also when it would be possible now."""
    same = {"Idempotency-Key": key()}
    refused = await space.post("/tasks/milk/complete", headers=same)
    refused.problem(404, "not-found")
    await space.task("Milk", task="milk")
    again = await space.post("/tasks/milk/complete", headers=same)
    again.problem(404, "not-found")
    assert (refused.replayed, again.replayed) == (False, True)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, "/title"),
        ({"title": ""}, "/title"),
        ({"title": "a\u2028b"}, "/title"),
        ({"title": 7}, "/title"),
        ({"title": "A", "description": "\x1b[31m"}, "/description"),
        ({"title": "A", "labels": "home"}, "/labels"),
        ({"title": "A", "labels": ["ok", ""]}, "/labels/1"),
        ({"title": "A", "labels": [["x"]]}, "/labels/0"),
        ({"title": "A", "assignees": ["sam"]}, "/assignees/0"),
        ({"title": "A", "due": "2026-03-08"}, "/due"),
        ({"title": "A", "due": {}}, "/due"),
        ({"title": "A", "due": {"date": "2026-02-30"}}, "/due"),
        ({"title": "A", "due": {"date": "2026-02-03", "zone": "UTC"}}, "/due"),
        ({"title": "A", "due": {"local": "2026-03-08T09:00Z"}}, "/due"),
        ({"title": "A", "due": {"local": "2026-03-08T09:00", "zone": "Mars/Phobos"}}, "/due"),
        ({"title": "A", "due": {"local": "2026-03-08T09:00", "tz": "UTC"}}, "/due/tz"),
        ({"title": "A", "estimate_minutes": -1}, "/estimate_minutes"),
        ({"title": "A", "estimate_minutes": 1.5}, "/estimate_minutes"),
        ({"title": "A", "estimate_minutes": True}, "/estimate_minutes"),
        ({"title": "A", "status": "finished"}, "/status"),
        ({"title": "A", "task": "a b"}, "/task"),
        ({"title": "A", "task": "x" * 65}, "/task"),
        ({"title": "A", "version": 3}, "/version"),
        ({"title": "A", "type": "TrashTask"}, "/type"),
        ({"title": "A", "a/b~c": 1}, "/a~1b~0c"),
    ],
)
async def test_a_field_that_is_wrong_is_pointed_to(space: Space, fields: Json, pointer: str) -> None:
    """The problem has a JSON pointer to the field, and nothing is made."""
    (await space.post("/tasks", fields)).invalid(pointer)
    assert (await space.get("/tasks")).ok["items"] == []


async def test_what_the_address_says_is_not_said_again(space: Space) -> None:
    """A body that names another task than the address is refused, rather than one of the two ignored."""
    task = await space.task()
    (await space.patch(f"/tasks/{task['id']}", {"task": "other"})).invalid("/task")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_task_of_another_workspace(site: Site, space: Space, method: str) -> None:
    """An id is of its own workspace only."""
    foreign = await (await site.space()).task()
    (await space.send(method, f"/tasks/{foreign['id']}")).problem(404, "not-found")


async def five(space: Space) -> list[Json]:
    """Five tasks that differ in what they are found by."""
    return [
        await space.task("Buy milk", labels=["shop"], priority="high", due={"date": "2026-03-01"}),
        await space.task("Buy bread", labels=["shop"], estimate_minutes=10),
        await space.task("Call Zoë", description="about the *milk*", status="done"),
        await space.task("Write report", priority="urgent", due={"local": "2026-03-02T10:00", "zone": "UTC"}),
        await space.task("Archive mail", status="cancelled", assignees=["olga"]),
    ]


def titles(page: Json) -> list[str]:
    """What was found, in order."""
    return [one["title"] for one in page["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Buy milk", "Buy bread", "Call Zoë", "Write report", "Archive mail"]),
        ({"filter": "label = shop and priority >= high"}, ["Buy milk"]),
        ({"filter": "(status in (done, cancelled)) or estimate < 1h"}, ["Buy bread", "Call Zoë", "Archive mail"]),
        ({"filter": "due <= 2026-03-01"}, ["Buy milk"]),
        ({"filter": "assignee = me"}, ["Archive mail"]),
        ({"q": "zoe"}, ["Call Zoë"]),
        ({"q": "milk"}, ["Buy milk", "Call Zoë"]),
        ({"q": "buy -bread", "sort": "-title"}, ["Buy milk"]),
        ({"sort": "-priority,title", "limit": 2}, ["Write report", "Buy milk"]),
        ({"sort": "due", "limit": 2}, ["Buy milk", "Write report"]),
        ({"filter": "status = open", "q": "nothing"}, []),
    ],
)
async def test_tasks_are_found(space: Space, query: dict[str, Any], found: list[str]) -> None:
    """Filter, search and sort each do their part, and work together."""
    await five(space)
    page = (await space.get("/tasks", **query)).ok
    assert titles(page) == found
    assert page.keys() == {"items", "next_cursor", "position"}
    assert all(one.keys() == TASK for one in page["items"])


async def test_a_found_task_is_the_task(space: Space) -> None:
    """A page shows what reading the task shows."""
    for task in await five(space):
        (found,) = (await space.get("/tasks", filter=f"id = {task['id']}")).ok["items"]
        assert found == (await space.get(f"/tasks/{task['id']}")).ok == task


async def test_pages(space: Space) -> None:
    """Cursors lead through everything once, in order; the last page has none; a count is of all pages."""
    await five(space)
    seen: list[str] = []
    more: dict[str, str] = {}
    for left in (2, 2, 1):
        page = (await space.get("/tasks", sort="title", limit=2, count="true", **more)).ok
        assert (len(page["items"]), page["total"]) == (left, 5)
        seen += titles(page)
        more = {"cursor": page["next_cursor"]}
    assert more == {"cursor": None}
    assert seen == ["Archive mail", "Buy bread", "Buy milk", "Call Zoë", "Write report"]


async def test_a_page_is_stable_while_tasks_come_and_go(space: Space) -> None:
    """The cursor is a place in the order: a task added before it is not seen, and none is seen twice."""
    tasks = await five(space)
    first = (await space.get("/tasks", sort="title", limit=3)).ok
    await space.task("Aardvark")
    await space.delete(f"/tasks/{tasks[0]['id']}")
    second = (await space.get("/tasks", sort="title", limit=3, cursor=first["next_cursor"])).ok
    assert titles(first) + titles(second) == ["Archive mail", "Buy bread", "Buy milk", "Call Zoë", "Write report"]


async def test_a_cursor_of_a_long_title_is_taken_back(space: Space) -> None:
    """Some characters take many bytes when they are folded for sorting; the cursor fits into an address."""
    for number in range(2):
        await space.task("\u3316" * 499 + str(number))
    first = (await space.get("/tasks", sort="title", limit=1)).ok
    second = (await space.get("/tasks", sort="title", limit=1, cursor=first["next_cursor"])).ok
    assert {one["title"][-1] for one in (*first["items"], *second["items"])} == {"0", "1"}


@pytest.mark.parametrize(
    ("query", "code", "position", "says"),
    [
        ({"filter": "status == open"}, "filter-syntax", 7, "="),
        ({"filter": "status = open and"}, "filter-syntax", 17, ""),
        ({"filter": "colour = red"}, "filter-syntax", 0, ""),
        ({"filter": "due < soon"}, "filter-syntax", 6, "today+3d"),
        ({"filter": "(" * 100 + "status = open" + ")" * 100}, "filter-syntax", 64, ""),
        ({"sort": "due,colour"}, "sort-syntax", 4, "priority"),
        ({"q": "x " * 40}, "q-syntax", 64, ""),
        ({"cursor": "abc"}, "cursor-syntax", 0, "next_cursor"),
    ],
)
async def test_a_query_that_cannot_be_read(
    space: Space, query: dict[str, str], code: str, position: int, says: str
) -> None:
    """400 says which parameter, at which character, and what would be right there."""
    problem = (await space.get("/tasks", **query)).problem(400, code)
    assert (problem["position"], problem["parameter"]) == (position, code.removesuffix("-syntax"))
    assert says in problem["hint"]
    assert problem["hint"]


async def test_a_cursor_of_another_query(space: Space) -> None:
    """A cursor goes with its own filter and sort."""
    await five(space)
    cursor = (await space.get("/tasks", limit=1, sort="title")).ok["next_cursor"]
    (await space.get("/tasks", limit=1, sort="-title", cursor=cursor)).problem(400, "cursor-syntax")
    (await space.get("/tasks", limit=1, sort="title", q="x", cursor=cursor)).problem(400, "cursor-syntax")


@pytest.mark.parametrize(("name", "value"), [("limit", 0), ("limit", 201), ("limit", "many"), ("count", "maybe")])
async def test_bounds_of_parameters(space: Space, name: str, value: object) -> None:
    """A parameter out of its bounds is named, with the bounds."""
    assert (await space.get("/tasks", **{name: value})).problem(400, "bad-parameter")["parameter"] == name


async def test_reads_wait_for_a_position(site: Site, space: Space) -> None:
    """`min_position`, or the header that a write answered with, waits until the view is there."""
    task = await space.task()
    async with site.held(space):
        write = asyncio.create_task(space.patch(f"/tasks/{task['id']}", {"title": "Oat milk"}))
        await until(lambda: site.waiting() == 1)
        by_name = asyncio.create_task(space.get(f"/tasks/{task['id']}", min_position=task["position"] + 1))
        by_header = {"Tasksys-Position": str(task["position"] + 1)}
        listed = asyncio.create_task(space.get("/tasks", headers=by_header))
        await until(lambda: site.readers() == 2)
        assert (await space.get(f"/tasks/{task['id']}")).ok["title"] == "Milk"
    assert (await by_name).ok["title"] == "Oat milk"
    assert titles((await listed).ok) == ["Oat milk"]
    assert (await write).position == task["position"] + 1
    assert site.readers() == 0


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "", "９", "1" * 16])
async def test_a_position_that_is_none(space: Space, value: str) -> None:
    """A malformed position is refused wherever it stands, also beside a good one."""
    (await space.get("", min_position=value)).problem(400, "bad-parameter")
    if value.isascii():
        (await space.get("", min_position=1, headers={"Tasksys-Position": value})).problem(400, "bad-parameter")
