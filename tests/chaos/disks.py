"""Disks of workers that break: small file systems that are full, read-only or fail, and files that are damaged."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

MEGABYTES: Final = 192
BLOCK: Final = 4096
FAILS: Final = "errors=remount-ro"
"""What a file system does that finds itself damaged: as most are mounted."""


SHUTDOWN: Final = 0x8004587D
AT_ONCE: Final = 2
"""Linux's EXT4_IOC_SHUTDOWN, without writing anything more."""


def mounts() -> bool:
    """Whether small file systems can be mounted here."""
    return os.geteuid() == 0 and shutil.which("mount") is not None


def failing() -> bool:
    """Whether they are ones that can be made to fail while they are written to."""
    loops = Path("/dev/loop-control").exists() and any(Path("/dev").glob("loop[0-9]*"))
    return mounts() and loops and Path("/sys/fs/ext4").exists() and shutil.which("mkfs.ext4") is not None


@contextmanager
def small_disk(directory: Path) -> Iterator[None]:
    """A file system of its own on the directory: in a file beside it if it has to be able to fail, else in memory."""
    if failing():
        with _image(directory).open("wb") as file:
            file.truncate(MEGABYTES << 20)
        _run("mkfs.ext4", "-q", "-m", "0", "-F", str(_image(directory)))
        _mount(directory)
    else:
        _run("mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(directory))
    try:
        yield
    finally:
        _run("umount", "--lazy", str(directory))


def _image(directory: Path) -> Path:
    return directory.with_suffix(".disk")


def _mount(directory: Path) -> None:
    _run("mount", "-o", f"loop,{FAILS}", str(_image(directory)), str(directory))


def fail(directory: Path) -> None:
    """The file system finds an error in itself: whoever has files open there cannot write any more, as nobody can."""
    found = subprocess.run(
        ["findmnt", "-n", "-o", "SOURCE", str(directory)], check=True, capture_output=True, text=True
    )
    device = Path(found.stdout.strip()).name
    Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("chaos", encoding="ascii")


def lose(directory: Path) -> None:
    """The device is gone: whoever reads or writes there is told of an error of input or output."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        fcntl.ioctl(opened, SHUTDOWN, struct.pack("I", AT_ONCE))
    finally:
        os.close(opened)


def mend(directory: Path) -> None:
    """Checks one that has failed, which nobody uses, and mounts it again."""
    _run("umount", str(directory))
    subprocess.run(["e2fsck", "-f", "-y", str(_image(directory))], check=False, capture_output=True)  # 1 says: mended
    _mount(directory)


def remount(directory: Path, mode: str) -> None:
    """Makes one read-only (ro), or writable again (rw). CalledProcessError while files are open for writing there."""
    _run("mount", "-o", f"remount,{mode}", str(directory))


def fill(path: Path) -> None:
    """Writes a file until there is no room any more."""
    with path.open("wb") as file, suppress(OSError):
        for _ in range(MEGABYTES * 16):
            file.write(bytes(65_536))
            file.flush()


def holds_data(path: Path) -> bool:
    """Whether a database would miss what is in the file."""
    return path.is_file() and (path.suffix in (".sst", ".log") or path.name.startswith(("MANIFEST", "CURRENT")))


def garble(path: Path, rng: random.Random) -> None:
    """Flips bits of a few bytes, or cuts the file off."""
    data = bytearray(path.read_bytes())
    if not data:
        return
    if rng.random() < 0.3:
        del data[rng.randrange(len(data)) :]
    else:
        for _ in range(min(len(data), 16)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def garble_in_place(path: Path, rng: random.Random) -> None:
    """Flips bits all over the rows, which come first, of a table's file that somebody has open."""
    with path.open("r+b") as file:
        rows = path.stat().st_size // 2
        for start in range(0, rows, BLOCK):
            place = rng.randrange(start, min(start + BLOCK, rows))
            file.seek(place)
            (before,) = file.read(1)
            file.seek(place)
            file.write(bytes([before ^ 1 << rng.randrange(8)]))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
