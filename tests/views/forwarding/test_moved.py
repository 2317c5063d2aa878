"""A workspace moves while its command is in the log of the worker that took it, and is not decided there any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.http import Answer, Site, Space, key
from tests.support.waiting import until
from tests.support.workers import Worker, worker
from views.keys import SPARE_KEY_HEADER

pytestmark = pytest.mark.asyncio(loop_scope="module")

MILK = {"title": "Milk"}


@pytest_asyncio.fixture(loop_scope="module")
async def first(site: Site) -> AsyncIterator[Worker]:
    """A worker that has everything, and will lose it."""
    async with worker(site.node, "") as first:
        yield first


def at(worker: Worker, space: Space) -> Space:
    """The space through that worker."""
    return Space(worker.session, space.headers, space.prefix, space.id)


def move(site: Site, owner: Worker, *others: Worker) -> None:
    """From now on everything is the owner's, as an assignment tells the others."""
    site.node.parts.outcomes.leave(lambda workspace: True)
    site.node.parts.outcomes.leave(lambda workspace: False)  # the process plays the part of both workers
    for other in others:
        other.believing.believe(owner.url)


async def titles(space: Space) -> list[str]:
    """Of all tasks."""
    return sorted(one["title"] for one in (await space.get("/tasks")).ok["items"])


async def test_the_new_owner_is_asked(site: Site, owner: Worker, first: Worker, space: Space) -> None:
    """Under the same key, by the worker that took it: the client hears of nothing, and each is done once."""
    there, named = at(first, space), {"Idempotency-Key": key()}
    several = {"commands": [{"type": "CreateTask", "title": title} for title in ("Bread", "Butter")]}
    async with site.held(space):
        sent = [
            asyncio.create_task(there.post("/tasks", MILK, headers=named)),
            asyncio.create_task(there.post("/commands", several, headers={"Idempotency-Key": key()})),
        ]
        await until(lambda: site.waiting() == 3)
        move(site, owner, first)
        await until(lambda: site.waiting() == 3)
    made, batch = [await one for one in sent]
    assert (made.status, made.ok["title"]) == (201, "Milk")
    assert [one["status"] for one in batch.ok["items"]] == ["accepted", "accepted"]
    assert await titles(space) == ["Bread", "Butter", "Milk"]


async def test_a_file_goes_to_the_new_owner(site: Site, owner: Worker, first: Worker, space: Space) -> None:
    """An import that was under way is done there, and makes nothing double."""
    async with site.held(space):
        sent = asyncio.create_task(at(first, space).post("/import", data=b"title\nMilk\nBread\n", format="csv"))
        await until(lambda: site.waiting() > 0)
        move(site, owner, first)
    answer = await sent
    assert {one["status"] for one in answer.ok["items"]} <= {"done", "skipped"}, "those of before may be there by then"
    assert await titles(space) == ["Bread", "Milk"]


async def test_a_command_without_a_key(site: Site, owner: Worker, first: Worker, space: Space) -> None:
    """It got one from the worker that took it."""
    async with site.held(space):
        sent = asyncio.create_task(at(first, space).post("/tasks", MILK))
        await until(lambda: site.waiting() == 1)
        move(site, owner, first)
    assert (await sent).status == 201
    assert await titles(space) == ["Milk"]


async def test_one_that_was_handed_on_is_handed_on_anew(site: Site, owner: Worker, first: Worker, space: Space) -> None:
    """The worker that lost it says that it has begun; the one that took the request asks the new owner."""
    async with worker(None, first.url) as other, site.held(space):
        sent = asyncio.create_task(at(other, space).post("/tasks", MILK))
        await until(lambda: site.waiting() == 1)
        move(site, owner, first, other)
        await until(lambda: site.waiting() == 1)
        site.held(space).release()
        try:
            assert (await sent).status == 201
        finally:
            await site.held(space).acquire()
    assert await titles(space) == ["Milk"]


async def test_when_nobody_has_it(site: Site, owner: Worker, first: Worker, space: Space) -> None:
    """503, with the key under which it may be repeated: it may have been done, and here it was."""
    async with worker(None, first.url, wait=0.5) as other:
        async with site.held(space):
            sent = asyncio.create_task(at(other, space).post("/tasks", MILK))
            await until(lambda: site.waiting() == 1)
            move(site, owner, first)
            answer: Answer = await sent
        spare = answer.headers[SPARE_KEY_HEADER]
        assert spare in answer.problem(503, "not-ready")["detail"]
    again = await space.post("/tasks", MILK, headers={"Idempotency-Key": spare})
    assert (again.status, again.replayed) == (201, True)
    assert await titles(space) == ["Milk"]
