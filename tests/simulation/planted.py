"""Bugs that are planted to see that they are found: in the code that is tested, or in what is promised to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, Final
from unittest.mock import patch

from streams.agents.commands import CommandsFold
from streams.agents.states import States
from streams.fold import Record
from streams.indexes import Indexes
from streams.runner import PartitionRunner
from tests.simulation import agent, disk, log, worker
from views.feed.subscription import Subscription

Plant = Callable[[], Any]


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
    def read(self: log.Log, topic: str, partition: int, position: int, most: int = 50) -> tuple[list[Record], int]:
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


def _recovered_before_it_is_fenced() -> Any:
    """It asks for the end of the changelog first."""

    async def take_over(self: agent.Agent, numbers: Sequence[int]) -> list[int]:
        ends = [await self._changelog_end(number) for number in numbers]
        await self._open_all(numbers)
        return ends

    return patch.object(agent.Agent, "_fence", take_over)


def _recovered_one_short() -> Any:
    recover = agent.Agent._recover
    return patch.object(agent.Agent, "_recover", lambda self, number, end: recover(self, number, end - 1))


def _nothing(*args: Any) -> None:
    pass


PLANTED: Final[dict[str, Plant]] = {
    "outcomes are not looked at": lambda: patch.object(CommandsFold, "_outcome", _nothing),
    "states are kept where the partition was given away": lambda: patch.object(States, "forget", _nothing),
    "indexes are kept where the partition was given away": lambda: patch.object(Indexes, "forget", _nothing),
    "recovery ends one short": _recovered_one_short,
    "a batch is told of before it is durable": _told_before_it_is_durable,
    "the feed resumes one too late": _feed_one_too_late,
    "rows are written apart from their offset": _rows_apart_from_their_offset,
    "uncommitted records are read": _reads_what_is_not_committed,
    "commands are acknowledged before they are appended": _acknowledged_before_it_is_appended,
    "a writer is not fenced": _unfenced,
    "a worker answers without a lease": _without_a_lease,
    "the end of the changelog is asked for before the writer is fenced": _recovered_before_it_is_fenced,
}
"""By what is wrong."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    """While it lasts, that bug is there."""
    with PLANTED[name]():
        yield
