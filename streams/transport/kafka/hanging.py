"""Transactions that the brokers forgot to end, told apart from those that others have open, and ended as was meant.

A coordinator that finds no leader for a partition takes it for deleted, and never writes its marker, though the commit
was answered. So it is with Kafka 4.3.1 and one broker that is killed between the answer and the markers (2 of 12 times,
when it is back), or stops in good order under load (2 of 60): the last stable offset stands still, and what was
committed and acknowledged is delivered to nobody. Whatever comes behind it shares its marker: a transaction that is
aborted there would take it along. So a writer appends nothing before the markers of its last transaction are there
(`ended`), and gives the partition up where they are forgotten. The next producer of the same transactional id has the
same producer id, so it can end what hangs (`end_hanging`).

Whether it was committed is told by the changelog, which every transaction writes to, and last of all: a part of it that
is still open ends with the row of the position if all of the transaction was there to be committed. That row names the
other topics of the transaction. Where one of them has its marker already, that decides; else to commit is right in any
case, since nobody has folded those records again. Without that row it was never committed. Where the changelog's part
was ended, it was so by the marker that the other parts lack.

What commits it is an empty transaction, and if its writer or the broker dies before the end, nobody must abort that. It
is known by its time-out, which the coordinator remembers and which no other transaction has: who comes next commits it
before it fences anybody (`finish_mending`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, repeat
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import InvalidProducerEpoch, InvalidTxnState, ProducerFenced
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.memory_records import MemoryRecords

from streams.applied import APPLIED
from streams.transport.kafka.cluster import COMMITTED, MARKERS_SECONDS, UNCOMMITTED, Cluster
from streams.transport.kafka.transactional import MENDING_TIMEOUT_MS, Transactional

logger = logging.getLogger(__name__)

OUTPUTS: Final = "outputs"
"""Header of the position's row: the other topics of its transaction, with commas between them."""

FETCH_BYTES: Final = 4 * 1024 * 1024
FETCH_WAIT_MS: Final = 100
LOOK_SECONDS: Final = 10.0
"""How long the partitions' leaders may be away."""


FORGOTTEN_SECONDS: Final = 1.0
"""How long markers may stay away that the coordinator says are written: a new leader may not know of them yet."""

ONGOING: Final = "Ongoing"
LOOKS: Final = 10
"""How often it is looked for markers before the coordinator is asked: they mostly come within milliseconds."""

ENDING: Final = "Prepare"
"""How the states begin in which a coordinator still has markers to write."""


class MarkersForgotten(Exception):
    """The last transaction was committed and never ended; nothing may be appended behind it. See `end_hanging`."""


class Undecidable(Exception):
    """Nothing says whether the transaction was committed. Look at it with Kafka's own kafka-transactions.sh."""


async def ended(writer: Transactional, last: Mapping[str, int]) -> None:
    """Waits until the transaction with these last offsets, by topic, was ended by its markers.

    Raises MarkersForgotten where they will not come, and KafkaError.
    """
    topics, offsets = list(last), list(last.values())
    places, now = [writer.place(topic) for topic in topics], asyncio.get_running_loop().time
    give_up: float | None = None
    for looks, wait in enumerate(chain(MARKERS_SECONDS, repeat(MARKERS_SECONDS[-1]))):
        stable = await writer.cluster.stable(writer.id, places) if places else []
        missing = [topic for topic, offset, end in zip(topics, offsets, stable, strict=True) if end <= offset]
        if not missing:
            return
        if give_up is not None and now() > give_up:
            raise MarkersForgotten(
                f"the brokers have forgotten to end a transaction on partition {writer.partition} of "
                f"{', '.join(missing)}; it is ended when the partition is taken over again"
            )
        if give_up is None and looks > LOOKS:
            described = await writer.describe()
            if described is None or not described.state.startswith(ENDING):
                give_up = now() + FORGOTTEN_SECONDS
        await asyncio.sleep(wait)


async def finish_mending(writer: Transactional) -> None:
    """Commits the transaction by which an earlier writer of this id meant to end what brokers forgot, if it is open.

    The writer has not started: with that the coordinator would abort it. Raises KafkaError.
    """
    described = await writer.describe()
    if described is None or described.state != ONGOING or described.timeout_ms != MENDING_TIMEOUT_MS:
        return
    logger.warning("what %s began to commit, and did not end, is committed", writer.id)
    with suppress(InvalidProducerEpoch, ProducerFenced, InvalidTxnState):  # it has just done so itself
        await writer.commit_as(described)


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
    if whole:
        await writer.start(MENDING_TIMEOUT_MS)
    while hanging:  # a broker that is just back may forget these markers, too
        await writer.add(list(hanging))
        await writer.end(commit=whole)
        hanging = await left_open(writer, list(hanging))
    if whole:
        await writer.start()


async def left_open(writer: Transactional, topics: Sequence[str]) -> dict[str, list[Any]]:
    """The records that this writer's producer id has in open transactions, by topic; none of those that have none.

    Raises KafkaError or TimeoutError where the partitions cannot be looked at.
    """
    async with asyncio.timeout(LOOK_SECONDS):
        unstable = [await _unstable(writer, topic) for topic in topics]
        found = {topic: await _open(writer, topic, *span) for topic, *span in filter(None, unstable)}
    return {topic: records for topic, records in found.items() if records}


async def was_committed(cluster: Cluster, line: str, place: TopicPartition, marker: int) -> bool:
    """Whether the transaction whose marker was to be at this offset was committed; its partition has one writer.

    Where something else is there, it shares the next marker. Without any it was long ago: compaction took it away.
    """
    end = await cluster.end(line, place, COMMITTED)
    async for batch in _batches(cluster, line, place, marker, end):
        if batch.is_control_batch:
            return _commits(batch)
    return True


def _commits(marker: Any) -> bool:
    return bool(ControlRecord.parse(next(marker).key) != ABORT_MARKER)


async def _unstable(writer: Transactional, topic: str) -> tuple[str, int, int] | None:
    """The topic with its last stable offset and its end, if they differ: somebody has a transaction open there."""
    place = writer.place(topic)
    stable, end = [await writer.cluster.end(writer.id, place, isolation) for isolation in (COMMITTED, UNCOMMITTED)]
    return (topic, stable, end) if stable < end else None


async def _whole(writer: Transactional, changelog: str, hanging: Mapping[str, Sequence[Any]]) -> bool:
    """Whether the transaction was committed, or is all there and nobody has aborted it."""
    if changelog not in hanging:
        return await _ends_with_commit(writer, changelog)
    newest = hanging[changelog][-1]
    if newest.key != APPLIED:
        return False
    outputs = dict(newest.headers).get(OUTPUTS, b"").decode().split(",")
    marked = [topic for topic in outputs if topic and topic not in hanging]
    return all([await _ends_with_commit(writer, topic) for topic in marked])


async def _open(writer: Transactional, topic: str, start: int, end: int) -> list[Any]:
    """The records that this writer's producer id wrote there after its last marker."""
    found: list[Any] = []
    async for batch in _own(writer, topic, start, end):
        found = [] if batch.is_control_batch else [*found, *batch]
    return found


async def _ends_with_commit(writer: Transactional, topic: str) -> bool:
    """Whether the topic's partition ends with a marker that commits."""
    end = await writer.cluster.end(writer.id, writer.place(topic), UNCOMMITTED)
    async for batch in _own(writer, topic, max(0, end - 1), end):
        if batch.is_control_batch:
            return _commits(batch)
    raise Undecidable(f"{topic}[{writer.partition}] does not end with a marker of this writer")


async def _own(writer: Transactional, topic: str, start: int, end: int) -> AsyncIterator[Any]:
    """The batches of this writer's producer id between two offsets, committed or not."""
    async for batch in _batches(writer.cluster, writer.id, writer.place(topic), start, end):
        if batch.producer_id == writer.producer_id:
            yield batch


async def _batches(cluster: Cluster, line: str, place: TopicPartition, start: int, end: int) -> AsyncIterator[Any]:
    """The batches of transactions between two offsets, committed or not."""
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
