"""A cluster to be broken: brokers, several `tasksys serve`, and ways between all of them that can be cut.

Each worker reaches each broker over a way of its own (a listener whose advertised address is that way's port), and
clients reach each worker over one; workers reach each other directly. Everything is a real process.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from tests.chaos.disks import small_disk
from tests.chaos.links import HOST, Link
from tests.support.kafka_broker import KafkaBroker
from tests.support.ports import free_ports
from tests.support.serving import Serving

PARTITIONS: Final = 4
KEY: Final = "0123456789abcdef0123456789abcdef"
FAKETIME: Final = (
    Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
    Path("/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"),
)
STARTED_IN_VAIN: Final = "does not answer"
"""What a worker says that ends because there is no broker to start with."""

COMMON: Final = {
    "auto.create.topics.enable": "false",
    "group.min.session.timeout.ms": "1000",
    "inter.broker.listener.name": "PLAINTEXT",
}


class ChaosBroker(KafkaBroker):
    """One of `nodes` brokers, which are each other's controllers, with a listener for each worker."""

    def __init__(self, directory: Path, number: int, workers: int) -> None:
        super().__init__(directory)
        self.number = number
        self.listeners = free_ports(workers)
        self.lines: list[Link] = []
        self.voters = ""
        self.copies = 1

    @property
    def controller(self) -> str:
        """How the other controllers reach it."""
        return f"{self.number}@{HOST}:{self._controller_port}"

    def _properties(self) -> dict[str, str]:
        own = {f"W{worker}": port for worker, port in enumerate(self.listeners)}
        advertised = {f"W{worker}": line.port for worker, line in enumerate(self.lines)}
        plain = {"PLAINTEXT": self._port}
        least = max(1, self.copies - 1)
        return {
            **super()._properties(),
            **COMMON,
            "node.id": str(self.number),
            "controller.quorum.voters": self.voters,
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in ("CONTROLLER", *plain, *own)),
            "listeners": _addresses({"CONTROLLER": self._controller_port, **plain, **own}),
            "advertised.listeners": _addresses({**plain, **advertised}),
            "offsets.topic.replication.factor": str(self.copies),
            "transaction.state.log.replication.factor": str(self.copies),
            "transaction.state.log.min.isr": str(least),
            "min.insync.replicas": str(least),
        }


def _addresses(ports: dict[str, int]) -> str:
    return ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())


@dataclass
class Worker:
    """One `tasksys serve`, its ways to the brokers, and the way that clients take to it."""

    number: int
    directory: Path
    lines: list[Link]
    clock: Path | None = None
    """Where its clock is set, if it can be."""
    small_disk: bool = False
    up: bool = False
    """Whether it is meant to run now."""
    may_die: bool = False
    """Whether it is no fault of its own if it ends by itself."""
    link: Link = field(init=False)
    serving: Serving = field(init=False)

    def __post_init__(self) -> None:
        servers = ",".join(f"{HOST}:{line.port}" for line in self.lines)
        settings: dict[str, str] = {"TASKSYS_SECRET_KEY": KEY}
        if self.clock is not None:
            self.set_clock(0.0)
            settings |= _clockwork(self.clock)
        options = ["--broker", f"kafka://{servers}", "--partitions", str(PARTITIONS)]
        options += ["--replication", str(min(3, len(self.lines)))]
        self.serving = Serving(self.directory, *options, settings=settings)
        self.link = Link(lambda: self.serving.port)

    @property
    def name(self) -> str:
        """As reports have it."""
        return f"worker-{self.number}"

    @property
    def tables(self) -> list[Path]:
        """The files of its tables, but for those that are being written."""
        return sorted((self.directory / "tables").rglob("*.sst"))

    async def start(self) -> None:
        """Starts the process; it becomes ready in its own time."""
        self.up = True
        if self.serving._process is not None:
            await asyncio.to_thread(self.serving.kill)
        await asyncio.to_thread(self.serving.spawn)

    async def kill(self) -> None:
        """kill -9."""
        self.up = False
        await asyncio.to_thread(self.serving.kill)

    async def stop(self) -> int | None:
        """SIGTERM, and its exit code."""
        self.up = False
        return await asyncio.to_thread(self.serving.stop)

    def freeze(self) -> None:
        """SIGSTOP."""
        self.serving.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.serving.signal(signal.SIGCONT)

    async def ready(self) -> bool:
        """Whether it says so."""
        return self.serving._process is not None and await asyncio.to_thread(self.serving.ready)

    def set_clock(self, seconds: float) -> None:
        """Its wall clock, so many seconds beside the true one."""
        assert self.clock is not None
        self.clock.write_text(f"{seconds:+.0f}s", encoding="ascii")

    @property
    def died(self) -> bool:
        """Whether it has ended though it is meant to run."""
        process = self.serving._process
        return self.up and process is not None and process.poll() is not None


def _clockwork(file: Path) -> dict[str, str]:
    """What lets a process's wall clock be set by a file; monotonic clocks stay true."""
    library = next((one for one in FAKETIME if one.exists()), None)
    if library is None:
        raise RuntimeError("there is no libfaketime: install the package faketime, or leave clocks out")
    return {
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip


def clocks() -> bool:
    """Whether the wall clocks of processes can be set here."""
    return any(one.exists() for one in FAKETIME)


@dataclass
class World:
    """Everything that runs. `workers` holds also those that have not joined yet."""

    directory: Path
    brokers: list[ChaosBroker]
    workers: list[Worker]
    shaky: int = 0
    """Faults of brokers, and of ways to them, that go on: a worker that starts meanwhile may find that it cannot."""

    @property
    def servers(self) -> str:
        """The brokers by a way that nobody breaks: for those who look at the truth."""
        return ",".join(broker.bootstrap for broker in self.brokers)

    @property
    def links(self) -> list[Link]:
        """Every way that can be broken."""
        return [link for worker in self.workers for link in (worker.link, *worker.lines)]

    async def start(self, count: int) -> None:
        """The brokers, then so many workers; all of them ready."""
        for broker in self.brokers:
            broker.voters = ",".join(one.controller for one in self.brokers)
            broker.copies = min(3, len(self.brokers))
        await asyncio.gather(*(asyncio.to_thread(broker.start) for broker in self.brokers))
        first, *rest = self.workers[:count]
        await first.start()
        await self.until_ready(60.0, [first])
        for worker in rest:
            await worker.start()
        await self.until_ready(60.0)

    async def until_ready(self, bound: float, workers: Sequence[Worker] | None = None) -> list[str]:
        """Waits until every worker that is meant to run is ready; those that are not in time, with why."""
        waiting = [worker for worker in (self.workers if workers is None else workers) if worker.up]
        loop = asyncio.get_running_loop()
        give_up = loop.time() + bound
        while waiting and loop.time() < give_up:
            waiting = [worker for worker in waiting if not await worker.ready()]
            if waiting:
                await asyncio.sleep(0.1)
        return [f"{worker.name} is not ready {bound:.0f} s after all was mended" for worker in waiting]

    async def supervise(self, complain: Callable[[str], None]) -> None:
        """Starts workers anew that ended by themselves, as any supervisor does, until it is cancelled."""
        while True:
            for worker in self.workers:
                if worker.died:
                    said = worker.serving.output()[-300:]
                    if not (worker.may_die or (self.shaky and STARTED_IN_VAIN in said)):
                        complain(f"{worker.name} ended by itself: {said}")
                    with suppress(OSError):  # its disk takes no log
                        await worker.start()
            await asyncio.sleep(0.5)

    async def stop(self) -> None:
        """Ends everything at once."""
        for worker in self.workers:
            await worker.kill()
        for broker in self.brokers:
            await asyncio.to_thread(broker.kill)
        for link in self.links:
            await link.close()


@asynccontextmanager
async def world(
    directory: Path, workers: int, spare: int = 1, brokers: int = 1, clocks: bool = False, small: int | None = None
) -> AsyncIterator[World]:
    """A started cluster of so many workers, and `spare` ones that may join; `small` is the one with a small disk."""
    async with AsyncExitStack() as stack:
        numbers = range(1, brokers + 1)
        made = [ChaosBroker(directory / f"broker-{number}", number, workers + spare) for number in numbers]
        running = World(directory, made, [])
        for number in range(workers + spare):
            own = directory / f"worker-{number}"
            own.mkdir(parents=True)
            if number == small:
                stack.enter_context(small_disk(own))
            for broker in made:
                line = Link(partial(_port, broker.listeners, number))
                await line.open()
                broker.lines.append(line)
            lines = [broker.lines[number] for broker in made]
            worker = Worker(number, own, lines, directory / f"clock-{number}" if clocks else None, number == small)
            await worker.link.open()
            running.workers.append(worker)
        stack.push_async_callback(running.stop)
        await running.start(workers)
        yield running


def _port(ports: list[int], number: int) -> int:
    return ports[number]
