"""What falls due and is not folded: it is appended again after growing pauses, and holds up nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Final

import pytest

from streams import keys
from streams.agents.reminders import REMINDERS
from streams.timers import Timer
from streams.transport.database import DatabaseCorrupt
from tasksys.commands import CommandRecord, FireReminder
from tasksys.errors import NotOwned
from tasksys.values import UTC
from tests.support.nodes import MemoryRows
from tests.support.waiting import until

NOW: Final = datetime(2026, 3, 8, 9, tzinfo=UTC)
DUE: Final = "2026-03-08T08:00:00.000Z"
PATIENCE: Final = 0.02


class Folding:
    """A timeline in memory, and a fold that does with each reminder what its name says: `dead` is never done."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.rows = MemoryRows()
        self.rows.rows[keys.zones("w")] = b"z"
        self.appended: list[tuple[str, float]] = []
        self.away = False
        self.timer = Timer(REMINDERS, self.owned, self.of, self.append, lambda: NOW, "z", patience)

    def owned(self) -> list[int]:
        """The partition, unless it is somewhere else."""
        return [] if self.away else [0]

    def of(self, partition: int) -> MemoryRows:
        """Its rows."""
        if self.away:
            raise NotOwned("somewhere else")
        return self.rows

    def arm(self, name: str) -> None:
        """From now on that reminder is due."""
        self.rows.rows[keys.timeline(DUE, "w", name)] = (1).to_bytes(8)
        self.timer.changed(0, DUE)

    def disarm(self, name: str) -> None:
        """It is not any more."""
        self.rows.rows.pop(keys.timeline(DUE, "w", name), None)
        self.timer.changed(0, None)

    async def append(self, records: Sequence[CommandRecord], spans: Sequence[object] = ()) -> list[Exception | None]:
        """Takes them, and folds them at once."""
        for record in records:
            assert isinstance(record.command, FireReminder)
            name = record.command.reminder
            self.appended.append((name, asyncio.get_running_loop().time()))
            if not name.startswith("dead"):
                self.disarm(name)
        return [None] * len(records)

    def times(self, name: str) -> list[float]:
        """When it was commanded."""
        return [at for one, at in self.appended if one == name]


async def test_what_is_not_folded_is_put_by() -> None:
    """Each pause is twice the one before; others are commanded at once, once each; what is done is forgotten."""
    folding = Folding()
    folding.arm("dead")
    folding.arm("one")
    running = asyncio.create_task(folding.timer.run())
    try:
        await until(lambda: len(folding.times("dead")) == 3)
        for number in range(300):
            folding.arm(f"more-{number}")
        await until(lambda: len(folding.appended) >= 304)
        await until(lambda: len(folding.times("dead")) == 6)
        pauses = [after - before for before, after in pairwise(folding.times("dead"))]
        assert all(pause >= PATIENCE * 2**number for number, pause in enumerate(pauses))
        assert len(folding.times("one")) == 1
        assert {len(folding.times(f"more-{number}")) for number in range(300)} == {1}
        folding.disarm("dead")
        await until(lambda: not folding.timer._late)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_partition_that_was_away_is_gone_on_with_at_once() -> None:
    """What was commanded and is folded by who has it meanwhile, is not waited for here; found by the simulation."""
    folding = Folding(patience=3600.0)
    folding.arm("dead-slow")
    running = asyncio.create_task(folding.timer.run())
    try:
        await until(lambda: folding.times("dead-slow"))
        folding.away = True
        folding.timer.forget(0)
        await until(lambda: not folding.timer._passes)
        del folding.rows.rows[keys.timeline(DUE, "w", "dead-slow")]
        folding.rows.rows[keys.timeline(DUE, "w", "next")] = (2).to_bytes(8)
        folding.away = False
        await until(lambda: folding.times("next"))
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_timer_outlives_a_row_that_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    """The agent's table is put aside and recovered then, and what fell due meanwhile is commanded late."""
    folding, scan, broken = Folding(), MemoryRows.scan, list[str]()

    def failing(
        prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        if len(broken) < 3:  # the look for another zone database is the first one, and is made again
            broken.append("scan")
            raise DatabaseCorrupt("Corruption: block checksum mismatch")
        return scan(folding.rows, prefix, start, reverse)

    folding.rows.scan = failing  # type: ignore[method-assign]
    folding.arm("one")
    running = asyncio.create_task(folding.timer.run())
    try:
        await until(lambda: folding.times("one") or running.done())
        assert not running.done()
        assert len(broken) == 3
        assert "it is tried again" in caplog.text
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
