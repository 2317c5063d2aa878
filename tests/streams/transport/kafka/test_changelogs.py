"""Copies of tables move in their owners' steps: what was fetched of a transaction in part waits for the rest of it."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.tables.recovery import Recovery
from faust.types import TP

from streams.applied import APPLIED
from streams.fold import Record
from streams.transport.kafka import changelogs
from streams.transport.kafka.changelogs import Changelogs
from streams.transport.kafka.driver import Transport
from tests.support.nodes import MemoryRows

PLACE = TP("tasksys-audit-table-changelog", 0)


class Fetching:
    """What the consumer and Faust's recovery say of one copy; rows go into a dict."""

    def __init__(self, end: int, persisted: int | None = None) -> None:
        """`end` is the offset of the last record that there was when the copying began."""
        self.table, self.stored, self.position = MemoryRows(), persisted, 0
        self.app = SimpleNamespace(
            tables=SimpleNamespace(
                actives_ready=True,
                standbys_ready=True,
                recovery=SimpleNamespace(
                    active_tps=set(),
                    active_offsets=Counter({PLACE: 5}),
                    standby_tps={PLACE},
                    standby_offsets=Counter({PLACE: -1 if persisted is None else persisted}),
                    standby_highwaters=Counter({PLACE: end}),
                    need_recovery=lambda: True,
                ),
            )
        )
        self.transport = self
        self.logs = Changelogs(self)

    def write_rows(self, app: Any, partition: int, rows: Mapping[bytes, bytes | None], offset: int) -> None:
        """As the driver does, in one write."""
        self.table.apply(rows)
        self.stored = offset

    def records(self, found: Sequence[Any]) -> list[Record]:
        """They are ours already."""
        return list(found)

    def fetched(self, tp: TP) -> int:
        """The offset that is fetched next."""
        return self.position

    def fetch(self, *keys: str, markers: int = 0) -> dict[bytes, bytes]:
        """Records with these keys come, "!" being a position's, then so many markers; what is in the table then."""
        first = self.position
        found = [Record(first + number, 0, APPLIED if key == "!" else key.encode(), str(first + number).encode(), ())
                 for number, key in enumerate(keys)]  # fmt: skip
        self.position += len(keys) + markers
        self.logs.apply({PLACE: found} if found else {})
        return {key: row for key, row in self.table.rows.items() if key != APPLIED}


def test_catching_up_is_no_copy_yet() -> None:
    """Until all that was there is read there are no steps, for compaction may have taken them away."""
    fetching = Fetching(end=6)
    assert fetching.fetch("a", "b") == {b"a": b"0", b"b": b"1"}
    assert not fetching.logs.whole(PLACE)
    fetching.fetch("c", "!", markers=1)
    assert not fetching.logs.whole(PLACE)
    fetching.fetch("a", markers=1)  # it ends at a marker, whatever the last row is
    assert (fetching.logs.whole(PLACE), fetching.stored) == (True, 6)


def test_more_than_was_there_is_read_at_once() -> None:
    """Then a copy begins with the next whole transaction."""
    fetching = Fetching(end=1)
    fetching.fetch("a", "!", "b")
    assert not fetching.logs.whole(PLACE)
    assert fetching.fetch("c", "!") == {b"a": b"0", b"b": b"2", b"c": b"3"}
    assert fetching.logs.whole(PLACE)


def test_parts_of_transactions_wait() -> None:
    """What is read is always after a transaction; the offset on disk is of what is there."""
    fetching = Fetching(end=-1)
    fetching.fetch()
    assert fetching.logs.whole(PLACE)
    assert (fetching.fetch("a"), fetching.stored) == ({}, None)
    assert (fetching.fetch("b"), fetching.stored) == ({}, None)
    assert (fetching.fetch("a", "!", markers=1), fetching.stored) == ({b"a": b"2", b"b": b"1"}, 4)
    assert (fetching.fetch("c", "!", "d"), fetching.stored) == ({b"a": b"2", b"b": b"1", b"c": b"5"}, 6)
    assert (fetching.fetch("!", markers=2), fetching.stored) == ({b"a": b"2", b"b": b"1", b"c": b"5", b"d": b"7"}, 10)
    assert fetching.logs.whole(PLACE)


def test_an_endless_transaction_is_put_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has a bound; until it ends the copy is none."""
    monkeypatch.setattr(changelogs, "HELD_ROWS", 3)
    fetching = Fetching(end=-1)
    fetching.fetch()
    assert fetching.fetch("a", "b", "c") == {}
    assert fetching.fetch("d") == {b"a": b"0", b"b": b"1", b"c": b"2", b"d": b"3"}
    assert not fetching.logs.whole(PLACE)
    fetching.fetch("e", "!")
    assert fetching.logs.whole(PLACE)


def test_what_is_thrown_away_is_read_from_the_beginning() -> None:
    """Also of a partition that was here before: Faust would go on from where it was then."""
    fetching = Fetching(end=-1)
    fetching.fetch()
    fetching.logs.lost(PLACE)
    assert not fetching.logs.whole(PLACE)
    assert PLACE not in fetching.app.tables.recovery.active_offsets


def test_what_waited_is_read_again_after_a_rebalance() -> None:
    """Nothing counts as read that is not in the table; a copy that goes on is one all the time."""
    fetching = Fetching(end=-1)
    fetching.fetch("a", "!", "b")
    assert fetching.logs.whole(PLACE) is False
    fetching.fetch("!")
    fetching.fetch("c")
    fetching.logs.assigned({PLACE})
    assert PLACE not in fetching.app.tables.recovery.standby_offsets  # Faust takes the one on disk
    assert fetching.stored == 3
    assert fetching.logs.whole(PLACE)
    fetching.logs.assigned(set())
    assert not fetching.logs.whole(PLACE)


class Table:
    """One of which nothing is on disk yet."""

    def held(self, partition: int) -> None:
        """As the transport says."""

    def persisted_offset(self, tp: TP) -> int | None:
        """As the store asks the transport."""
        return Transport.persisted_offset(cast(Any, self), cast(Any, None), tp)


class Overtaken:
    """Faust's recovery of an assignment, which waits for where changelogs begin while the next one is made."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        self.app: Any = SimpleNamespace(conf=SimpleNamespace(stream_recovery_delay=0, id="tasksys-audit"))
        self.app.consumer_generation_id, self.app.tracer, self.app._rebalancing_span = 15, None, None
        self.app.assignor = SimpleNamespace(assigned_standbys=lambda: {PLACE}, assigned_actives=set)
        self.app.tables = SimpleNamespace(_changelogs={PLACE.topic: Table()})
        self.recovery = self.app.tables.recovery = Recovery(self.app, self.app.tables)
        self.logs = Changelogs(SimpleNamespace(app=self.app))

    async def earliest_offsets(self, *tps: TP) -> dict[TP, int]:
        """As the partitions' leaders say, when there is one."""
        await self.answered.wait()
        return dict.fromkeys(tps, 0)


async def test_a_recovery_that_is_overtaken_leaves_no_offset_behind() -> None:
    """Faust counts offsets in a Counter: of a partition that it has forgotten meanwhile, the first record is "seen"."""
    old = Overtaken()
    recovery = old.recovery
    await recovery.on_rebalance({PLACE}, set(), {PLACE}, 15)  # which the next assignment is about to overtake
    building = asyncio.create_task(
        recovery._build_offsets(old, recovery.standby_tps, recovery.standby_offsets, "standby")
    )
    await asyncio.sleep(0)
    old.app.consumer_generation_id = 16
    old.logs.assigned({PLACE})  # Consumer.inspect begins, and asks the same leaders where changelogs begin
    old.answered.set()
    await building  # the recovery before is answered first
    await recovery.on_rebalance({PLACE}, set(), set(), 16)
    await recovery._build_offsets(old, recovery.standby_tps, recovery.standby_offsets, "standby")
    assert recovery.standby_offsets[PLACE] == -1  # nothing is there: the record at offset 0 is still to be put in
