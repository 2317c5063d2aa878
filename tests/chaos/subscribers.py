"""Subscribers of a cluster that breaks: by the letter of the protocol, and with our own client of the live feed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import aiohttp
from msgspec import structs

from tasksys.client import Client as FeedClient
from tasksys.client import CommandFailed, FeedError
from tests.chaos.asking import ANSWER_SECONDS, API, BROKEN, PAUSES, Asker, digest
from tests.chaos.history import Fate, Followed, History, Seen, Write
from tests.support.feed import PROTOCOL


@dataclass
class Following:
    """A subscriber that connects again to whoever takes it, and goes on from its position."""

    asker: Asker
    workspace: str
    after: int = 0
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    @property
    def position(self) -> int:
        """The last that it saw."""
        return self.seen[-1].position if self.seen else self.after

    def followed(self) -> Followed:
        """For the history."""
        return Followed(subscriber=self.asker.name, workspace=self.workspace, after=self.after, seen=self.seen)

    async def run(self) -> None:
        """Until it is cancelled."""
        attempt = 0
        while True:
            known = self.asker.urls()
            _, url = known[(self.connections + attempt) % len(known)]
            before = len(self.seen)
            with suppress(*BROKEN):
                await self._once(f"{url}{API}/{self.workspace}/feed")
            attempt = 0 if len(self.seen) > before else attempt + 1
            self.connections += 1
            await asyncio.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])

    async def _once(self, url: str) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            socket = await self.asker.session.ws_connect(
                url, protocols=(PROTOCOL,), headers={"Tasksys-Actor": self.asker.user}, heartbeat=4.0
            )
        async with socket:
            await socket.send_json({"op": "subscribe", "after": self.position})
            async for received in socket:
                if received.type is not aiohttp.WSMsgType.TEXT:
                    return
                found = json.loads(received.data)
                if found["op"] == "event":
                    at = found["position"]
                    stored = received.data.encode().removeprefix(b'{"op":"event","position":%d,"event":' % at)[:-1]
                    self.seen.append(Seen(at, found["event"]["id"], digest(stored)))
                elif found["op"] == "resync":
                    await socket.send_json({"op": "subscribe", "after": self.position})


@dataclass
class Lively:
    """Our own client of the live feed: it sends commands over the WebSocket, and follows the events.

    It knows one address, behind which is whoever is there.
    """

    name: str
    user: str
    url: str
    workspace: str
    history: History
    pause: float
    seen: list[Seen] = field(default_factory=list)
    waiting: bool = False
    """Whether a command of its is on its way."""

    @property
    def position(self) -> int:
        """The last that it saw."""
        return self.seen[-1].position if self.seen else 0

    def followed(self) -> Followed:
        """For the history."""
        return Followed(subscriber=self.name, workspace=self.workspace, after=0, seen=self.seen)

    async def run(self, going: Callable[[], bool]) -> None:
        """Until it is cancelled; it sends nothing new when it is told to stop."""
        client = FeedClient(self.url, user=self.user, wait=(0.05, 1.0))
        while True:
            try:
                async with client.workspace(self.workspace) as live:
                    sending = asyncio.create_task(self._send(live, going))
                    try:
                        async for event in live.events(after=self.position):
                            self.seen.append(Seen(event.position, event.id, ""))
                    finally:
                        sending.cancel()
                        await asyncio.gather(sending, return_exceptions=True)
            except FeedError:
                await asyncio.sleep(0.2)

    async def _send(self, live: Any, going: Callable[[], bool]) -> None:
        number = 0
        while going():
            number += 1
            key = f"{self.name}-{len(self.seen)}-{number}"
            task = f"{self.name}-task"
            body = {"task": task, "title": "Walk"} if number == 1 and not self.seen else {"task": task, "add": [key]}
            await self._told(live, key, "CreateTask" if "title" in body else "LabelTask", body)
            await asyncio.sleep(self.pause)

    async def _told(self, live: Any, key: str, kind: str, body: dict[str, Any]) -> None:
        """One command, until the client says what became of it: it sends it again by itself."""
        began = monotonic()
        write = Write(
            client=self.name, workspace=self.workspace, actor=self.user, command=key, began=began, ended=began,
            fate=Fate.UNKNOWN, effective=False, via=self.url,
        )  # fmt: skip
        self.waiting = True
        try:
            outcome = await live.command(kind, id=key, **body)
            first, last = (outcome.events[0].position, outcome.events[-1].position) if outcome.events else (0, 0)
            write = structs.replace(
                write, fate=Fate.ACCEPTED if outcome.status == "accepted" else Fate.REFUSED, first=first, last=last,
                effective=bool(first),
            )  # fmt: skip
        except CommandFailed:
            pass
        finally:
            self.waiting = False
            self.history.writes.append(structs.replace(write, ended=monotonic()))
