"""One run: a world, clients at work, faults from a seed, and then the question whether everything is as promised."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any, Final

import aiohttp

from tasksys.values import CLOCK
from tests.chaos.asking import Asker, sessions
from tests.chaos.checker import check
from tests.chaos.clients import Reading, Reminding, Working
from tests.chaos.faults import READY_SECONDS, Fault
from tests.chaos.history import Fate, History
from tests.chaos.keyless import Keyless
from tests.chaos.kinds import Violation
from tests.chaos.links import Link
from tests.chaos.schedule import Setting, schedule, unleash
from tests.chaos.subscribers import Following, Lively
from tests.chaos.truth import Witness, establish
from tests.chaos.world import PARTITIONS, World, world
from tests.support.story import MEMBERS, OWNER, TEAMS, Person, founding, furnishing

SETTLE_SECONDS: Final = 150.0
"""After the faults: until every client has its answer, and every subscriber has seen everything."""


@dataclass(frozen=True)
class Plan:
    """What a seed leads to."""

    seed: int
    setting: Setting
    faults: int
    teams: int = 3
    people: int = 2
    pause: float = 0.1
    """Seconds that a person rests after each command, about."""
    only: str = ""
    """The kind of all faults; any if empty."""


@dataclass
class Run:
    """A run that has ended."""

    plan: Plan
    faults: list[Fault]
    history: History
    violations: list[Violation] = field(default_factory=list)
    seconds: float = 0.0
    """From the first command to the verdict."""

    @property
    def acknowledged(self) -> int:
        """Commands that were accepted, or refused."""
        fates = (Fate.ACCEPTED, Fate.REFUSED)
        return len({(one.workspace, one.actor, one.command) for one in self.history.writes if one.fate in fates})

    @property
    def commands(self) -> int:
        """Commands that were sent."""
        return len({(one.workspace, one.actor, one.command) for one in self.history.writes})

    @property
    def unknown(self) -> int:
        """Attempts whose answer was lost, or left open what became of the command."""
        return sum(one.fate is Fate.UNKNOWN for one in self.history.writes)


@dataclass
class _Stage:
    """A run that goes on."""

    plan: Plan
    world: World
    session: aiohttp.ClientSession
    front: Link
    history: History
    going: bool = True
    followers: list[Following] = field(default_factory=list)
    lively: list[Lively] = field(default_factory=list)
    reminded: list[Reminding] = field(default_factory=list)
    work: list[Coroutine[Any, Any, None]] = field(default_factory=list)

    @property
    def subscribers(self) -> list[Following | Lively]:
        """Everybody who follows a log."""
        return [*self.followers, *self.lively]

    def urls(self) -> list[tuple[str, str]]:
        """Every worker that there may be, by the way that clients take."""
        return [(worker.name, worker.link.url) for worker in self.world.workers if worker.up] or [
            (worker.name, worker.link.url) for worker in self.world.workers
        ]

    def asker(self, name: str, user: str) -> Asker:
        """A client that has a name of its own."""
        rng = random.Random(f"{self.plan.seed} {name}")
        fickle = rng.random() < 0.3
        return Asker(name, user, self.urls, self.session, self.history, rng, fickle, rng.randrange(8))

    async def found(self, team: str) -> str:
        """A team's workspace, with its members and projects."""
        owner = self.asker(f"{team}-owner", OWNER)
        workspace = await owner.found(founding(f"{team}-{self.plan.seed}"))
        for one in furnishing(team):
            await owner.command(workspace, one)
        return workspace

    def staff(self, workspace: str, team: str) -> None:
        """Who works there, who reads, and who follows."""
        known: list[str] = []
        plan = self.plan
        for number in range(plan.people):
            person = Person(team, number, plan.seed)
            asker = self.asker(f"{team}-person-{number}", person.user)
            self.work.append(Working(asker, workspace, person, plan.pause, known).run(lambda: self.going))
        keyless = Keyless(self.asker(f"{team}-keyless", MEMBERS[3]), workspace, plan.pause)
        self.work.append(keyless.run(lambda: self.going))
        reader = self.asker(f"{team}-reader", MEMBERS[0])
        self.work.append(Reading(reader, workspace, known, plan.pause).run(lambda: self.going))
        reminded = Reminding(self.asker(f"{team}-reminded", MEMBERS[2]), workspace, 20 * plan.pause)
        self.reminded.append(reminded)
        self.work.append(reminded.run(lambda: self.going))
        for number in range(2):
            self.followers.append(Following(self.asker(f"{team}-follower-{number}", OWNER), workspace))
        self.lively.append(
            Lively(f"{team}-lively", MEMBERS[1], self.front.url, workspace, self.history, 3 * plan.pause)
        )


async def run(
    plan: Plan,
    directory: Path,
    tell: Callable[[str], None],
    faults: list[Fault] | None = None,
    keep: Path | None = None,
) -> Run:
    """The run of a plan, in a directory of its own, from an empty cluster to the verdict.

    `faults` are others than those that the seed says; `keep` is where history and logs go if it is not good.
    """
    faults = schedule(plan.seed, plan.setting, plan.faults, plan.only) if faults is None else faults
    for fault in faults:
        tell(f"    {fault}")
    setting, history = plan.setting, History(others=[CLOCK])
    ended = Run(plan, faults, history)
    async with (
        world(directory, setting.workers, setting.spare, setting.brokers, setting.clocks, setting.small) as running,
        sessions() as session,
    ):
        front = Link(_anybody(running))
        await front.open()
        good = False
        try:
            began = monotonic()
            await _act(_Stage(plan, running, session, front, history), faults, tell)
            ended.seconds = monotonic() - began
            ended.violations = check(history)
            good = not ended.violations
        finally:
            await front.close()
            if keep is not None and not good:
                _keep(history, directory, keep)
                tell(f"  kept in {keep}")
    return ended


def _anybody(world: World) -> Callable[[], int | None]:
    """A worker that is meant to run, in turn."""
    turns = count()

    def port() -> int | None:
        up = [worker.link.port for worker in world.workers if worker.up]
        return up[next(turns) % len(up)] if up else None

    return port


def _keep(history: History, directory: Path, place: Path) -> None:
    """What is needed to understand a run: what happened, and what everybody said."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for said in directory.glob("*/*.log"):
        shutil.copy(said, place / f"{said.parent.name}-{said.name}")
    history.save(place / "history.json")


async def _act(stage: _Stage, faults: list[Fault], tell: Callable[[str], None]) -> None:
    workspaces = [await stage.found(team) for team in TEAMS[: stage.plan.teams]]
    for workspace, team in zip(workspaces, TEAMS, strict=False):
        stage.staff(workspace, team)
    working = [asyncio.create_task(one) for one in stage.work]
    following = [asyncio.create_task(one.run()) for one in stage.followers]
    following += [asyncio.create_task(one.run(lambda: stage.going)) for one in stage.lively]
    following.append(asyncio.create_task(stage.world.supervise(stage.history.complaints.append)))
    try:
        tell(f"  {len(stage.history.writes)} commands to begin with; now the faults")
        await unleash(stage.world, faults)
        stage.history.troubles += [trouble for one in faults if (trouble := one.trouble) is not None]
        tell(f"  all mended; {len(stage.history.writes)} attempts at commands")
        await asyncio.sleep(1.0)
        stage.history.complaints += await stage.world.until_ready(READY_SECONDS)
        stage.going = False
        stage.history.complaints += await _finished(working, stage.lively)
        tell("  all answered; now the truth")
        spaces, differences, complaints = await establish(
            stage.world.servers, PARTITIONS, workspaces, [
                Witness(worker.name, worker.link.url, stage.session) for worker in stage.world.workers if worker.up
            ], everywhere=True,
        )  # fmt: skip
        stage.history.spaces, stage.history.differences = spaces, differences
        for one in stage.reminded:
            spaces[one.workspace].due.extend(one.due)
        stage.history.complaints += complaints
        await _all_seen(stage)
    finally:
        for task in (*working, *following):
            task.cancel()
        await asyncio.gather(*working, *following, return_exceptions=True)
    stage.history.followed += [one.followed() for one in stage.subscribers]


async def _finished(working: list[asyncio.Task[None]], lively: list[Lively]) -> list[str]:
    """Waits until everybody has the answer to their last command; what went wrong."""
    done, late = await asyncio.wait(working, timeout=SETTLE_SECONDS)
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while any(one.waiting for one in lively):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    failed = [f"a client gave up: {task.exception()!r}" for task in done if task.exception() is not None]
    waiting = len(late) + sum(one.waiting for one in lively)
    return [*failed, *([f"{waiting} clients have no answer long after all was mended"] if waiting else [])]


async def _all_seen(stage: _Stage) -> None:
    """Waits until every subscriber has as many events as its log; whoever has not is found by the checker."""
    with suppress(TimeoutError):
        async with asyncio.timeout(30.0):
            for one in stage.subscribers:
                while one.position < len(stage.history.spaces[one.workspace].log):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
