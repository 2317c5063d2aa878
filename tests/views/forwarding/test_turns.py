"""Many requests at once with one other worker: who waits for what, and what is held meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.support.http import eventually
from tests.support.workers import Worker, raw_worker, worker
from tests.views.forwarding.test_breaks import MADE, head
from views.forwarding import calls
from views.keys import SPARE_KEY_HEADER

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
        await eventually(lambda: seen == 5)
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
        await eventually(lambda: seen == 2)
        began = time.monotonic()
        for _ in range(2):
            answer = await other.client().post(PATH, {"title": "Milk"})
            answer.problem(503, "not-ready")
            assert SPARE_KEY_HEADER not in answer.headers
        assert time.monotonic() - began < 5
        await gone(waiting)
    assert seen == 2


async def gone(clients: list[asyncio.Task[Any]]) -> None:
    """They wait no longer."""
    for one in clients:
        one.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
