"""The consumer loop that both transports share: whole fetched batches go to the fold agents.

It replaces `faust.transport.consumer.Consumer._drain_messages`, which takes each record through two tasks and forty
calls. tests/streams/test_faust_internals.py names every private part of Faust that is leaned on here.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from faust.types import TP

from streams.agent import FoldAgent
from streams.fold import Record
from streams.runner import FoldFailed


class FoldingConsumer:
    """Mixed into a Faust consumer: drains fetched batches into fold agents, and changelog records into their tables."""

    app: Any
    log: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._batch_done = asyncio.Event()
        self._batch_done.set()
        self.stopped_partitions: dict[TP, str] = {}
        """Partitions whose fold failed, with the reason: they wait for an operator."""

    def records(self, fetched: Sequence[Any]) -> list[Record]:
        """The transport's fetched records as ours."""
        raise NotImplementedError

    async def recover(self, records: dict[TP, Sequence[Any]]) -> None:
        """Applies fetched changelog records; called after every fetch while tables recover, also an empty one."""

    async def wait_empty(self) -> None:
        """Waits for the batch in hand: it is bounded, and nothing else is ever in flight."""
        await self._batch_done.wait()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finishes the batch in hand before the partitions are given away."""
        self.stop_flow()  # type: ignore[attr-defined]
        await self._batch_done.wait()
        for tp in revoked:
            self.stopped_partitions.pop(tp, None)
        await super().on_partitions_revoked(revoked)  # type: ignore[misc]

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
        if self.should_stop:  # type: ignore[attr-defined]
            return
        if not self.flow_active:  # type: ignore[attr-defined]
            if fetched:
                await self.perform_seek()  # type: ignore[attr-defined]
            return
        self._batch_done.clear()
        try:
            await self._dispatch({TP(tp.topic, tp.partition): found for tp, found in (fetched or {}).items()}, active)
        finally:
            self._batch_done.set()

    async def _dispatch(self, fetched: dict[TP, Sequence[Any]], active: set[TP] | None) -> None:
        agents = {agent.spec.source.name: agent for agent in self.app.agents.values() if isinstance(agent, FoldAgent)}
        changelogs: dict[TP, Sequence[Any]] = {}
        jobs = []
        for tp, found in fetched.items():
            if active is not None and tp not in active:
                continue
            agent = agents.get(tp.topic)
            if agent is None:
                changelogs[tp] = found
            elif tp not in self.stopped_partitions:
                jobs.append(self._fold(agent, tp, found))
        if changelogs or self.app.tables.recovery.in_recovery:
            await self.recover(changelogs)
        if jobs:
            await asyncio.gather(*jobs)

    async def _fold(self, agent: FoldAgent, tp: TP, found: Sequence[Any]) -> None:
        try:
            await agent.fold(tp.partition, self.records(found))
        except FoldFailed as error:
            self.log.critical("%s", error, exc_info=error)
            self.stopped_partitions[tp] = str(error)
            self.pause_partitions({tp})  # type: ignore[attr-defined]
            return
        self._read_offset[tp] = self._committed_offset[tp] = agent.runner(tp.partition).position  # type: ignore[attr-defined]
