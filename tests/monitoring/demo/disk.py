"""A small disk of its own, in memory, for one worker; where it may be mounted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MEBIBYTES: Final = 512
LEFT: Final = 0.02
"""What a full disk has left."""
FILLING: Final = "filling"


@contextmanager
def small(directory: Path) -> Iterator[bool]:
    """Mounts it there until the end; gives False where that is not allowed, or not known how (other than on Linux)."""
    directory.mkdir(parents=True, exist_ok=True)
    root = [] if os.getuid() == 0 else ["sudo", "-n"]
    mount = [*root, "mount", "-t", "tmpfs", "-o", f"size={MEBIBYTES}m,mode=1777", "tmpfs", str(directory)]
    mounted = sys.platform == "linux" and _done(mount)
    try:
        yield mounted
    finally:
        if mounted:
            _done([*root, "umount", "--lazy", str(directory)])


def _done(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0
    except OSError:
        return False


def fill(directory: Path) -> int:
    """Writes a file that leaves LEFT of the disk; how many bytes it has."""
    usage = shutil.disk_usage(directory)
    size = int(usage.free - LEFT * usage.total)
    block = bytes(1 << 20)
    with (directory / FILLING).open("wb") as file:
        for _ in range(size >> 20):
            file.write(block)
    return (size >> 20) << 20


def clear(directory: Path) -> None:
    """Removes that file."""
    (directory / FILLING).unlink()
