"""The operators' port: metrics for Prometheus, and whether this process is alive and ready. No authentication."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from monitoring import metrics
from monitoring.health import Health
from monitoring.health import agents as checks_of_agents
from views import protocol

SHUTDOWN_SECONDS: Final = 2.0

CONNECTIONS: Final = 64
HEAD_SECONDS: Final = 20.0
IDLE_SECONDS: Final = 120.0  # Prometheus asks every minute or sooner


class Observed(Protocol):
    """What is told of a process; `views.ports.System` is one."""

    def ready(self) -> dict[str, str]:
        """What is missing, by agent; empty when this process can serve."""
        ...

    def status(self) -> dict[str, Any]:
        """Agents with their source, partitions and lag."""
        ...


class ProcessCollector(Collector):
    """The gauges of one process, read at each scrape."""

    def __init__(self, observed: Observed, agents: Sequence[str]) -> None:
        self._observed = observed
        self._agents = agents

    def describe(self) -> list[Metric]:
        """Empty: registering must not ask a process that has not started."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges as of now."""
        lag = metrics.LAG_RECORDS.family()
        for agent, found in self._observed.status()["agents"].items():
            for one in found["partitions"]:
                lag.add_metric((agent, found["source"], str(one["partition"])), one["lag"])
        yield lag
        missing = self._observed.ready()
        ready = metrics.AGENT_READY.family()
        for agent in self._agents:
            ready.add_metric((agent,), float(agent not in missing))
        yield ready


class MetricsServer:
    """The operators' port."""

    def __init__(
        self,
        observed: Observed,
        agents: Sequence[str],
        registry: CollectorRegistry = REGISTRY,
        health: Health | None = None,
    ) -> None:
        """`health` is what /ready tells; of the agents alone, where it is None."""
        if health is None:
            health = Health()
            health.source(checks_of_agents(tuple(agents), observed.ready))
        self._health_checks = health
        self._observed = observed
        self._collector = ProcessCollector(observed, agents)
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
            self._registry.register(self._collector)
        except BaseException:
            await self._runner.cleanup()
            raise

    async def stop(self) -> None:
        """Answers what is under way and closes the port."""
        self._registry.unregister(self._collector)
        await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        encoder, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encoder(self._registry), headers={"Content-Type": content_type})

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, request: web.Request) -> web.Response:
        report = await self._health_checks.report()
        return web.json_response(report.body(), status=report.status)
