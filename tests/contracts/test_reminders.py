"""What falls due fires exactly once, on both transports: in time, after an outage, thousands at an instant."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

from streams import timers
from streams.agents.reminders import REMINDERS
from streams.agents.timeline import timeline
from streams.node import Node
from streams.topics import EVENTS
from tasksys import codec
from tasksys.commands import AddReminder, CompleteTask, CreateTask, EditTask, EditWorkspace
from tasksys.events import ReminderFired
from tasksys.rows import Reminder
from tasksys.values import CLOCK, ReminderState, Trigger, When
from tests.contracts.test_kill import ROUNDS, SEED
from tests.support.clocks import SETTINGS, Clock, after, live
from tests.support.nodes import accepted, check, events_of, founded, read, record, running, tell, there
from tests.support.waiting import WAIT, until


def reminder(node: Node, workspace: str, name: str = "ring") -> Reminder:
    """A reminder now."""
    return there(node.state.state(workspace).reminder(name))


async def reminded(node: Node, at: str) -> str:
    """A workspace with a task and a reminder at that instant."""
    workspace = await founded(node)
    await accepted(
        node, workspace, CreateTask(task="milk", title="Milk"),
        AddReminder(task="milk", reminder="ring", trigger=Trigger(at=at)),
    )  # fmt: skip
    return workspace


async def disarmed(node: Node, workspace: str) -> None:
    """Waits until nothing in the workspace waits for its time any more."""
    await until(lambda: not any(one.armed for one in node.state.all(workspace, Reminder)))


async def fired(node: Node, workspace: str) -> list[tuple[str, str]]:
    """The firings in a workspace's log: which reminder, and for which time."""
    events = [one for one in await events_of(node, workspace) if one.type == ReminderFired.__name__]
    assert {one.actor for one in events} <= {CLOCK}
    return [(one.reminder, one.scheduled_for) for one in map(codec.event, events) if isinstance(one, ReminderFired)]


async def test_a_reminder_fires_when_its_time_comes(url: str, tmp_path: Path) -> None:
    """Not before, and once; one that was moved or whose task is done does not fire."""
    clock = Clock()
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspace = await reminded(node, after(hours=1))
        due = When(local="2126-03-08T10:00", zone="UTC")
        await accepted(
            node, workspace, CreateTask(task="bread", title="Bread", due=due), CreateTask(task="jam", title="Jam"),
            AddReminder(task="bread", reminder="moved", trigger=Trigger(before="PT0S")),
            AddReminder(task="jam", reminder="done", trigger=Trigger(at=after(hours=1))),
            EditTask(task="bread", due=When(local="2126-03-08T12:00", zone="UTC")), CompleteTask(task="jam"),
        )  # fmt: skip
        clock.advance(node, hours=1, milliseconds=-1)
        await check(node)
        assert await fired(node, workspace) == []
        clock.advance(node, milliseconds=1)
        await until(lambda: reminder(node, workspace).state is ReminderState.FIRED)
        clock.advance(node, hours=3)
        await until(lambda: reminder(node, workspace, "moved").state is ReminderState.FIRED)
        assert reminder(node, workspace, "moved").late_by_seconds == 3600
        await check(node)
        assert await fired(node, workspace) == [("ring", after(hours=1)), ("moved", after(hours=3))]


async def test_after_an_outage(url: str, tmp_path: Path) -> None:
    """Everything that fell due meanwhile fires at the start, late; what is older than the limit expires."""
    clock = Clock()
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspace = await reminded(node, after(days=1))
        await accepted(node, workspace, AddReminder(task="milk", reminder="late", trigger=Trigger(at=after(days=9))))
    clock.advance(days=10)
    for _ in range(2):
        async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
            await disarmed(node, workspace)
            assert reminder(node, workspace).state is ReminderState.EXPIRED
            late = reminder(node, workspace, "late")
            assert (late.state, late.late_by_seconds) == (ReminderState.FIRED, 86_400)
            await check(node)
            assert await fired(node, workspace) == [("late", after(days=9))]


async def test_thousands_at_one_instant(url: str, tmp_path: Path) -> None:
    """All of them, each once, over several workspaces; replay finds nothing to put right and sends nothing."""
    clock = Clock()
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspaces = [await founded(node) for _ in range(3)]
        for workspace in workspaces:
            tasks = [record(workspace, CreateTask(task=f"t{number}", title="x")) for number in range(12)]
            soon = Trigger(at=after(hours=1))
            rings = [
                record(workspace, AddReminder(task=f"t{task}", reminder=f"r{task}-{one}", trigger=soon))
                for task in range(12)
                for one in range(50)
            ]
            await node.gateway.submit_all(tasks + rings, WAIT)
        clock.advance(node, hours=1)
        for workspace in workspaces:
            await disarmed(node, workspace)
        await check(node)
        for workspace in workspaces:
            counts = Counter(name for name, _ in await fired(node, workspace))
            assert counts == {f"r{task}-{one}": 1 for task in range(12) for one in range(50)}
        before = [len(records) for records in await read(node, EVENTS)]
        *_, done = [step async for step in node.replay(verify=True, workspace=None, until=None)]
        assert (done["different"], done["done"] > 0) == (0, True)
        *_, done = [step async for step in node.replay(verify=True, workspace=workspaces[0], until=None)]
        assert done["different"] == 0
        assert [len(records) for records in await read(node, EVENTS)] == before


async def test_a_firing_that_is_appended_twice_is_one(url: str, tmp_path: Path) -> None:
    """As two processes do that both believe that they own the partition."""
    clock = Clock()
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspace = await reminded(node, after(hours=1))
        await check(node)
        (due,) = [one for number in range(2) for one in timeline(node.rows("reminders", number))]
        clock.now += timedelta(hours=1)
        assert await node.gateway.append_all([timers.command(REMINDERS, due, after(hours=1))]) == [None]
        assert await node.gateway.append_all([timers.command(REMINDERS, due, after(hours=1, seconds=1))]) == [None]
        node.parts.wake()
        await disarmed(node, workspace)
        await check(node)
        assert await fired(node, workspace) == [("ring", after(hours=1))]


async def test_killed_while_it_fires(url: str, tmp_path: Path) -> None:
    """Whenever: each reminder fires, and fires once. TASKSYS_KILL_SEED repeats a run."""
    rng, clock, soon = random.Random(SEED), Clock(), Trigger(at=after(hours=1))
    tell(f"TASKSYS_KILL_SEED={SEED}")
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        workspaces = [await founded(node) for _ in range(3)]
        for workspace in workspaces:
            tasks = [record(workspace, CreateTask(task=f"t{number}", title="x")) for number in range(20)]
            rings = [
                record(workspace, AddReminder(task=f"t{number % 20}", reminder=f"r{number}", trigger=soon))
                for number in range(1000)
            ]
            await node.gateway.submit_all(tasks + rings, WAIT)
    kills = 0
    while not await asyncio.to_thread(
        live, url, tmp_path / "node", after(hours=2), rng.uniform(0, 0.5) if kills < ROUNDS else None
    ):
        kills += 1
    clock.advance(hours=2)
    async with running(url, tmp_path / "node", clock=clock, **SETTINGS) as node:
        await check(node)
        for workspace in workspaces:
            counts = Counter(name for name, _ in await fired(node, workspace))
            assert counts == {f"r{number}": 1 for number in range(1000)}


async def test_a_new_zone_or_hour_of_the_workspace_moves_them(url: str, tmp_path: Path) -> None:
    """Those that go by dates and floating times, or by dates; however many they are."""
    async with running(url, tmp_path / "node", clock=Clock(), **SETTINGS) as node:
        workspace = await reminded(node, after(hours=1))
        due = When(local="2126-03-10T09:00")
        await accepted(
            node, workspace, EditTask(task="milk", due=due),
            *(AddReminder(task="milk", reminder=f"r{number}", trigger=Trigger(before="P1D")) for number in range(20)),
            EditWorkspace(time_zone="America/New_York"),
        )  # fmt: skip
        moved = "2126-03-09T14:00:00.000Z"
        await until(lambda: all(reminder(node, workspace, f"r{number}").scheduled_for == moved for number in range(20)))
        assert reminder(node, workspace).scheduled_for == after(hours=1)
        await accepted(
            node, workspace, EditTask(task="milk", due=When(date="2126-03-10")), EditWorkspace(reminder_hour=8)
        )
        moved = "2126-03-09T13:00:00.000Z"
        await until(lambda: all(reminder(node, workspace, f"r{number}").scheduled_for == moved for number in range(20)))
        await check(node)
