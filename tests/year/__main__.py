"""The command line of `tests.year`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.results import table
from tests.support.kafka_broker import KafkaBroker, install
from tests.year.accounting import HEAD
from tests.year.telling import TOTALS, Told, told

TRANSPORTS = ("embedded", "kafka")


def demonstrate(transport: str, days: int, seed: int) -> Told:
    """One year, from an empty directory."""
    with ExitStack() as running:
        directory = Path(running.enter_context(tempfile.TemporaryDirectory()))
        url = f"embedded://{directory / 'log'}"
        if transport == "kafka":
            install()
            url = f"kafka://{running.enter_context(KafkaBroker(directory / 'broker')).bootstrap}"
        return asyncio.run(told(transport, url, directory / "node", days, seed))


def main() -> int:
    """1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.year", description=sys.modules["tests.year"].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--days", type=int, default=365, help="at least 14 (default 365)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transports", type=lambda text: text.split(","), default=TRANSPORTS, metavar="NAME,NAME")
    given = parser.parse_args()
    if given.days < 14 or not set(given.transports) <= set(TRANSPORTS):
        parser.error(f"give at least 14 days, and transports among {', '.join(TRANSPORTS)}")
    found = []
    for transport in given.transports:
        sys.stderr.write(f"{given.days} days on {transport} …\n")
        found.append(one := demonstrate(transport, given.days, given.seed))
        sys.stdout.write(f"{transport}\n\n{table([_cells(line.name, line.numbers) for line in one.lines], HEAD)}\n")
    sys.stdout.write(table([one.cells() for one in found], TOTALS))
    for one in found:
        for violation in one.violations[:40]:
            sys.stdout.write(f"{one.transport}: {violation}\n")
    return int(any(one.violations for one in found))


def _cells(name: str, numbers: tuple[int, ...]) -> tuple[str, ...]:
    return name, *(f"{number:,}" for number in numbers)


if __name__ == "__main__":
    sys.exit(main())
