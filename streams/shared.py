"""Questions that many ask at once, and that are answered for all of them together."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Shared(Generic[K, T]):
    """One question at a time about each thing. Who asks while one is under way shares the next one with all others.

    Never the one that is under way: its answer may be older than what the caller knows of.
    """

    def __init__(self, question: Callable[[K], Awaitable[T]]) -> None:
        self._question = question
        self._next: dict[K, asyncio.Task[T]] = {}
        self._under_way: defaultdict[K, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def ask(self, thing: K) -> T:
        """The answer to a question that begins after this call; its error, if it fails. Whoever is called off leaves
        the question to the others."""
        asked = self._next.get(thing)
        if asked is None:
            asked = self._next[thing] = asyncio.create_task(self._ask(thing))
            asked.add_done_callback(_heard)
        return await asyncio.shield(asked)

    async def _ask(self, thing: K) -> T:
        lock = self._under_way[thing]
        try:
            async with lock:
                del self._next[thing]
                return await self._question(thing)
        finally:
            if thing not in self._next and not lock.locked():
                self._under_way.pop(thing, None)


def _heard(asked: asyncio.Task[Any]) -> None:
    """Also where all who asked were called off: nobody is left to hear of an error then."""
    if not asked.cancelled():
        asked.exception()
