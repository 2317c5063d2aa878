"""Whatever becomes of a client of Kafka, it leaves no connection open."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import create_conn
from aiokafka.protocol.produce import ProduceRequest

from streams.transport.kafka import closing
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.transactional import Transactional
from tests.support.kafka_broker import KafkaBroker
from tests.support.waiting import WAIT, until

pytestmark = pytest.mark.kafka

STEPS = 40
"""Steps of the event loop that a start takes, amply: the last rounds call off what has started."""

CLIENTS: dict[str, Callable[[str], Any]] = {
    "producer": lambda servers: AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True),
    "consumer": lambda servers: AIOKafkaConsumer(bootstrap_servers=servers),
    "admin": lambda servers: AIOKafkaAdminClient(bootstrap_servers=servers),
}


async def called_off(client: Any, step: int) -> bool:
    """Starts the client and calls it off some steps later; whether it had started by then."""
    start = asyncio.ensure_future(client.start())
    loop = asyncio.get_running_loop()
    for _ in range(step):
        passed = loop.create_future()
        loop.call_later(0.0005, passed.set_result, None)  # a round in which the broker may answer
        await passed
    started: bool = start.done()
    start.cancel()
    with suppress(asyncio.CancelledError):
        await start
    with suppress(asyncio.CancelledError):  # aiokafka awaits a task that it has cancelled
        await (client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop())
    return started


@pytest.mark.parametrize("which", CLIENTS)
async def test_a_start_that_is_called_off_leaves_no_connection(kafka: KafkaBroker, which: str) -> None:
    """At every step of it."""
    started = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        for step in range(STEPS):
            started.append(await called_off(CLIENTS[which](kafka.bootstrap), step))
        await asyncio.sleep(0)
        gc.collect()
    assert [str(one.message) for one in caught] == []
    assert not started[0]
    assert started[-1]


async def test_a_connection_that_the_broker_has_ended_and_nobody_holds_is_closed(kafka: KafkaBroker) -> None:
    """aiokafka's clients forget one so, if they want to send before it has been told of the end."""
    host, port = kafka.bootstrap.split(":")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        connection = await create_conn(host, int(port))
        connection._reader.feed_eof()
        assert not connection.connected()
        del connection
        for _ in range(5):  # the end of a transport takes two
            await asyncio.sleep(0)
        gc.collect()
    assert [str(one.message) for one in caught] == []


UNREAD = b"x" * 20_000_000
"""More than the system buffers for a connection of one machine; between two of them a tenth of a megabyte is."""

REQUEST = ProduceRequest(required_acks=-1, timeout=1, topics=[("t", [(0, UNREAD)])], transactional_id="a")


@asynccontextmanager
async def sending_to_nobody(broker: KafkaBroker) -> AsyncIterator[Cluster]:
    """A writer was called off while it sent, on the line named `a`, what its broker, which stands still, never took."""
    cluster = Cluster([broker.bootstrap])
    await cluster.start()
    writer = Transactional(cluster, "a", 0)
    await writer.start()
    broker.freeze()
    try:
        sent = asyncio.create_task(cluster.ask("a", writer._coordinated, REQUEST))
        await until(lambda: any(one._requests for (_, line), one in cluster._client._conns.items() if line == "a"))
        sent.cancel()
        await asyncio.wait([sent])
        yield cluster
    finally:
        broker.thaw()
        await cluster.close()


async def test_a_line_to_a_broker_that_stands_still_is_hung_up(kafka: KafkaBroker) -> None:
    """A partition can be given away all the same."""
    async with sending_to_nobody(kafka) as cluster, asyncio.timeout(WAIT):
        await cluster.hang_up("a")
        assert not [line for _, line in cluster._client._conns if line == "a"]


async def test_a_client_of_a_broker_that_stands_still_is_closed(kafka: KafkaBroker) -> None:
    """A process can be stopped all the same."""
    async with sending_to_nobody(kafka) as cluster, asyncio.timeout(WAIT):
        await cluster.close()


async def test_a_question_without_an_answer_ends_with_its_client(kafka: KafkaBroker) -> None:
    """Wherever it is asked again: else an agent that stops while it opens partitions would never be let go of."""
    for seconds in (0.0, 0.3, 1.0):
        cluster = Cluster([kafka.bootstrap])
        await cluster.start()
        kafka.freeze()
        for connection in cluster._client._conns.values():
            connection.close()
        asking = asyncio.create_task(Transactional(cluster, "a", 0).start())
        await asyncio.wait([asking], timeout=seconds)
        closing_it = asyncio.create_task(cluster.close())
        kafka.thaw()
        await closing_it
        await asyncio.wait([asking], timeout=WAIT)
        assert asking.done()
        asking.exception()


async def test_a_producer_whose_broker_stands_still_is_closed(kafka: KafkaBroker) -> None:
    """Its records were never acknowledged."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=30_000_000)
    await producer.start()
    connection = await producer.client._get_conn(producer.client.get_random_node())
    kafka.freeze()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await connection.send(REQUEST)
        async with asyncio.timeout(WAIT):
            await closing.close_producer(producer, "t", 0.5)
    finally:
        kafka.thaw()


def test_a_connection_that_is_closed_and_not_told_of_it(kafka: KafkaBroker) -> None:
    """uvloop refuses to write to it, in its own way. The client goes on: it asks for metadata anew, and gets them."""
    uvloop = pytest.importorskip("uvloop")

    async def asks() -> None:
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap)
        await client.bootstrap()
        connected = client._get_conn

        async def broken(*args: Any, **options: Any) -> Any:
            connection = await connected(*args, **options)
            connection._writer.transport.abort()
            await asyncio.sleep(0)  # it is closed now, and who reads from it hears of that in the next round
            return connection

        try:
            async with asyncio.timeout(WAIT):
                client._get_conn = broken
                assert await client.force_metadata_update() is False
                client._get_conn = connected
                assert await client.force_metadata_update() is True
        finally:
            await closing.close_client(client)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asks())
