"""Tables on disk heal: what RocksDB cannot read is put aside, and the table is recovered from its changelog."""

import logging
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from rocksdict import Rdict

from streams.transport.database import DatabaseCorrupt, open_database
from streams.transport.rows import RowStore

logger = logging.getLogger(__name__)


class WatchedRows(RowStore):
    """Rows that tell when one cannot be read, whoever wanted it: RocksDB finds most damage long after it opened."""

    def __init__(self, database: Rdict, tell: Callable[[DatabaseCorrupt], None], name: str = "") -> None:
        super().__init__(database, name)
        self._tell = tell

    def get(self, table: str, partition: int, key: bytes) -> bytes | None:
        """The row, or None."""
        try:
            return super().get(table, partition, key)
        except DatabaseCorrupt as error:
            self._tell(error)
            raise

    def scan(
        self, table: str, partition: int, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with `prefix`, and their rows; see RowStore."""
        return self._watched(super().scan(table, partition, prefix, start, reverse))  # the snapshot is taken here

    def _watched(self, found: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        try:
            yield from found
        except DatabaseCorrupt as error:
            self._tell(error)
            raise


def open_or_put_aside(directory: Path) -> Rdict:
    """The database in `directory`; a corrupt one is renamed and an empty one takes its place."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        return open_database(directory)
    except DatabaseCorrupt as error:
        put_aside(directory, error)
        return open_database(directory)


def put_aside(directory: Path, error: DatabaseCorrupt) -> None:
    """Renames a corrupt database, which nobody has open, and leaves an empty directory in its place."""
    aside = next(path for number in count(1) if not (path := directory.with_suffix(f".corrupt-{number}")).exists())
    directory.rename(aside)
    directory.mkdir()
    logger.critical("the tables in %s are corrupt (%s); put aside as %s and rebuilt", directory, error, aside)
