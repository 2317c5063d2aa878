"""A worker: the real parts of one, its feed and its agents, over the simulated broker and a disk of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, cast

from streams.copies import Copies
from streams.fold import Headers
from streams.parts import AGENTS, Parts
from streams.reader import StateReader
from streams.topics import COMMANDS
from streams.transport.database import DatabaseCorrupt
from tasksys.deliveries import Letter, Result
from tasksys.errors import BrokerUnavailable, Elsewhere, NotOwned
from tasksys.ownership import Ownership
from tasksys.values import ZONES
from tests.simulation.agent import Agent
from tests.simulation.broker import Broker, Unknown
from tests.simulation.disk import Disk, Table
from tests.simulation.log import Entry
from tests.simulation.loop import Line, Process, World
from tests.simulation.wire import Lost, Wire
from views.feed.hub import Hub
from views.feed.limits import Limits
from views.ports import System

HEARTBEAT_SECONDS: Final = 0.5
TWICE: Final = 0.02
"""Of so many appended commands one gets into the log twice, as a proxy or a client in a hurry has it."""
LIMITS: Final = Limits(backlog_bytes=20_000, backlog_messages=60)


class Clock:
    """What time it is, for people: at times it is set."""

    def __init__(self, world: World, start: datetime) -> None:
        self._world = world
        self.start = start

    def now(self) -> datetime:
        """Aware."""
        return self.start + timedelta(seconds=self._world.now)


class Worker:
    """One life of a worker, from its start to its stop or death."""

    def __init__(
        self, world: World, broker: Broker, disk: Disk, name: str, clock: Clock, deliver: Callable[[Letter], Result]
    ) -> None:
        self.world, self.broker, self.disk, self.name = world, broker, disk, name
        self.url = f"http://{name}"
        self.process = Process(world, name)
        self.wire = Wire(world, self.process, broker)
        self.clock, self.skew = clock, timedelta()
        self.stopping = False
        self.agents: dict[str, Agent] = {}
        self._deliver = deliver
        self._lines: dict[tuple[str, int], Line] = {}
        disk.damaged.clear()
        disk.tell = self._unreadable
        self._task = self.process.spawn(self._run())

    def say(self, what: str) -> None:
        """Notes a step."""
        self.world.say(self.name, what)

    def _unreadable(self, agent: str, error: DatabaseCorrupt) -> None:
        asyncio.get_running_loop().call_soon(self.unreadable, agent, error)

    def unreadable(self, agent: str, error: DatabaseCorrupt) -> None:
        """The agent stops, and makes its rows anew."""
        if agent in self.agents:
            self.agents[agent].fail(error)

    def now(self) -> datetime:
        """What time this worker believes that it is."""
        return self.clock.now() + self.skew

    async def _run(self) -> None:
        self.parts = Parts(self, self.now, ZONES, self.world.rng.random)
        self.gateway, self.state, self.history = self.parts.gateway, self.parts.state, self.parts.history
        self.state_positions, self.history_positions = self.parts.state_positions, self.parts.history_positions
        self._copies = Copies(lambda workspace: self.agents["commands"].copy(self.partition(workspace)))
        self.hub = Hub(cast(System, self), LIMITS)  # what the feed asks of it is here
        self.agents = {name: Agent(self, name) for name in AGENTS}
        tasks = [asyncio.create_task(agent.run(), name=agent.name) for agent in self.agents.values()]
        tasks += [asyncio.create_task(timer.run()) for timer in self.parts.timers.values()]
        tasks += [asyncio.create_task(self.parts.outbox.run(self)), asyncio.create_task(self._beat())]
        try:
            await asyncio.wait(tasks)
        finally:
            self.hub.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.say("has stopped")

    def stop(self) -> None:
        """Begins to stop in good order."""
        self.stopping = True
        self.world.post(self.process, 0.0, None, self._task.cancel)

    @property
    def stopped(self) -> bool:
        """Whether it has."""
        return self._task.done()

    async def deliver(self, letter: Letter) -> Result:
        """The courier."""
        await asyncio.sleep(self.world.rng.random() * 0.2)
        return self._deliver(letter)

    async def _beat(self) -> None:
        """Tells the groups that it lives; one message for all agents."""
        line, lapsed = Line(), True
        while True:
            commands = self.agents["commands"]
            if not commands.leased and not lapsed:
                for number in range(self.partitions):
                    self.parts.break_off(number)
            lapsed = not commands.leased
            named = {
                one.name: (one.member, one.assignment.generation)
                for one in self.agents.values()
                if one.assignment is not None
            }
            asked = self.wire.ask(line, self._at_broker, named)
            asked.add_done_callback(partial(self._beaten, self.world.now, named))
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def _at_broker(self, named: dict[str, tuple[str, int]]) -> dict[str, bool | None]:
        answers: dict[str, bool | None] = {}
        for name, (member, generation) in named.items():
            try:
                answers[name] = self.broker.groups[name].beat(member, generation)
            except Unknown:
                answers[name] = None
        return answers

    def _beaten(
        self, sent: float, named: dict[str, tuple[str, int]], asked: asyncio.Future[dict[str, bool | None]]
    ) -> None:
        if asked.cancelled() or asked.exception() is not None:
            return
        for name, answer in asked.result().items():
            self.agents[name].beaten(sent, named[name][1], answer)

    # --- as a host of parts, see streams.parts.Host

    @property
    def partitions(self) -> int:
        """How many there are."""
        return self.broker.partitions

    def rows(self, name: str, partition: int) -> Table:
        """The rows of a partition that is served here. Raises NotOwned, Elsewhere."""
        agent = self.agents[name]
        if agent.serves and agent.assignment is not None:
            if partition in agent.assignment.active:
                return agent.table(partition)
            raise Elsewhere(f"another worker has it ({name})")
        raise NotOwned(f"nobody knows just now ({name})")

    def assigned(self, name: str) -> list[int]:
        """The partitions that an agent has here."""
        assignment = self.agents[name].assignment
        if assignment is None:
            raise NotOwned(f"nobody knows just now ({name})")
        return sorted(assignment.active)

    def served(self, name: str) -> list[int]:
        """The partitions that an agent serves here."""
        agent = self.agents[name]
        return sorted(agent.assignment.active) if agent.serves and agent.assignment is not None else []

    def append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> asyncio.Future[None]:
        """Appends a record behind those before."""
        line = self._lines.setdefault((topic, partition), Line())
        twice = topic == COMMANDS.name and self.world.rng.random() < TWICE
        entries = [Entry(key, value, headers)] * (2 if twice else 1)
        durable: asyncio.Future[None] = self.process.create_future()
        asked = self.wire.ask(line, self.broker.log.append, topic, partition, entries)
        asked.add_done_callback(partial(_appended, durable))
        return durable

    # --- what the feed asks, see views.ports.System

    def partition(self, workspace: str) -> int:
        """The partition of a workspace."""
        return self.parts.partition(workspace)

    def ownership(self, agent: str = "commands") -> Ownership:
        """Who has what, as the last assignment said."""
        assignment = self.agents[agent].assignment
        return Ownership() if assignment is None else Ownership(assignment.generation, assignment.owners)

    def standby(self, workspace: str) -> StateReader | None:
        """What is known here of a workspace that may be another's."""
        return self._copies.reader(workspace)

    @property
    def follow(self) -> Callable[..., Callable[[], None]]:
        """See `Parts.follow`."""
        return self.parts.follow


def _appended(durable: asyncio.Future[None], asked: asyncio.Future[int]) -> None:
    if asked.cancelled() or durable.done():
        durable.cancel()
    elif (error := asked.exception()) is None:
        durable.set_result(None)
    else:
        durable.set_exception(BrokerUnavailable(str(error)) if isinstance(error, Lost) else error)
