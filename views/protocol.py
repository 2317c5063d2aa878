"""Connections: how many, how long without a request, and what cannot be read as HTTP.

All of it is answered with problems too, without filling the log.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler

from monitoring import metrics
from tasksys import codec
from views import observed
from views.log import logger
from views.problems import RETRY_AFTER, Problem, internal_error

LINE_BYTES: Final = 64 * 1024
"""Bytes of an address: a filter of 4,096 characters takes up to 48 KiB when every character is percent-encoded."""

WARNING_SECONDS: Final = 60.0
"""Between two lines in the log about connections that are turned away."""

HEADER_BYTES: Final = 16 * 1024

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Server": "tasksys",
}
"""What every answer has, unless its handler says otherwise."""


FULL: Final = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "too-many-connections",
    "As many connections are open as this process can have; close some, or try again in a moment.",
)


class Protocol(RequestHandler):
    """One connection."""

    def __init__(self, server: "_Server", **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server

    @property
    def observer(self) -> observed.Observer | None:
        """What its requests go by."""
        return self._server.observer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Turns away what is one too many; else waits for the head of the first request, not for ever."""
        if len(self._server.connections) >= self._server.most:
            self._turn_away(transport)
            return
        super().connection_made(transport)
        if self._keepalive_handle is not None:
            self._keepalive_handle.cancel()
        self._next_keepalive_close_time = self._loop.time() + self._server.head
        self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)

    def _turn_away(self, transport: asyncio.BaseTransport) -> None:
        self._force_close = True
        self._manager = None  # which need not learn of it
        if self._server.observer is not None:
            metrics.HTTP_TURNED_AWAY.inc()
        now = self._loop.time()
        if now >= self._server.next_warning:
            self._server.next_warning = now + WARNING_SECONDS
            logger.warning(
                "%d connections are open, and more are turned away; is it one client? Else allow this process more "
                "descriptors (ulimit -n)",
                self._server.most,
            )
        transport = cast("asyncio.Transport", transport)  # uvloop's are of no class of asyncio's
        transport.write(self._server.full)
        transport.close()

    async def _handle_request(self, request: web.BaseRequest, *given: Any) -> tuple[web.StreamResponse, bool]:
        """Everything from the head of a request to the end of its answer, in a task of its own."""
        observer = self._server.observer
        if observer is None:
            return await super()._handle_request(request, *given)
        seen = observer.begun(request)
        try:
            response, broken = await super()._handle_request(request, *given)
        except BaseException:
            observer.ended(request, seen, observed.GONE)
            raise
        observer.ended(request, seen, observed.GONE if broken else response.status)
        return response, broken

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The problem of a request that never came to a handler, or of a fault outside of handlers."""
        if request.writer.output_size > 0 or isinstance(exc, ConnectionError):
            raise ConnectionError("The client has gone, or the answer broke off: nothing more can be said.")
        if status == HTTPStatus.BAD_REQUEST:
            logger.debug("a request cannot be read: %s", type(exc).__name__)
            problem = _unreadable(exc, message or "")
        else:
            if exc is None or not observed.failed(request, exc):
                logger.error("a request failed", exc_info=exc)
            problem = internal_error()
        problem.headers |= HEADERS
        if (name := observed.name(request)) is not None:
            problem.headers[observed.HEADER] = name
        problem.closing = True
        return problem.response()

    def log_exception(self, *args: Any, **details: Any) -> None:
        """What aiohttp logs itself; a body that its client encoded wrongly is no fault of the server."""
        if not isinstance(details.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **details)


def _raw(problem: Problem) -> bytes:
    """The problem as it goes over a connection that nobody reads from."""
    body = codec.encode_json(problem.body())
    fields = {
        **HEADERS,
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Retry-After": RETRY_AFTER,
        "Connection": "close",
    }
    head = [f"HTTP/1.1 {problem.status.value} {problem.status.phrase}", *(f"{n}: {v}" for n, v in fields.items())]
    return "\r\n".join([*head, "", ""]).encode() + body


def _unreadable(error: BaseException | None, message: str) -> Problem:
    if isinstance(error, LineTooLong):
        detail = f"An address has at most {LINE_BYTES:,} bytes, a header {HEADER_BYTES:,}; shorten it."
        return Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", detail)
    said = message if isinstance(error, HttpProcessingError) else ""
    what = next(iter(said.strip().splitlines()), "").rstrip(":. ") or "it cannot be read"
    return Problem(HTTPStatus.BAD_REQUEST, "bad-http", f"This is not a request in HTTP/1.1: {what}.")


class _Server(web.Server):
    """Makes connections of our kind."""

    most: int
    head: float
    full: bytes
    next_warning = 0.0
    observer: observed.Observer | None = None

    def __call__(self) -> RequestHandler:
        return Protocol(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application on connections of our kind; a handler whose client has gone is cancelled.

    `observe` is for what clients ask, not for what operators' tools do.
    """

    def __init__(
        self, app: web.Application, *, connections: int, head: float, observe: bool = False, **options: Any
    ) -> None:
        self._connections, self._head, self._observe = connections, head, observe
        super().__init__(
            app,
            access_log=None,
            handle_signals=False,
            max_line_size=LINE_BYTES,
            max_field_size=HEADER_BYTES,
            handler_cancellation=True,
            **options,
        )

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        server = _Server(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            **made._kwargs,
        )
        server.most, server.head, server.full = self._connections, self._head, _raw(FULL)
        if self._observe:
            server.observer = observed.Observer(lambda: len(server.connections))
        return server
