"""What single measurements of growth share: a paced load on one worker, and filling Kafka without HTTP."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer
from msgspec import Struct

from streams.partitioning import partition_of
from streams.topics import COMMANDS
from tasksys import codec
from tasksys.commands import CommandRecord, CreateTask, CreateWorkspace
from tasksys.values import instant
from tests.bench import realistic, workload
from tests.bench.domain_workload import record
from tests.bench.load import USER, Plan
from tests.bench.running import loaded, workspaces
from tests.scale.cluster import Cluster

WARM_UP: Final = 1.0
SECONDS: Final = 4.0
WARMING: Final = 12.0
"""Seconds of load before anything is measured."""
WARMING_WORKSPACES: Final = 24
CHUNK: Final = 500


class Paced(Struct, frozen=True):
    """Times of answers in milliseconds, and processor time of one of them at worker and broker in microseconds."""

    p50: float
    p99: float
    worker_us: float
    broker_us: float


def paced(running: Cluster, paths: list[str], rate: float, seed: int, method: str = "POST") -> Paced:
    """So many requests a second at the first worker, each due at its fixed moment, in turn to the paths."""
    plan = Plan(
        port=running.workers[0].port, paths=paths, method=method, connections=16, rate=rate, warm_up=WARM_UP,
        seconds=SECONDS, seed=seed,
    )  # fmt: skip
    workers, broker = running.processor()
    times = loaded(plan).times
    workers_now, broker_now = running.processor()
    requests = rate * (WARM_UP + SECONDS)
    return Paced(
        times.p50, times.p99, (sum(workers_now) - sum(workers)) / requests * 1e6,
        (broker_now - broker) / requests * 1e6,
    )  # fmt: skip


def warm(running: Cluster) -> None:
    """Keeps all busy for a while: a broker that has just started is slow, and busy with compiling itself."""
    paths = workspaces(running.workers[0], WARMING_WORKSPACES)
    loaded(Plan(port=running.workers[0].port, paths=paths, connections=32, warm_up=1, seconds=WARMING))


def tasks(workspace: str, number: int, seed: int) -> Iterator[CommandRecord]:
    """Commands that make a workspace of that id with so many tasks that look like people's."""
    choose, at = random.Random(seed), instant(workload.START)
    yield record(
        workspace, USER, at, CreateWorkspace(id=f"found-{workspace}", name=workspace, time_zone="Europe/Berlin")
    )
    for one in range(number):
        fields: dict[str, Any] = realistic.task_fields(choose, one)
        named = {**fields, "type": "CreateTask", "task": f"task-{one}", "id": f"create-{workspace}-{one}"}
        yield record(workspace, USER, at, msgspec.convert(named, CreateTask))


async def fill(running: Cluster, records: Iterable[CommandRecord]) -> int:
    """Appends commands to Kafka, to be folded by who is there; how many there were."""
    producer = AIOKafkaProducer(bootstrap_servers=running.broker.bootstrap, acks="all", linger_ms=5)
    await producer.start()
    count, left = 0, iter(records)
    try:
        while chunk := list(islice(left, CHUNK)):
            for one in chunk:
                partition = partition_of(one.workspace, running.partitions)
                value = codec.encode_command(one)
                await producer.send(COMMANDS.name, value, one.workspace.encode(), partition)
            count += len(chunk)
        await producer.flush()
    finally:
        await producer.stop()
    return count
