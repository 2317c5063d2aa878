"""One partition's writer: a transactional producer whose id is the partition's, and the rows that follow commits."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer import sender
from faust.types import TP

from streams.fold import Effects, Headers
from streams.topics import TABLE
from streams.transport.kafka.closing import close_producer
from streams.transport.kafka.hanging import end_hanging

TRANSACTION_TIMEOUT_MS = 10_000
"""After so long the broker aborts what a dead worker left open; readers of its partition wait until then at most."""

BATCH_BYTES = 900_000
"""A record batch, under the broker's default limit of 1 MiB; one record alone may be larger, see `topics`."""

REQUEST_TIMEOUT_MS = 10_000
"""After so long a request to a broker that says nothing is sent again."""

STOP_SECONDS = 2.0
"""How long a producer gets to stop. Nothing is in its buffers then but a transaction that was given up."""

sender.BACKOFF_OVERRIDE = 0.002
"""Seconds until a transaction that finds the markers of the last one unwritten asks again. They take 1 to 3 ms, and
aiokafka waits 20: with 12 busy partitions that was 420 transactions a second instead of 790."""

Entry = tuple[bytes | None, bytes | None, Headers]


class PartitionWriter:
    """Commits effects: changelog and outputs in one Kafka transaction, then the rows on disk.

    The source position is one of the rows. If the process dies in between, recovery reads the rows from the changelog.
    Any error leaves it unknown whether the broker has committed: the caller must give the partition up and recover it,
    never try again.
    """

    def __init__(
        self,
        group: str,
        source: TP,
        outputs: Sequence[str],
        servers: list[str],
        store: Callable[[dict[bytes, bytes | None], int], None],
    ) -> None:
        self.group = group
        self._source = source
        self._changelog = f"{group}-{TABLE}-changelog"
        self._outputs = outputs
        self._store = store
        self._producer = AIOKafkaProducer(
            bootstrap_servers=servers,
            transactional_id=f"{group}-{source.partition}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            max_batch_size=BATCH_BYTES,
        )

    async def start(self) -> None:
        """Fences whoever wrote to the partition before, and ends what it left open."""
        try:
            await self._producer.start()
            await end_hanging(self._producer, self._place(self._changelog), [*map(self._place, self._outputs)])
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Closes the connections; an open transaction is aborted by the next owner. Raises nothing."""
        await close_producer(self._producer, f"{self._source.topic}[{self._source.partition}]", STOP_SECONDS)

    async def commit(self, effects: Effects, position: int) -> None:
        """Makes the effects durable and visible together; the group's offset follows by `Consumer.commit`."""
        producer = self._producer
        by_topic: dict[str, list[Entry]] = defaultdict(list)
        for topic, key, value, headers in effects.outputs:
            by_topic[topic].append((key, value, headers))
        await producer.begin_transaction()
        for topic in (self._changelog, *by_topic):  # all in one request; aiokafka would ask as the batches come
            producer._txn_manager.maybe_add_partition_to_txn(self._place(topic))
        sent = [one for topic, entries in by_topic.items() for one in await self._send(topic, entries)]
        for future, _ in sent:
            await future
        # Last of all, and in it the position's row: where that is, all of the transaction is. See `hanging`.
        changelog = await self._send(self._changelog, [(key, row, ()) for key, row in effects.rows.items()])
        written = [(await future, count) for future, count in changelog]
        await producer.commit_transaction()
        metadata, count = written[-1]
        self._store(effects.rows, metadata.offset + count)  # past the last row: the commit marker has an offset too

    def _place(self, topic: str) -> TopicPartition:
        return TopicPartition(topic, self._source.partition)

    async def _send(self, topic: str, entries: Sequence[Entry]) -> list[tuple[Any, int]]:
        """Appends the entries in as few record batches as their size allows: each one's future, and its records."""
        sent: list[tuple[Any, int]] = []
        batch, count = self._producer.create_batch(), 0

        async def flush() -> None:
            future = await self._producer.send_batch(batch, topic, partition=self._source.partition)
            future.add_done_callback(lambda done: done.cancelled() or done.exception())  # one error is told, not each
            sent.append((future, count))

        for key, value, headers in entries:
            if batch.append(key=key, value=value, timestamp=None, headers=list(headers)) is None:
                await flush()
                batch, count = self._producer.create_batch(), 0
                batch.append(key=key, value=value, timestamp=None, headers=list(headers))  # the first one always fits
            count += 1
        await flush()
        return sent
