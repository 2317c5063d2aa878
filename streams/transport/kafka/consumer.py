"""The Kafka consumer: partitions are taken over with their tables, and changelogs go into these."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from time import time
from typing import Any

from aiokafka import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.fold import Record
from streams.shared import Shared
from streams.topics import changelog_of
from streams.transport.folding import FoldingConsumer
from streams.transport.kafka import standing
from streams.transport.kafka.changelogs import Changelogs
from streams.transport.kafka.lease import Lease
from streams.transport.kafka.thread import ConsumerThread

GOODBYE_SECONDS = 1.0
"""How long a stop waits for the group's offsets to be taken."""

STOP_POLL_SECONDS = 0.1
"""How soon a rebalance that is under way notices that the app stops."""


class Consumer(FoldingConsumer, driver.Consumer):
    """Hands fetched batches to folds, and changelog records to the tables in one write per fetch."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told: dict[TP, int] = {}
        self.changelogs = Changelogs(self)
        self._gaps: dict[int, str] = {}
        self._ends = Shared[tuple[TP, bool], int](lambda wanted: self.transport.end_of(*wanted))

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
        return self.told(tp, applied)

    def fetched(self, tp: TP) -> int | None:
        """The offset that is fetched next, read where it stands: the thread that moves it does so in fetches only."""
        state = self._state(tp)
        position: int | None = None if state is None else state._position
        return position

    def highwater(self, tp: TP) -> int:
        """The end of a partition as the last fetch heard of it; 0 if none has, or if it is not assigned any more."""
        state = self._state(tp)
        return 0 if state is None else state.highwater or 0

    def hears(self, tp: TP) -> bool:
        """Whether fetches tell where the partition ends: none does that has not been answered yet."""
        state = self._state(tp)
        return super().hears(tp) and state is not None and state.highwater is not None

    def assignment(self) -> set[TP]:
        """What the group has assigned here; nothing before the thread has started."""
        assigned: set[TP] = super().assignment() if self._thread._consumer is not None else set()
        return assigned

    def _state(self, tp: TP) -> Any:
        """What aiokafka knows of a partition; None if it is not assigned: the thread's assignment is the newest."""
        consumer = self._thread._consumer
        subscription = consumer._subscription.subscription if consumer is not None else None
        assignment = subscription.assignment if subscription is not None else None
        if assignment is None or tp not in assignment.tps:
            return None
        return assignment.state_value(TopicPartition(*tp))

    async def end_of(self, tp: TP, stable: bool = True) -> int:
        """The partition's end, asked by another client than the consumer's; may wait without end.

        The last stable offset, before the first transaction that is open; or else the offset that is appended at next.
        """
        return await self._ends.ask((tp, stable))

    def told(self, tp: TP, applied: int) -> int:
        """How far the group was told that the source is folded, which is where aiokafka begins before it is sought."""
        return max(applied, self.fetched(tp) or 0)

    def copies(self) -> dict[int, int]:
        """The partitions of the table that are copied here, and how many records of the changelog each lacks."""
        return self.changelogs.lacking()

    def copied(self, partition: int) -> bool:
        """Whether the table's rows of a partition are another worker's, as they were after some batch of its."""
        return self.changelogs.whole(TP(changelog_of(self.app.conf.id), partition))

    async def seek_wait(self, partitions: Mapping[TP, int | None]) -> None:
        """Goes there; not where no offset is known yet.

        Faust's recovery of an assignment that is over meanwhile asks for that: the next one's partitions are in its
        list, and it has not looked where they are. It goes there itself, and what is fetched before is dropped.
        """
        await super().seek_wait({tp: offset for tp, offset in partitions.items() if offset is not None})

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
            if reason is None and not await self._stands(tp, first, end):
                reason = "undone"
            if reason is not None and held is not None:
                self.log.critical(
                    "%s[%d]: the rows on disk are %s (they contain it up to offset %d, it ends at %s); they are thrown "
                    "away and recovered", tp.topic, tp.partition, standing.WORDS[reason], held.offset, end,
                )  # fmt: skip
                self.transport.throw_away(tp.partition, reason)
                self.changelogs.lost(tp)
                held = None
            self._look_for_gap(tp, held, first)

    async def _stands(self, tp: TP, first: int, end: int) -> bool:
        """Whether the last transaction of ours that the rows contain was committed, as far as the changelog tells."""
        written = self.transport.written(tp.partition)
        if written is None or not first <= written.marker < end:
            return True
        if not await self.transport.was_committed(tp, written, first, end):
            return False
        self.transport.marker_seen(tp.partition)
        return True

    def _look_for_gap(self, tp: TP, held: standing.Held | None, first: int) -> None:
        """Rows that miss a part of the changelog are nobody's, until it is there again: then they are read anew."""
        name, before = f"{tp.topic}[{tp.partition}]", self.transport.incomplete(tp.partition)
        missing = standing.gap(name, held if before is None else before, first)
        if before is not None and missing is None:
            self.transport.throw_away(tp.partition, "incomplete")
            self.changelogs.lost(tp)
        if before is None and missing is not None:
            self.transport.mark_incomplete(tp.partition, held)
        for agent in self._agents():
            agent.unfit.pop(tp.partition, None)
            if missing is not None:
                agent.unfit[tp.partition] = missing
        if missing is not None:
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
                    if not applied:  # where something is gone between its rows, that was said before
                        agent.unfit[tp.partition] = reason
                elif committed and not applied:
                    self.log.critical("%s: its table is lost; it is folded from the beginning", source.name)
                    del self._committed_offset[tp]
                    await self.seek_wait({tp: 0})

    async def recover(self, records: dict[TP, Sequence[Any]]) -> None:
        """Puts changelog records into the tables, of partitions that are recovered, and of those copied for others.

        If one of them is unsure nothing is put in: all that came is fetched again, from behind what the tables have.
        """
        recovery = self.app.tables.recovery
        ours = recovery.active_tps | recovery.standby_tps
        if unsure := self.unsure & ours:
            self.unsure -= unsure
            standbys = recovery.standby_tps - recovery.active_tps
            seen = {
                tp: (recovery.standby_offsets if tp in standbys else recovery.active_offsets).get(tp)
                for tp in unsure | (records.keys() & ours)
            }
            await self.seek_wait({tp: 0 if offset is None else offset + 1 for tp, offset in seen.items()})
            return
        self.changelogs.apply(records)
