"""Faults, and when they come: a schedule that a seed says. Each has a beginning, a length and an end, and a target that
suffers one fault at a time; after its end everything must be well again without a hand.

Why so long: it is one list of faults, each with what it does and how it ends.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import ClassVar, Final

from tests.chaos.disks import fail, fill, garble, garble_in_place, holds_data, lose, mend, remount
from tests.chaos.history import Trouble
from tests.chaos.world import Worker, World

SESSION_SECONDS: Final = 6.0
LOOK_SECONDS: Final = 0.1
SPOILED: Final = 0.2
LOST: Final = 0.35
"""Below and above which `detail` a disk that fails is damaged as well, or gone."""
READY_SECONDS: Final = 90.0
"""How long a worker may take until it is ready again, on a busy machine."""


@dataclass
class Fault(ABC):
    """One fault. `at` is in seconds from the beginning of the run, `seconds` how long it lasts."""

    at: float
    seconds: float
    target: int
    detail: float = 0.0
    """A number that the seed gives, for whatever is left to choose."""

    kind: ClassVar[str]
    longest: ClassVar[tuple[float, float]]
    """The bounds of its length."""
    shakes: ClassVar[bool] = False
    """Whether a worker that starts meanwhile may find no broker."""

    blinds: ClassVar[bool] = True
    """Whether a worker need not know meanwhile who has what: the target, if that is one, else all of them."""

    began: float = field(default=0.0, init=False)
    ended: float = field(default=0.0, init=False)

    def __str__(self) -> str:
        return f"{self.at:5.1f} s: {self.kind} of {self.whom} for {self.seconds:.1f} s"

    @property
    def whom(self) -> str:
        """The target's name; faults of one target do not overlap."""
        return f"worker-{self.target}"

    async def run(self, world: World) -> None:
        """The whole of it, from now."""
        self.began = monotonic()
        world.shaky += self.shakes
        try:
            await self.begin(world)
            await asyncio.sleep(self.seconds)
        finally:
            await self.end(world)
            world.shaky -= self.shakes
            self.ended = monotonic()

    @property
    def trouble(self) -> Trouble | None:
        """For the history, after its end."""
        if not self.blinds:
            return None
        return Trouble(self.whom if self.whom == f"worker-{self.target}" else "", self.began, self.ended)

    @abstractmethod
    async def begin(self, world: World) -> None:
        """What breaks."""

    @abstractmethod
    async def end(self, world: World) -> None:
        """What mends it."""


def _worker(fault: Fault, world: World) -> Worker:
    return world.workers[fault.target]


class Kill(Fault):
    """kill -9, and a start some time later."""

    kind = "kill"
    longest = (0.0, 8.0)

    async def begin(self, world: World) -> None:
        await _worker(self, world).kill()

    async def end(self, world: World) -> None:
        await _worker(self, world).start()
        await world.until_ready(READY_SECONDS, [_worker(self, world)])


class Stop(Kill):
    """SIGTERM, and a start some time later."""

    kind = "stop"
    longest = (0.0, 6.0)

    async def begin(self, world: World) -> None:
        await _worker(self, world).stop()


class Freeze(Fault):
    """SIGSTOP for longer than a session lasts, then SIGCONT."""

    kind = "freeze"
    longest = (SESSION_SECONDS + 1.5, SESSION_SECONDS + 6)

    async def begin(self, world: World) -> None:
        _worker(self, world).freeze()

    async def end(self, world: World) -> None:
        _worker(self, world).thaw()
        await asyncio.sleep(1.0)  # it says that it is ready until it has heard that it is not
        await world.until_ready(READY_SECONDS, [_worker(self, world)])


class Pause(Freeze):
    """SIGSTOP for less than a session: nobody else may notice."""

    kind = "pause"
    longest = (0.5, 3.5)


class Join(Fault):
    """Another worker joins, and leaves in good order."""

    kind = "join"
    longest = (4.0, 8.0)

    async def begin(self, world: World) -> None:
        await _worker(self, world).start()
        await world.until_ready(READY_SECONDS, [_worker(self, world)])

    async def end(self, world: World) -> None:
        await _worker(self, world).stop()


class Roll(Fault):
    """A rolling restart: each worker in turn is stopped, started, and ready before the next one's turn."""

    kind = "rolling restart"
    longest = (0.0, 0.0)

    @property
    def whom(self) -> str:
        return "all workers"

    async def begin(self, world: World) -> None:
        for worker in [one for one in world.workers if one.up]:
            await worker.stop()
            await worker.start()
            await world.until_ready(READY_SECONDS, [worker])

    async def end(self, world: World) -> None:
        pass


class CutFromBrokers(Fault):
    """A worker's connections to the brokers are reset, and it makes no new ones."""

    kind = "broker link cut"
    shakes = True
    longest = (0.2, 9.0)

    async def begin(self, world: World) -> None:
        for line in _worker(self, world).lines:
            line.cut()

    async def end(self, world: World) -> None:
        for line in _worker(self, world).lines:
            line.mend()
        await world.until_ready(READY_SECONDS, [_worker(self, world)])


class HalfOpenToBrokers(CutFromBrokers):
    """A worker's connections to the brokers fall silent, and nobody is told."""

    kind = "broker link half-open"
    longest = (2.0, 12.0)

    async def begin(self, world: World) -> None:
        for line in _worker(self, world).lines:
            line.hush()


class SlowToBrokers(CutFromBrokers):
    """Everything between a worker and the brokers comes late."""

    kind = "broker link slow"
    longest = (4.0, 9.0)

    async def begin(self, world: World) -> None:
        for line in _worker(self, world).lines:
            line.slow(0.03 + 0.25 * self.detail)


class CutFromClients(Fault):
    """Clients' connections to a worker are reset, and it cannot be reached."""

    kind = "client link cut"
    blinds = False
    longest = (0.2, 5.0)

    @property
    def whom(self) -> str:
        return f"the way to worker-{self.target}"

    async def begin(self, world: World) -> None:
        _worker(self, world).link.cut()

    async def end(self, world: World) -> None:
        _worker(self, world).link.mend()


class HalfOpenToClients(CutFromClients):
    """Clients' connections to a worker fall silent."""

    kind = "client link half-open"
    longest = (1.0, 6.0)

    async def begin(self, world: World) -> None:
        _worker(self, world).link.hush()


class SlowToClients(CutFromClients):
    """Everything between clients and a worker comes late."""

    kind = "client link slow"
    longest = (2.0, 6.0)

    async def begin(self, world: World) -> None:
        _worker(self, world).link.slow(0.02 + 0.3 * self.detail)


class KillBroker(Fault):
    """kill -9 of a broker, and its start."""

    kind = "broker kill"
    shakes = True
    longest = (0.0, 6.0)

    @property
    def whom(self) -> str:
        return f"broker-{self.target + 1}"

    async def begin(self, world: World) -> None:
        await asyncio.to_thread(world.brokers[self.target].kill)

    async def end(self, world: World) -> None:
        await asyncio.to_thread(world.brokers[self.target].start)
        await world.until_ready(READY_SECONDS)


class FreezeBroker(KillBroker):
    """SIGSTOP of a broker, and SIGCONT."""

    kind = "broker freeze"
    longest = (1.0, 10.0)

    async def begin(self, world: World) -> None:
        world.brokers[self.target].freeze()

    async def end(self, world: World) -> None:
        world.brokers[self.target].thaw()
        await world.until_ready(READY_SECONDS)


class FillDisk(Fault):
    """The disk of a worker's tables is full for a while."""

    kind = "disk full"
    longest = (3.0, 10.0)

    @property
    def ballast(self) -> str:
        """The file that fills it."""
        return "ballast"

    async def begin(self, world: World) -> None:
        _worker(self, world).may_die = True
        await asyncio.to_thread(fill, _worker(self, world).directory / self.ballast)

    async def end(self, world: World) -> None:
        (_worker(self, world).directory / self.ballast).unlink(missing_ok=True)
        await world.until_ready(READY_SECONDS, [_worker(self, world)])
        _worker(self, world).may_die = False


class ReadOnlyDisk(Fault):
    """A worker is killed, and finds its disk read-only when it comes back; then it is written to again."""

    kind = "disk read-only"
    longest = (2.0, 6.0)

    async def begin(self, world: World) -> None:
        worker = _worker(self, world)
        worker.may_die = True
        await worker.kill()
        await asyncio.to_thread(remount, worker.directory, "ro")
        with suppress(OSError):
            await worker.start()

    async def end(self, world: World) -> None:
        worker = _worker(self, world)
        await worker.kill()
        await asyncio.to_thread(remount, worker.directory, "rw")
        await worker.start()
        await world.until_ready(READY_SECONDS, [worker])
        worker.may_die = False


class FailDisk(Fault):
    """The disk of a running worker becomes read-only, at times with tables that are not what they were, or is gone.

    In the end somebody checks it, which needs the worker's end.
    """

    kind = "disk fails"
    longest = ReadOnlyDisk.longest

    async def begin(self, world: World) -> None:
        worker = _worker(self, world)
        if self.detail < SPOILED:
            await _spoil(worker, world, self.detail)
        await asyncio.to_thread(lose if self.detail > LOST else fail, worker.directory)

    async def end(self, world: World) -> None:
        worker = _worker(self, world)
        await worker.kill()
        await asyncio.to_thread(mend, worker.directory)
        await worker.start()
        await world.until_ready(READY_SECONDS, [worker])


async def _spoil(worker: Worker, world: World, detail: float) -> None:
    """Damages the tables of a worker that runs, but has not read everything yet: it has just started.

    A start after a kill puts into files what was in memory; who reads a block for the first time finds the damage.
    """
    await worker.kill()
    before = {path: path.stat().st_size for path in worker.tables}
    await worker.start()
    rng, ready = random.Random(detail), asyncio.create_task(world.until_ready(READY_SECONDS, [worker]))
    while not ready.done():
        await asyncio.wait({ready}, timeout=LOOK_SECONDS)
        for path in worker.tables:
            with suppress(FileNotFoundError):  # put together with others meanwhile
                size = path.stat().st_size
                if size and size == before.get(path):  # it is whole
                    await asyncio.to_thread(garble_in_place, path, rng)
                    before[path] = -1
                elif before.get(path) != -1:
                    before[path] = size


class StepClock(Fault):
    """A worker's wall clock steps by up to an hour, forward or back, and back to the truth."""

    kind = "clock step"
    blinds = False
    longest = (2.0, 6.0)

    async def begin(self, world: World) -> None:
        _worker(self, world).set_clock((self.detail - 0.5) * 7200)

    async def end(self, world: World) -> None:
        _worker(self, world).set_clock(0.0)


class Corrupt(Kill):
    """kill -9, and some bytes of the worker's tables are not what they were when it starts again."""

    kind = "tables corrupted"
    longest = (0.0, 3.0)

    async def begin(self, world: World) -> None:
        worker = _worker(self, world)
        await worker.kill()
        rng = random.Random(self.detail)
        files = sorted(path for path in (worker.directory / "tables").rglob("*") if holds_data(path))
        for path in rng.sample(files, min(len(files), 3)):
            garble(path, rng)


class Spoil(Fault):
    """The tables of a worker are not what they were, while it runs; nobody mends anything."""

    kind = "tables spoiled"
    longest = Corrupt.longest

    async def begin(self, world: World) -> None:
        await _spoil(_worker(self, world), world, self.detail)

    async def end(self, world: World) -> None:
        await world.until_ready(READY_SECONDS, [_worker(self, world)])


class Wipe(Kill):
    """kill -9, and the worker's tables are gone when it starts again."""

    kind = "tables wiped"
    longest = (0.0, 3.0)

    async def begin(self, world: World) -> None:
        await _worker(self, world).kill()
        shutil.rmtree(_worker(self, world).directory / "tables", ignore_errors=True)


@dataclass(frozen=True)
class Setting:
    """What there is to break: so many workers and brokers, what the machine allows. `small` has a disk of its own."""

    workers: int = 2
    brokers: int = 1
    spare: int = 1
    clocks: bool = False
    small: int | None = None
    failing: bool = False
    """Whether the small disk can be made to fail under a running worker."""


OF_WORKERS: Final[tuple[type[Fault], ...]] = (
    Kill, Kill, Freeze, Freeze, Pause, Stop, CutFromBrokers, HalfOpenToBrokers, SlowToBrokers, CutFromClients,
    HalfOpenToClients, SlowToClients, Corrupt, Wipe,
)  # fmt: skip
"""Of those that come more often, more."""

OF_BROKERS: Final[tuple[type[Fault], ...]] = (KillBroker, FreezeBroker)


def schedule(seed: int, setting: Setting, faults: int) -> list[Fault]:
    """So many faults, in the order of their beginnings. Some overlap, never on one target."""
    rng = random.Random(f"faults {seed}")
    kinds = [*OF_WORKERS, *OF_BROKERS]
    if setting.spare:
        kinds += [Join, Join]
    if setting.workers > 1:
        kinds.append(Roll)
    if setting.clocks:
        kinds.append(StepClock)
    if setting.small is not None:
        kinds += [FillDisk, ReadOnlyDisk]
    found: list[Fault] = []
    busy: dict[str, float] = {}
    now = 2.0
    for _ in range(faults):
        kind = rng.choice(kinds)
        seconds, target, detail = round(rng.uniform(*kind.longest), 1), _target(kind, setting, rng), rng.random()
        fault = _running(kind, setting, detail)(round(now, 1), seconds, target, detail)
        over = max([fault.at, *(end for whom, end in busy.items() if _collide(fault.whom, whom))])
        fault.at = round(over, 1)
        busy[fault.whom] = fault.at + fault.seconds + _healing(fault)
        found.append(fault)
        apart = rng.random() < 0.6  # else it overlaps with the next one
        now = fault.at + (fault.seconds + rng.uniform(1.0, 4.0) if apart else rng.uniform(0.2, 2.0))
    return sorted(found, key=lambda fault: fault.at)


def _running(kind: type[Fault], setting: Setting, detail: float) -> type[Fault]:
    """Half of the faults of disks befall workers that run; the seeds say the same as before there were those."""
    if kind is Corrupt and detail < 0.5:
        return Spoil
    if setting.failing and kind in (FillDisk, ReadOnlyDisk) and detail < 0.5:
        return FailDisk
    return kind


def _target(kind: type[Fault], setting: Setting, rng: random.Random) -> int:
    if kind is Join:
        return setting.workers + rng.randrange(setting.spare)
    if kind in (FillDisk, ReadOnlyDisk):
        assert setting.small is not None
        return setting.small
    return rng.randrange(setting.brokers if kind in OF_BROKERS else setting.workers)


def _collide(one: str, other: str) -> bool:
    """Whether two targets may not suffer at once."""
    return one == other or "all workers" in (one, other)


def _healing(fault: Fault) -> float:
    """Seconds from its end until the next may be of the same target."""
    return {"rolling restart": 15.0, "join": 6.0}.get(fault.kind, 3.0)


async def unleash(world: World, faults: list[Fault]) -> None:
    """Lets them happen, each at its time from now; returns when the last one is mended."""
    loop = asyncio.get_running_loop()
    zero = loop.time()
    locks: dict[str, asyncio.Lock] = {}

    async def one(fault: Fault) -> None:
        await asyncio.sleep(max(0.0, zero + fault.at - loop.time()))
        names = sorted({worker.name for worker in world.workers}) if fault.whom == "all workers" else [fault.whom]
        for name in names:
            await locks.setdefault(name, asyncio.Lock()).acquire()
        try:
            await fault.run(world)
        finally:
            for name in names:
                locks[name].release()

    async with asyncio.TaskGroup() as group:
        for fault in faults:
            group.create_task(one(fault))
