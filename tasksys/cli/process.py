"""One `tasksys serve` from start to stop. The one place where streams and views meet."""

import asyncio
import gc
import logging
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from monitoring import tracing
from monitoring.health import Health, Verdict
from monitoring.health import agents as checks_of_agents
from monitoring.health import disk as check_of_disk
from monitoring.process import Disk
from streams.admin import TopicsUnfit
from streams.broker import Broker
from streams.delivery.channels import Channels
from streams.delivery.channels import Options as ChannelOptions
from streams.delivery.keys import kept
from streams.delivery.mail import Relay
from streams.node import Node
from streams.parts import AGENTS
from streams.transport.assignor import NameTaken
from streams.transport.database import DatabaseError
from streams.transport.embedded.errors import LogError
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.kafka.cluster import BrokerTooOld
from tasksys.cli import damage, descriptors, patience, ports, starting, stopping
from tasksys.cli.failures import Failure
from tasksys.cli.observing import observing
from tasksys.errors import BrokerUnavailable
from tasksys.keyring import prints
from tasksys.settings import AuthMode, Settings, SettingsUnfit
from views import server
from views.auth import Authenticator, JwtAuthentication, NoAuthentication
from views.operators_port import OperatorsPort

logger = logging.getLogger("tasksys.serve")

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

COLLECTOR: Final = (10_000, 20, 20)
"""Thresholds of the cyclic collector: few objects here form cycles, and with Python's own (700, 10, 10) its passes over
all that was imported and all that waits took 9 % of the processor time of a command over HTTP."""

OPEN: Final = "this cluster has no secrets: anybody here may act as anybody"


async def serve(settings: Settings, started: Callable[[Settings, tuple[str, ...]], None]) -> None:
    """Serves until SIGINT or SIGTERM; calls `started` once with the agents that run.

    Stops in this order: it is not ready any more, and serves on for `drain_seconds`; HTTP takes no more, sends the
    feed's clients elsewhere and answers what it has accepted; the agents finish the batches in hand; the log closes.
    Raises Failure with one clear sentence if it cannot start, SettingsUnfit if the settings cannot be.
    """
    broker, agents, authenticator = parse_broker(settings), parse_agents(settings), authentication(settings)
    starting.make_directory(settings.data_dir)
    traced, health = start_tracing(settings), Health()
    async with AsyncExitStack() as bound, AsyncExitStack() as running:
        steps = stopping.Steps(running, health)
        if settings.otlp_endpoint:  # last of all: the end is traced, too
            steps.add("traces are sent", partial(asyncio.to_thread, traced.stop))
        stop = running.enter_context(signals())
        if settings.shared_port:
            running.enter_context(orphaned(stop))
        with clear_errors(broker.directory):
            if broker.directory is not None:
                # Held from the first to the last, so that who uses the directory is known before any port is taken.
                steps.add("the log is closed", EmbeddedLog.open(broker.directory).close)
            options_of_channels = channel_options(settings, broker)
            channels = Channels(options_of_channels)
            steps.add("deliveries have ended", channels.close)
            node = Node(
                broker, settings.tables, agents, settings.topic_partitions, settings.replication,
                settings.worker_url, standbys=settings.standbys, member=settings.member,
                prints=prints(cluster_key(settings, broker)), courier=channels,
            )  # fmt: skip
            disk = await running.enter_async_context(observing(node, settings.data_dir))
            watch(health, node, agents, disk, settings.data_dir)
            running.push_async_callback(health.close)
            await running.enter_async_context(_metrics(settings, health))
            sockets = running.enter_context(ports.held(settings.host, settings.port, "--port"))
            if ports.ON_LINUX:
                sockets = [*sockets, *running.enter_context(_shared(settings))]
            steps.add("the agents have finished what they had in hand", node.stop)
            if not await _unless(stop, _begun(node)):
                health.stopping = True
                return
            embedded = broker.directory is not None
            taken = descriptors.EMBEDDED if embedded else descriptors.on_kafka(len(agents), node.partitions)
            options = server.Options(
                settings.host, settings.port, authenticator, connections=descriptors.connections(taken),
                channels=channels, key=options_of_channels.key, url=settings.public_url.rstrip("/"), health=health,
                clustered=not embedded, cluster_key=cluster_key(settings, broker),
            )  # fmt: skip
            if not ports.ON_LINUX:  # before, it might have been given who connects to the other processes
                sockets = [*sockets, *running.enter_context(_shared(settings))]
            with ports.port_errors(settings.host, settings.port, "--port"):
                ports.listen(sockets)
                http = await server.start(node, options, sockets)
        steps.add("requests are answered and feeds closed", http.stop)
        calm_collector()
        started(settings, agents)
        for remark in starting.remarks(settings, agents, options_of_channels.key, cluster_key(settings, broker), node):
            logger.warning("%s", remark)
        await stop.wait()
        await stopping.drained(health, settings.drain_seconds)
        stopping.bounded(bound)


def watch(health: Health, node: Node, agents: tuple[str, ...], disk: Disk, data: Path) -> None:
    """What must be right for the process to be ready."""

    async def broker() -> Verdict:
        try:
            return Verdict(True, await node.reach())
        except BrokerUnavailable as error:
            return Verdict(False, str(error), "Look whether it runs, and whether this machine reaches it")

    health.source(checks_of_agents(agents, node.ready, lambda name: len(node.partitions_of(name))))
    health.source(check_of_disk(disk, str(data)))
    health.probe("broker", broker)


def start_tracing(settings: Settings) -> tracing.Running:
    """Sends spans to the collector that the settings name, if they name one."""
    instance = tracing.instance(settings.host, settings.port, settings.instance)
    try:
        return tracing.configure(settings.otlp_endpoint, settings.trace_sample, instance, version("tasksys"))
    except ValueError as error:
        shown = re.sub("//[^/]*@", "//…@", settings.otlp_endpoint)
        raise SettingsUnfit(f"--otlp-endpoint {shown!r}: {error}") from error


def calm_collector() -> None:
    """What is there after the start stays until the end: the cyclic collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR)


def parse_broker(settings: Settings) -> Broker:
    """The broker that the settings name."""
    try:
        return Broker.parse(settings.broker_url)
    except ValueError as error:
        raise SettingsUnfit(f"--{error}") from error


def parse_agents(settings: Settings) -> tuple[str, ...]:
    """The agents to run, in the order of the data's way."""
    if unknown := set(settings.agents) - set(AGENTS):
        raise SettingsUnfit(f"--agents: there is no agent {', '.join(sorted(unknown))}; there are {', '.join(AGENTS)}")
    return tuple(name for name in AGENTS if not settings.agents or name in settings.agents)


def authentication(settings: Settings) -> Authenticator:
    """How to find out who asks."""
    return NoAuthentication() if settings.auth.mode is AuthMode.NONE else JwtAuthentication(settings.auth)


def channel_options(settings: Settings, broker: Broker) -> ChannelOptions:
    """What channels need. On an embedded log a key is made at the first start; a cluster's is given to each process."""
    try:
        relay = Relay.parse(settings.smtp_url, settings.smtp_from) if settings.smtp_url else None
    except ValueError as error:
        raise SettingsUnfit(f"--smtp-url and --smtp-from: {error}") from error
    key, file = settings.secret_key, settings.data_dir / "secret.key"
    if not key and broker.directory is not None:
        try:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            key = kept(file)
        except OSError as error:
            raise Failure(f"The key that channels are sealed with cannot be kept: {error}.") from error
    return ChannelOptions(key, relay, settings.allow_private_webhooks, settings.url)


def cluster_key(settings: Settings, broker: Broker) -> str:
    """What workers of a cluster know each other by; blank where there are no others, or they cannot know each other.

    Without authentication a server is open to whoever reaches this machine's loopback, so that nothing need be proved.
    """
    if broker.directory is not None:
        return ""
    return settings.secret_key or (OPEN if settings.auth.mode is AuthMode.NONE else "")


@contextmanager
def clear_errors(directory: Path | None = None) -> Iterator[None]:
    """What can go wrong with the log at a start, as one sentence each: their messages say cause and remedy.

    `directory` is that of an embedded log, whose damage may also show while it is read.
    """
    try:
        yield
    except Failure:
        raise
    except Exception as error:
        if directory is not None and (damaged := damage.failure(error, directory)):
            raise damaged from error
        if isinstance(error, LogError | DatabaseError | BrokerUnavailable | BrokerTooOld | NameTaken | TopicsUnfit):
            raise Failure(str(error)) from error
        raise


@asynccontextmanager
async def _metrics(settings: Settings, health: Health) -> AsyncIterator[OperatorsPort]:
    metrics = OperatorsPort(health)
    with ports.port_errors(settings.metrics_address, settings.metrics_port, "--metrics-port"):
        await metrics.start(settings.metrics_address, settings.metrics_port)
    try:
        yield metrics
    finally:
        await metrics.stop()


@contextmanager
def _shared(settings: Settings) -> Iterator[ports.Sockets]:
    """Those of the port that this process shares with others, if it does."""
    if not settings.shared_port:
        yield []
        return
    with ports.held(settings.host, settings.shared_port, "--port", shared=True) as sockets:
        yield sockets


@contextmanager
def signals() -> Iterator[asyncio.Event]:
    """An event that the first signal sets. The second ends the process at once: what was acknowledged is safe."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def received(number: signal.Signals) -> None:
        if stop.is_set():
            os._exit(128 + number)
        logger.info("stopping: %s came; what was accepted is answered first", number.name)
        stop.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, received, number)
    try:
        yield stop
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


@contextmanager
def orphaned(stop: asyncio.Event) -> Iterator[None]:
    """Sets the event when the process that started this one is gone: it holds the other end of our standard input."""
    loop, given = asyncio.get_running_loop(), sys.stdin.fileno()

    def heard() -> None:
        if not os.read(given, 1024):
            loop.remove_reader(given)
            logger.warning("stopping: the process that started this one is gone")
            stop.set()

    loop.add_reader(given, heard)
    try:
        yield
    finally:
        loop.remove_reader(given)


async def _begun(node: Node) -> None:
    """Starts the node when the brokers answer; says so where that takes its time. Raises BrokerUnavailable."""
    await patience.answering(node.broker, patience.log)
    await node.start()


async def _unless(stop: asyncio.Event, work: Awaitable[None]) -> bool:
    """True when the work is done; False if the event came first: then the work is cancelled."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return False
