"""How a process stops: step after step, each told to the log, and all of them within a bound."""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from monitoring import logs
from monitoring.health import Health

logger = logging.getLogger("tasksys.serve")

STOP_SECONDS: Final = 60.0
"""All steps together take no longer: requests have 15 s, batches in hand 8 s, and goodbyes to brokers some each."""

LATE: Final = 1
"""The exit code of a process that did not get to its end in time."""


@dataclass(frozen=True)
class Steps:
    """What is done when the stack unwinds, the last added first; of a stop that was asked for it is told."""

    running: AsyncExitStack
    health: Health

    def add(self, told: str, stop: Callable[[], Awaitable[None]]) -> None:
        """Has `stop` called; `told` says that it is done."""

        async def step() -> None:
            began = perf_counter()
            await stop()
            if self.health.stopping:
                seconds = round(perf_counter() - began, 6)
                logger.info("stopping: %s", told, extra={"operation": "stop", "duration_seconds": seconds})

        self.running.push_async_callback(step)


async def drained(health: Health, seconds: float) -> None:
    """Nothing new is to be sent here from now on; serves on for so many seconds, so that those who send notice."""
    health.stopping = True
    if seconds:
        logger.info("stopping: not ready any more, and serving on for %.0f s", seconds, extra={"operation": "stop"})
        await asyncio.sleep(seconds)


def bounded(running: AsyncExitStack, seconds: float = STOP_SECONDS) -> None:
    """Ends the process if the steps are not over in so many seconds: what was acknowledged is safe."""

    def late() -> None:
        logger.critical("the stop takes longer than %.0f s and is broken off; nothing acknowledged is lost", seconds)
        logs.finish()
        os._exit(LATE)

    alarm = threading.Timer(seconds, late)
    alarm.daemon = True
    alarm.start()
    running.callback(alarm.cancel)
