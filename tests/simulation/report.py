"""What many simulated lives came to, as a page that grows with every run."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field

from tests.bench.results import table
from tests.simulation.faults import what

PAGE: Final = Path(__file__).parent / "REPORT.md"
RUNS: Final = Path(__file__).parent / "runs.json"
"""What came of each run that was to be written down."""

HEAD: Final = """`make simulate SEEDS=…` adds to this page (and to `runs.json`, of which it is made).

A life is a small cluster from its first start to its rest, in one process: real folds, agents, timers, gateway and feed
of several workers, people who write and read, and subscribers; log, clock, disks and the ways between are simulated,
and time jumps to whatever comes next, so that seconds of its own time pass in milliseconds. One number, the seed,
decides everything in it. In the end all is judged like what chaos did. `python -m tests.simulation SEED --trace` tells
a life step by step. What is said to be mended below was found on the commit named with it or on an earlier one, and
later runs are with that.
"""

FOUND: Final = """The simulation has found, and these were mended:

- Timers looked up to 30 s late after a partition had moved away and back (`streams/timers.py`).
- One unreadable row ended a worker's timer for ever (seed 6000156; `streams/timers.py:Timer.run`).
- A command whose rows could not be read was refused for good, as if it were at fault (seed 10001798 of ae57c8e;
  `streams/agents/commands.py:CommandsFold._fold_one`).

Seed 2006491 of ced1e2d was a fault of its own: two processes had one disk. So was seed 2884695112 of 8e7dd7b: a client
whose connection was dead threw a die for whether to make another one, and lost for 24 seconds.
"""


class Run(Struct, kw_only=True):
    """Lives from one seed on. `seconds` are of a processor."""

    commit: str
    first: int
    lives: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    violations: dict[int, list[str]] = field(default_factory=dict)

    def add(self, other: Run) -> None:
        """Takes in what came of others."""
        self.lives += other.lives
        self.seconds += other.seconds
        self.counts = Counter(self.counts) + Counter(other.counts)
        self.faults = Counter(self.faults) + Counter(other.faults)
        self.violations |= other.violations


def write(run: Run) -> None:
    """Writes a run down, in place of what it had come to before, and the page anew."""
    runs = [one for one in _remembered() if (one.commit, one.first) != (run.commit, run.first)] + [run]
    lines = ",\n".join(msgspec.json.encode(one).decode() for one in runs)
    RUNS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    PAGE.write_text(page(runs), encoding="utf-8")


def _remembered() -> list[Run]:
    return msgspec.json.decode(RUNS.read_bytes(), type=list[Run]) if RUNS.exists() else []


def page(runs: Sequence[Run]) -> str:
    """The report of some runs together."""
    found = Run(commit="", first=0)
    for one in runs:
        found.add(one)
    minute = round(found.lives / found.seconds * 60) if found.seconds else 0
    lives = max(found.lives, 1)
    each = ", ".join(
        f"{found.counts.get(name, 0) / lives:.1f} {name}" for name in ("writes", "reads", "events", "steps")
    )
    machine = f"{os.cpu_count()} processors, {platform.machine()}, CPython {platform.python_version()}"
    parts = [
        "# What the simulation found",
        HEAD,
        f"{found.lives:,} lives, {minute:,} a minute and processor. A life has {each} on average, and "
        f"{found.counts.get('virtual', 0) / lives:.0f} seconds of its own time. {machine}.",
        table(
            [(kind, what(kind), f"{times:,}") for kind, times in sorted(found.faults.items())],
            ("fault", "what happens", "times"),
        ),
        f"Events in the logs: {found.counts.get('events', 0):,}; told by the feed and the history: "
        f"{found.counts.get('feed', 0):,}; reminders fired: {found.counts.get('fired', 0):,}.",
        "## Runs",
        table(
            [(one.commit, f"{one.first:,}", f"{one.lives:,}", str(len(one.violations))) for one in runs],
            ("commit", "first seed", "lives", "with a violation"),
        ),
        "## Violations",
        "\n".join(
            f"- seed {seed} ({one.commit}): {shown[0]}"
            for one in runs
            for seed, shown in sorted(one.violations.items())
        )
        or "None.",
        "## What it has found so far",
        FOUND,
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"
