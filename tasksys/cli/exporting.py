"""One `tasksys lag-exporter` from start to stop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import prometheus_client
from prometheus_client import CollectorRegistry

from monitoring.group_lag import GroupCollector, Monitor
from monitoring.health import Health, Verdict
from streams.broker import Broker
from streams.transport.kafka.survey import KafkaSurveyor
from tasksys.cli import patience
from tasksys.cli.ports import port_errors
from tasksys.cli.process import signals
from tasksys.settings import bracketed
from views.operators_port import OperatorsPort


async def export(
    broker: Broker, host: str, port: int, all_groups: bool, every: float, started: Callable[..., None]
) -> None:
    """Serves until SIGINT or SIGTERM; calls `started` with the address. Raises Failure if it cannot listen.

    The brokers are asked every so many seconds. If they do not answer that is no reason not to start: it is not ready
    until they do.
    """
    monitor = Monitor(KafkaSurveyor(broker, all_groups), every)
    registry, health = CollectorRegistry(), Health()
    prometheus_client.ProcessCollector(registry=registry)
    registry.register(GroupCollector(monitor))
    health.source(lambda: {"brokers": verdict(monitor)})
    server = OperatorsPort(health, registry)
    with signals() as stop:
        with port_errors(host, port, "--port"):
            await server.start(host, port)
        asking = asyncio.create_task(monitor.run(), name="survey")
        saying = asyncio.create_task(_say_if_silent(broker, monitor), name="silence")
        try:
            started(f"http://{bracketed(host)}:{port}/metrics", broker=str(broker))
            await stop.wait()
            health.stopping = True
        finally:
            for task in (asking, saying):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await server.stop()
            await health.close()


async def _say_if_silent(broker: Broker, monitor: Monitor) -> None:
    """Says so where the brokers do not answer the first question soon."""
    with patience.noted(f"Kafka at {broker.servers} to answer", say=patience.log):
        while monitor.up is None:  # noqa: ASYNC110  (the monitor cannot tell us)
            await asyncio.sleep(0.1)


def verdict(monitor: Monitor) -> Verdict:
    """Whether the brokers answered when they were asked last."""
    if monitor.up is None:
        return Verdict(False, "not asked yet")
    if not monitor.up:
        return Verdict(False, monitor.why, "Look whether they run, and whether this machine reaches them")
    return Verdict(True, f"answered in {monitor.seconds:.2f} s")
