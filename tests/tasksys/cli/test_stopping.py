"""How a process stops under load: in order, within a bound, and nothing that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from monitoring.health import Health
from tasksys.cli import client, stopping
from tasksys.cli.client import Client
from tasksys.cli.failures import Failure
from tests.support.feed import PROTOCOL
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import wipe
from tests.support.serving import Serving
from tests.support.waiting import WAIT, wait_until
from tests.tasksys.cli.conftest import answer, invoke
from tests.tasksys.cli.test_serve import get, get_or_none

STEPS = [
    "stopping: SIGTERM came; what was accepted is answered first",
    "stopping: requests are answered and feeds closed",
    "stopping: the agents have finished what they had in hand",
    "stopping: deliveries have ended",
    "stopped",
]


def said(server: Serving) -> list[dict[str, Any]]:
    """The lines of its log."""
    return [json.loads(line) for line in server.output().splitlines()]


def steps(server: Serving) -> list[str]:
    """What it said of its stop."""
    return [line["message"] for line in said(server) if line["message"].startswith("stop")]


class Crowd:
    """Clients that add tasks as fast as they can until nobody answers them any more."""

    def __init__(self, url: str, workspace: str, size: int = 8) -> None:
        self.answered: list[str] = []
        self._url, self._place = url, client.path("workspaces", workspace, "tasks")
        self._threads = [threading.Thread(target=self._add, args=(f"{number}",)) for number in range(size)]
        for thread in self._threads:
            thread.start()

    def _add(self, name: str) -> None:
        with Client(self._url) as asking, suppress(Failure):
            for number in range(10_000):
                title = f"{name} {number}"
                asking.send("POST", self._place, {"title": title})
                self.answered.append(title)

    def gone(self) -> list[str]:
        """Waits until all have given up; what was acknowledged."""
        for thread in self._threads:
            thread.join()
        return self.answered


class Listener:
    """A client of the feed, in a thread: the code that its connection was closed with."""

    def __init__(self, url: str, workspace: str) -> None:
        self.following = threading.Event()
        self.code: int | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen(url, workspace)))
        self._thread.start()

    async def _listen(self, url: str, workspace: str) -> None:
        path = f"{url}/api/v1/workspaces/{workspace}/feed"
        async with aiohttp.ClientSession() as session, session.ws_connect(path, protocols=(PROTOCOL,)) as socket:
            await socket.send_json({"op": "subscribe", "after": None})
            async for message in socket:
                assert message.type is aiohttp.WSMsgType.TEXT
                self.following.set()
            self.code = socket.close_code

    def ended(self) -> int | None:
        """Waits for the end; the close code."""
        self._thread.join(30)
        return self.code


def under_load(server: Serving, drain: float) -> None:
    """SIGTERM comes in the middle of everything."""
    with server:
        invoke("workspace", "create", "Home", "--server", server.url)
        workspace = answer(invoke("workspaces", "--json", "--server", server.url))["items"][0]["id"]
        crowd, listener = Crowd(server.url, workspace), Listener(server.url, workspace)
        assert listener.following.wait(20)
        wait_until(lambda: len(crowd.answered) > 100, bound=WAIT)
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        if drain:
            wait_until(lambda: get_or_none(f"{server.url}/ready") == 503, bound=WAIT)
            told = json.loads(get(f"{server.url}/ready")[1])
            assert told["missing"] == {"process": "stopping"}
            assert told["checks"]["process"]["status"] == "failing"
            before = len(crowd.answered)
            wait_until(lambda: len(crowd.answered) > before, bound=WAIT)  # it serves on meanwhile
        answered = crowd.gone()
        assert server.wait() == 0
        assert drain <= time.monotonic() - began < 30
        assert listener.ended() == 1001
        server.start()
        titles = [one["title"] for one in answer(invoke("list", "--all", "--json", "--server", server.url))["items"]]
    assert set(answered) <= set(titles)
    assert len(titles) == len(set(titles))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that give up soon."""
    monkeypatch.setattr(client, "RETRY_SECONDS", (0.05,))


def test_under_load(tmp_path: Path) -> None:
    """Answered is durable, clients of the feed are told to come back, and the log tells the order."""
    server = Serving(tmp_path / "server", "--drain-seconds", "1")
    under_load(server, 1.0)
    drain = "stopping: not ready any more, and serving on for 1 s"
    found = steps(server)
    assert found[: len(found) // 2] == [STEPS[0], drain, *STEPS[1:4], "stopping: the log is closed", STEPS[4]]
    (line, *_) = [one for one in said(server) if one["message"] == STEPS[2]]
    assert (line["component"], line["operation"]) == ("process", "stop")
    assert 0.0 <= line["duration_seconds"] < 30.0


@pytest.mark.kafka
def test_under_load_on_kafka(kafka: KafkaBroker, tmp_path: Path) -> None:
    """The same, on a broker that has nothing of other tests."""
    broker = f"kafka://{kafka.bootstrap}"
    asyncio.run(wipe(broker))
    server = Serving(tmp_path / "server", "--broker", broker)
    under_load(server, 0.0)
    found = steps(server)
    assert found[: len(found) // 2] == STEPS


def test_who_drains_is_not_kept_from_stopping(tmp_path: Path) -> None:
    """A second signal ends it, however long it was to serve on."""
    with Serving(tmp_path / "server", "--drain-seconds", "600") as server:
        server.signal(signal.SIGTERM)
        wait_until(lambda: get_or_none(f"{server.metrics_url}/ready") == 503, bound=WAIT)
        server.signal(signal.SIGTERM)
        assert server.wait() == 128 + signal.SIGTERM


def test_readiness_names_what_it_looked_at(tmp_path: Path) -> None:
    """On both ports the same: each agent, the log, the disk, the process."""
    with Serving(tmp_path / "server") as server:
        for url in (server.url, server.metrics_url):
            status, body = get(f"{url}/ready")
            told = json.loads(body)
            assert (status, told["status"], told["missing"]) == (200, "ready", {})
            agents = ["commands", "audit", "reminders", "recurrence", "deliveries"]
            assert set(told["checks"]) == {*agents, "broker", "disk", "process"}
            assert all(check["status"] == "ok" for check in told["checks"].values())
            assert told["checks"]["broker"]["detail"] == "the log is in this process"
            assert told["checks"]["audit"]["detail"] == "recovered, 4 partitions assigned"
            assert told["checks"]["disk"]["detail"].startswith("writable, ")


async def test_a_stop_that_hangs_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its bound the process ends, with a code that says so."""
    ended, done = list[int](), threading.Event()

    def end(code: int) -> None:
        ended.append(code)
        done.set()

    monkeypatch.setattr("os._exit", end)
    async with AsyncExitStack() as running:
        stopping.bounded(running, 0.01)
        await asyncio.to_thread(done.wait, 20)
    assert ended == [stopping.LATE]


async def test_a_stop_in_time_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its steps are done one after the other, the last begun first."""
    ended = list[int]()
    monkeypatch.setattr("os._exit", ended.append)
    done = list[str]()

    async def step(name: str) -> None:
        done.append(name)

    before = threading.active_count()
    async with AsyncExitStack() as running:
        stopping.bounded(running, 3600.0)
        steps = stopping.Steps(running, Health())
        steps.add("first", lambda: step("first"))
        steps.add("second", lambda: step("second"))
    assert (done, ended) == (["second", "first"], [])
    await asyncio.to_thread(wait_until, lambda: threading.active_count() <= before + 1, bound=WAIT)


async def test_without_a_pause_it_stops_at_once() -> None:
    """Not ready, and no time is lost."""
    health = Health()
    await stopping.drained(health, 0.0)
    assert health.stopping
