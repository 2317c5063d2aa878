"""Tables on disk heal: what RocksDB cannot read is put aside, and the table is recovered from its changelog."""

import fcntl
import logging
import os
import shutil
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from rocksdict import Rdict

from streams.transport.database import (
    LOCKED,
    UNREADABLE,
    DatabaseCorrupt,
    DatabaseError,
    DatabaseLocked,
    DiskReadOnly,
    database_error,
    open_database,
)
from streams.transport.rows import RowStore

logger = logging.getLogger(__name__)

KEPT: Final = 2
"""Databases that were put aside, of one agent, the newest ones: for whoever wants to know what became of the disk."""

FLOCK: Final = "hhqqi4x"
"""Linux's struct flock: type, whence, start, length, process."""


class WatchedRows(RowStore):
    """Rows that tell when one cannot be read, whoever wanted it: RocksDB finds most damage long after it opened."""

    def __init__(self, database: Rdict, tell: Callable[[DatabaseCorrupt], None], name: str = "") -> None:
        super().__init__(database, name)
        self._tell = tell

    def get(self, table: str, partition: int, key: bytes) -> bytes | None:
        """The row, or None."""
        try:
            return super().get(table, partition, key)
        except DatabaseError as error:
            self._told(error)
            raise

    def scan(
        self, table: str, partition: int, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with `prefix`, and their rows; see RowStore."""
        return self._watched(super().scan(table, partition, prefix, start, reverse))  # the snapshot is taken here

    def count(
        self, table: str, partition: int, prefix: bytes, most: int, start: bytes = b"", until: bytes | None = None
    ) -> tuple[int, bytes | None]:
        """How many keys begin with the prefix; see RowStore."""
        try:
            return super().count(table, partition, prefix, most, start, until)
        except DatabaseError as error:
            self._told(error)
            raise

    def _told(self, error: DatabaseError) -> None:
        """Tells of what cannot be read; the changelog has it. Raises DatabaseCorrupt too where the disk does not give
        what it has."""
        if str(error).endswith(UNREADABLE):
            damage = DatabaseCorrupt(str(error))
            self._tell(damage)
            raise damage from error
        if isinstance(error, DatabaseCorrupt):
            self._tell(error)

    def _watched(self, found: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        try:
            yield from found
        except DatabaseError as error:
            self._told(error)
            raise


def open_or_put_aside(directory: Path, put: Callable[[], None] = lambda: None) -> Rdict:
    """The database in `directory`; a corrupt one is renamed and an empty one takes its place, and `put` is called.

    Raises DatabaseLocked, which names who has it, DiskFull, DiskReadOnly, and DatabaseError for everything else.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        try:
            return open_database(directory)
        except DatabaseCorrupt as error:
            put_aside(directory, error)
            put()
            return open_database(directory)
    except DatabaseLocked as error:
        raise DatabaseLocked(
            f"the tables in {directory} are in use by {_holder(directory / 'LOCK', error)}. Two processes cannot share "
            "tables: stop that one, or give this one a --data-dir of its own"
        ) from error
    except OSError as error:
        known = database_error(Exception(error.strerror or str(error)))
        raise type(known)(f"{known}: the tables in {directory} cannot be opened") from error
    except DiskReadOnly as error:
        raise DiskReadOnly(f"{error}: the tables in {directory} cannot be written") from error


def close(database: Rdict) -> None:
    """Closes a database, whatever state it is in: what it could not write is in the changelog. Raises nothing."""
    try:
        database.close()
    except Exception as error:
        logger.warning("a database of tables was closed in disorder: %s", error)


def put_aside(directory: Path, error: DatabaseCorrupt) -> None:
    """Renames a corrupt database, which nobody has open, and leaves an empty directory in its place.

    Of those that were put aside before, the oldest are removed. One that is gone altogether is nothing to be kept.
    """
    earlier = sorted(directory.parent.glob(f"{directory.name}.corrupt-*"), key=_number)
    aside = directory.with_suffix(f".corrupt-{_number(earlier[-1]) + 1 if earlier else 1}")
    try:
        directory.rename(aside)
    except FileNotFoundError:
        logger.critical("the tables in %s are gone (%s); they are rebuilt", directory, error)
    else:
        logger.critical("the tables in %s are corrupt (%s); put aside as %s and rebuilt", directory, error, aside)
    directory.mkdir(parents=True, exist_ok=True)
    for one in earlier[: 1 - KEPT]:
        shutil.rmtree(one, ignore_errors=True)


def _number(aside: Path) -> int:
    with suppress(ValueError):
        return int(aside.name.rpartition("-")[2])
    return 0


def _holder(lock: Path, error: DatabaseLocked) -> str:
    """Who has RocksDB's lock on this file: the process, by its number and the beginning of its command."""
    if str(error).startswith(LOCKED[1]):
        return f"this process, {os.getpid()}, itself"
    process = _locking(lock)
    if not process:
        return "another process"
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[:4]
    except OSError:
        return f"process {process}"
    return f"process {process} ({' '.join(b' '.join(words).decode(errors='replace').split())[:200]})"


def _locking(lock: Path) -> int:
    """The process that a lock of this file would have to wait for; 0 if it cannot be told.

    This process itself has none: it would be let go of when the file that is opened here is closed.
    """
    if sys.platform != "linux":
        return 0
    try:
        file = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        answer = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        kind, _, _, _, process = struct.unpack(FLOCK, answer)
        return 0 if kind == fcntl.F_UNLCK else int(process)
    except OSError:
        return 0
    finally:
        os.close(file)
