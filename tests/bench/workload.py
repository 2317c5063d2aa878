"""The commands that every peer of the benchmark folds: the same bytes, in the same order, on every machine."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import DefaultPartitioner

PARTITIONS = 8
WORKSPACES = 200
TASKS = 50  # in each workspace
SEED = 1
START = datetime(2026, 3, 8, 9, tzinfo=UTC)
BATCH_BYTES = 262_144


def commands(count: int) -> Iterator[tuple[bytes, bytes]]:
    """`count` pairs of key (the workspace's id) and value (one command as JSON, about 190 bytes).

    They hit WORKSPACES * TASKS tasks at random; the first for a task creates it, all later ones change its title.
    """
    choose = random.Random(SEED)
    seen: set[int] = set()
    for number in range(count):
        chosen = choose.randrange(WORKSPACES * TASKS)
        workspace = f"workspace-{chosen % WORKSPACES:05d}"
        command = {
            "id": f"01JP{number:022d}",
            "type": "EditTask" if chosen in seen else "CreateTask",
            "workspace": workspace,
            "task": f"task-{chosen:07d}",
            "actor": f"user-{chosen % 7}",
            "at": (START + timedelta(milliseconds=number)).isoformat(timespec="milliseconds"),
            "set": {"title": f"buy milk {number}"},
        }
        seen.add(chosen)
        yield workspace.encode(), orjson.dumps(command)


async def fill(bootstrap: str, topic: str, pairs: Iterable[tuple[bytes, bytes]]) -> None:
    """Create `topic` with PARTITIONS partitions and append `pairs`, each to its key's partition as every client does.

    Whole batches instead of `send`: that is four times as fast, and what the peers read is the same.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    finally:
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        partition_of, everything = DefaultPartitioner(), list(range(PARTITIONS))
        batches = [producer.create_batch() for _ in everything]
        for key, value in pairs:
            partition = partition_of(key, everything, everything)
            if batches[partition].append(key=key, value=value, timestamp=None) is None:
                await producer.send_batch(batches[partition], topic, partition=partition)
                batches[partition] = producer.create_batch()
                batches[partition].append(key=key, value=value, timestamp=None)
        for partition, batch in enumerate(batches):
            if batch.record_count():
                await producer.send_batch(batch, topic, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()
