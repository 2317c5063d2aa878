"""Closing what aiokafka leaves open: connections that brokers have ended, and producers whose broker is away."""

import asyncio
import logging
from typing import Any

from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.errors import ProducerClosed

logger = logging.getLogger(__name__)

_get_conn = AIOKafkaClient._get_conn


async def _get_conn_and_close(
    self: Any, node_id: Any, *, group: Any = ConnectionGroup.DEFAULT, no_hint: bool = False
) -> Any:
    """aiokafka's own, which forgets a connection that has ended, and with it an open socket, where many end at once."""
    conn = self._conns.get((node_id, group))
    if conn is not None and not conn.connected():
        self._conns.pop((node_id, group)).close()
    return await _get_conn(self, node_id, group=group, no_hint=no_hint)


AIOKafkaClient._get_conn = _get_conn_and_close  # of every client: consumers, appenders, our own transactions


async def close_producer(producer: Any, name: str, seconds: float) -> None:
    """Sends what is buffered and closes the connections, within so many seconds; raises nothing."""
    try:
        async with asyncio.timeout(seconds):
            await producer.stop()
    except Exception as error:
        logger.warning("the producer of %s was closed without a goodbye: %r", name, error)
        await producer.client.close()
        producer._message_accumulator.fail_all(ProducerClosed())
        for task in asyncio.all_tasks():
            frame = getattr(task.get_coro(), "cr_frame", None)
            if frame is not None and frame.f_locals.get("self") is producer._sender:  # it asks for an id still
                task.cancel()
    _hush(producer)


def _hush(producer: Any) -> None:
    """aiokafka gives an error also to futures that nobody waits for; asyncio would complain of each."""
    accumulator = producer._message_accumulator
    waiters = []
    for batch in (*(one for queue in accumulator._batches.values() for one in queue), *accumulator._pending_batches):
        waiters += [batch.future, batch._drain_waiter, *(future for future, _ in batch._msg_futures)]
    for waiter in waiters:
        if waiter is not None and waiter.done() and not waiter.cancelled():
            waiter.exception()
