"""The load generator counts what it says it counts."""

from __future__ import annotations

import asyncio
import json
from itertools import islice
from typing import Any

import pytest

from tests.bench import load
from tests.bench.load import Plan
from tests.bench.peers.single_append import at_rate, in_turn
from tests.bench.running import bare_aiohttp, loaded

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"


def test_requests_are_commands_with_keys_of_their_own() -> None:
    """To each path in turn, and the same for the same seed."""
    plan = Plan(port=1, paths=["/a", "/b"])
    first, second, third = islice(load.requests(plan), 3)
    assert [one.split(b" ", 2)[1] for one in (first, second, third)] == [b"/a", b"/b", b"/a"]
    assert json.loads(first.partition(b"\r\n\r\n")[2])["title"]
    assert b"Idempotency-Key: bench-1-00000000" in first
    assert b"Idempotency-Key: bench-1-00000001" in second
    assert list(islice(load.requests(plan), 3)) == [first, second, third]


class Answering(asyncio.Protocol):
    """A server's side of a connection: answers each request, once it may."""

    def __init__(self, answer: bytes, hold: asyncio.Event | None) -> None:
        self._answer = answer
        self._hold = hold
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A whole request: they are small, and one at a time."""
        if self._hold is None or self._hold.is_set():
            self._transport.write(self._answer)
        else:
            waiting = asyncio.ensure_future(self._hold.wait())
            waiting.add_done_callback(lambda _: self._transport.write(self._answer))


async def served(plan: Plan, hold: asyncio.Event | None = None, answer: bytes = ANSWER) -> load.Answered:
    """What the generator finds at a server that answers each request at once, or once it may."""
    server = await asyncio.get_running_loop().create_server(lambda: Answering(answer, hold), load.HOST, 0)
    async with server:
        plan.port = server.sockets[0].getsockname()[1]
        try:
            return await load.run(plan)
        finally:
            for _ in range(3):  # both sides see the end
                await asyncio.sleep(0)


async def test_a_closed_loop_counts_what_came_in_the_window() -> None:
    """As many as were answered after the warm-up."""
    found = await served(Plan(port=0, paths=["/"], connections=4, warm_up=0.05, seconds=0.2))
    assert found.times.count == pytest.approx(found.per_second * 0.2)
    assert found.times.count > 4
    assert found.body_bytes == 2


async def test_an_open_loop_counts_from_when_a_request_was_due() -> None:
    """A server that stalls answers late what it was sent late: the stall is in every time, not in one."""
    hold = asyncio.Event()
    asyncio.get_running_loop().call_later(0.2, hold.set)
    found = await served(Plan(port=0, paths=["/"], connections=1, rate=100, warm_up=0, seconds=0.2), hold)
    assert found.times.count == 20
    assert found.times.longest >= 190
    assert found.times.p50 >= 90


async def test_a_refusal_fails_the_run() -> None:
    """Errors are fast; they must not count as speed."""
    with pytest.raises(RuntimeError, match="503"):
        await served(Plan(port=0, paths=["/"], seconds=0.2), answer=ANSWER.replace(b"201", b"503"))


def test_it_loads_a_server_from_a_process_of_its_own() -> None:
    """The way the figures use it."""
    with bare_aiohttp(100) as (port, _):
        found = loaded(Plan(port=port, paths=["/tasks"], connections=2, warm_up=0.1, seconds=0.2))
    assert found.per_second > 0
    assert found.body_bytes == 100


async def test_single_appends_are_due_whatever_the_others_do() -> None:
    """One that is held up does not put the next ones off."""
    hold, started = asyncio.Event(), 0

    async def append() -> None:
        nonlocal started
        started += 1
        if started == 20:
            hold.set()
        await hold.wait()

    times = await at_rate(append, 1000, 0.02)
    assert len(times) == 20
    assert max(times) >= 0.018


async def test_single_appends_in_turn_wait_for_each_other() -> None:
    """One at a time."""
    under_way = most = 0

    async def append() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    assert await in_turn(append, 0.02)
    assert most == 1
