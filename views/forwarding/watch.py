"""Tells who waits for another worker's answer when the partition is not that worker's any more."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from views.ports import System

LOOK_SECONDS: Final = 0.1
"""Between two looks at who has what, while somebody waits."""


class Watch:
    """Looks only while somebody waits."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._waiting: dict[Callable[[], None], tuple[int, str]] = {}
        self._alarm: asyncio.TimerHandle | None = None

    @contextmanager
    def over(self, partition: int, owner: str, moved: Callable[[], None]) -> Iterator[None]:
        """Calls `moved`, once, when somebody else is known to have the partition; not after the block."""
        self._waiting[moved] = (partition, owner)
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        try:
            yield
        finally:
            self._waiting.pop(moved, None)

    def _look(self) -> None:
        try:
            known = self._system.ownership()
            for moved, (partition, owner) in list(self._waiting.items()):
                if known.owner(partition) not in (owner, None):
                    del self._waiting[moved]
                    moved()
        finally:  # who could not be told keeps nobody else from hearing of it at the next look
            again = bool(self._waiting)
            self._alarm = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look) if again else None

    def stop(self) -> None:
        """Looks no more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
