"""What people do when they look at their tasks: at fixed hours, as the dice of a seed fall."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tasksys.commands import (
    AcknowledgeReminder,
    AddReminder,
    Command,
    CompleteTask,
    CreateTask,
    EditSeries,
    EditTask,
    PostponeTask,
    SkipOccurrence,
    SkipTask,
    SnoozeReminder,
    TrashTask,
    Undo,
)
from tasksys.outcomes import Decided, OutcomeStatus
from tasksys.rows import Reminder, Series, Task
from tasksys.series.shapes import Scope
from tasksys.state import State
from tasksys.values import UTC, ReminderState, Repeat, Status, Trigger, When, instant
from tests.year.dates import DAY
from tests.year.ledger import Key, Ledger
from tests.year.plans import BERLIN, NEW_YORK, Plan, moment

HOURS: Final = {"household": ("07:50", "13:00", "20:30"), "office": ("09:40", "16:50"), "remote": ("09:35", "18:00")}
"""When people of a workspace look, in its zone."""

SOON: Final = timedelta(hours=3)
"""What is due by then, they may do now."""

Send = Callable[[str, Command], Awaitable[Decided]]
"""Has the system decide a command in a workspace, now."""


def sessions(home: str, first: date, last: date) -> Iterator[datetime]:
    """When people of a workspace look at their tasks."""
    zone = ZoneInfo({"household": BERLIN}.get(home, NEW_YORK))
    for number in range((last - first).days):
        for hour in HOURS[home]:
            local = datetime.combine(first + number * DAY, time.fromisoformat(hour))
            yield local.replace(tzinfo=zone).astimezone(UTC)


class People:
    """Those of one workspace."""

    def __init__(self, home: str, dice: random.Random, ledger: Ledger, send: Send) -> None:
        self._home = home
        self._dice = dice
        self._ledger = ledger
        self._send = send
        self._numbers = 0
        self._done: list[tuple[datetime, Key, Decided]] = []

    async def look(self, now: datetime, state: Callable[[], State], shown: list[Reminder]) -> None:
        """One session. `state` is the state as people see it, `shown` are the reminders that have fired."""
        self._now = now
        for reminder in shown:
            await self._answer(reminder)
        for plan in [one for one in self._ledger.plans.values() if one.home == self._home]:
            series = state().series(plan.name)
            if series is not None:
                for name in series.open_tasks:
                    await self._act(plan, state().task(name))
                await self._look_back(plan, state)
                if plan.stable:
                    await self._look_ahead(plan, series, state)
        await self._undo()
        for name in [one for one in self._ledger.one_offs if one.startswith(self._home)]:
            await self._one_off(state().task(name))
        if self._dice.random() < 0.15:
            await self._create()

    async def _try(self, command: Command) -> Decided | None:
        """The outcome, or None if the command was refused."""
        decided = await self._send(self._home, command)
        self._ledger.commands += 1
        if decided.outcome.status is OutcomeStatus.ACCEPTED:
            return decided
        self._ledger.refused[type(command).__name__] += 1
        return None

    def _name(self, stem: str) -> str:
        self._numbers += 1
        return f"{self._home}-{stem}-{self._numbers}"

    async def _answer(self, reminder: Reminder) -> None:
        chance = self._dice.random()
        if chance < 0.15:
            await self._try(AcknowledgeReminder(reminder=reminder.id))
        elif chance < 0.25:
            minutes = self._dice.choice((10, 45, 180))
            into = self._name("again")
            await self._try(SnoozeReminder(reminder=reminder.id, duration=f"PT{minutes}M", into=into))

    # --- occurrences

    async def _act(self, plan: Plan, task: Task | None) -> None:
        if task is None or task.due is None or task.original is None:
            return
        zone = self._ledger.zone(self._home, self._now)
        if moment(task.due, zone) > self._now + SOON:
            return
        key, chance = (plan.name, date.fromisoformat(task.original[:10])), self._dice.random()
        if chance < plan.diligent:
            if decided := await self._try(CompleteTask(task=task.id)):
                self._ledger.done[key] = self._now
                self._closed(plan)
                self._done.append((self._now, key, decided))
        elif chance < plan.diligent + 0.03:
            if await self._try(SkipTask(task=task.id)):
                self._ledger.skipped.add(key)
                self._closed(plan)
        elif chance < plan.diligent + 0.07:
            today = self._now.astimezone(ZoneInfo(task.due.zone or zone)).date()
            due = _shifted(_on(task.due, max(today, _day(task.due))), 1)
            command = self._dice.choice((PostponeTask(task=task.id, by="P1D"), PostponeTask(task=task.id, to=due)))
            if await self._try(command):
                self._ledger.postponed[key] += 1
                self._ledger.put_off[task.id] = due

    def _closed(self, plan: Plan) -> None:
        self._ledger.closings.setdefault(plan.name, []).append(self._now)

    async def _look_back(self, plan: Plan, state: Callable[[], State]) -> None:
        """Does what was missed lately after all."""
        if self._dice.random() > 0.03 or plan.after_days:
            return
        key = plan.name, self._now.date() - self._dice.randint(1, 3) * DAY
        found = state().occurrence(plan.name, plan.original(key[1]))
        task = None if found is None or found.task is None else state().task(found.task)
        if task is not None and task.status is Status.MISSED and await self._try(CompleteTask(task=task.id)):
            self._ledger.done[key] = self._now

    async def _look_ahead(self, plan: Plan, series: Series, state: Callable[[], State]) -> None:
        """Moves one that is to come, or leaves it out."""
        chance = self._dice.random()
        if chance > 0.02 or plan.last is not None:
            return
        today = self._now.date()
        coming = [day for day in plan.dates(today + 70 * DAY) if day > today + 3 * DAY]
        key = next(
            ((plan.name, day) for day in coming if state().occurrence(plan.name, plan.original(day)) is None), None
        )
        if key is None or key in self._ledger.skipped or key in self._ledger.moved:
            return
        original = plan.original(key[1])
        if chance < 0.007:
            if await self._try(SkipOccurrence(series=series.id, occurrence=original)):
                self._ledger.skipped.add(key)
            return
        due = _shifted(plan.due(key[1]), self._dice.choice((-1, 1)))
        if await self._try(EditSeries(series=series.id, scope=Scope.THIS, occurrence=original, due=due)):
            self._ledger.moved[key] = due

    async def _undo(self) -> None:
        """Takes a completion of some days ago back."""
        self._done = [one for one in self._done if self._now - one[0] < timedelta(days=5)]
        old = [
            one for one in self._done if self._ledger.plans[one[1][0]].stable and self._now - one[0] > timedelta(days=1)
        ]
        if not old or self._dice.random() > 0.03:
            return
        chosen = self._dice.choice(old)
        _, key, decided = chosen
        self._done.remove(chosen)
        named = decided.outcome.id
        if key in self._ledger.done and await self._try(Undo(command=named, events=decided.events)):
            del self._ledger.done[key]
            self._ledger.undone[key] += 1

    # --- tasks that do not recur

    async def _create(self) -> None:
        """A task that is due within ten days, with reminders of each kind."""
        name, dice = self._name("task"), self._dice
        local = (self._now + timedelta(days=dice.randint(1, 10))).replace(hour=dice.randrange(7, 21), minute=0)
        text = local.replace(tzinfo=None).isoformat(timespec="minutes")
        zone = {"household": BERLIN, "office": NEW_YORK}.get(self._home)
        due = dice.choice((When(local=text, zone=zone), When(local=text), When(date=text[:10])))
        if not await self._try(CreateTask(task=name, title=f"Task {name}", due=due)):
            return
        reminders: set[str] = set()
        self._ledger.one_offs[name] = reminders
        repeat = Repeat(every="PT20M", times=2)
        at = instant(self._now + timedelta(hours=dice.randrange(2, 100), minutes=7))
        kinds: list[dict[str, Any]] = [
            {"trigger": Trigger(at=at)},
            {"trigger": Trigger(at=at), "repeat": repeat},
            {"trigger": Trigger(before="PT30M")},
            {"trigger": Trigger(before="P1D"), "repeat": repeat},
            {"trigger": Trigger(before="-PT2H")},
        ]
        for kind in dice.sample(kinds, 2):
            reminder = self._name("ring")
            if await self._try(AddReminder(task=name, reminder=reminder, **kind)):
                reminders.add(reminder)

    async def _one_off(self, task: Task | None) -> None:
        if task is None or task.status is not Status.OPEN or task.trashed_at or task.due is None:
            return
        due, chance = moment(task.due, self._ledger.zone(self._home, self._now)), self._dice.random()
        if chance < 0.01:
            await self._try(TrashTask(task=task.id))
        elif chance < 0.05:
            await self._try(EditTask(task=task.id, due=_shifted(task.due, self._dice.choice((-1, 1, 2)))))
        elif chance < 0.08:
            await self._try(PostponeTask(task=task.id, by="P1D"))
        elif due < self._now + SOON and chance < 0.5:
            await self._try(CompleteTask(task=task.id))


def shown(rows: dict[str, Reminder]) -> list[Reminder]:
    """Those of the reminders that people see now, in an order that is the same each time."""
    return sorted((one for one in rows.values() if one.state is ReminderState.FIRED), key=lambda one: one.id)


def _day(when: When) -> date:
    return date.fromisoformat((when.local or when.date or "")[:10])


def _on(when: When, day: date) -> When:
    """The same time of another day."""
    return _shifted(when, (day - _day(when)).days)


def _shifted(when: When, days: int) -> When:
    """So many days later by the calendar."""
    if when.date is not None:
        return When(date=(date.fromisoformat(when.date) + days * DAY).isoformat())
    local = datetime.fromisoformat(when.local or "") + days * DAY
    return When(local=local.isoformat(timespec="minutes"), zone=when.zone)
