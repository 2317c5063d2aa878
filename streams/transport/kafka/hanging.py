"""Transactions that the brokers forgot to end, told apart from those that others have open, and ended as was meant.

When all brokers of a partition are killed between the answer to a commit and its markers, the coordinator that comes
back may find no leader for the partition, take it for deleted, and never write its marker (seen with Kafka 4.3.1: one
broker, kill -9, 2 of 12 times). The last stable offset then stands still for ever: what was committed and acknowledged
is delivered to nobody. A new producer of the same transactional id has the same producer id, so it can end it.

Whether it was committed is told by the changelog, which every transaction writes to, and last of all: a part of it that
is still open ends with the row of the position if all of the transaction was there to be committed. That row names the
other topics of the transaction. Where one of them has its marker already, that decides; else to commit is right in any
case, since nobody has folded those records again. Without that row it was never committed. Where the changelog's part
was ended, it was so by the marker that the other parts lack.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.memory_records import MemoryRecords

from streams.applied import APPLIED
from streams.transport.kafka.cluster import COMMITTED, UNCOMMITTED
from streams.transport.kafka.transactional import Transactional

logger = logging.getLogger(__name__)

OUTPUTS: Final = "outputs"
"""Header of the position's row: the other topics of its transaction, with commas between them."""

FETCH_BYTES: Final = 4 * 1024 * 1024
FETCH_WAIT_MS: Final = 100
LOOK_SECONDS: Final = 10.0
"""How long the partitions' leaders may be away."""


class Undecidable(Exception):
    """Nothing says whether the transaction was committed. Look at it with Kafka's own kafka-transactions.sh."""


async def end_hanging(writer: Transactional, changelog: str, outputs: Sequence[str]) -> None:
    """Ends what an earlier writer of this id left open in these topics; writes nothing where there is nothing.

    The writer has started: with that the coordinator has ended whatever it still knew of. Raises KafkaError or
    TimeoutError where the partitions cannot be looked at, and Undecidable.
    """
    async with asyncio.timeout(LOOK_SECONDS):
        hanging = await left_open(writer, (changelog, *outputs))
        if not hanging:
            return
        whole = await _whole(writer, changelog, hanging)
    logger.warning(
        "a transaction on %s[%d] was never ended by its brokers; it is %s now",
        changelog, writer.partition, "committed, for it is whole" if whole else "aborted, for it is not whole",
    )  # fmt: skip
    while hanging:  # a broker that is just back may forget these markers, too
        await writer.add(list(hanging))
        await writer.end(commit=whole)
        hanging = await left_open(writer, list(hanging))


async def left_open(writer: Transactional, topics: Sequence[str]) -> dict[str, list[Any]]:
    """The records that this writer's producer id has in open transactions, by topic; none of those that have none.

    Raises KafkaError or TimeoutError where the partitions cannot be looked at.
    """
    async with asyncio.timeout(LOOK_SECONDS):
        unstable = [await _unstable(writer, topic) for topic in topics]
        found = {topic: await _open(writer, topic, *span) for topic, *span in filter(None, unstable)}
    return {topic: records for topic, records in found.items() if records}


async def _unstable(writer: Transactional, topic: str) -> tuple[str, int, int] | None:
    """The topic with its last stable offset and its end, if they differ: somebody has a transaction open there."""
    place = writer.place(topic)
    stable, end = [await writer.cluster.end(writer.id, place, isolation) for isolation in (COMMITTED, UNCOMMITTED)]
    return (topic, stable, end) if stable < end else None


async def _whole(writer: Transactional, changelog: str, hanging: Mapping[str, Sequence[Any]]) -> bool:
    """Whether the transaction was committed, or is all there and nobody has aborted it."""
    if changelog not in hanging:
        return await _was_committed(writer, changelog)
    newest = hanging[changelog][-1]
    if newest.key != APPLIED:
        return False
    outputs = dict(newest.headers).get(OUTPUTS, b"").decode().split(",")
    marked = [topic for topic in outputs if topic and topic not in hanging]
    return all([await _was_committed(writer, topic) for topic in marked])


async def _open(writer: Transactional, topic: str, start: int, end: int) -> list[Any]:
    """The records that this writer's producer id wrote there after its last marker."""
    found: list[Any] = []
    async for batch in _batches(writer, topic, start, end):
        found = [] if batch.is_control_batch else [*found, *batch]
    return found


async def _was_committed(writer: Transactional, topic: str) -> bool:
    """Whether the topic's partition ends with a marker that commits."""
    end = await writer.cluster.end(writer.id, writer.place(topic), UNCOMMITTED)
    async for batch in _batches(writer, topic, max(0, end - 1), end):
        if batch.is_control_batch:
            return bool(ControlRecord.parse(next(batch).key) != ABORT_MARKER)
    raise Undecidable(f"{topic}[{writer.partition}] does not end with a marker of this writer")


async def _batches(writer: Transactional, topic: str, start: int, end: int) -> AsyncIterator[Any]:
    """The batches of this writer's producer id between two offsets, committed or not."""
    place = writer.place(topic)
    while start < end:
        wanted = [(topic, [(place.partition, start, FETCH_BYTES)])]
        request = FetchRequest(FETCH_WAIT_MS, 1, FETCH_BYTES, UNCOMMITTED, wanted)
        answer = await writer.cluster.ask(writer.id, lambda _: writer.cluster.leader(place), request)
        [[_, [[*_, raw]]]] = answer.topics
        records = MemoryRecords(raw)
        while records.has_next():
            batch = records.next_batch()
            start = batch.next_offset
            if batch.is_transactional and batch.producer_id == writer.producer_id:
                yield batch
