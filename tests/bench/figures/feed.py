"""The live feed: many subscribers of one workspace, and how long until each of them has what happened."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

from tests.bench.load import USER
from tests.bench.results import Figure, Peer, Report, paired
from tests.bench.running import ask, processor_seconds, say, serving, workspaces
from tests.bench.subscribers import Found, Plan
from tests.support.kafka_broker import ROOT
from tests.support.serving import Serving

SUBSCRIBERS, QUICK = 1_000, 300
RATE = 100.0
USERS = 20
MILLISECONDS = 250.0
PEER = "bare aiohttp broadcast"

HOW = (
    f"{SUBSCRIBERS:,} WebSockets subscribe to one workspace, while {RATE:.0f} tasks a second are made over HTTP, each "
    "due at its fixed moment; on the embedded log with fsync. A time is from that moment until the event has come to a "
    "subscriber, for all events at all of them; each must have had every event. Subscribers and writer are one "
    "process (raw sockets on uvloop), on the same two cores. The peer sends messages of the same size to every "
    "WebSocket with aiohttp's own means, and does nothing else. Processor time is the server's, all threads, for each "
    "message at a subscriber."
)


@contextmanager
def broadcast() -> Iterator[tuple[int, int]]:
    """The peer's port and process."""
    command = [sys.executable, "-m", "tests.bench.peers.bare_broadcast"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(json.loads(server.stdout.readline())["port"]), server.pid
        finally:
            server.terminate()


def subscribed(plan: Plan) -> Found:
    """What the subscribers find. RuntimeError with what they said if they fail."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.subscribers"], cwd=ROOT, input=msgspec.json.encode(plan),
        capture_output=True, timeout=plan.warm_up + plan.seconds + 120, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the subscribers failed: {done.stderr.decode()[-800:]}")
    return msgspec.json.decode(done.stdout, type=Found)


def measure(quick: bool) -> Report:
    """Ours and the peer in turn."""
    count, rounds = (QUICK, 1) if quick else (SUBSCRIBERS, 3)
    ours: list[tuple[Found, float]] = []
    theirs: list[tuple[Found, float]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server:
            plan = planned(server, count, quick)
            ours.append(timed(plan, server.process.pid))
        with broadcast() as (port, pid):
            other = msgspec.structs.replace(plan, port=port, feed="/feed", write="/events", users=(), writer={})
            theirs.append(timed(other, pid))
        say(f"ours: {ours[-1][0]}, {ours[-1][1]:.2f} µs; {PEER}: {theirs[-1][0]}, {theirs[-1][1]:.2f} µs")
    return report(count, ours, theirs, judged=not quick)


def planned(server: Serving, count: int, quick: bool) -> Plan:
    """A new workspace with members, who subscribe to it."""
    (tasks,) = workspaces(server, 1)
    workspace = tasks.removesuffix("/tasks")
    users = [f"member-{number}" for number in range(USERS)]
    for user in users:
        ask(server, "PUT", f"{workspace}/members/{user}", {"role": "viewer"})
    headers = [{"Tasksys-Actor": user} for user in users]
    seconds = 5.0 if quick else 20.0
    return Plan(server.port, f"{workspace}/feed", tasks, count, RATE, 2.0, seconds, headers, {"Tasksys-Actor": USER})


def timed(plan: Plan, pid: int) -> tuple[Found, float]:
    """What was found, and the server's processor time in microseconds for each message that came to a subscriber."""
    before = processor_seconds(pid)
    found = subscribed(plan)
    used = processor_seconds(pid) - before
    messages = plan.subscribers * plan.rate * (plan.warm_up + plan.seconds)
    return found, used / messages * 1e6


def report(count: int, ours: list[tuple[Found, float]], theirs: list[tuple[Found, float]], judged: bool) -> Report:
    """The figures; those who lack events are told, and are none of the target's."""
    title, lacking = f"{count:,} subscribers at {RATE:.0f} events/s", sum(found.lacking for found, _ in ours)
    figures = []
    for name, called in (("p50", "median"), ("p99", "99 %")):
        mine, other = ([getattr(found.times, name) for found, _ in all_] for all_ in (ours, theirs))
        target = name == "p99"
        reached = median(mine) < MILLISECONDS and not lacking
        figures.append(
            Figure(
                f"{title}: {called}", median(mine), "ms", Peer(PEER, median(other)), paired(mine, other),
                f"under {MILLISECONDS:.0f} ms, none dropped" if target else "", reached if target and judged else None,
            )
        )  # fmt: skip
    mine, other = ([used for _, used in all_] for all_ in (ours, theirs))
    figures.append(
        Figure(f"{title}: processor time of a message", median(mine), "µs", Peer(PEER, median(other)),
               paired(mine, other))
    )  # fmt: skip
    missing = [f"{lacking} subscribers lacked events"] if lacking else []
    return Report(figures, HOW, missing)
