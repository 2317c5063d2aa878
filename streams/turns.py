"""Long work on the event loop, done in slices that take turns.

A thread would not do: it holds the interpreter for 5 ms at a time, one user can start many, and nobody can call it off.
Here at most one job goes on in each round of the loop, however many there are, so whatever else is ready waits for one
slice only; and a job ends when its request does.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterable
from contextlib import suppress
from typing import Any, Final, TypeVar

T = TypeVar("T")

SLICE: Final = 0.002
"""Seconds of work after which others get their turn."""


class Turns:
    """The order in which long jobs go on. One for a process; used on its event loop only."""

    def __init__(self) -> None:
        self._queue: deque[asyncio.Future[None]] = deque()

    async def over(self, items: Iterable[T]) -> AsyncGenerator[T, None]:
        """The items; between two of them others get their turn, when there was work for a slice."""
        now = asyncio.get_running_loop().time
        until = now() + SLICE
        for item in items:
            yield item
            if now() > until:
                await self._next()
                until = now() + SLICE

    async def finish(self, steps: Generator[None, None, T]) -> T:
        """The result of a generator that yields wherever it can be interrupted."""
        now = asyncio.get_running_loop().time
        until = now() + SLICE
        try:
            while True:
                next(steps)
                if now() > until:
                    await self._next()
                    until = now() + SLICE
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            steps.close()

    async def _next(self) -> None:
        """Returns when it is this job's turn again."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        if not self._queue:
            loop.call_soon(self._give)
        self._queue.append(turn)
        await turn

    def _give(self) -> None:
        """Wakes one job: it runs in the next round of the loop, in which the one behind it is woken."""
        turn = self._queue.popleft()
        if not turn.done():  # else it was called off
            turn.set_result(None)
        if self._queue:
            asyncio.get_running_loop().call_soon(self._give)


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Awaits it, and is not kept from it by cancellations, which are passed on afterwards."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():  # a client goes away, and then the server stops
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        raise
