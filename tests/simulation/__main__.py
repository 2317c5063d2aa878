"""Lives a cluster through seeds, and says what was found.

`python -m tests.simulation 7 --trace` shows one life step by step; `--seeds 100000` lives through as many, from that
one on, on all processors, and `--report` writes down what came of them. It ends with 1 if anything was found.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from tests.chaos.report import commit
from tests.simulation.report import Run, page, write
from tests.simulation.simulation import simulate
from tests.support.nodes import tell

AT_A_TIME: Final = 50
SHOWN: Final = 5
"""Violations of a seed that are shown."""


def prepare() -> None:
    """What a process does once."""
    logging.disable(logging.CRITICAL)
    gc.collect()  # what is frozen as garbage stays for ever
    gc.freeze()  # what was imported is not looked through again and again


def live(seeds: range) -> Run:
    """Lives through the seeds."""
    found, began = Run(commit="", first=seeds.start), time.process_time()
    for seed in seeds:
        life = simulate(seed)
        violations = {seed: life.violations} if life.violations else {}
        found.add(Run(commit="", first=seed, lives=1, counts=life.counts, faults=life.faults, violations=violations))
    found.seconds = time.process_time() - began
    return found


def everywhere(first: int, count: int, processes: int) -> Iterator[Run]:
    """The same on several processors, some seeds after the other."""
    parts = [range(start, min(start + AT_A_TIME, first + count)) for start in range(first, first + count, AT_A_TIME)]
    with ProcessPoolExecutor(processes, initializer=prepare) as pool:
        yield from pool.map(live, parts)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="the first one; else one that nobody has foreseen")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--trace", action="store_true", help="show each step")
    parser.add_argument("--report", action="store_true", help="add what came of it to tests/simulation/REPORT.md")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    first = given.seed if given.seed is not None else int.from_bytes(os.urandom(4))
    tell(f"from seed {first} on")
    found = Run(commit=commit(), first=first)
    if given.trace:
        logging.disable(logging.CRITICAL)
        life = simulate(first, tell=tell)
        found.lives, found.counts, found.faults = 1, life.counts, life.faults
        found.violations = {first: life.violations} if life.violations else {}
    else:
        for part in everywhere(first, given.seeds, given.processes):
            found.add(part)
            for seed, violations in part.violations.items():
                tell("\n  ".join([f"seed {seed}: {len(violations)} violations", *violations[:SHOWN]]))
            if given.report:  # each time, so that nothing is forgotten if it is ended early
                write(found)
    tell(page([found]))
    return 1 if found.violations else 0


if __name__ == "__main__":
    sys.exit(main())
