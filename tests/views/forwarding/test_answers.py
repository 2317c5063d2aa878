"""What a worker answers for another one is what that one answers itself."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from typing import Any, Final

import pytest

from tests.support.http import Answer, Client, Json, Space, key
from tests.support.workers import Worker
from views.forwarding import bodies
from views.routes import WS
from views.server import ROUTES

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN: Final = {"Date", "X-Request-Id"}
"""Headers that no two answers share."""

ABOUT: Final = [one for one in ROUTES if one.path.startswith(WS)]
FEEDS: Final = {"open_feed", "stream_events"}


def same(one: Answer, two: Answer) -> None:
    """Status, headers and body, to the byte."""
    assert (one.status, one.raw) == (two.status, two.raw)
    shown = [
        sorted((name, value) for name, value in each.headers.items() if name.title() not in OWN) for each in (one, two)
    ]
    assert shown[0] == shown[1]


def at(worker: Worker, space: Space) -> Client:
    """The same user, with absolute addresses, at a worker."""
    return Client(worker.session, space.headers)


async def filled(space: Space) -> dict[str, str]:
    """One of each thing, by its name in addresses."""
    project = await space.project("Home")
    section = (await space.post(f"/projects/{project['id']}/sections", {"name": "Soon"})).ok["sections"][0]
    task, second = await space.task("Milk", project=project["id"]), await space.task("Bread")
    at = f"/tasks/{task['id']}"
    comment = (await space.post(f"{at}/comments", {"body": "Two litres"})).ok
    item = (await space.post(f"{at}/checklist", {"title": "Look at the date"})).ok["checklist"][0]
    reminder = (await space.post(f"{at}/reminders", {"trigger": {"at": "2126-03-08T09:00:00Z"}})).ok
    series = (
        await space.post(
            "/series",
            {
                "template": {"title": "Tea"},
                "rule": "FREQ=DAILY",
                "anchor": {"local": "2126-03-08T18:00", "zone": "UTC"},
            },
        )
    ).ok
    saved = (await space.post("/filters", {"name": "Milk", "filter": "status = open"})).json
    await space.post(f"{at}/links", {"type": "blocks", "task": second["id"]})
    return {
        "ws": space.id, "project": project["id"], "section": section["id"], "task": task["id"],
        "comment": comment["id"], "item": item["id"], "reminder": reminder["id"], "series": series["id"],
        "saved": saved.get("id", "none"), "user": "olga", "link": "blocks", "other": second["id"], "channel": "none",
        "command": "none", "position": "1",
    }  # fmt: skip


def address(path: str, names: dict[str, str]) -> str:
    """The address with those names; one that nothing is known of is no id of anything."""
    return "/".join(names.get(part[1:-1], "none") if part.startswith("{") else part for part in path.split("/"))


async def test_every_address_is_answered_alike(owner: Worker, other: Worker, space: Space) -> None:
    """Reads of what is there and what is not, HEAD, and writes that cannot be read, by members, strangers, nobody."""
    names = await filled(space)
    here, there, answered = at(owner, space), at(other, space), 0
    stranger = {"Tasksys-Actor": "stranger"}
    for route in ABOUT:
        if route.name in FEEDS:
            continue
        for path in (address(route.path, names), address(route.path, {**names, "ws": "none"}) + "?unknown=%2F%20+"):
            for headers in ({}, stranger):
                for method in (route.method, "HEAD") if route.method == "GET" else (route.method,):
                    body = {} if route.method == "GET" else {"data": b'{"no": ["such", "field"]}'}
                    kind = {} if route.method == "GET" else {"Content-Type": "application/json"}
                    given = {**headers, **kind, "Host": "localhost:3001"}
                    one = await here.send(method, path, headers=given, **body)
                    two = await there.send(method, path, headers=given, **body)
                    same(one, two)
                    answered += 1
    assert answered > 200


async def test_writes_of_all_kinds(owner: Worker, other: Worker, space: Space) -> None:
    """Done once, wherever they are repeated, and told in the same words."""
    names = await filled(space)
    task = f"/api/v1/workspaces/{space.id}/tasks/{names['task']}"
    writes: list[tuple[str, str, Any]] = [
        ("POST", f"/api/v1/workspaces/{space.id}/tasks", {"title": "Eggs"}),
        ("PATCH", task, {"title": "Oat milk"}),
        ("POST", f"{task}/complete", None),
        ("DELETE", f"{task}/comments/{names['comment']}", None),
        ("PUT", f"/api/v1/workspaces/{space.id}/members/berta", {"role": "editor"}),
        ("POST", f"/api/v1/workspaces/{space.id}/commands", {"commands": [{"type": "CreateTask", "title": "A"}] * 3}),
    ]
    for method, path, body in writes:
        named = {"Idempotency-Key": key()}
        sent = {} if body is None else {"body": body}
        first = await at(other, space).send(method, path, headers=named, **sent)
        again = await at(other, space).send(method, path, headers=named, **sent)
        local = await at(owner, space).send(method, path, headers=named, **sent)
        assert first.status in (200, 201, 204), first.raw
        same(again, local)
        if not path.endswith("/commands"):
            assert again.replayed
            assert not first.replayed
            assert first.raw == again.raw


async def test_a_new_workspace(owner: Worker, other: Worker) -> None:
    """It is made where it belongs, under the same id wherever the request is repeated; also without any key."""
    headers = {"Idempotency-Key": key()}
    one = await other.client().post("/api/v1/workspaces", {"name": "Acme"}, headers=headers)
    two = await owner.client().post("/api/v1/workspaces", {"name": "Acme"}, headers=headers)
    assert one.status == two.status == 201
    assert one.ok["id"] == two.ok["id"]
    assert two.replayed
    third = await other.client().post("/api/v1/workspaces", {"name": "Acme"})
    assert third.status == 201
    assert (await owner.client().get(f"/api/v1/workspaces/{third.ok['id']}")).ok == third.ok
    bad = await other.client().post("/api/v1/workspaces", {"nme": "Acme"})
    bad.problem(422, "invalid")


async def test_large_answers_are_streamed(owner: Worker, other: Worker, space: Space) -> None:
    """Many pages of text, byte by byte the same."""
    for number in range(8):
        await space.task(f"Task {number}", description="é" * 30_000)
    path = f"/api/v1/workspaces/{space.id}/export.json"
    for url in (path, f"/api/v1/workspaces/{space.id}/tasks"):
        one, two = await at(owner, space).get(url), await at(other, space).get(url)
        assert len(two.raw) > 400_000
        assert one.raw == two.raw
        assert one.headers.get("Content-Length") == two.headers.get("Content-Length")


async def test_bodies_of_all_kinds(owner: Worker, other: Worker, space: Space) -> None:
    """Compressed, in chunks, as large as is allowed, and larger; and those that cannot be read."""
    path, sent = f"/api/v1/workspaces/{space.id}/tasks", json.dumps({"title": "Pressed"}).encode()
    kind = {"Content-Type": "application/json"}
    pressed = await at(other, space).send(
        "POST", path, data=gzip.compress(sent), headers={**kind, "Content-Encoding": "gzip"}
    )
    assert pressed.ok["title"] == "Pressed"

    async def parts() -> Any:
        for at in range(len(sent)):
            yield sent[at : at + 1]

    chunked = await at(other, space).send("POST", path, data=parts(), headers=kind)
    assert chunked.ok["title"] == "Pressed"
    for data, headers in (
        (b"{" + b" " * 1_000_000, kind),
        (b"no gzip", {**kind, "Content-Encoding": "gzip"}),
        (b"[1]", kind),
        (b"", kind),
        (sent, {"Content-Type": "text/plain"}),
    ):
        one = await at(owner, space).send("POST", path, data=data, headers=headers)
        two = await at(other, space).send("POST", path, data=data, headers=headers)
        assert one.status >= 400
        same(one, two)


async def test_files_are_streamed(owner: Worker, other: Worker, space: Space) -> None:
    """A large import goes through, and one that is too large is told so."""
    kind = {"Content-Type": "text/csv"}
    path = f"/api/v1/workspaces/{space.id}/import"
    few = "title\n" + "".join(f"Task {number}\n" for number in range(3))
    done = await at(other, space).send("POST", path, data=few.encode(), headers=kind)
    assert done.ok["created"] == 3
    large = "title,description\n" + "".join(f"Large {number},{'x' * 20_000}\n" for number in range(60))
    assert len(large) > bodies.KEPT
    done = await at(other, space).send("POST", path, data=io.BytesIO(large.encode()), headers=kind)
    assert done.ok["created"] == 60
    again = await at(owner, space).send("POST", path, data=io.BytesIO(large.encode()), headers=kind)
    assert again.ok["created"] == 0


async def test_what_the_client_says_goes_on(other: Worker, space: Space) -> None:
    """Who it is and where it asks from, and what it calls its request."""
    task = await space.task("Milk")
    headers = {"X-Request-Id": "mine-1", "User-Agent": "Käse/1", "Idempotency-Key": key()}
    answer = await space.post(f"/tasks/{task['id']}/start", headers=headers)
    assert answer.headers.getall("X-Request-Id") == ["mine-1"]
    events: Json = (await space.get("/events", after=task["position"])).ok
    assert events["items"][-1]["source"] == "127.0.0.1 Käse/1"


async def test_long_polls_and_streams(owner: Worker, other: Worker, space: Space) -> None:
    """What waits for something to happen is told when it does."""
    position = await space.position()
    waiting = asyncio.create_task(space.get("/events", after=position, wait=30))
    url = f"/api/v1/workspaces/{space.id}/events/stream"
    async with other.session.get(url, params={"after": "0"}, headers=space.headers) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        while b"caught-up" not in await stream.content.readline():
            pass
        await Client(owner.session, space.headers, space.prefix).post("/tasks", {"title": "Seen"})
        while b"TaskCreated" not in await stream.content.readline():
            pass
    assert [one["type"] for one in (await waiting).ok["items"]] == ["TaskCreated"]


async def test_a_workspace_in_the_body(owner: Worker, other: Worker, space: Space) -> None:
    """What is not in the address is led to its owner all the same: a line that names a project of the workspace."""
    await space.project("Home")
    wanted = {"text": "Milk tomorrow #Home @olga", "workspace": space.id, "now": "2026-03-08T09:00:00Z"}
    there = [await at(one, space).post("/api/v1/parse", wanted) for one in (owner, other)]
    assert there[0].ok["command"]["project"]
    same(*there)


async def test_bodies_that_name_a_workspace() -> None:
    """Each of these leads to its owner by itself, which no address does for it; a new one needs a test as above."""
    named = {
        one.path
        for one in ROUTES
        if not one.path.startswith(WS) and "workspace" in getattr(one.body, "__struct_fields__", ())
    }
    assert named == {"/api/v1/parse", "/admin/replay"}
