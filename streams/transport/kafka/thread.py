"""The thread in which Kafka is read: committed records only; it always ends."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.transport.kafka import closing, heartbeats  # the first also mends every client
from streams.transport.kafka.lease import Lease

FETCH_WAIT_MS = 250
"""How long the broker may hold an idle fetch. Other requests queue behind it on the same connection: with Faust's
1,500 every question for offsets took that long, and a start 4.7 s instead of 2.2."""

HELD_BYTES = 256 * 1024
"""So many bytes the broker collects, if they come in time, for an agent that has patience."""

LEAVE_SECONDS = 4.0
"""How long the goodbye to the group may take."""

GROUP_COMMIT_SECONDS = 4.0
"""How long the group's offsets may take to be committed; the next ones come in 5 s."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Reads committed records only; Faust has no setting for that without its own exactly-once."""

    lease: Lease
    """On the partitions that the group has assigned to this process."""

    def __post_init__(self) -> None:
        super().__post_init__()
        conf = self.app.conf
        self.lease = Lease(min(conf.broker_session_timeout, conf.broker_rebalance_timeout))

    async def on_start(self) -> None:
        """Connects; the group is joined later, when the topics are known."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator
        self.lease.follow(coordinator)
        heartbeats.go_on_meanwhile(coordinator)

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        if patience := min(agent.spec.patience for agent in self.consumer._agents()):
            consumer._fetch_min_bytes, consumer._fetch_max_wait_ms = HELD_BYTES, int(patience * 1000)
        return consumer

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commits the group's offsets if it can be done now: nothing depends on them, so no error is one."""
        owned = {TopicPartition(*tp): offset for tp, offset in offsets.items() if tp in self.assignment()}
        if not owned:  # they were given away meanwhile; aiokafka refuses to commit nothing
            return False
        try:
            async with asyncio.timeout(GROUP_COMMIT_SECONDS):  # aiokafka itself tries for ever
                await self._ensure_consumer().commit(owned)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            self.log.info("the group's offsets are committed later: %r", error)
            return False
        return True

    def close(self) -> None:
        """Nothing. Faust calls this when partitions are assigned to an app that stops, and hangs up in the wrong loop.

        The thread leaves the group by itself when it ends, and takes nothing that is closed already for its own.
        """

    async def stop(self) -> None:
        """Ends the thread, unless a crash has ended it: mode would complain of its closed loop."""
        if not self.thread_loop.is_closed():
            await super().stop()

    async def on_thread_stop(self) -> None:
        """Leaves the group; also where no broker answers, or else the thread would not be seen to end for a minute."""
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await super().on_thread_stop()
        except (Exception, asyncio.CancelledError) as error:  # aiokafka cancels its fetches, then awaits them
            self.log.warning("the group was left without a goodbye: %r", error)

    async def _gather_remaining_tasks(self) -> None:
        """Ends what still runs in the thread, and the connections: a goodbye that is called off leaves some open."""
        await super()._gather_remaining_tasks()
        if self._consumer is not None:
            await closing.close_client(self._consumer._client)
