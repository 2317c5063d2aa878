"""Clients that read slowly: what waits for them is bounded, they lose nothing for good, and nobody waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from monitoring import metrics
from tests.support.feed import Feed, feeding
from tests.support.http import Json, Site, Space, serving
from tests.support.waiting import until
from views.feed.limits import Limits

pytestmark = pytest.mark.asyncio(loop_scope="module")

LARGE = "x" * 60_000
"""The sockets of this machine take some megabytes that nobody reads."""

COUNT = 250


@pytest_asyncio.fixture(loop_scope="module")
async def narrow(site: Site) -> AsyncIterator[Site]:
    """The same system behind a server that keeps little for each client."""
    async with serving(site.node, limits=Limits(backlog_bytes=200_000)) as narrow:
        yield narrow


async def fill(space: Space) -> None:
    """Many large events."""
    for start in range(0, COUNT, 10):
        commands = [
            {"id": f"c{number}", "type": "CreateTask", "title": f"Task {number}", "description": LARGE}
            for number in range(start, start + 10)
        ]
        answer = await space.post("/commands", {"commands": commands})
        assert [one["status"] for one in answer.ok["items"]] == ["accepted"] * 10


async def to_the_end(feed: Feed, position: int, last: int, seen: list[int]) -> bool:
    """Reads events up to the last, or a resync, which must say the position that was read; whether there was one."""
    while position < last:
        found = await feed.next("event", "resync", "presence", "state")
        if found["op"] == "event":
            position = found["position"]
            seen.append(position)
        elif found["op"] == "resync":
            assert found == {"op": "resync", "position": position}
            return True
    return False


async def test_a_slow_reader(narrow: Site, space: Space) -> None:
    """It is told to subscribe again after what it has read, and has then every event once; the other one sees all."""
    before = metrics.FEED_RESYNCS._value.get()
    async with feeding(narrow, space, compress=0) as slow, feeding(narrow, space) as quick:
        await slow.subscribe(2)
        await quick.subscribe(2)
        quick_seen: list[int] = []
        reading = asyncio.create_task(to_the_end(quick, 2, COUNT + 2, quick_seen))
        await fill(space)
        assert not await reading, "who reads is not told to subscribe again"
        assert quick_seen == list(range(3, COUNT + 3))
        seen: list[int] = []
        assert await to_the_end(slow, 2, COUNT + 2, seen)
        assert metrics.FEED_RESYNCS._value.get() == before + 1
        events: list[Json] = await slow.subscribe(seen[-1] if seen else 2)
        seen += [one["position"] for one in events if one["op"] == "event"]
        assert seen == list(range(3, COUNT + 3))


async def test_slow_while_it_catches_up(narrow: Site, space: Space) -> None:
    """What happens meanwhile is read from the history afterwards: it need not subscribe again."""
    await fill(space)
    async with feeding(narrow, space, compress=0) as feed:
        await feed.send("subscribe", after=2)
        await feed.send("ping")
        await feed.next("pong")
        for number in range(20):
            await space.task(f"Meanwhile {number}", description=LARGE)
        seen: list[int] = []
        assert not await to_the_end(feed, 2, COUNT + 22, seen)
        assert seen == list(range(3, COUNT + 23))


async def test_a_snapshot_that_is_not_read(site: Site, space: Space) -> None:
    """It holds the database as it was, so it must be read in time, or the connection ends."""
    await fill(space)
    async with (
        serving(site.node, limits=Limits(drain=0.2, close=0.2)) as impatient,
        feeding(impatient, space, compress=0) as feed,
    ):
        open_before = metrics.FEED_CONNECTIONS.labels("websocket")._value.get()
        await feed.send("subscribe", after=None)
        await until(lambda: metrics.FEED_CONNECTIONS.labels("websocket")._value.get() == open_before - 1)
        assert (await feed.closed())[0] in (4408, 1006)  # it may be cut off before it reads why
