"""The body of a request that is handed on: kept, so that it can be sent again, or streamed if it is a large file."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from aiohttp import web

from views.context import BOUNDS, FILE, POSITION_HEADER
from views.forwarding.calls import Sending
from views.forwarding.waiting import known
from views.keys import repeatable
from views.problems import RETRY_AFTER, Problem, body_errors

KEPT: Final = 1024 * 1024
"""Bytes of a file that are kept; of all other bodies the server takes no more anyway."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FILES: Final = "/import"
"""How an address ends whose bodies are files."""

MOST: Final = 128 * 1024 * 1024
"""Bytes of bodies that are kept at once. While a worker did not answer, 1,500 of them took 1.2 GB."""

FEEDS: Final = ("/feed", "/events/stream")


def named(request: web.Request) -> bool:
    """Whether the request does the same however often it is asked: it changes nothing, or its command has a name."""
    if request.path.startswith("/admin/"):
        return request.method in SAFE
    return (
        request.method in SAFE
        or repeatable(request)
        or request.path.endswith(FILES)  # its commands are named after what they say
    )


class Kept:
    """How many bytes of bodies one worker keeps."""

    def __init__(self) -> None:
        self.bytes = 0

    def take(self, request: web.Request, read: bool) -> int:
        """Makes room for a body: how much, which is to be given back.

        Raises Problem 503 where there is none, unless the body has been `read` already.
        """
        if not _has_body(request):
            return 0
        size = KEPT if "Content-Encoding" in request.headers else min(request.content_length or KEPT, KEPT)
        if self.bytes + size > MOST and not read:
            detail = "As many requests as this server keeps wait for another one; try again in a moment."
            given = {"Retry-After": RETRY_AFTER}
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers=given, closing=True)
        self.bytes += size
        return size


def _has_body(request: web.Request) -> bool:
    """Whether it has one that says something."""
    return request.body_exists and request.method not in SAFE


async def read(request: web.Request) -> Sending:
    """The request, with as much of its body as is kept. Nobody's body is kept who would be refused for their token.

    Problems 400, 401, 403 and 408; raises what `Request.read` raises.
    """
    lasting = request.path.endswith(FEEDS) or "wait" in request.query
    sending = Sending(repeatable=named(request), lasting=lasting, waits=_waits(request))
    if not _has_body(request):
        return sending
    await known(request)
    with body_errors(request.app[BOUNDS].body):
        async with asyncio.timeout(request.app[BOUNDS].body):
            if not request.path.endswith(FILES):
                sending.body = await request.read()
                return sending
            if FILE in request:  # the handler here has read it already
                sending.body = request[FILE]
                return sending
            kept = bytearray()
            while len(kept) <= KEPT and (part := await request.content.readany()):
                kept += part
    if len(kept) <= KEPT:
        sending.body = request[FILE] = bytes(kept)
        return sending
    sending.repeatable = False
    sending.body = _stream(request, bytes(kept), sending)
    if "Content-Encoding" not in request.headers:  # else it has been decoded since
        sending.length = request.content_length
    return sending


def _waits(request: web.Request) -> bool:
    """Whether it may wait for something that is its own: a position, an outcome, what it imports."""
    wished = "min_position" in request.query or POSITION_HEADER in request.headers or "Prefer" in request.headers
    return wished or request.path.endswith(FILES)


async def _stream(request: web.Request, begun: bytes, sending: Sending) -> AsyncIterator[bytes]:
    """A large file as it comes, no faster than it is taken."""
    try:
        yield begun
        with body_errors(request.app[BOUNDS].body):
            async with asyncio.timeout(request.app[BOUNDS].body):
                async for part in request.content.iter_any():
                    yield part
    except Problem as problem:
        sending.fault = problem
        raise
