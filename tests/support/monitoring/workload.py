"""A workload under which no panel of a dashboard has a reason to be empty: all that tasksys counts, happens.

    async with Workload(workers, broker.bootstrap) as workload:
        await workload.busy()

The workers are two on one Kafka, which share its partitions. There are commands that are accepted, refused and
repeated, bytes that are no command, reminders on time and late, a channel that takes letters and one that does not,
series, clients of the feed of which one does not read, requests to a worker that does not have the workspace, a replay
that verifies, and a rebalance in each direction.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

import aiohttp
from aiokafka import AIOKafkaProducer

from tests.support.feed import PROTOCOL
from tests.support.http import OWNER
from tests.support.receivers import Receiver
from tests.support.serving import Serving
from tests.support.waiting import wait_until

BOUND: Final = 60.0
AWAY: Final = (202, 503, 504)
"""Who has not got the workspace says 503, or does not know the outcome yet: another is asked, by the same key."""
COMMANDS: Final = "tasksys.commands"

Json = dict[str, Any]


class Away(Exception):
    """Nobody had the workspace within BOUND seconds."""


def started(worker: Serving) -> None:
    """Starts a worker and waits until it is ready, longer than other tests do: so much runs beside it."""
    worker.spawn()
    wait_until(worker.ready, "a worker", 240)


class Workload:
    """Users of two workers. The blocking parts of workers run in threads."""

    def __init__(self, workers: Sequence[Serving], bootstrap: str) -> None:
        self.workers = workers
        self.bootstrap = bootstrap
        self.spaces: list[str] = []
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=BOUND)
        self.session = await self._open.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        self.good = await self._open.enter_async_context(Receiver.listening())
        self.bad = await self._open.enter_async_context(Receiver.listening())
        self.bad.then(*[500] * 1000)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def send(self, method: str, path: str, body: Json | None = None, key: str = "") -> tuple[int, Json]:
        """The answer of the worker that has the workspace; who has not says 503."""
        headers = {"Tasksys-Actor": OWNER, "Idempotency-Key": key or secrets.token_hex(8)}
        give_up = asyncio.get_running_loop().time() + BOUND
        while asyncio.get_running_loop().time() < give_up:
            for worker in self.workers:
                with suppress(aiohttp.ClientError):
                    url = f"{worker.url}/api/v1{path}"
                    async with self.session.request(method, url, json=body, headers=headers) as answer:
                        said = await answer.read()
                        if answer.status not in AWAY:
                            return answer.status, json.loads(said) if said else {}
            await asyncio.sleep(0.1)
        raise Away(path)

    async def made(self, path: str, body: Json, method: str = "POST") -> Json:
        """What was made."""
        status, said = await self.send(method, path, body)
        assert status in (200, 201), (path, status, said)
        return said

    # --- what happens

    async def busy(self, rounds: int = 3) -> None:
        """Everything once, and the everyday things several times."""
        for number in range(6):
            space = await self.made("/workspaces", {"name": f"Space {number}"})
            self.spaces.append(space["id"])
        await self.channels()
        await self.reminders(timedelta(seconds=6))
        await self.series()
        await asyncio.gather(*(self.everyday(space, rounds) for space in self.spaces), self.feeds())
        await self.mistakes()
        await self.poison()
        await self.replay()

    async def everyday(self, space: str, rounds: int) -> None:
        """Tasks are made, looked at, done and undone."""
        at = f"/workspaces/{space}"
        for _ in range(rounds):
            task = await self.made(f"{at}/tasks", {"title": "Milk", "labels": ["food"]})
            await self.made(f"{at}/tasks/{task['id']}/comments", {"body": "Two litres"})
            await self.made(f"{at}/tasks/{task['id']}/complete", {})
            many = [{"type": "CreateTask", "title": f"Task {number}"} for number in range(50)]
            await self.made(f"{at}/commands", {"commands": many})
            for path in ("tasks", "events?limit=20", "audit?limit=20", "reminders", "series"):
                await self.send("GET", f"{at}/{path}")

    async def channels(self) -> None:
        """Each user has two channels: one that takes letters, and one that does not."""
        for space in self.spaces:
            at = f"/workspaces/{space}/preferences"
            for name, receiver in (("good", self.good), ("bad", self.bad)):
                await self.made(f"{at}/channels/{name}", {"kind": "webhook", "target": receiver.url}, "PUT")
            await self.made(at, {"channels": ["feed", "good", "bad"]}, "PATCH")

    async def reminders(self, after: timedelta) -> datetime:
        """A reminder in each workspace, so long from now, or later where that is too soon; when the last is due."""
        return max(await asyncio.gather(*(self._remind(space, after) for space in self.spaces)))

    async def _remind(self, space: str, after: timedelta) -> datetime:
        task = await self.made(f"/workspaces/{space}/tasks", {"title": "Call"})
        path = f"/workspaces/{space}/tasks/{task['id']}/reminders"
        while True:
            due = datetime.now(UTC) + after
            trigger = {"at": due.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"}
            status, said = await self.send("POST", path, {"trigger": trigger})
            if status in (200, 201):
                return due
            assert status == 422, said  # it had passed: the machine is busy
            after *= 2

    async def series(self) -> None:
        """A series of which the first occurrences are due."""
        body = {"template": {"title": "Plants"}, "rule": "FREQ=DAILY;COUNT=400", "anchor": {"date": "2026-01-01"}}
        for space in self.spaces[:2]:
            await self.made(f"/workspaces/{space}/series", body)

    async def mistakes(self) -> None:
        """What is refused, what is repeated, what is nowhere."""
        at = f"/workspaces/{self.spaces[0]}"
        for number in range(3):
            key = secrets.token_hex(8)
            for _ in range(2):
                await self.send("POST", f"{at}/tasks", {"title": f"Again {number}"}, key)
            await self.send("POST", f"{at}/tasks/nobody/complete", {})
            await self.send("GET", f"/nowhere/{number}")
        for worker in self.workers:  # one of them has not got it, and says so
            async with self.session.get(f"{worker.url}/api/v1{at}", headers={"Tasksys-Actor": OWNER}) as answer:
                await answer.read()

    async def poison(self) -> None:
        """Bytes that are no command, where commands are."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        try:
            for number in range(3):
                await producer.send_and_wait(COMMANDS, b"rubbish", key=f"poison-{number}".encode())
        finally:
            await producer.stop()

    async def replay(self) -> None:
        """All workers compare their tables with their events."""
        url, headers = f"{self.workers[0].url}/admin/replay", {"Tasksys-Actor": OWNER}
        async with self.session.post(url, json={"verify": True}, headers=headers) as answer:
            await answer.read()

    async def feeds(self) -> None:
        """Somebody reads the feed, somebody does not, while much happens."""
        space = self.spaces[0]
        for worker in self.workers:
            with suppress(aiohttp.ClientError):
                await self._feed(worker, space)

    async def _feed(self, worker: Serving, space: str) -> None:
        url = f"{worker.url}/api/v1/workspaces/{space}/feed"
        headers = {"Tasksys-Actor": OWNER}
        async with self.session.ws_connect(url, headers=headers, protocols=(PROTOCOL,)) as reads:
            await reads.send_json({"op": "subscribe", "after": None, "state": True})
            deaf = await self._deaf(worker, space)
            reading = asyncio.create_task(_read(reads))
            try:
                text = "Enough to fill what waits for whoever does not read it, and the kernel's buffers before. " * 80
                for _ in range(25):
                    many = [{"type": "CreateTask", "title": "Long", "description": text} for _ in range(50)]
                    await self.made(f"/workspaces/{space}/commands", {"commands": many})
            finally:
                reading.cancel()
                deaf.close()

    async def _deaf(self, worker: Serving, space: str) -> socket.socket:
        """A client that subscribes and reads no more."""
        loop = asyncio.get_running_loop()
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setblocking(False)
        await loop.sock_connect(deaf, ("127.0.0.1", worker.port))
        lines = (
            f"GET /api/v1/workspaces/{space}/feed HTTP/1.1",
            "Host: 127.0.0.1",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"Sec-WebSocket-Protocol: {PROTOCOL}",
            f"Tasksys-Actor: {OWNER}",
        )
        await loop.sock_sendall(deaf, "\r\n".join((*lines, "", "")).encode())
        await loop.sock_recv(deaf, 4096)
        said = json.dumps({"op": "subscribe", "after": 0, "state": True}).encode()
        await loop.sock_sendall(deaf, bytes((0x81, 0x80 | len(said), 0, 0, 0, 0)) + said)
        return deaf

    async def outage(self) -> None:
        """Reminders fall due while no worker is there, and come late."""
        due = await self.reminders(timedelta(seconds=6))
        await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in self.workers))
        await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()) + 2)
        await asyncio.gather(*(asyncio.to_thread(started, worker) for worker in self.workers))

    async def rebalance(self) -> None:
        """The second worker goes and comes back."""
        await asyncio.to_thread(self.workers[1].stop)
        await self.everyday(self.spaces[0], 1)
        await asyncio.to_thread(started, self.workers[1])


async def _read(feed: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in feed:
        pass
