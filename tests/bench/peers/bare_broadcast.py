"""Peer: a bare broadcast with aiohttp. Each POST is sent to every WebSocket that is open, and nothing else is done.

    python -m tests.bench.peers.bare_broadcast

The yardstick for the live feed: no log, no order, no positions, no bound on what waits for a slow reader. Once it
listens, it prints one line of JSON with its address; SIGTERM or Ctrl-C ends it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import uvloop
from aiohttp import web

HOST = "127.0.0.1"
PADDING = "x" * 330
"""So that a message is as large as an event of the feed."""


class Broadcast:
    """All open WebSockets."""

    def __init__(self) -> None:
        self._open: set[web.WebSocketResponse] = set()

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """One of them."""
        socket = web.WebSocketResponse(protocols=("tasksys.v1",), compress=False)
        await socket.prepare(request)
        self._open.add(socket)
        try:
            await socket.send_str("ready")
            async for _ in socket:
                pass
        finally:
            self._open.discard(socket)
        return socket

    async def post(self, request: web.Request) -> web.Response:
        """Sends the title to all."""
        title = (await request.json())["title"]
        text = json.dumps({"op": "event", "title": title, "padding": PADDING}, separators=(",", ":"))
        for socket in tuple(self._open):
            await socket.send_str(text)
        return web.Response(status=201, text="{}")


async def serve() -> None:
    """Serves until a signal."""
    broadcast, app = Broadcast(), web.Application()
    app.router.add_get("/feed", broadcast.feed)
    app.router.add_post("/events", broadcast.post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0, backlog=1024).start()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    sys.stdout.write(json.dumps({"peer": "bare-broadcast", "port": runner.addresses[0][1]}) + "\n")
    sys.stdout.flush()
    await told.wait()


if __name__ == "__main__":
    uvloop.run(serve())
