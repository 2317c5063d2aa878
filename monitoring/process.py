"""What is measured of the process itself: how late its event loop is, its disk, and what it runs."""

import asyncio
import logging
import os
import platform
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from monitoring import metrics

logger = logging.getLogger(__name__)

PULSE_SECONDS: Final = 0.25
"""Between two measurements of the event loop: each costs some 20 microseconds."""

DISK_SECONDS: Final = 10.0
"""Between two looks at the disk."""

HANGING_SECONDS: Final = 30.0
"""A disk of which nothing was heard for so long takes no writes."""

PROBE_BYTES: Final = 4096


async def pulse() -> None:
    """Measures how late the event loop wakes up what should run, until it is cancelled."""
    loop, observe = asyncio.get_running_loop(), metrics.LOOP_DELAY.observe
    while True:
        due = loop.time() + PULSE_SECONDS
        await asyncio.sleep(PULSE_SECONDS)
        observe(max(0.0, loop.time() - due))


class Disk:
    """Room on the disk that a directory is on, and whether it can be written: asked in the background.

    The directory need not be there yet. A disk that hangs holds up a thread, and nobody who asks.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._usable = False
        self._heard = monotonic()
        self.free: int | None = None
        """Bytes that can be written; None before the first look."""
        self.size: int | None = None
        """Bytes of the file system."""

    @property
    def writable(self) -> bool:
        """True if a file could be written there lately."""
        return self._usable and monotonic() - self._heard < HANGING_SECONDS

    async def watch(self) -> None:
        """Looks again and again until it is cancelled."""
        while True:
            await self.looked()
            await asyncio.sleep(DISK_SECONDS)

    async def looked(self) -> None:
        """Looks once, in a thread of its own: one of the event loop's would hold up the end of the process."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            if not done.done():
                done.set_result(None)

        def look() -> None:
            try:
                self.look()
            finally:
                with suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(tell)

        threading.Thread(target=look, name="disk", daemon=True).start()
        await done

    def look(self) -> None:
        """Looks once. Blocks for as long as the disk does."""
        place = self._directory
        while not place.exists() and place != place.parent:
            place = place.parent
        try:
            usage = shutil.disk_usage(place)
            self.free, self.size = usage.free, usage.total
            self._probe(place)
            self._usable = True
        except OSError as error:
            if self._usable:
                logger.error("%s cannot be written: %s", place, error)
            self._usable = False
        self._heard = monotonic()

    def _probe(self, place: Path) -> None:
        probe = place / f".writable-{os.getpid()}"
        try:
            with probe.open("wb", buffering=0) as file:
                file.write(bytes(PROBE_BYTES))
                os.fsync(file.fileno())
        finally:
            with suppress(OSError):
                probe.unlink()


class ProcessCollector(Collector):
    """The release that runs, and its disk."""

    def __init__(self, disk: Disk | None, transport: str) -> None:
        """`transport` is where the log is: `embedded` or `kafka`."""
        self._disk = disk
        self._labels = (version("tasksys"), platform.python_version(), transport)

    def describe(self) -> list[Metric]:
        """Empty: what there is shows at a scrape."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges as of now."""
        build = metrics.BUILD.family()
        build.add_metric(self._labels, 1.0)
        yield build
        if self._disk is None or self._disk.free is None or self._disk.size is None:
            return
        for entry, value in (
            (metrics.DISK_FREE, self._disk.free),
            (metrics.DISK_SIZE, self._disk.size),
            (metrics.DISK_WRITABLE, self._disk.writable),
        ):
            yield entry.single(value)
