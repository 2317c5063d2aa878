"""A way to a server that breaks: every connection through it is cut after some bytes, as a seed has it."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

CHUNK: Final = 16_384
"""Bytes that it holds, or little more: a client that does not read is felt by the server."""


@dataclass
class Proxy:
    """Forwards connections to a port. `budget` says after how many bytes of answers the next one is cut; 0: never."""

    target: int
    budget: Callable[[], int] = lambda: 0
    port: int = 0
    cuts: int = 0
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set nothing more is taken from the server: the client reads slowly."""
    _open: set[asyncio.WriteTransport] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Cuts every connection now."""
        for transport in tuple(self._open):
            transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            back, forth = await self._connected()
        except OSError:
            writer.transport.abort()
            return
        ends = (writer.transport, forth.transport)
        self._open.update(ends)
        try:
            ways = (self._copy(reader, forth, 0), self._copy(back, writer, self.budget()))
            tasks = [asyncio.create_task(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._open.difference_update(ends)
            for end in ends:
                end.abort()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        made = socket.socket()
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
        try:
            await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", self.target))
        except OSError:
            made.close()
            raise
        return await asyncio.open_connection(sock=made, limit=CHUNK)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: int) -> None:
        """Until the end, or so many bytes."""
        left = budget
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK if not budget else min(CHUNK, left)):
                writer.write(data)
                await writer.drain()
                await self.flowing.wait()
                left -= len(data)
                if budget and left <= 0:
                    self.cuts += 1
                    return


def cutting(seed: int, most: int) -> Callable[[], int]:
    """Budgets up to so many bytes; never too few for a handshake."""
    choose = random.Random(seed)
    return lambda: choose.randrange(500, most)


@asynccontextmanager
async def proxied(target: int, budget: Callable[[], int] = lambda: 0) -> AsyncIterator[Proxy]:
    """A proxy to a port of this machine."""
    proxy = Proxy(target, budget)
    proxy.flowing.set()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=CHUNK)
    for listening in server.sockets:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CHUNK)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
