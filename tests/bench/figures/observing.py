"""What it costs to be observed: the fold and HTTP with all of it, beside the same with none, in one run."""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.load import Plan
from tests.bench.results import Figure, Peer, Report, paired
from tests.bench.run_peers import REGISTRY, compare
from tests.bench.running import loaded, processor_seconds, say, workspaces
from tests.support.serving import Serving

ALLOWED: Final = 1.10
"""Times what it costs without: the most that it may cost."""

WORKSPACES: Final = 16
SCRAPE_SECONDS: Final = 5.0
UNOBSERVED: Final = (sys.executable, "-m", "tests.bench.unobserved")

HOW: Final = (
    "the same program in turn, as it is and with nothing counted, timed or noted (`unobserved.py`; the product has no "
    f"such switch). HTTP: one `tasksys serve` of each, embedded with fsync, scraped every {SCRAPE_SECONDS:.0f} s, with "
    "the load generator of the figure `http`; the time is the processor's, all threads, for each acknowledged command, "
    "as speeds depend on what else the machine does. Fold: as in the figure `fold`, on Kafka. Targets are for the "
    "median of the rounds' ratios."
)


class Unobserved(Serving):
    """A server that observes nothing of itself."""

    @property
    def command(self) -> list[str]:
        """What is run."""
        return [*UNOBSERVED, *super().command[2:]]


@dataclass
class Run:
    """What a server was found to take, for each command in microseconds, and how many it did a second."""

    processor: list[float]
    speed: list[float]


class Load(NamedTuple):
    """How many connections, for how many seconds."""

    connections: int
    seconds: float


def measure(quick: bool) -> Report:
    """HTTP under load and alone, then the fold."""
    rounds, seconds = (2, 3.0) if quick else (5, 6.0)
    figures: list[Figure] = []
    for connections in (64, 1):
        figures += over_http(Load(connections, seconds), rounds)
    found, missing = folding(quick)
    return Report([*figures, *found], HOW, missing)


def over_http(load: Load, rounds: int) -> list[Figure]:
    """The figures of HTTP: servers of both kinds run side by side, and have the load in turn."""
    with tempfile.TemporaryDirectory() as name:
        options = ("--log-level", "warning")
        with Serving(Path(name) / "with", *options) as observed, Unobserved(Path(name) / "without", *options) as bare:
            runs = {server: Run([], []) for server in (observed, bare)}
            paths = {server: workspaces(server, WORKSPACES) for server in runs}
            with scraping(observed.metrics_url):
                for number in range(rounds):
                    for server in (observed, bare) if number % 2 else (bare, observed):
                        plan = Plan(
                            port=server.port, paths=paths[server], connections=load.connections,
                            warm_up=load.seconds / 3, seconds=load.seconds, seed=number,
                        )  # fmt: skip
                        timed(plan, server, runs[server])
                    say(f"{load.connections} connections, µs: {runs[observed].processor[-1]:.0f} with, "
                        f"{runs[bare].processor[-1]:.0f} without")  # fmt: skip
    title = f"processor time of a command over HTTP, {load.connections} connection{'s' * (load.connections > 1)}"
    return [compared(title, "µs", runs[observed].processor, runs[bare].processor)]


def timed(plan: Plan, server: Serving, run: Run) -> None:
    """One run of the load."""
    pid = server.process.pid
    before = processor_seconds(pid)
    answered = loaded(plan)
    answers = answered.per_second * (plan.warm_up + plan.seconds)
    run.processor.append((processor_seconds(pid) - before) / answers * 1e6)
    run.speed.append(answered.per_second)


@contextmanager
def scraping(url: str) -> Iterator[None]:
    """Reads the metrics now and then, as Prometheus does."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(SCRAPE_SECONDS):
            began = time.monotonic()
            with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
                size = len(answer.read())
            say(f"a scrape of {size:,} bytes took {(time.monotonic() - began) * 1e3:.0f} ms under load")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def folding(quick: bool) -> tuple[list[Figure], list[str]]:
    """The figure of the fold on Kafka, and why there is none."""
    ours = next(peer for peer in REGISTRY if peer.name == "tasksys")
    module = ours.command()[-1]
    bare = replace(ours, name="unobserved", command=lambda: [*UNOBSERVED, module])
    found = compare((ours, bare), *((20_000, 20_000, 2) if quick else (60_000, 60_000, 5)), say)
    missing = [f"{name}: {reason}" for name, reason in found["missing"].items()]
    if missing:
        return [], missing
    speeds = [[1e6 / one for one in found["peers"][name]["runs"]] for name in ("tasksys", "unobserved")]
    return [compared("fold of a command on Kafka", "µs", *speeds)], []


def compared(title: str, unit: str, ours: Sequence[float], bare: Sequence[float]) -> Figure:
    """A figure with what there is without observing as its peer."""
    ratio = paired(ours, bare)
    peer = Peer("observing nothing", statistics.median(bare))
    target = f"at most {ALLOWED:g} of that"
    return Figure(title, statistics.median(ours), unit, peer, ratio, target, ratio <= ALLOWED)
