"""What the Kafka consumer does with what was fetched of changelogs."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.util import commit_structure_validate
from faust.types import TP

from streams.fold import Record
from streams.transport.kafka.consumer import Consumer
from streams.transport.kafka.driver import Transport
from streams.transport.kafka.lease import Lease
from streams.transport.kafka.thread import ConsumerThread
from tasksys.errors import NotOwned

SURE, UNSURE, THEIRS = TP("changelog", 0), TP("changelog", 1), TP("changelog", 2)


class Recovering:
    """A consumer that recovers one partition and copies another one, as far as `Consumer.recover` asks."""

    def __init__(self) -> None:
        self.unsure = set[TP]()
        self.sought: list[dict[TP, int | None]] = []
        self.applied: list[dict[TP, Any]] = []
        self.changelogs = SimpleNamespace(apply=self.applied.append)
        self.app = SimpleNamespace(
            tables=SimpleNamespace(
                recovery=SimpleNamespace(
                    active_tps={UNSURE}, standby_tps={SURE}, active_offsets={UNSURE: None}, standby_offsets={SURE: 6}
                )
            )
        )

    async def seek_wait(self, partitions: dict[TP, int | None]) -> None:
        """Tells the test."""
        self.sought.append(partitions)

    async def recover(self, records: dict[TP, Any]) -> None:
        """What is tested."""
        await Consumer.recover(cast(Any, self), records)


async def test_what_came_with_an_unsure_partition_is_fetched_again_too() -> None:
    """It is not put in, and its position is behind it by now: it would be missing from the table for ever."""
    consumer, found = Recovering(), [Record(7, 0, b"k", b"x", ())]
    consumer.unsure = {UNSURE, THEIRS}
    await consumer.recover({SURE: found, THEIRS: found})
    assert consumer.sought == [{UNSURE: 0, SURE: 7}]
    assert consumer.applied == []
    assert consumer.unsure == {THEIRS}  # which nobody wants now
    await consumer.recover({SURE: found})
    assert consumer.applied == [{SURE: found}]


async def test_a_stop_in_the_middle_of_a_rebalance_ends_the_lease() -> None:
    """Nobody has given the partitions away, and the group may assign them anew."""
    lease = Lease(6.0, lambda: 100.0)
    lease.renew(100.0)
    consumer = SimpleNamespace(app=SimpleNamespace(should_stop=False), lease=lease)

    async def never() -> None:
        consumer.app.should_stop = True
        await asyncio.Event().wait()

    await Consumer._unless_stopped(cast(Any, consumer), never())
    assert not lease.held


async def test_where_a_partition_ends_is_not_known_before_one_is_open() -> None:
    """Whoever asks is told what passes, as of anything else that is not here yet."""
    with pytest.raises(NotOwned):
        await Transport.end_of(cast(Any, SimpleNamespace(_cluster=None)), SURE, True)


async def test_of_partitions_that_were_given_away_nothing_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a stop in the middle of a rebalance: aiokafka refuses that, and the thread would never have ended."""
    thread, consumer = object.__new__(ConsumerThread), SimpleNamespace(commit=commit_structure_validate)
    monkeypatch.setattr(ConsumerThread, "assignment", lambda thread: set())
    monkeypatch.setattr(ConsumerThread, "_ensure_consumer", lambda thread: consumer)
    assert await thread._commit({TP("tasksys.events", 0): 7}) is False
