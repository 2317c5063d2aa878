"""A node that lives through the year: its clock goes from one instant at which anything falls due to the next."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from msgspec import structs

from streams.agents.committed import Committed
from streams.node import Node
from tasksys.commands import Command, CommandRecord
from tasksys.events import EventRecord
from tasksys.outcomes import Decided
from tasksys.rows import Reminder, Row, Series
from tasksys.state import State
from tasksys.values import ReminderState, instant
from tests.support.clocks import SETTINGS, Clock, live
from tests.support.domain import OWNER
from tests.support.nodes import caught_up, check, running, there
from tests.year.ledger import Ledger, Outage
from tests.year.plans import START, ZONES

PATIENCE: Final = 60.0
"""Real seconds in which what is due must have been done."""

Action = Callable[[], Awaitable[None]]


class Stuck(AssertionError):
    """What was due was not done."""


class Living:
    """The node, its clock, and what is to happen when. What falls due is seen in the rows that the node commits."""

    def __init__(self, url: str, directory: Path, ledger: Ledger, dice: random.Random) -> None:
        self.clock = Clock()
        self.clock.now = START
        self.ledger = ledger
        self.shown: dict[str, dict[str, Reminder]] = {home: {} for home in ZONES}
        """The reminders that have fired and were not answered, by workspace."""
        self._url = url
        self._directory = directory
        self._dice = dice
        self._due: dict[tuple[str, str, str], str] = {}
        self._changed = asyncio.Event()
        self._agenda: list[tuple[datetime, int, bool, Action]] = []
        self._numbers = count(1)
        self._node: Node | None = None
        self._life = AsyncExitStack()

    @property
    def node(self) -> Node:
        """The one that runs."""
        return there(self._node)

    def state(self, home: str) -> State:
        """A workspace as it is now."""
        return self.node.state.state(home)

    async def send(self, home: str, command: Command) -> Decided:
        """The outcome of a command that somebody gives now. Its id is the same in every run."""
        command = structs.replace(command, id=f"{home}-{next(self._numbers)}")
        record = CommandRecord(home, OWNER, instant(self.clock.now), command)
        return there(await self.node.gateway.submit(record, PATIENCE))

    def at(self, when: datetime, action: Action, always: bool = False) -> None:
        """Has something happen then; if the node is down then, not at all, or (`always`) as soon as it is up."""
        heapq.heappush(self._agenda, (when, next(self._numbers), always, action))

    # --- lives

    async def start(self) -> None:
        """Starts the node, and waits until it has done what is due."""
        self._node = await self._life.enter_async_context(
            running(self._url, self._directory, clock=self.clock, **SETTINGS)
        )
        self._due.clear()
        for home in ZONES:
            self.shown[home].clear()
            for kind in (Series, Reminder):
                for row in self.node.state.all(home, kind):
                    self._see(home, kind.kind, row.key, row)
        self.node.follow(self._committed)
        await self.settled()

    async def stop(self) -> None:
        """Stops it in good order."""
        self._node = None
        await self._life.aclose()

    async def outage(self, duration: timedelta, kills: int) -> None:
        """The node is away for so long; so many starts are killed while they catch up."""
        down = self.clock.now
        await self.stop()
        self.clock.now += duration
        killed = 0
        for _ in range(kills):
            patience = self._dice.uniform(0, 0.4)
            killed += not await asyncio.to_thread(live, self._url, self._directory, instant(self.clock.now), patience)
        self.ledger.outages.append(Outage(down, self.clock.now, killed))
        await self.start()

    # --- time

    async def until(self, end: datetime) -> None:
        """Lets time pass; everything happens at its instant."""
        while self._agenda and self._agenda[0][0] <= end:
            at, _, always, action = heapq.heappop(self._agenda)
            if at >= self.clock.now:
                await self._pass(at)
            elif always:
                await self._pass(self.clock.now + timedelta(minutes=1))  # told apart from what the clock did when up
            else:
                continue
            await action()
        await self._pass(end)

    async def _pass(self, until: datetime) -> None:
        until = max(until, self.clock.now)
        limit = instant(until)
        while self._due and (first := min(self._due.values())) <= limit:
            await self._set(max(self.clock.now, datetime.fromisoformat(first)))
        await self._set(until)

    async def _set(self, now: datetime) -> None:
        self.clock.now = now
        self.node.parts.wake()
        await self.settled()

    async def settled(self) -> None:
        """Waits until nothing is due any more. Raises Stuck."""
        now = instant(self.clock.now)
        try:
            async with asyncio.timeout(PATIENCE):
                while any(at <= now for at in self._due.values()):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            left = sorted(name for name, at in self._due.items() if at <= now)
            raise Stuck(f"at {now} these are due and nothing becomes of them: {left[:5]}") from error

    async def folded(self) -> None:
        """Waits until every agent has folded everything, and what that gave rise to."""
        for _ in range(2):
            await caught_up(self.node)
            await self.settled()

    def _committed(self, committed: Committed) -> None:
        for home, rows in committed.changed.items():
            for (kind, name), row in rows.items():
                self._see(home, kind, name, row)
        self._changed.set()

    def _see(self, home: str, kind: str, name: str, row: Row | None) -> None:
        at = None
        if isinstance(row, Series):
            at = row.at
        elif isinstance(row, Reminder):
            at = row.scheduled_for if row.armed else None
            if row.state is ReminderState.FIRED:
                self.shown[home][name] = row
            else:
                self.shown[home].pop(name, None)
        if at is None:
            self._due.pop((home, kind, name), None)
        else:
            self._due[home, kind, name] = at

    # --- the end

    async def verified(self) -> tuple[dict[str, list[EventRecord]], list[str]]:
        """The events of each workspace, and what is wrong with tables, history, replay and the hash chains."""
        wrong = []
        truth = await check(self.node)
        *_, replayed = [step async for step in self.node.replay(verify=True, workspace=None, until=None)]
        if replayed["different"] or not replayed["done"]:
            wrong.append(f"replay --verify: {replayed}")
        for home, events in truth.events.items():
            held, broken = await self.node.history.verify(home, len(events))
            if broken is not None or held != len(events):
                wrong.append(f"{home}: the hash chain holds for {held} of {len(events)} events: {broken}")
        return truth.events, wrong
