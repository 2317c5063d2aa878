"""What machines so many commands a day take, computed from what was measured.

What is assumed and not measured is a constant here, and stands in deploy/CAPACITY.md as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Final

from msgspec import Struct

from tests.scale.cluster import PARTITIONS
from tests.scale.large import READS as READ_RATE
from tests.scale.rates import CALM_RATE
from tests.scale.results import Part

NEEDED: Final = ("rates", "partitions", "tasks", "subscribers", "sizes")
"""The parts whose figures the page is computed from."""

MOST: Final = 60
"""Workers of one cluster at most: beyond that its members are planned for too long. More is several clusters."""

PEAK: Final = 10.0
"""Commands in the busiest second, by those of an average one."""
READS: Final = 5.0
"""Pages of 50 tasks that are asked for over HTTP, for each command."""
FOLLOWERS: Final = 3.0
"""Subscribers that each event goes to."""
BUSY: Final = 0.5
"""The share of a core that may be used in the busiest second; the rest is for takeovers, bursts and the long tail."""
SPARE: Final = 1.1
"""Workers for those that one has to do without; two at least."""
EACH: Final = 4
"""Partitions of a worker: when one is gone, several others share what it had."""
COPIES: Final = 3
"""Brokers that have each record."""
TABLES: Final = 2
"""Workers that have each row: the owner and one standby."""
READERS: Final = 4
"""Agents that read the event log."""
HANDED_ON: Final = 560e-6
"""Seconds of workers' cores to hand a request on: what was measured for ARCHITECTURE.md, on two workers."""
ROWS: Final = 5
"""Rows of all tables for each command: the thing, its workspace, the history and its index, the outcome."""
RECOVERED: Final = 100_000.0
"""Rows of changelogs that a worker reads a second: 283,432 in 2.7 s (tests/bench/RESULTS.md)."""
MACHINE_CORES: Final = 8
WORKER_GB: Final = 1.5
BROKER_CORES: Final = 8
DAY: Final = 86_400.0
YEAR: Final = 365
WEEK: Final = 7
GIGA: Final = 1e9


class Costs(Struct, frozen=True):
    """What one of each takes: seconds of a core, shares of a core, bytes."""

    command: float
    """A worker's that is alone, without what an idle worker uses."""
    together: float
    """What it takes more with three workers: two thirds are handed on, and a standby keeps a copy of all rows."""
    broker: float
    read: float
    follower: float
    idle: float
    """The share of a core that a worker with EACH partitions takes when it has nothing to do."""
    event_bytes: float
    command_bytes: float
    changelog_bytes: float
    written_bytes: float
    """Of changelogs too, but as they are written, before anything is compacted."""
    table_bytes: float


class Machines(Struct, frozen=True):
    """What so many commands a day take. Disks are in gigabytes, of a year or of a week; the network in Mbit/s."""

    per_day: float
    cells: int
    peak: float
    cost: float
    """Seconds of workers' cores for a command, with all that comes with it."""
    each: float
    """Commands a second of one worker."""
    workers: int
    worker_machines: int
    partitions: int
    broker_cores: float
    brokers: int
    memory: float
    events: float
    commands: float
    changelogs: float
    tables: float
    network: float
    recovery: float
    """Hours until a worker whose disk was wiped has read what it had a part in, after a year."""


def costs(parts: Mapping[str, Part]) -> Costs:
    """From the figures of the parts in NEEDED."""
    rates, split = parts["rates"].figures, parts["partitions"].figures
    tasks, fed, sizes = parts["tasks"].figures, parts["subscribers"].figures, parts["sizes"].figures
    micro = 1e-6
    worker_idle, broker_idle = split[f"idle_worker_{PARTITIONS}_share"], split[f"idle_broker_{PARTITIONS}_share"]
    one = rates["calm_1_worker_us"] * micro - worker_idle / CALM_RATE
    three = rates["calm_3_worker_us"] * micro - 3 * split[f"idle_worker_{EACH}_share"] / CALM_RATE
    return Costs(
        command=max(0.0, one),
        together=max(0.0, three - one),
        broker=max(0.0, rates["calm_1_broker_us"] * micro - broker_idle / CALM_RATE),
        read=max(0.0, tasks["read_1000_us"] * micro - worker_idle / READ_RATE),
        follower=max(0.0, fed["event_500_us"] - fed["event_10_us"]) * micro / 490,
        idle=split[f"idle_worker_{EACH}_share"],
        event_bytes=sizes["event_calm_bytes"],
        command_bytes=sizes["command_calm_bytes"],
        changelog_bytes=sizes["changelog_bulk_bytes"],
        written_bytes=sizes["changelog_calm_bytes"],
        table_bytes=sizes["table_bytes"],
    )


def machines(per_day: float, cost: Costs) -> Machines:
    """What that many take: as few clusters, all alike, as have no more than MOST workers each."""
    whole = written(cost) + READS * (cost.read + HANDED_ON)
    each = (BUSY - cost.idle) / whole
    cells = 1
    while (workers := needed(per_day / cells / DAY * PEAK, each)) > MOST:
        cells += 1
    one = per_day / cells
    peak = one / DAY * PEAK
    partitions = max(PARTITIONS, ceil(EACH * workers / PARTITIONS) * PARTITIONS)
    broker_cores = peak * cost.broker * COPIES / BUSY
    brokers = max(COPIES, ceil(broker_cores / BROKER_CORES))
    kept = one * YEAR / GIGA
    on_the_wire = (
        cost.command_bytes * (COPIES + 1)
        + cost.event_bytes * (COPIES + READERS)
        + cost.written_bytes * (COPIES + TABLES - 1)
    )
    return Machines(
        per_day=per_day,
        cells=cells,
        peak=peak * cells,
        cost=whole,
        each=each,
        workers=workers * cells,
        worker_machines=max(2, ceil(workers / MACHINE_CORES)) * cells,
        partitions=partitions * cells,
        broker_cores=broker_cores * cells,
        brokers=brokers * cells,
        memory=workers * WORKER_GB * cells,
        events=kept * cost.event_bytes * COPIES * cells,
        commands=one * WEEK / GIGA * cost.command_bytes * COPIES * cells,
        changelogs=kept * cost.changelog_bytes * COPIES * cells,
        tables=kept * cost.table_bytes * TABLES * cells,
        network=peak * on_the_wire * 8 / 1e6 * cells,
        recovery=one * YEAR * ROWS * TABLES / workers / RECOVERED / 3600,
    )


def needed(peak: float, each: float) -> int:
    """Workers for so many commands a second, of which each does so many."""
    return max(2, ceil(SPARE * ceil(peak / each)))


def written(cost: Costs) -> float:
    """Seconds of workers' cores for a command and its event; with many workers that third is handed on, too."""
    return cost.command + cost.together + HANDED_ON / 3 + FOLLOWERS * cost.follower
