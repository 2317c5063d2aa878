"""The Kafka consumer: committed records only, in a thread that always ends; changelogs go into the tables."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from time import time
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.fold import Record
from streams.topics import changelog_of
from streams.transport.folding import FoldingConsumer
from streams.transport.kafka import closing, heartbeats, standing  # the first also mends every client
from streams.transport.kafka.changelogs import Changelogs
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

GOODBYE_SECONDS = 1.0
"""How long a stop waits for the group's offsets to be taken."""

STOP_POLL_SECONDS = 0.1
"""How soon a rebalance that is under way notices that the app stops."""


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
        try:
            async with asyncio.timeout(GROUP_COMMIT_SECONDS):  # aiokafka itself tries for ever
                await self._ensure_consumer().commit(owned)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            self.log.info("the group's offsets are committed later: %r", error)
            return False
        return True

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


class Consumer(FoldingConsumer, driver.Consumer):
    """Hands fetched batches to folds, and changelog records to the tables in one write per fetch."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told: dict[TP, int] = {}
        self.changelogs = Changelogs(self)
        self._gaps: dict[int, str] = {}

    async def on_start(self) -> None:
        """Opens the tables, so that who cannot have them joins no group, and starts the thread."""
        await self.transport.open_rows()
        await super().on_start()

    async def on_stop(self) -> None:
        """Finishes the batches in hand, and tells the group so if it can be told at once."""
        await super().on_stop()
        if self.app.crashed or self._thread.should_stop:
            return  # to ask a thread that has ended would start it anew, in part
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.commit()

    @property
    def lease(self) -> Lease:
        """While it is held, nobody else can have this process's partitions."""
        lease: Lease = self._thread.lease
        return lease

    @property
    def leased(self) -> bool:
        """Whether nobody else can have this process's partitions now."""
        return self.lease.held

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def threadsafe_partitions_revoked(self, receiver_loop: Any, revoked: set[TP]) -> None:
        """Has the main thread give the partitions away."""
        await self._unless_stopped(super().threadsafe_partitions_revoked(receiver_loop, revoked))

    async def threadsafe_partitions_assigned(
        self, receiver_loop: Any, assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Has the main thread take the partitions over."""
        await self._unless_stopped(super().threadsafe_partitions_assigned(receiver_loop, assigned, generation_id))

    async def _unless_stopped(self, call: Coroutine[Any, Any, None]) -> None:
        """Waits, in the consumer's thread, for the main thread; but not for an app that has stopped or crashed.

        It would never answer, and the thread never end: a member of the group that does nothing and holds its
        partitions.
        """
        answer = asyncio.ensure_future(call)
        while not answer.done() and not self.app.should_stop:
            await asyncio.wait({answer}, timeout=STOP_POLL_SECONDS)
        if answer.done():
            answer.result()
        else:
            self.lease.end()  # the partitions were not given away yet, and the group may assign them anew
            answer.cancel()

    def close_unused(self) -> None:
        """Closes the thread's event loop if it never ran: the start of the app failed before its turn."""
        if not self._thread._thread_started.is_set():
            self._thread.thread_loop.close()

    async def create_topic(self, topic: str, partitions: int, replication: int, **settings: Any) -> None:
        """Nothing to do: topics are made, and their settings checked, before any app starts (`streams.admin`)."""

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109  (Faust's)
        """Fetches those that have room; if none has, none: aiokafka would take an empty set for all of them."""
        wanted, patience = await self.with_room(active_partitions or set(), timeout)
        return await super()._getmany(wanted, patience) if wanted else {}

    def records(self, fetched: Sequence[Any]) -> list[Record]:
        """aiokafka's records as ours."""
        return [Record(found.offset, found.timestamp, found.key, found.value, found.headers) for found in fetched]

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Tells the group how far the folds are, for those who watch its lag; the tables' own positions count."""
        sources = {agent.spec.source.name for agent in self._agents()}
        moved = {
            tp: offset
            for tp, offset in self._committed_offset.items()
            if tp.topic in sources and offset is not None and offset != self._told.get(tp)
        }
        if not moved or not await self._commit(moved):
            return False
        self._told.update(moved)
        return True

    def reached(self, tp: TP, applied: int) -> int:
        """Past transaction markers, which occupy offsets at the end of a partition but are never delivered."""
        if tp in self.stopped_partitions or not self.idle(tp):
            return applied
        return max(applied, self.fetched(tp) or 0)

    def fetched(self, tp: TP) -> int | None:
        """The offset that is fetched next, read where it stands: the thread that moves it does so in fetches only."""
        consumer = self._thread._consumer
        assignment = consumer._subscription.subscription.assignment if consumer is not None else None
        if assignment is None or tp not in assignment.tps:
            return None
        position: int | None = assignment.state_value(TopicPartition(*tp))._position
        return position

    async def logged(self, tp: TP) -> int:
        """The partition's last stable offset, asked by another client than the consumer's; may wait without end."""
        end: int = await self.transport.end_of(tp)
        return end

    def copies(self) -> dict[int, int]:
        """The partitions of the table that are copied here, and how many records of the changelog each lacks."""
        recovery, found = self.app.tables.recovery, dict[int, int]()
        for tp in sorted(recovery.standby_tps):
            end = max(self.highwater(tp) or 0, (recovery.standby_highwaters.get(tp) or 0) + 1)
            seen = recovery.standby_offsets.get(tp)
            found[tp.partition] = max(0, end - (0 if seen is None else seen + 1))
        return found

    def copied(self, partition: int) -> bool:
        """Whether the table's rows of a partition are another worker's, as they were after some batch of its."""
        return self.changelogs.whole(TP(changelog_of(self.app.conf.id), partition))

    async def inspect(self, assigned: set[TP]) -> None:
        """Throws rows away that the changelog cannot bring up to date; see `standing`. Nothing is open by now."""
        self.changelogs.assigned(self.app.assignor.assigned_standbys())
        changelogs = {tp for tp in assigned if tp.topic in self.app.tables.changelog_topics}
        actives = changelogs & self.app.assignor.assigned_actives()
        sources = {agent.spec.source.name for agent in self._agents()}
        self.stopped_partitions = {tp: why for tp, why in self.stopped_partitions.items() if tp in assigned}
        for tp in {TP(name, one.partition) for one in actives for name in sources} - assigned:
            self.log.critical("%s[%d] is missing", *tp)
            self.stopped_partitions[tp] = standing.MISSING.format(f"{tp.topic}[{tp.partition}]")
        self._gaps = {}
        for tp, (first, end) in (await self.transport.bounds(changelogs)).items():
            held = self.transport.held(tp.partition)
            reason = None if held is None else standing.unfit(held, end, int(time() * 1000))
            if reason == "ahead" and tp not in actives:
                continue  # its writer may be about to end what is open; it is looked at again when it is ours
            if reason is not None:
                self.log.critical(
                    "%s[%d]: the rows on disk are %s (they contain it up to offset %d, it ends at %s); they are thrown "
                    "away and recovered", tp.topic, tp.partition, standing.WORDS[reason], held.offset, end,
                )  # fmt: skip
                self.transport.throw_away(tp.partition, reason)
                self.changelogs.lost(tp)
                held = None
            if tp in actives and (missing := standing.gap(f"{tp.topic}[{tp.partition}]", held, first)):
                self._gaps[tp.partition] = missing

    async def made_anew(self, tp: TP, position: int) -> bool:
        """Whether the source's partition ends before a position up to which it was folded."""
        [(_, end)] = (await self.transport.bounds([tp])).values()
        return bool(end < position)

    async def perform_seek(self) -> None:
        """Goes to the tables' positions; partitions that cannot be folded on from there are stopped."""
        generation = self.app.consumer_generation_id
        await super().perform_seek()
        for agent in self._agents():
            tps = [TP(agent.spec.source.name, number) for number in agent.owned()]
            for tp, (first, end) in (await self.transport.bounds(tps)).items():
                applied, committed = agent.position(tp.partition), self._committed_offset.get(tp) or 0
                kept = agent.spec.source.retention_seconds is None
                source = standing.Source(f"{tp.topic}[{tp.partition}]", first, end, kept)
                reason = self._gaps.get(tp.partition) or standing.astray(source, applied, committed)
                if self.app.consumer_generation_id != generation:
                    return  # they are assigned anew by now, and looked at again
                if reason is not None:
                    self.stop_partition(tp, reason)
                    if not applied or tp.partition in self._gaps:
                        agent.unfit[tp.partition] = reason
                elif committed and not applied:
                    self.log.critical("%s: its table is lost; it is folded from the beginning", source.name)
                    del self._committed_offset[tp]
                    await self.seek_wait({tp: 0})

    async def recover(self, records: dict[TP, Sequence[Any]]) -> None:
        """Puts changelog records into the tables, of partitions that are recovered, and of those copied for others."""
        recovery = self.app.tables.recovery
        if unsure := self.unsure & (recovery.active_tps | recovery.standby_tps):
            self.unsure -= unsure
            standbys = recovery.standby_tps - recovery.active_tps
            seen = {
                tp: (recovery.standby_offsets if tp in standbys else recovery.active_offsets).get(tp) for tp in unsure
            }
            await self.seek_wait({tp: 0 if offset is None else offset + 1 for tp, offset in seen.items()})
            return
        self.changelogs.apply(records)
