"""How the time of an assignment grows with workers: it is computed in one go, and the event loop waits."""

from __future__ import annotations

import time
from typing import Final

from streams import assignment
from streams.parts import AGENTS
from tests.bench import machine
from tests.bench.running import say
from tests.scale.results import Part, Table

NUMBERS: Final = ((3, 12), (10, 48), (30, 120), (50, 200), (100, 400))

HOW: Final = (
    "The plan of who has which partition, with a standby for each (`streams/assignment.py`), in one process, without "
    f"Kafka. The leader of a group computes it at each rebalance; there are {len(AGENTS)} groups, which have the same "
    "members. Once for each number, with nothing remembered from before."
)


def measure(seed: int) -> Part:
    """In this process."""
    line = machine.line()
    rows, figures = [], dict[str, float]()
    for number, partitions in NUMBERS:
        urls = [f"http://worker-{one}:{3001 + seed % 1000}" for one in range(number)]
        began = time.perf_counter()
        assignment.plan(urls, partitions, 1)
        took = (time.perf_counter() - began) * 1000
        say(f"{number} members, {partitions} partitions: {took:.1f} ms")
        rows.append([str(number), str(partitions), f"{took:,.1f} ms"])
        figures[f"plan_{number}_ms"] = took
    return Part("Members", line, seed, [Table(["workers", "partitions", "to plan"], rows)], HOW, figures)
