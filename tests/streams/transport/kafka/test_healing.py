"""What becomes of tables that cannot be opened, or read: recognised by what it is, not by a word in a message."""

import logging
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rocksdict import Rdict, WriteBatch

from streams.transport.database import (
    WRAPPED,
    DatabaseClosed,
    DatabaseCorrupt,
    DatabaseError,
    DatabaseLocked,
    DiskFull,
    DiskReadOnly,
    database_error,
)
from streams.transport.kafka.healing import KEPT, WatchedRows, close, open_or_put_aside, put_aside
from tests.chaos import disks
from tests.support.holding import holding
from tests.support.small_disks import small_disk

ROWS = 60


def write(database: Rdict, first: int = 0, number: int = ROWS) -> None:
    """Rows of 20 kB, each in a write of its own. Raises DatabaseError."""
    for row in range(first, first + number):
        batch = WriteBatch(raw_mode=True)
        WatchedRows(database, lambda error: None).stage(batch, "t", 0, {b"%04d" % row: os.urandom(20_000)})
        try:
            database.write(batch)
        except Exception as error:
            raise database_error(error) from error


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A database whose rows are half in a table file, half in the write-ahead log. Its path means nothing."""
    directory = tmp_path / "Corruption: IO error: While lock file, block" / "rows"
    database = open_or_put_aside(tmp_path / "living")
    write(database)
    database.flush()
    write(database, ROWS)
    shutil.copytree(tmp_path / "living", directory)  # as a kill leaves it
    close(database)
    return directory


def rows(database: Rdict, told: list[DatabaseCorrupt]) -> int:
    """How many rows can be read."""
    return sum(1 for _ in WatchedRows(database, told.append).scan("t", 0))


def garbled(path: Path) -> None:
    """Its middle is something else."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xa5" * 64)


def cut(path: Path) -> None:
    """Its end is missing."""
    os.truncate(path, path.stat().st_size * 3 // 4)


@pytest.mark.parametrize(
    ("what", "damage"),
    [
        ("MANIFEST-*", garbled),
        ("MANIFEST-*", Path.unlink),
        ("CURRENT", garbled),
        ("CURRENT", Path.unlink),
        ("*.log", garbled),
        ("*.log", Path.unlink),
        ("*.sst", Path.unlink),
        ("*.sst", cut),
    ],
)
def test_what_cannot_be_opened_is_put_aside(
    directory: Path, what: str, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """An empty database takes its place, once, and it is said."""
    for path in directory.glob(what):
        damage(path)
    put = list[int]()
    database = open_or_put_aside(directory, lambda: put.append(1))
    assert (rows(database, []), put) == (0, [1])
    assert [one.levelno for one in caplog.records] == [logging.CRITICAL]
    write(database)
    close(database)
    assert [path.name for path in directory.parent.glob("rows.corrupt-*")] == ["rows.corrupt-1"]
    assert rows(open_or_put_aside(directory), []) == ROWS


def test_what_shows_when_it_is_read_is_told(directory: Path) -> None:
    """Whoever reads it, and however."""
    for path in directory.glob("*.sst"):
        garbled(path)
    database, told = open_or_put_aside(directory), list[DatabaseCorrupt]()
    found = WatchedRows(database, told.append)
    with pytest.raises(DatabaseCorrupt):
        list(found.scan("t", 0))
    with pytest.raises(DatabaseCorrupt):
        [found.get("t", 0, b"%04d" % row) for row in range(ROWS)]
    with pytest.raises(DatabaseCorrupt):
        found.count("t", 0, b"", 1000)
    assert len(told) == 3
    del found
    close(database)


@pytest.mark.skipif(not disks.failing(), reason="needs root, loop devices and ext4")
def test_what_the_device_cannot_read_is_told_as_damage(tmp_path: Path) -> None:
    """RocksDB knows of no damage then, and the rows are as little to be had; they can be rebuilt as well."""
    place = tmp_path / "disk"
    place.mkdir()
    with disks.small_disk(place):
        written = open_or_put_aside(place / "rows")
        write(written)
        written.flush()
        close(written)
        database, told = open_or_put_aside(place / "rows"), list[DatabaseCorrupt]()
        found = WatchedRows(database, told.append)
        os.sync()
        disks.lose(place)
        with pytest.raises(DatabaseCorrupt, match="Input/output error"):
            list(found.scan("t", 0))
        with pytest.raises(DatabaseCorrupt, match="Input/output error"):
            [found.get("t", 0, b"%04d" % row) for row in range(ROWS)]
        with pytest.raises(DatabaseError) as failed:
            write(database)
        assert not isinstance(failed.value, DatabaseCorrupt)
        assert len(told) == 2
        del found
        close(database)


def test_a_disk_that_gives_nothing_is_as_bad_as_a_garbled_one(directory: Path) -> None:
    """The words are those of an ext4 that was shut down under an open database; a write that fails is another thing."""
    database, told = open_or_put_aside(directory), list[DatabaseCorrupt]()
    found = WatchedRows(database, told.append)
    said = "IO error: While pread offset 0 len 32: /t/000009.sst: Input/output error"

    def fails(*_: object) -> None:
        raise Exception(said)

    class Bad:
        get = fails

    found.use(Bad())
    with pytest.raises(DatabaseCorrupt, match="pread"):
        found.get("t", 0, b"0001")
    assert [str(one) for one in told] == [said]
    said = "IO error: No space left on device"
    with pytest.raises(DiskFull):
        found.get("t", 0, b"0001")
    assert len(told) == 1
    del found
    close(database)


def test_a_write_ahead_log_that_was_cut_off_is_read_up_to_there(directory: Path) -> None:
    """As after a kill; the changelog has the rest."""
    for path in directory.glob("*.log"):
        cut(path)
    database = open_or_put_aside(directory)
    assert ROWS < rows(database, []) < 2 * ROWS
    close(database)


def test_the_newest_that_were_put_aside_are_kept(directory: Path) -> None:
    """A disk that goes bad must not fill by that; and one that is gone leaves nothing to keep."""
    for number in range(1, 12):
        (directory / "number").write_text(f"{number}")
        put_aside(directory, DatabaseCorrupt("bad"))
    found = {path.name: (path / "number").read_text() for path in directory.parent.glob("rows.corrupt-*")}
    assert found == {"rows.corrupt-10": "10", "rows.corrupt-11": "11"}
    assert len(found) == KEPT
    directory.rmdir()
    put_aside(directory, DatabaseCorrupt("gone"))
    assert directory.is_dir()


def test_who_has_it_is_said(directory: Path) -> None:
    """And to ask takes nothing away from them."""
    with holding(directory) as process:
        for _ in range(2):
            with pytest.raises(DatabaseLocked, match=rf"in use by process {process.pid} \({sys.executable} -c"):
                open_or_put_aside(directory)
    assert process.returncode == 0
    database = open_or_put_aside(directory)
    assert database.get(b"k") == b"v"
    with pytest.raises(DatabaseLocked, match=f"this process, {os.getpid()}, itself"):
        open_or_put_aside(directory)
    with pytest.raises(AssertionError), holding(directory):  # this one has it still
        pass
    close(database)
    assert not list(directory.parent.glob("rows.corrupt-*"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Corruption: block checksum mismatch: stored(context removed) = 1, computed = 2", DatabaseCorrupt),
        (
            "IO error: No such file or directory: While open a file for random read: /lock/1.sst: No such",
            DatabaseCorrupt,
        ),
        ("IO error: While lock file: /Corruption/LOCK: Resource temporarily unavailable", DatabaseLocked),
        ("IO error: lock hold by current process, acquire time 1 acquiring thread 2: /LOCK: No locks", DatabaseLocked),
        ("IO error: No space left on device: While appending to file: /lock/Corruption: No space", DiskFull),
        (f"{WRAPPED}IO error: No space left on device: While appending to file: /x/OPTIONS-000020.dbtmp", DiskFull),
        (
            "IO error: Read-only file system: While open a file for appending: /lock: Read-only file system",
            DiskReadOnly,
        ),
        ("IO error: Input/output error: While pread: /lock/Corruption: No space left on device", DatabaseError),
        ("DB instance already closed", DatabaseClosed),
        ("Result incomplete: Write stall", DatabaseError),
    ],
)
def test_errors_are_told_apart_by_how_they_begin(text: str, kind: type[DatabaseError]) -> None:
    """Paths come later, with whatever words are in them."""
    assert type(database_error(Exception(text))) is kind


def test_a_disk_without_room_and_one_that_takes_no_writes(tmp_path: Path) -> None:
    """Nothing is put aside for that, and all is there once it can be written."""
    with small_disk(tmp_path / "disk", 24) as disk:
        directory = disk.directory / "tasksys" / "rows"
        database = open_or_put_aside(directory)
        write(database)
        disk.fill()
        with pytest.raises(DiskFull):
            write(database, ROWS, 400)
        close(database)
        with pytest.raises(DiskFull, match="No space left"):
            open_or_put_aside(directory.parent / "new")
        disk.freeze(read_only=True)
        for place in (directory, directory.parent / "other"):
            with pytest.raises(DiskReadOnly, match=str(place)):
                open_or_put_aside(place)
        disk.freeze(read_only=False)
        disk.make_room()
        database = open_or_put_aside(directory)
        assert rows(database, []) >= ROWS
        write(database, 1000)
        close(database)
        assert not list(disk.directory.rglob("*corrupt*"))
