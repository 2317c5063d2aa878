"""The four faults, each as it goes: what is done, what is waited for, what is kept."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.monitoring.demo import disk, evidence
from tests.monitoring.demo.evidence import Fault, Watcher
from tests.monitoring.demo.users import Users
from tests.support.monitoring.otlp import Collector
from tests.support.monitoring.stack import Stack
from tests.support.monitoring.tools import tool
from tests.support.ports import HOST
from tests.support.serving import Serving, environment
from tests.support.waiting import wait_until

PATIENCE: Final = 180.0
"""Seconds that an alert may take to come or to end, on a machine that does other things too."""
PARTITIONS: Final = 4
BACKLOG: Final = 150
"""Commands that come to each workspace of a worker that has just died."""


STORIES: Final = {
    "killed": """One of two workers ends at once, as it would if its machine lost power. Its session with the group ends
after 6 s, then the other one recovers its partitions and folds what waits. Nothing that was acknowledged is lost.
Prometheus sees that the worker does not answer; the lag is seen from the brokers' side: the dead report nothing.""",
    "poisoned": """Bytes that are no command come into the log, as nobody should be able to write them. The fold puts
them aside as a dead letter and goes on: nobody waits for it, but somebody has to look at it.""",
    "unheard": """Reminders go to users by webhooks, and the server behind all of them begins to answer 503. Each
delivery is tried again after growing waits, while new reminders fall due. When it is back, what had waited is
delivered.""",
    "crowded": """One worker's tables are on a small disk (a file system in memory, of 512 MiB), and a file that is not
ours fills it. The alert pages before anything fails: commands are still accepted, since the log is elsewhere.""",
}
REMARKS: Final = {
    "killed": """The trace of the time that took longest. What is folded seconds after the rest was read again when
partitions changed hands; what was applied before is skipped.""",
    "poisoned": "The record named a trace, as a gateway's would, so its fold is found by it.",
    "unheard": """A reminder fires, its delivery fails, and the failure is recorded as a command, which plans the next
attempt. Deliveries that will be tried again say nothing in the log, only those that are given up: the lines are of the
request that set the reminder, to which the span of the firing links.""",
    "crowded": "The slowest command while the disk was nearly full: it is accepted all the same.",
}


@dataclass(frozen=True)
class Scene:
    """Everything that runs."""

    base: Path
    users: Users
    workers: list[Serving]
    stack: Stack
    watcher: Watcher
    collector: Collector
    small: bool
    """Whether the second worker's data are on a small disk."""

    async def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Waits for something that blocks to find out; after PATIENCE, AssertionError with what was told."""
        try:
            return await asyncio.to_thread(wait_until, condition, what, PATIENCE)
        except AssertionError as error:
            told = [one.title for one in self.watcher.messages]
            raise AssertionError(f"{error}\ntold: {told}\nalerts: {self.stack.firing()}") from error

    async def told(self, fault: Fault, part: str, to: str = "Slack") -> None:
        """Waits for the alert's message."""
        message = await self.until(lambda: self.watcher.came(part, fault.start, to=to), f"{to}: {part}")
        fault.moments.append(evidence.Moment(message.at, f"{to} is told: **{message.title}**"))
        if to == "Slack":
            fault.told = message

    async def over(self, fault: Fault, part: str) -> None:
        """Waits for the message that it is over."""
        message = await self.until(lambda: self.watcher.came(part, fault.start, over=True), f"over: {part}")
        fault.moments.append(evidence.Moment(message.at, f"Slack is told: **{message.title}**"))

    def close(self, fault: Fault, trace: str, *texts: str) -> None:
        """Ends a fault, and keeps what can be looked up afterwards."""
        fault.end = time.time()
        fault.moments += evidence.states(self.stack, fault.alert, fault.start)
        fault.moments.sort(key=lambda one: one.at)
        fault.trace, fault.tree = trace, evidence.tree(self.collector, trace)
        traces = evidence.related(self.collector, trace)
        fault.lines = evidence.lines(self.workers, self.base, fault.start - 10, fault.end, traces, *texts)


async def killed(scene: Scene) -> Fault:
    """A worker dies; the other one takes its partitions over; it comes back."""
    fault = Fault("killed", "A worker is killed", "WorkerDown")
    fault.story = STORIES["killed"]
    fault.remark = REMARKS["killed"]
    first, second = scene.workers
    spaces = scene.users.of(second)
    assert spaces, "the second worker has no workspace"
    fault.mark("`worker-2` is killed (SIGKILL), in the middle of its work")
    second.kill()
    await scene.users.append(spaces, BACKLOG)
    fault.mark(f"{BACKLOG * len(spaces)} more commands for its workspaces are in the log meanwhile")
    who = f'{{agent="commands", instance="{HOST}:{first.metrics_port}"}}'
    assigned, behind = f"sum(tasksys_agent_assigned_partitions{who})", f"sum(tasksys_consumer_lag_records{who})"
    await scene.until(lambda: _value(scene.stack, assigned) == PARTITIONS, "the other one takes over")
    taken = fault.mark("`worker-1` has all partitions, by its own metrics")
    await scene.until(lambda: 0 <= _value(scene.stack, behind) < 20, "no lag")
    await scene.told(fault, "does not answer")
    await asyncio.to_thread(second.start)
    fault.mark("`worker-2` is started again, and says that it is ready")
    await scene.over(fault, "The server")
    await asyncio.sleep(8)  # the pictures show what comes after
    trace = evidence.slowest(scene.collector, fault.start - 1, taken + 15)
    scene.close(fault, trace, '"level":"warning"', '"level":"error"', "ssigned", "ecover")
    return fault


async def poisoned(scene: Scene) -> Fault:
    """One record cannot be read; an operator looks at it, and silences what is known."""
    fault = Fault("poisoned", "One poison message", "DeadLettersWaiting")
    fault.story = STORIES["poisoned"]
    fault.remark = REMARKS["poisoned"]
    fault.mark("A record that is no command is appended to `tasksys.commands`")
    trace = await scene.users.poisoned()
    await scene.until(lambda: evidence.dead(scene.collector, trace), "its trace")
    await scene.told(fault, "Dead letters wait")
    said = await asyncio.to_thread(_letters, scene.workers)
    fault.mark("An operator looks at it")
    fault.said.append(("`tasksys dead-letters list` says", said))
    command = [
        str(tool("amtool")), f"--alertmanager.url={scene.stack.alertmanager_url}", "silence", "add",
        "alertname=DeadLettersWaiting", "--duration=1h", "--author=olga", "--comment=known: a script of ours wrote it",
    ]  # fmt: skip
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, timeout=30)
    await scene.until(lambda: scene.stack.alerts(fault.alert)[0]["status"]["silencedBy"], "it is silenced")
    fault.mark("It is known now, and silenced with `amtool`: the letter stays where it is")
    await asyncio.sleep(8)
    scene.close(fault, trace, "dead letter")
    return fault


async def unheard(scene: Scene) -> Fault:
    """The web server that reminders go to answers 503, and then takes them again."""
    fault = Fault("unheard", "A channel is down", "DeliveriesFailing")
    fault.story = STORIES["unheard"]
    fault.remark = REMARKS["unheard"]
    await scene.users.remind()
    await scene.until(lambda: scene.users.hook.taken >= 4, "deliveries, while all is well")
    await asyncio.sleep(4)
    scene.users.hook.down = True
    began = fault.mark("The web server behind every user's channel answers 503 from now on")
    reminding = asyncio.create_task(_reminding(scene.users))
    try:
        await scene.told(fault, "Deliveries by webhook fail")
        scene.users.hook.down = False
        fault.mark("It takes letters again")
        taken = scene.users.hook.taken
        await scene.until(lambda: scene.users.hook.taken > taken, "a letter is taken")
        fault.mark("The first letter has arrived")
        await scene.over(fault, "Deliveries by webhook fail")
    finally:
        reminding.cancel()
        await asyncio.gather(reminding, return_exceptions=True)
    trace = evidence.failed(scene.collector, "deliver webhook", began)
    assert trace, "no delivery failed"
    scene.close(fault, trace, "deliver")
    return fault


async def _reminding(users: Users) -> None:
    while True:
        await users.remind()
        await asyncio.sleep(3)


async def crowded(scene: Scene) -> Fault:
    """The disk of a worker is nearly full, and has room again."""
    fault = Fault("crowded", "The disk is nearly full", "DiskNearlyFull")
    fault.story = STORIES["crowded"]
    fault.remark = REMARKS["crowded"]
    if not scene.small:
        fault.skipped = "This part was left out: a small disk may not be mounted where the page was made."
        return fault
    worker = scene.workers[1]
    await asyncio.sleep(5)
    fault.mark("The disk of `worker-2` begins to fill")
    size = await asyncio.to_thread(disk.fill, worker.directory)
    full = fault.mark(f"A file of {size >> 20} MiB is there; {disk.LEFT:.0%} of the disk are left")
    answer = await scene.until(lambda: _not_ready(worker), "it says that it is not ready")
    fault.mark("`worker-2` answers `GET /ready` with 503, so that balancers send nothing more")
    fault.said.append(("Its `/ready` names the disk", answer.replace(str(scene.base), "…")))
    await scene.told(fault, "The disk of")
    await scene.told(fault, "DiskNearlyFull", to="PagerDuty")
    disk.clear(worker.directory)
    cleared = fault.mark("The file is removed")
    await scene.until(worker.ready, "it is ready again")
    fault.mark("`worker-2` is ready again")
    await scene.over(fault, "The disk of")
    await asyncio.sleep(5)
    trace = evidence.slowest(scene.collector, full, cleared)
    scene.close(fault, trace, "disk", "ready", "room")
    return fault


def _value(stack: Stack, expression: str) -> float:
    found = stack.query(expression)
    return found[0].value if found else -1.0


def _letters(workers: list[Serving]) -> str:
    """What the command line shows of dead letters, from the worker that has them."""
    said = ""
    for worker in workers:
        command = [sys.executable, "-m", "tasksys.cli", "dead-letters", "list"]
        env = environment(TASKSYS_SERVER=worker.url, HOME=str(worker.directory), NO_COLOR="1", COLUMNS="110")
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=env).stdout
        said = shown if len(shown) > len(said) else said
    return said.strip()


def _not_ready(worker: Serving) -> str:
    """The part of its answer that speaks of the disk, if it is not ready; else blank."""
    try:
        with urllib.request.urlopen(f"{worker.metrics_url}/ready", timeout=5):
            return ""
    except urllib.error.HTTPError as error:
        said = json.loads(error.read())
        return json.dumps(said.get("checks", {}).get("disk", said), ensure_ascii=False)
