"""Several workers around one broker, that come and go."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Final

from streams.parts import AGENTS
from streams.transport.database import DatabaseCorrupt
from tasksys.deliveries import Letter, Result
from tests.simulation.broker import Broker
from tests.simulation.disk import Disk
from tests.simulation.loop import Process, World
from tests.simulation.network import Network
from tests.simulation.worker import Clock, Worker

START: Final = datetime(2026, 3, 8, 9, tzinfo=UTC)
FAILING: Final = 0.3
"""Of so many letters one does not get through, while things go wrong."""


class Cluster:
    """`workers` of them, and one more that may join; their disks outlive them."""

    def __init__(self, world: World, workers: int, partitions: int) -> None:
        self.world = world
        self.spare = workers
        self.clock = Clock(world, START)
        self.broker = Broker(world, lambda: int(self.clock.now().timestamp() * 1000), partitions)
        self.clients = Process(world, "clients")
        self.network = Network(world, self.clients)
        self.disks = [Disk() for _ in range(workers + 1)]
        self.sent: Counter[tuple[str, str, bool]] = Counter()
        """Letters by key and channel, and whether they got through."""
        self.calm = False
        self._workers: dict[int, Worker] = {}
        self._lives: list[Worker] = []

    # --- lives

    def start(self, number: int) -> None:
        """A worker starts, if it does not run; on its disk is what was there.

        One that was frozen while it stopped is killed first: two processes cannot have the same tables open.
        """
        if self.running(number) is not None:
            return
        self.kill(number)
        worker = Worker(self.world, self.broker, self.disks[number], f"w{number}", self.clock, self._deliver)
        self._workers[number] = worker
        self._lives.append(worker)
        self._tell_clients()

    def running(self, number: int) -> Worker | None:
        """The worker of that number, frozen or not, unless it has stopped or stops."""
        worker = self._workers.get(number)
        return None if worker is None or not worker.process.alive or worker.stopping else worker

    def kill(self, number: int) -> bool:
        """The worker dies, with some of what it was about to send; False if it does not run."""
        worker = self._workers.get(number)
        if worker is None or not worker.process.alive or worker.stopped:
            return False
        worker.process.kill()
        worker.wire.swallowed = self.world.rng.random() < 0.5
        self._tell_clients()
        return True

    def stop(self, number: int) -> bool:
        """The worker stops in good order."""
        worker = self.running(number)
        if worker is None:
            return False
        worker.stop()
        self._tell_clients()
        return True

    def connect(self, worker: Worker) -> None:
        """The way from a worker to the broker is free again."""
        worker.wire.cut = False
        worker.wire.heal()
        self._read_again(worker)

    def broker_up(self) -> None:
        """The broker is back."""
        self.broker.come_up()
        for worker in self._workers.values():
            if worker.process.alive and not worker.wire.cut:
                worker.wire.heal()
                self._read_again(worker)

    def _read_again(self, worker: Worker) -> None:
        def again() -> None:
            for agent in worker.agents.values():
                for reader in agent.readers:
                    reader.again()

        self.world.post(worker.process, worker.wire.delay(), None, again)

    def _tell_clients(self) -> None:
        alive = [worker for worker in self._workers.values() if worker.process.alive]
        self.network.workers = [worker for worker in alive if not worker.stopping]

    def _deliver(self, letter: Letter) -> Result:
        fine = self.calm or self.world.rng.random() > FAILING
        self.sent[letter.key, letter.channel.name, fine] += 1
        return Result() if fine else Result("503")

    # --- the end

    def heal(self) -> None:
        """Nothing is wrong any more, and every worker but the spare one runs."""
        self.calm = True
        self.network.cut.clear()
        self.broker_up()
        for number, disk in enumerate(self.disks):
            disk.fault = None
            self._check(number)
        for worker in self._workers.values():
            worker.wire.forgets, worker.skew = 0.0, worker.skew * 0
            if worker.process.alive:
                if worker.process.parked is not None:
                    self.world.thaw(worker.process)
                if worker.wire.cut:
                    self.connect(worker)
        for number in range(self.spare):
            worker = self._workers[number]
            if worker.stopping or not worker.process.alive:
                self.start(number)

    def _check(self, number: int) -> None:
        """Somebody looks through a disk: what cannot be read there, nobody need come across any more."""
        worker, disk = self._workers.get(number), self.disks[number]
        for name in disk.rotten:
            if worker is None or not worker.process.alive or worker.stopped:
                disk.put_aside(name)
            else:
                disk.damaged.add(name)
                error = DatabaseCorrupt("Corruption: found by a check")
                self.world.post(worker.process, 0.0, None, worker.unreadable, name, error)

    def owner(self, agent: str, partition: int) -> Worker | None:
        """Who serves a partition."""
        for worker in self._workers.values():
            if worker.process.alive and worker.agents and partition in worker.served(agent):
                return worker
        return None

    def missing(self) -> str:
        """What is not done yet; blank if everything is at rest."""
        for name in AGENTS:
            for number in range(self.broker.partitions):
                owner = self.owner(name, number)
                if owner is None:
                    return f"nobody serves {name}[{number}]"
                agent = owner.agents[name]
                end = self.broker.log.all(agent.spec.source.name, number)
                if end and agent.position(number) <= end[-1].offset:
                    return (
                        f"{owner.name} has folded {name}[{number}] up to {agent.position(number)} of {end[-1].offset}"
                    )
        return ""

    def bury(self) -> None:
        """Ends what is left of every process."""
        for worker in self._lives:
            worker.process.bury()
        self.clients.bury()
