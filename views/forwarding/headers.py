"""What of a request's and an answer's headers goes on: all but those that are about one connection only."""

import secrets
from collections.abc import Iterable
from typing import Final

from aiohttp import web
from multidict import CIMultiDict, MultiMapping

from monitoring import tracing
from views import observed
from views.forwarding import proofs
from views.keys import KEY_HEADER, SPARE, SPARE_KEY_HEADER

ONE_CONNECTIONS: Final = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "http2-settings",
    }
)  # fmt: skip
"""RFC 9110, 7.6.1; a Connection header may name more."""

ANEW: Final = frozenset({"content-length", "expect", proofs.HEADER.lower()})
"""Of requests: who sends the body says its length, `100-continue` was answered here, and proofs are ours alone."""

WHOLE_WAY: Final = frozenset({"authorization", KEY_HEADER.lower(), SPARE_KEY_HEADER.lower()})
"""What a Connection header cannot take away: without its key, what is sent again would be done again."""

FORWARDED_FOR: Final = "X-Forwarded-For"
LINE_BYTES: Final = 64 * 1024
"""Of a header of an answer."""
VIA: Final = "Via"
OURS: Final = "1.1 tasksys"
"""What a worker adds to Via when it hands a request on (RFC 9110, 7.6.3)."""


def passed(request: web.Request) -> bool:
    """Whether a worker has handed the request on, or somebody says so, or has the same name."""
    return any(part.strip() == OURS for one in request.headers.getall(VIA, ()) for part in one.split(","))


def onward(request: web.Request, span: tracing.Span | None, bodied: bool = False) -> CIMultiDict[str]:
    """The headers of the request as it is handed on; with a body that was decoded when it came."""
    left_out = ONE_CONNECTIONS | ANEW | (_named(request.headers.getall("Connection", ())) - WHOLE_WAY)
    if bodied:
        left_out |= {"content-encoding"}
    headers = CIMultiDict(
        (name, _sent(value)) for name, value in request.headers.items() if name.lower() not in left_out
    )
    if (name := observed.name(request)) is not None:
        headers[observed.HEADER] = name
    if (spare := request.get(SPARE)) is not None:
        headers[SPARE_KEY_HEADER] = spare
    headers[VIA] = ", ".join([*headers.popall(VIA, []), OURS])
    before = headers.popall(FORWARDED_FOR, [])
    headers[FORWARDED_FOR] = ", ".join([*before, request.remote or "unknown"])
    if span is not None:
        headers[tracing.TRACEPARENT] = span.context.traceparent
        headers.popall(tracing.TRACESTATE, None)
        if span.context.state:
            headers[tracing.TRACESTATE] = span.context.state
    elif tracing.TRACEPARENT not in headers:  # that it is not recorded was decided here
        headers[tracing.TRACEPARENT] = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    return headers


def back(given: MultiMapping[str]) -> CIMultiDict[str]:
    """The headers of an answer as it is handed back."""
    left_out = ONE_CONNECTIONS | _named(given.getall("Connection", ()))
    return CIMultiDict((name, value) for name, value in given.items() if name.lower() not in left_out)


def _named(connection: Iterable[str]) -> frozenset[str]:
    return frozenset(part.strip().lower() for one in connection for part in one.split(","))


def _sent(value: str) -> str:
    """A value that can be sent: bytes that are no UTF-8 are replaced."""
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
