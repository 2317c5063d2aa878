"""Workers that believe of each other what a test tells them, for tests of forwarding.

async with running(directory) as site, worker(site.node, site.url) as other:
    await other.client().get(...)  # asked of `other`, answered by `site`
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import aiohttp

from streams.node import Node
from tasksys.errors import NotOwned
from tasksys.ownership import Ownership
from tests.support.http import BOUND, KEY, Site
from views.auth import Authenticator, NoAuthentication
from views.forwarding.forwarder import FORWARDER, Forwarder
from views.ports import System
from views.server import Options, Server, start

CLUSTER: Final = "a key that the workers of a test share"


class Believing:
    """A process that believes what it is told of who has the workspaces, and serves a node's where it is that."""

    def __init__(self, node: Node | None, owner: str | None) -> None:
        self.node = node
        self.url = ""
        self.kept: tuple[str, ...] = ()
        """Who has a copy, or had the partition."""
        self._heard: tuple[str, ...] = ()
        self.believe(owner)

    def believe(self, owner: str | None) -> None:
        """From now on everything is this worker's; "" is the process itself, and None nobody."""
        self._owner = owner
        self._known: Ownership | None = None

    def ownership(self, agent: str = "commands") -> Ownership:
        """As it was told."""
        if self._known is None:
            has = self.url if self._owner == "" else self._owner
            self._known = Ownership(1, {} if has is None else dict.fromkeys(range(16), has))
        return self._known

    def workers(self) -> tuple[str, ...]:
        """As it was told last, also if nobody is known to have anything since."""
        self._heard = self.ownership().members or self._heard
        return self._heard

    def keepers(self, partition: int) -> tuple[str, ...]:
        """As it was told, of every partition."""
        return self.kept

    def partition(self, workspace: str) -> int:
        """The node's; of none, one that there is."""
        return self.node.partition(workspace) if self.node is not None else 0

    def standby(self, workspace: str) -> Any:
        """The node's rows, as if they were a copy."""
        return self.node.state if self.node is not None else None

    async def status(self) -> dict[str, Any]:
        """The node's, under its own address."""
        assert self.node is not None
        return {**await self.node.status(), "url": self.url}

    def ready(self) -> dict[str, str]:
        """All is well."""
        return {}

    def follow(self, *told: Any) -> Callable[[], None]:
        """Nothing is told where there is no node."""
        return self.node.follow(*told) if self.node is not None else lambda: None

    def __getattr__(self, name: str) -> Any:
        if self.node is not None:
            return getattr(self.node, name)
        return _Away() if name == "state" else getattr(_Away(), name)


class _Away:
    """A state that is not here."""

    def __getattr__(self, name: str) -> Any:
        def away(*_: Any) -> Any:
            raise NotOwned("the partition is not here")

        return away


class Worker(Site):
    """A server of a process that believes what it is told."""

    believing: Believing

    @property
    def forwarder(self) -> Forwarder:
        """Its way to the others."""
        return self.server._runner._app[FORWARDER]


@asynccontextmanager
async def worker(
    node: Node | None,
    owner: str | None,
    *,
    key: str = CLUSTER,
    wait: float = BOUND,
    authenticator: Authenticator | None = None,
) -> AsyncIterator[Worker]:
    """A server that believes that the owner has everything; it is the owner itself if that is blank."""
    believing = Believing(node, owner)
    options = Options(
        port=0, authenticator=authenticator or NoAuthentication(), key=KEY, clustered=True, cluster_key=key, wait=wait
    )  # fmt: skip
    server = await start(cast("System", believing), options)
    believing.url = f"http://127.0.0.1:{server.port}"
    believing.believe(owner)
    try:
        async with aiohttp.ClientSession(
            believing.url, timeout=aiohttp.ClientTimeout(total=2 * BOUND), auto_decompress=False
        ) as session:
            made = Worker(cast("Node", node), server, session)
            made.believing = believing
            yield made
    finally:
        await server.stop()


@asynccontextmanager
async def raw_worker(
    answers: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """The address of something that answers each connection byte by byte, as a test likes."""
    under_way: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            await answers(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            under_way.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1024 * 1024)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


__all__ = ["CLUSTER", "Believing", "Server", "Worker", "raw_worker", "worker"]
