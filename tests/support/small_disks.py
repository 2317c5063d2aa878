"""Small file systems of a test's own, in memory: to be filled, and to refuse writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    """A file system of so many mebibytes at `directory`, from `start` to `end`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def fill(self) -> None:
        """Leaves no room at all."""
        with (self.directory / "filler").open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                while True:
                    try:
                        file.write(b"x" * size)
                    except OSError:
                        break

    def make_room(self) -> None:
        """Gives back what `fill` took."""
        (self.directory / "filler").unlink(missing_ok=True)

    def freeze(self, read_only: bool) -> None:
        """Takes no writes, or takes them again. Nothing may be open for writing."""
        _mount("-o", f"remount,{'ro' if read_only else 'rw'}", str(self.directory))


@contextmanager
def small_disk(directory: Path, mebibytes: int) -> Iterator[SmallDisk]:
    """Mounted in that directory; the test is skipped where this machine does not allow it."""
    if sys.platform != "linux" or os.geteuid() or not shutil.which("mount"):
        pytest.skip("a file system of its own takes Linux, and root")
    directory.mkdir(parents=True, exist_ok=True)
    try:
        _mount("-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(directory))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no file system can be mounted here: {error.stderr.strip()}")
    try:
        yield SmallDisk(directory)
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=False)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True, text=True)
