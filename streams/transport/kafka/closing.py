"""Closing what aiokafka leaves open: connections that it forgets, and producers whose broker is away."""

import asyncio
import logging
from typing import Any

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import ProducerClosed

logger = logging.getLogger(__name__)


def _close_forgotten(self: Any) -> None:
    """Closes a connection that nobody holds any more, in place of aiokafka's `__del__`.

    That one closes it too, but complains, and only while the broker has not ended it. Forgotten are those that brokers
    have ended, when the next request is due (`AIOKafkaClient._get_conn`), and those of a bootstrap that is called off.
    """
    if self._reader is not None and not self._loop.is_closed():
        self._on_close_cb = None
        self._loop.call_soon_threadsafe(self.close)  # garbage may be collected in any thread


AIOKafkaConnection.__del__ = _close_forgotten  # of every client: consumers, appenders, our own transactions


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
