"""Every request of the API: the id that it is known by, what is counted of it, and its line in the log.

It stands around aiohttp's own handling of a request (`views.protocol.Protocol`), not among the middlewares: so it has
what matches no route, what is no HTTP, what fails outside of handlers, and the writing of the answer.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from itertools import count
from time import perf_counter
from typing import Any, Final
from weakref import WeakSet

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from monitoring import logs, metrics
from monitoring.tracing import Span, exemplar
from views import tracing
from views.log import logger

HEADER: Final = "X-Request-Id"
"""Of a request, what it wants to be called; of an answer, what its request is called in the log."""

FIT: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

SLOW_SECONDS: Final = 1.0
"""Requests that take longer are in the log."""

GONE: Final = 499
"""Counted as the status where nobody was answered to the end: the client has gone, or reads too slowly, or a stop could
wait no longer."""

UNMATCHED: Final = "unmatched"
OTHER: Final = "OTHER"

_process, _numbers = secrets.token_hex(5), count()


class Seen:
    """One request, from its head to the end of its answer."""

    __slots__ = ("began", "counted", "fault", "request_id", "span", "timed")

    def __init__(self, request_id: str) -> None:
        self.began = perf_counter()
        self.request_id = request_id
        self.span: Span | None = None
        """Its span, if its trace is recorded and it goes on."""
        self.fault: BaseException | None = None
        """Why it failed, where nobody foresaw it."""
        self.timed = True
        """False where it waits for something to happen: how long that takes says nothing of the server."""
        self.counted = False
        """True once it is counted as answered, though it goes on."""


SEEN: Final = web.RequestKey("seen", Seen)


class _Route:
    """The metrics of one method of one route, bound once."""

    __slots__ = ("_requests", "method", "route", "seconds")

    def __init__(self, method: str, route: str) -> None:
        self.method, self.route = method, route
        self.seconds = metrics.HTTP_SECONDS.labels(method, route)
        self._requests: dict[int, Any] = {}

    def count(self, status: int) -> None:
        """One more was answered so."""
        requests = self._requests.get(status)
        if requests is None:
            requests = metrics.HTTP_REQUESTS.labels(self.method, self.route, str(status))
            self._requests[status] = requests
        requests.inc()


class Observer:
    """What one server's requests go by."""

    def __init__(self, connections: Callable[[], int] = lambda: 0) -> None:
        """`connections` tells how many are open."""
        self.in_flight = 0
        self.connections = connections
        self._routes: dict[object, _Route] = {}
        OBSERVERS.add(self)

    def begun(self, request: web.BaseRequest) -> Seen:
        """A request's head was read. Lines that are logged by its task from here on name it."""
        wanted = request.headers.get(HEADER)
        name = wanted if wanted is not None and FIT.fullmatch(wanted) else f"{_process}-{next(_numbers):x}"
        seen = Seen(name)
        seen.span = tracing.begun(request)
        request[SEEN] = seen
        logs.begin({"component": "api", "request_id": name})
        self.in_flight += 1
        return seen

    def lasting(self, request: web.BaseRequest, status: int) -> None:
        """The request was answered, and goes on for as long as its client likes: a feed."""
        seen = request[SEEN]
        if not seen.counted:
            seen.counted, seen.timed = True, False
            self.in_flight -= 1
            route = self._route(request)
            route.count(status)
            logs.note(component="feed")
            if seen.span is not None:  # it would not end before the feed does
                tracing.ended(seen.span, request, route.method, route.route, status)
                seen.span = None

    def ended(self, request: web.BaseRequest, seen: Seen, status: int) -> None:
        """The request was answered with this status, or GONE."""
        route = self._route(request)
        if not seen.counted:
            self.in_flight -= 1
            route.count(status)
        seconds = perf_counter() - seen.began
        if seen.timed:
            route.seconds.observe(seconds, None if seen.span is None else exemplar(seen.span))
        traced = seen.span is not None
        if status >= 500 or seen.fault is not None or traced or (seen.timed and seconds > SLOW_SECONDS) or _debugging():
            _say(route, seen, status, seconds, traced)
        if seen.span is not None:
            tracing.ended(seen.span, request, route.method, route.route, status)

    def _route(self, request: web.BaseRequest) -> _Route:
        # It is a dictionary of what the address names, which may be nothing, and None for what is no request.
        matched = request._match_info if isinstance(request, web.Request) else None
        found = None if matched is None else matched.route
        key: object = found if found is not None and found.resource is not None else request.method
        route = self._routes.get(key)
        if route is None:
            method = request.method if request.method in metrics.METHOD.values else OTHER
            if found is None or found.resource is None:
                route = _Route(method, UNMATCHED)
                key = method  # clients can think of more methods than there are
            else:
                route = _Route(method, found.resource.canonical)
            route = self._routes.setdefault(key, route)
        return route


def _debugging() -> bool:
    return logger.isEnabledFor(10)


def _say(route: _Route, seen: Seen, status: int, seconds: float, traced: bool) -> None:
    """The request's line. A fault is an error; what was not answered as asked a warning; what is slow worth knowing."""
    told: dict[str, Any] = {
        "operation": f"{route.method} {route.route}",
        "duration_seconds": round(seconds, 6),
        "method": route.method,
        "route": route.route,
        "status": status,
    }
    if seen.fault is not None:
        logger.error("a request failed: %s %s", route.method, route.route, extra=told, exc_info=seen.fault)
    elif status >= 500:
        logger.warning("%s %s was answered %d", route.method, route.route, status, extra=told)
    elif seen.timed and seconds > SLOW_SECONDS:
        logger.info("slow: %s %s took %.3f s", route.method, route.route, seconds, extra=told)
    elif traced:
        told["unlimited"] = True  # as many as the sampling lets through
        logger.info("%s %s: %d", route.method, route.route, status, extra=told)
    else:
        logger.debug("%s %s: %d", route.method, route.route, status, extra=told)


def failed(request: web.BaseRequest, fault: BaseException) -> bool:
    """The request failed as nobody foresaw: its line says so. False if nobody observes it."""
    seen = request.get(SEEN)
    if seen is not None:
        seen.fault = fault
    return seen is not None


def waits(request: web.Request) -> None:
    """The request waits for something to happen, so its time is not the server's."""
    seen = request.get(SEEN)
    if seen is not None:
        seen.timed = False


def lasts(request: web.Request, status: int) -> None:
    """The request is answered so far, and goes on for as long as its client likes."""
    observer = request.protocol.observer  # type: ignore[attr-defined]
    if observer is not None:
        observer.lasting(request, status)


def name(request: web.BaseRequest) -> str | None:
    """The request's id, if it has one."""
    seen = request.get(SEEN)
    return seen.request_id if seen is not None else None


OBSERVERS: Final[WeakSet[Observer]] = WeakSet()


class Connections(Collector):
    """The connections of all servers of this process."""

    def describe(self) -> list[Metric]:
        """The family, without samples."""
        return [metrics.HTTP_CONNECTIONS.family()]

    def collect(self) -> Iterator[Metric]:
        """How many are open now."""
        family = metrics.HTTP_CONNECTIONS.family()
        family.add_metric((), sum(one.connections() for one in OBSERVERS))
        yield family


REGISTRY.register(Connections())
metrics.HTTP_IN_FLIGHT.set_function(lambda: sum(one.in_flight for one in OBSERVERS))
