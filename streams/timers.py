"""Time makes commands: what is due in the timelines of the partitions that this process owns is appended as commands.

They are decided like any other, so what is due is done exactly once, whatever is appended twice: by two processes that
both believe that they own a partition, or again after a crash. A timer takes the earliest that are due, appends a
command for each, and waits until the timeline shows that they were folded before it takes more: people's commands do
not queue behind thousands of its own.

What is not folded for long, for its command became a dead letter, say, is put by: it holds up nothing else, and is
appended again after pauses that grow. Its outcome stands, so that it is one dead letter, until an operator retries it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import islice, takewhile
from typing import Final, NamedTuple, Protocol

from monitoring import logs, tracing
from streams import keys, traces
from streams.agents.timeline import Due, Kind, timeline
from streams.fold import Rows
from tasksys.commands import CommandRecord, NoteZones
from tasksys.errors import NotOwned
from tasksys.values import CLOCK, UTC, ZONES, instant

logger = logging.getLogger(__name__)

BATCH: Final = 200
"""Commands of one partition that are on their way at once: about 20 ms of its fold."""

PATIENCE_SECONDS: Final = 30.0
"""How long commands may be on their way until they are put by, and the pause until they are first appended again."""

LONGEST_SECONDS: Final = 3_600.0
"""The longest pause: each is twice the one before."""

AT_A_TIME: Final = 500
"""Rows that are read before others get their turn."""

LOOK_SECONDS: Final = 1.0
"""How soon partitions that were given to this process, and a clock that was set, are noticed."""


class Append(Protocol):
    """Makes commands durable."""

    def __call__(
        self, records: Sequence[CommandRecord], spans: Sequence[tracing.Span | None] = ()
    ) -> Awaitable[Sequence[Exception | None]]:
        """Each has its error, or None; where `spans` are given, each belongs to its own one."""
        ...


class Timer:
    """Commands what is due of one kind in the partitions that `owned` names, whose rows `rows` gives (or NotOwned)."""

    def __init__(
        self,
        kind: Kind,
        owned: Callable[[], Sequence[int]],
        rows: Callable[[int], Rows],
        append: Append,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        zones: str = ZONES,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._kind = kind
        self._owned = owned
        self._rows = rows
        self._append = append
        self._now = now
        self._zones = zones
        self._patience = patience
        self._late: dict[int, dict[Due, Late]] = {}
        """Of each partition what was commanded in vain for long."""
        self._noted: set[int] = set()
        """Partitions in which every workspace with something armed was told of the zone database."""
        self._changed = asyncio.Event()
        self._passes: dict[int, Pass] = {}
        self._start: dict[int, bytes] = {}
        """Of each partition a key before which its timeline is empty: a scan from the beginning would go over thousands
        of rows that were deleted, again and again."""

    def first(self, partition: int) -> bytes:
        """A key before which the timeline of a partition is empty."""
        return self._start.get(partition, keys.TIMELINE)

    def wake(self) -> None:
        """The clock was set."""
        self._changed.set()

    def changed(self, partition: int, earliest: str | None) -> None:
        """A timeline has changed; the earliest instant that was put into it."""
        if earliest is not None:
            self._start[partition] = min(keys.TIMELINE + earliest.encode(), self.first(partition))
        if partition in self._passes:
            self._passes[partition].changed.set()
        else:
            self._changed.set()

    def forget(self, partition: int) -> None:
        """What is known of a timeline does not hold any more."""
        self._start.pop(partition, None)
        self._late.pop(partition, None)
        self._noted.discard(partition)
        if partition in self._passes:  # what it waits for may be folded elsewhere, and nobody would tell it
            self._passes[partition].changed.set()

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        logs.begin({"component": "fold", "agent": self._kind.agent, "operation": "command what is due"})
        try:
            while True:
                self._changed.clear()
                wait = LOOK_SECONDS
                for partition in set(self._owned()) - set(self._passes):
                    try:
                        await self._note(partition)
                        wait = min(wait, self._look(partition))
                    except Exception:
                        self._noted.discard(partition)
                        logger.exception(
                            "what is due could not be looked at; it is tried again", extra={"partition": partition}
                        )
                await woken(self._changed, wait)
        finally:
            running = [one.task for one in self._passes.values()]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _note(self, partition: int) -> None:
        """Tells the workspaces of a partition, once, if their instants were computed by another zone database."""
        if partition in self._noted:
            return
        self._noted.add(partition)
        try:
            rows, behind = self._rows(partition), set[str]()
            for count, due in enumerate(timeline(rows)):
                if rows.get(keys.zones(due.workspace)) != self._zones.encode():
                    behind.add(due.workspace)
                if not count % AT_A_TIME:
                    await asyncio.sleep(0)
            now = instant(self._now())
            errors = await self._append([noting(workspace, now, self._zones) for workspace in sorted(behind)])
            if any(error is not None for error in errors):
                self._noted.discard(partition)
        except NotOwned:
            self._noted.discard(partition)

    def _look(self, partition: int) -> float:
        """Begins with what is due; seconds until something is, which may be never."""
        late = self._late.get(partition, {})
        try:
            reached = timeline(self._rows(partition), self.first(partition))
            first = next((one for one in reached if one not in late), None)
        except NotOwned:
            return LOOK_SECONDS
        if first is not None and not late:
            self._start[partition] = first.key
        waits = [one.again - asyncio.get_running_loop().time() for one in late.values()]
        if first is not None:
            waits.append((datetime.fromisoformat(first.at) - self._now()).total_seconds())
        wait = min(waits, default=LOOK_SECONDS)
        if wait <= 0:
            self._passes[partition] = Pass(asyncio.create_task(self._fire_all(partition)))
        return max(wait, 0.0) or LOOK_SECONDS

    async def _fire_all(self, partition: int) -> None:
        """Commands what is due in a partition, batch after batch, and what was put by before that."""
        try:
            await self._fire_late(partition)
            while batch := self._due(partition):
                if left := await self._fire(partition, batch):
                    self._put_by(partition, left)
        except NotOwned:
            pass
        except Exception:
            logger.exception("what is due was not commanded; tried again", extra={"partition": partition})
            await asyncio.sleep(LOOK_SECONDS)
        finally:
            del self._passes[partition]
            self.wake()

    def _put_by(self, partition: int, batch: Sequence[Due]) -> None:
        """These are appended again later, each time after twice the pause."""
        late, now = self._late.setdefault(partition, {}), asyncio.get_running_loop().time()
        for one in batch:
            before = late.get(one)
            pause = self._patience if before is None else min(before.pause * 2, LONGEST_SECONDS)
            late[one] = Late(pause, now + pause)
        logger.warning(
            "%d commanded and not folded yet, such as %s; look at the dead letters", len(batch), batch[0].name,
            extra={"partition": partition, "workspace": batch[0].workspace},
        )  # fmt: skip

    async def _fire_late(self, partition: int) -> None:
        """Appends again what was put by and has waited, without waiting for it. Raises NotOwned."""
        rows, now = self._rows(partition), asyncio.get_running_loop().time()
        late = {one: found for one, found in self._late.pop(partition, {}).items() if waits(one, rows)}
        if not late:
            return
        self._late[partition] = late
        again = [one for one, found in late.items() if found.again <= now][:BATCH]
        if again:
            await self._command(again)
            self._put_by(partition, again)

    async def _command(self, batch: Sequence[Due]) -> Sequence[Exception | None]:
        """Appends a command for each. Its trace is a new one, which links to the one that set the time, if that was
        recorded."""
        at = instant(self._now())
        commands = [command(self._kind, one, at) for one in batch]
        spans = traces.due(self._kind.agent, batch)
        if not any(spans):
            return await self._append(commands)
        try:
            return await self._append(commands, spans)
        finally:
            for span in spans:
                if span is not None:
                    span.end()

    def _due(self, partition: int) -> list[Due]:
        """What is due now, the earliest first, but for what was put by. Raises NotOwned."""
        now, late = instant(self._now()), self._late.get(partition, {})
        reached = takewhile(lambda one: one.at <= now, timeline(self._rows(partition), self.first(partition)))
        found = list(islice((one for one in reached if one not in late), BATCH))
        if found and not late:
            self._start[partition] = found[0].key
        return found

    async def _fire(self, partition: int, batch: list[Due]) -> list[Due]:
        """Appends the commands, and waits until they are folded; those that were not for long. Raises NotOwned."""
        loop, changed = asyncio.get_running_loop(), self._passes[partition].changed
        errors = await self._command(batch)
        if failed := [error for error in errors if error is not None]:
            logger.warning(
                "%d of %d not commanded: %r", len(failed), len(batch), failed[0], extra={"partition": partition}
            )
            await asyncio.sleep(LOOK_SECONDS)
            return []
        give_up = loop.time() + self._patience
        while batch := self._left(partition, batch):
            changed.clear()
            if not await woken(changed, give_up - loop.time()):
                return batch
        return []

    def _left(self, partition: int, batch: list[Due]) -> list[Due]:
        """Those that are in the timeline still; not looked at one by one while the last one is. Raises NotOwned."""
        rows = self._rows(partition)
        return batch if waits(batch[-1], rows) else [one for one in batch if waits(one, rows)]


def waits(one: Due, rows: Rows) -> bool:
    """True while it is in the timeline as it was found there."""
    return rows.get(one.key) == one.row


class Late(NamedTuple):
    """The pause of what was put by, and when (of the event loop's clock) it is appended again."""

    pause: float
    again: float


class Pass:
    """What goes through what is due in a partition, and is told of every change of its timeline."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.changed = asyncio.Event()


async def woken(event: asyncio.Event, seconds: float) -> bool:
    """Waits for the event: False if it did not come for so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def command(kind: Kind, due: Due, at: str) -> CommandRecord:
    """What says that its time has come. The id is made of the event that set it: one for one time."""
    return CommandRecord(due.workspace, CLOCK, at, kind.due(str(due.position), due), source="clock")


def noting(workspace: str, at: str, zones: str) -> CommandRecord:
    """What says that instants are computed by that release of the zone database from now on: one id for it."""
    return CommandRecord(workspace, CLOCK, at, NoteZones(id=f"zones-{zones}", zones=zones), source="clock")
