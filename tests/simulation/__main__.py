"""`python -m tests.simulation SEED --trace`: one life, step by step; `--seeds N`: as many new ones, and what came of it."""

from __future__ import annotations

import argparse
import logging
import sys
import time

from tests.simulation.simulation import simulate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    began = time.perf_counter()
    bad = 0
    for seed in range(given.seed, given.seed + given.seeds):
        life = simulate(seed, tell=print if given.trace else None)
        if life.violations:
            bad += 1
            print(seed, len(life.violations), *[v[:300] for v in life.violations[:4]], sep="\n   ")
        if given.seeds == 1:
            print(life.counts, life.faults)
    print(f"{given.seeds} in {time.perf_counter() - began:.1f} s, {bad} bad")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
