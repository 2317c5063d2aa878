"""The same events as Server-Sent Events: for programs that want no more than a GET."""

import asyncio
from typing import Final

from aiohttp import web

from monitoring import metrics
from tasksys.rows import Member
from views import observed
from views.context import BOUNDS, POSITIONS, put, system, whole
from views.feed import closing
from views.feed.admission import remaining
from views.feed.burst import View
from views.feed.closing import End
from views.feed.hub import Hub
from views.feed.subscription import Subscription
from views.problems import bad_request

LAST: Final = "Last-Event-ID"
QUIET_SECONDS: Final = 15.0
"""After which a comment shows that the connection is alive."""


def asked(request: web.Request) -> int:
    """The position to go on from: the header, which a browser sends when it connects again, or else the parameter."""
    given = dict(request.query)
    if last := request.headers.get(LAST):
        given["after"] = last
    return whole(given, "after", 0, 0, POSITIONS)


class Stream:
    """One connection."""

    view = View(events=True, state=False, sse=True)

    def __init__(self, request: web.Request, hub: Hub, name: str, member: Member) -> None:
        """Raises NotOwned."""
        self.user, self.role = member.user, member.role
        self._request, self._hub = request, hub
        self._response = web.StreamResponse(headers={"X-Accel-Buffering": "no"})  # or a proxy keeps what is sent
        self._task: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._room = hub.enter(name, self)

    def write(self, data: bytes) -> bool:
        """Nothing is written at once: what is sent has to be put into chunks."""
        return False

    async def send(self, data: bytes) -> None:
        """Writes once the client has taken what was written before."""
        if not self._over.is_set():
            await put(self._request, self._response, data)

    def end(self, end: End) -> None:
        """Ends the connection."""
        if not self._over.is_set():
            closing.count(end.code)
        self._cut()

    def _cut(self) -> None:
        self._over.set()
        if self._task is not None:
            self._task.cancel()

    async def run(self, after: int) -> web.StreamResponse:
        """Until the client goes, or something ends it."""
        request = self._request
        subscription = Subscription(
            self, system(request), self._room, self.view, after, self._hub.limits, request.app[BOUNDS].view
        )
        alarm = None
        left = remaining(request)
        metrics.FEED_CONNECTIONS.labels("sse").inc()
        try:
            if left is not None:
                alarm = self._loop.call_later(left, self.end, closing.EXPIRED)
            await self._begin()
            if request.method == "HEAD":
                return self._response
            await self.send(b"retry: 1000\n\n")
            if self._over.is_set():  # nothing would ever end it again
                return self._response
            self._task = self._loop.create_task(subscription.run(), name="feed stream")
            while not self._task.done():
                done, _ = await asyncio.wait([self._task], timeout=QUIET_SECONDS)
                if not done and not subscription.waiting:
                    await self.send(b":\n\n")
        finally:
            if alarm is not None:
                alarm.cancel()
            self._cut()
            self._hub.leave(self._room, self)
            metrics.FEED_CONNECTIONS.labels("sse").dec()
            if self._task is not None:
                await asyncio.gather(self._task, return_exceptions=True)
        return self._response

    async def _begin(self) -> None:
        self._response.content_type, self._response.charset = "text/event-stream", "utf-8"
        await self._response.prepare(self._request)
        if self._request.method != "HEAD":
            observed.lasts(self._request, self._response.status)


def position_ahead(after: int, position: int) -> None:
    """Raises Problem for a position that is not there yet."""
    if after > position:
        raise bad_request("bad-position", f"The workspace is at position {position}.", parameter="after")
