"""Large answers are written in parts: a client that does not take the next one in time is cut off.

An answer that fits into what a connection buffers is handed over at once, and holds no more than that.
"""

from typing import Final

from aiohttp import web

from views.context import put
from views.problems import Handler

LARGE: Final = 64 * 1024
"""Bytes of an answer above which it is written in parts, and of a part: about what a connection buffers."""


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Writes what is large; the outermost, so that problems are answers too."""
    response = await handler(request)
    body = response.body if isinstance(response, web.Response) else None
    if not isinstance(body, bytes) or len(body) <= LARGE or request.method == "HEAD":
        return response
    streamed = web.StreamResponse(status=response.status, headers=response.headers)
    streamed.content_length = len(body)
    await streamed.prepare(request)
    for start in range(0, len(body), LARGE):
        await put(request, streamed, body[start : start + LARGE])
    await streamed.write_eof()
    return streamed
