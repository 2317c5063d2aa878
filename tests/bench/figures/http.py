"""Acknowledged commands over HTTP with 64 connections, beside what bare aiohttp answers.

Same load generator, same requests, and answers of the same size. A command is acknowledged when it is decided, durable
and folded.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.load import Plan
from tests.bench.results import Figure, Peer, Report, paired
from tests.bench.running import bare_aiohttp, loaded, processor_seconds, say, serving, serving_on_kafka, workspaces
from tests.support.serving import Serving

CONNECTIONS = 64
WORKSPACES = 16
TARGET = 0.5
WARM_SECONDS = 45.0
"""A broker that has just started spends half of its time on being compiled; after so long under load, hardly any."""

WHY = (
    "one core does all of it in Python. Of about 450 µs a command half are HTTP (aiohttp, routing, decoding, the "
    "answer), 15 % the way into the log, 17 % the folds and their commits, 11 % the log's writes, the rest the event "
    "loop. With the least that each of these can be, about 250 µs, the ratio would be 0.25: half of bare "
    "aiohttp takes several processes. On Kafka a command costs 1.2 to 1.4 ms (0.9 with three agents): a third HTTP, a "
    "third the folds and the requests of their transactions, of about four commands each, the rest the way into "
    "the log, fetches and threads; and the broker, on the same two cores, 0.9 ms once it is warm."
)

HOW = (
    f"{CONNECTIONS} kept-alive connections, each with one POST …/tasks under way, over {WORKSPACES} workspaces; the "
    "server one process of `tasksys serve` with all agents, embedded with fsync, or on one Kafka broker with acks=all, "
    f"after {WARM_SECONDS:.0f} s of the same load; "
    "the load generator a process of its own (raw sockets on uvloop). Bare aiohttp reads the same requests and answers "
    "as many bytes. Their processor times, all threads, depend less on what else the machine does."
)


def measure(quick: bool) -> Report:
    """Embedded, then Kafka."""
    with tempfile.TemporaryDirectory() as directory:
        with serving(Path(directory) / "embedded") as server:
            figures = _beside_bare("embedded", server, quick)
        with serving_on_kafka(Path(directory)) as (server, _):
            figures += _beside_bare("Kafka", server, quick, 0.0 if quick else WARM_SECONDS)
    return Report(figures, HOW, why=WHY)


class Run(NamedTuple):
    """Answers a second, and processor time an answer in microseconds."""

    per_second: float
    processor: float


def _beside_bare(transport: str, server: Serving, quick: bool, warm: float = 0.0) -> list[Figure]:
    paths = workspaces(server, WORKSPACES)
    if warm:
        loaded(Plan(port=server.port, paths=paths, connections=CONNECTIONS, seconds=warm, seed=-1))
    ours: list[Run] = []
    theirs: list[Run] = []
    for number in range(1 if quick else 3):
        run, size = _run(transport, _plan(server.port, paths, quick, number), server.process.pid)
        ours.append(run)
        with bare_aiohttp(size) as (port, pid):
            theirs.append(_run("bare aiohttp", _plan(port, paths, quick, number), pid)[0])
    speeds, bare_speeds = [one.per_second for one in ours], [one.per_second for one in theirs]
    times, bare_times = [one.processor for one in ours], [one.processor for one in theirs]
    ratio = paired(speeds, bare_speeds)
    return [
        Figure(
            f"acknowledged commands over HTTP, {CONNECTIONS} connections, {transport}",
            statistics.median(speeds),
            "/s",
            Peer("bare aiohttp", statistics.median(bare_speeds)),
            ratio,
            f"at least {TARGET} of bare aiohttp",
            ratio >= TARGET,
        ),
        Figure(
            f"processor time of one of them, {transport}",
            statistics.median(times),
            "µs",
            Peer("bare aiohttp", statistics.median(bare_times)),
            paired(times, bare_times),
        ),
    ]


def _run(name: str, plan: Plan, pid: int) -> tuple[Run, int]:
    """One run against the server in that process, and the bytes of an answer."""
    before = processor_seconds(pid)
    answered = loaded(plan)
    used = processor_seconds(pid) - before
    answers = answered.per_second * (plan.warm_up + plan.seconds)  # it is as fast while it warms up
    run = Run(answered.per_second, used / answers * 1e6)
    say(f"{name}: {run.per_second:,.0f}/s, {run.processor:.0f} µs of processor time each, {answered.times}")
    return run, answered.body_bytes


def _plan(port: int, paths: Sequence[str], quick: bool, seed: int) -> Plan:
    seconds = 3.0 if quick else 8.0
    return Plan(port=port, paths=list(paths), connections=CONNECTIONS, warm_up=seconds / 2, seconds=seconds, seed=seed)
