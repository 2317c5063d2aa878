"""How a process stops: step after step, each told to the log, and all of them within a bound."""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Final

from monitoring import logs
from monitoring.health import Health

logger = logging.getLogger("tasksys.serve")

STOP_SECONDS: Final = 60.0
"""All steps together take no longer: requests have 15 s, batches in hand 8 s, and goodbyes to brokers some each."""

LATE: Final = 1
"""The exit code of a process that did not get to its end in time."""


def later(running: AsyncExitStack, what: str, stop: Callable[[], Awaitable[None]]) -> None:
    """Has `stop` called when the stack unwinds, and said how long that took."""

    async def step() -> None:
        began = perf_counter()
        await stop()
        seconds = perf_counter() - began
        logger.info("stopping: %s", what, extra={"operation": "stop", "duration_seconds": round(seconds, 6)})

    running.push_async_callback(step)


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
