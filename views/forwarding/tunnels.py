"""WebSockets of workspaces that another worker has: bytes both ways, once that worker has accepted the client.

Frames are not decoded: pings, close codes, subprotocols and compression are between the client and that worker. They
are told apart only so that a connection whose other end has gone can be closed between two of them, with a code that
says to connect again.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import HttpVersion11, web
from multidict import CIMultiDict
from yarl import URL

from views import observed
from views.context import BOUNDS, STOPPING
from views.feed import closing
from views.feed.closing import End
from views.feed.frames import close_frame
from views.forwarding import headers, upstream
from views.forwarding.failures import Misdirected, Unreached
from views.forwarding.upstream import Upstream
from views.forwarding.watch import Watch
from views.forwarding.websockets import Frames

HEAD_SECONDS: Final = 15.0
"""For the other worker to accept or refuse; it waits itself while a partition moves."""

FULL: Final = 256 * 1024
"""Bytes that a client has not taken; then no more are read from the other worker, which has bounds of its own."""

GRACE_SECONDS: Final = 2.0
"""For a worker that does not have the partition any more to say so to its clients itself."""

QUIET_SECONDS: Final = 20.0
QUIET: Final = 4
"""Looks, so many seconds apart, without a byte from a worker that pings its clients as often: it is not there."""

CLOSE_SECONDS: Final = 5.0


def wanted(request: web.Request) -> bool:
    """Whether the request opens a feed's WebSocket (RFC 6455, 4.2.1); any other one is plain HTTP, whatever it says."""
    given = request.headers
    options = {part.strip().lower() for one in given.getall("Connection", ()) for part in one.split(",")}
    return (
        request.method == "GET"
        and request.path.endswith("/feed")
        and request.version == HttpVersion11
        and given.get("Upgrade", "").strip().lower() == "websocket"
        and "upgrade" in options
        and "Sec-WebSocket-Key" in given
        and given.get("Sec-WebSocket-Version") == "13"
        and not request.body_exists
    )


class Tunnel:
    """A client and the other worker, joined."""

    def __init__(self, request: web.Request, upstream: Upstream) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request, self._upstream = request, upstream
        self._client = request.transport
        self._downwards, self._upwards = Frames(), Frames()
        self._ending = False
        self._draining: asyncio.Task[None] | None = None

    def join(self) -> None:
        """Begins: from now on the client's bytes are handed to `feed_data`."""
        cast("Any", self._request.protocol).set_parser(self)
        self._upstream.join(self)

    # --- from the client; as aiohttp's connection calls what reads it

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Bytes of the client's."""
        frames = self._upwards.feed(data)
        if self._ending:
            if self._upwards.closed:
                self._finish()
        elif frames and self._upstream.transport is not None:
            self._upstream.transport.write(frames)
        return False, b""

    def feed_eof(self) -> None:
        """The client has gone."""
        self._finish()

    def hold(self, held: bool) -> None:
        """Reads no more of the client until the other worker has taken what there is, or goes on."""
        if held:
            self._request.protocol.pause_reading()
        else:
            self._request.protocol.resume_reading()

    # --- from the other worker

    def down(self, data: bytes) -> None:
        """Bytes of the other worker's."""
        client, frames = self._client, self._downwards.feed(data)
        if self._ending or client is None or client.is_closing() or not frames:
            return
        client.write(frames)
        if client.get_write_buffer_size() > FULL and self._draining is None and self._upstream.transport is not None:
            self._upstream.transport.pause_reading()
            self._draining = asyncio.create_task(self._drained(), name="tunnel")

    async def _drained(self) -> None:
        try:
            await self._request.writer.drain()
        except ConnectionError:
            return
        self._draining = None
        upstream = self._upstream.transport
        if upstream is not None and not upstream.is_closing():
            upstream.resume_reading()

    def lost(self) -> None:
        """The other worker's connection is closed: by itself, once it has said why, or because something is wrong."""
        if self._downwards.closed:
            self._finish()
        else:
            self.end(closing.MOVED)

    # --- its end

    def end(self, end: End) -> None:
        """Closes the client's connection with a code, as the other worker does not."""
        if self._ending or self.over.done():
            return
        self._ending = True
        client = self._client
        if client is None or client.is_closing() or not self._downwards.between or self._downwards.closed:
            self._finish()
            return
        closing.count(end.code)
        self._request.protocol.resume_reading()
        client.write(close_frame(end.code, end.reason))
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._finish)
        if self._upwards.closed:
            self._finish()

    def _finish(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def cut(self) -> None:
        """Both connections are closed, once what there is has been taken."""
        self._finish()
        if self._draining is not None:
            self._draining.cancel()
        for transport in (self._upstream.transport, self._client):
            if transport is not None:
                _close(transport)


def _close(transport: asyncio.WriteTransport) -> None:
    """Closes a connection; who does not take what is on its way keeps it no longer for that."""
    transport.close()
    if transport.get_write_buffer_size():
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, _abort, transport)


def _abort(transport: asyncio.WriteTransport) -> None:
    if transport.get_write_buffer_size():
        transport.abort()


class Tunnels:
    """All that are open here."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._open: set[Tunnel] = set()

    def __len__(self) -> int:
        return len(self._open)

    def stop(self) -> None:
        """This worker stops: clients connect again, to another one."""
        for tunnel in list(self._open):
            tunnel.end(closing.STOPPING)

    async def ask(
        self, request: web.Request, url: URL, sent: CIMultiDict[str], had: tuple[int, str]
    ) -> web.StreamResponse:
        """Asks the other worker for a WebSocket: the joined connection, when it is over, or the refusal. `had` is the
        partition, and the worker that has it.

        Raises Misdirected, Unreached.
        """
        other = await upstream.connected(url)
        try:
            try:
                async with asyncio.timeout(HEAD_SECONDS + request.app[BOUNDS].view):
                    status, reason, given = await upstream.asked(other, url, sent)
                    if status == HTTPStatus.MISDIRECTED_REQUEST:
                        raise Misdirected
                    if status != HTTPStatus.SWITCHING_PROTOCOLS:
                        body = await other.exactly(upstream.length(given))
                        return web.Response(status=status, reason=reason, headers=headers.back(given), body=body)
            except TimeoutError as error:
                raise Unreached("it did not answer in time", begun=True) from error
            return await self._joined(request, other, given, had)
        finally:
            if other.transport is not None:
                _close(other.transport)

    async def _joined(
        self, request: web.Request, other: Upstream, given: CIMultiDict[str], had: tuple[int, str]
    ) -> web.StreamResponse:
        """Until either side is gone, the workspace is another's, or this worker stops."""
        accepted = headers.back(given)
        accepted["Upgrade"], accepted["Connection"] = "websocket", "upgrade"
        response = web.StreamResponse(status=HTTPStatus.SWITCHING_PROTOCOLS, headers=accepted)
        await response.prepare(request)
        await response.write_eof()  # the rest is written to the connection itself
        observed.lasts(request, response.status)
        loop, tunnel, quiet = asyncio.get_running_loop(), Tunnel(request, other), 0

        def moved() -> None:
            loop.call_later(GRACE_SECONDS, tunnel.end, closing.MOVED)

        self._open.add(tunnel)
        try:
            tunnel.join()
            if request.app[STOPPING].is_set():
                tunnel.end(closing.STOPPING)
            with self._watch.over(*had, moved):
                while not tunnel.over.done():
                    await asyncio.wait([tunnel.over], timeout=QUIET_SECONDS)
                    quiet = 0 if other.heard else quiet + 1
                    other.heard = False
                    if quiet >= QUIET:
                        tunnel.end(closing.MOVED)
        finally:
            self._open.discard(tunnel)
            tunnel.cut()
        return response
