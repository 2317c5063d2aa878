"""How cost grows with workspaces: memory, and what one command takes."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.bench import machine
from tests.bench.running import ask, say
from tests.scale.cluster import PARTITIONS, cluster
from tests.scale.growth import paced, warm
from tests.scale.results import Part, Table
from tests.support.serving import Serving

NUMBERS: Final = (10, 300, 3_000)
AT_ONCE: Final = 24
RATE: Final = 100.0

HOW: Final = (
    f"One worker, {PARTITIONS} partitions; workspaces are added until there are so many. Then {RATE:.0f} commands a "
    "second (POST …/tasks), each due at its fixed moment, in turn to all of them: times until the answer, and "
    "processor time of one of them. Memory is the worker's after that."
)


def measure(seed: int) -> Part:
    """More and more of them in one worker."""
    line = machine.line()
    rows, figures, paths = [], dict[str, float](), list[str]()
    with tempfile.TemporaryDirectory() as name, cluster(Path(name), 1) as running:
        running.start(1)
        warm(running)
        for number in NUMBERS:
            paths += _made(running.workers[0], len(paths), number)
            one = paced(running, paths, RATE, seed + number)
            (memory,), _ = running.memory()
            say(f"{number} workspaces: {one}, {memory:.0f} MB")
            rows.append(
                [f"{number:,}", f"{one.p50:.1f} ms", f"{one.p99:.1f} ms", f"{one.worker_us:,.0f} µs",
                 f"{one.broker_us:,.0f} µs", f"{memory:.0f} MB"]
            )  # fmt: skip
            figures |= {
                f"p99_{number}_ms": one.p99,
                f"worker_{number}_us": one.worker_us,
                f"memory_{number}_mb": memory,
            }
    head = [
        "workspaces",
        "until the answer: median",
        "99 %",
        "processor time: worker",
        "broker",
        "memory of the worker",
    ]
    return Part("Workspaces", line, seed, [Table(head, rows)], HOW, figures)


def _made(server: Serving, begin: int, end: int) -> list[str]:
    def make(number: int) -> str:
        body = {"name": f"Workspace {number}"}
        return str(ask(server, "POST", "/api/v1/workspaces", body, f"many-{number}")["id"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [f"/api/v1/workspaces/{one}/tasks" for one in pool.map(make, range(begin, end))]
