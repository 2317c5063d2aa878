"""What was done here, or may have been, before the partition went away: what is asked for again, and what never is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import aiohttp
import pytest
from aiohttp import web

from tasksys.errors import NotHere, NotOwned
from tests.support.http import BOUND
from tests.support.workers import CLUSTER, Believing
from views import problems
from views.auth import NoAuthentication
from views.calendar_tokens import CalendarTokens
from views.context import AUTHENTICATOR, CALENDAR_TOKENS, FILE, STOPPING
from views.forwarding.forwarder import FORWARDER, Forwarder, at_partition, middleware
from views.forwarding.proofs import Proofs
from views.ports import System

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/v1/workspaces/space"


class Handler:
    """Begins, and finds the first time that the partition is not here."""

    def __init__(self, does: Callable[[web.Request], Awaitable[object]], error: NotOwned) -> None:
        self.times = 0
        self._does, self._error = does, error

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """The answer of the second time."""
        self.times += 1
        begun = await self._does(request)
        if self.times == 1:
            raise self._error
        return begun if isinstance(begun, web.StreamResponse) else web.Response(status=201)

    async def at_partition(self, request: web.Request) -> web.StreamResponse:
        """The same, as of handlers that find out themselves where the request belongs."""
        return await at_partition(request, 0, lambda: self(request))


async def nothing(request: web.Request) -> None:
    """It has not begun."""


async def reads(request: web.Request) -> None:
    """It takes the file as it comes."""
    assert await request.content.read() in (b"title", b"")


async def keeps(request: web.Request) -> None:
    """It takes the file, and keeps it."""
    if FILE not in request:
        request[FILE] = await request.content.read()
    assert request[FILE] == b"title"


async def answers(request: web.Request) -> web.StreamResponse:
    """It has begun to answer."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"half")
    return response


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[aiohttp.ClientSession]:
    """A worker that believes that it has everything, and answers all requests by the handler."""
    believing = Believing(None, "")
    app = web.Application(middlewares=[problems.middleware, middleware])
    app[FORWARDER] = Forwarder(cast("System", believing), Proofs(CLUSTER), 5.0)
    app[STOPPING] = asyncio.Event()
    app[AUTHENTICATOR], app[CALENDAR_TOKENS] = NoAuthentication(), CalendarTokens("")
    app.router.add_route("*", "/{rest:.*}", handler.at_partition)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url, bound = f"http://127.0.0.1:{runner.addresses[0][1]}", aiohttp.ClientTimeout(total=BOUND)
        async with aiohttp.ClientSession(url, timeout=bound) as session:
            yield session
    finally:
        await app[FORWARDER].close()
        await runner.cleanup()


NOT_NOW = NotOwned("it is elsewhere")


@pytest.mark.parametrize(
    ("method", "path", "does", "error", "times"),
    [
        ("GET", f"{PATH}/tasks", nothing, NOT_NOW, 2),
        ("POST", f"{PATH}/tasks", nothing, NOT_NOW, 2),
        ("POST", f"{PATH}/import", keeps, NOT_NOW, 2),
        ("GET", "/admin/lag", nothing, NOT_NOW, 2),
        ("POST", "/admin/dead-letters/0-7/retry", nothing, NOT_NOW, 1),
        ("POST", f"{PATH}/import", reads, NOT_NOW, 1),
        ("GET", f"{PATH}/tasks", nothing, NotHere("there are none here"), 1),
    ],
)
async def test_what_is_done_again(
    method: str, path: str, does: Callable[[web.Request], Awaitable[object]], error: NotOwned, times: int
) -> None:
    """Reads, and writes that have a name; not what operators wish, nor what cannot be read a second time."""
    handler = Handler(does, error)
    async with serving(handler) as session, session.request(method, path, data=b"title") as answer:
        assert (answer.status, handler.times) == (201 if times == 2 else 503, times)


async def test_half_of_an_answer() -> None:
    """What has begun is not begun again: the client sees that it breaks off."""
    handler = Handler(answers, NOT_NOW)
    async with serving(handler) as session, session.get(f"{PATH}/tasks") as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert handler.times == 1
