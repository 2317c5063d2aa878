"""Bugs that are planted to see that they are found: in the code that is tested, or in what is promised to it.

Each with the lives in which it shows itself: some need what happens seldom, and seeds of faults that bring it about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from streams.agents.commands import CommandsFold
from streams.agents.states import States
from streams.fold import Record
from streams.indexes import Indexes
from streams.runner import PartitionRunner
from streams.timers import Timer
from streams.transport.database import DatabaseCorrupt
from tests.simulation import agent, disk, log, worker
from tests.simulation.simulation import Plan
from views.feed.subscription import Subscription


class Plant(NamedTuple):
    """What plants a bug while it is entered, what the checks say of it, and what lives to look for it in.

    A plant that does not fit the code any more breaks lives in other ways, and that must not pass for being found.
    """

    bug: Callable[[], AbstractContextManager[object]]
    shows: str
    """A part of a violation."""
    plan: Plan = Plan()


def _told_before_it_is_durable() -> Any:
    durably = PartitionRunner._durably

    async def early(self: PartitionRunner, *args: Any) -> int:
        self._fold.committed()
        return await durably(self, *args)

    return patch.object(PartitionRunner, "_durably", early)


def _feed_one_too_late() -> Any:
    made = Subscription.__init__

    def late(self: Subscription, *args: Any) -> None:
        made(self, *args)
        if self._after:
            self.position += 1
            self.start += 1

    return patch.object(Subscription, "__init__", late)


def _rows_apart_from_their_offset() -> Any:
    def cut_power(self: disk.Disk, rng: Random) -> None:
        for unsynced in self._unsynced.values():
            for _ in range(rng.randrange(len(unsynced) + 1)):
                table, _, rows = unsynced.pop()
                table.apply(rows)

    return patch.object(disk.Disk, "cut_power", cut_power)


def _reads_what_is_not_committed() -> Any:
    def read(
        self: log.Log, topic: str, partition: int, position: int, most: int = log.PAGE
    ) -> tuple[list[Record], int]:
        records = self._partitions[topic, partition].records[position : position + most]
        return [one for one in records if one is not None], position + len(records)

    return patch.object(log.Log, "read", read)


def _acknowledged_before_it_is_appended() -> Any:
    def append(self: worker.Worker, *args: Any) -> Any:
        asked = _append(self, *args)
        durable = self.process.create_future()
        durable.set_result(None)
        asked.add_done_callback(lambda asked: asked.exception())
        return durable

    _append = worker.Worker.append
    return patch.object(worker.Worker, "append", append)


def _unfenced() -> Any:
    return patch.object(log.Log, "_check", lambda self, name, epoch: None)


def _without_a_lease() -> Any:
    return patch.object(agent.Agent, "leased", True)


def _recovered_half() -> Any:
    recover = agent.Agent._recover

    async def half(self: agent.Agent, number: int, end: int) -> None:
        before = self.table(number).offset + 1
        await recover(self, number, before + (end - before) // 2)

    return patch.object(agent.Agent, "_recover", half)


def _timer_without_a_net() -> Any:
    run = Timer.run

    async def fragile(self: Timer) -> None:
        look = self._look

        def watched(partition: int) -> float:
            try:
                return look(partition)
            except DatabaseCorrupt as error:
                raise asyncio.CancelledError from error

        self._look = watched  # type: ignore[method-assign]
        await run(self)

    return patch.object(Timer, "run", fragile)


def _nothing(*args: Any) -> None:
    pass


MOVING: Final = Plan(kinds=("stop", "kill", "freeze", "join"), faults=(6, 12))
FREEZING: Final = Plan(kinds=("freeze",), faults=(6, 12))
ZOMBIES: Final = Plan(kinds=("freeze", "cut", "crash"), faults=(6, 12))
ROTTING: Final = Plan(kinds=("rot", "crash"), faults=(6, 12))
DYING: Final = Plan(kinds=("kill", "cut", "broker", "power", "wipe"), faults=(6, 12))

PLANTED: Final[dict[str, Plant]] = {
    "outcomes are not looked at": Plant(lambda: patch.object(CommandsFold, "_outcome", _nothing), "repeat-differs"),
    "states are kept of what was given away": Plant(
        lambda: patch.object(States, "forget", _nothing), "not-monotonic", MOVING
    ),
    "indexes are kept of what was given away": Plant(
        lambda: patch.object(Indexes, "forget", _nothing), "read-your-writes", MOVING
    ),
    "recovery ends half way": Plant(_recovered_half, "its changelog makes another table"),
    "a batch is told of before it is durable": Plant(_told_before_it_is_durable, "stale in"),
    "the feed resumes one too late": Plant(_feed_one_too_late, "is too high for its owner"),
    "rows are written apart from their offset": Plant(_rows_apart_from_their_offset, "gap in", DYING),
    "uncommitted records are read": Plant(_reads_what_is_not_committed, "gap in"),
    "commands are acknowledged before they are appended": Plant(
        _acknowledged_before_it_is_appended, "not-fired", DYING
    ),
    "a writer is not fenced": Plant(_unfenced, "gap in", ZOMBIES),
    "what cannot be read ends a timer": Plant(_timer_without_a_net, "not-fired", ROTTING),
    "what cannot be read is not put aside": Plant(
        lambda: patch.object(disk.Disk, "put_aside", _nothing), "nobody serves", ROTTING
    ),
    "a worker answers without a lease": Plant(_without_a_lease, "not-monotonic", FREEZING),
}
"""By what is wrong."""
