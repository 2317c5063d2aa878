"""What is waited for, and for how long: views that are behind, slow clients, and a server that stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.support.http import BOUND, Answer, Client, Site, Space, running
from tests.support.waiting import until
from views import written
from views.context import Bounds

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHORT = Bounds(view=0.2, body=0.3, write=0.3)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A running system that waits for nothing long."""
    async with running(tmp_path_factory.mktemp("site"), bounds=SHORT) as site:
        yield site


@pytest.mark.parametrize("path", ["", "/tasks", "/members", "/projects", "/events", "/audit", "/export.json"])
async def test_a_position_that_does_not_come(site: Site, space: Space, path: str) -> None:
    """504 after the bound says which position, and when to try again; nobody waits any more."""
    await site.settled(space)
    answer = await space.get(path, min_position=99)
    assert "99" in answer.problem(504, "view-behind")["detail"]
    assert answer.headers["Retry-After"]
    assert site.readers() == 0


async def test_the_header_counts_too(space: Space) -> None:
    """`Tasksys-Position` on a read means min_position; the parameter goes before it."""
    late = {"Tasksys-Position": "99"}
    (await space.get("/tasks", headers=late)).problem(504, "view-behind")
    assert (await space.get("/tasks", headers=late, min_position=1)).status == 200


async def test_a_write_does_not_wait_for_a_position(space: Space) -> None:
    """A client may send the position that it knows with everything."""
    made = await space.post("/tasks", {"title": "Milk"}, headers={"Tasksys-Position": "99"})
    assert made.status == 201


async def test_a_history_that_stays_behind(site: Site, space: Space) -> None:
    """A read of the past does not show less than what was answered: it waits, and is 504 after its bound."""
    async with site.held(space, "audit"):
        task = await space.task()
        for path in ("/audit", "/events", f"/tasks/{task['id']}/history", "/audit/verify", "/tasks?as_of=1"):
            (await space.get(path)).problem(504, "view-behind")
        assert (await space.get(f"/tasks/{task['id']}")).status == 200
    await site.settled(space)
    assert (await space.get("/audit")).position == task["position"]


async def test_a_history_that_stays_behind_keeps_no_outcome_back(site: Site, space: Space) -> None:
    """Commands are decided without it: who is told to try again would have them done twice, and waits once at most."""
    await space.task(task="milk")
    refused = {"type": "EditTask", "task": "milk", "title": "Mine", "expected_version": 1}
    again = {"type": "EditTask", "id": "again", "task": "milk", "title": "Again"}
    await space.patch("/tasks/milk", {"title": "Milk?"})
    await space.post("/commands", again)
    await site.settled(space)
    async with site.held(space, "audit"):
        await space.patch("/tasks/milk", {"title": "Milk!"})
        stale = await space.patch("/tasks/milk", {"title": "Mine"}, headers={"If-Match": '"1"'})
        assert stale.problem(412, "version-conflict")["conflicts"] == []
        loop = asyncio.get_running_loop()
        before = loop.time()
        batch = await space.post(
            "/commands", {"commands": [{"type": "CreateTask", "title": "Oat"}, again, *[refused] * 20]}
        )
        assert loop.time() - before < 10 * SHORT.view
        created, repeated, *others = batch.ok["items"]
        assert (created["status"], len(created["events"])) == ("accepted", 1)
        assert (repeated["status"], repeated["events"]) == ("accepted", [])
        assert {one["problem"]["code"] for one in others} == {"version-conflict"}
    await site.settled(space)


async def test_a_wait_that_fails_is_a_fault(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not an answer as if nothing new had come."""

    async def failing(workspace: str, position: int, bound: float) -> bool:
        raise ValueError("a bug")

    position = await site.settled(space)
    monkeypatch.setattr(site.node.history_positions, "reach", failing)
    (await space.get("/events", after=position, wait=5)).problem(500, "internal-error")


async def test_a_body_that_does_not_come(site: Site, space: Space) -> None:
    """A client that announces a body and does not send it is told so, and cut off."""
    head = (
        f"POST {space.prefix}/tasks HTTP/1.1\r\nHost: localhost\r\nTasksys-Actor: olga\r\n"
        'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"title"'
    )
    status, _, answer = await site.raw(head.encode())
    assert status == 408
    assert b'"body-timeout"' in answer


@pytest.mark.parametrize("path", ["/export.json", "/events?limit=1000"])
async def test_a_client_that_does_not_read(site: Site, space: Space, path: str) -> None:
    """It is cut off: an export would keep the snapshot of the database for ever, any large answer its bytes."""
    for _ in range(100):
        await space.task(description="x" * 60_000)
    before = connections(site)
    reader, writer = await asyncio.open_connection(sock=narrow(site.server.port), limit=1024)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    head = f"GET {space.prefix}{path} HTTP/1.1\r\nHost: localhost\r\nTasksys-Actor: olga\r\n\r\n"
    writer.write(head.encode())
    await until(lambda: connections(site) == before + 1)
    await until(lambda: connections(site) == before)
    writer.transport.abort()


async def test_many_clients_that_read_slowly(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large answers that are not taken have a bound over all clients; the next one is told to come again.

    What was written is told all the same: who came again with it would have it done twice.
    """
    for _ in range(100):
        task = await space.task(description="x" * 60_000)
    whole = len((await space.get("/events", limit=1000)).raw)
    monkeypatch.setattr(written, "MOST", 2 * whole)
    head = f"GET {space.prefix}/events?limit=1000 HTTP/1.1\r\nHost: localhost\r\nTasksys-Actor: olga\r\n\r\n"
    held = site.server._runner.app[written.ON_THEIR_WAY]
    before = connections(site)
    slow = [await asyncio.open_connection(sock=narrow(site.server.port), limit=1024) for _ in range(2)]
    for reader, writer in slow:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(head.encode())
    await until(lambda: held.bytes == 2 * whole)  # more than the kernel takes of them
    answer = await space.get("/events", limit=1000)
    answer.problem(429, "busy")
    assert answer.headers["Retry-After"]
    edited = await space.patch(f"/tasks/{task['id']}", {"description": "y" * 65_000, "title": "t" * 500})
    assert len(edited.raw) > written.LARGE
    assert edited.status == 200
    await until(lambda: connections(site) <= before)
    assert held.bytes == 0
    assert (await space.get("/events", limit=1000)).status == 200
    for _, writer in slow:
        writer.transport.abort()


def narrow(port: int) -> socket.socket:
    """A connection of which the kernel takes little before somebody reads."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", port))
    made.setblocking(False)
    return made


def connections(site: Site) -> int:
    """How many connections the server has."""
    server = site.server._runner.server
    assert server is not None
    return len(server.connections)


async def test_expectations(site: Site, space: Space) -> None:
    """`Expect: 100-continue` is answered before the body is sent; anything else is refused as a problem."""
    body = {"title": "Milk"}
    async with site.session.post(
        f"{space.prefix}/tasks", json=body, headers={**space.headers}, expect100=True
    ) as response:
        assert response.status == 201
    (await space.post("/tasks", body, headers={"Expect": "the unexpected"})).problem(417, "bad-expectation")


@asynccontextmanager
async def stopping(tmp_path: Path) -> AsyncIterator[tuple[Site, Space]]:
    """A system of a test's own, which stops its server."""
    async with running(tmp_path) as site:
        yield site, await site.space()


async def test_a_request_that_was_accepted_is_answered(tmp_path: Path) -> None:
    """The server that stops takes no new connection, and answers what it has begun."""
    async with stopping(tmp_path) as (site, space):
        task = await space.task()
        async with site.held(space):
            write = asyncio.create_task(space.post(f"/tasks/{task['id']}/complete"))
            await until(lambda: site.waiting() == 1)
            stop = asyncio.create_task(site.server.stop())
            await until(lambda: refuses(site))
            assert not stop.done()
            assert not write.done()
        answer = await write
        await stop
        assert (answer.ok["status"], answer.headers.get("Connection")) == ("done", "close")
        assert site.waiting() == 0


async def refuses(site: Site) -> bool:
    """Whether a new connection is refused."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(site))
    except ConnectionError:
        return True
    writer.close()
    return False


def port_of(site: Site) -> int:
    """The port that it listened on."""
    assert site.session._base_url is not None
    port = site.session._base_url.port
    assert port is not None
    return port


async def test_long_polls_do_not_hold_a_shutdown_up(tmp_path: Path) -> None:
    """They are answered with nothing new, at once."""
    async with stopping(tmp_path) as (site, space):
        position = await site.settled(space)
        polls = [asyncio.create_task(space.get("/events", after=position, wait=60)) for _ in range(3)]
        await until(lambda: site.readers() == 3)
        async with asyncio.timeout(BOUND / 2):
            await site.server.stop()
            answers: list[Answer] = await asyncio.gather(*polls)
        assert [answer.ok["items"] for answer in answers] == [[], [], []]
        assert site.readers() == 0


async def test_idle_connections_are_closed(tmp_path: Path) -> None:
    """A client that keeps its connection does not keep the server."""
    async with stopping(tmp_path) as (site, space):
        url = site.url
        async with aiohttp.ClientSession(url) as other:
            assert (await Client(other, space.headers, space.prefix).get()).status == 200
            async with asyncio.timeout(BOUND / 2):
                await site.server.stop()
            with pytest.raises(aiohttp.ClientConnectionError):
                await other.get("/health")
