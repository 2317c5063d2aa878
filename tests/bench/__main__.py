"""This system's figures, each beside its peers in one run; writes tests/bench/RESULTS.md.

    python -m tests.bench                       everything, about half an hour on two cores
    python -m tests.bench --quick               everything, shortened: to see that it works, no verdict
    python -m tests.bench --only http latency   some of it; the file then holds only that

Every figure is a process of its own. One that fails is reported as missing and does not stop the others.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from tests.bench import machine
from tests.bench.one import NAMES
from tests.bench.results import Report, document
from tests.support.kafka_broker import ROOT

RESULTS = ROOT / "tests/bench/RESULTS.md"
FIGURE_SECONDS = 3600.0


def measured(name: str, quick: bool) -> Report:
    """The report of one figure; one that says why where it fails."""
    command = [sys.executable, "-m", "tests.bench.one", name, *(["--quick"] if quick else [])]
    try:
        done = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, timeout=FIGURE_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return Report([], "", [f"no result in {FIGURE_SECONDS:.0f} s"])
    if done.returncode:
        return Report([], "", [f"it failed with status {done.returncode}"])
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Report)


def main() -> int:
    """The command line. 1 if a figure failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="shorter, and no verdict")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the file to write")
    given = parser.parse_args()
    described = machine.line()
    reports: dict[str, Report] = {}
    for name in [name for name in NAMES if name in given.only]:
        began = time.monotonic()
        sys.stderr.write(f"{name} …\n")
        reports[name] = report = measured(name, given.quick)
        for figure in report.figures:
            sys.stderr.write("  " + " | ".join(cell for cell in figure.cells() if cell) + "\n")
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    not_run = [name for name in NAMES if name not in reports]
    given.output.write_text(document(reports, described, given.quick, not_run), encoding="utf-8")
    return int(any(not report.figures for report in reports.values()))


if __name__ == "__main__":
    sys.exit(main())
