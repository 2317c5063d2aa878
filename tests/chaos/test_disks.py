"""Disks break as real ones do."""

from __future__ import annotations

import errno
from pathlib import Path
from random import Random

import pytest

from tests.chaos import disks


def test_bits_are_flipped_in_the_rows_of_a_file(tmp_path: Path) -> None:
    """In each of their blocks, and in nothing else; who has the file open sees it."""
    path, before = tmp_path / "000009.sst", bytes(range(256)) * 100
    path.write_bytes(before)
    with path.open("rb") as opened:
        disks.garble_in_place(path, Random(1))
        after = opened.read()
    wrong = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert [place // disks.BLOCK for place in wrong] == list(range(-(-len(before) // 2 // disks.BLOCK)))
    assert wrong[-1] < len(before) // 2


@pytest.mark.skipif(not disks.failing(), reason="needs root, loop devices and ext4")
def test_a_disk_fails_under_who_writes_there(tmp_path: Path) -> None:
    """Nothing is written or renamed any more, what is there can be read; when it is mended all goes on."""
    place = tmp_path / "worker"
    place.mkdir()
    with disks.small_disk(place):
        with (place / "log").open("ab", buffering=0) as file:
            file.write(b"before")
            disks.fail(place)
            with pytest.raises(OSError, match="Read-only") as failed:
                file.write(b"after")
            assert failed.value.errno == errno.EROFS
            with pytest.raises(OSError, match="Read-only"):
                (place / "log").rename(place / "other")
            assert (place / "log").read_bytes() == b"before"
        disks.mend(place)
        (place / "log").write_bytes(b"again")
        disks.lose(place)
        for broken in (lambda: (place / "log").write_bytes(b"no"), lambda: (place / "log").read_bytes()):
            with pytest.raises(OSError, match="Input/output error"):
                broken()
        disks.mend(place)
        disks.remount(place, "ro")
        with pytest.raises(OSError, match="Read-only"):
            (place / "log").write_bytes(b"no")
        disks.remount(place, "rw")
        disks.fill(place / "ballast")
        with pytest.raises(OSError, match="No space"):
            (place / "more").write_bytes(bytes(1 << 20))
