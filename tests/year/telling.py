"""One year, lived and accounted for."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tasksys.events import EventRecord
from tests.year.accounting import Line, accounts
from tests.year.folding import Log
from tests.year.ledger import Ledger
from tests.year.living import Living, Stuck
from tests.year.plans import START
from tests.year.script import Story

TOTALS = (
    "log", "days", "commands", "events", "outages", "hours away", "kills", "occurrences", "firings", "late", "doubled",
    "unaccounted", "violations", "seconds",
)  # fmt: skip


@dataclass
class Told:
    """What came of one year."""

    transport: str
    days: int
    ledger: Ledger
    lines: list[Line] = field(default_factory=list)
    records: dict[str, list[EventRecord]] = field(default_factory=dict)
    end: datetime = START
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        """Everything that must not be."""
        return [*self.wrong, *(violation for line in self.lines for violation in line.violations)]

    def cells(self) -> tuple[str, ...]:
        """Its line of the totals."""
        ledger, lines = self.ledger, self.lines
        away = sum((one.up - one.down for one in ledger.outages), timedelta(0))
        events = sum(map(len, self.records.values()))
        numbers = (
            self.days, ledger.commands, events, len(ledger.outages), round(away.total_seconds() / 3600),
            sum(one.kills for one in ledger.outages), sum(line.expected for line in lines),
            sum(line.on_time + line.late for line in lines), sum(line.late for line in lines),
            sum(line.doubled for line in lines), sum(line.unaccounted for line in lines), len(self.violations),
        )  # fmt: skip
        return (self.transport, *(f"{number:,}" for number in numbers), f"{self.seconds:.0f}")


async def told(transport: str, url: str, directory: Path, days: int, seed: int) -> Told:
    """Lives through so many days, and does the accounts. What gets stuck is a violation too."""
    began, end = time.monotonic(), START + timedelta(days=days)
    ledger = Ledger({})
    found = Told(transport, days, ledger)
    living = Living(url, directory, ledger, random.Random(f"{seed}/kills"))
    try:
        await living.start()
        await Story(living, days, seed).begin()
        try:
            await living.until(end)
        except Stuck as stuck:
            found.wrong.append(str(stuck))
        found.records, wrong = await living.verified()
    finally:
        await living.stop()
    found.wrong += wrong
    found.end = living.clock.now
    found.lines = accounts(ledger, {home: Log(records) for home, records in found.records.items()}, found.end)
    found.seconds = time.monotonic() - began
    return found
