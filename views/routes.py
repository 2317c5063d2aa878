"""What a route is, and what the API reference knows about it. Each module of views lists its own in `ROUTES`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WS: Final = "/api/v1/workspaces/{ws}"


@dataclass(frozen=True)
class Route:
    """One method of one address. `body` and `answer` are types whose schemas the reference shows."""

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    answer: Any = None
    body: Any = None
    body_without: tuple[str, ...] = ()
    status: HTTPStatus = HTTPStatus.OK
    parameters: tuple[str, ...] = ()
    write: bool = False
    content_type: str = "application/json"
