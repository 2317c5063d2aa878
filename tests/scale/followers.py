"""How cost grows with those who follow a workspace's feed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from tests.bench import machine
from tests.bench.figures.feed import USERS, subscribed
from tests.bench.load import USER
from tests.bench.running import ask, say
from tests.bench.subscribers import Plan
from tests.scale.cluster import PARTITIONS, cluster
from tests.scale.growth import warm
from tests.scale.results import Part, Table
from tests.support.serving import Serving

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
    with tempfile.TemporaryDirectory() as name, cluster(Path(name), 1) as running:
        running.start(1)
        warm(running)
        for number in NUMBERS:
            plan = planned(running.workers[0], number)
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


def planned(server: Serving, number: int) -> Plan:
    """A new workspace with members, who follow it."""
    made = ask(server, "POST", "/api/v1/workspaces", {"name": f"Followed by {number}"}, f"followed-{number}")
    workspace = f"/api/v1/workspaces/{made['id']}"
    users = [f"member-{one}" for one in range(USERS)]
    for user in users:
        ask(server, "PUT", f"{workspace}/members/{user}", {"role": "viewer"})
    headers = [{"Tasksys-Actor": user} for user in users]
    writer = {"Tasksys-Actor": USER}
    return Plan(server.port, f"{workspace}/feed", f"{workspace}/tasks", number, RATE, WARM_UP, SECONDS, headers, writer)
