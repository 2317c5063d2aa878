"""What happens once in the year, whatever the dice say: edits, a holiday, a move to another zone, and the outages."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from tasksys.commands import (
    Command,
    CreateWorkspace,
    EditSeries,
    EditWorkspace,
    EndSeries,
    PauseSeries,
    ResumeSeries,
)
from tasksys.outcomes import OutcomeStatus
from tasksys.series.shapes import GivenFields, Scope
from tests.year import dates
from tests.year.dates import DAY, FR, TU
from tests.year.living import Living
from tests.year.people import People, sessions, shown
from tests.year.plans import LOS_ANGELES, START, TODAY, ZONES, Plan, plans

HOLIDAY: Final = ("bins", "heating", "backup")
"""Series that stand still while people are away."""

LATER: Final = "stand-up-later"
OTHER_DAYS: Final = "washing-other-days"


class Story:
    """The year's course: everything is put on the agenda of a `Living`."""

    def __init__(self, living: Living, length: int, seed: int) -> None:
        self._living = living
        self._ledger = living.ledger
        self._length = length
        self._dice = random.Random(f"{seed}/people")
        self._outages = random.Random(f"{seed}/outages")

    async def begin(self) -> None:
        """The workspaces with their series, and the agenda of the year."""
        for home, zone in ZONES.items():
            await self._must(home, CreateWorkspace(name=home.capitalize(), time_zone=zone))
        for plan in plans(self._length):
            await self._must(plan.home, plan.create)
            self._ledger.plans[plan.name] = plan
        for home in ZONES:
            people = People(home, self._dice, self._ledger, self._living.send)
            for at in sessions(home, TODAY, TODAY + self._length * DAY):
                self._living.at(at, partial(self._look, people, home))
        for part, action in (
            (0.20, self._edit_all), (0.30, self._edit_following), (0.40, self._pause), (0.43, self._resume),
            (0.48, self._change_days), (0.55, self._change_zone), (0.62, self._end),
        ):  # fmt: skip
            self._living.at(self._moment(part), action, always=True)
        for at, duration, kills in self._cuts():
            self._living.at(at, partial(self._living.outage, duration, kills))

    def _moment(self, part: float) -> datetime:
        return START + timedelta(days=int(self._length * part), hours=6)

    def _cuts(self) -> list[tuple[datetime, timedelta, int]]:
        """When the node is stopped, for how long, and how many starts are killed: once for longer than the catch-up."""
        dice, long, number = self._outages, timedelta(days=9, hours=3), max(2, self._length // 28)
        last = min(self._moment(0.90), START + timedelta(days=self._length - 12))
        found = [(last, long, 1)]
        for one in range(number):
            at = START + timedelta(minutes=int((one + dice.uniform(0.2, 0.8)) / number * self._length * 24 * 60))
            length = timedelta(hours=dice.choice((2, 5, 9, 16, 30, 70)), minutes=dice.randrange(60))
            if not last - length < at < last + long:
                found.append((at, length, one % 3))
        return found

    async def _look(self, people: People, home: str) -> None:
        living = self._living
        await people.look(living.clock.now, partial(living.state, home), shown(living.shown[home]))

    async def _must(self, home: str, command: Command) -> None:
        decided = await self._living.send(home, command)
        self._ledger.commands += 1
        assert decided.outcome.status is OutcomeStatus.ACCEPTED, decided.outcome

    async def _edit_all(self) -> None:
        """Medicine is taken half an hour earlier from now on."""
        plan = self._ledger.plans["medicine"]
        self._ledger.earlier_times[plan.name] = self._living.clock.now, plan.time
        changed = replace(plan, time="07:30")
        command = EditSeries(
            series=plan.name, anchor=changed.due(plan.begins), template=GivenFields(title="Medicine, with food")
        )
        await self._must(plan.home, command)
        self._ledger.plans[plan.name] = changed

    async def _edit_following(self) -> None:
        """The stand-up is an hour later from some day on."""
        plan = self._ledger.plans["stand-up"]
        day = self._coming(plan)
        await self._split(plan, day, replace(plan, name=LATER, begins=day, time="10:30"))

    async def _change_days(self) -> None:
        """Washing has other weekdays from some day on."""
        plan, falls = self._ledger.plans["washing"], dates.on(TU, FR)
        day = self._coming(plan)
        rule = "FREQ=WEEKLY;BYDAY=TU,FR"
        after = replace(plan, name=OTHER_DAYS, begins=dates.first_on(falls, day), rule=rule, falls=falls)
        await self._split(plan, day, after)

    def _coming(self, plan: Plan) -> date:
        """A day of the series that is some days ahead."""
        today = self._living.clock.now.date()
        return next(day for day in plan.dates(today + 30 * DAY) if day > today + 4 * DAY)

    async def _split(self, plan: Plan, day: date, after: Plan) -> None:
        command = EditSeries(
            series=plan.name,
            scope=Scope.THIS_AND_FOLLOWING,
            occurrence=plan.original(day),
            into=after.name,
            rule=after.rule,
            anchor=after.due(after.begins),
        )
        await self._must(plan.home, command)
        self._ledger.plans |= {plan.name: replace(plan, last=day - DAY), after.name: after}

    async def _pause(self) -> None:
        for name in HOLIDAY:
            plan = self._ledger.plans[name]
            self._ledger.paused[name] = [(self._living.clock.now, TODAY)]
            await self._must(plan.home, PauseSeries(series=name))

    async def _resume(self) -> None:
        for name in HOLIDAY:
            plan, now = self._ledger.plans[name], self._living.clock.now
            since, _ = self._ledger.paused[name].pop()
            zone = ZoneInfo(plan.zone or self._ledger.zone(plan.home, now))
            self._ledger.paused[name].append((since, now.astimezone(zone).date()))
            await self._must(plan.home, ResumeSeries(series=name))

    async def _change_zone(self) -> None:
        """The remote team moves west."""
        self._ledger.zones["remote"].append((self._living.clock.now, LOS_ANGELES))
        await self._must("remote", EditWorkspace(time_zone=LOS_ANGELES))
        await self._living.folded()

    async def _end(self) -> None:
        """Nobody needs the rota any more."""
        self._ledger.ended["rota"] = self._living.clock.now
        await self._must("office", EndSeries(series="rota"))
