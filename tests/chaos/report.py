"""What many runs came to, as a page."""

from __future__ import annotations

import os
import platform
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
from msgspec import Struct

from tests.bench.results import table
from tests.chaos.faults import Fault
from tests.chaos.history import Fate, History
from tests.chaos.run import Run
from tests.support.kafka_broker import ROOT

PAGE: Final = Path(__file__).parent / "REPORT.md"
RUNS: Final = Path(__file__).parent / "runs.json"
"""What came of each seed when it ran last."""

HEAD: Final = """# What chaos did

`make chaos SEEDS=…` adds to this page, which is made of `runs.json`. Each seed is a cluster of its own, of real
processes, from nothing: a Kafka broker (or three), two or three `tasksys serve`, people who write and read over HTTP,
subscribers over WebSocket, and six faults at times that the seed says. In the end everything is judged by
`tests/chaos/checker.py`. `make chaos SEED=N` repeats one.
"""


FOUND: Final = """Chaos has found, and these were mended:

- A worker that got a partition in the middle of two rebalances answered by the rows that it had had before, until its
  tables were recovered (seed 4; `streams/transport/tables.py`, `tests/contracts/test_overtaken.py`).
- Workers that took partitions over slowly were taken for dead, and had each other begin again for minutes (seed 2, on a
  busy machine; `streams/transport/kafka/heartbeats.py`).
- A worker that started on three brokers, whose topics another broker had just made, ended with a KeyError (seed 11;
  `streams/admin.py:partitions_of`).
- Workers that started at the same time ended each other, for a minute: a recovery that was overtaken by the next
  assignment went to offsets that nobody had looked up yet (seed 1; `streams/transport/kafka/consumer.py:seek_wait`).
- A worker that found its tables damaged while it started ended, though the next start healed them
  (`streams/node.py:_heals`).
- A copy lacked one transaction for ever, and its worker showed an old task when it took over: what had come together
  with another partition's records, after a rebalance, was neither put in nor fetched again. The one list that showed it
  was luck, so copies are judged in the end now, as well as who owns what they copy (seed 29;
  `streams/transport/kafka/consumer.py:recover`).
- A copy that was new could lack the first record of its changelog, if two rebalances followed each other closely (found
  by reading what had led to that; `streams/transport/kafka/driver.py:Transport.persisted_offset`).
- A worker that found no broker any more between its topics and its agents ended with a fault of ours instead of that
  (seed 30; `streams/node.py:_supervise`).
- The events of a batch whose rows had never been written were committed, and came twice: a broker that had been frozen
  for longer than a transaction may take forgot both its abort markers, and the changelog ended with an older commit
  (seed 304, in a form of `streams/transport/kafka/hanging.py` that was hours old; older ones had the same hole).
- A worker that was started while its only broker took up its work stayed out of its groups for ever, by an assertion of
  aiokafka (seed 304; `streams/transport/kafka/closing.py`).
- Agents of a worker stayed without their partitions for as long as it ran: a connection broke in the moment in which
  aiokafka asked for the cluster's brokers, uvloop said so in its own way, and the task that asks ended by it (seed
  1040; `streams/transport/kafka/closing.py`). Nothing was lost. The watchdog did not see it, for it took an agent that
  its group does not hear of for one whose brokers are away (`streams/watchdog.py`).
"""


class Suffered(Struct, frozen=True):
    """A fault, and for how long nobody's command was acknowledged in some workspace around it, in seconds."""

    kind: str
    seconds: float
    pause: float


class Summary(Struct, frozen=True, kw_only=True):
    """One run, in figures. `pace` are acknowledged commands a second."""

    seed: int
    workers: int
    brokers: int
    commit: str
    faults: list[Suffered]
    commands: int
    acknowledged: int
    unknown: int
    reads: int
    told: int
    seconds: float
    violations: list[str]


def remembered() -> dict[int, Summary]:
    """What came of the seeds that ran before, by their numbers."""
    found = msgspec.json.decode(RUNS.read_bytes(), type=list[Summary]) if RUNS.exists() else []
    return {one.seed: one for one in found}


def add(one: Summary) -> None:
    """Writes down what came of a seed, in place of what came of it before, and the page anew."""
    runs = [known for _, known in sorted({**remembered(), one.seed: one}.items())]
    lines = ",\n".join(msgspec.json.encode(known).decode() for known in runs)
    RUNS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    PAGE.write_text(page(runs), encoding="utf-8")


def summary(run: Run) -> Summary:
    """The figures of a run."""
    faults = [
        Suffered(one.kind, round(one.ended - one.began, 1), round(longest_pause(run.history, one.began, one.ended), 1))
        for one in run.faults
    ]
    setting = run.plan.setting
    return Summary(
        seed=run.plan.seed, workers=setting.workers, brokers=setting.brokers, commit=commit(), faults=faults,
        commands=run.commands, acknowledged=run.acknowledged, unknown=run.unknown, reads=len(run.history.reads),
        told=sum(len(one.seen) for one in run.history.followed), seconds=round(run.seconds, 1),
        violations=[str(one) for one in run.violations],
    )  # fmt: skip


def longest_pause(history: History, began: float, ended: float) -> float:
    """The longest time between two acknowledged commands of a workspace that has a part in that interval."""
    answered: dict[str, list[float]] = defaultdict(list)
    for write in history.writes:
        if write.fate in (Fate.ACCEPTED, Fate.REFUSED):
            answered[write.workspace].append(write.ended)
    longest = 0.0
    for moments in answered.values():
        for before, after in pairwise(sorted(moments)):
            if before < ended and after > began:
                longest = max(longest, after - before)
    return longest


def page(summaries: Sequence[Summary]) -> str:
    """The report."""
    kinds: dict[str, list[Suffered]] = defaultdict(list)
    for one in summaries:
        for fault in one.faults:
            kinds[fault.kind].append(fault)
    wrong = [f"- seed {one.seed} ({one.commit}): {what}" for one in summaries for what in one.violations]
    described = {one.kind: (one.__doc__ or "").split("\n")[0] for one in _kinds(Fault)}  # type: ignore[type-abstract]
    rows = [
        (
            kind, described[kind], str(len(all_of)), f"{median(one.pause for one in all_of):.1f}",
            f"{max(one.pause for one in all_of):.1f}",
        )
        for kind, all_of in sorted(kinds.items())
    ]  # fmt: skip
    sizes = [
        (
            f"{workers} workers, {brokers} broker{'s' if brokers > 1 else ''}", str(len(runs)),
            f"{sum(one.commands for one in runs):,}", f"{sum(one.acknowledged for one in runs):,}",
            f"{sum(one.unknown for one in runs):,}", f"{sum(one.reads for one in runs):,}",
            f"{sum(one.told for one in runs):,}",
            f"{sum(one.acknowledged for one in runs) / sum(one.seconds for one in runs):.1f}",
            str(sum(bool(one.violations) for one in runs)),
        )
        for (workers, brokers), runs in sorted(_by_size(summaries).items())
    ]  # fmt: skip
    faults = sum(len(all_of) for all_of in kinds.values())
    commits = ", ".join(f"{name} ({many})" for name, many in Counter(one.commit for one in summaries).items())
    parts = [
        HEAD,
        f"{len(summaries)} seeds, {faults} faults, on {machine()}, of commits {commits}.",
        table(
            sizes,
            (
                "cluster", "seeds", "commands", "acknowledged", "attempts without an answer", "reads", "events told",
                "acknowledged a second", "seeds with a violation",
            ),
        ),
        "The pace is people's, who rest between commands, on a machine that runs everything at once: no benchmark.",
        "## Faults survived",
        "A pause is the longest time between two acknowledged commands of a workspace around the fault. Faults "
        "overlap: a pause counts for each that it touches, so that one long pause stands in several lines.",
        table(rows, ("fault", "what happens", "times", "pause, median (s)", "pause, longest (s)")),
        "## Violations",
        "\n".join(wrong) if wrong else "None.",
        "## What it has found so far",
        FOUND,
    ]  # fmt: skip
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _kinds(fault: type[Fault]) -> Iterator[type[Fault]]:
    """All that can happen."""
    for one in fault.__subclasses__():
        if hasattr(one, "kind"):
            yield one
        yield from _kinds(one)


def _by_size(summaries: Sequence[Summary]) -> dict[tuple[int, int], list[Summary]]:
    found: dict[tuple[int, int], list[Summary]] = defaultdict(list)
    for one in summaries:
        found[one.workers, one.brokers].append(one)
    return found


def machine() -> str:
    """Where it ran."""
    return f"{os.cpu_count()} cores of {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


def commit() -> str:
    """What was run."""
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"
