"""One life of a cluster by a seed: what its clients did, what went wrong, and what was found to be wrong with it.

The folds, the runner, gateway, readers, indexes, timers, outbox and feed are the real ones; the log, the disks, the
network, the groups and the clock are simulated. Everything follows from the seed, so what failed can be seen again step
by step: `python -m tests.simulation SEED --trace`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Final

from streams.partitioning import partition_of
from streams.topics import EVENTS
from tasksys.values import CLOCK
from tests.chaos.checker import check
from tests.chaos.history import Audited, History
from tests.simulation import endpoint, truth
from tests.simulation.clients import TRIES, Client
from tests.simulation.cluster import Cluster
from tests.simulation.faults import Fault, Faults, schedule
from tests.simulation.feed import Follower
from tests.simulation.loop import Stuck, Tell, World
from tests.simulation.network import Away
from tests.simulation.tale import PEOPLE

TROUBLE_SECONDS: Final = 8.0
SETTLE_SECONDS: Final = 25.0
"""After so long without faults everything must be at rest, and be done that is due."""
LOOK_SECONDS: Final = 0.5
QUIET: Final = 2
"""Looks after one another that must find nothing left to be done."""


@dataclass(frozen=True)
class Plan:
    """How large a life is."""

    workers: int = 2
    partitions: int = 2
    workspaces: int = 2
    steps: int = 16
    """Of each client."""
    faults: tuple[int, int] = (4, 9)
    kinds: tuple[str, ...] = ()
    """The only kinds of faults, where some are named."""

    @staticmethod
    def drawn(rng: Random) -> Plan:
        """One of those that a seed may have."""
        workers, partitions = rng.choice((2, 2, 3)), rng.choice((1, 2, 2, 3))
        return Plan(workers, partitions, min(2, partitions), rng.randint(10, 20), (2, rng.choice((6, 12))))


@dataclass
class Life:
    """What became of a seed."""

    seed: int
    violations: list[str]
    history: History
    faults: Counter[str]
    counts: Counter[str] = field(default_factory=Counter)


class Simulation:
    """A cluster, its clients and its faults."""

    def __init__(self, seed: int, plan: Plan, tell: Tell | None = None) -> None:
        self.seed, self.plan = seed, plan
        self.world = World(seed, tell)
        self.cluster = Cluster(self.world, plan.workers, plan.partitions)
        self.history = History(others=[CLOCK])
        self.names = [self._name(number) for number in range(plan.workspaces)]
        self._wrong: list[str] = []
        self._happening: Faults | None = None
        faults = schedule(self.world.rng, self.world.rng.randint(*plan.faults), plan.workers, TROUBLE_SECONDS)
        self.faults: list[Fault] = [one for one in faults if not plan.kinds or one.kind in plan.kinds]

    def _name(self, number: int) -> str:
        """A workspace on the next partition."""
        wanted, partitions = number % self.plan.partitions, self.plan.partitions
        return next(
            name for tried in range(1000) if partition_of(name := f"ws{number}-{tried}", partitions) == wanted
        )  # fmt: skip

    def run(self) -> Life:
        """The whole life."""
        try:
            self._live()
        except Stuck as stuck:
            self._wrong.append(f"stuck: {stuck}")
        finally:
            complaints = list(self.world.complaints)
            self.cluster.bury()
        violations = [*self._wrong, *complaints, *(str(one) for one in check(self.history))]
        counts = Counter(
            writes=len(self.history.writes), reads=len(self.history.reads), steps=self.world.steps,
            events=sum(len(space.log) for space in self.history.spaces.values()),
            feed=sum(len(one.seen) for one in self.history.followed),
            fired=sum(bool(event.fires) for space in self.history.spaces.values() for event in space.log),
            virtual=round(self.world.now),
        )  # fmt: skip
        return Life(
            self.seed, violations, self.history, self._happening.counted if self._happening else Counter(), counts
        )

    def _live(self) -> None:
        world, cluster, process = self.world, self.cluster, self.cluster.clients
        for number in range(self.plan.workers):
            cluster.start(number)
        founders = [self._client(name, PEOPLE[0]) for name in self.names]
        founding = [process.spawn(one.found()) for one in founders]
        self._until(lambda: all(task.done() for task in founding), 60.0, "workspaces are founded")
        self._happening = Faults(cluster, self.faults)
        calm = world.now + TROUBLE_SECONDS
        followers = [
            Follower(world, process, cluster.network, f"f{number}", name, state=number % 2 == 1)
            for number, name in enumerate(self.names * 2)
        ]
        clients = [*founders, *(self._client(name, user) for name in self.names for user in PEOPLE[1:2])]
        working = [process.spawn(one.work(self.plan.steps)) for one in clients]
        working += [process.spawn(self._client(name, PEOPLE[2]).glance(TROUBLE_SECONDS)) for name in self.names]
        self._until(lambda: all(task.done() for task in working), 200.0, "clients are done", heal=calm)
        for task in (*founding, *working):
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                self._wrong.append(f"a client: {error!r}")
        self._settle(followers, clients)

    def _client(self, workspace: str, user: str) -> Client:
        return Client(
            self.world, self.cluster.network, self.history, self.cluster.clock, f"{user}-{workspace}", user, workspace
        )

    def _until(self, done: object, bound: float, what: str, heal: float = float("inf")) -> None:
        assert callable(done)
        end, healed = self.world.now + bound, False
        while not done():
            if self.world.now > end:
                self._wrong.append(f"not within {bound} s: {what}")
                return
            if not healed and self.world.now > heal:
                healed = True
                self._heal()
            self.world.run(self.world.now + LOOK_SECONDS)

    def _heal(self) -> None:
        self.world.say("fault", "all is well from now on")
        if self._happening is not None:
            self._happening.stop()
        self.cluster.heal()

    def _settle(self, followers: list[Follower], clients: list[Client]) -> None:
        """Waits until everything is at rest, and writes down what is there then."""
        self._heal()
        self.cluster.clock.start += timedelta(minutes=5)  # what is to be tried again, is
        for one in followers:
            one.quick = True
        while True:
            self._rest(followers)
            ends = self._ends()
            asking = [self.cluster.clients.spawn(one.ask_for_all()) for one in clients]
            audits = self.cluster.clients.spawn(self._audit())
            self._until(lambda: all(task.done() for task in (*asking, audits)), 60.0, "all was asked")  # noqa: B023
            if self._wrong or (ends == self._ends() and not self._missing(followers)):
                break  # else something fell due meanwhile
        audited = audits.result() if audits.done() else {}
        self.history.spaces = truth.spaces(self.cluster, audited)
        self._wrong += truth.differences(self.cluster)
        for one in followers:
            self._wrong += one.wrong
            self.history.followed.append(one.followed())
            self._wrong += truth.unlike(self.cluster, one)

    def _rest(self, followers: list[Follower]) -> None:
        """Waits until nothing is left to be done."""
        end, quiet = self.world.now + SETTLE_SECONDS, 0
        while quiet < QUIET:
            self.world.run(self.world.now + LOOK_SECONDS)
            missing = self._missing(followers)
            quiet = 0 if missing else quiet + 1
            if self.world.now > end:
                self._wrong.append(f"not at rest after {SETTLE_SECONDS:.0f} s: {missing}")
                return

    def _missing(self, followers: list[Follower]) -> str:
        return self.cluster.missing() or self._behind(followers) or next(truth.overdue(self.cluster), "")

    def _ends(self) -> list[int]:
        """How long the logs are."""
        return [self.cluster.broker.log.end_of(EVENTS.name, number) for number in range(self.plan.partitions)]

    def _behind(self, followers: list[Follower]) -> str:
        for one in followers:
            owner = self.cluster.owner("commands", partition_of(one.workspace, self.plan.partitions))
            if owner is not None and one.position != owner.state.position(one.workspace):
                return f"{one.name} is at {one.position} of {owner.state.position(one.workspace)}"
        return ""

    async def _audit(self) -> dict[str, Audited]:
        found = {}
        for name in self.names:
            for _ in range(TRIES):
                worker = self.cluster.owner("audit", partition_of(name, self.plan.partitions))
                if worker is not None:
                    try:
                        verified, broken = await self.cluster.network.call(worker, endpoint.audited, name)
                    except (Away, TimeoutError):
                        await asyncio.sleep(0.1)
                        continue
                    found[name] = Audited(worker=worker.name, verified=verified, broken=broken)
                    break
        return found


def simulate(seed: int, plan: Plan | None = None, tell: Tell | None = None) -> Life:
    """One life, of that plan or of one that the seed gives; its violations are empty if all is well."""
    return Simulation(seed, plan or Plan.drawn(Random(seed)), tell).run()
