"""Places for work that is heavy or slow: so many at once, of one name only some of them, and the names in turn.

Whoever asks for much under one name waits for it themselves; others wait for one piece of it at most. Where places are
not waited for, nobody has more of them than are left.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class Shares:
    """Places that are had at once or not at all.

    A name gets another one while it has fewer than are free: alone half of them, two a third each, and so on. So there
    is one for whoever comes next, until there are about as many names as places.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._held = Counter[str]()

    def __len__(self) -> int:
        return self._held.total()

    @contextmanager
    def held(self, name: str, again: bool = False) -> Iterator[bool]:
        """A place of that name until the block ends; False if there is none for it.

        Who had one a moment ago, and wants it `again`, gets it however many there are.
        """
        if not again and self._held[name] >= self._free:
            yield False
            return
        self._held[name] += 1
        self._free -= 1
        try:
            yield True
        finally:
            self._free += 1
            self._held[name] -= 1
            if not self._held[name]:
                del self._held[name]


class Queues:
    """The order in which pieces of work begin. Used on one event loop only."""

    def __init__(self, width: int, each: int = 1) -> None:
        """`width` pieces are under way at most over all names, and `each` of one name."""
        self._free, self._each = width, each
        self._busy = Counter[str]()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """While this is held, it is one of the pieces of that name that are under way."""
        await self.enter(name)
        try:
            yield
        finally:
            self.leave(name)

    async def enter(self, name: str) -> None:
        """Waits for a place, which is to be left again."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, deque()).append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(name, turn)
            else:  # it was let in, and called off before it went
                self.leave(name)
            raise

    def leave(self, name: str) -> None:
        """The next one's turn."""
        self._busy[name] -= 1
        if not self._busy[name]:
            del self._busy[name]
        self._free += 1
        self._admit()

    def _admit(self) -> None:
        """Lets in whoever can go, from the name that was let in longest ago."""
        while self._free and (found := self._next()) is not None:
            name, turn = found
            self._forget(name, turn)
            if name in self._waiting:
                self._waiting.move_to_end(name)
            self._busy[name] += 1
            self._free -= 1
            turn.set_result(None)

    def _next(self) -> tuple[str, asyncio.Future[None]] | None:
        for name, turns in self._waiting.items():
            if self._busy[name] < self._each:
                for turn in turns:
                    if not turn.done():  # else it was called off, and forgets itself
                        return name, turn
        return None

    def _forget(self, name: str, turn: asyncio.Future[None]) -> None:
        """Whoever waits no longer; a name for which nobody does is forgotten too."""
        turns = self._waiting[name]
        turns.remove(turn)
        if not turns:
            del self._waiting[name]
