"""Clients that write and read, and note what they ask and are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from msgspec import structs

from tasksys import codec
from tasksys.commands import Command, CreateTask, CreateWorkspace, SetMember
from tasksys.values import Role
from tests.chaos.history import Fate, Followed, History, Read, Seen, Write
from tests.simulation import endpoint
from tests.simulation.endpoint import Page, Past, Stranger, Told
from tests.simulation.feed import digest
from tests.simulation.loop import World
from tests.simulation.network import Away, Network
from tests.simulation.tale import PEOPLE, TASKS, Tale
from tests.simulation.worker import Clock, Worker

TRIES: Final = 60
"""After so many attempts a client in earnest gives up: that is a violation."""
ASKED: Final = 40
"""So often some worker, whichever it is, is asked what became of a command, until one knows it. With 12 it was, once in
some thousand lives, every time the one that has not got the workspace."""
PAUSE_SECONDS: Final = 0.8
GLANCE_SECONDS: Final = 0.4
FAITHFUL: Final = 0.85

T = TypeVar("T")


class GaveUp(Exception):
    """Nobody has answered for long."""


class Client:
    """One user at work in one workspace."""

    def __init__(
        self, world: World, network: Network, history: History, clock: Clock, name: str, actor: str, workspace: str
    ) -> None:
        self._world, self._network, self._history, self._clock = world, network, history, clock
        self.name, self._actor, self._workspace = name, actor, workspace
        self._tale = Tale(world.rng, clock.now)
        self._known = 0
        """The position that it insists on: the newest that it was shown."""
        self._sent: list[Command] = []
        self._reads = 0
        self._good: Worker | None = None
        self._gone = False
        """It is no member any more: somebody has undone that it became one."""

    async def found(self) -> None:
        """Makes the workspace, with some things in it."""
        await self._insist(CreateWorkspace(id=f"{self.name}-new", name="Acme"))
        made: list[Command] = [CreateTask(id=f"{self.name}-{task}", task=task, title=task) for task in TASKS[:4]]
        joined: list[Command] = [SetMember(id=f"{self.name}-{user}", user=user, role=Role.ADMIN) for user in PEOPLE[1:]]
        await asyncio.gather(*(self._insist(command) for command in (*made, *joined)))

    async def work(self, steps: int) -> None:
        """So many things one after the other."""
        rng = self._world.rng
        for number in range(steps):
            if self._gone:
                return
            chance = rng.random()
            if chance < 0.55:
                command = structs.replace(self._tale.command(), id=f"{self.name}-{number}")
                self._sent.append(command)
                await self._write(command)
            elif chance < 0.62 and self._sent:
                await self._write(rng.choice(self._sent))
            elif chance < 0.65:
                await self._read(endpoint.copied_list, self._clock.now())
            elif chance < 0.69:
                await self._read(endpoint.copied, self._some())
            elif chance < 0.77:
                await self._read(endpoint.listed, self._clock.now())
            elif chance < 0.94:
                await self._read(endpoint.tasks, self._some())
            else:
                await self._look_back()
            if rng.random() < 0.5:
                await asyncio.sleep(rng.random() * PAUSE_SECONDS)

    async def ask_for_all(self) -> None:
        """Asks what became of each command of which it was told no more than that it was appended."""
        told = {one.command for one in self._history.writes if one.fate in (Fate.ACCEPTED, Fate.REFUSED)}
        for command in self._sent:
            for _ in range(ASKED if command.id not in told else 0):
                if await self._ask(command) is not Fate.UNKNOWN:
                    break

    async def glance(self, seconds: float) -> None:
        """Reads again and again for so long, whatever becomes of the reads before."""
        end, glances = self._world.now + seconds, set[asyncio.Task[None]]()
        while self._world.now < end:
            glances.add(asyncio.ensure_future(self._read(endpoint.tasks, self._some(), tries=1)))
            await asyncio.sleep(self._world.rng.uniform(0.1, 2 * GLANCE_SECONDS))
        await asyncio.wait(glances)

    def _some(self) -> tuple[str, ...]:
        return tuple(self._world.rng.sample(TASKS, 2))

    async def _insist(self, command: Command) -> None:
        for tried in range(TRIES):
            if await self._attempt(command, patient=True) in (Fate.ACCEPTED, Fate.REFUSED):
                return
            await self._breathe(tried)
        raise GaveUp(f"{self.name} gave up on {command.id}")

    async def _write(self, command: Command) -> None:
        """Tries until it is told, and rarely gives up before."""
        patient = self._world.rng.random() > 0.1
        for tried in range(TRIES):
            fate = await self._attempt(command, patient)
            if fate in (Fate.ACCEPTED, Fate.REFUSED) or self._world.rng.random() < 0.03 or self._gone:
                return
            await self._breathe(tried)
            if fate is Fate.APPENDED and self._world.rng.random() < 0.7:
                fate = await self._ask(command)
                if fate in (Fate.ACCEPTED, Fate.REFUSED):
                    return

    async def _breathe(self, tried: int) -> None:
        await asyncio.sleep(0.02 + self._world.rng.random() ** 2 * min(0.2 * 2**tried, 2.0))

    async def _attempt(self, command: Command, patient: bool) -> Fate:
        return await self._noted(command, endpoint.write, self._actor, command, patient)

    async def _ask(self, command: Command) -> Fate:
        return await self._noted(command, endpoint.outcome, self._actor, command.id)

    async def _noted(self, command: Command, answer: Callable[..., Coroutine[Any, Any, Told]], *args: Any) -> Fate:
        worker, began = self._choose(), self._world.now
        told = Told(Fate.UNKNOWN) if worker is None else await self._called(worker, answer, *args) or Told(Fate.UNKNOWN)
        self._world.say(self.name, f"{type(command).__name__} {command.id}: {told.fate} {told.shown}")
        self._history.writes.append(
            Write(
                client=self.name, workspace=self._workspace, actor=self._actor, command=command.id, began=began,
                ended=self._world.now, fate=told.fate, first=told.first, last=told.last, position=told.position,
                replayed=told.replayed, effective=told.first > 0, shown=told.shown,
                via="" if worker is None else worker.name,
            )
        )  # fmt: skip
        self._known = max(self._known, told.position, told.last)
        return told.fate

    def _choose(self) -> Worker | None:
        """Mostly the worker that has answered last, else any."""
        if self._good in self._network.workers and self._world.rng.random() < FAITHFUL:
            return self._good
        return self._network.choose()

    async def _called(self, worker: Worker, answer: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T | None:
        try:
            found = await self._network.call(worker, answer, self._workspace, *args)
            self._good = worker
            return found
        except Stranger:
            self._gone = True
        except (Away, TimeoutError):
            if self._good is worker:
                self._good = None
        return None

    async def _read(self, answer: Callable[..., Coroutine[Any, Any, Page]], what: Any, tries: int = 3) -> None:
        at_least = self._known if self._world.rng.random() < 0.7 else 0
        copied = answer in (endpoint.copied, endpoint.copied_list)
        for tried in range(tries):
            worker, began = self._network.choose(), self._world.now
            if worker is not None and (found := await self._called(worker, answer, what, at_least)) is not None:
                self._known = max(self._known, found.position)
                self._history.reads.append(
                    Read(
                        client=self.name, workspace=self._workspace, began=began, ended=self._world.now,
                        position=found.position, rows={f"task:{name}": version for name, version in found.rows.items()},
                        at_least=at_least, via=worker.name, asked=copied, stale=copied,
                    )
                )  # fmt: skip
                return
            await self._breathe(tried)

    async def _look_back(self) -> None:
        """Reads the history: it is as much of the log as it has."""
        worker, after = self._network.choose(), self._world.rng.randrange(self._known + 1)
        if worker is None:
            return
        past: Past | None = await self._called(worker, endpoint.events, after)
        if past is not None:
            self._reads += 1
            seen = [Seen(position, codec.decode_event(event).id, digest(event)) for position, event in past.stored]
            self._history.followed.append(
                Followed(
                    subscriber=f"{self.name} reading {self._reads}", workspace=self._workspace, after=after,
                    seen=seen, complete=False,
                )
            )  # fmt: skip
