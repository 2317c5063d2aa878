"""The HTTP server: routes, middlewares, limits, and a shutdown that answers what was accepted."""

import asyncio
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from monitoring.health import Health, agents
from views import (
    acknowledge,
    calendar,
    commands,
    confirm,
    docs,
    export,
    filters,
    imports,
    observed,
    operations,
    pages,
    past,
    preferences,
    problems,
    protocol,
    quickadd,
    reads,
    recurrence,
    reminders,
    series,
    stale,
    writes,
    written,
)
from views.auth import Authenticator, NoAuthentication
from views.calendar_tokens import CalendarTokens
from views.context import AUTHENTICATOR, BOUNDS, CALENDAR_TOKENS, CHANNELS, STOPPING, SYSTEM, Bounds, identify
from views.feed import admission, routes
from views.feed.hub import HUB, Hub
from views.feed.limits import Limits
from views.forwarding import forwarder, spares
from views.forwarding.forwarder import FORWARDER, Forwarder
from views.forwarding.proofs import Proofs
from views.ports import Channels, System
from views.routes import Route

MAX_BODY: Final = 900 * 1024
"""Bytes of a request's body; a batch of 100 commands with 64 KiB descriptions goes in several."""

CONNECTIONS: Final = 10_000
"""Open at once, unless the options say otherwise; what comes above is turned away."""

BACKLOG: Final = 1024
"""Connections that may wait to be accepted."""

SHUTDOWN_SECONDS: Final = 15.0
"""Requests under way are answered within this time of a shutdown, then cut."""

ROUTES: Final[list[Route]] = [
    *reads.ROUTES,
    *reminders.ROUTES,
    *series.ROUTES,
    *filters.ROUTES,
    *preferences.ROUTES,
    *recurrence.ROUTES,
    *quickadd.ROUTES,
    *writes.ROUTES,
    *commands.ROUTES,
    *past.ROUTES,
    *routes.ROUTES,
    *export.ROUTES,
    *calendar.ROUTES,
    *imports.ROUTES,
    *operations.ROUTES,
]

TRIED: Final = sorted(ROUTES, key=lambda one: (one.tag != "tasks", one.path))
"""In the order in which addresses are tried. Tasks first: aiohttp matches the pattern of one after the other, and the
forty took 20 microseconds. No address matches two patterns."""


@dataclass(frozen=True)
class Options:
    """Where to listen and how to find out who asks. `port` 0 takes a free one.

    `key` is the server's own secret, blank where it has none; `url` is how others reach it, if not as they ask.
    `health` is what /ready tells; of the agents alone, where it is None. Where it is `clustered` there may be others;
    `cluster_key` is what they know each other by: without one nothing is handed on. `wait` is how long a request waits
    for a worker that has its workspace.
    """

    host: str = "127.0.0.1"
    port: int = 3001
    authenticator: Authenticator = field(default_factory=NoAuthentication)
    bounds: Bounds = field(default_factory=Bounds)
    connections: int = CONNECTIONS
    channels: Channels | None = None
    key: str = field(default_factory=secrets.token_hex, repr=False)
    url: str = ""
    limits: Limits = field(default_factory=Limits)
    health: Health | None = None
    clustered: bool = False
    cluster_key: str = field(default="", repr=False)
    wait: float = forwarder.WAIT


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """Headers that every answer has."""
    for name, value in protocol.HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = protocol.HEADERS["Server"]  # aiohttp has put its own there
    if (request_id := observed.name(request)) is not None:
        response.headers[observed.HEADER] = request_id
    if request.app[STOPPING].is_set():
        response.headers["Connection"] = "close"


async def shut_down(app: web.Application) -> None:
    """Ends what waits for something new to happen, so that only what is being done holds the shutdown up."""
    app[STOPPING].set()
    app[HUB].stop()
    if FORWARDER in app:
        app[FORWARDER].stop()


async def closed(app: web.Application) -> None:
    """Closes what requests may have needed to the end."""
    await app[FORWARDER].close()


def application(system: System, options: Options) -> web.Application:
    """The aiohttp application; one that hands on is made in a running event loop."""
    app = web.Application(
        middlewares=[
            written.middleware,
            *([spares.middleware] if options.clustered else []),
            problems.middleware,
            *([forwarder.middleware] if options.clustered else []),
            identify,
        ],
        client_max_size=MAX_BODY,
    )
    if options.clustered:
        proofs = Proofs(options.cluster_key) if options.cluster_key else None
        app[FORWARDER] = Forwarder(system, proofs, options.wait)
        app.on_cleanup.append(closed)
    app[SYSTEM] = system
    app[AUTHENTICATOR] = options.authenticator
    app[CALENDAR_TOKENS] = CalendarTokens(options.key)
    app[calendar.PUBLIC] = options.url
    app[admission.PUBLIC] = options.url
    app[HUB] = Hub(system, options.limits)
    app[BOUNDS] = options.bounds
    app[CHANNELS] = options.channels
    app[STOPPING] = asyncio.Event()
    app[operations.HEALTH_CHECKS] = options.health or _health(system)
    app[problems.MAX_BODY] = MAX_BODY
    app[written.ON_THEIR_WAY] = written.OnTheirWay()
    app.on_response_prepare.append(harden)
    app.on_response_prepare.append(stale.mark)
    app.on_shutdown.append(shut_down)
    app.add_routes(
        [web.route(one.method, one.path, one.handler, expect_handler=problems.expect) for one in TRIED],
    )
    app.add_routes(docs.pages(ROUTES))
    app.add_routes([*acknowledge.pages(), *confirm.pages(), *pages.pages()])
    return app


def _health(system: System) -> Health:
    health = Health()
    health.source(agents((), system.ready))
    return health


class Server:
    """A running server."""

    def __init__(self, runner: web.AppRunner, hub: Hub) -> None:
        self.hub = hub
        """Who is connected to the live feed."""
        self._runner = runner

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Accepts no more connections, answers what was accepted, then closes."""
        await self._runner.cleanup()


async def start(system: System, options: Options, sockets: Sequence[socket.socket] = ()) -> Server:
    """Listens: on these sockets, which are bound, or else on its own. Raises OSError if the address cannot be had."""
    app = application(system, options)
    bounds = options.bounds
    runner = protocol.Runner(
        app,
        connections=options.connections,
        head=bounds.head,
        observe=True,
        keepalive_timeout=bounds.idle,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    sites: list[web.BaseSite] = [web.SockSite(runner, one, backlog=BACKLOG) for one in sockets]
    if not sites:
        sites.append(web.TCPSite(runner, options.host, options.port, backlog=BACKLOG))
    try:
        for site in sites:
            await site.start()
    except OSError:
        await runner.cleanup()
        raise
    return Server(runner, app[HUB])
