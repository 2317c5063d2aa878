"""Heavy work, so much of it at once: of one name one after the other, and the names in turn.

Whoever asks for much under one name waits for it themselves; others wait for one piece of it at most.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Queues:
    """The order in which pieces of heavy work begin. Used on one event loop only."""

    def __init__(self, width: int) -> None:
        """`width` pieces are under way at most, over all names."""
        self._free = width
        self._busy: set[str] = set()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """While this is held, no other piece of that name is under way."""
        await self._enter(name)
        try:
            yield
        finally:
            self._leave(name)

    async def _enter(self, name: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, deque()).append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(name, turn)
            else:  # it was let in, and called off before it went
                self._leave(name)
            raise

    def _leave(self, name: str) -> None:
        self._busy.remove(name)
        self._free += 1
        self._admit()

    def _admit(self) -> None:
        """Lets in whoever can go, from the name that was let in longest ago."""
        for name in [one for one in self._waiting if one not in self._busy]:
            if not self._free:
                return
            turn = next((one for one in self._waiting[name] if not one.done()), None)
            if turn is None:  # all were called off, and forget themselves
                continue
            self._forget(name, turn)
            if name in self._waiting:
                self._waiting.move_to_end(name)
            self._busy.add(name)
            self._free -= 1
            turn.set_result(None)

    def _forget(self, name: str, turn: asyncio.Future[None]) -> None:
        """Whoever waits no longer; a name for which nobody does is forgotten too."""
        turns = self._waiting[name]
        turns.remove(turn)
        if not turns:
            del self._waiting[name]
