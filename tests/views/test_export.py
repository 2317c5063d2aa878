"""Export over HTTP: a whole workspace as one streamed document, as it is at one position."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import ClientPayloadError, web

from tasksys.rows import Comment
from tests.support.http import COMMENT, FILTER, MEMBER, PROJECT, REMINDER, SERIES, TASK, WORKSPACE, Json, Site, Space
from tests.support.waiting import until
from views import shapes
from views.export import CHUNK

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def furnished(space: Space, tasks: int) -> Json:
    """What the workspace has after something of everything was put into it, as reading it shows."""
    await space.joined("ann", "editor")
    home, gone = await space.project("Home", project="home"), await space.project("Gone")
    await space.post("/projects/home/sections", {"name": "To do", "section": "todo"})
    parent = await space.task("Party", project="home", section="todo")
    await space.task("Cake", parent=parent["id"])
    await space.task("Lost", project=gone["id"])
    await space.delete(f"/projects/{gone['id']}")
    for start in range(0, tasks, 100):
        many = [
            {"type": "CreateTask", "title": f"Task {start + number}", "project": home["id"]} for number in range(100)
        ]
        await space.post("/commands", {"commands": many})
    for number in range(3):
        await space.post(f"/tasks/{parent['id']}/comments", {"body": f"Remark {number}"})
    await space.post(f"/tasks/{parent['id']}/reminders", {"trigger": {"at": "2126-03-08T09:00:00Z"}})
    plants = {"template": {"title": "Plants"}, "rule": "FREQ=DAILY", "anchor": {"date": "2126-03-08"}}
    made = (await space.post("/series", plants)).ok
    for who in (space, space.acting("ann")):
        await who.post("/filters", {"name": "Mine", "filter": "assignee = me"})
        await who.post("/filters", {"name": "Ours", "shared": True})
    trashed = (await space.get("/projects", trashed="true")).ok["items"]
    return {
        "members": (await space.get("/members")).ok["items"],
        "projects": [*(await space.get("/projects")).ok["items"], *trashed],
        "tasks": [*await every(space, ""), *await every(space, "trashed = true")],
        "comments": (await space.get(f"/tasks/{parent['id']}/comments")).ok["items"],
        "reminders": (await space.get("/reminders")).ok["items"],
        "series": (await space.get("/series")).ok["items"],
        "filters": (await space.get("/filters")).ok["items"],
        "occurrences": [{"series": made["id"], "occurrence": "2126-03-08", "task": made["open"][0], "skipped": False}],
    }


async def every(space: Space, filter: str) -> list[Json]:
    """All tasks of a filter."""
    found: list[Json] = []
    more: dict[str, str] = {}
    while True:
        page = (await space.get("/tasks", filter=filter, limit=200, **more)).ok
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        more = {"cursor": page["next_cursor"]}


def by_id(rows: list[Json]) -> list[Json]:
    """In an order that does not depend on how they were read."""
    return sorted(rows, key=lambda row: str(row.get("id", row.get("user"))))


async def test_everything_is_in_it(space: Space) -> None:
    """Members, projects, tasks and comments as reading them shows, what is in the trash too; over many chunks."""
    expected = await furnished(space, tasks=1500)
    exported = await space.get("/export.json")
    assert exported.headers["Content-Type"] == "application/json"
    assert exported.headers["Content-Disposition"] == f'attachment; filename="{space.id}.json"'
    assert exported.headers["Transfer-Encoding"] == "chunked"
    assert exported.headers["X-Content-Type-Options"] == "nosniff"
    document = exported.json
    assert document.keys() == {
        "position",
        "workspace",
        "members",
        "projects",
        "tasks",
        "comments",
        "reminders",
        "series",
        "occurrences",
        "filters",
    }
    assert document["workspace"].keys() == WORKSPACE
    assert (document["position"], exported.position) == (await space.position(),) * 2
    shapes = {
        "members": MEMBER,
        "projects": PROJECT,
        "tasks": TASK,
        "comments": COMMENT,
        "reminders": REMINDER,
        "series": SERIES,
        "filters": FILTER,
    }
    for part, shape in shapes.items():
        assert by_id(document[part]) == by_id(expected[part])
        assert all(one.keys() == shape for one in document[part])
    assert len(document["tasks"]) == 1504
    assert [one["name"] for one in document["filters"] if one["user"] == "ann"] == ["Ours"]


async def test_an_empty_workspace(space: Space) -> None:
    """Empty lists, and valid JSON all the same."""
    document = (await space.get("/export.json")).ok
    assert (document["projects"], document["tasks"], document["comments"]) == ([], [], [])
    assert [one["user"] for one in document["members"]] == ["olga"]


async def test_it_is_of_one_position(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written while it streams is not in it: not even in what tasks inherit."""
    await space.project("Home", project="home")
    await space.task("Party", task="party", project="home")
    await space.task("Cake", task="cake", parent="party")
    before = await space.position()
    begun, go_on = asyncio.Event(), asyncio.Event()
    prepare = web.StreamResponse.prepare

    async def held(self: web.StreamResponse, request: web.BaseRequest) -> Any:
        writer = await prepare(self, request)
        if request.path.endswith("/export.json"):
            begun.set()
            await go_on.wait()
        return writer

    monkeypatch.setattr(web.StreamResponse, "prepare", held)
    export = asyncio.create_task(space.get("/export.json"))
    await begun.wait()
    await space.delete("/projects/home")
    await space.patch("/tasks/cake", {"parent": None})
    await space.task("Late")
    go_on.set()
    document = (await export).json
    assert document["position"] == before
    assert {one["title"]: (one["project"], one["trashed"]) for one in document["tasks"]} == {
        "Party": ("home", False),
        "Cake": ("home", False),
    }


@pytest.mark.parametrize("file", ["export.json", "export.csv"])
async def test_others_go_on_meanwhile(space: Space, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    """Between any two tasks that it shows the loop has had a round, and no part is much larger than its bound."""
    for _ in range(20):
        await space.task(description="x" * 20_000)
    monkeypatch.setattr("streams.turns.SLICE", -1.0)
    rounds, seen, sizes = 0, list[int](), list[int]()
    show, write = shapes.task, web.StreamResponse.write

    async def others() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    def shown(*given: Any) -> shapes.TaskShape:
        seen.append(rounds)
        return show(*given)

    async def written(self: web.StreamResponse, part: bytes) -> None:
        sizes.append(len(part))
        await write(self, part)

    monkeypatch.setattr(shapes, "task", shown)
    monkeypatch.setattr(web.StreamResponse, "write", written)
    beside = asyncio.create_task(others())
    exported = await space.get(f"/{file}")
    beside.cancel()
    assert len(seen) == len(set(seen)) == 20
    assert max(sizes) < CHUNK + 21_000
    assert sum(sizes) == len(exported.raw) > 400_000


async def test_a_head_is_no_body(space: Space) -> None:
    """HEAD tells the position and the file's name, and nothing else."""
    answer = await space.send("HEAD", "/export.json")
    assert (answer.status, answer.raw, answer.position) == (200, b"", 2)


async def test_one_that_fails_is_cut_off(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export that cannot be finished breaks the connection: half a document must not look like a whole one."""
    await space.task()
    every_row = site.node.state.all

    def failing(workspace: str, row_type: type[Any], prefix: str = "") -> Iterator[Any]:
        if row_type is Comment:
            raise_late: Iterator[Any] = (1 / 0 for _ in range(1))
            return raise_late
        return every_row(workspace, row_type, prefix)

    monkeypatch.setattr(site.node.state, "all", failing)
    with pytest.raises(ClientPayloadError):
        await space.get("/export.json")


async def test_a_client_that_goes_away(site: Site, space: Space) -> None:
    """Its export ends there; the server goes on."""
    for _ in range(20):
        await space.task(description="x" * 60_000)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
    head = f"GET {space.prefix}/export.json HTTP/1.1\r\nHost: localhost\r\nTasksys-Actor: olga\r\n\r\n"
    writer.write(head.encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()
    await until(lambda: only_ours(site))
    assert len(json.loads((await space.get("/export.json")).raw)["tasks"]) == 20


def only_ours(site: Site) -> bool:
    """Whether no connection of the server is still answering."""
    server = site.server._runner.server
    assert server is not None
    return not any(connection._current_request is not None for connection in server.connections)


async def test_who_may_export(space: Space) -> None:
    """A viewer may, with their own role in it; a stranger learns nothing."""
    vera = await space.joined("vera", "viewer")
    assert (await vera.get("/export.json")).ok["workspace"]["role"] == "viewer"
    (await space.acting("sam").get("/export.json")).problem(404, "not-found")
