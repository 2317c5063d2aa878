"""How cost grows with the tasks of a workspace: reads, the first one, and writes."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from tests.bench import machine
from tests.bench.figures.query import PAGE, QUERIES
from tests.bench.running import ask, catch_up, say
from tests.scale.cluster import PARTITIONS, cluster
from tests.scale.growth import fill, paced, tasks, warm
from tests.scale.results import Part, Table

NUMBERS: Final = (1_000, 10_000, 50_000)
READS: Final = 40.0
WRITES: Final = 40.0

HOW: Final = (
    f"One worker, {PARTITIONS} partitions; one workspace of each size, its tasks made of commands in Kafka, which the "
    f"worker folds: how many a second, until no agent lags. Then the first page of {PAGE} (filtered and sorted), for "
    f"which its index is built; {READS:.0f} such pages a second; {WRITES:.0f} new tasks a second, in that workspace."
)


def measure(seed: int) -> Part:
    """One workspace after the other, in one worker."""
    line = machine.line()
    rows, figures = [], dict[str, float]()
    with tempfile.TemporaryDirectory() as name, cluster(Path(name), 1) as running:
        running.start(1)
        warm(running)
        (server,) = running.workers
        for number in NUMBERS:
            began = time.monotonic()
            asyncio.run(fill(running, tasks(f"large-{number}", number, seed)))
            catch_up(server)
            folded = number / (time.monotonic() - began)
            path = f"/api/v1/workspaces/large-{number}/tasks"
            questions = [f"{path}?{urlencode({**one, 'limit': PAGE})}" for one in QUERIES]
            began = time.monotonic()
            ask(server, "GET", questions[0])
            first = (time.monotonic() - began) * 1000
            read = paced(running, questions, READS, seed, "GET")
            written = paced(running, [path], WRITES, seed + number)
            (memory,), _ = running.memory()
            say(f"{number} tasks: {folded:.0f}/s folded, first {first:.0f} ms, {read}, {written}, {memory:.0f} MB")
            rows.append(
                [f"{number:,}", f"{folded:,.0f} /s", f"{first:.0f} ms", f"{read.p50:.1f} ms", f"{read.p99:.1f} ms",
                 f"{written.p50:.1f} ms", f"{written.p99:.1f} ms", f"{memory:.0f} MB"]
            )  # fmt: skip
            figures |= {
                f"first_{number}_ms": first, f"read_{number}_us": read.worker_us, f"read_p99_{number}_ms": read.p99,
                f"write_{number}_us": written.worker_us, f"write_p99_{number}_ms": written.p99,
                f"memory_{number}_mb": memory,
            }  # fmt: skip
    head = ["tasks in the workspace", "folded", "first page", "a page: median", "99 %", "a write: median", "99 %",
            "memory of the worker"]  # fmt: skip
    return Part("Tasks in a workspace", line, seed, [Table(head, rows)], HOW, figures)
