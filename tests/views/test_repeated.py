"""A write that is repeated under its key is answered as it was the first time, whatever happened since."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from streams import keys
from tests.support.http import OUTCOME, Answer, Site, Space, key, running
from views.context import Bounds

pytestmark = pytest.mark.asyncio(loop_scope="module")

Write = tuple[str, str, Any]
"""Method, address and body."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A running system that waits for nothing long."""
    async with running(tmp_path_factory.mktemp("site"), bounds=Bounds(view=0.3)) as site:
        yield site


async def furnished(space: Space) -> None:
    """A project with a section, and in it a task with a subtask, a comment and an item."""
    for path, body in (
        ("/projects", {"name": "Home", "project": "home"}),
        ("/projects/home/sections", {"name": "To do", "section": "to-do"}),
        ("/tasks", {"title": "Shopping", "task": "shopping", "project": "home", "section": "to-do"}),
        ("/tasks", {"title": "Milk", "task": "milk", "parent": "shopping"}),
        ("/tasks", {"title": "Bread", "task": "bread"}),
        ("/tasks/milk/comments", {"body": "Oat milk", "comment": "oat"}),
        ("/tasks/milk/comments", {"body": "Soon", "comment": "soon"}),
        ("/tasks/milk/checklist", {"title": "Two litres", "item": "two"}),
    ):
        assert (await space.post(path, body)).status == 201
    assert (await space.put("/members/ann", {"role": "editor"})).status == 200


LATER: tuple[Write, ...] = (
    ("PATCH", "/tasks/milk", {"title": "Soy milk", "labels": ["later"]}),
    ("PATCH", "/tasks/milk/comments/soon", {"body": "Later"}),
    ("POST", "/tasks/milk/comments", {"body": "Or not"}),
    ("PATCH", "/tasks/shopping", {"section": None}),
    ("DELETE", "/tasks/shopping", None),
    ("DELETE", "/tasks/bread", None),
)
"""What happens to the tasks after the first answer."""

ELSEWHERE: tuple[Write, ...] = (
    ("DELETE", "/projects/home/sections/to-do", None),
    ("PATCH", "/projects/home", {"name": "House"}),
    ("DELETE", "/projects/home", None),
    ("PUT", "/members/ann", {"role": "viewer"}),
    ("PUT", "/members/ben", {"role": "viewer"}),
    ("PATCH", "", {"name": "Elsewhere"}),
)
"""What happens to everything else."""

TASK_WRITES: tuple[Write, ...] = (
    ("POST", "/tasks", {"title": "Eggs", "parent": "shopping"}),
    ("PATCH", "/tasks/milk", {"title": "Oat milk"}),
    ("PATCH", "/tasks/milk", {"title": "Milk"}),  # which changes nothing
    ("DELETE", "/tasks/milk", None),
    ("POST", "/tasks/milk/complete", {}),
    ("POST", "/tasks/milk/move", {"parent": "bread"}),
    ("POST", "/tasks/milk/links", {"link": "blocks", "other": "bread"}),
    ("PATCH", "/tasks/milk/checklist/two", {"done": True}),
    ("POST", "/tasks/milk/comments", {"body": "At the corner"}),
    ("PATCH", "/tasks/milk/comments/soon", {"body": "Now"}),
    ("DELETE", "/tasks/milk/comments/oat", None),
    ("POST", "/tasks/milk/undo", {"position": 10}),
)
OTHER_WRITES: tuple[Write, ...] = (
    ("PATCH", "", {"name": "Here"}),
    ("PUT", "/members/ann", {"role": "admin"}),
    ("DELETE", "/members/ann", None),
    ("POST", "/projects", {"name": "Work"}),
    ("PATCH", "/projects/home", {"colour": "green"}),
    ("POST", "/projects/home/sections", {"name": "Doing"}),
)


async def sent(space: Space, writes: tuple[Write, ...]) -> None:
    """Sends them, and each is accepted or there is nothing to do."""
    for method, path, body in writes:
        answer = await space.send(method, path, *([body] if body is not None else []))
        assert answer.status in (200, 201, 204), (method, path, answer.raw)


def told(answer: Answer) -> dict[str, Any]:
    """All that an answer says, but whether it is a repeated one."""
    headers = {name: answer.headers.get(name) for name in ("ETag", "Location", "Tasksys-Position", "Content-Type")}
    return {"status": answer.status, "body": answer.raw, **headers}


async def twice(space: Space, write: Write, between: tuple[Write, ...]) -> tuple[Answer, Answer]:
    """The answers to a write and to the same one repeated, with others between."""
    method, path, body = write
    same = {"Idempotency-Key": key()}
    given = [body] if body is not None else []
    first = await space.send(method, path, *given, headers=same)
    assert first.status in (200, 201, 204), first.raw
    await sent(space, between)
    return first, await space.send(method, path, *given, headers=same)


@pytest.mark.parametrize("write", [*TASK_WRITES, *OTHER_WRITES], ids=lambda write: f"{write[0]} {write[1]}")
@pytest.mark.parametrize("between", [(), LATER[:3], LATER, ELSEWHERE, LATER + ELSEWHERE], ids=len)
async def test_the_first_answer_again(space: Space, write: Write, between: tuple[Write, ...]) -> None:
    """The thing as the write left it, with its version, its place and its position, whatever was changed since."""
    await furnished(space)
    if write[:2] in (("DELETE", "/tasks/milk"), ("POST", "/tasks/milk/move")):
        between = tuple(one for one in between if not one[1].startswith("/tasks/milk"))
    first, again = await twice(space, write, between)
    assert told(again) == told(first)
    assert (first.replayed, again.replayed) == (False, True)


async def test_a_new_workspace_again(site: Site) -> None:
    """With its first name and the role of then."""
    client, same, body = site.client("una"), {"Idempotency-Key": key()}, {"name": "First"}
    first = await client.post("/api/v1/workspaces", body, headers=same)
    space = Space(client.session, client.headers, f"/api/v1/workspaces/{first.ok['id']}", first.ok["id"])
    await sent(space, (("PATCH", "", {"name": "Second"}), ("PUT", "/members/ann", {"role": "owner"})))
    await sent(space.acting("ann"), (("PUT", "/members/una", {"role": "viewer"}),))
    assert told(await client.post("/api/v1/workspaces", body, headers=same)) == told(first)


@pytest.mark.parametrize("write", TASK_WRITES, ids=lambda write: f"{write[0]} {write[1]}")
async def test_the_tasks_own_events_suffice(site: Site, space: Space, write: Write) -> None:
    """Of a task that was changed since, nothing but its own past is folded: here there is no other."""
    await furnished(space)
    await site.settled(space)
    site.plant(space, {keys.event(space.id, 1): None}, "audit")  # from which every fold of the workspace begins
    between = (("POST", "/tasks/milk/comments", {"body": "Or not"}), ("PATCH", "/tasks/shopping", {"title": "Later"}))
    first, again = await twice(space, write, between if write[:2] != ("DELETE", "/tasks/milk") else between[1:])
    assert told(again) == told(first)


async def test_a_history_that_lacks_events(site: Site, space: Space) -> None:
    """Neither a repeated write nor a read of the past pretends to know: the one is 202, the other a problem."""
    await furnished(space)
    await site.settled(space)
    same = {"Idempotency-Key": key()}
    await space.patch("/tasks/milk", {"title": "Oat milk"}, headers=same)
    await sent(space, LATER[:3])
    end = await site.settled(space)
    created = (await space.get("/tasks/milk/history")).ok["items"][0]["position"]
    site.plant(space, {keys.task_event(space.id, "milk", created): None}, "audit")
    again = await space.patch("/tasks/milk", {"title": "Oat milk"}, headers=same)
    assert (again.status, again.json["status"], again.replayed) == (202, "accepted", True)
    site.plant(space, {keys.event(space.id, end - 1): None}, "audit")
    past = await space.get("/tasks/milk", as_of=end)
    assert f"position {end - 1}" in past.problem(500, "history-incomplete")["detail"]


async def test_a_history_that_is_behind(site: Site, space: Space) -> None:
    """The thing cannot be shown then: the answer says where the outcome is told, and that it is decided."""
    await furnished(space)
    await site.settled(space)
    async with site.held(space, "audit"):
        first, again = await twice(space, TASK_WRITES[1], LATER)
    assert (again.status, again.replayed) == (202, True)
    assert again.json.keys() >= OUTCOME
    assert (again.json["status"], again.json["events"], again.position) == ("accepted", [], first.position)
    assert (again.json["events_left_out"], again.json["events_after"]) == (1, first.position - 1)
    await site.settled(space)
    outcome = (await space.get(again.headers["Location"].removeprefix(space.prefix))).ok
    assert [one["position"] for one in outcome["events"]] == [first.position]


@pytest.mark.parametrize("write", [*TASK_WRITES[:2], ("PATCH", "/projects/home", {"colour": "green"})], ids=str)
@pytest.mark.parametrize("between", [(), (LATER[5], ELSEWHERE[4])], ids=len)
async def test_what_is_still_so_needs_no_history(
    site: Site, space: Space, write: Write, between: tuple[Write, ...]
) -> None:
    """Whatever happened to others meanwhile, it is answered without waiting for the history, which may be elsewhere."""
    await furnished(space)
    async with site.held(space, "audit"):
        first, again = await twice(space, write, between)
    assert told(again) == told(first)


async def test_a_process_without_history(tmp_path: Path) -> None:
    """It says that the write is done, and where the outcome is told."""
    async with running(tmp_path, agents=("commands",)) as site:
        space = await site.space()
        await furnished(space)
        _, again = await twice(space, TASK_WRITES[1], LATER)
        assert (again.status, again.json["status"], again.replayed) == (202, "accepted", True)
