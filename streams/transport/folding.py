"""The consumer loop that both transports share: whole fetched batches go to the fold agents.

It replaces `faust.transport.consumer.Consumer._drain_messages`, which takes each record through two tasks and forty
calls. tests/streams/test_faust_internals.py names every private part of Faust that is leaned on here.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from faust.types import TP

from streams.agent import FoldAgent
from streams.fold import Record
from streams.runner import FoldFailed

BATCH_SECONDS: Final = 8.0
"""How long a stop or a rebalance waits for the batch in hand: less than a rebalance may take (20 s), and than a
transaction may stay open (10 s). What becomes of a batch that is given up then is found out by recovery."""


class FoldingConsumer:
    """Mixed into a Faust consumer: drains fetched batches into fold agents, and changelog records into their tables."""

    app: Any
    log: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._batch: asyncio.Future[None] | None = None
        self.unsure: set[TP] = set()
        """Partitions whose next fetch may lie behind records that nobody has seen: a fetch that is under way when the
        partitions are assigned anew still answers, after it, and what it brings then is dropped."""
        self.stopped_partitions: dict[TP, str] = {}
        """Partitions whose fold failed, with the reason: they wait for an operator."""

    def records(self, fetched: Sequence[Any]) -> list[Record]:
        """The transport's fetched records as ours."""
        raise NotImplementedError

    def reached(self, tp: TP, applied: int) -> int:
        """The offset that the fold waits for, when everything before `applied` is applied."""
        return applied

    async def recover(self, records: dict[TP, Sequence[Any]]) -> None:
        """Applies fetched changelog records; called after every fetch while tables recover, also an empty one."""

    async def wait_empty(self) -> None:
        """Waits for the batch in hand: nothing else is ever in flight."""
        batch = self._batch
        if batch is None:
            return
        _, late = await asyncio.wait({batch}, timeout=BATCH_SECONDS)
        if late:
            self.log.warning("a batch did not end within %.0f s and is given up", BATCH_SECONDS)
            batch.cancel()
            await asyncio.wait({batch})
        if not batch.cancelled() and (error := batch.exception()):
            self.log.warning("the last batch failed: %r", error)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finishes the batch in hand, then gives the partitions away, also those that will be assigned here again.

        Somebody else may have had them in between, so nothing that was remembered of them holds any more.
        """
        self.stop_flow()  # type: ignore[attr-defined]
        await self.wait_empty()
        for agent in self._agents():
            await agent.close({tp.partition for tp in revoked if tp.topic == agent.spec.source.name})
        for tp in revoked:
            self.stopped_partitions.pop(tp, None)
        await super().on_partitions_revoked(revoked)  # type: ignore[misc]

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Becomes the one writer of the partitions, and then has their tables recovered."""
        self.app.tables.recovery.signal_recovery_end.clear()  # of the recovery before: it would end this one at once
        self.unsure = set(assigned)
        try:
            for agent in self._agents():
                await agent.open({tp.partition for tp in assigned if tp.topic == agent.spec.source.name})
        except Exception as error:
            await self.app.crash(error)
            return
        await super().on_partitions_assigned(assigned, generation_id)  # type: ignore[misc]

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
        fetched, active = await self._wait_next_records(timeout=1.0)  # type: ignore[attr-defined]
        await asyncio.sleep(0)  # a fetch may be answered without ever yielding
        found = {TP(tp.topic, tp.partition): records for tp, records in (fetched or {}).items()}
        if self.should_stop or not self.flow_active:  # type: ignore[attr-defined]
            self.unsure |= set(found)
            return
        self._batch = asyncio.ensure_future(self._dispatch(found, active))
        await asyncio.wait({self._batch})  # a stop cancels this loop, but not the batch: see wait_empty
        if not self._batch.cancelled():
            self._batch.result()

    async def _dispatch(self, fetched: dict[TP, Sequence[Any]], active: set[TP] | None) -> None:
        agents = {agent.spec.source.name: agent for agent in self._agents()}
        changelogs: dict[TP, Sequence[Any]] = {}
        jobs = []
        for tp, found in fetched.items():
            if active is not None and tp not in active:
                self.unsure.add(tp)
                continue
            agent = agents.get(tp.topic)
            if agent is None:
                changelogs[tp] = found
            elif tp not in self.stopped_partitions:
                jobs.append(self._fold(agent, tp, found))
        if changelogs or not self.app.tables.actives_ready:
            await self.recover(changelogs)
        ended = await asyncio.gather(*jobs, return_exceptions=True)  # all of them, before an error stops the app
        for error in ended:
            if error is not None:
                raise error

    async def _fold(self, agent: FoldAgent, tp: TP, found: Sequence[Any]) -> None:
        try:
            records = self.records(found)
            if tp in self.unsure:
                self.unsure.discard(tp)
                position = agent.runner(tp.partition).position or await self._committed(tp)
                if records[0].offset > position:  # once: what is not there then was a marker, or has expired
                    await self.seek_wait({tp: position})  # type: ignore[attr-defined]
                    return
            await agent.fold(tp.partition, records)
        except FoldFailed as error:
            self.log.critical("%s", error, exc_info=error)
            self.stopped_partitions[tp] = str(error)
            self.pause_partitions({tp})  # type: ignore[attr-defined]
            return
        self._read_offset[tp] = self._committed_offset[tp] = agent.runner(tp.partition).position  # type: ignore[attr-defined]

    async def _committed(self, tp: TP) -> int:
        """The group's position, for a table that has none of its own: it is new, or was lost."""
        committed = await self.seek_to_committed()  # type: ignore[attr-defined]
        return committed.get(tp) or 0
