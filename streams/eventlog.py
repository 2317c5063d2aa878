"""Reads a partition of a topic from the broker itself, from the beginning to its end: what replay folds."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.broker import Broker
from streams.fold import Record
from streams.transport.embedded.log import EmbeddedLog

CHUNK: Final = 2_000
"""Records read at once."""


async def read(broker: Broker, topic: str, partition: int, start: int = 0) -> AsyncIterator[list[Record]]:
    """Committed records from an offset to the end as it is at this call, in order."""
    if broker.directory is not None:
        async for records in _read_embedded(broker, topic, partition, start):
            yield records
        return
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.servers, isolation_level="read_committed", enable_auto_commit=False,
        auto_offset_reset="earliest", max_partition_fetch_bytes=4 * 1024 * 1024,
    )  # fmt: skip
    await consumer.start()
    try:
        tp = TopicPartition(topic, partition)
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        consumer.seek(tp, start)
        while await consumer.position(tp) < end:
            for found in (await consumer.getmany(tp, timeout_ms=500, max_records=CHUNK)).values():
                yield [Record(one.offset, one.timestamp, one.key, one.value, one.headers) for one in found]
    finally:
        await consumer.stop()


async def _read_embedded(broker: Broker, topic: str, partition: int, start: int) -> AsyncIterator[list[Record]]:
    assert broker.directory is not None
    log = EmbeddedLog.open(broker.directory)
    try:
        end = log.end_offset(topic, partition)
        position = max(start, log.start_offset(topic, partition))
        while position < end:
            found = log.read(topic, partition, position, CHUNK)
            if not found:
                break
            yield [Record(*one) for one in found]
            position = found[-1].offset + 1
            await asyncio.sleep(0)  # the fold and the views go on meanwhile
    finally:
        await log.close()
