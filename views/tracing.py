"""Requests as spans: the first of a trace, or below the one that the caller has named."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from monitoring import tracing
from tasksys.values import Id, pattern_of

NONE: Final[tuple[str, ...]] = ()
ID: Final = pattern_of(Id)


def begun(request: web.BaseRequest) -> tracing.Span | None:
    """The span of a request, if its trace is recorded; it is the current one of the request's task."""
    given = request.headers.get(tracing.TRACEPARENT)
    state = ""
    if given is not None:
        if len(request.headers.getall(tracing.TRACEPARENT)) > 1:  # one of two is nobody's word
            given = None
        state = ",".join(request.headers.getall(tracing.TRACESTATE, NONE))
    parent = tracing.sampled(given, state)
    span = tracing.start("HTTP", tracing.Kind.SERVER, parent)
    if span is not None:
        tracing.use(span)
    return span


def ended(span: tracing.Span, request: web.BaseRequest, method: str, route: str, status: int) -> None:
    """It was answered. Its address as it is is not told, for parameters may be secret, nor who sent it."""
    span.rename(f"HTTP {method} {route}")
    span.set({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    workspace = request.match_info.get("ws") if isinstance(request, web.Request) and request._match_info else None
    if workspace and ID.fullmatch(workspace):  # else it is a text of anybody's
        span.set({"tasksys.workspace": workspace})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.fail(str(status))
    span.end()
    tracing.use(None)
