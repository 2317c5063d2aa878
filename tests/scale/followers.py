"""How cost grows with those who follow a workspace's feed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import msgspec

from tests.bench import machine
from tests.bench.figures.feed import planned, subscribed
from tests.bench.running import say
from tests.scale.cluster import PARTITIONS, cluster
from tests.scale.results import Part, Table

NUMBERS: Final = (10, 100, 500)
RATE: Final = 50.0
WARM_UP: Final = 1.0
SECONDS: Final = 5.0

HOW: Final = (
    f"One worker, {PARTITIONS} partitions. So many WebSockets follow one workspace, in which {RATE:.0f} tasks a second "
    "are made over HTTP, each due at its fixed moment. A time is from that moment until the event has come to a "
    "subscriber, of all events at all of them; each must have had every event. Processor time is the worker's, for "
    "each event, with the command that it came of."
)


def measure(seed: int) -> Part:
    """One number after the other, each in a workspace of its own, on one worker."""
    line = machine.line()
    rows, figures, notes = [], dict[str, float](), []
    for number in NUMBERS:
        with tempfile.TemporaryDirectory() as name, cluster(Path(name), 1) as running:
            running.start(1)
            plan = planned(running.workers[0], number, quick=True)
            plan = msgspec.structs.replace(plan, rate=RATE, warm_up=WARM_UP, seconds=SECONDS)
            (before,), _ = running.processor()
            found = subscribed(plan)
            (after,), _ = running.processor()
        each = (after - before) / (RATE * (WARM_UP + SECONDS)) * 1e6
        say(f"{number} subscribers: {found}, {each:.0f} µs an event")
        rows.append([f"{number:,}", f"{found.times.p50:.1f} ms", f"{found.times.p99:.1f} ms", f"{each:,.0f} µs"])
        figures |= {f"p99_{number}_ms": found.times.p99, f"event_{number}_us": each}
        if found.lacking:
            notes.append(f"{found.lacking} of {number} subscribers lacked events.")
    head = ["subscribers", "until it is there: median", "99 %", "processor time of an event"]
    return Part("Subscribers", line, seed, [Table(head, rows)], HOW, figures, notes)
