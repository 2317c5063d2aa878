"""What a command leaves behind: bytes of each topic on the broker's disk, and of tables on a worker's."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Final

from streams.topics import COMMANDS, DEAD_LETTERS, EVENTS
from tests.bench import machine
from tests.bench.load import Plan
from tests.bench.running import catch_up, loaded, say
from tests.scale.cluster import PARTITIONS, cluster
from tests.scale.growth import fill, tasks
from tests.scale.results import Part, Table

WORKSPACES: Final = 50
TASKS: Final = 400
RATE: Final = 40.0
SECONDS: Final = 10.0

HOW: Final = (
    f"One worker, {PARTITIONS} partitions, one copy of everything. Sizes are those of the topics' segments on the "
    "broker's disk, without indexes, for each command; each made one task, and so one event. In bulk: "
    f"{WORKSPACES * TASKS:,} commands in {WORKSPACES} workspaces that were there before the worker folded them, so "
    f"that batches are large. Calm: {RATE:.0f} commands a second over HTTP, where nearly each is a batch, and a "
    "transaction, of its own. Changelogs are compacted by the broker in time, to the newest of each row: what stays of "
    "them is less. Tables are those of the worker on its own disk, all agents' together, as RocksDB has left them."
)


def measure(seed: int) -> Part:
    """In bulk, then calmly."""
    line = machine.line()
    with tempfile.TemporaryDirectory() as name, cluster(Path(name), 1) as running:
        running.start(1)
        (server,) = running.workers
        data = running.broker.directory / "data"
        nothing = topics(data)
        names = [f"size-{number}" for number in range(WORKSPACES)]
        made = asyncio.run(fill(running, chain.from_iterable(tasks(one, TASKS, seed) for one in names)))
        catch_up(server)
        full = topics(data)
        server.stop()
        running.start(1)
        disk = sum(file.stat().st_size for file in (server.directory / "tables").rglob("*") if file.is_file())
        calm_before = topics(data)
        paths = [f"/api/v1/workspaces/{one}/tasks" for one in names]
        plan = Plan(port=server.port, paths=paths, connections=8, rate=RATE, warm_up=1, seconds=SECONDS, seed=seed)
        loaded(plan)
        catch_up(server)
        calm = topics(data)
    commands = int(RATE * (SECONDS + 1))
    bulk_each = {topic: (full[topic] - nothing.get(topic, 0)) / made for topic in full}
    calm_each = {topic: (calm[topic] - calm_before.get(topic, 0)) / commands for topic in calm}
    say(f"bulk {bulk_each}, calm {calm_each}, tables {disk / made:.0f}")
    return Part(
        "Bytes", line, seed, [table(bulk_each, calm_each, disk / made)], HOW, figures(bulk_each, calm_each, disk / made)
    )


def topics(data: Path) -> dict[str, int]:
    """Bytes of the segments of each topic of ours, in a broker's directory."""
    return of_files((file.parent.name, file.stat().st_size) for file in data.glob("tasksys*/*.log"))


def of_files(files: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The same of directories' names, topic and partition, with a size each."""
    sizes: dict[str, int] = defaultdict(int)
    for directory, size in files:
        sizes[directory.rpartition("-")[0]] += size
    return dict(sizes)


def figures(bulk: dict[str, float], calm: dict[str, float], table_bytes: float) -> dict[str, float]:
    """For the page on capacity: what stays for ever, what goes after days, what is compacted."""
    found = {"table_bytes": table_bytes}
    for pace, sizes in (("bulk", bulk), ("calm", calm)):
        found[f"event_{pace}_bytes"] = sizes[EVENTS.name]
        found[f"command_{pace}_bytes"] = sizes[COMMANDS.name]
        found[f"changelog_{pace}_bytes"] = sum(size for name, size in sizes.items() if name.endswith("-changelog"))
    return found


def table(bulk: dict[str, float], calm: dict[str, float], table_bytes: float) -> Table:
    """A line for each topic, and the tables."""
    rows = [
        [name, f"{bulk[name]:,.0f} bytes", f"{calm.get(name, 0.0):,.0f} bytes", _kept(name)]
        for name in sorted(bulk)
        if name != DEAD_LETTERS.name
    ]
    rows.append(["tables on the worker's disk", f"{table_bytes:,.0f} bytes", "", "as long as the rows"])
    return Table(["of each command", "in bulk", "calm", "kept"], rows)


def _kept(topic: str) -> str:
    if topic == EVENTS.name:
        return "for ever"
    return "7 days" if topic == COMMANDS.name else "compacted"
