"""Rebuilding the state table from the event log with the real `evolve`, as `tasksys replay` does it."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from streams.agents import commands
from streams.app import build, fold_agent
from streams.broker import Broker
from streams.replay import Rebuild
from streams.topics import EVENTS
from streams.transport.database import open_database
from tasksys import codec, decider
from tasksys.refusals import Refusal
from tasksys.state import State
from tests.bench import domain_workload, prefill, workload
from tests.bench.results import Figure, Peer, Report, paired
from tests.bench.run_peers import VENV, Missing, make_venv
from tests.bench.running import peer, say

TARGET = 50_000.0
PEER = "eventsourcing-sqlite"

HOW = (
    "events a second from the embedded event log into a new RocksDB, one partition after the other: read, decoded, "
    "brought to the current schema, evolved, rows encoded and written (`streams.replay`). The events are those of the "
    "fold's workload: 10,000 tasks in 200 workspaces. eventsourcing-sqlite loads a twentieth of the same tasks from "
    "its event store, which replays them, and writes nothing."
)


def measure(quick: bool) -> Report:
    """Some rounds over the same events."""
    count, rounds = (60_000, 1) if quick else (500_000, 3)
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "log"
        appended = asyncio.run(prefill.append(log, EVENTS.name, events(count)))
        ours, theirs, missing = [], [], []
        for number in range(rounds):
            scratch = Path(name) / f"scratch-{number}"
            scratch.mkdir()
            ours.append(uvloop.run(rebuilt(log, scratch, appended)))
            say(f"{ours[-1]:,.0f} events/s")
            try:
                make_venv()
                theirs.append(_replayed_by_peer(count))
                say(f"{PEER}: {theirs[-1]:,.0f} events/s")
            except (Missing, RuntimeError) as error:
                missing = [f"{PEER}: {error}"]
    speed = statistics.median(ours)
    beside = Peer(PEER, statistics.median(theirs)) if theirs else None
    ratio = paired(ours, theirs) if theirs else None
    target = f"at least {TARGET:,.0f}/s"
    return Report(
        [Figure("rebuild from the event log", speed, "/s", beside, ratio, target, speed >= TARGET)], HOW, missing
    )


def _replayed_by_peer(count: int) -> float:
    """Events a second over a twentieth of the tasks, each with as many events as ours."""
    given = ("--commands", str(count), "--workspaces", str(workload.WORKSPACES // 20))
    found = peer("eventsourcing_replay", *given, seconds=300, python=str(VENV / "bin/python"))
    return float(found["per_second"])


def events(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of the events that the workload's commands give."""
    states: dict[str, State] = {}
    commanded = (*domain_workload.founding(), *domain_workload.records(count))
    for offset, record in enumerate(commanded):
        state = states.setdefault(record.workspace, State())
        facts = decider.decide(record, state)
        assert not isinstance(facts, Refusal)
        for event in decider.enact(facts, record, f"0-{offset}", state):
            yield record.workspace.encode(), codec.encode_event(event)
        state.changed = {}


async def rebuilt(log: Path, scratch: Path, expected: int) -> float:
    """Events a second of one rebuild of the whole state table."""
    broker = Broker(directory=log)
    app = build(commands.agent(lambda committed: None), broker, scratch, prefill.PARTITIONS, "http://127.0.0.1:3001")
    agent = fold_agent(app)
    database = open_database(scratch)
    folded, began = 0, time.perf_counter()
    for partition in range(prefill.PARTITIONS):
        async for count in Rebuild(broker, agent, partition, database).catch_up():
            folded += count
    seconds = time.perf_counter() - began
    database.close()
    await app.transport.close_rows()
    assert folded == expected
    return folded / seconds
