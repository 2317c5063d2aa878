"""Reads from copies: for who asks, and for all while nobody is known to have the workspace."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.http import Answer, Space
from tests.support.workers import Worker, worker
from views.forwarding import copies, forwarder

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKING = {"Tasksys-Read": "standby"}
NOBODY = "http://127.0.0.1:1"


def at(other: Worker, space: Space) -> Space:
    """The same workspace through another worker."""
    return Space(other.session, space.headers, space.prefix, space.id)


def marked(answer: Answer) -> bool:
    """Whether it is from a copy, and says of which position."""
    return answer.headers.get("Tasksys-Stale") == "true" and answer.position > 0


async def test_who_asks_is_answered_from_a_copy(owner: Worker, space: Space) -> None:
    """The same as by the owner, marked; to its members only; and what a copy does not have is refused."""
    task = await space.task("Milk")
    async with worker(owner.believing.node, NOBODY, wait=0.3) as copy:
        there = at(copy, space)
        for path in ("", "/tasks", f"/tasks/{task['id']}", "/tasks?q=milk", "/projects", "/members"):
            fresh, stale = await space.get(path), await there.get(path, headers=ASKING)
            assert marked(stale), stale.raw
            assert not marked(fresh)
            assert fresh.raw == stale.raw
            assert fresh.position == stale.position
        assert marked(await there.send("HEAD", "/tasks", headers=ASKING))
        (await there.acting("stranger").get("/tasks", headers=ASKING)).problem(404, "not-found")
        for path in ("/audit", "/events", "/feed"):
            (await there.get(path, headers=ASKING)).problem(503, "not-ready")
        (await there.get("/tasks", headers=ASKING, min_position=1000)).problem(504, "view-behind")
        (await there.get("/tasks")).problem(503, "not-ready")
        (await there.post("/tasks", {"title": "No"}, headers=ASKING)).problem(503, "not-ready")


async def test_the_owner_itself_is_never_stale(owner: Worker, other: Worker, space: Space) -> None:
    """Nor is one without a copy, which asks it."""
    for worker_ in (owner, other):
        answer = await at(worker_, space).get("/tasks", headers=ASKING)
        assert answer.status == 200
        assert "Tasksys-Stale" not in answer.headers


async def test_what_a_copy_has_not_is_the_owners(owner: Worker, space: Space) -> None:
    """Who asks for a copy gets the history all the same, from the one that has it."""
    await space.task("Milk")
    async with worker(owner.believing.node, owner.url) as copy:
        there = at(copy, space)
        assert marked(await there.get("/tasks", headers=ASKING))
        for path in ("/events", "/audit"):
            answer = await there.get(path, headers=ASKING)
            assert answer.raw == (await space.get(path)).raw
            assert not marked(answer)


async def test_nobody_is_known(owner: Worker, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some time reads are answered, marked; writes are not, soon without waiting; then all is as before."""
    monkeypatch.setattr(forwarder, "UNKNOWN_SECONDS", 0.2)
    async with worker(owner.believing.node, None, wait=0.6) as copy:
        there = at(copy, space)
        for _ in range(2):
            assert marked(await there.get("/tasks"))
        (await there.post("/tasks", {"title": "No"})).problem(503, "not-ready")
        (await there.get("/feed")).problem(503, "not-ready")
        (await there.post("/tasks", {"title": "No"})).problem(503, "not-ready")
        copy.believing.believe("")
        assert not marked(await there.get("/tasks"))
        assert (await there.post("/tasks", {"title": "Yes"})).status == 201
        copy.believing.believe(None)
        with monkeypatch.context() as later:
            later.setattr(forwarder, "UNKNOWN_SECONDS", 3600.0)
            (await there.get("/tasks")).problem(503, "not-ready")


async def test_an_outage_of_long_ago_says_nothing(owner: Worker, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked when the workspace was somebody's again: in the next moment without one, requests wait as ever."""
    async with worker(owner.believing.node, None, wait=0.6) as copy:
        there = at(copy, space)
        (await there.post("/tasks", {"title": "No"})).problem(503, "not-ready")
        monkeypatch.setattr(copies, "ASKED_SECONDS", -1.0)  # whatever was asked before was asked long ago
        sent = asyncio.create_task(there.post("/tasks", {"title": "Yes"}))
        await asyncio.wait([sent], timeout=0.2)
        copy.believing.believe("")
        assert (await sent).status == 201


async def test_who_has_no_copy_asks_one_that_has(owner: Worker, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody is known to have it; each of those that should have one is asked once, and a write none."""
    monkeypatch.setattr(forwarder, "UNKNOWN_SECONDS", 0.2)
    task = await space.task("Milk")
    async with worker(owner.believing.node, NOBODY) as copy, worker(None, copy.url) as without:
        there = at(without, space)
        without.believing.last_ownership()
        without.believing.believe(None)
        for path in ("/tasks", f"/tasks/{task['id']}"):
            stale = await there.get(path)
            assert marked(stale), stale.raw
            assert stale.raw == (await space.get(path)).raw
        assert marked(await there.send("HEAD", "/tasks"))
        (await there.acting("stranger").get("/tasks")).problem(404, "not-found")
        without.forwarder.wait = 0.6
        for path in ("/events", "/feed"):
            (await there.get(path)).problem(503, "not-ready")
        (await there.post("/tasks", {"title": "No"})).problem(503, "not-ready")


async def test_nobody_has_a_copy_either(other: Worker, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that should have one, none has it, or is there."""
    monkeypatch.setattr(forwarder, "UNKNOWN_SECONDS", 0.2)
    for keeper in (other.url, NOBODY):
        async with worker(None, keeper, wait=0.6) as without:
            without.believing.last_ownership()
            without.believing.believe(None)
            (await at(without, space).get("/tasks")).problem(503, "not-ready")
