"""Reads from copies: for who asks, and for all while nobody is known to have the workspace."""

from __future__ import annotations

import asyncio

import pytest

from tasksys.fairness import Shares
from tests.support.http import Answer, Space
from tests.support.waiting import until
from tests.support.workers import Worker, raw_worker, worker
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


class Keeper:
    """Another worker, of bytes: what it answers to each request, or nothing ever, and how often it was asked."""

    def __init__(self, status: int | None) -> None:
        self.asked = 0
        self._status = status

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self._status is None:
                await asyncio.get_running_loop().create_future()
            writer.write(f"HTTP/1.1 {self._status} Said\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is known to have anything for long enough."""
    monkeypatch.setattr(forwarder, "UNKNOWN_SECONDS", 0.1)
    monkeypatch.setattr(forwarder, "COPY_SECONDS", 0.5)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("status", [421, 429, 500, 503])
async def test_who_has_no_copy_asks_one_that_has(owner: Worker, space: Space, status: int) -> None:
    """Each of those that should have one once for a read, until one says something; for a write, or a feed, none."""
    task, keeper = await space.task("Milk"), Keeper(status)
    async with (
        raw_worker(keeper) as without_any,
        worker(owner.believing.node, NOBODY) as copy,
        worker(None, None, wait=1.0) as without,
    ):
        there = at(without, space)
        without.believing.kept = (without.url, without_any, copy.url)
        for number, path in enumerate(("/tasks", f"/tasks/{task['id']}"), 1):
            stale = await there.get(path)
            assert marked(stale), stale.raw
            assert stale.raw == (await space.get(path)).raw
            assert keeper.asked == number
        head = await there.send("HEAD", "/tasks")
        assert marked(head)
        assert head.headers["Content-Length"] == str(len((await space.get("/tasks")).raw))
        (await there.acting("stranger").get("/tasks")).problem(404, "not-found")
        assert keeper.asked == 4
        (await there.get("/events")).problem(503, "not-ready")  # of which there are no copies
        assert keeper.asked == 5, "also by a read that goes on waiting"
        (await there.get("/feed")).problem(503, "not-ready")
        (await there.post("/tasks", {"title": "No"})).problem(503, "not-ready")
        assert keeper.asked == 5


@pytest.mark.usefixtures("soon")
async def test_who_is_asked_for_a_copy_asks_nobody(owner: Worker, space: Space) -> None:
    """Nor does it wait: the next one is asked at once."""
    await space.task("Milk")
    async with (
        worker(owner.believing.node, NOBODY) as copy,
        worker(None, None) as next_to_it,
        worker(None, None, wait=1.0) as without,
    ):
        next_to_it.believing.kept = (copy.url,)
        without.believing.kept = (next_to_it.url,)
        (await at(without, space).get("/tasks")).problem(503, "not-ready")
        assert marked(await at(next_to_it, space).get("/tasks"))
        without.believing.kept = (next_to_it.url, copy.url)
        assert marked(await at(without, space).get("/tasks"))


@pytest.mark.usefixtures("soon")
async def test_a_silent_worker_holds_up_the_first_only(owner: Worker, space: Space) -> None:
    """It is not asked again for a while; one that nobody can connect to neither."""
    await space.task("Milk")
    frozen = Keeper(None)
    async with (
        raw_worker(frozen) as silent,
        worker(owner.believing.node, NOBODY) as copy,
        worker(None, None, wait=5.0) as without,
    ):
        without.believing.kept = (NOBODY, silent, copy.url)
        for _ in range(3):
            assert marked(await at(without, space).get("/tasks"))
        assert frozen.asked == 1


@pytest.mark.usefixtures("soon")
async def test_who_asks_others_has_a_place(owner: Worker, space: Space) -> None:
    """One of those for requests that wait, which are bounded, and for people who are known."""
    keeper = Keeper(503)
    async with raw_worker(keeper) as url, worker(None, None, wait=1.0) as without:
        without.believing.kept = (url,)
        without.forwarder.waiting._known = Shares(0)
        for _ in range(3):
            (await at(without, space).get("/tasks")).problem(503, "not-ready")
        assert keeper.asked == 0


@pytest.mark.usefixtures("soon")
async def test_it_is_the_owners_as_soon_as_there_is_one(owner: Worker, space: Space) -> None:
    """Also where a worker that does not answer is being asked for its copy."""
    keeper = Keeper(None)
    async with raw_worker(keeper) as silent, worker(None, None) as without:
        without.believing.kept = (silent,)
        reading = asyncio.create_task(at(without, space).get("/tasks"))
        await until(lambda: keeper.asked)
        without.believing.believe(owner.url)
        answer = await reading
        assert (answer.status, marked(answer)) == (200, False)
