"""The rows of every table in one RocksDB.

The embedded log keeps them in its own database, so that they join its transactions; the Kafka transport gives
them a database of their own.
"""

import struct
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Final
from weakref import WeakSet

from rocksdict import Rdict, WriteBatch

from monitoring import metrics
from streams.transport.database import after_prefix, counted, database_error, entries

_PARTITION = struct.Struct(">I")


SAMPLED: Final = 64
"""One read in so many is measured: a lookup takes 3 microseconds, and its measurement one."""


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

    Reads raise DatabaseError: DatabaseCorrupt when a checksum is wrong, DatabaseClosed when its agent has just ended.
    """

    def __init__(self, database: Rdict, name: str = "") -> None:
        """Reads are measured under that name; without one they are not."""
        self.name = name
        self._database = database
        self._prefixes = _Prefixes()
        self._reads = 0
        self._scans: WeakSet[Iterator[tuple[bytes, bytes]]] = WeakSet()
        self._get_seconds = metrics.STORE_READ_SECONDS.labels(name, "get").observe if name else None
        self._scan_seconds = metrics.STORE_READ_SECONDS.labels(name, "scan").observe if name else None

    @property
    def database(self) -> Rdict:
        """The database, for questions about itself."""
        return self._database

    @property
    def scans(self) -> int:
        """Iterators that are open."""
        return len(self._scans)

    def use(self, database: Rdict) -> None:
        """Go on with the same database, opened anew."""
        self._database = database

    def get(self, table: str, partition: int, key: bytes) -> bytes | None:
        """The row, or None."""
        place = self._prefixes[table, partition]
        self._reads += 1
        began = 0.0 if self._reads % SAMPLED else perf_counter()
        try:
            row: bytes | None = self._database.get(place + key)
        except Exception as error:
            raise database_error(error) from error
        if began and self._get_seconds is not None:
            self._get_seconds(perf_counter() - began)
        return row

    def scan(
        self, table: str, partition: int, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with `prefix`, and their rows, in key order: from `start` on, itself included.

        With `reverse` from `start`, or else the last, down. Shows the rows as they are at this call, also if it is
        read later. It keeps the database open until it is read to its end or dropped: do not put it aside.
        """
        place = self._prefixes[table, partition]
        self._reads += 1
        began = 0.0 if self._reads % SAMPLED else perf_counter()
        found = entries(
            self._database,
            place + prefix,
            start=None if start is None else place + start,
            reverse=reverse,
            strip=len(place),
        )
        if began and self._scan_seconds is not None:
            self._scan_seconds(perf_counter() - began)
        self._scans.add(found)
        return found

    def count(
        self, table: str, partition: int, prefix: bytes, most: int, start: bytes = b"", until: bytes | None = None
    ) -> tuple[int, bytes | None]:
        """How many keys begin with the prefix, counted up to `most`, and the first of them; rows are not looked at.

        `start` is the key to begin at; of those that begin with `until` none comes after the last.
        """
        place = self._prefixes[table, partition]
        above = after_prefix(place + (prefix if until is None else until))
        number, first = counted(self._database, place + max(prefix, start), above, most)
        return number, None if first is None else first[len(place) :]

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
