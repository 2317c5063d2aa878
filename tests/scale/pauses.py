"""How long workspaces cannot be written while workers come and go."""

from __future__ import annotations

import asyncio
import random
import signal
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct

from tests.bench import machine
from tests.bench.running import say, workspaces
from tests.scale.cluster import PARTITIONS, Cluster, cluster
from tests.scale.results import Part, Table, spread
from tests.scale.writers import AGAIN, INTERVAL, Writers, longest, writing
from tests.support.serving import Serving

WORKERS: Final = 3
WORKSPACES: Final = 24
ROUNDS: Final = 3
CALM: Final = 4.0
"""Seconds of quiet before each fault, in which everything is as usual."""
LONG: Final = 1.0
"""From so many seconds on a workspace has waited."""

STEADY, JOIN, STOP, KILL, ROLL, ROLL_NAMED = (
    "nothing", "a worker joins", "a worker is told to stop (SIGTERM)", "a worker is killed (kill -9)",
    "rolling restart", "rolling restart, workers with --member",
)  # fmt: skip
FIGURES: Final = {
    STEADY: "steady", JOIN: "join", STOP: "stop", KILL: "kill", ROLL: "rolling", ROLL_NAMED: "rolling_named",
}  # fmt: skip

HOW: Final = (
    f"{WORKERS} workers, one broker, {PARTITIONS} partitions, a standby for each. {WORKSPACES} workspaces, in each of "
    f"which somebody writes the next command {INTERVAL * 1000:.0f} ms after the last one was acknowledged; writers are "
    f"spread over the workers before each fault, know of none, and send what failed again under the same key after "
    f"{AGAIN * 1000:.0f} ms, to the next worker. A pause is the longest time between two acknowledged commands of a "
    "workspace that touches the fault, until all partitions and copies stand again and everybody wrote (it has the "
    f"{INTERVAL * 1000:.0f} ms of rest in it). Of each fault: the median over the workspaces, and the longest; of them "
    "the median over the times that it was done. A fault starts with the signal, or with the start of the process; "
    "a rolling restart stops each worker, starts it again, and goes on when it is ready. 202 is what a client gets "
    "that waited 10 s for what became of its command, which is in the log: those of all times together. Brokers' "
    "settings are those of tests (tests/support/kafka_broker.py), but for its memory."
)


class Pause(Struct, frozen=True):
    """One fault: pauses of all workspaces in seconds, how long until everything stood again, and answers of 202."""

    what: str
    pauses: list[float]
    seconds: float
    undecided: int = 0


def measure(seed: int) -> Part:
    """Without names, then with them."""
    line = machine.line()
    with tempfile.TemporaryDirectory() as name:
        found = asyncio.run(_measured(Path(name) / "plain", random.Random(seed), named=False))
        found += asyncio.run(_measured(Path(name) / "named", random.Random(seed), named=True))
    return Part("Pauses", line, seed, [table(found)], HOW, figures(found))


def table(found: list[Pause]) -> Table:
    """A line for each kind of fault."""
    rows = []
    for what, same in _by_kind(found).items():
        waited = [sum(pause > LONG for pause in one.pauses) for one in same]
        rows.append(
            [
                what, str(len(same)), spread([median(one.pauses) for one in same], "s"),
                spread([max(one.pauses) for one in same], "s"), f"{median(waited):.0f} of {len(same[0].pauses)}",
                spread([one.seconds for one in same], "s"), str(sum(one.undecided for one in same)),
            ]
        )  # fmt: skip
    head = ["what happens", "times", "pause, median of workspaces", "pause, longest of workspaces",
            f"workspaces that waited over {LONG:.0f} s", "until all stands again", "answers of 202"]  # fmt: skip
    return Table(head, rows)


def figures(found: list[Pause]) -> dict[str, float]:
    """Medians, for the page on capacity."""
    shown = {}
    for what, same in _by_kind(found).items():
        shown[f"{FIGURES[what]}_median_s"] = median(median(one.pauses) for one in same)
        shown[f"{FIGURES[what]}_longest_s"] = median(max(one.pauses) for one in same)
    return shown


def _by_kind(found: list[Pause]) -> dict[str, list[Pause]]:
    kinds: dict[str, list[Pause]] = defaultdict(list)
    for one in found:
        kinds[one.what].append(one)
    return {what: kinds[what] for what in FIGURES if what in kinds}


async def _measured(directory: Path, choose: random.Random, named: bool) -> list[Pause]:
    with cluster(directory, WORKERS, named=named) as running:
        await asyncio.to_thread(running.start, WORKERS)
        paths = await asyncio.to_thread(workspaces, running.workers[0], WORKSPACES)
        ids = [path.split("/")[-2] for path in paths]
        found: list[Pause] = []
        async with writing([one.url for one in running.workers], ids, "pause") as writers:
            await asyncio.sleep(CALM)

            async def around(what: str, fault: Callable[[], Awaitable[object]]) -> None:
                found.append(await _around(what, fault, running, writers))
                say(f"{what}: {found[-1].seconds:.1f} s, median {median(found[-1].pauses):.2f} s, "
                    f"longest {max(found[-1].pauses):.2f} s; {found[-1].undecided} answers of 202")  # fmt: skip

            for _ in range(ROUNDS):
                if named:
                    await around(ROLL_NAMED, lambda: _rolling(running))
                    continue
                await around(STEADY, lambda: asyncio.sleep(CALM))
                one = choose.choice(running.workers)
                await around(STOP, lambda one=one: asyncio.to_thread(one.stop))  # type: ignore[misc]
                await around(JOIN, lambda one=one: asyncio.to_thread(one.start))  # type: ignore[misc]
                one = choose.choice(running.workers)
                await around(KILL, lambda one=one: _killed(one))  # type: ignore[misc]
                await around(JOIN, lambda one=one: asyncio.to_thread(one.start))  # type: ignore[misc]
                await around(ROLL, lambda: _rolling(running))
    return found


async def _around(what: str, fault: Callable[[], Awaitable[object]], running: Cluster, writers: Writers) -> Pause:
    writers.spread()
    await asyncio.sleep(CALM)
    await writers.heard()  # nobody waits from the last fault on
    now = asyncio.get_running_loop().time
    begin, undecided = now(), writers.undecided
    await fault()
    await asyncio.to_thread(running.settle)
    seconds = now() - begin
    await asyncio.sleep(1.0)
    await writers.heard()
    end = now()
    pauses = [longest(moments, begin, end) for moments in writers.acknowledged.values()]
    return Pause(what, pauses, seconds, writers.undecided - undecided)


async def _killed(worker: Serving) -> None:
    await asyncio.to_thread(worker.kill)
    await asyncio.sleep(0.5)  # the others think that it is there


async def _rolling(running: Cluster) -> None:
    for worker in running.workers:
        worker.signal(signal.SIGTERM)
        await asyncio.to_thread(worker.wait)
        await asyncio.to_thread(worker.start)
