"""How cost grows with partitions: starts, idling, and a rebalance."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench import machine
from tests.bench.running import say, workspaces
from tests.scale.cluster import Cluster, cluster
from tests.scale.results import Part, Table
from tests.scale.writers import INTERVAL, longest, writing

NUMBERS: Final = (4, 12, 48)
WORKSPACES: Final = 24
IDLE: Final = 6.0

HOW: Final = (
    "A new broker and one worker: seconds from its start until it is ready, its topics made first; the same with "
    f"topics and tables there. Idle: processor time of {IDLE:.0f} s in which nobody asks for anything, as a share "
    "of one core, and memory. Then a second worker joins, which gets half of the partitions and copies of the others; "
    f"somebody writes in each of {WORKSPACES} workspaces every {INTERVAL * 1000:.0f} ms: pauses as above, and the "
    "time from the start of its process until all partitions and copies stand. Measured once for each number."
)


def measure(seed: int) -> Part:
    """Each number on a broker of its own."""
    line = machine.line()
    rows, figures = [], dict[str, float]()
    for number in NUMBERS:
        with tempfile.TemporaryDirectory() as name, cluster(Path(name), 2, number) as running:
            one = asyncio.run(_one(running))
        say(f"{number} partitions: {one}")
        rows.append(
            [
                str(number), f"{one['start_s']:.1f} s", f"{one['again_s']:.1f} s", f"{one['idle_worker_share']:.1%}",
                f"{one['idle_broker_share']:.1%}", f"{one['worker_mb']:.0f} MB", f"{one['broker_mb']:.0f} MB",
                f"{one['join_median_s']:.2f} s", f"{one['join_longest_s']:.2f} s", f"{one['join_settled_s']:.1f} s",
            ]
        )  # fmt: skip
        figures |= {f"{key.removesuffix(unit)}_{number}{unit}": one[key] for key, unit in _units(one)}
    head = ["partitions", "first start", "start again", "idle: worker", "idle: broker", "memory: worker", "broker",
            "a worker joins: pause, median", "longest", "until all stands"]  # fmt: skip
    return Part("Partitions", line, seed, [Table(head, rows)], HOW, figures)


def _units(figures: dict[str, float]) -> list[tuple[str, str]]:
    return [(key, "_" + key.rpartition("_")[2]) for key in figures]


async def _one(running: Cluster) -> dict[str, float]:
    first, second = running.workers
    found = {"start_s": await _seconds(running)}
    await asyncio.to_thread(first.stop)
    found["again_s"] = await _seconds(running)
    await asyncio.sleep(1.0)
    (worker,), broker = running.processor()
    await asyncio.sleep(IDLE)
    (worker_now,), broker_now = running.processor()
    found["idle_worker_share"], found["idle_broker_share"] = (worker_now - worker) / IDLE, (broker_now - broker) / IDLE
    (found["worker_mb"],), found["broker_mb"] = running.memory()
    paths = await asyncio.to_thread(workspaces, first, WORKSPACES)
    ids = [path.split("/")[-2] for path in paths]
    now = asyncio.get_running_loop().time
    async with writing([first.url, second.url], ids, "partitions") as writers:
        await asyncio.sleep(2.0)
        begin = now()
        await asyncio.to_thread(second.start)
        await asyncio.to_thread(running.settle)
        found["join_settled_s"] = now() - begin
        await asyncio.sleep(1.0)
        end = now()
    waits = [longest(moments, begin, end) for moments in writers.acknowledged.values()]
    found["join_median_s"], found["join_longest_s"] = median(waits), max(waits)
    return found


async def _seconds(running: Cluster) -> float:
    began = time.monotonic()
    await asyncio.to_thread(running.start, 1)
    return time.monotonic() - began
