"""Connections: how many there may be, and how long one may be without a request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tests.support.http import BOUND, Site
from tests.support.waiting import until
from views.context import Bounds
from views.protocol import Runner
from views.server import Options, Server, start

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUEST = b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def bounded(site: Site, connections: int = 100, **bounds: float) -> AsyncIterator[Server]:
    """Another server of the same system, with bounds of its own."""
    server = await start(site.node, Options(port=0, connections=connections, bounds=Bounds(**bounds)))
    try:
        yield server
    finally:
        await server.stop()


async def connect(server: Server) -> Connection:
    """A connection that sends nothing yet."""
    return await asyncio.open_connection("127.0.0.1", server.port)


async def answered(connection: Connection) -> tuple[int, bytes, bytes]:
    """Asks; status, head and body of the answer. EOFError or ConnectionError if there is none."""
    reader, writer = connection
    writer.write(REQUEST)
    async with asyncio.timeout(BOUND):
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.strip().split(b"\r\n")[1:])
        return int(head.split()[1]), head, await reader.readexactly(int(fields[b"content-length"]))


async def test_one_too_many_is_turned_away(site: Site) -> None:
    """It is told why and closed at once; those that are there go on, and one that goes makes room."""
    async with bounded(site, connections=2) as server:
        first, second = await connect(server), await connect(server)
        assert (await answered(first))[0] == (await answered(second))[0] == 200
        reader, writer = await connect(server)
        async with asyncio.timeout(BOUND):
            head, body = (await reader.read()).split(b"\r\n\r\n")
        writer.close()
        assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nRetry-After: " in head
        assert json.loads(body)["code"] == "too-many-connections"
        assert (await answered(first))[0] == 200
        first[1].close()

        async def room() -> bool:
            connection = await connect(server)
            try:
                return (await answered(connection))[0] == 200
            except (EOFError, ConnectionError):
                return False
            finally:
                connection[1].close()

        await until(room)
        second[1].close()


async def test_one_too_many_on_the_event_loop_that_serves(caplog: pytest.LogCaptureFixture) -> None:
    """uvloop's connections are not of asyncio's classes; the log tells operators once, however many there are."""
    uvloop = pytest.importorskip("uvloop")

    async def turned_away() -> bytes:
        runner = Runner(web.Application(), connections=0, head=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            for _ in range(3):
                reader, writer = await asyncio.open_connection(*runner.addresses[0])
                async with asyncio.timeout(BOUND):
                    said = await reader.read()
                writer.close()
            return said
        finally:
            await runner.cleanup()

    def run() -> bytes:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(turned_away())

    assert b"too-many-connections" in await asyncio.to_thread(run)
    assert [record.levelname for record in caplog.records if "turned away" in record.message] == ["WARNING"]


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: he"], ids=["nothing", "half a head"])
async def test_a_connection_without_a_request_is_closed(site: Site, sent: bytes) -> None:
    """Within the bound, whatever it sent of a head."""
    async with bounded(site, head=0.1) as server:
        reader, writer = await connect(server)
        writer.write(sent)
        async with asyncio.timeout(BOUND):
            assert await reader.read() == b""
        writer.close()


async def test_a_connection_that_is_kept_is_closed_when_it_is_idle(site: Site) -> None:
    """After its own bound, counted from its last answer, and not after that of a first request."""
    loop = asyncio.get_running_loop()
    async with bounded(site, head=0.05, idle=0.3) as server:
        reader, writer = connection = await connect(server)
        assert (await answered(connection))[0] == 200
        last = loop.time()
        async with asyncio.timeout(BOUND):
            assert await reader.read() == b""
        assert loop.time() - last > 0.25
        writer.close()
