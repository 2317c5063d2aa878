"""When what breaks: a schedule that a seed says. Faults may overlap, but no target suffers two at a time."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Final

from tests.chaos.disk_faults import Corrupt, FailDisk, FillDisk, ReadOnlyDisk, Spoil, Wipe
from tests.chaos.faults import (
    CutFromBrokers,
    CutFromClients,
    Fault,
    Freeze,
    FreezeBroker,
    HalfOpenToBrokers,
    HalfOpenToClients,
    Join,
    Kill,
    KillBroker,
    Pause,
    Roll,
    SlowToBrokers,
    SlowToClients,
    StepClock,
    Stop,
    StopBroker,
)
from tests.chaos.world import World


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


def schedule(seed: int, setting: Setting, faults: int, only: str = "") -> list[Fault]:
    """So many faults, in the order of their beginnings. Some overlap, never on one target.

    Raises ValueError if there is no fault of the kind that all are to be of.
    """
    rng = random.Random(f"faults {seed}")
    kinds: list[type[Fault]] = [*OF_WORKERS, *OF_BROKERS]
    if setting.spare:
        kinds += [Join, Join]
    if setting.workers > 1:
        kinds.append(Roll)
    if setting.clocks:
        kinds.append(StepClock)
    if setting.small is not None:
        kinds += [FillDisk, ReadOnlyDisk]
    if only:
        kinds += [StopBroker, Spoil, *([FailDisk] if setting.failing and setting.small is not None else [])]
        kinds = [kind for kind in kinds if kind.kind == only]
    if not kinds:
        raise ValueError(f"there is no fault of the kind {only!r} here")
    found: list[Fault] = []
    busy: dict[str, float] = {}
    now = 2.0
    for _ in range(faults):
        kind = rng.choice(kinds)
        seconds, target, detail = round(rng.uniform(*kind.longest), 1), _target(kind, setting, rng), rng.random()
        kind = kind if only else _running(kind, setting, detail)
        fault = kind(round(now, 1), seconds, target, detail)
        over = max([fault.at, *(end for whom, end in busy.items() if _collide(fault.whom, whom))])
        fault.at = round(over, 1)
        busy[fault.whom] = fault.at + fault.seconds + _healing(fault)
        found.append(fault)
        apart = rng.random() < 0.6  # else it overlaps with the next one
        now = fault.at + (fault.seconds + rng.uniform(1.0, 4.0) if apart else rng.uniform(0.2, 2.0))
    return sorted(found, key=lambda fault: fault.at)


def _running(kind: type[Fault], setting: Setting, detail: float) -> type[Fault]:
    """Half of the faults of disks befall workers that run, and half of the brokers that go do so in good order.

    The rest of a seed's schedule is as it was before there were those.
    """
    if kind is Corrupt and detail < 0.5:
        return Spoil
    if setting.failing and kind in (FillDisk, ReadOnlyDisk) and detail < 0.5:
        return FailDisk
    if kind is KillBroker and detail < 0.5:
        return StopBroker
    return kind


def _target(kind: type[Fault], setting: Setting, rng: random.Random) -> int:
    if kind is Join:
        return setting.workers + rng.randrange(setting.spare)
    if kind in (FillDisk, ReadOnlyDisk):
        assert setting.small is not None
        return setting.small
    return rng.randrange(setting.brokers if issubclass(kind, OF_BROKERS) else setting.workers)


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
