"""Peer: what aiohttp alone answers. It reads each POST and sends back one fixed JSON document, and does nothing else.

    python -m tests.bench.peers.bare_aiohttp --port 8080 --bytes 700

The yardstick for acknowledged commands over HTTP: drive it with the load generator, request size and connections that
drive the server to be judged. `--bytes` is the size of the answer's body; the path does not matter. Once it listens, it
prints one line of JSON with its address; SIGTERM or Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable

import uvloop
from aiohttp import web

HOST = "127.0.0.1"


def answer(size: int) -> bytes:
    """A JSON object of `size` bytes: a task with a title long enough. At least 64."""
    task = {"id": "task-0000001", "title": "", "version": 1, "position": 1}
    task["title"] = "x" * (size - len(json.dumps(task)))
    return json.dumps(task).encode()


def handler(body: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Reads the whole request, answers `body`."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, content_type="application/json", status=201)

    return handle


async def serve(port: int, size: int) -> None:
    """Serve until a signal; port 0 takes a free one."""
    app = web.Application()
    app.router.add_post("/{path:.*}", handler(answer(size)))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    sys.stdout.write(json.dumps({"peer": "bare-aiohttp", "url": f"http://{HOST}:{runner.addresses[0][1]}"}) + "\n")
    sys.stdout.flush()
    await told.wait()
    await runner.cleanup()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--bytes", type=int, default=700)
    given = parser.parse_args()
    uvloop.run(serve(given.port, given.bytes))


if __name__ == "__main__":
    main()
