"""A connection to a worker that is asked for a WebSocket: the request, the head of its answer, and the bytes after."""

import asyncio
import re
from typing import Final, Protocol, cast

from multidict import CIMultiDict
from yarl import URL

from views.forwarding.failures import Unreached, why

CONNECT_SECONDS: Final = 2.0
HEAD_BYTES: Final = 64 * 1024
REFUSAL_BYTES: Final = 1024 * 1024


class Joined(Protocol):
    """What takes the bytes that come once the other worker has accepted."""

    def down(self, data: bytes) -> None: ...

    def lost(self) -> None: ...

    def hold(self, held: bool) -> None: ...


class Upstream(asyncio.Protocol):
    """The connection to the other worker: the head of its answer, then what it sends to the client."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.heard = False
        self._loop = asyncio.get_running_loop()
        self._kept = bytearray()
        self._came: asyncio.Future[None] = self._loop.create_future()
        self._tunnel: Joined | None = None
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.heard = True
        if self._tunnel is not None:
            self._tunnel.down(data)
            return
        self._kept += data
        if len(self._kept) > HEAD_BYTES + REFUSAL_BYTES and self.transport is not None:
            self.transport.pause_reading()
        self._tell()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        self._tell()
        if self._tunnel is not None:
            self._tunnel.lost()

    def pause_writing(self) -> None:
        if self._tunnel is not None:
            self._tunnel.hold(True)

    def resume_writing(self) -> None:
        if self._tunnel is not None:
            self._tunnel.hold(False)

    def _tell(self) -> None:
        if not self._came.done():
            self._came.set_result(None)

    async def until(self, mark: bytes, most: int) -> bytes:
        """What came up to the mark and with it. Raises Unreached."""
        while (at := self._kept.find(mark)) < 0:
            await self._more(most)
        return self._take(at + len(mark))

    async def exactly(self, size: int) -> bytes:
        """So many bytes. Raises Unreached."""
        while len(self._kept) < size:
            await self._more(REFUSAL_BYTES + HEAD_BYTES)
        return self._take(size)

    async def _more(self, most: int) -> None:
        if self._lost or len(self._kept) > most:
            raise Unreached("it broke off before it had answered", begun=True)
        self._came = self._loop.create_future()
        await self._came

    def _take(self, size: int) -> bytes:
        taken = bytes(self._kept[:size])
        del self._kept[:size]
        return taken

    def join(self, tunnel: Joined) -> None:
        """From now on what comes goes to the client, and first what has come already."""
        self._tunnel = tunnel
        if self._kept:
            tunnel.down(self._take(len(self._kept)))
        if self._lost:
            tunnel.lost()


async def connected(url: URL) -> Upstream:
    """A connection to the other worker. Raises Unreached."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, upstream = await asyncio.get_running_loop().create_connection(
                Upstream, url.host or "", url.port or 80, ssl=url.scheme == "https" or None
            )
    except (OSError, TimeoutError) as error:
        raise Unreached(f"it cannot be connected to ({why(error)})", begun=False) from error
    return upstream


async def asked(upstream: Upstream, url: URL, sent: CIMultiDict[str]) -> tuple[int, str, CIMultiDict[str]]:
    """Status, reason and headers of the answer. Raises Unreached."""
    assert upstream.transport is not None
    wanted = {**sent, "Upgrade": "websocket", "Connection": "Upgrade"}
    head = [f"GET {url.raw_path_qs} HTTP/1.1", *(f"{name}: {value}" for name, value in wanted.items()), "", ""]
    upstream.transport.write("\r\n".join(head).encode("utf-8", "surrogateescape"))
    answer = (await upstream.until(b"\r\n\r\n", HEAD_BYTES)).decode("utf-8", "surrogateescape")
    first, *lines = answer.removesuffix("\r\n\r\n").split("\r\n")
    found = re.fullmatch(r"HTTP/1\.1 (\d{3}) ?(.*)", first, re.ASCII)
    if found is None:
        raise Unreached("what it answered is no HTTP/1.1", begun=True)
    fields = (line.partition(":") for line in lines)
    return int(found[1]), found[2], CIMultiDict((name, value.strip()) for name, _, value in fields)


def length(given: CIMultiDict[str]) -> int:
    """Bytes of a refusal; a worker always says how many. Raises Unreached."""
    text = given.get("Content-Length", "")
    if not text.isdecimal() or int(text) > REFUSAL_BYTES:
        raise Unreached("its refusal cannot be read", begun=True)
    return int(text)
