"""The consumer loop that both transports share: fetched records go, partition by partition, to the fold agents.

It replaces `faust.transport.consumer.Consumer._drain_messages`, which takes each record through two tasks and forty
calls. tests/streams/test_faust_internals.py names every private part of Faust that is leaned on here.

Why so long: from which moment on fetched records count, and until when, has to be read in one place.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from faust.types import TP

from monitoring import logs
from streams import measures
from streams.agent import FoldAgent
from streams.fold import Record
from streams.runner import FoldFailed
from streams.topics import changelog_of
from streams.transport.lanes import Lane
from tasksys.ownership import Ownership

BATCH_SECONDS: Final = 8.0
"""How long a stop or a rebalance waits for the batches in hand: less than a rebalance may take (20 s), and than a
transaction may stay open (10 s). What becomes of a batch that is given up then is found out by recovery."""

FULL_SECONDS: Final = 0.1
"""How long a fetch waits while a partition has no room for more: it may have room before the others have records."""

FETCH_SECONDS: Final = 0.25
"""How long a fetch waits for records. One that began before partitions were assigned anew ends only then, if none come,
and holds up the first one after it: with a second a rebalance took as long."""

PAUSED_SECONDS: Final = 0.02
"""Between two looks whether there is anything to fetch, as while tables are looked at. Faust itself waits a second."""

BEGUN_ANEW: Final = (
    "brings offset {}, which was folded already: the topic was deleted and made again, or has lost records. Nothing of "
    "it is folded until somebody has looked, and has restarted this worker"
)


class FoldingConsumer:
    """Mixed into a Faust consumer: hands fetched records to fold agents, and changelog records to their tables."""

    app: Any
    log: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lanes: dict[TP, Lane] = {}
        self._room = asyncio.Event()
        self._dispatching: asyncio.Future[None] | None = None
        self._sought = True
        """False from an assignment on until positions are sought: until then the sources are fetched from anywhere."""
        self._passed_over: set[TP] = set()
        """Partitions of which something came that was dropped: before that, or while nothing was to flow."""
        self.unsure: set[TP] = set()
        """Partitions whose next fetch may lie behind records that nobody has seen: a fetch that is under way when the
        partitions are assigned anew still answers, after it, and what it brings then is dropped."""
        self.stopped_partitions: dict[TP, str] = {}
        """Partitions that must not be folded, with the reason: their fold failed, their topic is missing or is another
        one, or their rows cannot be made complete. They wait for an operator."""
        self.ownership = Ownership()
        """Who has which partitions of the agent, by the group's last assignment."""
        self.doubles: set[int] = set()
        """Partitions that another worker has under this one's address."""

    def records(self, fetched: Sequence[Any]) -> list[Record]:
        """The transport's fetched records as ours."""
        raise NotImplementedError

    def reached(self, tp: TP, applied: int) -> int:
        """The offset that the fold waits for, when everything before `applied` is applied."""
        return applied

    def told(self, tp: TP, applied: int) -> int:
        """How far the source is known to be folded while its table is recovered, which contains `applied` so far."""
        return applied

    async def recover(self, records: dict[TP, Sequence[Any]]) -> None:
        """Applies fetched changelog records; called after every fetch while tables recover or copies catch up,
        also an empty one."""

    async def inspect(self, assigned: set[TP]) -> None:
        """Looks at the tables of partitions that this process has become the writer of, before they are recovered."""

    @property
    def leased(self) -> bool:
        """Whether nobody else can have this process's partitions; on a log of one process nobody can."""
        return True

    def copies(self) -> dict[int, int]:
        """The partitions of the table that are copied here, and how many records of the changelog each lacks."""
        return {}

    def copied(self, partition: int) -> bool:
        """Whether the table's rows of a partition are another worker's, as they were after some batch of its."""
        return False

    def hears(self, tp: TP) -> bool:
        """Whether fetches tell where the partition ends, so that nobody need be asked."""
        lane = self._lanes.get(tp)
        fetched = tp not in self.stopped_partitions and (lane is None or not lane.full)
        return bool(fetched and self.leased and self.app.tables.actives_ready)

    def idle(self, tp: TP) -> bool:
        """True if nothing that was fetched of the partition waits for its fold."""
        lane = self._lanes.get(tp)
        dispatched = self._dispatching is None or self._dispatching.done()
        return dispatched and (lane is None or lane.work is None)

    def oldest_ms(self, tp: TP) -> int | None:
        """When the partition's oldest record was appended that came and is not folded; None if none came."""
        lane = self._lanes.get(tp)
        return None if lane is None else lane.oldest_ms

    async def with_room(self, active: set[TP], timeout: float) -> tuple[set[TP], float]:  # noqa: ASYNC109  (given back)
        """The partitions to fetch now, and how long to wait for records: those that have room, waited for if none has.

        While some have none, the fetch of the others must not take long: they may have room again at any moment.
        """
        room = self._with_room(active)
        if len(room) == len(active):
            return room, timeout
        if not room:
            self._room.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(FULL_SECONDS):
                    await self._room.wait()
        return self._with_room(active), FULL_SECONDS

    def _with_room(self, active: set[TP]) -> set[TP]:
        return active - {tp for tp, lane in self._lanes.items() if lane.full}

    async def wait_empty(self) -> None:
        """Waits for the batches in hand, and at a stop in good order for what was fetched before; else forgets that."""
        for lane in self._lanes.values():
            if self.app.should_stop and not self.app.crashed:
                lane.end()
            else:
                lane.empty()
        working = {lane.work for lane in self._lanes.values()} | {self._dispatching}
        in_hand = {work for work in working if work is not None and not work.done()}
        if not in_hand:
            return
        _, late = await asyncio.wait(in_hand, timeout=BATCH_SECONDS)
        if late:
            self.log.warning("%d batches did not end within %.0f s and are given up", len(late), BATCH_SECONDS)
            for work in late:
                work.cancel()
            await asyncio.wait(late)

    async def perform_seek(self) -> None:
        """Goes to the positions that the tables contain, and to the group's where there is no table yet.

        Also where the group has none: Faust leaves such a partition where it is, which may be behind its first record.
        """
        await super().perform_seek()  # type: ignore[misc]
        if places := self._places():
            await self.seek_wait(places)  # type: ignore[attr-defined]
            self._committed_offset.update({tp: position for tp, position in places.items() if position})  # type: ignore[attr-defined]
        await self._fetch_again()
        self._sought = True

    def _places(self) -> dict[TP, int]:
        """The next record to fold of each source partition, which may be before what waits for its fold."""
        committed = self._committed_offset  # type: ignore[attr-defined]
        places = dict[TP, int]()
        for agent in self._agents():
            for number in agent.owned():
                tp = TP(agent.spec.source.name, number)
                places[tp] = agent.position(number) or committed.get(tp) or 0
        return places

    async def _fetch_again(self) -> None:
        """Goes back to what came and was dropped: its position is behind it, and it is only missed when more comes."""
        while missed := self._passed_over & (places := self._places()).keys():
            self._passed_over -= missed
            await self.seek_wait({tp: places[tp] for tp in missed})  # type: ignore[attr-defined]
        self._passed_over.clear()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finishes the batches in hand, then gives the partitions away, also those that will be assigned here again.

        Somebody else may have had them in between, so nothing that was remembered of them holds any more.
        """
        self.stop_flow()  # type: ignore[attr-defined]
        await self.wait_empty()
        for agent in self._agents():
            await agent.close({tp.partition for tp in revoked if tp.topic == agent.spec.source.name})
        for tp in revoked:
            self.stopped_partitions.pop(tp, None)
            self._lanes.pop(tp, None)
        await super().on_partitions_revoked(revoked)  # type: ignore[misc]

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Becomes the one writer of the partitions, and then has their tables recovered."""
        for agent in self._agents():
            source, changelog = agent.spec.source.name, changelog_of(self.app.conf.id)
            known = self.app.assignor.ownership(source, changelog, generation_id)
            mine = {tp.partition for tp in assigned if tp.topic == source}
            self.doubles = known.of(str(self.app.conf.canonical_url)) - mine
            self.ownership = Ownership() if self.doubles else known  # it cannot tell itself from the other one
            agent.spec.elsewhere({*known.active} - mine)
        self.app.tables.recovery.signal_recovery_end.clear()  # of the recovery before: it would end this one at once
        self.unsure, self._sought = set(assigned), False
        self._passed_over.clear()
        self.app.tables.assigning = True
        try:
            for agent in self._agents():
                agent.measures.rebalanced()
                await agent.open({tp.partition for tp in assigned if tp.topic == agent.spec.source.name})
            await self.inspect(assigned)
            await super().on_partitions_assigned(assigned, generation_id)  # type: ignore[misc]
        except Exception as error:
            await self.app.crash(error)
        finally:
            self.app.tables.assigning = False

    async def verify_all_partitions_active(self) -> None:
        """Nothing. Faust asks here whether its streams get on, which we have none of; `streams.watchdog` asks folds."""

    def _agents(self) -> list[FoldAgent]:
        return [agent for agent in self.app.agents.values() if isinstance(agent, FoldAgent)]

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):  # type: ignore[attr-defined]
                await self._drain_once()
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise
        except self.consumer_stopped_errors:  # type: ignore[attr-defined]
            if not self.app.should_stop:
                raise
        except Exception as error:
            self.log.exception("folding stopped: %s", error)
            await self.app.crash(error)
            raise

    async def _drain_once(self) -> None:
        if self.flow_active and not self._get_active_partitions():  # type: ignore[attr-defined]
            await asyncio.sleep(PAUSED_SECONDS)
            return
        if self._passed_over and self._sought and self._flowing():
            await self._fetch_again()
        fetched, active = await self._wait_next_records(timeout=FETCH_SECONDS)  # type: ignore[attr-defined]
        await asyncio.sleep(0)  # a fetch may be answered without ever yielding
        found = {TP(tp.topic, tp.partition): records for tp, records in (fetched or {}).items()}
        if not self._flowing():
            self.unsure |= found.keys()
            self._passed_over |= found.keys()
            return
        left = self._hand_on(found, active)
        if left or not self._recovered():
            self._dispatching = asyncio.ensure_future(self._dispatch(left))
            await asyncio.wait({self._dispatching})  # a stop cancels this loop, but not what is in hand: see wait_empty
            if not self._dispatching.cancelled():
                self._dispatching.result()

    def _recovered(self) -> bool:
        return bool(self.app.tables.actives_ready and self.app.tables.standbys_ready)

    def _flowing(self) -> bool:
        """Whether what is fetched may be handed on.

        Not while partitions are taken over, whatever Faust says: a recovery that a rebalance has overtaken lets
        everything flow when it ends. What came then would go by positions that are forgotten in the middle of it, and
        what lies before it would be missing from a copy for ever.
        """
        return bool(self.flow_active and not self.should_stop and not self.app.tables.assigning)  # type: ignore[attr-defined]

    def _sources(self) -> dict[str, FoldAgent]:
        return {agent.spec.source.name: agent for agent in self._agents()}

    def _hand_on(self, fetched: dict[TP, Sequence[Any]], active: set[TP] | None) -> dict[TP, Sequence[Any]]:
        """Puts the records into their lanes, and gives those back for which something must be awaited first.

        Nearly all go without: a task and the wait for it took 9 microseconds, four times with a command that is alone.
        """
        agents, left = self._sources(), dict[TP, Sequence[Any]]()
        for tp, found in fetched.items():
            agent = agents.get(tp.topic)
            if (active is not None and tp not in active) or (agent is not None and not self._sought):
                self.unsure.add(tp)
                self._passed_over.add(tp)
            elif agent is None or tp in self.unsure or found[0].offset < agent.position(tp.partition):
                left[tp] = found
            else:
                self._put(agent, tp, self.records(found))
        return left

    async def made_anew(self, tp: TP, position: int) -> bool:
        """Whether the source's partition ends before a position up to which it was folded."""
        return False

    def stop_partition(self, tp: TP, reason: str, error: Exception | None = None) -> None:
        """Folds no more of a partition, until it is assigned anew: an operator has to look."""
        self.log.critical("%s", reason, exc_info=error)
        self.stopped_partitions[tp] = reason
        self.pause_partitions({tp})  # type: ignore[attr-defined]

    def _put(self, agent: FoldAgent, tp: TP, records: Sequence[Record]) -> None:
        if records and tp not in self.stopped_partitions:
            lane = self._lanes.get(tp)
            if lane is None:
                lane = self._lanes[tp] = Lane(partial(self._fold, agent, tp), self._room.set, agent.spec.linger)
            lane.put(records)
            measures.read(tp.topic).count(records)

    async def _dispatch(self, fetched: dict[TP, Sequence[Any]]) -> None:
        """Records of partitions that are unsure, and of changelogs."""
        agents, changelogs = self._sources(), dict[TP, Sequence[Any]]()
        for tp, found in fetched.items():
            agent = agents.get(tp.topic)
            if agent is None:
                changelogs[tp] = found
            elif tp not in self.stopped_partitions:
                await self._offer(agent, tp, self.records(found))
        if not self._flowing():
            self.unsure |= changelogs.keys()
        elif changelogs or not self._recovered():
            await self.recover(changelogs)

    async def _offer(self, agent: FoldAgent, tp: TP, records: Sequence[Record]) -> None:
        """Puts the records into their lane, unless some before them were never seen, or they are another topic's."""
        if not self.app.tables.actives_ready:  # the end of a recovery that was overtaken let them through
            self.unsure.add(tp)
            await self.seek_wait({tp: records[0].offset})  # type: ignore[attr-defined]
            return
        if records[0].offset < (position := agent.position(tp.partition)) and await self.made_anew(tp, position):
            self.stop_partition(tp, f"{tp.topic}[{tp.partition}] {BEGUN_ANEW.format(records[0].offset)}")
            return
        if self._flowing():
            # The group's position is for a table that has none of its own: it is new, or was lost.
            position = agent.runner(tp.partition).position or self._committed_offset.get(tp) or 0  # type: ignore[attr-defined]
            if records[0].offset > position:  # once: what is not there then was a marker, or has expired
                await self.seek_wait({tp: position})  # type: ignore[attr-defined]
                records = ()
        if self._flowing():
            self.unsure.discard(tp)
            self._put(agent, tp, records)
        else:  # a seek was waited for, of this partition or of one before
            self.unsure.add(tp)

    async def _fold(self, agent: FoldAgent, tp: TP, records: Sequence[Record]) -> bool:
        """Folds a batch; False if the partition, or the whole app, stops here."""
        logs.begin(
            {"component": "fold", "agent": agent.spec.name, "operation": "fold", "topic": tp.topic,
             "partition": tp.partition}
        )  # fmt: skip
        try:
            await agent.fold(tp.partition, records)
        except FoldFailed as error:
            self.stop_partition(tp, str(error), error)
            return False
        except Exception as error:
            self.log.exception("folding stopped: %s", error)
            await self.app.crash(error)
            return False
        self._read_offset[tp] = self._committed_offset[tp] = agent.runner(tp.partition).position  # type: ignore[attr-defined]
        return True
