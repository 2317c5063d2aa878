"""Series go on when their time comes, exactly once, on both transports: in time, after an outage, killed meanwhile."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from streams import timers
from streams.agents.recurrence import RECURRENCE
from streams.agents.timeline import timeline
from streams.node import Node
from tasksys import codec
from tasksys.commands import AddReminder, CompleteTask, CreateSeries, CreateTask, EditWorkspace, PauseSeries
from tasksys.events import ReminderFired, SeriesAdvanced, TaskCreated
from tasksys.rows import Occurrence, Reminder, Series
from tasksys.series.shapes import Before, GivenTemplate, Missed, OfEach
from tasksys.values import Status, Trigger, When
from tests.contracts.conftest import ZonesOf
from tests.contracts.test_kill import ROUNDS, SEED
from tests.support.clocks import SETTINGS, START, Clock, after, live
from tests.support.nodes import accepted, check, events_of, founded, record, running, tell, there
from tests.support.waiting import WAIT, until

DAILY = When(local="2126-03-09T09:00", zone="UTC")
"""The day after the start, at its time."""


def daily(name: str = "plants", **more: Any) -> CreateSeries:
    """Every day from tomorrow on, with a reminder half an hour before."""
    template = GivenTemplate("Water", reminders=(OfEach(Before("PT30M")),))
    return CreateSeries(series=name, template=template, rule="FREQ=DAILY", anchor=DAILY, **more)


def series(node: Node, workspace: str, name: str = "plants") -> Series:
    """A series now."""
    return there(node.state.state(workspace).series(name))


def ring(node: Node, workspace: str) -> Reminder:
    """A reminder now."""
    return there(node.state.state(workspace).reminder("ring"))


def reminders(node: Node, workspace: str) -> list[Reminder]:
    """All of a workspace now."""
    return list(node.state.all(workspace, Reminder))


def day(number: int) -> str:
    """The original time of the occurrence so many days after the first."""
    return f"{(START + timedelta(days=1 + number)).date().isoformat()}T09:00"


def became(node: Node, workspace: str, name: str = "plants") -> dict[str, str]:
    """What became of each occurrence."""
    state = node.state.state(workspace)
    rows = node.state.all(workspace, Occurrence, f"{name}/")
    return {row.original: "missed" if row.task is None else there(state.task(row.task)).status for row in rows}


async def settled(node: Node, workspace: str, clock: Clock, name: str = "plants") -> None:
    """Waits until the series is looked at again only later than now, and no reminder is due."""
    now = after(seconds=(clock.now - START).total_seconds())
    await until(lambda: (series(node, workspace, name).at or "~") > now)
    await until(lambda: all((one.scheduled_for or "~") > now for one in reminders(node, workspace) if one.armed))


async def test_a_series_goes_on_when_its_time_comes(url: str, tmp_path: Path) -> None:
    """The next one takes the place of what was not done; what was done makes room for the next at once."""
    clock = Clock()
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspace = await founded(node)
        await accepted(node, workspace, daily())
        (first,) = series(node, workspace).open_tasks
        await accepted(node, workspace, CompleteTask(task=first))
        assert became(node, workspace) == {day(0): Status.DONE, day(1): Status.OPEN}
        clock.advance(node, days=2, hours=23)
        await settled(node, workspace, clock)
        assert became(node, workspace) == {day(0): Status.DONE, day(1): Status.OPEN}
        clock.advance(node, hours=1)
        await settled(node, workspace, clock)
        assert became(node, workspace) == {day(0): Status.DONE, day(1): Status.MISSED, day(2): Status.OPEN}
        await accepted(node, workspace, PauseSeries(series="plants"))
        clock.advance(node, days=5)
        await check(node)
        assert series(node, workspace).at is None
        assert len(became(node, workspace)) == 3


async def test_after_an_outage_of_days(url: str, tmp_path: Path) -> None:
    """Each policy accounts for every day, once, and a second start changes nothing."""
    clock = Clock()
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspace = await founded(node)
        await accepted(node, workspace, *(daily(missed, missed=missed) for missed in Missed))
    clock.advance(days=6)
    expected = {
        Missed.NEXT: {day(number): Status.OPEN if number == 5 else Status.MISSED for number in range(6)},
        Missed.ALL: {day(number): Status.OPEN for number in range(7)},
        Missed.ONE_AT_A_TIME: {day(0): Status.OPEN},
    }
    for _ in range(2):
        async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
            for missed, days in expected.items():
                await settled(node, workspace, clock, missed)
                assert became(node, workspace, missed) == days
            await check(node)


async def test_an_advance_that_is_appended_twice_is_one(url: str, tmp_path: Path) -> None:
    """As two processes do that both believe that they own the partition."""
    clock = Clock()
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspace = await founded(node)
        await accepted(node, workspace, daily())
        await check(node)
        (due,) = [one for number in range(2) for one in timeline(node.rows("recurrence", number))]
        clock.now += timedelta(days=2)
        for late in (0, 1):
            command = timers.command(RECURRENCE, due, after(days=2, seconds=late))
            assert await node.gateway.append_all([command]) == [None]
        node.parts.wake()
        await settled(node, workspace, clock)
        await check(node)
        assert became(node, workspace) == {day(0): Status.MISSED, day(1): Status.OPEN}


async def test_killed_while_series_go_on(url: str, tmp_path: Path) -> None:
    """Whenever: every occurrence is made once, and reminds once. TASKSYS_KILL_SEED repeats a run."""
    rng, clock = random.Random(SEED), Clock()
    tell(f"TASKSYS_KILL_SEED={SEED}")
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspaces = [await founded(node) for _ in range(2)]
        for workspace in workspaces:
            made = [record(workspace, daily(f"s{number}", missed=Missed.ALL)) for number in range(60)]
            await node.gateway.submit_all(made, WAIT)
    kills = 0
    while not await asyncio.to_thread(
        live, url, tmp_path / "node", after(days=6), rng.uniform(0, 0.5) if kills < ROUNDS else None
    ):
        kills += 1
    clock.advance(days=6)
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        await check(node)
        for workspace in workspaces:
            events = [codec.event(one) for one in await events_of(node, workspace)]
            made_of = Counter(
                (one.occurs.series, one.occurs.original)
                for one in events
                if isinstance(one, TaskCreated) and one.occurs is not None
            )
            assert made_of == {(f"s{one}", day(number)): 1 for one in range(60) for number in range(7)}
            fired = Counter(one.reminder for one in events if isinstance(one, ReminderFired))
            assert (len(fired), set(fired.values())) == (60 * 6, {1})


async def test_a_new_zone_of_the_workspace_moves_them(url: str, tmp_path: Path) -> None:
    """A date begins when it does there: the series is looked at anew."""
    async with running(url, tmp_path / "node", clock=Clock(), **SETTINGS) as node:
        workspace = await founded(node)
        plants = CreateSeries(
            series="plants", template=GivenTemplate("Water"), rule="FREQ=DAILY", anchor=When(date="2126-03-09")
        )
        await accepted(node, workspace, plants)
        assert series(node, workspace).at == "2126-03-10T00:00:00.000Z"
        await accepted(node, workspace, EditWorkspace(time_zone="America/New_York"))
        await until(lambda: series(node, workspace).at == "2126-03-10T05:00:00.000Z")
        await check(node)
        advanced = [one for one in await events_of(node, workspace) if one.type == SeriesAdvanced.__name__]
        assert len(advanced) == 2


async def test_a_new_zone_database_moves_what_is_to_come(url: str, tmp_path: Path, zones_of: ZonesOf) -> None:
    """Vaduz gives its summer time up: series and reminders keep their wall times, what has been stays as it was."""
    clock, summer = Clock(), When(local="2126-06-10T09:00", zone="Europe/Vaduz")
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspace = await founded(node)
        await accepted(
            node, workspace, CreateTask(task="milk", title="Milk", due=summer),
            AddReminder(task="milk", reminder="ring", trigger=Trigger(before="PT30M")),
            CreateSeries(series="plants", template=GivenTemplate("Water"), rule="FREQ=DAILY", anchor=summer),
        )  # fmt: skip
        events = len(await events_of(node, workspace))
        assert series(node, workspace).at == "2126-06-11T07:00:00.000Z"
    zones_of("Europe/Vaduz", "Africa/Lagos")
    for _ in range(2):
        async with running(url, tmp_path / "node", clock=clock, zones="after", **SETTINGS) as node:
            await until(lambda: series(node, workspace).at == "2126-06-11T08:00:00.000Z")
            await until(lambda: ring(node, workspace).scheduled_for == "2126-06-10T07:30:00.000Z")
            await check(node)
            since = [one.type for one in (await events_of(node, workspace))[events:]]
            assert Counter(since) == {"ZonesChanged": 1, "SeriesAdvanced": 1, "ReminderRescheduled": 1}
