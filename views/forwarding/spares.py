"""What a write without a key is told when nobody knows what became of it: the key under which it may be repeated.

Repeated without one it might be done twice; under the key that the server gave it, it is not, whoever answered, and
whether it was done or not.
"""

from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from views.forwarding.bodies import SAFE
from views.forwarding.hops import HOP
from views.keys import KEY_HEADER, SPARE_KEY_HEADER, spare_key
from views.problems import Handler

UNCERTAIN: Final = frozenset({HTTPStatus.CONFLICT, *range(500, 600)})

PROBLEM: Final = "application/problem+json"


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Adds the key to answers that do not say for certain what became of the write, for the client itself."""
    response = await handler(request)
    if response.status in UNCERTAIN and not response.prepared and request.method not in SAFE:
        key = "" if KEY_HEADER in request.headers or HOP in request else spare_key(request)
        if key and not request.path.startswith("/admin/"):
            _tell(response, key)
    return response


def _tell(response: web.StreamResponse, key: str) -> None:
    body = response.body if isinstance(response, web.Response) else None
    if isinstance(body, bytes) and response.content_type == PROBLEM and "Content-Encoding" not in response.headers:
        told = msgspec.json.decode(body)
        if response.status == HTTPStatus.CONFLICT and told.get("code") != "still-pending":
            return  # that is what became of it
        told["detail"] = f"{told['detail']} Repeat it with the header {KEY_HEADER}: {key}, which it had none of."
        assert isinstance(response, web.Response)
        response.body = msgspec.json.encode(told)
        response.headers.pop("Content-Length", None)  # of an answer that was handed back
    response.headers[SPARE_KEY_HEADER] = key
