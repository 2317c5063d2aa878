"""The load generator: one process, raw sockets on uvloop, so that it takes little of what it measures.

    echo '{"port": 3001, "paths": ["/api/v1/workspaces/W/tasks"], "seconds": 5}' | python -m tests.bench.load

It reads a Plan as JSON and prints an Answered as JSON. Without a rate it is a closed loop: each connection sends its
next request when it has its answer. With a rate it is an open one: requests are due at fixed moments whatever the
server does, one that finds no free connection waits for it, and times count from the moment it was due, so a server
that stalls cannot hide it (no coordinated omission).
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from collections import deque
from collections.abc import Iterator
from itertools import count, cycle
from typing import Any

import msgspec
import uvloop
from msgspec import Struct

from tests.bench import realistic, wire
from tests.bench.percentiles import Times

HOST = "127.0.0.1"
USER = "bench"
PATIENCE = 30.0  # seconds for what is under way at the end


class Plan(Struct, kw_only=True):
    """What to send, in turn to `paths`: a POST with a new task's fields and an Idempotency-Key, or a GET."""

    port: int
    paths: list[str]
    method: str = "POST"
    connections: int = 64
    rate: float | None = None
    warm_up: float = 1.0
    seconds: float = 5.0
    seed: int = 1


class Answered(Struct):
    """What came of the seconds after the warm-up: 2xx answers only. The times are of `count` answers."""

    per_second: float
    body_bytes: int
    times: Times


def requests(plan: Plan) -> Iterator[bytes]:
    """Requests without end."""
    choose = random.Random(plan.seed)
    for number, path in zip(count(), cycle(plan.paths), strict=False):
        headers = {"Tasksys-Actor": USER, "User-Agent": "bench"}
        body = b""
        if plan.method == "POST":
            headers["Idempotency-Key"] = f"bench-{plan.seed}-{number:08d}"
            body = msgspec.json.encode(realistic.task_fields(choose, number))
        yield wire.request(plan.method, path, f"{HOST}:{plan.port}", headers, body)


async def pause(moment: float) -> None:
    """Waits for a moment of the performance counter, give or take a millisecond."""
    early = moment - time.perf_counter()
    if early > 0:
        await asyncio.sleep(early)


class Connection(asyncio.Protocol):
    """One connection with one request under way at most."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._answers = wire.Answers()
        self._transport: Any = None
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = transport

    def send(self, request: bytes, since: float) -> None:
        """Sends a request whose time counts from `since`."""
        self._since = since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of one."""
        for status, body in self._answers.feed(data):
            self._load.answered(self, status, body, self._since)

    def connection_lost(self, error: Exception | None) -> None:
        """No server may close it before the end."""
        self._load.lost(error)

    def close(self) -> None:
        """The end."""
        self._transport.close()


class Load:
    """One run of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = requests(plan)
        self._idle: deque[Connection] = deque()
        self._due: deque[float] = deque()
        self._times: list[float] = []
        self._bytes = self._under_way = 0
        self._begin = self._end = 0.0
        self._over = asyncio.get_running_loop().create_future()

    async def run(self) -> Answered:
        """Does it. Raises RuntimeError for an answer that is not 2xx, and for a connection that breaks."""
        loop, plan = asyncio.get_running_loop(), self._plan
        opened = [
            await loop.create_connection(lambda: Connection(self), HOST, plan.port) for _ in range(plan.connections)
        ]
        connections = [connection for _, connection in opened]
        try:
            await self._measured(connections)
        finally:
            for connection in connections:
                connection.close()
            await asyncio.sleep(0)
        return Answered(len(self._times) / plan.seconds, round(self._bytes / len(self._times)), Times.of(self._times))

    async def _measured(self, connections: list[Connection]) -> None:
        plan = self._plan
        self._begin = time.perf_counter() + plan.warm_up
        self._end = self._begin + plan.seconds
        if plan.rate is None:
            for connection in connections:
                self._send(connection, time.perf_counter())
        else:
            self._idle.extend(connections)
            await self._at_rate(plan.rate)
        async with asyncio.timeout(plan.warm_up + plan.seconds + PATIENCE):
            await self._over

    async def _at_rate(self, rate: float) -> None:
        start = time.perf_counter()
        for number in range(int(rate * (self._plan.warm_up + self._plan.seconds))):
            due = start + number / rate
            await pause(due)
            self._due.append(min(due, time.perf_counter()))  # a timer may be early by its resolution
            self._next()
            if self._over.done():
                return

    def _next(self) -> None:
        while self._due and self._idle:
            self._send(self._idle.popleft(), self._due.popleft())

    def _send(self, connection: Connection, since: float) -> None:
        self._under_way += 1
        connection.send(next(self._requests), since)

    def answered(self, connection: Connection, status: int, body: bytes, since: float) -> None:
        """Counts the answer and sends what comes next."""
        now = time.perf_counter()
        self._under_way -= 1
        if not 200 <= status < 300:
            self._fail(f"answer {status}: {body[:500]!r}")
            return
        counts = since if self._plan.rate else now  # of an open loop all that was due, of a closed one all that came
        if self._begin <= counts < self._end:
            self._times.append(now - since)
            self._bytes += len(body)
        if self._plan.rate is None and now < self._end:
            self._send(connection, now)
            return
        self._idle.append(connection)
        self._next()
        if not self._under_way and now >= self._end - 2 / (self._plan.rate or 1e9) and not self._over.done():
            self._over.set_result(None)

    def lost(self, error: Exception | None) -> None:
        """A connection was closed."""
        if not self._over.done():
            self._fail(f"the server closed a connection: {error!r}")

    def _fail(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_exception(RuntimeError(reason))


async def run(plan: Plan) -> Answered:
    """One run of a plan, in this process."""
    return await Load(plan).run()


if __name__ == "__main__":
    gc.disable()  # its own pauses are not the server's
    found = uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)))
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
