"""Questions to a cluster's brokers, asked again until they are answered. One client for all partitions of an app.

aiokafka's own transactional producer has a client, three tasks and a buffer for each transactional id, and asks by way
of them: a transaction of three requests took 0.77 ms of processor time, and 0.53 asked so (12 partitions, in one run).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import (
    BrokerResponseError,
    ConcurrentTransactions,
    IncompatibleBrokerVersion,
    KafkaError,
    LeaderNotAvailableError,
    OperationNotAttempted,
    ProducerClosed,
    for_code,
)
from aiokafka.protocol.offset import OffsetRequest

from streams.transport.kafka import closing  # also mends every client
from streams.transport.kafka.requests import DescribeProducers, OpenTransaction, WriteTxnMarkers

logger = logging.getLogger(__name__)

REQUEST_TIMEOUT_MS: Final = 10_000
"""After so long a request to a broker that says nothing is sent again."""

MARKERS_SECONDS: Final = (*(0.002,) * 10, 0.01, 0.02, 0.05, 0.1)
"""Until a transaction that finds the markers of the last one unwritten asks again: they take 1 to 3 ms, mostly."""

RETRY_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Until a question is asked again that could not be answered. Of both the last one is repeated."""

REFUSED_SECONDS: Final = 60.0
"""How long an answer may be a refusal: a topic that does not come back in a minute is gone, and markers that are not
written by then wait for a broker that is missed; readiness says so once the agent stops by it."""

NOT_TRIED: Final = OperationNotAttempted.errno

LATEST: Final = -1
EARLIEST: Final = -2
CONSUMER: Final = -1  # and not a replica
UNCOMMITTED, COMMITTED = 0, 1

Node = Callable[[bool], Awaitable[int]]
"""The broker to ask; after an error (True) it is to be found anew."""


class BrokerTooOld(Exception):
    """It lacks requests that are needed."""


class Apart(Exception):
    """Several brokers would have to be asked."""


class Cluster:
    """The brokers. Each caller names a line of its own, so that no question waits for another's answer."""

    def __init__(self, servers: list[str]) -> None:
        self._client = AIOKafkaClient(bootstrap_servers=servers, request_timeout_ms=REQUEST_TIMEOUT_MS)
        self._closed = False

    async def start(self) -> None:
        """Connects. Raises KafkaError if no broker answers."""
        try:
            await self._client.bootstrap()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Closes all connections, and ends the questions that are still asked; raises nothing."""
        self._closed = True
        await closing.close_client(self._client)

    async def hang_up(self, line: str) -> None:
        """Closes the connections of a line; raises nothing."""
        lines = [key for key in self._client._conns if key[1] == line]
        await closing.hang_up([self._client._conns.pop(key) for key in lines])

    async def ask(self, line: str, node: Node, request: Any) -> Any:
        """The answer. Asked again without end while the brokers are away, and for a minute if they refuse what another
        try may put right; then, for other errors, and when this is closed, raises KafkaError; and BrokerTooOld."""
        try:
            return await self._asked(line, node, request)
        finally:
            if self._closed:
                await self.close()  # what was being connected meanwhile

    async def _asked(self, line: str, node: Node, request: Any) -> Any:
        markers, retries, again = waits(MARKERS_SECONDS), waits(RETRY_SECONDS), False
        now = asyncio.get_running_loop().time
        give_up = now() + REFUSED_SECONDS
        while True:
            try:
                if self._closed:
                    raise ProducerClosed("nobody waits for the answer any more")
                answer = await self._client.send(await node(again), request, group=line)
                for code in sorted(_codes(answer), key=NOT_TRIED.__eq__):  # the reason before what was not tried for it
                    raise for_code(code)
            except IncompatibleBrokerVersion as error:
                name = type(request).__name__
                raise BrokerTooOld(f"the broker does not know {name}; have one of Kafka 3.0 or later") from error
            except (ConcurrentTransactions, OperationNotAttempted):
                if now() > give_up:
                    raise
                await asyncio.sleep(next(markers))
            except KafkaError as error:
                if not isinstance(error, BrokerResponseError):  # nobody is there to refuse
                    give_up = now() + REFUSED_SECONDS
                if not error.retriable or now() > give_up:
                    raise
                again = True
                logger.info("%s asks again for %s: %r", line, type(request).__name__, error)
                await asyncio.sleep(next(retries))
                if not self._closed:  # else nobody would update it
                    await self._client.force_metadata_update()
            else:
                return answer

    async def leader(self, place: TopicPartition) -> int:
        """The broker that leads the partition. Raises KafkaError if there is none now."""
        await self._client._wait_on_metadata(place.topic)
        leader = self._client.cluster.leader_for_partition(place)
        if leader is None or leader < 0:
            raise LeaderNotAvailableError(place)
        return int(leader)

    async def coordinator(self, transactional_id: str) -> int:
        """The broker that coordinates the transactions of that id."""
        return int(await self._client.coordinator_lookup(CoordinationType.TRANSACTION, transactional_id))

    async def end(self, line: str, place: TopicPartition, isolation: int) -> int:
        """The offset after the partition's last record, or (COMMITTED) its last stable offset."""
        return await self._offset(line, place, isolation, LATEST)

    async def bounds(self, line: str, place: TopicPartition) -> tuple[int, int]:
        """The partition's first offset and its last stable one."""
        first = await self._offset(line, place, COMMITTED, EARLIEST)
        return first, await self._offset(line, place, COMMITTED, LATEST)

    async def stable(self, line: str, places: Sequence[TopicPartition]) -> list[int]:
        """The last stable offset of each partition: one question, as long as one broker leads them all."""
        wanted = [(place.topic, [(place.partition, LATEST)]) for place in places]
        try:
            answer = await self.ask(
                line, lambda _: self._leader_of_all(places), OffsetRequest(CONSUMER, COMMITTED, wanted)
            )
        except Apart:
            return list(await asyncio.gather(*[self.end(line, place, COMMITTED) for place in places]))
        found = {topic: offset for topic, [[_, _, _, offset]] in answer.topics}
        return [int(found[place.topic]) for place in places]

    async def _leader_of_all(self, places: Sequence[TopicPartition]) -> int:
        leaders = {await self.leader(place) for place in places}
        if len(leaders) > 1:
            raise Apart
        return leaders.pop()

    async def open_transactions(self, line: str, place: TopicPartition) -> list[OpenTransaction]:
        """What is open in the partition, of all producers."""
        request = DescribeProducers(place.topic, place.partition)
        answer = await self.ask(line, lambda _: self.leader(place), request)
        return list(answer.open)

    async def mark(self, line: str, place: TopicPartition, ended: OpenTransaction, commit: bool) -> None:
        """Ends a producer's transaction in the partition, by its epoch or a later one."""
        request = WriteTxnMarkers(place.topic, place.partition, ended, commit)
        await self.ask(line, lambda _: self.leader(place), request)

    async def _offset(self, line: str, place: TopicPartition, isolation: int, when: int) -> int:
        request = OffsetRequest(CONSUMER, isolation, [(place.topic, [(place.partition, when)])])
        answer = await self.ask(line, lambda _: self.leader(place), request)
        [[_, [[_, _, _, offset]]]] = answer.topics
        return int(offset)


def waits(seconds: Sequence[float]) -> Iterator[float]:
    """Between tries: these, and then the last of them again and again."""
    return chain(seconds, repeat(seconds[-1]))


def _codes(answer: Any) -> Iterator[int]:
    """The errors in an answer: of the whole, or of its partitions."""
    if (code := getattr(answer, "error_code", 0)) != 0:
        yield code
    parts: Any = getattr(answer, "errors", None) or getattr(answer, "topics", ())
    for _, partitions in parts:
        for _, code, *_ in partitions:
            if code:
                yield code
