"""Subscribers of a feed, and who writes to it: how long until each of them has each event.

    echo PLAN | python -m tests.bench.subscribers

All in one process, on raw sockets, so that what is measured is the server. An event is known by its title, which says
when it was due to be sent; every subscriber must have every one of them. Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import base64
import re
import struct
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Final, cast

import msgspec
import uvloop
from msgspec import Struct

from tests.bench.percentiles import Times

TITLE: Final = re.compile(rb'"title":"at (\d+)"')
TAIL: Final = 64
CONNECTING: Final = 50
PATIENCE: Final = 15.0
"""Seconds that the last event may take."""


class Plan(Struct, frozen=True):
    """`feed` and `write` are paths; `users` the headers of subscribers, in turn; `writer` those of whoever writes."""

    port: int
    feed: str
    write: str
    subscribers: int
    rate: float
    warm_up: float
    seconds: float
    users: Sequence[dict[str, str]] = ()
    writer: dict[str, str] = {}


class Found(Struct, frozen=True):
    """Times of events at subscribers; how many there should have been, and how many subscribers lack some."""

    times: Times
    expected: int
    lacking: int
    written: int


class Subscriber(asyncio.Protocol):
    """One of them. Frames are not told apart: the titles in them are counted."""

    def __init__(self, head: bytes, first: bytes, waits: list[float]) -> None:
        self._head, self._first, self._waits = head, first, waits
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.counted = 0
        self.lost = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Upgrades and subscribes."""
        transport = cast("asyncio.Transport", transport)  # uvloop's are of no class of asyncio's
        transport.write(self._head)
        transport.write(self._first)

    def data_received(self, data: bytes) -> None:
        """Looks for titles."""
        now = time.perf_counter_ns()
        whole = self._rest + data
        end = 0
        for found in TITLE.finditer(whole):
            due = int(found[1])
            end = found.end()
            if due:
                self.counted += 1
                self._waits.append((now - due) / 1e9)
        self._rest = whole[max(end, len(whole) - TAIL) :]
        if not self.open.done() and (b'"caught-up"' in whole or b"ready" in whole):
            self.open.set_result(None)
        if b'"resync"' in whole:
            self.lost = True

    def connection_lost(self, error: Exception | None) -> None:
        """It must not end before the measurement does."""
        self.lost = True
        if not self.open.done():
            self.open.set_exception(error or ConnectionError("closed"))


def upgrade(path: str, headers: dict[str, str]) -> bytes:
    """The head of a handshake."""
    key = base64.b64encode(b"0123456789abcdef").decode()
    fields = {
        "Host": "127.0.0.1", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key, "Sec-WebSocket-Protocol": "tasksys.v1", **headers,
    }  # fmt: skip
    return "\r\n".join([f"GET {path} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items()), "", ""]).encode()


def masked(text: bytes) -> bytes:
    """A client's text frame, masked with nothing."""
    return struct.pack("!BB4x", 0x81, 0x80 | len(text)) + text if len(text) < 126 else b""


async def write(plan: Plan) -> int:
    """Sends the events, each at its moment, over one connection each that is free; how many."""
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(16):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", plan.port))
    total = int(plan.rate * (plan.warm_up + plan.seconds))
    began, sending = time.perf_counter_ns(), set[asyncio.Task[None]]()
    for number in range(total):
        due = began + int(number / plan.rate * 1e9)
        await asyncio.sleep(max(0.0, (due - time.perf_counter_ns()) / 1e9))
        measured = number >= plan.rate * plan.warm_up
        task = asyncio.create_task(_post(plan, free, due if measured else 0))
        sending.add(task)
        task.add_done_callback(sending.discard)
    await asyncio.gather(*sending)
    return int(total - plan.rate * plan.warm_up)


async def _post(plan: Plan, free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]], due: int) -> None:
    reader, writer = await free.get()
    body = msgspec.json.encode({"title": f"at {due}"})
    fields = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **plan.writer}
    head = "\r\n".join([f"POST {plan.write} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items()), "", ""])
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 20"), answer
    length = re.search(rb"(?i)content-length: (\d+)", answer)
    await reader.readexactly(int(length[1]) if length else 0)
    free.put_nowait((reader, writer))


async def run(plan: Plan) -> Found:
    """Connects all, writes, and waits for the last event."""
    loop, waits, subscribers = asyncio.get_running_loop(), list[float](), list[Subscriber]()
    first = masked(b'{"op":"subscribe","after":0}')
    for start in range(0, plan.subscribers, CONNECTING):
        made = []
        for number in range(start, min(plan.subscribers, start + CONNECTING)):
            head = upgrade(plan.feed, plan.users[number % len(plan.users)] if plan.users else {})
            make = partial(Subscriber, head, first, waits)
            _, one = await loop.create_connection(make, "127.0.0.1", plan.port)
            made.append(one)
        await asyncio.wait_for(asyncio.gather(*(one.open for one in made)), PATIENCE)
        subscribers += made
    written = await write(plan)
    deadline = loop.time() + PATIENCE
    while loop.time() < deadline and any(one.counted < written for one in subscribers):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    lacking = sum(one.counted != written or one.lost for one in subscribers)
    return Found(Times.of(waits), written * plan.subscribers, lacking, written)


def main() -> None:
    """The command line."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    found = uvloop.run(run(plan))
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


if __name__ == "__main__":
    main()
