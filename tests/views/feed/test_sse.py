"""The same events as Server-Sent Events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.support.http import BOUND, Json, Site, Space
from views.feed import closing
from views.feed.sse import Stream

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def streaming(
    site: Site, space: Space, headers: dict[str, str] | None = None, **query: str
) -> AsyncIterator[aiohttp.StreamReader]:
    """An open stream."""
    path = f"{space.prefix}/events/stream"
    timeout = aiohttp.ClientTimeout(total=None)
    async with site.session.get(
        path, params=query, headers={**space.headers, **(headers or {})}, timeout=timeout
    ) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        yield answer.content


async def entry(stream: aiohttp.StreamReader) -> dict[str, str]:
    """The fields of the next entry; {} at the end."""
    async with asyncio.timeout(BOUND):
        found = {}
        while line := (await stream.readline()).decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            found[name] = value
        return found


async def events(stream: aiohttp.StreamReader, count: int) -> list[Json]:
    """So many events, whose ids must be their positions."""
    found: list[Json] = []
    while len(found) < count:
        one = await entry(stream)
        if "id" in one:
            assert one.keys() == {"id", "data"}
            event = json.loads(one["data"])
            assert one["id"] == str(event["position"])
            found.append(event)
    return found


async def test_from_a_position_on(site: Site, space: Space) -> None:
    """All after it in order, once `caught-up`, then what happens; as `GET …/events` has them."""
    for number in range(4):
        await space.task(f"Task {number}")
    async with streaming(site, space, after="2") as stream:
        assert await entry(stream) == {"retry": "1000"}
        seen = await events(stream, 4)
        assert await entry(stream) == {"event": "caught-up", "data": '{"position":6}'}
        await space.task("Live")
        seen += await events(stream, 1)
    assert seen == (await space.get("/events", after=2)).ok["items"]


async def test_going_on_after_the_last_event(site: Site, space: Space) -> None:
    """A browser that connects again says what it saw last in a header, which goes before the address."""
    await space.task()
    async with streaming(site, space, {"Last-Event-ID": "2"}, after="0") as stream:
        assert [one["position"] for one in await events(stream, 1)] == [3]


async def test_a_look_at_the_head(space: Space) -> None:
    """HEAD is answered, and does not wait for anything to happen."""
    answer = await space.send("HEAD", "/events/stream")
    assert (answer.status, answer.raw) == (200, b"")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"


async def test_what_cannot_be(site: Site, space: Space) -> None:
    """Positions that are none, or not there yet, and other pages."""
    (await space.get("/events/stream", after="x")).problem(400, "bad-parameter")
    (await space.get("/events/stream", headers={"Last-Event-ID": "-1"})).problem(400, "bad-parameter")
    (await space.get("/events/stream", after=99)).problem(400, "bad-position")
    (await space.get("/events/stream", headers={"Origin": "https://evil.example"})).problem(403, "cross-site")
    (await space.acting("sam").get("/events/stream")).problem(404, "not-found")


async def test_who_is_removed_sees_nothing_more(site: Site, space: Space) -> None:
    """The stream ends, without even the removal."""
    ann = await space.joined("ann", "viewer")
    async with streaming(site, ann) as stream:
        await events(stream, 3)
        assert (await entry(stream))["event"] == "caught-up"
        await space.delete("/members/ann")
        await space.task("Secret")
        assert await entry(stream) == {}


async def test_what_ends_while_it_begins_is_over(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member who is removed at this moment: nobody would end it later, and it would count as open for ever."""
    begin = Stream._begin

    async def ended(self: Stream) -> None:
        await begin(self)
        self.end(closing.NO_MEMBER)

    monkeypatch.setattr(Stream, "_begin", ended)
    async with streaming(site, space, after="2") as stream:
        assert await entry(stream) == {}
