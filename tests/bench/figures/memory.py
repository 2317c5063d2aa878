"""What a worker with many tasks takes of memory: the whole process, over what it takes with none."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

from tests.bench import prefill
from tests.bench.results import Figure, Report
from tests.bench.running import ask, catch_up, say, serving
from tests.support.serving import Serving

MILLION = 1_000_000
TASKS_EACH = 10_000
TARGET = 1_500.0  # MB
MB = 1_000_000

HOW = (
    f"resident memory of one `tasksys serve` on the embedded log, workspaces of {TASKS_EACH:,} tasks that look like "
    "people's, after all agents have folded them and a page of every workspace was asked for (so that caches and query "
    "indexes are as full as they get), less that of one without tasks. Caches and indexes are bounded, so the bytes a "
    "task fall as tasks grow: what a smaller run extrapolates to is too much, and not judged."
)


def measure(quick: bool) -> Report:
    """Without tasks, then with many."""
    tasks = 100_000 if quick else MILLION
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with serving(directory / "empty") as server:
            base, _ = resident(server)
        asyncio.run(prefill.commands(directory / "full/log", prefill.workspaces(tasks // TASKS_EACH, TASKS_EACH)))
        with serving(directory / "full") as server:
            seconds = catch_up(server)
            say(f"{tasks:,} tasks folded in {seconds:.0f} s")
            for number in range(tasks // TASKS_EACH):
                page = ask(server, "GET", f"/api/v1/workspaces/bench-{number}/tasks?limit=1&count=true")
                assert page["total"] == TASKS_EACH
            now, peak = resident(server)
    say(f"empty {base / MB:.0f} MB, full {now / MB:.0f} MB, at its most {peak / MB:.0f} MB")
    each = (now - base) / tasks
    whole = (base + each * MILLION) / MB
    judged = whole < TARGET if tasks >= MILLION else None
    what = f"memory of a worker with {MILLION:,} tasks" + (
        "" if tasks >= MILLION else f" (extrapolated from {tasks:,})"
    )
    return Report(
        [
            Figure(what, whole, "MB", target=f"under {TARGET:,.0f} MB", reached=judged),
            Figure("memory a task", each, "bytes"),
            Figure("memory of a worker without tasks", base / MB, "MB"),
            Figure(f"memory of a worker with {tasks:,} tasks, at its most", peak / MB, "MB"),
        ],
        HOW,
    )


def resident(server: Serving) -> tuple[int, int]:
    """Bytes that the server's process has in memory, and had at its most. Linux only."""
    return of_status(Path(f"/proc/{server.process.pid}/status").read_text())


def of_status(status: str) -> tuple[int, int]:
    """The two from the kernel's text."""
    found = {name: int(size) * 1024 for name, size in re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status)}
    return found["VmRSS"], found["VmHWM"]
