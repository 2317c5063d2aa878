"""Letters wait in a lane for each channel of each user, and attempts draw from pools by how the channel did last.

A channel that works shares its pool with none that is dead; one of which nothing is known yet, or that failed, has one
attempt at once. So a crowd of dead channels holds up at most those that were never tried.
"""

from asyncio import Semaphore
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from streams.agents.deliveries import Attempt
from tasksys.values import ChannelKind

LANE: Final = 100
"""Letters of one channel that wait in memory; more stay in the table until half of these are gone."""

AT_ONCE: Final = 4
"""Attempts at once of a channel that works."""

Works = bool | None
"""Whether the last attempt came through; None where none was made since this process has started."""

POOLS: Final[dict[ChannelKind, dict[Works, int]]] = {
    ChannelKind.WEBHOOK: {True: 200, None: 200, False: 50},
    ChannelKind.EMAIL: {True: 8, None: 8, False: 4},
    ChannelKind.APPRISE: {True: 12, None: 8, False: 4},
}
"""Attempts at once by all channels of a kind."""


@dataclass(eq=False)
class Lane:
    """The letters to one channel of one user: those that wait, with their partition, and how many are under way."""

    queue: deque[tuple[int, Attempt]] = field(default_factory=deque)
    letters: int = 0
    """All of them, those too whose result is being recorded."""
    attempts: int = 0
    works: Works = None
    more: bool = False
    """There are more in the table, for which there was no room."""

    @property
    def full(self) -> bool:
        """No more are taken."""
        return self.letters >= LANE

    @property
    def has_room_again(self) -> bool:
        """There was no room for some, and now there is for many."""
        return self.more and self.letters <= LANE // 2

    def next(self) -> tuple[int, Attempt] | None:
        """The next letter, if it may be tried now; its attempt counts from here on."""
        if not self.queue or self.attempts >= (AT_ONCE if self.works else 1):
            return None
        self.attempts += 1
        return self.queue.popleft()


class Pools:
    """Attempts at once, by kind of channel and by how it did last."""

    def __init__(self) -> None:
        self._pools = {(kind, works): Semaphore(size) for kind, sizes in POOLS.items() for works, size in sizes.items()}

    def of(self, kind: ChannelKind, works: Works) -> Semaphore:
        """The pool to draw an attempt from."""
        return self._pools[kind, works]
