"""Ways between processes that break: TCP connections through this process that are cut, fall silent, or become slow."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

HOST: Final = "127.0.0.1"
AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: what is not sent yet is dropped."""


class _End(asyncio.Protocol):
    """One end of a connection; what it hears is for the other end."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None
        self._kept: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.link.ends.add(self)
        if self.other is None:
            self.link.accepted(self)
        if self.link.silent:
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Carries it over, at once or later."""
        self._kept.append((asyncio.get_running_loop().time() + self.link.delay, data))
        self.flush()

    def flush(self) -> None:
        """Hands on what is due, in order."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.other is None or self.other.transport is None or self.link.silent:
            return
        now = loop.time()
        while self._kept and self._kept[0][0] <= now:
            self.other.transport.write(self._kept.popleft()[1])
        if self._kept:
            self._timer = loop.call_at(self._kept[0][0], self.flush)
        elif self._ended:
            self.other.transport.close()

    def pause_writing(self) -> None:
        """Whoever reads here is slow: no more is taken from the other end."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """There is room again."""
        if self.other is not None and self.other.transport is not None and not self.link.silent:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """The other end ends as this one did, once it has got what is on its way."""
        self.link.ends.discard(self)
        self._ended = True
        if self.other is not None and self.other.transport is not None:
            if error is not None:
                self.other.reset()
            else:
                self.flush()

    def reset(self) -> None:
        """Ends it at once, as a reset (RST) and not in good order (FIN)."""
        if self.transport is not None:
            with suppress(OSError):
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            self.transport.abort()


class Link:
    """A port that leads to another one. Whole at first; `target` gives None where there is nobody."""

    def __init__(self, target: Callable[[], int | None]) -> None:
        self.port = 0
        self.ends: set[_End] = set()
        self.silent = False
        """Half-open: connections stay, and are made, but nothing comes through."""
        self.delay = 0.0
        self._target = target
        self._away = False
        self._server: asyncio.Server | None = None
        self._connecting: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """As the base of HTTP addresses."""
        return f"http://{HOST}:{self.port}"

    async def open(self) -> None:
        """Listens."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _End(self), HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Ends it, with all its connections."""
        if self._server is not None:
            self._server.close()
        self._abort()
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        while self.ends:  # noqa: ASYNC110  (they end in the rounds that follow)
            await asyncio.sleep(0)

    def cut(self) -> None:
        """Every connection is reset, and no new one is made."""
        self._away = True
        self._abort()

    def hush(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        self.silent = True
        for end in self.ends:
            if end.transport is not None:
                end.transport.pause_reading()

    def slow(self, seconds: float) -> None:
        """Everything comes so much later."""
        self.delay = seconds

    def mend(self) -> None:
        """All is well again: what was held back comes through."""
        self.delay, self._away, was_silent, self.silent = 0.0, False, self.silent, False
        for end in tuple(self.ends):
            if was_silent and end.transport is not None:
                end.transport.resume_reading()
                if end.other is None:
                    self.accepted(end)
            end.flush()

    def accepted(self, end: _End) -> None:
        """Somebody came: leads them on."""
        if self._away:
            end.reset()
        elif not self.silent:
            task = asyncio.get_running_loop().create_task(self._connect(end))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self, end: _End) -> None:
        other, port = _End(self), self._target()
        other.other = end
        try:
            if port is None:
                raise OSError("nobody is there")
            await asyncio.get_running_loop().create_connection(lambda: other, HOST, port)
        except OSError:
            end.reset()
            return
        end.other = other
        end.flush()
        if end not in self.ends:  # gone meanwhile
            other.reset()

    def _abort(self) -> None:
        for end in tuple(self.ends):
            end.reset()
