"""The HTTP server: routes, middlewares, limits, and a shutdown that answers what was accepted."""

from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from views import commands, docs, operations, past, problems, reads, writes
from views.auth import Authenticator, NoAuthentication
from views.context import AUTHENTICATOR, SYSTEM, identify
from views.ports import System
from views.routes import Route

MAX_BODY: Final = 1024 * 1024
"""Bytes of a request's body; a batch of 100 commands with 64 KiB descriptions goes in several."""

HEADER_BYTES: Final = 16 * 1024
SHUTDOWN_SECONDS: Final = 15.0
"""Requests under way are answered within this time of a shutdown, then cut."""

ROUTES: Final[list[Route]] = [
    *reads.ROUTES,
    *writes.ROUTES,
    *commands.ROUTES,
    *past.ROUTES,
    *operations.ROUTES,
]


@dataclass(frozen=True)
class Options:
    """Where to listen and how to find out who asks. `port` 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 3001
    authenticator: Authenticator = field(default_factory=NoAuthentication)


@web.middleware
async def harden(request: web.Request, handler: problems.Handler) -> web.StreamResponse:
    """Headers that every answer has."""
    response = await handler(request)
    if not response.prepared:
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response


def application(system: System, authenticator: Authenticator) -> web.Application:
    """The aiohttp application."""
    app = web.Application(middlewares=[harden, problems.middleware, identify], client_max_size=MAX_BODY)
    app[SYSTEM] = system
    app[AUTHENTICATOR] = authenticator
    app[problems.MAX_BODY] = MAX_BODY
    app.add_routes([web.route(route.method, route.path, route.handler) for route in ROUTES])
    app.add_routes(docs.pages(ROUTES))
    return app


class Server:
    """A running server."""

    def __init__(self, runner: web.AppRunner, site: web.TCPSite) -> None:
        self._runner = runner
        self._site = site

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Accepts no more connections, answers what was accepted, then closes."""
        await self._runner.cleanup()


async def start(system: System, options: Options) -> Server:
    """Listens. Raises OSError if the address cannot be had."""
    app = application(system, options.authenticator)
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
        keepalive_timeout=75.0,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port, backlog=1024)
    try:
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    return Server(runner, site)
