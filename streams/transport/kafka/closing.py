"""Closing a producer whose broker is away, or that was fenced: aiokafka itself would wait for ever, or complain."""

import asyncio
import logging
from typing import Any

from aiokafka.errors import ProducerClosed

logger = logging.getLogger(__name__)


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
