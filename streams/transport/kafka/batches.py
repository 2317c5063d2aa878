"""The log as it is: batches of transactions with their markers, committed or not."""

from collections.abc import AsyncIterator
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.memory_records import MemoryRecords

from streams.transport.kafka.cluster import UNCOMMITTED, Cluster

FETCH_BYTES: Final = 4 * 1024 * 1024
FETCH_WAIT_MS: Final = 100


async def batches(cluster: Cluster, line: str, place: TopicPartition, start: int, end: int) -> AsyncIterator[Any]:
    """aiokafka's batches of transactions from the one with `start` on, up to `end`.

    Raises KafkaError; OffsetOutOfRangeError where the partition does not reach from the one to the other.
    """
    while start < end:
        wanted = [(place.topic, [(place.partition, start, FETCH_BYTES)])]
        request = FetchRequest(FETCH_WAIT_MS, 1, FETCH_BYTES, UNCOMMITTED, wanted)
        answer = await cluster.ask(line, lambda _: cluster.leader(place), request)
        [[_, [[*_, raw]]]] = answer.topics
        records = MemoryRecords(raw)
        while records.has_next():
            batch = records.next_batch()
            start = batch.next_offset
            if batch.is_transactional:
                yield batch


def committed(marker: Any) -> bool | None:
    """Whether a control batch commits; None for one that compaction has emptied."""
    record = next(marker, None)
    return None if record is None else bool(ControlRecord.parse(record.key) != ABORT_MARKER)
