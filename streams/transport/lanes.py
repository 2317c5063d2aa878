"""A partition's records on their way into its fold: in order, a batch at a time, and no partition waits for another."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from streams.fold import Linger, Record
from streams.runner import BATCH

ROOM_RECORDS: Final = 4 * BATCH
ROOM_BYTES: Final = 4 * 1024 * 1024
"""What may wait in a lane before its partition is not fetched any more: enough that a fold never waits for a fetch."""


class Lane:
    """One partition's. What is put in while a batch is folded, or lingers, becomes part of the next one."""

    def __init__(
        self,
        fold: Callable[[Sequence[Record]], Awaitable[bool]],
        left: Callable[[], None],
        linger: Linger | None = None,
    ) -> None:
        """`fold` says False if nothing more is to be folded; `left` is called whenever a batch has been."""
        self._fold = fold
        self._left = left
        self._linger = linger
        self._waiting: deque[Record] = deque()
        self._bytes = 0
        self._in_hand: Record | None = None
        self._enough = asyncio.Event()
        self._ending = False
        self._task: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """True while no more should be fetched."""
        return len(self._waiting) >= ROOM_RECORDS or self._bytes >= ROOM_BYTES

    @property
    def work(self) -> asyncio.Task[None] | None:
        """The task that folds, if there is something to fold."""
        return self._task

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest record was appended that is not folded, or could not be; None if there is none here."""
        oldest = self._in_hand or (self._waiting[0] if self._waiting else None)
        return None if oldest is None else oldest.timestamp_ms

    def put(self, records: Sequence[Record]) -> None:
        """Adds records behind those that wait."""
        self._waiting.extend(records)
        self._bytes += sum(map(_size, records))
        if self.full or len(self._waiting) >= BATCH:
            self._enough.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def empty(self) -> None:
        """Forgets what waits; the batch in hand goes on to its end."""
        self._waiting.clear()
        self._bytes = 0
        self._enough.set()

    def end(self) -> None:
        """Has what waits folded without any more lingering."""
        self._ending = True
        self._enough.set()

    async def _run(self) -> None:
        try:
            while self._waiting:
                if self._linger is not None and not self._ending:
                    await self._tarry(self._linger)
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._bytes -= sum(map(_size, batch))
                if len(self._waiting) < BATCH and not self.full:
                    self._enough.clear()
                self._in_hand = batch[0] if batch else None
                if batch and not await self._fold(batch):
                    self.empty()
                else:
                    self._in_hand = None
                self._left()
        finally:
            self._task = None

    async def _tarry(self, linger: Linger) -> None:
        """Returns when it is time, a whole batch is there, or somebody waits for it."""
        reasons = [asyncio.ensure_future(event.wait()) for event in (self._enough, linger.awaited)]
        try:
            await asyncio.wait(reasons, timeout=linger.seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for reason in reasons:
                reason.cancel()


def _size(record: Record) -> int:
    return len(record.value or b"")
