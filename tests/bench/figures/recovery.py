"""Recovery of the state table from its changelog on Kafka: from wiped tables until the worker is ready."""

from __future__ import annotations

import asyncio
import logging
import math
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.broker import Broker
from streams.node import Node
from streams.topics import COMMANDS, changelog
from tests.bench import domain_workload, workload
from tests.bench.filling import fill
from tests.bench.results import Figure, Peer, Report, paired
from tests.bench.running import kafka, say

ROWS = 300_000
QUICK = 30_000
ROWS_EACH = 2.03  # changelog rows a command: the task, the outcome, and with each batch its workspaces and its position
TARGET = 3.0  # seconds
AGENT = "commands"
FOLD_SECONDS = 300.0

HOW = (
    f"a changelog of {ROWS:,} rows with the markers of real transactions, made by folding the workload; the tables' "
    "directory is wiped and the worker started in a process that is warm: topics checked, group joined, producers "
    "fenced, rows read and written, ready. Beside it plain aiokafka, reading the same changelog and keeping nothing; "
    "and the same start with the tables as they were."
)


@dataclass
class Seconds:
    """What each round took."""

    wiped: list[float] = field(default_factory=list)
    intact: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    rows: int = 0


def measure(quick: bool) -> Report:
    """Some rounds on one changelog."""
    logging.basicConfig(level=logging.CRITICAL)
    rows, rounds = (QUICK, 1) if quick else (ROWS, 3)
    with tempfile.TemporaryDirectory() as name, kafka(Path(name) / "broker") as broker:
        found = uvloop.run(_rounds(broker.bootstrap, Path(name) / "tables", rows, rounds))
    wiped = statistics.median(found.wiped)
    beside = Peer("aiokafka read alone", statistics.median(found.read))
    figures = [
        Figure(
            f"recovery of {found.rows:,} changelog rows, wiped tables until ready",
            wiped,
            "s",
            beside,
            paired(found.wiped, found.read),
            f"{ROWS:,} under {TARGET:.0f} s",
            None if quick else wiped < TARGET,
        ),
        Figure("the same start with intact tables", statistics.median(found.intact), "s"),
    ]
    assert found.rows >= rows * 0.9, f"only {found.rows} of {rows} rows were there to recover"
    return Report(figures, HOW)


async def _rounds(bootstrap: str, tables: Path, rows: int, rounds: int) -> Seconds:
    broker, found = Broker(servers=bootstrap), Seconds()
    commands = math.ceil(rows / ROWS_EACH)
    pairs = domain_workload.commands(commands - domain_workload.FOUNDING)
    await fill(bootstrap, COMMANDS.name, pairs, COMMANDS.kafka_config())
    node = _node(broker, tables)
    await node.start()
    await _folded(node, commands)
    await node.stop()
    for _ in range(rounds):
        found.intact.append(await _started(broker, tables))
        shutil.rmtree(tables)
        found.wiped.append(await _started(broker, tables))
        began = time.perf_counter()
        found.rows = await _read(bootstrap)
        found.read.append(time.perf_counter() - began)
        say(f"wiped {found.wiped[-1]:.2f} s, intact {found.intact[-1]:.2f} s, {found.rows:,} rows read in "
            f"{found.read[-1]:.2f} s")  # fmt: skip
    return found


def _node(broker: Broker, tables: Path) -> Node:
    return Node(broker, tables, (AGENT,), workload.PARTITIONS)


async def _folded(node: Node, commands: int) -> None:
    """Waits until so many commands are folded. Not until there is no lag: that is so before the ends are known too."""
    async with asyncio.timeout(FOLD_SECONDS):
        while True:
            partitions = (await node.status())["agents"].get(AGENT, {}).get("partitions", [])
            if sum(one["position"] for one in partitions) >= commands:
                return
            await asyncio.sleep(0.1)


async def _started(broker: Broker, tables: Path) -> float:
    """The seconds until a worker is ready."""
    node, began = _node(broker, tables), time.perf_counter()
    await node.start()
    seconds = time.perf_counter() - began
    assert not node.ready()
    await node.stop()
    return seconds


async def _read(bootstrap: str) -> int:
    """Reads the changelog to its end; how many rows it holds."""
    topic = changelog(AGENT).name
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        max_partition_fetch_bytes=4 * 1024 * 1024,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(workload.PARTITIONS)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        count = 0
        while any([await consumer.position(place) < ends[place] for place in places]):
            count += sum(len(found) for found in (await consumer.getmany(timeout_ms=200)).values())
        return count
    finally:
        await consumer.stop()
