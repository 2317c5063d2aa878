"""What can break: processes, the ways between them, and clocks. `disk_faults` has what can break below the tables.

Each fault has a beginning, a length and an end, after which everything must be well again without a hand.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from time import monotonic
from typing import ClassVar, Final

from tests.chaos.history import Trouble
from tests.chaos.world import Worker, World

SESSION_SECONDS: Final = 6.0
LOOK_SECONDS: Final = 0.1
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


def the_worker(fault: Fault, world: World) -> Worker:
    """The one that suffers it."""
    return world.workers[fault.target]


class Kill(Fault):
    """kill -9, and a start some time later."""

    kind = "kill"
    longest = (0.0, 8.0)

    async def begin(self, world: World) -> None:
        await the_worker(self, world).kill()

    async def end(self, world: World) -> None:
        await the_worker(self, world).start()
        await world.until_ready(READY_SECONDS, [the_worker(self, world)])


class Stop(Kill):
    """SIGTERM, and a start some time later."""

    kind = "stop"
    longest = (0.0, 6.0)

    async def begin(self, world: World) -> None:
        await the_worker(self, world).stop()


class Freeze(Fault):
    """SIGSTOP for longer than a session lasts, then SIGCONT."""

    kind = "freeze"
    longest = (SESSION_SECONDS + 1.5, SESSION_SECONDS + 6)

    async def begin(self, world: World) -> None:
        the_worker(self, world).freeze()

    async def end(self, world: World) -> None:
        the_worker(self, world).thaw()
        await asyncio.sleep(1.0)  # it says that it is ready until it has heard that it is not
        await world.until_ready(READY_SECONDS, [the_worker(self, world)])


class Pause(Freeze):
    """SIGSTOP for less than a session: nobody else may notice."""

    kind = "pause"
    longest = (0.5, 3.5)


class Join(Fault):
    """Another worker joins, and leaves in good order."""

    kind = "join"
    longest = (4.0, 8.0)

    async def begin(self, world: World) -> None:
        await the_worker(self, world).start()
        await world.until_ready(READY_SECONDS, [the_worker(self, world)])

    async def end(self, world: World) -> None:
        await the_worker(self, world).stop()


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
        for line in the_worker(self, world).lines:
            line.cut()

    async def end(self, world: World) -> None:
        for line in the_worker(self, world).lines:
            line.mend()
        await world.until_ready(READY_SECONDS, [the_worker(self, world)])


class HalfOpenToBrokers(CutFromBrokers):
    """A worker's connections to the brokers fall silent, and nobody is told."""

    kind = "broker link half-open"
    longest = (2.0, 12.0)

    async def begin(self, world: World) -> None:
        for line in the_worker(self, world).lines:
            line.hush()


class SlowToBrokers(CutFromBrokers):
    """Everything between a worker and the brokers comes late."""

    kind = "broker link slow"
    longest = (4.0, 9.0)

    async def begin(self, world: World) -> None:
        for line in the_worker(self, world).lines:
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
        the_worker(self, world).link.cut()

    async def end(self, world: World) -> None:
        the_worker(self, world).link.mend()


class HalfOpenToClients(CutFromClients):
    """Clients' connections to a worker fall silent."""

    kind = "client link half-open"
    longest = (1.0, 6.0)

    async def begin(self, world: World) -> None:
        the_worker(self, world).link.hush()


class SlowToClients(CutFromClients):
    """Everything between clients and a worker comes late."""

    kind = "client link slow"
    longest = (2.0, 6.0)

    async def begin(self, world: World) -> None:
        the_worker(self, world).link.slow(0.02 + 0.3 * self.detail)


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


class StopBroker(KillBroker):
    """SIGTERM of a broker, which takes its leave of the others, and its start."""

    kind = "broker stop"

    async def begin(self, world: World) -> None:
        await asyncio.to_thread(world.brokers[self.target].stop)


class FreezeBroker(KillBroker):
    """SIGSTOP of a broker, and SIGCONT."""

    kind = "broker freeze"
    longest = (1.0, 10.0)

    async def begin(self, world: World) -> None:
        world.brokers[self.target].freeze()

    async def end(self, world: World) -> None:
        world.brokers[self.target].thaw()
        await world.until_ready(READY_SECONDS)


class StepClock(Fault):
    """A worker's wall clock steps by up to an hour, forward or back, and back to the truth."""

    kind = "clock step"
    blinds = False
    longest = (2.0, 6.0)

    async def begin(self, world: World) -> None:
        the_worker(self, world).set_clock((self.detail - 0.5) * 7200)

    async def end(self, world: World) -> None:
        the_worker(self, world).set_clock(0.0)
