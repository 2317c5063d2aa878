"""Transactions that the brokers forgot to end, told apart from those that others have open, and ended as was meant.

When all brokers of a partition are killed between the answer to a commit and its markers, the coordinator that comes
back may find no leader for the partition, take it for deleted, and never write its marker (seen with Kafka 4.3.1: one
broker, kill -9, 2 of 12 times). The last stable offset then stands still for ever: what was committed and acknowledged
is delivered to nobody. A new producer of the same transactional id has the same producer id, so it can end it.

Whether it was committed is told by the changelog, which every transaction writes to, and last of all: a part of it that
is still open ends with the row of the position if all of the transaction was there to be committed. To commit it is
then right in any case, since nobody has folded those records again. Without that row it was never committed. Where the
changelog's part was ended, it was so by the marker that the other parts lack.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.memory_records import MemoryRecords

from streams.runner import APPLIED

logger = logging.getLogger(__name__)

LATEST: Final = -1
CONSUMER: Final = -1  # and not a replica
UNCOMMITTED, COMMITTED = 0, 1
FETCH_BYTES: Final = 4 * 1024 * 1024
FETCH_WAIT_MS: Final = 100
RETRY_SECONDS: Final = 0.1
LOOK_SECONDS: Final = 10.0
"""How long the partitions' leaders may be away."""


class Undecidable(Exception):
    """Nothing says whether the transaction was committed. Look at it with Kafka's own kafka-transactions.sh."""


async def end_hanging(producer: AIOKafkaProducer, changelog: TopicPartition, outputs: Sequence[TopicPartition]) -> None:
    """Ends what an earlier producer of this transactional id left open there; writes nothing where there is nothing.

    The producer has started: with that the coordinator has ended whatever it still knew of. Raises KafkaError or
    TimeoutError where the partitions cannot be looked at, and Undecidable.
    """
    async with asyncio.timeout(LOOK_SECONDS):
        unstable = [await _unstable(producer.client, place) for place in (changelog, *outputs)]
        keys = {place: await _open_keys(producer, place, *span) for place, *span in filter(None, unstable)}
        hanging = {place: found for place, found in keys.items() if found}
        if not hanging:
            return
        whole = APPLIED in hanging[changelog] if changelog in hanging else await _was_committed(producer, changelog)
    logger.warning(
        "a transaction on %s[%d] was never ended by its brokers; it is %s now",
        changelog.topic, changelog.partition, "committed, for it is whole" if whole else "aborted, for it is not whole",
    )  # fmt: skip
    await producer.begin_transaction()
    for place in hanging:
        producer._txn_manager.maybe_add_partition_to_txn(place)
    await (producer.commit_transaction() if whole else producer.abort_transaction())


async def _unstable(client: Any, place: TopicPartition) -> tuple[TopicPartition, int, int] | None:
    """The place with its last stable offset and its end, if they differ: somebody has a transaction open there."""
    stable, end = [await _end(client, place, isolation) for isolation in (COMMITTED, UNCOMMITTED)]
    return (place, stable, end) if stable < end else None


async def _end(client: Any, place: TopicPartition, isolation: int) -> int:
    request = OffsetRequest(CONSUMER, isolation, [(place.topic, [(place.partition, LATEST)])])
    [[_, [[_, _, _, offset]]]] = (await _asked(client, place, request)).topics
    return int(offset)


async def _open_keys(producer: AIOKafkaProducer, place: TopicPartition, start: int, end: int) -> list[bytes | None]:
    """The keys of the records that this producer's id wrote there after its last marker."""
    keys: list[bytes | None] = []
    async for batch in _batches(producer, place, start, end):
        keys = [] if batch.is_control_batch else [*keys, *(record.key for record in batch)]
    return keys


async def _was_committed(producer: AIOKafkaProducer, changelog: TopicPartition) -> bool:
    """Whether the changelog ends with a marker that commits."""
    end = await _end(producer.client, changelog, UNCOMMITTED)
    async for batch in _batches(producer, changelog, max(0, end - 1), end):
        if batch.is_control_batch:
            return bool(ControlRecord.parse(next(batch).key) != ABORT_MARKER)
    raise Undecidable(f"{changelog.topic}[{changelog.partition}] does not end with a marker of this writer")


async def _batches(producer: AIOKafkaProducer, place: TopicPartition, start: int, end: int) -> AsyncIterator[Any]:
    """The batches of this producer's id between two offsets, committed or not."""
    while start < end:
        wanted = [(place.topic, [(place.partition, start, FETCH_BYTES)])]
        answer = await _asked(producer.client, place, FetchRequest(FETCH_WAIT_MS, 1, FETCH_BYTES, UNCOMMITTED, wanted))
        [[_, [[*_, raw]]]] = answer.topics
        records = MemoryRecords(raw)
        while records.has_next():
            batch = records.next_batch()
            start = batch.next_offset
            if batch.is_transactional and batch.producer_id == producer._txn_manager.producer_id:
                yield batch


async def _asked(client: Any, place: TopicPartition, request: Any) -> Any:
    """The answer of the partition's leader, asked for until it comes without an error."""
    while True:
        try:
            await client._wait_on_metadata(place.topic)
            leader = client.cluster.leader_for_partition(place)
            if leader is None or leader < 0:
                raise UnknownTopicOrPartitionError(place)
            answer = await client.send(leader, request)
            [[_, [[_, code, *_]]]] = answer.topics
            if code:
                raise for_code(code)(place)
        except KafkaError as error:
            if not error.retriable:
                raise
            await client.force_metadata_update()
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return answer
