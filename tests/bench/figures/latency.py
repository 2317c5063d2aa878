"""One command over HTTP until its outcome, at 200 a second, beside a bare append to the same kind of log."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from tests.bench.load import Plan
from tests.bench.percentiles import Times
from tests.bench.results import Figure, Peer, Report, paired
from tests.bench.running import loaded, peer, say, serving, serving_on_kafka, workspaces
from tests.support.serving import Serving

RATE = 200.0
CONNECTIONS = 64
WORKSPACES = 16
TARGETS = {"embedded": (10.0, None), "Kafka": (25.0, 100.0)}
"""Milliseconds that the median and the 99 % must be under."""

PEERS = {"embedded": "append to the log alone, fsync", "Kafka": "aiokafka produce alone, acks=all"}

WHY = (
    "with 12 partitions and 16 workspaces nearly every command is a transaction of its own: four requests one after "
    "the other, and about ten appends in the broker. Server, broker and load generator share two cores; at 200 a "
    "second the broker alone takes most of one. One transaction for all that a fetch brought would help most."
)

HOW = (
    f"POST …/tasks at {RATE:.0f} a second over {WORKSPACES} workspaces, each due at its fixed moment whatever the "
    f"server does (open loop over {CONNECTIONS} connections, times from the moment a request was due), until the "
    "answer with the new task. The peer appends single records of 400 bytes at the same rate, without HTTP, fold or "
    "table. The timer is good to 1 ms."
)


def measure(quick: bool) -> Report:
    """Embedded, then Kafka."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with serving(directory / "embedded") as server:
            figures = _figures("embedded", server, quick, "--embedded", str(directory / "appends"))
        with serving_on_kafka(directory) as (server, bootstrap):
            figures += _figures("Kafka", server, quick, "--bootstrap", bootstrap)
    return Report(figures, HOW, why=WHY)


def _figures(transport: str, server: Serving, quick: bool, *place: str) -> list[Figure]:
    paths = workspaces(server, WORKSPACES)
    ours: list[Times] = []
    theirs: list[Times] = []
    seconds = 4.0 if quick else 15.0
    for number in range(1 if quick else 3):
        plan = Plan(port=server.port, paths=paths, rate=RATE, connections=CONNECTIONS, warm_up=2.0, seconds=seconds,
                    seed=number)  # fmt: skip
        ours.append(loaded(plan).times)
        found = peer("single_append", *place, "--rate", str(RATE), "--seconds", str(seconds))
        theirs.append(Times(found["count"], found["p50"], found["p99"], found["longest"]))
        say(f"{transport}: {ours[-1]}; {PEERS[transport]}: {theirs[-1]}")
    return [_figure(transport, name, ours, theirs) for name in ("p50", "p99")]


def _figure(transport: str, name: str, ours: list[Times], theirs: list[Times]) -> Figure:
    mine, other = ([getattr(times, name) for times in all_] for all_ in (ours, theirs))
    target = TARGETS[transport][name == "p99"]
    called = {"p50": "median", "p99": "99 %"}[name]
    return Figure(
        f"a command over HTTP until its outcome, {RATE:.0f}/s, {transport}: {called}",
        median(mine),
        "ms",
        Peer(PEERS[transport], median(other)),
        paired(mine, other),
        f"under {target:.0f} ms" if target else "",
        median(mine) < target if target else None,
    )
