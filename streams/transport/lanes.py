"""A partition's records on their way into its fold: in order, a batch at a time, and no partition waits for another."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from streams.fold import Record
from streams.runner import BATCH

ROOM_RECORDS: Final = 4 * BATCH
ROOM_BYTES: Final = 4 * 1024 * 1024
"""What may wait in a lane before its partition is not fetched any more: enough that a fold never waits for a fetch."""


class Lane:
    """One partition's. What is put in before a batch has its turn is part of it."""

    def __init__(
        self, fold: Callable[[Sequence[Record]], Awaitable[bool]], turn: asyncio.Semaphore, left: Callable[[], None]
    ) -> None:
        """`fold` says False if nothing more is to be folded; `left` is called whenever a batch has been."""
        self._fold = fold
        self._turn = turn
        self._left = left
        self._waiting: deque[Record] = deque()
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """True while no more should be fetched."""
        return len(self._waiting) >= ROOM_RECORDS or self._bytes >= ROOM_BYTES

    @property
    def work(self) -> asyncio.Task[None] | None:
        """The task that folds, if there is something to fold."""
        return self._task

    def put(self, records: Sequence[Record]) -> None:
        """Adds records behind those that wait."""
        self._waiting.extend(records)
        self._bytes += sum(map(_size, records))
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def empty(self) -> None:
        """Forgets what waits; the batch in hand goes on to its end."""
        self._waiting.clear()
        self._bytes = 0

    async def _run(self) -> None:
        try:
            while self._waiting:
                async with self._turn:
                    batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                    self._bytes -= sum(map(_size, batch))
                    if batch and not await self._fold(batch):
                        self.empty()
                self._left()
        finally:
            self._task = None


def _size(record: Record) -> int:
    return len(record.value or b"")
