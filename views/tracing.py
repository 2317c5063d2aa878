"""Requests as spans: the first of a trace, or below the one that the caller has named."""

from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from monitoring import tracing
from views.problems import Handler
from views.routes import WS

LASTING: Final = frozenset({f"{WS}/feed", f"{WS}/events/stream"})
"""What lasts as long as a client likes, and is no span: the commands of a feed have their own."""

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
UNMATCHED: Final = "unmatched"


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Makes a span of a request whose trace is recorded. Nothing else sees the header."""
    given = request.headers.getall(tracing.TRACEPARENT, ())
    state = ",".join(request.headers.getall(tracing.TRACESTATE, ())) if given else ""
    parent = tracing.sampled(given[0] if len(given) == 1 else None, state)
    if parent is None:
        return await handler(request)
    resource = request.match_info.route.resource
    route = UNMATCHED if resource is None else resource.canonical
    name = f"HTTP {method(request)} {route}"
    span = None if route in LASTING else tracing.start(name, tracing.Kind.SERVER, parent)
    if span is None:
        return await handler(request)
    with span:
        span.set(_about(request, route))
        response = await handler(request)
        span.set({"http.response.status_code": response.status})
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            span.fail(str(response.status))
        return response


def method(request: web.Request) -> str:
    """The request's method, if it is one."""
    return request.method if request.method in METHODS else "OTHER"


def _about(request: web.Request, route: str) -> dict[str, Any]:
    """What may be told of a request: not its address as it is, whose parameters may be secret, nor who sent it."""
    found = {"http.request.method": method(request), "http.route": route, "url.scheme": request.scheme}
    workspace = request.match_info.get("ws", "")
    return found | {"tasksys.workspace": workspace} if workspace else found
