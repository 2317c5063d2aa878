"""A bare client of the live feed, for tests: it sends what it is told to, and sees every message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec

from tests.support.http import BOUND, Json, Site, Space

PROTOCOL: Final = "tasksys.v1"


@dataclass
class Feed:
    """An open feed."""

    socket: aiohttp.ClientWebSocketResponse
    hello: Json = field(default_factory=dict)

    async def send(self, op: str, **members: Any) -> None:
        """Sends a message."""
        await self.socket.send_json({"op": op, **members})

    async def next(self, *ops: str) -> Json:
        """The next message of one of those ops, or of any; those of other ops are passed over."""
        async with asyncio.timeout(BOUND):
            while True:
                received = await self.socket.receive()
                assert received.type is aiohttp.WSMsgType.TEXT, (received, self.socket.close_code)
                found: Json = msgspec.json.decode(received.data)
                if not ops or found["op"] in ops:
                    return found

    async def until(self, wanted: Callable[[Json], bool]) -> list[Json]:
        """Messages up to the first that is wanted, with it."""
        found: list[Json] = []
        while not found or not wanted(found[-1]):
            found.append(await self.next())
        return found

    async def caught_up(self) -> list[Json]:
        """Messages up to `caught-up`, with it."""
        return await self.until(lambda one: one["op"] == "caught-up")

    async def subscribe(self, after: int | None = None, **members: Any) -> list[Json]:
        """Subscribes; the messages up to `caught-up`, without presence."""
        await self.send("subscribe", after=after, **members)
        return [one for one in await self.caught_up() if one["op"] != "presence"]

    async def command(self, identifier: str, kind: str, **members: Any) -> Json:
        """The outcome of a command."""
        await self.send("command", command={"id": identifier, "type": kind, **members})
        found = await self.next("outcome", "error")
        outcome: Json = found["outcome"] if found["op"] == "outcome" else found
        return outcome

    async def closed(self) -> tuple[int | None, str]:
        """Reads up to the close frame: its code and reason."""
        async with asyncio.timeout(BOUND):
            while True:
                received = await self.socket.receive()
                if received.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING):
                    return self.socket.close_code, str(received.extra or "")


@asynccontextmanager
async def feeding(site: Site, space: Space, **options: Any) -> AsyncIterator[Feed]:
    """A feed as the space's user, after its hello."""
    options = {"headers": dict(space.headers), "protocols": (PROTOCOL,), **options}
    path = f"/api/v1/workspaces/{space.id}/feed"
    async with site.session.ws_connect(path, **options) as socket:
        feed = Feed(socket)
        feed.hello = await feed.next("hello")
        yield feed
