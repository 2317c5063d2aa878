"""What goes wrong in a simulation, when, and for how long: a schedule that the seed gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from streams.transport.database import DatabaseError, DiskFull, DiskReadOnly
from tests.simulation.broker import SESSION_SECONDS

if TYPE_CHECKING:
    from tests.simulation.cluster import Cluster

SHORT: Final = (0.1, 2.0)
LONG: Final = (SESSION_SECONDS + 0.3, SESSION_SECONDS + 5.0)
"""How long a fault lasts, in seconds: well below a session, or beyond it, so that others take over."""
FEW: Final = 4
"""In half of the lives only so many kinds of faults occur, which meet more often then."""


class Fault(NamedTuple):
    """One. `worker` is the number of whom it befalls, where it is a worker's."""

    at: float
    kind: str
    worker: int
    seconds: float


KINDS: Final = {
    "kill": 6, "power": 3, "wipe": 2, "stop": 4, "freeze": 6, "cut": 4, "hide": 3, "broker": 2, "crash": 4,
    "forget": 3, "full": 1, "jump": 3, "skew": 2, "join": 2,
}  # fmt: skip
"""Kinds of faults, and how often they are drawn."""

OTHERS: Final = {"wipe": "rot", "crash": "rot", "full": "readonly"}
"""In place of some of those kinds."""


def schedule(rng: Random, count: int, workers: int, until: float) -> list[Fault]:
    """So many faults, in the order of their beginning."""
    some = list(KINDS) if rng.random() < 0.5 else rng.sample(list(KINDS), FEW)
    kinds = rng.choices(some, [KINDS[kind] for kind in some], k=count)
    found = [
        Fault(rng.uniform(0.2, until), kind, rng.randrange(workers), rng.uniform(*rng.choice((SHORT, LONG))))
        for kind in kinds
    ]
    return sorted(_other(fault) for fault in found)


def _other(fault: Fault) -> Fault:
    """Half of some kinds are others, that came later: so seeds without those mean what they meant before."""
    return fault._replace(kind=OTHERS.get(fault.kind, fault.kind)) if int(fault.at * 1e6) % 2 else fault


class Faults:
    """Does what the schedule says to a cluster."""

    def __init__(self, cluster: Cluster, faults: list[Fault]) -> None:
        self._cluster, self._world = cluster, cluster.world
        self.counted: Counter[str] = Counter()
        self._healing = False
        for fault in faults:
            self._world.later(fault.at, partial(self._begin, fault))

    def stop(self) -> None:
        """No more of them begin."""
        self._healing = True

    def _begin(self, fault: Fault) -> None:
        if self._healing:
            return
        if not (end := getattr(self, f"_{fault.kind}")(fault.worker)):
            return
        self._world.say("fault", f"{fault.kind} of w{fault.worker} for {fault.seconds:.3f} s")
        self.counted[fault.kind] += 1
        self._world.later(fault.seconds, end)

    def _kill(self, number: int) -> Callable[[], object] | bool | None:
        """A worker ends in the middle of whatever it does, and starts again."""
        return self._cluster.kill(number) and (lambda: self._cluster.start(number))

    def _power(self, number: int) -> Callable[[], object] | bool | None:
        """The same, and what its disk had not synced yet is gone."""
        if not self._cluster.kill(number):
            return None
        self._cluster.disks[number].cut_power(self._world.rng)
        return lambda: self._cluster.start(number)

    def _wipe(self, number: int) -> Callable[[], object] | bool | None:
        """The same, and nothing is left of its tables."""
        if not self._cluster.kill(number):
            return None
        self._cluster.disks[number].wipe()
        return lambda: self._cluster.start(number)

    def _stop(self, number: int) -> Callable[[], object] | bool | None:
        """A worker stops in good order, and starts again."""
        return self._cluster.stop(number) and (lambda: self._cluster.start(number))

    def _freeze(self, number: int) -> Callable[[], object] | bool | None:
        """A worker stands still, shorter or longer than a session, and goes on as if nothing had been."""
        worker = self._cluster.running(number)
        if worker is None:
            return None
        worker.process.freeze()
        return lambda: self._world.thaw(worker.process)

    def _cut(self, number: int) -> Callable[[], object] | bool | None:
        """Nothing comes through between a worker and the broker."""
        worker = self._cluster.running(number)
        if worker is None:
            return None
        worker.wire.cut = True
        return lambda: self._cluster.connect(worker)

    def _hide(self, number: int) -> Callable[[], object] | bool | None:
        """Nothing comes through between a worker and its clients."""
        cut = self._cluster.network.cut
        cut.add(f"w{number}")
        return lambda: cut.discard(f"w{number}")

    def _broker(self, number: int) -> Callable[[], object] | bool | None:
        """The broker is down; it forgets nothing."""
        broker = self._cluster.broker
        if broker.down:
            return None
        broker.down = True
        return self._cluster.broker_up

    def _crash(self, number: int) -> Callable[[], object] | bool | None:
        """One agent of a worker ends by a fault, and is started anew."""
        worker = self._cluster.running(number)
        if worker is None or not worker.agents:
            return None
        agent = self._world.rng.choice(list(worker.agents.values()))
        self._world.post(worker.process, 0.0, None, agent.fail, RuntimeError("a fault"))
        return lambda: None

    def _forget(self, number: int) -> Callable[[], object] | bool | None:
        """Half of the broker's answers to a worker get lost."""
        worker = self._cluster.running(number)
        if worker is None:
            return None
        worker.wire.forgets = 0.5
        return lambda: setattr(worker.wire, "forgets", 0.0)

    def _full(self, number: int) -> Callable[[], object] | bool | None:
        """A worker's disk is full."""
        return self._unwritable(number, DiskFull("IO error: No space left on device"))

    def _readonly(self, number: int) -> Callable[[], object] | bool | None:
        """A worker's disk takes no writes at all."""
        return self._unwritable(number, DiskReadOnly("IO error: Read-only file system"))

    def _unwritable(self, number: int, fault: DatabaseError) -> Callable[[], object]:
        disk = self._cluster.disks[number]
        disk.fault = fault
        return lambda: setattr(disk, "fault", None)

    def _rot(self, number: int) -> Callable[[], object] | bool | None:
        """Some rows on the disk of a worker that runs cannot be read any more, which is found by who reads them."""
        worker = self._cluster.running(number)
        if worker is None or not self._cluster.disks[number].rot(self._world.rng, self._world.rng.choice((1, 3, 1000))):
            return None
        return lambda: None

    def _jump(self, number: int) -> Callable[[], object] | bool | None:
        """All clocks go on by minutes, or by a day."""
        by = self._world.rng.choice((timedelta(minutes=2), timedelta(hours=20), timedelta(days=1, hours=1)))
        self._cluster.clock.start += by
        return lambda: None

    def _skew(self, number: int) -> Callable[[], object] | bool | None:
        """A worker's clock is wrong by up to half a minute."""
        worker = self._cluster.running(number)
        if worker is None:
            return None
        worker.skew = timedelta(seconds=self._world.rng.uniform(-30, 30))
        return lambda: setattr(worker, "skew", timedelta())

    def _join(self, number: int) -> Callable[[], object] | bool | None:
        """One more worker comes, and leaves again."""
        if self._cluster.running(self._cluster.spare) is not None:
            return None
        self._cluster.start(self._cluster.spare)
        return lambda: self._cluster.stop(self._cluster.spare) and None


def what(kind: str) -> str:
    """A kind of fault in words."""
    return str(getattr(Faults, f"_{kind}").__doc__)
