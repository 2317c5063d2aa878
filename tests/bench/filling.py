"""Fills the topics that the peers read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import DefaultPartitioner

from tests.bench.workload import PARTITIONS

BATCH_BYTES = 262_144


async def fill(
    bootstrap: str, topic: str, pairs: Iterable[tuple[bytes, bytes]], config: Mapping[str, str] | None = None
) -> None:
    """Create `topic` with PARTITIONS partitions and append `pairs`, each to its key's partition as every client does.

    Whole batches instead of `send`: that is four times as fast, and what the peers read is the same.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=dict(config or {}))])
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
