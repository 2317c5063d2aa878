"""The rows of every table in one RocksDB.

The embedded log keeps them in its own database, so that they join its transactions; the Kafka transport gives
them a database of their own.
"""

import struct
from collections.abc import Iterator, Mapping

from rocksdict import Rdict, WriteBatch

from streams.transport.database import after_prefix, database_error, entries

_PARTITION = struct.Struct(">I")


class _Prefixes(dict[tuple[str, int], bytes]):
    """(table, partition) -> how the keys of its rows begin; made on first use, so that a lookup costs no call."""

    def __missing__(self, place: tuple[str, int]) -> bytes:
        table, partition = place
        if not table or "\0" in table:
            raise ValueError(f"{table!r} is not a table name: it must be non-empty and hold no NUL")
        prefix = self[place] = b"s/" + table.encode() + b"\0" + _PARTITION.pack(partition)
        return prefix


class RowStore:
    """Rows: bytes under (table, partition, key), keys in byte order. Many tables and partitions share a database.

    Reads raise DatabaseError (DatabaseCorrupt when a block's checksum is wrong).
    """

    def __init__(self, database: Rdict) -> None:
        self._database = database
        self._prefixes = _Prefixes()

    def use(self, database: Rdict) -> None:
        """Go on with the same database, opened anew."""
        self._database = database

    def get(self, table: str, partition: int, key: bytes) -> bytes | None:
        """The row, or None."""
        place = self._prefixes[table, partition]
        try:
            row: bytes | None = self._database.get(place + key)
        except Exception as error:
            raise database_error(error) from error
        return row

    def scan(
        self, table: str, partition: int, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with `prefix`, and their rows, in key order: from `start` on, itself included.

        With `reverse` from `start`, or else the last, down. Shows the rows as they are at this call, also if it is
        read later. It keeps the database open until it is read to its end or dropped: do not put it aside.
        """
        place = self._prefixes[table, partition]
        return entries(
            self._database,
            place + prefix,
            start=None if start is None else place + start,
            reverse=reverse,
            strip=len(place),
        )

    def stage(self, batch: WriteBatch, table: str, partition: int, rows: Mapping[bytes, bytes | None]) -> None:
        """Put the rows into `batch`; None deletes. Nothing is written before the batch is."""
        place = self._prefixes[table, partition]
        put, delete = batch.put, batch.delete
        for key, row in rows.items():
            if row is None:
                delete(place + key)
            else:
                put(place + key, row)

    def clear(self, target: WriteBatch | Rdict, table: str, partition: int) -> None:
        """Delete every row of the partition: with the batch, or at once when `target` is the database."""
        place = self._prefixes[table, partition]
        target.delete_range(place, after_prefix(place))

    def estimated_bytes(self) -> int:
        """About how much the whole database holds, on disk (compressed) and in memory, whatever the table."""
        on_disk: int = self._database.property_int_value("rocksdb.total-sst-files-size") or 0
        in_memory: int = self._database.property_int_value("rocksdb.size-all-mem-tables") or 0
        return on_disk + in_memory
