"""Fills an embedded log that no process has open, much faster than a server would be asked to."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from aiokafka.partitioner import DefaultPartitioner

from streams import admin
from streams.broker import Broker
from streams.parts import AGENTS
from streams.topics import COMMANDS
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.embedded.transaction import Transaction
from tasksys import codec
from tasksys.commands import CommandRecord, CreateTask, CreateWorkspace
from tasksys.values import instant
from tests.bench import realistic, workload
from tests.bench.domain_workload import record
from tests.bench.load import USER

PARTITIONS = 4
CHUNK = 2_000  # records a transaction


async def append(directory: Path, topic: str, pairs: Iterable[tuple[bytes, bytes]]) -> int:
    """Append keys and values to a topic of the log in `directory`, made if need be; how many there were."""
    await admin.create_topics(Broker(directory=directory), AGENTS, PARTITIONS, 1)
    log = EmbeddedLog.open(directory, fsync=False)
    partition_of, numbers = DefaultPartitioner(), list(range(PARTITIONS))
    left, count = iter(pairs), 0
    try:
        while chunk := list(islice(left, CHUNK)):
            transaction = Transaction()
            for key, value in chunk:
                transaction.append(topic, partition_of(key, numbers, numbers), key, value)
            await log.commit(transaction)
            count += len(chunk)
    finally:
        await log.close()
    return count


async def commands(directory: Path, records: Iterable[CommandRecord]) -> int:
    """Append commands to the log in `directory`, to be folded when a server starts there; how many there were."""
    pairs = ((one.workspace.encode(), codec.encode_command(one)) for one in records)
    return await append(directory, COMMANDS.name, pairs)


def workspaces(number: int, tasks: int, user: str = USER) -> Iterator[CommandRecord]:
    """Commands that make so many workspaces, `bench-0` and on, with so many tasks each that look like people's."""
    choose, at = random.Random(workload.SEED), instant(workload.START)
    for one in range(number):
        name = f"bench-{one}"
        yield record(name, user, at, CreateWorkspace(id=f"found-{one}", name=name, time_zone="Europe/Berlin"))
        for task in range(tasks):
            fields: dict[str, Any] = realistic.task_fields(choose, task)
            named = {**fields, "type": "CreateTask", "task": f"task-{one}-{task}", "id": f"create-{one}-{task}"}
            yield record(name, user, at, msgspec.convert(named, CreateTask))
