"""The operators' port: metrics for Prometheus, and whether this process is alive and ready. No authentication."""

from typing import Final

from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry

from monitoring.health import Health
from views import exposition, protocol

SHUTDOWN_SECONDS: Final = 2.0

CONNECTIONS: Final = 64
HEAD_SECONDS: Final = 20.0
IDLE_SECONDS: Final = 120.0  # Prometheus asks every minute or sooner


class OperatorsPort:
    """The operators' port."""

    def __init__(self, health: Health, registry: CollectorRegistry = REGISTRY) -> None:
        """`health` is what /ready tells."""
        self._health_checks = health
        self._registry = registry
        app = web.Application()
        app.add_routes(
            [web.get("/metrics", self._metrics), web.get("/health", self._health), web.get("/ready", self._ready)]
        )
        self._runner = protocol.Runner(
            app,
            connections=CONNECTIONS,
            head=HEAD_SECONDS,
            keepalive_timeout=IDLE_SECONDS,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )

    async def start(self, host: str, port: int) -> None:
        """Listens. Raises OSError if the port cannot be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except BaseException:
            await self._runner.cleanup()
            raise

    async def stop(self) -> None:
        """Answers what is under way and closes the port."""
        await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        return await exposition.page(self._registry, request.headers.get("Accept", ""))

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, request: web.Request) -> web.Response:
        report = await self._health_checks.report()
        return web.json_response(report.body(), status=report.status)
