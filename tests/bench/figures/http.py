"""Acknowledged commands over HTTP with 64 connections, beside what bare aiohttp answers.

Same load generator, same requests, and answers of the same size. A command is acknowledged when it is decided, durable
and folded.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.load import Plan
from tests.bench.results import Figure, Peer, Report, paired
from tests.bench.running import bare_aiohttp, loaded, say, serving, serving_on_kafka, workspaces
from tests.support.serving import Serving

CONNECTIONS = 64
WORKSPACES = 16
TARGET = 0.5

HOW = (
    f"{CONNECTIONS} kept-alive connections, each with one POST …/tasks under way, over {WORKSPACES} workspaces; the "
    "server one process of `tasksys serve` with all agents, embedded with fsync, or on one Kafka broker with acks=all; "
    "the load generator a process of its own (raw sockets on uvloop). Bare aiohttp reads the same requests and answers "
    "as many bytes."
)


def measure(quick: bool) -> Report:
    """Embedded, then Kafka."""
    with tempfile.TemporaryDirectory() as directory:
        with serving(Path(directory) / "embedded") as server:
            figures = [_beside_bare("embedded", server, quick)]
        with serving_on_kafka(Path(directory)) as (server, _):
            figures.append(_beside_bare("Kafka", server, quick))
    return Report(figures, HOW)


def _beside_bare(transport: str, server: Serving, quick: bool) -> Figure:
    paths = workspaces(server, WORKSPACES)
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(1 if quick else 3):
        answered = loaded(_plan(server.port, paths, quick, number))
        ours.append(answered.per_second)
        say(f"{transport}: {answered.per_second:,.0f}/s, {answered.times}")
        with bare_aiohttp(answered.body_bytes) as port:
            bare = loaded(_plan(port, paths, quick, number))
        theirs.append(bare.per_second)
        say(f"bare aiohttp: {bare.per_second:,.0f}/s, {bare.times}")
    ratio = paired(ours, theirs)
    return Figure(
        f"acknowledged commands over HTTP, {CONNECTIONS} connections, {transport}",
        statistics.median(ours),
        "/s",
        Peer("bare aiohttp", statistics.median(theirs)),
        ratio,
        f"at least {TARGET} of bare aiohttp",
        ratio >= TARGET,
    )


def _plan(port: int, paths: Sequence[str], quick: bool, seed: int) -> Plan:
    seconds = 3.0 if quick else 8.0
    return Plan(port=port, paths=list(paths), connections=CONNECTIONS, warm_up=seconds / 2, seconds=seconds, seed=seed)
