"""The Python client and a server that is killed."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from tasksys.client import Client, Event, Live
from tests.support.serving import Serving
from tests.support.waiting import until

COUNT = 60
WRITERS = 4
PATIENCE = 90.0


def ask(server: Serving, path: str, body: Any = None) -> Any:
    """One call of the API."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Tasksys-Actor": "olga", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(server.url + path, data, headers), timeout=30) as answer:
        return json.loads(answer.read())


async def test_a_server_that_is_killed(tmp_path: Path) -> None:
    """By -9, twice, in the middle of things: every command is applied once, every event comes once and in order."""
    with Serving(tmp_path / "server", "--log-level", "warning") as server:
        workspace = ask(server, "/api/v1/workspaces", {"name": "Acme"})["id"]
        client = Client(server.url, user="olga", wait=(0.05, 0.2))
        async with asyncio.timeout(PATIENCE), client.workspace(workspace) as live:
            following = asyncio.create_task(_followed(live))
            sent: list[str] = []
            writing = [
                asyncio.create_task(_write(live, range(first, COUNT, WRITERS), sent)) for first in range(WRITERS)
            ]
            for kill_after in (COUNT // 4, COUNT // 2):
                await until(lambda kill_after=kill_after: len(sent) >= kill_after)
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
            await asyncio.gather(*writing)
            assert sent == ["accepted"] * COUNT
            followed = await following
        log = ask(server, f"/api/v1/workspaces/{workspace}/events?limit=1000")["items"]
        assert [one.id for one in followed] == [one["id"] for one in log]
        made = [one["command"] for one in log if one["type"] == "TaskCreated"]
        assert sorted(made) == sorted(f"make-{number}" for number in range(COUNT))


async def _write(live: Live, numbers: Iterable[int], sent: list[str]) -> None:
    """One command after the other, and what became of each."""
    for number in numbers:
        sent.append((await live.command("CreateTask", id=f"make-{number}", title=f"Task {number}")).status)


async def _followed(live: Live) -> list[Event]:
    """All events, from the first on."""
    found: list[Event] = []
    async with aclosing(live.events(after=0)) as events:
        async for event in events:
            found.append(event)
            if len(found) == COUNT + 2:
                break
    return found
