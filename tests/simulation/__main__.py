"""Lives a cluster through seeds, and says what was found.

`python -m tests.simulation 7 --trace` shows one life step by step; `--seeds 100000` lives through as many, from that
one on, on all processors, and `--report FILE` writes down what came of them. It ends with 1 if anything was found.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.simulation.simulation import simulate
from tests.support.nodes import tell

AT_A_TIME: Final = 50
SHOWN: Final = 5
"""Violations of a seed that are shown."""


@dataclass
class Found:
    """What came of some seeds."""

    lives: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    violations: dict[int, list[str]] = field(default_factory=dict)
    seconds: float = 0.0
    """Of a processor."""

    def add(self, other: Found) -> None:
        """Takes in what came of others."""
        self.lives += other.lives
        self.counts += other.counts
        self.faults += other.faults
        self.violations |= other.violations
        self.seconds += other.seconds


def live(seeds: range) -> Found:
    """Lives through the seeds."""
    logging.disable(logging.CRITICAL)
    gc.freeze()  # what was imported is not looked through again and again
    found, began = Found(), time.process_time()
    for seed in seeds:
        life = simulate(seed)
        found.lives += 1
        found.counts += life.counts
        found.faults += life.faults
        if life.violations:
            found.violations[seed] = life.violations
    found.seconds = time.process_time() - began
    return found


def everywhere(first: int, count: int, processes: int) -> Iterator[Found]:
    """The same on several processors, some seeds after the other."""
    parts = [range(start, min(start + AT_A_TIME, first + count)) for start in range(first, first + count, AT_A_TIME)]
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(live, parts)


def report(found: Found, first: int) -> str:
    """What came of it, as a page."""
    minute = round(found.lives / found.seconds * 60) if found.seconds else 0
    machine = f"{os.cpu_count()} processors, {platform.machine()}, CPython {platform.python_version()}"
    each = ", ".join(
        f"{found.counts[name] / found.lives:.1f} {name}" for name in ("writes", "reads", "events", "steps")
    )
    lines = [
        "# What the simulation found",
        "",
        f"Written by `make simulate SEEDS={found.lives} FIRST={first}` ({machine}).",
        "",
        f"{found.lives:,} lives, {minute:,} a minute and processor. A life has {each} on average, and "
        f"{found.counts['virtual'] / found.lives:.0f} seconds of its own time.",
        "",
        "| fault | times |",
        "| --- | ---: |",
        *(f"| {kind} | {times:,} |" for kind, times in sorted(found.faults.items())),
        "",
        f"Events in the logs: {found.counts['events']:,}; told by the feed and the history: {found.counts['feed']:,}; "
        f"reminders fired: {found.counts['fired']:,}.",
        "",
        f"Lives with a violation: {len(found.violations)}.",
    ]
    lines += [f"- seed {seed}: {shown[0]}" for seed, shown in sorted(found.violations.items())]
    return "\n".join(lines) + "\n"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="the first one; else one that nobody has foreseen")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--trace", action="store_true", help="show each step")
    parser.add_argument("--report", type=Path, help="write a page there")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    first = given.seed if given.seed is not None else int.from_bytes(os.urandom(4))
    tell(f"from seed {first} on")
    found = Found()
    if given.trace:
        logging.disable(logging.CRITICAL)
        life = simulate(first, tell=tell)
        found = Found(1, life.counts, life.faults, {first: life.violations} if life.violations else {})
    else:
        for part in everywhere(first, given.seeds, given.processes):
            found.add(part)
            for seed, violations in part.violations.items():
                tell("\n  ".join([f"seed {seed}: {len(violations)} violations", *violations[:SHOWN]]))
    tell(report(found, first))
    if given.report is not None:
        given.report.write_text(report(found, first))
    return 1 if found.violations else 0


if __name__ == "__main__":
    sys.exit(main())
