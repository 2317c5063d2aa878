"""The fold of commands with the real rules on Kafka, beside the other frameworks' plain one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.bench.results import Figure, Peer, Report, paired
from tests.bench.run_peers import COMMANDS, REGISTRY, WARM_UP, compare
from tests.bench.running import say

OURS = "tasksys"
TARGETS: Mapping[str, float] = {"kafka-streams": 1.0, "quix-streams": 1.5, "quix-streams-100ms": 1.5}
"""How many times the peer's speed ours must be."""

ROUNDS = 3
QUICK = 60_000  # commands to warm up, and to measure

WHY = (
    "a command costs 26 µs of pure Python to decode, look up, decide, evolve and encode, and as much again on its way "
    "from Kafka and back; the peers add one to a counter, and Kafka Streams does so in Java."
)

HOW = (
    "commands a second on one Kafka broker, 8 partitions, one worker, from the first command after the warm-up until "
    "the last one's position is committed; the peers fold the same commands with nothing but a version counter. Ours "
    "checks rights, fields and idempotency and writes state, outcomes, changelog and events in transactions "
    "(`peers/tasksys_fold.py`). Kafka Streams: one thread, exactly_once_v2; Quix Streams: exactly once; "
    "faust-stock and eventsourcing-sqlite: at least once."
)


def measure(quick: bool) -> Report:
    """All peers in turn, each round beginning with another one."""
    warm_up, commands, rounds = (QUICK, QUICK, 1) if quick else (WARM_UP, COMMANDS, ROUNDS)
    return report(compare(REGISTRY, warm_up, commands, rounds, say))


def report(found: Mapping[str, Any]) -> Report:
    """A line for each peer that ran."""
    missing = [f"{name}: {reason}" for name, reason in found["missing"].items()]
    peers = dict(found["peers"])
    ours = peers.pop(OURS, None)
    if ours is None:
        return Report([], HOW, missing)
    return Report([_beside(ours, name, theirs) for name, theirs in peers.items()], HOW, missing, WHY)


def _beside(ours: Mapping[str, Any], name: str, theirs: Mapping[str, Any]) -> Figure:
    ratio, least = paired(ours["runs"], theirs["runs"]), TARGETS.get(name)
    return Figure(
        f"fold of commands on Kafka, beside {name}",
        ours["per_second"],
        "/s",
        Peer(name, theirs["per_second"]),
        ratio,
        "" if least is None else f"at least {least:g} of {name}" if least != 1 else f"faster than {name}",
        None if least is None else ratio > 1 if least == 1 else ratio >= least,
    )
