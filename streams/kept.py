"""Tasks that go on for as long as a process does: one that ends by itself is told of, and is begun again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

logger = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0
"""The wait before a task that ended is begun again."""

HEALTHY_SECONDS: Final = 5.0
"""A task that goes on for so long has nothing wrong with it any more."""


class Kept:
    """The tasks of one process. Without this nobody would look at one that ended, and all would seem well."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}
        """What ended, by its name, with the reason: until it has gone on for a while again."""
        self._tasks: list[asyncio.Task[None]] = []

    def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Begins a task of work that goes on until it is cancelled, and begins it anew whenever it ends otherwise."""
        self._tasks.append(asyncio.create_task(self._go_on(name, work), name=name))

    async def stop(self) -> None:
        """Cancels all of them, and waits for their end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _go_on(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        while True:
            healthy = loop.call_later(HEALTHY_SECONDS, self.faults.pop, name, None)
            try:
                await work()
            except asyncio.CancelledError as error:
                if task is None or task.cancelling():
                    raise
                self._ended(name, error)  # what it waited for was cancelled, not this
            except Exception as error:
                self._ended(name, error)
            else:
                self._ended(name, RuntimeError("it ended by itself"))
            finally:
                healthy.cancel()
            await asyncio.sleep(AGAIN_SECONDS)

    def _ended(self, name: str, fault: BaseException) -> None:
        self.faults[name] = repr(fault)
        logger.critical(
            "%s stopped by a fault: %r; it is started again in %.1f s", name, fault, AGAIN_SECONDS, exc_info=fault
        )
