"""Whatever becomes of a client of Kafka, it leaves no connection open."""

import asyncio
import gc
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn

from streams.transport.kafka import closing  # noqa: F401  (what is tested)
from tests.support.kafka_broker import KafkaBroker

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
