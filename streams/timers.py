"""Time makes commands: what is due in the timelines of the partitions that this process owns is appended as commands.

They are decided like any other, so a firing is exactly once whatever is appended twice: by two processes that both
believe that they own a partition, or again after a crash. A timer takes the earliest that are due, appends a command
for each, and waits until the timeline shows that they were folded before it takes more: people's commands do not queue
behind thousands of its own.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import islice, takewhile
from typing import Final

from streams import keys
from streams.agents.reminders import Due, timeline
from streams.fold import Rows
from tasksys.commands import CommandRecord, FireReminder
from tasksys.errors import NotOwned
from tasksys.values import CLOCK, UTC, instant

logger = logging.getLogger(__name__)

BATCH: Final = 500
"""Commands of one partition that are on their way at once: about 50 ms of its fold."""

PATIENCE_SECONDS: Final = 30.0
"""How long commands may be on their way until they are appended again, behind all others."""

LOOK_SECONDS: Final = 1.0
"""How soon partitions that were given to this process, and a clock that was set, are noticed."""

Append = Callable[[Sequence[CommandRecord]], Awaitable[Sequence[Exception | None]]]
"""Makes commands durable: each has its error, or None."""


class Timer:
    """Fires the reminders of the partitions that `owned` names, whose rows `rows` gives (or raises NotOwned)."""

    def __init__(
        self,
        owned: Callable[[], Sequence[int]],
        rows: Callable[[int], Rows],
        append: Append,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._owned = owned
        self._rows = rows
        self._append = append
        self._now = now
        self._changed = asyncio.Event()
        self._passes: dict[int, asyncio.Task[None]] = {}
        self._later: dict[Due, float] = {}

    def wake(self) -> None:
        """A timeline has changed, or the clock was set."""
        self._changed.set()

    async def run(self) -> None:
        """Fires until it is cancelled."""
        try:
            while True:
                self._changed.clear()
                for partition in set(self._owned()) - set(self._passes):
                    if self._due(partition, 1):
                        self._passes[partition] = asyncio.create_task(self._pass(partition))
                await self._woken(self._until_next())
        finally:
            passes = list(self._passes.values())
            for one in passes:
                one.cancel()
            await asyncio.gather(*passes, return_exceptions=True)

    def _due(self, partition: int, most: int) -> list[Due]:
        """What is due now, the earliest first, but for what was fired and is not folded for long."""
        loop_time = asyncio.get_running_loop().time()
        self._later = {one: when for one, when in self._later.items() if when > loop_time}
        now = instant(self._now())
        try:
            reached = takewhile(lambda one: one.at <= now, timeline(self._rows(partition)))
            return list(islice((one for one in reached if one not in self._later), most))
        except NotOwned:
            return []

    def _until_next(self) -> float:
        """Seconds until the next one is due that no pass takes; not longer than until the next look."""
        wait = LOOK_SECONDS
        for partition in set(self._owned()) - set(self._passes):
            try:
                first = next((one for one in timeline(self._rows(partition)) if one not in self._later), None)
            except NotOwned:
                continue
            if first is not None:
                wait = min(wait, (datetime.fromisoformat(first.at) - self._now()).total_seconds())
        return max(0.0, wait)

    async def _woken(self, seconds: float) -> bool:
        """Waits for a change: False if there was none for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _pass(self, partition: int) -> None:
        """Fires what is due in a partition, batch after batch."""
        try:
            while batch := self._due(partition, BATCH):
                await self._fire(partition, batch)
        except NotOwned:
            pass
        except Exception:
            logger.exception("partition %d: reminders could not be fired; they are tried again", partition)
            await asyncio.sleep(LOOK_SECONDS)
        finally:
            del self._passes[partition]
            self.wake()

    async def _fire(self, partition: int, batch: list[Due]) -> None:
        """Appends the commands, and waits until they are folded."""
        at, loop = instant(self._now()), asyncio.get_running_loop()
        errors = await self._append([command(one, at) for one in batch])
        if failed := [error for error in errors if error is not None]:
            logger.warning("%d of %d reminders could not be fired: %r", len(failed), len(batch), failed[0])
            await asyncio.sleep(LOOK_SECONDS)
            return
        give_up = loop.time() + PATIENCE_SECONDS
        while batch := self._left(partition, batch):
            self._changed.clear()
            if not await self._woken(give_up - loop.time()):
                logger.warning("%d reminders were fired and are not folded; they are fired again", len(batch))
                self._later |= dict.fromkeys(batch, loop.time() + PATIENCE_SECONDS)
                return

    def _left(self, partition: int, batch: list[Due]) -> list[Due]:
        """Those that are in the timeline still. Raises NotOwned."""
        rows = self._rows(partition)
        return [one for one in batch if rows.get(keys.timeline(one.at, one.workspace, one.reminder)) is not None]


def command(due: Due, at: str) -> CommandRecord:
    """What says that a reminder's time has come. Its id is made of the event that set it: one id for one firing."""
    fire = FireReminder(id=f"fire-{due.position}", reminder=due.reminder, scheduled_for=due.at)
    return CommandRecord(due.workspace, CLOCK, at, fire, source="clock")
