"""The body of a request that is handed on: kept, so that it can be sent again, or streamed if it is a large file."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from views.context import BOUNDS, FILE, POSITION_HEADER
from views.forwarding.calls import Sending
from views.keys import repeatable
from views.problems import Problem, body_errors

KEPT: Final = 1024 * 1024
"""Bytes of a file that are kept; of all other bodies the server takes no more anyway."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FILES: Final = "/import"
"""How an address ends whose bodies are files."""

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


async def read(request: web.Request) -> Sending:
    """The request, with as much of its body as is kept. Problems 400 and 408; raises what `Request.read` raises."""
    lasting = request.path.endswith(FEEDS) or "wait" in request.query
    sending = Sending(repeatable=named(request), lasting=lasting, waits=_waits(request))
    if not request.body_exists:
        return sending
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
