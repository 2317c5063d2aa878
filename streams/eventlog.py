"""Reads a partition of a topic from the broker itself, from the beginning to its end: what replay folds."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.broker import Broker, said
from streams.fold import Record
from streams.transport.embedded.log import EmbeddedLog
from tasksys.errors import LogUnreadable

CHUNK: Final = 2_000
"""Records read at once."""

ANSWER_SECONDS: Final = 10.0
"""After so long without an answer Kafka counts as away; aiokafka itself goes on trying, for a minute or for ever."""


@contextmanager
def readable(broker: Broker) -> Iterator[None]:
    """What Kafka's being away looks like, as LogUnreadable: whoever asked may ask again."""
    try:
        yield
    except (KafkaError, OSError, TimeoutError) as error:
        raise LogUnreadable(f"Kafka at {broker.servers} cannot be read just now ({said(error)}); try again.") from error


async def read(broker: Broker, topic: str, partition: int, start: int = 0) -> AsyncIterator[list[Record]]:
    """Committed records from an offset to the end as it is at this call, in order. Raises LogUnreadable."""
    if broker.directory is not None:
        async for records in _read_embedded(broker, topic, partition, start):
            yield records
        return
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.servers, isolation_level="read_committed", enable_auto_commit=False,
        auto_offset_reset="earliest", max_partition_fetch_bytes=4 * 1024 * 1024,
    )  # fmt: skip
    tp = TopicPartition(topic, partition)
    try:
        with readable(broker):
            async with asyncio.timeout(ANSWER_SECONDS):
                await consumer.start()
                consumer.assign([tp])
                end = (await consumer.end_offsets([tp]))[tp]
                consumer.seek(tp, start)
        while True:
            with readable(broker):
                found = await _fetched(consumer, tp, end)
            if found is None:
                return
            if found:
                yield found
    finally:
        with suppress(KafkaError):  # an error on the way out would hide the one that led here
            await consumer.stop()


async def _fetched(consumer: Any, tp: TopicPartition, end: int) -> list[Record] | None:
    """The next records; None at the end. TimeoutError when nothing comes and the position stays where it is."""
    async with asyncio.timeout(ANSWER_SECONDS):
        before = await consumer.position(tp)
        if before >= end:
            return None
        while not (found := (await consumer.getmany(tp, timeout_ms=500, max_records=CHUNK)).get(tp)):
            if await consumer.position(tp) > before:  # it passed markers of transactions, which are never delivered
                return []
        return [Record(one.offset, one.timestamp, one.key, one.value, one.headers) for one in found]


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
            yield found
            position = found[-1].offset + 1
            await asyncio.sleep(0)  # the fold and the views go on meanwhile
    finally:
        await log.close()
