"""Transactions that the brokers forgot to end, ended as was meant.

A coordinator that finds no leader for a partition takes it for deleted, and never writes its marker, though the commit
was answered. So it is with Kafka 4.3.1 and one broker that is killed between the answer and the markers (2 of 12 times,
when it is back), or stops in good order under load (2 of 60), at times in one topic and not in another: the last stable
offset stands still, and what was committed and acknowledged is delivered to nobody. Whatever is appended behind it
shares its marker, so that an abort would take it along; a writer does not (`markers`), and gives the partition up.

Who takes it over has the coordinator end what it knows of. What is open then, it has forgotten. Whether that was
committed is told by the changelog, which every transaction writes to, and last of all: a part of it that is still open
ends with the row of the position if all of the transaction was there to be committed. That row names the other topics
of the transaction, and its last offsets in them. Where one of them has its marker already, that decides; else to commit
is right in any case, since nobody has folded those records again. Without that row it was never committed. Where
nothing is open in the changelog, its last row of a position tells whether the other parts are of that transaction,
whose marker they lack then, or of a later one that never got so far.

The markers are then written by hand, as kafka-transactions.sh does it: each is one append, so whoever dies in between
leaves a part of them, and the next one decides by those. A transaction to that end would not do: it is open for a
moment, and a next owner, or its time-out, would abort it with what it was to commit.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from streams.applied import APPLIED
from streams.transport.kafka.batches import batches, committed
from streams.transport.kafka.cluster import UNCOMMITTED, Cluster
from streams.transport.kafka.requests import OpenTransaction
from streams.transport.kafka.transactional import Transactional

logger = logging.getLogger(__name__)

OUTPUTS: Final = "outputs"
"""Header of the position's row: see `outputs_header`."""

LOOK_BACK: Final = 1_000
"""In so many of a changelog's last records the last position is mostly found."""

LEADERLESS_SECONDS: Final = 10.0
"""How long the partitions' leaders may be away."""


class Undecidable(Exception):
    """Nothing says whether the transaction was committed. Look at it with Kafka's own kafka-transactions.sh."""


def outputs_header(last: Mapping[str, int]) -> tuple[str, bytes]:
    """The other topics of a transaction with its last offset in each, as `topic=offset` with commas between them."""
    return OUTPUTS, ",".join(f"{topic}={offset}" for topic, offset in last.items()).encode()


def _outputs(headers: Iterable[tuple[str, bytes]]) -> dict[str, int]:
    named = dict(headers).get(OUTPUTS, b"").decode().split(",")
    pairs = [one.rpartition("=") for one in named if one]
    return {topic: int(offset) for topic, _, offset in pairs}


async def end_hanging(writer: Transactional, changelog: str, outputs: Sequence[str], shared: Collection[str]) -> None:
    """Ends what was left open in these topics; writes nothing where there is nothing.

    Of the `shared` ones others write to the same partition, and their transactions are let be. The writer has started:
    with that the coordinator has ended whatever it still knew of. Raises KafkaError or TimeoutError where the
    partitions cannot be looked at, and Undecidable.
    """
    async with asyncio.timeout(LEADERLESS_SECONDS):
        hanging = await _hanging(writer, changelog, outputs, shared)
        for parts in hanging:
            commit = await _is_whole(writer, changelog, parts)
            logger.warning(
                "a transaction on partition %d of %s was never ended by its brokers; it is %s now", writer.partition,
                ", ".join(parts), "committed, for it is whole" if commit else "aborted, for it is not whole",
            )  # fmt: skip
            for topic, part in parts.items():
                epoch = writer.epoch if part.producer_id == writer.producer_id else part.epoch
                await writer.cluster.mark(writer.id, writer.place(topic), part._replace(epoch=epoch), commit)
    if hanging:
        await writer.start()  # markers that come late, of us or of a coordinator, are of an epoch that is over then


async def _hanging(
    writer: Transactional, changelog: str, outputs: Sequence[str], shared: Collection[str]
) -> list[dict[str, OpenTransaction]]:
    """What is open and this writer's to end, by topic: of each producer of its own.

    An id that nobody used for a week gets another producer; what the one before left open would be nobody's.
    """
    found: dict[int, dict[str, OpenTransaction]] = {writer.producer_id: {}}
    for topic in (changelog, *sorted(outputs, key=lambda one: one in shared)):
        for one in await writer.cluster.open_transactions(writer.id, writer.place(topic)):
            if topic not in shared or one.producer_id in found:
                found.setdefault(one.producer_id, {})[topic] = one
    return [parts for parts in found.values() if parts]


async def _is_whole(writer: Transactional, changelog: str, parts: Mapping[str, OpenTransaction]) -> bool:
    """Whether the transaction was committed, or is all there and nobody has aborted it."""
    last = {topic: await _last(writer, topic, part) for topic, part in parts.items()}
    if changelog not in parts:
        newest = await _newest_position(writer, changelog)
        named = {} if newest is None else _outputs(newest.headers)
        if newest is None or any(one is None or named.get(topic) != one.offset for topic, one in last.items()):
            return False  # it is a later one, that never got so far
        return await _is_committed(writer, changelog, None, newest.offset)
    newest = last[changelog]
    if newest is None or newest.key != APPLIED:
        return False
    marked = {topic: offset for topic, offset in _outputs(newest.headers).items() if topic not in parts}
    producer_id = parts[changelog].producer_id
    return all([await _is_committed(writer, topic, producer_id, offset) for topic, offset in marked.items()])


async def _last(writer: Transactional, topic: str, part: OpenTransaction) -> Any:
    """The last record of what is open; None if nothing of it can be read yet."""
    place, found = writer.place(topic), None
    end = await writer.cluster.end(writer.id, place, UNCOMMITTED)
    async for batch in batches(writer.cluster, writer.id, place, part.start, end):
        if batch.producer_id == part.producer_id and not batch.is_control_batch:
            *_, found = batch
    return found


async def _newest_position(writer: Transactional, changelog: str) -> Any:
    """The last row of a position in the changelog, committed or not; None if it has none."""
    place, span = writer.place(changelog), LOOK_BACK
    first, end = await writer.cluster.bounds(writer.id, place)
    while True:
        start, found = max(first, end - span), None
        async for batch in batches(writer.cluster, writer.id, place, start, end):
            if not batch.is_control_batch:
                found = next((one for one in reversed([*batch]) if one.key == APPLIED), found)
        if found is not None or start == first:
            return found
        span *= 10


async def _is_committed(writer: Transactional, topic: str, producer_id: int | None, last: int) -> bool:
    """Whether a producer's transaction that ended with this offset was, or anybody's; not if it is not there at all."""
    place = writer.place(topic)
    end = await writer.cluster.end(writer.id, place, UNCOMMITTED)
    if end <= last:
        return False
    try:
        async for batch in batches(writer.cluster, writer.id, place, last + 1, end):
            ours = batch.is_control_batch and producer_id in (None, batch.producer_id)
            if ours and (commits := committed(batch)) is not None:
                return commits
    except OffsetOutOfRangeError:
        pass
    raise Undecidable(f"{topic}[{writer.partition}] has no marker behind offset {last}, of producer {producer_id}")


class Written(NamedTuple):
    """A transaction in its changelog: who wrote it, and where its marker is to be, right behind its last record."""

    marker: int
    producer_id: int
    epoch: int


async def was_committed(
    cluster: Cluster, line: str, place: TopicPartition, written: Written, first: int, end: int
) -> bool:
    """Whether a transaction of a changelog was committed, between its first and its last stable offset.

    Not if something else is in its place. Where something follows it without a marker, that shares the next one. Where
    compaction took both away nothing was aborted: rows are thrown away before that (`standing.FORGETS_SECONDS`). Raises
    KafkaError or TimeoutError where the partition cannot be looked at.
    """
    async with asyncio.timeout(LEADERLESS_SECONDS):
        async for batch in batches(cluster, line, place, max(first, written.marker - 1), end):
            if batch.base_offset < written.marker:
                if batch.is_control_batch or (batch.producer_id, batch.producer_epoch) != written[1:]:
                    return False
            elif batch.is_control_batch and (commits := committed(batch)) is not None:
                return commits
    return True
