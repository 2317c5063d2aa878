"""What aiokafka's clients lack: an end of what they leave open, and patience with brokers that come and go."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError, ProducerClosed

logger = logging.getLogger(__name__)

END_SECONDS: Final = 1.0
"""How long the end of connections is waited for: two rounds of the loop, amply."""


def _close_forgotten(self: Any) -> None:
    """Closes a connection that nobody holds any more, in place of aiokafka's `__del__`.

    That one closes it too, but complains, and only while the broker has not ended it. Forgotten are those that brokers
    have ended, when the next request is due (`AIOKafkaClient._get_conn`), and those of a bootstrap that is called off.
    """
    if self._reader is not None and not self._loop.is_closed():
        self._on_close_cb = None
        self._loop.call_soon_threadsafe(self.close)  # garbage may be collected in any thread


AIOKafkaConnection.__del__ = _close_forgotten  # of every client: consumers, appenders, our own transactions


_send = AIOKafkaConnection.send


def _send_or_say_why(self: Any, request: Any, expect_response: bool = True) -> Any:
    """Raises KafkaConnectionError, as of any connection that is broken, where uvloop raises RuntimeError.

    It does for one that is closed and not told of it yet. aiokafka is not prepared for that: the task that keeps a
    client's metadata ended by it, and whoever waited for the next ones did so for ever.
    """
    try:
        return _send(self, request, expect_response)
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {self._host}:{self._port} broken: {error}") from error


AIOKafkaConnection.send = _send_or_say_why


_coordinator_lookup = AIOKafkaClient.coordinator_lookup


async def _look_up_coordinator(self: Any, coordinator_type: Any, coordinator_key: Any) -> Any:
    """Raises NodeNotReadyError, upon which it is asked again, where aiokafka asserts that a broker is known.

    None is while the only one takes up its work; a consumer that started then stayed out of its group for ever.
    """
    if self.get_random_node() is None:
        raise NodeNotReadyError("no broker takes part yet")
    return await _coordinator_lookup(self, coordinator_type, coordinator_key)


AIOKafkaClient.coordinator_lookup = _look_up_coordinator


async def close_client(client: Any) -> None:
    """Ends a client and its connections; raises nothing."""
    connections = list(client._conns.values())
    client._conns.clear()  # else it waits for their ends
    with suppress(Exception):
        await client.close()
    if (update := client._md_update_fut) is not None and not update.done():
        update.set_result(False)  # else whoever waits for it does so for ever
    await hang_up(connections)


async def hang_up(connections: Sequence[Any]) -> None:
    """Ends connections at once; raises nothing.

    What is unsent is dropped: a broker that stands still never reads it, and the connection would have no end. Then no
    process could be stopped, and no partition given away.
    """
    ended = [future for one in connections if (future := one.close()) is not None]
    for one in connections:
        if one._protocol is not None and (transport := one._protocol._transport) is not None:
            transport.abort()
    if ended:
        await asyncio.wait(ended, timeout=END_SECONDS)


async def close_producer(producer: Any, name: str, seconds: float) -> None:
    """Sends what is buffered, within so many seconds, and closes the connections; raises nothing."""
    try:
        async with asyncio.timeout(seconds):
            await producer.stop()
    except Exception as error:
        logger.warning("the producer of %s was closed without a goodbye: %r", name, error)
        await close_client(producer.client)
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
