"""Acknowledged commands a second at one, two and three workers, and whose processor time they take."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from statistics import mean, median
from typing import Final

from msgspec import Struct

from tests.bench import machine
from tests.bench.load import Answered, Plan
from tests.bench.running import loaded, say, workspaces
from tests.scale.cluster import PARTITIONS, Cluster, cluster
from tests.scale.results import Part, Table, spread

WORKERS: Final = 3
WORKSPACES: Final = 48
CONNECTIONS: Final = 48
CALM_RATE: Final = 100.0
ROUNDS: Final = 3
WARMING: Final = 4
"""Runs before those that count."""
WARM_UP: Final = 1.5
SECONDS: Final = 4.0

HOW: Final = (
    f"POST …/tasks over {WORKSPACES} workspaces in turn, {PARTITIONS} partitions, one broker (acks=all); a load "
    "generator for each worker, which sends to that worker only, so with two workers half of all commands are "
    f"handed on to the other one, with three two thirds. As fast as it goes: {CONNECTIONS} connections together, each "
    f"with one command under way. Calm: {CALM_RATE:.0f} a second together, each due at its fixed moment. "
    "Processor time is that of all threads of a process, for each acknowledged command: of the workers, of the "
    f"broker, of the load generators (with their starts). {ROUNDS} rounds of {SECONDS:.0f} s after {WARM_UP} s."
)


class Run(Struct, frozen=True):
    """What one run gave: a rate, times of answers, processor time of a command in microseconds, and busy cores."""

    workers: int
    calm: bool
    rate: float
    p50: float
    p99: float
    worker_us: float
    broker_us: float
    client_us: float
    cores: float


def measure(seed: int) -> Part:
    """One worker, then another one joins, then the third."""
    line = machine.line()
    runs: list[Run] = []
    seeds = count(seed * 1000)
    with tempfile.TemporaryDirectory() as name, cluster(Path(name), WORKERS) as running:
        running.start(1)
        paths = workspaces(running.workers[0], WORKSPACES)
        for _ in range(WARMING):
            run(running, paths, seeds, None)  # a broker that has just started is slow, and busy with compiling itself
        for workers in range(1, WORKERS + 1):
            running.start(workers)
            for _ in range(ROUNDS):
                runs.append(run(running, paths, seeds, None))
                runs.append(run(running, paths, seeds, CALM_RATE))
                say(f"{runs[-2]}\n  {runs[-1]}")
    return Part("Throughput", line, seed, [table(runs)], HOW, figures(runs), notes(runs))


def run(running: Cluster, paths: Sequence[str], seeds: count[int], rate: float | None) -> Run:
    """One run over all workers that are up."""
    up = running.up
    plans = [
        Plan(
            port=one.port, paths=list(paths), connections=CONNECTIONS // len(up), warm_up=WARM_UP, seconds=SECONDS,
            seed=next(seeds), rate=None if rate is None else rate / len(up),
        )
        for one in up
    ]  # fmt: skip
    workers, broker = running.processor()
    clients = _children()
    with ThreadPoolExecutor(len(plans)) as pool:
        answered = list(pool.map(loaded, plans))
    workers_now, broker_now = running.processor()
    used = (sum(workers_now) - sum(workers), broker_now - broker, _children() - clients)
    return combined(answered, used, rate is not None)


def combined(answered: Sequence[Answered], used: tuple[float, float, float], calm: bool) -> Run:
    """Of several generators that ran at once, and the processor seconds of workers, broker and clients meanwhile."""
    rate = sum(one.per_second for one in answered)
    commands = rate * (WARM_UP + SECONDS)  # it is as fast while it warms up
    worker, broker, client = (seconds / commands * 1e6 for seconds in used)
    p50, p99 = mean(one.times.p50 for one in answered), max(one.times.p99 for one in answered)
    return Run(len(answered), calm, rate, p50, p99, worker, broker, client, sum(used) / (WARM_UP + SECONDS))


def _children() -> float:
    """Processor seconds of child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(runs: Sequence[Run]) -> Table:
    """A line for each number of workers, at either pace."""
    rows = []
    for calm in (False, True):
        for number in sorted({one.workers for one in runs}):
            same = [one for one in runs if (one.workers, one.calm) == (number, calm)]
            rows.append(
                [
                    f"{number}, {'calm' if calm else 'as fast as it goes'}", spread([one.rate for one in same], "/s"),
                    spread([one.p50 for one in same], "ms"), spread([one.p99 for one in same], "ms"),
                    spread([one.worker_us for one in same], "µs"), spread([one.broker_us for one in same], "µs"),
                    spread([one.client_us for one in same], "µs"), spread([one.cores for one in same], ""),
                ]
            )  # fmt: skip
    head = ["workers", "acknowledged", "until the answer: median", "99 %", "processor time: workers", "broker",
            "clients", "cores busy with it"]  # fmt: skip
    return Table(head, rows)


def notes(runs: Sequence[Run]) -> list[str]:
    """What the table does not show by itself."""
    busy = median(one.cores for one in runs if not one.calm)
    return [
        f"Everything ran on one machine, and workers, broker and clients together kept {busy:.1f} of its cores busy. "
        "So the rate cannot grow with the number of workers here, and does not say how it grows where each worker has "
        "a core of its own; what one command costs, and where, does."
    ]


def figures(runs: Sequence[Run]) -> dict[str, float]:
    """Medians, for the page on capacity."""
    shown = {}
    for number in sorted({one.workers for one in runs}):
        for calm, pace in ((False, "fast"), (True, "calm")):
            same = [one for one in runs if (one.workers, one.calm) == (number, calm)]
            name = f"{pace}_{number}"
            shown[f"{name}_per_s"] = median(one.rate for one in same)
            shown[f"{name}_p99_ms"] = median(one.p99 for one in same)
            shown[f"{name}_worker_us"] = median(one.worker_us for one in same)
            shown[f"{name}_broker_us"] = median(one.broker_us for one in same)
    return shown
