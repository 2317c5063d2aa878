"""The part of deploy/CAPACITY.md that is computed, with how each figure follows from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Final

from tests.bench.results import table
from tests.scale.capacity import (
    BROKER_CORES,
    BUSY,
    COPIES,
    DAY,
    EACH,
    FOLLOWERS,
    HANDED_ON,
    MACHINE_CORES,
    MOST,
    PEAK,
    READERS,
    READS,
    RECOVERED,
    ROWS,
    TABLES,
    WEEK,
    YEAR,
    Costs,
    Machines,
    costs,
    machines,
    needed,
    written,
)
from tests.scale.cluster import PARTITIONS
from tests.scale.large import READS as READ_RATE
from tests.scale.rates import CALM_RATE
from tests.scale.results import Part
from tests.support.kafka_broker import ROOT

CAPACITY: Final = ROOT / "deploy/CAPACITY.md"
BEGIN: Final = "<!-- Computed by `python -m tests.scale --pages`. -->\n"
END: Final = "<!-- So far. -->\n"
DAYS: Final = (100_000, 10_000_000, 1_000_000_000)
SHOWN: Final = 10_000_000
"""Commands a day of what is shown step by step."""


def disk(gigabytes: float) -> str:
    """Gigabytes as people say it."""
    for size, unit in ((1e6, "PB"), (1e3, "TB")):
        if gigabytes >= size:
            return f"{gigabytes / size:,.1f} {unit}"
    return f"{gigabytes:,.0f} GB"


def computed(parts: Mapping[str, Part]) -> str:
    """The part of the page that follows from what was measured."""
    cost = costs(parts)
    return "\n".join([_costs(cost, parts), _machines([machines(per_day, cost) for per_day in DAYS]), _shown(cost)])


def _costs(cost: Costs, parts: Mapping[str, Part]) -> str:
    rates, split = parts["rates"].figures, parts["partitions"].figures
    fed, tasks = parts["subscribers"].figures, parts["tasks"].figures
    idle_worker, idle_broker = split[f"idle_worker_{PARTITIONS}_share"], split[f"idle_broker_{PARTITIONS}_share"]
    rows = [
        [
            "C, a command at a worker", _us(cost.command),
            f"{rates['calm_1_worker_us']:,.0f} µs at {CALM_RATE:.0f}/s, less the {idle_worker:.1%} of a core that an "
            f"idle worker with {PARTITIONS} partitions uses, over {CALM_RATE:.0f}",
        ],
        [
            "K, the same among others, more", _us(cost.together),
            f"{rates['calm_3_worker_us']:,.0f} µs with 3 workers − {rates['calm_1_worker_us']:,.0f} µs with 1, each "
            "less what they use when idle: two thirds are handed on, and a standby keeps a copy",
        ],
        [
            "H, to hand a request on", _us(HANDED_ON), "ARCHITECTURE.md, of two workers",
        ],
        [
            "B, a command at the broker", _us(cost.broker),
            f"{rates['calm_1_broker_us']:,.0f} µs at {CALM_RATE:.0f}/s, less {idle_broker:.1%} of a core over "
            f"{CALM_RATE:.0f}",
        ],
        [
            "R, a page of 50 tasks", _us(cost.read),
            f"of a workspace of 1,000, filtered and sorted: {tasks['read_1000_us']:,.0f} µs at {READ_RATE:.0f}/s, less "
            f"{idle_worker:.1%} of a core over {READ_RATE:.0f}",
        ],
        [
            "F, an event for a subscriber", _us(cost.follower),
            f"({fed['event_500_us']:,.0f} µs with 500 − {fed['event_10_us']:,.0f} µs with 10) / 490",
        ],
        ["I, an idle worker", f"{cost.idle:.1%} of a core", f"with {EACH} partitions"],
        ["event log", f"{cost.event_bytes:,.0f} bytes a command", "calm: nearly each is a transaction of its own"],
        ["command log", f"{cost.command_bytes:,.0f} bytes a command", "calm"],
        ["changelogs", f"{cost.changelog_bytes:,.0f} bytes a command", "in bulk, before they are compacted"],
        ["changelogs as they are written", f"{cost.written_bytes:,.0f} bytes a command", "calm"],
        ["tables of a worker", f"{cost.table_bytes:,.0f} bytes a command", "all agents', as RocksDB left them"],
    ]  # fmt: skip
    return table(rows, ["measured", "value", "how it follows from tests/scale/RESULTS.md"])


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds >= 1e-4 else f"{seconds * 1e6:.1f} µs"


def _machines(found: list[Machines]) -> str:
    def line(what: str, values: list[str]) -> list[str]:
        return [what, *values]

    rows = [
        line("commands in the busiest second", [f"{one.peak:,.0f}" for one in found]),
        line("clusters", [f"{one.cells:,}" for one in found]),
        line("workers (processes)", [f"{one.workers:,}" for one in found]),
        line(f"machines for them, {MACHINE_CORES} cores", [f"{one.worker_machines:,}" for one in found]),
        line("memory of workers", [disk(one.memory) for one in found]),
        line("partitions", [_each(one.partitions, one.cells) for one in found]),
        line("brokers' cores, at half", [f"{one.broker_cores:,.1f}" for one in found]),
        line(f"brokers, {BROKER_CORES} cores", [_each(one.brokers, one.cells) for one in found]),
        line("disk: events, each year", [disk(one.events) for one in found]),
        line("disk: changelogs, each year at most", [disk(one.changelogs) for one in found]),
        line("disk: commands, a week", [disk(one.commands) for one in found]),
        line("disk of workers: tables, each year", [disk(one.tables) for one in found]),
        line("a wiped worker reads, after a year", [f"{one.recovery:,.1f} hours" for one in found]),
        line("network of brokers, busiest second", [f"{one.network:,.1f} Mbit/s" for one in found]),
    ]
    return table(rows, ["", *(f"{one.per_day:,.0f} commands a day" for one in found)])


def _each(number: int, cells: int) -> str:
    return f"{number:,}" if cells == 1 else f"{cells:,} × {number // cells:,}"


def _shown(cost: Costs) -> str:
    """The second column, step by step."""
    whole = machines(SHOWN, cost)
    one = machines(SHOWN / whole.cells, cost)
    need = ceil(one.peak / one.each)
    steps = [
        f"Clusters: {whole.cells} of {one.per_day:,.0f} commands a day; none has more than {MOST} workers.",
        f"Busiest second: {one.per_day:,.0f} / {DAY:,.0f} s × {PEAK:.0f} = {one.peak:,.0f} commands.",
        f"A command with what comes with it: C + K + H/3 + {READS:.0f} × (R + H) + {FOLLOWERS:.0f} × F = "
        f"{one.cost * 1e3:.2f} ms of a worker's core.",
        f"A worker: ({BUSY:.2f} − {cost.idle:.3f}) / {one.cost * 1e3:.2f} ms = {one.each:.1f} commands a second.",
        f"Workers: {one.peak:,.0f} / {one.each:.1f}, up to {need}; with a tenth to spare {one.workers}. "
        f"Without any reads it would be {_without_reads(cost, one.peak)}.",
        f"Partitions: {EACH} a worker, up to a multiple of {PARTITIONS}: {one.partitions}. In the busiest second each "
        f"has {one.peak / one.partitions:.1f} commands, about as many as when C and B were measured "
        f"({CALM_RATE / PARTITIONS:.1f}).",
        f"Brokers: {one.peak:,.0f} × B × {COPIES} copies / {BUSY} = {one.broker_cores:.1f} cores.",
        f"Events: {one.per_day:,.0f} × {YEAR} × {cost.event_bytes:,.0f} bytes × {COPIES} = {disk(one.events)} a year. "
        f"Changelogs the same with {cost.changelog_bytes:,.0f} bytes; commands with {cost.command_bytes:,.0f} bytes "
        f"and {WEEK} days; tables with {cost.table_bytes:,.0f} bytes and {TABLES} workers that have each row.",
        f"Network: {one.peak:,.0f} × (command × {COPIES + 1} + event × {COPIES + READERS} + changelogs as written × "
        f"{COPIES + TABLES - 1}) × 8 bits = {one.network:,.0f} Mbit/s: each record goes to {COPIES} brokers and to all "
        "who read it.",
    ]
    steps.append(
        f"A worker whose disk was wiped, after a year: {one.per_day:,.0f} × {YEAR} × {ROWS} rows × {TABLES} workers "
        f"that have each / {one.workers} workers / {RECOVERED:,.0f} rows a second = {one.recovery:.1f} hours. What it "
        "owns once it has joined waits for that; as long as it is stopped others have it. Rows of a command are "
        "counted by hand, rows a second are those of tests/bench/RESULTS.md."
    )
    return f"For {SHOWN:,} commands a day, step by step:\n\n" + "\n".join(f"1. {step}" for step in steps) + "\n"


def _without_reads(cost: Costs, peak: float) -> int:
    return needed(peak, (BUSY - cost.idle) / written(cost))


def put_into(page: str, text: str) -> str:
    """The page with this text between its two marks. ValueError if they are not there, once each and in order."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for it, between {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def write(parts: Mapping[str, Part], page: Path = CAPACITY) -> None:
    """Puts what follows from the parts into the page."""
    page.write_text(put_into(page.read_text(encoding="utf-8"), computed(parts)), encoding="utf-8")
