"""Large answers are written in parts: a client that does not take the next one in time is cut off.

An answer that fits into what a connection buffers is handed over at once, and holds no more than that.
"""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from views.context import put
from views.problems import RETRY_AFTER, Handler, Problem

LARGE: Final = 64 * 1024
"""Bytes of an answer above which it is written in parts, and of a part: about what a connection buffers."""

MOST: Final = 256 * 1024 * 1024
"""Bytes of large answers that are on their way at once. Somebody who takes 300 of them a little at a time, never too
slowly for any one part, had the process hold 1.3 GB, and could have had it hold 30 times as much."""


class OnTheirWay:
    """How many bytes of large answers are not wholly written yet."""

    bytes = 0


ON_THEIR_WAY: Final = web.AppKey("on_their_way", OnTheirWay)


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Writes what is large; the outermost, so that problems are answers too."""
    response = await handler(request)
    body = response.body if isinstance(response, web.Response) else None
    if (
        not isinstance(response, web.Response)
        or not isinstance(body, bytes)
        or len(body) <= LARGE
        or request.method == "HEAD"
    ):
        return response
    held = request.app[ON_THEIR_WAY]
    if held.bytes + len(body) > MOST and request.method == "GET":  # what was written is told: it must not be repeated
        detail = "As many large answers are on their way as this process holds; try again in a moment, or ask for less."
        return Problem(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, headers={"Retry-After": RETRY_AFTER}).response()
    held.bytes += len(body)
    try:
        return await _streamed(request, response, body)
    finally:
        held.bytes -= len(body)


async def _streamed(request: web.Request, response: web.Response, body: bytes) -> web.StreamResponse:
    streamed = web.StreamResponse(status=response.status, headers=response.headers)
    streamed.content_length = len(body)
    await streamed.prepare(request)
    for start in range(0, len(body), LARGE):
        await put(request, streamed, body[start : start + LARGE])
    await streamed.write_eof()
    return streamed
