"""Many requests at once with one other worker: who waits for what, and what is held meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.waiting import until
from tests.support.workers import Worker, raw_worker, worker
from tests.views.forwarding.test_breaks import MADE, head
from tests.views.tokens import SHARED, bearer, signed
from views.auth import JwtAuthentication
from views.forwarding import bodies, calls

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/v1/workspaces/space/tasks"
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + bytes(100_000)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", f"{PATH}?min_position=99", {}),
        ("GET", PATH, {"Tasksys-Position": "99"}),
        ("POST", PATH, {"Prefer": "wait=60"}),
        ("POST", PATH.replace("tasks", "import"), {}),
        ("GET", PATH.replace("tasks", "export.json"), {}),
    ],
)
async def test_who_waits_is_in_nobodys_way(
    owner: Worker, monkeypatch: pytest.MonkeyPatch, method: str, path: str, headers: dict[str, str]
) -> None:
    """Whatever somebody waits for, or takes slowly, at another worker: what is answered soon does not wait for it."""
    monkeypatch.setattr(calls, "CONNECTIONS", 2)
    seen = 0

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        while True:
            asked = await head(reader)
            if path in asked[""] and headers.items() <= {name.title(): value for name, value in asked.items()}.items():
                seen += 1
                if "export" in path:
                    writer.write(BEGUN)
                await asyncio.Event().wait()
            writer.write(MADE)

    async with raw_worker(answers) as url, worker(None, url) as other:
        waiting = [asyncio.create_task(other.client().send(method, path, headers=headers)) for _ in range(5)]
        await until(lambda: seen == 5)
        async with asyncio.timeout(5):
            assert (await other.client().get(f"{PATH}/one")).status == 201
        await gone(waiting)


async def test_a_turn_is_not_waited_for_for_ever(owner: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that answers nobody has all its connections taken: the next one is told in time, and nothing begun."""
    monkeypatch.setattr(calls, "CONNECTIONS", 2)
    seen = 0

    async def frozen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        await head(reader)
        seen += 1
        await asyncio.Event().wait()

    async with raw_worker(frozen) as url, worker(None, url, wait=0.5) as other:
        waiting = [asyncio.create_task(other.client().get(PATH)) for _ in range(2)]
        await until(lambda: seen == 2)
        began = time.monotonic()
        for _ in range(2):
            answer = await other.client().post(PATH, {"title": "Milk"})
            assert "may have begun" not in answer.problem(503, "not-ready")["detail"]
        assert time.monotonic() - began < 5
        await gone(waiting)
    assert seen == 2


async def test_one_caller_has_not_all_places(owner: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many slow questions somebody asks: others wait for none of them."""
    monkeypatch.setattr(calls, "CONNECTIONS", 4)
    monkeypatch.setattr(calls, "EACH", 3)
    seen = 0

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        while True:
            if "audit" in (await head(reader))[""]:
                seen += 1
                await asyncio.Event().wait()
            writer.write(MADE)

    async with raw_worker(answers) as url, worker(None, url) as other:
        slow = PATH.replace("tasks", "audit")
        waiting = [asyncio.create_task(other.client("anna").get(slow)) for _ in range(20)]
        await until(lambda: seen == 3)
        async with asyncio.timeout(5):
            for _ in range(3):
                assert (await other.client("ben").get(f"{PATH}/one")).status == 201
        assert seen == 3
        await gone(waiting)


@pytest.mark.parametrize("chunked", [False, True])
async def test_bodies_that_are_kept_have_a_bound(owner: Worker, monkeypatch: pytest.MonkeyPatch, chunked: bool) -> None:
    """Over all requests that wait for other workers; the next one is turned away, and its turn comes later."""
    monkeypatch.setattr(bodies, "MOST", 2_500 if not chunked else bodies.KEPT + 1_500)
    frozen, seen = asyncio.Event(), 0

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        while True:
            asked = await head(reader)
            if asked[""].startswith("POST"):
                await reader.readexactly(1_000)
            seen += 1
            await frozen.wait()
            writer.write(MADE)

    async def body() -> AsyncIterator[bytes]:
        yield bytes(1_000)

    def sent() -> Any:
        return other.client().post(PATH, data=body() if chunked else bytes(1_000))

    async with raw_worker(answers) as url, worker(None, url) as other:
        waiting = []
        for number in (1, 2):
            waiting.append(asyncio.create_task(sent()))
            await until(lambda number=number: seen == number)
        refused = await sent()
        assert "keeps" in refused.problem(503, "not-ready")["detail"]
        assert refused.headers["Retry-After"]
        waiting.append(asyncio.create_task(other.client().get(PATH)))
        await until(lambda: seen == 3)
        frozen.set()
        assert [(await one).status for one in waiting] == [201, 201, 201]
        assert (await sent()).status == 201
        assert other.forwarder.kept.bytes == 0


async def test_nothing_is_kept_of_who_is_not_known() -> None:
    """Who would be refused for their token is refused before the body has come, without another worker."""

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pytest.fail("it was asked")

    auth = JwtAuthentication(SHARED)
    async with raw_worker(never) as url, worker(None, url, authenticator=auth) as other:
        status, _, told = await other.raw(
            f"POST {PATH} HTTP/1.1\r\nHost: any\r\nContent-Length: 900000\r\n\r\n{{".encode()
        )
        assert (status, b"unauthorised" in told) == (401, True)
        assert other.forwarder.kept.bytes == 0
    async with worker(None, "http://127.0.0.1:1", authenticator=auth, wait=0.1) as other:
        answer = await other.client().post(PATH, {"title": "Milk"}, headers=bearer(signed()))
        answer.problem(503, "not-ready")


async def gone(clients: list[asyncio.Task[Any]]) -> None:
    """They wait no longer."""
    for one in clients:
        one.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
