"""How it scales: measures on real Kafka, and writes tests/scale/RESULTS.md and the figures in deploy/CAPACITY.md.

    python -m tests.scale                       everything, about a quarter of an hour on two cores
    python -m tests.scale --only pauses rates   some of it, anew; the other parts stay as they were measured
    python -m tests.scale --pages               the pages only, of what was measured before

A part that fails stays as it was measured before, and does not stop the others.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import time
import traceback
from collections.abc import Callable
from typing import Final

from tests.scale import capacity, results, told
from tests.scale.results import Part

NAMES: Final = {
    "pauses": "tests.scale.pauses",
    "rates": "tests.scale.rates",
    "partitions": "tests.scale.partitions",
    "workspaces": "tests.scale.many",
    "tasks": "tests.scale.large",
    "subscribers": "tests.scale.followers",
    "sizes": "tests.scale.sizes",
    "members": "tests.scale.members",
}
"""The parts, in the order of the page, and where each is measured."""


def main() -> int:
    """The command line. 1 if a part failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--seed", type=int, default=random.randrange(1, 1_000_000), help="what chance is made of")
    parser.add_argument("--pages", action="store_true", help="measure nothing")
    given = parser.parse_args()
    parts, failed = results.kept(), list[str]()
    for name in [] if given.pages else [name for name in NAMES if name in given.only]:
        began = time.monotonic()
        sys.stderr.write(f"{name} with seed {given.seed} …\n")
        measure: Callable[[int], Part] = importlib.import_module(NAMES[name]).measure
        try:
            parts[name] = measure(given.seed)
        except Exception:  # whatever it is, it is told, and the others go on
            traceback.print_exc()
            failed.append(name)
        else:
            results.keep(parts)
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    results.PAGE.write_text(results.document(parts, NAMES), encoding="utf-8")
    if set(capacity.NEEDED) <= parts.keys():
        told.write(parts)
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
