"""Very many reminders that are due at one instant: how long until all have fired, and what others notice of it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import structs

from streams.agents.committed import Committed
from streams.broker import Broker
from streams.node import Node
from tasksys.commands import AddReminder, Command, CommandRecord, CreateTask, CreateWorkspace
from tasksys.events import ReminderFired
from tasksys.values import Trigger, instant
from tests.bench.percentiles import Times
from tests.bench.results import Figure, Report
from tests.bench.running import say

REMINDERS, QUICK = 100_000, 20_000
WORKSPACES = 50
PER_TASK = 40
AT_ONCE = 2_000
SECONDS, MILLISECONDS = 60.0, 250.0  # the targets
PAUSE = 0.01

HOW = (
    f"reminders of tasks in {WORKSPACES} workspaces, all due at one instant, on the embedded log with fsync; the clock "
    "is set past it. Each becomes a command, an event, and rows of state, history and timeline. Meanwhile one client "
    "makes tasks in all workspaces in turn, each when the one before is there."
)


def measure(quick: bool) -> Report:
    """On the embedded log."""
    reminders = QUICK if quick else REMINDERS
    with tempfile.TemporaryDirectory() as directory:
        seconds, waits = asyncio.run(fired(Path(directory), reminders))
    others, judged = Times.of(waits), not quick
    say(f"{reminders:,} reminders in {seconds:.1f} s; others: {others.count} commands, at most {others.longest:.0f} ms")
    return Report(
        [
            Figure(
                f"{reminders:,} reminders due at one instant, until all have fired", seconds, "s",
                target=f"{REMINDERS:,} within {SECONDS:.0f} s", reached=seconds < SECONDS if judged else None,
            ),
            Figure(
                "another command meanwhile: 99 %", others.p99, "ms",
                target=f"under {MILLISECONDS:.0f} ms", reached=others.p99 < MILLISECONDS if judged else None,
            ),
        ],
        HOW,
    )  # fmt: skip


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


async def fired(directory: Path, reminders: int) -> tuple[float, list[float]]:
    """Seconds until all have fired, and what others' commands took meanwhile."""
    clock, fired, all_fired = Clock(), 0, asyncio.Event()
    node = Node(Broker(directory=directory / "log"), directory / "node", clock=clock)

    def count(committed: Committed) -> None:
        nonlocal fired
        fired += sum(event.type == ReminderFired.__name__ for one in committed.decided for event in one.events)
        if fired == reminders:
            all_fired.set()

    await node.start()
    try:
        await _filled(node, clock, reminders)
        node.follow(count)
        clock.now += timedelta(hours=2)
        began = time.perf_counter()
        node.parts.wake()
        others = asyncio.create_task(_others(node, clock, all_fired))
        await all_fired.wait()
        return time.perf_counter() - began, await others
    finally:
        await node.stop()


async def _filled(node: Node, clock: Clock, reminders: int) -> None:
    """Tasks with reminders that are due in an hour."""
    soon, each = Trigger(at=instant(clock.now + timedelta(hours=1))), reminders // WORKSPACES
    for workspace in range(WORKSPACES):
        tasks = each // PER_TASK
        commands: list[Command] = [CreateWorkspace(name="Bench")]
        commands += [CreateTask(task=f"t{number}", title=f"Task {number}") for number in range(tasks)]
        commands += [
            AddReminder(task=f"t{number % tasks}", reminder=f"r{number}", trigger=soon) for number in range(each)
        ]
        for start in range(0, len(commands), AT_ONCE):
            part = commands[start : start + AT_ONCE]
            await node.gateway.submit_all([_record(workspace, clock, one) for one in part], SECONDS)


async def _others(node: Node, clock: Clock, over: asyncio.Event) -> list[float]:
    """What somebody waits who makes one task after the other."""
    waits: list[float] = []
    while not over.is_set():
        number, began = len(waits), time.perf_counter()
        command = CreateTask(task=f"other-{number}", title="Another")
        await node.gateway.submit(_record(number % WORKSPACES, clock, command), SECONDS)
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE)
    return waits


def _record(workspace: int, clock: Clock, command: Command) -> CommandRecord:
    made = getattr(command, "reminder", None) or getattr(command, "task", "workspace")
    return CommandRecord(f"bench-{workspace}", "bench", instant(clock.now), structs.replace(command, id=f"make-{made}"))
