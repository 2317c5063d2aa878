"""Chaos from seeds: a cluster of real processes under real clients, broken as each seed says, and judged.

    python -m tests.chaos --seed 7               one seed; its schedule is printed, and its history kept if it fails
    python -m tests.chaos --seeds 100            many, from --first on, with a report in tests/chaos/REPORT.md
    python -m tests.chaos --judge FILE           judges a history that was kept

The exit code is 1 if anything that is promised was broken. Every seed is a cluster of its own, from nothing: a third of
them have three brokers. What the machine does not allow (small disks need root, clocks need libfaketime) is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.checker import check
from tests.chaos.disks import failing, mounts
from tests.chaos.history import History
from tests.chaos.report import Summary, add, summary
from tests.chaos.run import Plan, Run, run
from tests.chaos.schedule import Setting
from tests.chaos.world import clocks
from tests.support.kafka_broker import install


def say(text: str) -> None:
    """To whoever looks on."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
    sys.stderr.flush()


def plan(seed: int, faults: int = 6, workers: int = 0, only: str = "") -> Plan:
    """What a seed means: also how large the cluster is. The machine decides only what can be broken at all."""
    workers = workers or 2 + seed % 2
    brokers = 3 if seed % 3 == 2 else 1
    setting = Setting(
        workers=workers, brokers=brokers, spare=1, clocks=clocks() and seed % 2 == 0,
        small=seed % workers if mounts() and seed % 4 == 1 else None, failing=failing(),
    )  # fmt: skip
    return Plan(seed, setting, faults, only=only)


def one(wanted: Plan, keep: Path) -> Run:
    """One seed, from nothing; what failed is kept, with what everybody said."""
    say(f"seed {wanted.seed}: {wanted.setting.workers} workers, {wanted.setting.brokers} brokers")
    directory = Path(tempfile.mkdtemp(prefix=f"chaos-{wanted.seed}-"))
    ended = None
    try:
        ended = asyncio.run(run(wanted, directory, say, keep=keep / f"seed-{wanted.seed}"))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    say(
        f"  {ended.commands} commands, {ended.acknowledged} acknowledged, {ended.unknown} attempts unknown, "
        f"{ended.acknowledged / ended.seconds:.1f}/s; {len(ended.violations)} violations"
    )
    for violation in ended.violations[:20]:
        say(f"  {violation}")
    return ended


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--faults", type=int, default=6)
    parser.add_argument("--workers", type=int, default=0, help="instead of what the seed says")
    parser.add_argument("--only", default="", help="faults of this kind alone, as 'broker stop'; not for the report")
    parser.add_argument("--keep", type=Path, default=Path(".cache/chaos"))
    parser.add_argument("--judge", type=Path)
    given = parser.parse_args()
    if given.judge is not None:
        violations = check(History.load(given.judge))
        for violation in violations:
            say(str(violation))
        return int(bool(violations))
    install()
    if not given.seeds:
        return int(bool(one(plan(given.seed or 1, given.faults, given.workers, given.only), given.keep).violations))
    summaries: list[Summary] = []
    for seed in range(given.first, given.first + given.seeds):
        try:
            ended = one(plan(seed, given.faults, given.workers, given.only), given.keep)
        except Exception as error:  # the others' turn; this one is not in the report's figures
            say(f"seed {seed} could not be run: {error!r}")
            continue
        summaries.append(summary(ended))
        if not given.only:
            add(summaries[-1])  # at once, so that nothing is forgotten if it is ended early
    return int(len(summaries) < given.seeds or any(one.violations for one in summaries))


if __name__ == "__main__":
    sys.exit(main())
