"""People at a cluster that breaks: who writes, who only looks, who wants to be reminded.

`keyless` has who writes without keys, `subscribers` who follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from tasksys.values import instant
from tests.chaos.asking import API, PATIENCE_SECONDS, Asker
from tests.chaos.history import Fate
from tests.support.story import Person, Step


@dataclass
class Working:
    """A person at work in a workspace: writes one step after the other, and reads in between."""

    asker: Asker
    workspace: str
    person: Person
    pause: float
    known: list[str] = field(default_factory=list)
    """Tasks that somebody made, for reading."""

    async def run(self, going: Callable[[], bool]) -> None:
        """Until it is told to stop; what is under way is finished."""
        rng, mine = self.asker.rng, set[str]()
        while going():
            for step in self.person.steps(1):
                write = await self.asker.command(self.workspace, step, asynchronous=rng.random() < 0.1)
                if write.fate is not Fate.ACCEPTED:
                    self.asker.history.complaints.append(f"{step} was refused by {write.via}: {write.shown}")
                task = step.body.get("task") or step.path.split("/")[2]
                if write.fate is Fate.ACCEPTED and task not in mine:
                    mine.add(task)
                    self.known.append(task)
                if rng.random() < 0.5:
                    at_least = write.position if rng.random() < 0.5 else 0
                    await self.asker.read(self.workspace, task, at_least, there=task in mine)
                if rng.random() < 0.05:
                    await self.asker.command(self.workspace, step)  # answered already: the same again
                if rng.random() < 0.08:
                    await self._refused(step)
            await asyncio.sleep(self.pause * rng.uniform(0.5, 1.5))

    async def _refused(self, step: Step) -> None:
        """A command that cannot be: nothing may come of it."""
        nowhere = Step(self.person.user, f"{step.key}-no", "POST", "/tasks/there-is-none/complete", {})
        write = await self.asker.command(self.workspace, nowhere)
        assert write.fate is Fate.REFUSED, write


@dataclass
class Reading:
    """Somebody who only looks."""

    asker: Asker
    workspace: str
    known: list[str]
    pause: float

    async def run(self, going: Callable[[], bool]) -> None:
        """Until it is told to stop."""
        while going():
            if self.known and self.asker.rng.random() < 0.7:
                await self.asker.read(self.workspace, self.asker.rng.choice(self.known), there=True)
            else:
                await self.asker.list(self.workspace)
            await asyncio.sleep(self.pause * self.asker.rng.uniform(0.5, 1.5))


@dataclass
class Reminding:
    """Somebody who wants to be reminded, again and again, of a task that nobody else touches."""

    asker: Asker
    workspace: str
    pause: float
    due: list[str] = field(default_factory=list)
    """What must have fired in the end, as `Event.fires`."""

    async def run(self, going: Callable[[], bool]) -> None:
        """Until it is told to stop, and everything has fired."""
        task, user = f"{self.asker.name}-task", self.asker.user
        body = {"task": task, "title": "Water the plants"}
        await self.asker.command(self.workspace, Step(user, f"{task}-make", "POST", "/tasks", body))
        for number in count():
            if not going():
                break
            name = f"{task}-{number}"
            at = instant(datetime.now(UTC) + timedelta(seconds=self.asker.rng.uniform(3.0, 12.0)))
            step = Step(user, name, "POST", f"/tasks/{task}/reminders", {"reminder": name, "trigger": {"at": at}})
            write = await self.asker.command(self.workspace, step)
            if write.fate is Fate.ACCEPTED:  # refused where a worker's clock says that it is over
                self.due.append(f"{name} at {at}")
            await asyncio.sleep(self.pause * self.asker.rng.uniform(0.5, 1.5))
        pending = {"state": "pending", "limit": "1"}
        async with asyncio.timeout(PATIENCE_SECONDS):
            path = f"{API}/{self.workspace}/reminders"
            while (await self.asker.get(path, params=pending)).json.get("items"):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
