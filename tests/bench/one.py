"""One figure in a process of its own: prints its Report as one line of JSON.

python -m tests.bench.one fold --quick
"""

from __future__ import annotations

import argparse
import importlib
import sys

import msgspec

from tests.bench.results import Report

NAMES = (
    "fold",
    "http",
    "latency",
    "rebuild",
    "recovery",
    "query",
    "reminders",
    "series",
    "feed",
    "memory",
    "observing",
)
"""In the order of the table."""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    report: Report = importlib.import_module(f"tests.bench.figures.{given.name}").measure(given.quick)
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")


if __name__ == "__main__":
    main()
