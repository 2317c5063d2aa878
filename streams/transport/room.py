"""Waiting for room on the disk that tables are on: until there is some, others have the partitions."""

import asyncio
import logging
import os
import shutil
from pathlib import Path
from typing import Final

from streams.transport.database import MEBI

logger = logging.getLogger(__name__)

ROOM_BYTES: Final = 64 * MEBI
"""Less would be gone at once: a database that is opened anew first writes what its write-ahead log holds."""

LOOK_SECONDS: Final = 1.0


async def made(directory: Path) -> None:
    """Returns when files can be written in the directory, and there is room for some more."""
    told = False
    while not await asyncio.to_thread(writable, directory):
        if not told:
            logger.error("%s takes no writes, or has less than %d MiB free; waiting", directory, ROOM_BYTES // MEBI)
            told = True
        await asyncio.sleep(LOOK_SECONDS)


def writable(directory: Path) -> bool:
    """Whether it is so now."""
    probe = directory / f".room-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
        probe.unlink()
        return shutil.disk_usage(directory).free >= ROOM_BYTES
    except OSError:
        return False
