"""One process of the system: its agents as Faust apps, supervised, and what the views need of them.

Why so long: its parts are elsewhere; what starts, watches and stops them must be read in one order.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import faust
from aiokafka.errors import KafkaError
from yarl import URL

from monitoring import logs, tracing
from streams import admin, ends, keys, progress, status
from streams.agent import FoldAgent
from streams.agents import imports
from streams.agents.commands import DISCARD, RETRY
from streams.agents.committed import Committed
from streams.app import build, fold_agent
from streams.appender import Appender, EmbeddedAppender, open_appender
from streams.broker import Broker
from streams.copies import Copies
from streams.fold import AgentSpec, Headers
from streams.kept import Kept
from streams.measures import measures
from streams.outbox import Courier
from streams.parts import AGENTS, Parts
from streams.reader import StateReader
from streams.replay import measured, replay
from streams.topics import COMMANDS, EVENTS
from streams.transport import room
from streams.transport.assignor import KEPT_OUT, STRANGER, NameTaken
from streams.transport.database import DatabaseCorrupt, DiskFull, DiskReadOnly
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.partition_rows import PartitionRows
from streams.transport.rows import RowStore
from streams.turns import to_the_end
from streams.watchdog import Watchdog
from tasksys.errors import BrokerUnavailable, Elsewhere, NotHere, NotOwned
from tasksys.outcomes import DeadLetter
from tasksys.ownership import KeptOut, Ownership, Setting
from tasksys.values import ZONES

logger = logging.getLogger(__name__)

RESTART_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits before an agent that stopped by a fault is started again; the last one is repeated."""

UNHEARD: Final = "the brokers have not heard of this process for so long that others may have its partitions ({})"

SILENT: Final = "{} does not answer: look whether it runs, and whether this machine reaches it"

DOUBLE: Final = (
    "another worker has the address {} too, and all that falls to it: give each its own --advertise-url. If there is "
    "no other one, this one itself has not left the group yet, with which the session does away"
)

LEASE_SECONDS: Final = 0.25
"""Between two looks whether the partitions are this process's own still. Reads ask by themselves; the feed is told."""

EXPIRY_SECONDS: Final = 600.0
"""Between two looks for records that their topic need not keep any longer."""

HEALTHY_SECONDS: Final = 60.0
"""An agent that ran for so long begins with the shortest wait again."""


@dataclass
class Node:
    """The agents named run here. `partitions` and `replication` are used for topics that do not exist yet."""

    broker: Broker
    directory: Path
    agents: tuple[str, ...] = AGENTS
    partitions: int = 4
    replication: int = 1
    url: str = "http://127.0.0.1:3001"
    """Where other workers reach this one: no two may have the same."""
    standbys: int = 0
    """Other workers that keep a copy of each partition of a table, as far as there are so many."""
    member: str = ""
    """A name that this worker keeps over restarts. Back within the session timeout it goes on with what it had, and
    nothing moves; without a name it leaves at once when it stops, and others take over."""
    prints: tuple[str, ...] = ()
    """Of the keys that workers know each other by: one that the others do not know gets no partitions."""
    session_timeout: float = 6.0
    """Seconds without a sign of life after which others take this process's partitions over."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """What time it is, for what falls due."""
    zones: str = ZONES
    """The release of the zone database that instants are computed by."""
    courier: Courier | None = None
    """What takes letters to people; without one none are sent, and they wait."""
    apps: dict[str, faust.App] = field(init=False, default_factory=dict)
    begun: dict[str, faust.App] = field(init=False, default_factory=dict)
    """Apps that run or are about to: those too that are starting."""
    _heard: Ownership = field(init=False, default_factory=Ownership)
    """See `_last_heard`."""
    faults: dict[str, str] = field(init=False, default_factory=dict)
    """Agents that stopped by a fault and are being started again, with the reason."""

    def __post_init__(self) -> None:
        self.url = str(URL(self.url))  # as Faust writes it, and so the assignments
        self.parts = Parts(self, self.clock, self.zones)
        self.gateway, self.state, self.history = self.parts.gateway, self.parts.state, self.parts.history
        self._copies = Copies(lambda workspace: self.standby_rows("commands", self.partition(workspace)))
        self.state_positions, self.history_positions = self.parts.state_positions, self.parts.history_positions
        self._kept = Kept()
        self._appender: Appender | None = None

    # --- life

    async def start(self) -> None:
        """Makes the topics, starts the agents and waits until their tables are recovered.

        Raises BrokerUnavailable, admin.TopicsUnfit, and the embedded log's own errors.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        await admin.create_topics(self.broker, AGENTS, self.partitions, self.replication)
        self.partitions = await admin.partitions_of(self.broker)
        self._appender = await open_appender(self.broker)
        ready = [asyncio.get_running_loop().create_future() for _ in self.agents]
        for name, future in zip(self.agents, ready, strict=True):
            self._kept.keep(f"agent {name}", partial(self._supervise, self.parts.spec(name), future))
        self._kept.keep("expiry", self._expire)
        self._kept.keep("lease", self._watch_lease)
        self._kept.keep("watchdog", Watchdog(self.begun, self.reach, lambda name: measures(name).stuck()).run)
        for name, timer in self.parts.timers.items():
            if name in self.agents:
                self._kept.keep(f"timer of {name}", timer.run)
        if "deliveries" in self.agents and self.courier is not None:
            self._kept.keep("outbox", partial(self.parts.outbox.run, self.courier))
        try:
            await asyncio.gather(*ready)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Finishes the batches in hand and stops the agents, those that write first."""
        await self._kept.stop()
        if self._appender is not None:
            appender, self._appender = self._appender, None
            await appender.close()

    async def _expire(self) -> None:
        """Keeps the log as small as its topics' retention allows."""
        logs.begin({"component": "process", "operation": "expire"})
        while self._appender is not None:
            try:
                await self._appender.expire()
            except Exception as error:
                logger.warning("old records could not be removed: %r; tried again later", error)
            await asyncio.sleep(EXPIRY_SECONDS)

    async def _watch_lease(self) -> None:
        """Tells who follows the commands when others may have the partitions: it might hear nothing of what they do."""
        logs.begin({"component": "process", "operation": "watch the lease"})
        told = False
        while True:
            app = self.apps.get("commands")
            owned = [] if app is None or fold_agent(app).leased else fold_agent(app).owned()
            if owned and not told:
                logger.warning("%s; reads wait, and feeds go elsewhere", UNHEARD.format("commands"))
                for partition in owned:
                    self.parts.break_off(partition)
            told = bool(owned)
            await asyncio.sleep(LEASE_SECONDS)

    async def _supervise(self, spec: AgentSpec, ready: asyncio.Future[None]) -> None:
        """Runs the agent's app; after a fault, builds and starts it anew: recovery puts everything right."""
        logs.begin({"component": "fold", "agent": spec.name})  # for all that the app does, in its tasks
        attempt, now = -1, asyncio.get_running_loop().time
        while True:
            started = now()
            try:
                fault = await self._run(spec, ready)
            except Exception as error:
                fault = error
            if not ready.done() and not self._heals(fault, first=attempt < 0):
                away = isinstance(fault, KafkaError) and fault.retriable
                ready.set_exception(self.broker.unavailable(fault) if away else fault)
            self.faults[spec.name] = repr(fault)
            measures(spec.name).restarted()
            attempt = 0 if now() - started > HEALTHY_SECONDS else min(attempt + 1, len(RESTART_SECONDS) - 1)
            wait = self.session_timeout + 1 if isinstance(fault, NameTaken) else RESTART_SECONDS[attempt]
            logger.error("agent %s stopped by a fault: %r; it is started again in %.1f s", spec.name, fault, wait)
            if isinstance(fault, DiskFull | DiskReadOnly):
                await self._leave_to_others(str(fault))
                await room.made(self.directory)
            del fault  # its traceback may hold an iterator, and so the database that is opened anew
            await asyncio.sleep(wait)

    def _heals(self, fault: Exception, first: bool) -> bool:
        """Whether the next start of the agent may find no trace of it: tables on Kafka are put aside, to be rebuilt.
        Who had the name at the `first` start may be gone at the next."""
        if isinstance(fault, NameTaken):
            return first
        return isinstance(fault, DatabaseCorrupt) and self.broker.directory is None

    async def _leave_to_others(self, fault: str) -> None:
        """Stops the other agents too, where there are workers that may have room: requests find all in one place."""
        if any(len(self.ownership(name).members) > 1 for name in self.apps):
            for app in list(self.apps.values()):
                await app.crash(DiskFull(fault))

    async def _run(self, spec: AgentSpec, ready: asyncio.Future[None]) -> Exception:
        """Runs the agent's app until a fault stops it, and returns the fault; the app is stopped in any case."""
        app = build(spec, self.broker, self.directory, self.partitions, self.url, self.session_timeout,
                    self.standbys, self.member, self.prints)  # fmt: skip
        stopped = asyncio.ensure_future(app.wait_until_stopped())
        self.begun[spec.name] = app
        try:
            await app.start()
            if not app.should_stop:  # a crash on the way ends the start without an error
                self.apps[spec.name] = app
                self.faults.pop(spec.name, None)
                if not ready.done():
                    ready.set_result(None)
                logger.info("agent %s is ready", spec.name)
                await asyncio.shield(stopped)
            return app.crash_reason or RuntimeError("it ended by itself")
        except Exception as error:
            return error
        finally:
            self._last_heard()
            self.apps.pop(spec.name, None)
            self.begun.pop(spec.name, None)
            await to_the_end(self._stop_app(app, stopped))

    async def _stop_app(self, app: faust.App, stopped: asyncio.Future[Any]) -> None:
        try:
            await app.stop()
        except Exception:
            logger.exception("%s did not stop in good order", app.conf.id)
        if app._transport is not None:
            try:
                await app.transport.close_rows()
            except Exception:  # a disk that began to fail, say: the next start finds out what is wrong
                logger.exception("the tables of %s were not closed in good order", app.conf.id)
        await stopped

    # --- what the views ask

    def partition(self, workspace: str) -> int:
        """The partition of a workspace, in every topic and table."""
        return self.parts.partition(workspace)

    def follow(
        self, follower: Callable[[Committed], None], broken: Callable[[int], None] = lambda partition: None
    ) -> Callable[[], None]:
        """Calls the follower with every durable batch of commands; see `Parts.follow`."""
        return self.parts.follow(follower, broken)

    def ownership(self, agent: str = "commands") -> Ownership:
        """Which workers have which partitions of an agent; empty where nobody knows, as before the first assignment."""
        app = self.begun.get(agent)
        if app is None or app._consumer is None or not app._consumer.leased:
            return Ownership()
        ownership: Ownership = app._consumer.ownership
        return ownership

    def kept_out(self) -> list[tuple[KeptOut, str]]:
        """Other workers that get nothing, by the last assignments, and what is to be done about each."""
        found, itself = Counter[KeptOut](), Counter[KeptOut]()
        for app in self.begun.values():
            if app._consumer is not None:
                found |= Counter(app._consumer.ownership.kept_out)
                itself |= Counter([KeptOut(self.url, Setting.KEY)] if app.assignor.stranger else ())
        return [(one, KEPT_OUT[one.by]) for one in sorted((found - itself).elements())]

    def workers(self) -> tuple[str, ...]:
        """Everybody that the last assignment heard of here names, whether it still holds or not: whom to ask."""
        consumers = [app._consumer for app in self.begun.values() if app._consumer is not None]
        return next((one.ownership.members for one in consumers if one.ownership.members), ())

    def keepers(self, partition: int) -> tuple[str, ...]:
        """Workers that had the partition of commands, or a copy of it, by the last assignment heard of here."""
        return self._last_heard().keepers(partition)

    def _last_heard(self) -> Ownership:
        """The last assignment of commands that was heard of, also by an app that has stopped by a fault since."""
        app = self.begun.get("commands")
        if app is not None and app._consumer is not None and app._consumer.ownership.members:
            self._heard = app._consumer.ownership
        return self._heard

    def ready(self) -> dict[str, str]:
        """What is missing, by agent or other task; empty when this process can serve."""
        missing = {name: "starting" for name in self.agents if name not in self.apps}
        for name, app in self.apps.items():
            if app.rebalancing or not app.tables.actives_ready:
                missing[name] = "recovering"
            elif app.assignor.stranger:
                missing[name] = STRANGER
            elif app.consumer.doubles:
                missing[name] = DOUBLE.format(self.url)
            elif stopped := app.consumer.stopped_partitions:
                missing[name] = "; ".join(stopped.values())
            elif not fold_agent(app).leased:
                missing[name] = UNHEARD.format(name)
        return {**missing, **self._kept.faults, **self.faults}

    async def reach(self) -> str:
        """Asks whether the log answers; what did. Raises BrokerUnavailable."""
        if self._appender is None:
            raise BrokerUnavailable("This process has not started, or is stopping; try again.")
        return await self._appender.reach()

    async def status(self) -> dict[str, Any]:
        """The log, and agents with their partitions, positions and lag; also those that are recovering.

        The brokers have a second to say what has to be asked of them; see `progress.ask`.
        """
        await asyncio.gather(*(progress.ask(fold_agent(app)) for app in self.begun.values() if app._consumer))
        begun = {name: self.begun[name] for name in self.agents if name in self.begun}  # not as they were started again
        agents = {
            name: status.of_agent(app, self.ownership(name)) for name, app in begun.items() if app._consumer is not None
        }
        missing, log = self.ready(), self._appender.status() if self._appender is not None else {}
        if missing and (silent := await self._silent()):
            missing = {"broker": silent, **missing}
        described = {"broker": str(self.broker), "url": self.url, "log": log}
        return {**described, "ready": not missing, "missing": missing, "agents": agents}

    async def _silent(self) -> str | None:
        """Why nothing is heard of the brokers, which agents lack then; None if they answer."""
        if self._appender is None:
            return None
        try:
            async with asyncio.timeout(progress.ANSWER_SECONDS):
                await self._appender.reach()
        except (BrokerUnavailable, TimeoutError):
            return SILENT.format(self.broker)
        return None

    def assigned(self, name: str) -> list[int]:
        """The partitions that an agent has here, recovered or not. Raises NotHere, NotOwned."""
        return fold_agent(self._app(name)).assigned()

    async def pending(self, workspace: str) -> bool:
        """True if commands of the workspace may be in the log that are not folded yet."""
        return await ends.left(self.broker, fold_agent(self._app("commands")), self.partition(workspace))

    async def remembered(self, workspace: str) -> bool:
        """True if the history has nothing left to fold of what is in the event log now, or has stopped by a fault.

        As long as events of an import are still to follow into the event log, it is not.
        """
        row = self.rows("commands", self.partition(workspace)).get(keys.imported(workspace))
        if row is not None and imports.decode(row).stage is imports.Stage.FOLLOWING:
            return False
        return await ends.folded(self.broker, fold_agent(self._app("audit")), self.partition(workspace))

    async def known(self, workspace: str) -> int:
        """How far the workspace has got, by its state and by the newest records of the event log."""
        state, agent = self.state.position(workspace), fold_agent(self._app("audit"))
        return max(state, await ends.newest_position(self.broker, agent, self.partition(workspace), workspace))

    async def retry(self, partition: int, letter: DeadLetter) -> None:
        """Appends a dead letter's record again; folding it removes the letter. Raises BrokerUnavailable."""
        headers = ((RETRY, str(letter.offset).encode()),)
        await asyncio.shield(self.append(COMMANDS.name, partition, letter.key, letter.value, headers))

    async def discard(self, partition: int, letter: DeadLetter) -> None:
        """Appends that a dead letter is not wanted any more; folding that removes it. Raises BrokerUnavailable."""
        headers = ((DISCARD, str(letter.offset).encode()),)
        await asyncio.shield(self.append(COMMANDS.name, partition, letter.key, b"", headers))

    def replay(self, verify: bool, workspace: str | None, until: str | None) -> AsyncIterator[dict[str, Any]]:
        """Rebuilds the tables of this process from the event log; see streams.replay."""
        agents = [fold_agent(self._app(name)) for name in AGENTS]
        owned = agents[0].assigned()
        partitions = owned if workspace is None else [self.partition(workspace)]
        scratch = self.directory / "replay"
        progress = replay(self.broker, agents, partitions, scratch, verify, workspace, until)
        return measured(progress, partial(self._events, agents, partitions), verify, until is None)

    async def _events(self, agents: list[FoldAgent], partitions: list[int]) -> int:
        """How many events these agents have to fold in a replay, at most: one of a workspace folds fewer."""
        reader = fold_agent(self._app("audit"))
        ending = [await ends.end_of(self.broker, reader, EVENTS.name, number) for number in partitions]
        return sum(ending) * len(agents)

    @property
    def log(self) -> EmbeddedLog | None:
        """The embedded log, while this process has it open; None where the log is Kafka."""
        return self._appender.log if isinstance(self._appender, EmbeddedAppender) else None

    def partitions_of(self, name: str) -> list[int]:
        """The partitions that an agent has here; none while it does not run."""
        app = self.apps.get(name)
        return [] if app is None else fold_agent(app).assigned()

    def stores(self) -> list[RowStore]:
        """The databases with the tables of agents that are ready; on the embedded log there is one for all."""
        if self.log is not None:
            return [self.log.rows]
        return [] if self._appender is None else [fold_agent(app).table_rows for app in self.apps.values()]

    def _app(self, name: str) -> faust.App:
        app = self.apps.get(name)
        if name not in self.agents:
            raise NotHere(f"The agent {name!r} does not run in this process; ask one that runs it (serve --agents).")
        if app is None:
            raise NotOwned(f"the agent {name!r} is not ready yet")
        return app

    def rows(self, name: str, partition: int) -> PartitionRows:
        """The rows of a partition of an agent's table. Raises NotHere, NotOwned."""
        agent = fold_agent(self._app(name))
        if agent.owns(partition) and agent.app.tables.actives_ready:
            if not agent.leased:
                raise NotOwned(UNHEARD.format(name))
            if partition in agent.unfit:
                raise NotOwned(agent.unfit[partition])
            return agent.rows(partition)
        if agent.app.tables.actives_ready and not agent.app.rebalancing and partition not in agent.assigned():
            raise Elsewhere(f"another process has the partition of this workspace ({name})")
        raise NotOwned(f"the partition of this workspace is not served by this process just now ({name})")

    def standby_rows(self, name: str, partition: int) -> PartitionRows | None:
        """The rows of a partition of an agent's table as they were after some batch, if there is a copy here.

        Also of this process's own partitions, whether they may be another's by now or not. The rows move on. Those
        that are known to be incomplete are no copy.
        """
        app = self.apps.get(name)
        if app is None:
            return None
        agent = fold_agent(app)
        if partition in agent.unfit:
            return None
        own = agent.owns(partition) and app.tables.actives_ready
        return agent.rows(partition) if own or app.consumer.copied(partition) else None

    def standby(self, workspace: str) -> StateReader | None:
        """What this process knows of a workspace that may be another's, to be used for one answer; None if nothing.

        Its `position` says which state it shows. It asks nobody, and waits for nothing.
        """
        return self._copies.reader(workspace)

    def served(self, name: str) -> list[int]:
        """The partitions of an agent that this process writes just now; none while they move."""
        app = self.apps.get(name)
        if app is None or app.rebalancing or not (app.tables.actives_ready and fold_agent(app).leased):
            return []
        return fold_agent(app).owned()

    def append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> asyncio.Future[None]:
        """Appends a record behind those appended before; the result, when it is durable. Raises BrokerUnavailable."""
        if self._appender is None:
            raise BrokerUnavailable("This process has not started, or is stopping; try again.")
        span = tracing.child(f"append {topic}", tracing.Kind.PRODUCER)
        if span is None:
            return self._appender.send(topic, partition, key, value, headers)
        return self._traced(span, topic, partition, key, value, headers)

    def _traced(
        self, span: tracing.Span, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> asyncio.Future[None]:
        """The same for a record of a sampled trace, which carries it on."""
        span.set(
            {
                "messaging.operation.type": "send",
                "messaging.destination.name": topic,
                "messaging.destination.partition.id": str(partition),
            }
        )
        assert self._appender is not None
        try:
            durable = self._appender.send(topic, partition, key, value, tracing.carry(headers, span))
        except Exception as error:
            span.end(error)
            raise
        durable.add_done_callback(tracing.settle(span))
        return durable
