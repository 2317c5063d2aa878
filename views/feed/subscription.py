"""What one client follows: first what it lacks, then what happens, and never more waiting for it than there may be."""

import asyncio
from collections import deque
from typing import Final, Protocol

from monitoring import metrics
from tasksys.errors import NotOwned
from tasksys.state import Key
from tasksys.values import Role
from views.feed import closing, past, protocol, touched
from views.feed.burst import Encoded, View, sse
from views.feed.changes import STATE_BYTES, changes
from views.feed.closing import End
from views.feed.frames import frame
from views.feed.hub import Room
from views.feed.limits import Limits
from views.feed.protocol import Part
from views.feed.snapshot import Snapshot
from views.log import logger
from views.ports import System

CHUNK: Final = 100
"""Rows that are looked at, at once."""


class Reader(Protocol):
    """The client's end of the line."""

    user: str
    role: Role

    def write(self, data: bytes) -> bool:
        """Writes it if the client takes what it is sent; else False, and nothing is written."""
        ...

    async def send(self, data: bytes) -> None:
        """Writes it once the client has taken what was sent before."""
        ...

    def end(self, end: End) -> None:
        """Ends the connection."""
        ...


class Subscription:
    """One subscription of a client."""

    def __init__(
        self,
        reader: Reader,
        system: System,
        room: Room,
        view: View,
        after: int | None,
        limits: Limits,
        view_bound: float,
    ) -> None:
        self._reader, self._system, self._room, self._limits = reader, system, room, limits
        self.view = view
        self.user = reader.user
        self._after = after
        self._bound = view_bound
        self.position = after or 0
        """What the client was sent, but for what is in its line."""
        self.lost = False
        """Whether something was dropped because the client reads too slowly."""
        self.start = after or 0
        self._live = False
        self._backlog: deque[Encoded] = deque()
        self._bytes = self._messages = 0
        self._wake = asyncio.Event()

    @property
    def role(self) -> Role:
        """The user's role now."""
        return self._reader.role

    @property
    def waiting(self) -> int:
        """Messages that wait for the client."""
        return self._messages

    # --- what the room tells

    def deliver(self, encoded: Encoded) -> None:
        """Writes what has happened, or keeps it until the client has read; drops everything if it becomes too much."""
        if self._live and not self._backlog and self._reader.write(encoded.data):
            self.position = encoded.position
            return
        self._backlog.append(encoded)
        self._count(len(encoded.data), encoded.messages)
        limits = self._limits
        if len(self._backlog) > 1 and (self._bytes > limits.backlog_bytes or self._messages > limits.backlog_messages):
            self.lost = True
            metrics.FEED_DROPPED.inc(self._messages)
            self._forget()
        self._wake.set()

    def _forget(self) -> None:
        self._room.detach(self)
        self._backlog.clear()
        self._count(-self._bytes, -self._messages)

    def _count(self, size: int, messages: int) -> None:
        self._bytes += size
        self._messages += messages
        metrics.FEED_WAITING.inc(messages)

    # --- what the client is sent

    async def run(self) -> None:
        """Follows until something was dropped, or it is cancelled."""
        try:
            await self._catch_up()
            self._live = True
            self._wake.set()  # for what came meanwhile
            while not self.lost:
                await self._wake.wait()
                self._wake.clear()
                while self._backlog:
                    await self._drain()
        except NotOwned:
            self._reader.end(closing.MOVED)
        except ConnectionError:
            raise
        except Exception:
            logger.exception("the feed failed for a client", extra={"workspace": self._room.name})
            self._reader.end(closing.BROKEN)
        finally:
            self._forget()

    async def _drain(self) -> None:
        """Sends what waits at first."""
        encoded = self._backlog[0]
        await self._reader.send(encoded.data)
        if self._backlog and self._backlog[0] is encoded:
            self._backlog.popleft()
            self._count(-len(encoded.data), -encoded.messages)
        self.position = encoded.position

    async def _catch_up(self) -> None:
        """Sends what was before the room began to tell.

        Where that took so long that something was dropped, it goes on from the history instead.
        """
        self.start = max(self.start, self._room.attach(self))
        if self._after is None:
            await self._snapshot()
        while True:
            await self._past(self.start)
            if not self.lost:
                break
            self.lost = False
            self.start = max(self.start, self._room.attach(self))
        await self._say(protocol.message("caught-up", position=self.position), sse_event="caught-up")

    async def _say(self, message: bytes, sse_event: str = "") -> None:
        if self.view.sse:
            data = b'event: %b\ndata: {"position":%d}\n\n' % (sse_event.encode(), self.position)
            await self._reader.send(data)
        else:
            await self._reader.send(frame(message, self.view.deflate))

    async def _snapshot(self) -> None:
        """Sends all there is. It holds the database as it was meanwhile, so it must be taken in time."""
        snapshot = Snapshot(self._system, self._room.name, self.user, self.role)
        self.start = snapshot.position
        async for page in snapshot.pages():
            try:
                async with asyncio.timeout(self._limits.drain):
                    await self._say(page)
            except TimeoutError:
                self._reader.end(closing.SILENT)
                raise asyncio.CancelledError from None
        self.position = snapshot.position

    async def _past(self, upto: int) -> None:
        """Sends the events up to a position, page by page, each with what it touched: whoever is cut off after one of
        them goes on behind it."""
        if self.position >= upto:
            return
        name, view = self._room.name, self.view
        if not await past.reached(self._system, name, upto, self._bound):
            raise NotOwned("the history is too far behind")
        async for page in self._system.state.over(past.pages(self._system, name, self.position, upto)):
            if view.sse:
                await self._reader.send(b"".join([sse(*one) for one in page]))
            elif view.events:
                await self._reader.send(b"".join([frame(protocol.event(*one), view.deflate) for one in page]))
            if view.state:
                rows = dict.fromkeys(touched.touched(stored for _, stored in page))
                await self._state(list(rows), self.position, page[-1][0])
            self.position = page[-1][0]

    async def _state(self, rows: list[Key], before: int, position: int) -> None:
        """Sends what the rows are now, which may be later than the position: then it is said again by what follows."""
        parts, size = list[Part](), 0
        chunks = (rows[at : at + CHUNK] for at in range(0, len(rows), CHUNK))
        async for chunk in self._system.state.over(chunks):
            if size >= STATE_BYTES:
                await self._say(protocol.listed(b'{"op":"state","position":%d' % before, parts))
                parts, size = [], 0
            for part in self._parts(chunk):
                parts.append(part)
                size += len(part[1])
        parts += self._parts([], workspace=True)
        await self._say(protocol.listed(b'{"op":"state","position":%d' % position, parts))

    def _parts(self, rows: list[Key], workspace: bool = False) -> list[Part]:
        state = self._system.state.state(self._room.name)
        shown = state.workspace if workspace else None
        found = changes(self._room.name, touched.now(rows, state), state, shown)
        return list(found.parts(self.user, self.role))
