"""What is to be written together."""

import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.fold import Headers
from streams.transport.embedded.partition import Trim
from streams.transport.embedded.records import checked_headers, encode_record


class Append(NamedTuple):
    """A record on its way, already encoded; it gets its offset when the batch is built."""

    topic: str
    partition: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    encoded: bytes


class Transaction:
    """Records, group positions and rows that become durable and visible together, or not at all.

    Collects only; `EmbeddedLog.commit` writes it, once.
    """

    __slots__ = ("appends", "commits", "rows", "sealed", "size", "trims", "weight")

    def __init__(self) -> None:
        self.appends: list[Append] = []
        self.commits: dict[tuple[str, str, int], int] = {}
        self.rows: list[tuple[str, int, dict[bytes, bytes | None]]] = []
        self.trims: list[Trim] = []
        self.size = 0  # bytes, about
        self.weight = 0  # keys to be written
        self.sealed = False

    def append(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]] = (),
        timestamp_ms: int | None = None,
    ) -> None:
        """Add a record; its time is now unless given (milliseconds since 1970). Raises TypeError."""
        self.must_be_open()
        if not (key is None or isinstance(key, bytes)) or not (value is None or isinstance(value, bytes)):
            raise TypeError(f"a record's key and value must be bytes or None, not {key!r}: {value!r}")
        if timestamp_ms is None:
            timestamp_ms = time.time_ns() // 1_000_000
        kept = checked_headers(headers) if headers else ()
        encoded = encode_record((timestamp_ms, key, value, kept))
        self.appends.append(Append(topic, partition, timestamp_ms, key, value, kept, encoded))
        self.size += len(encoded)
        self.weight += 1

    def commit_offset(self, group: str, topic: str, partition: int, offset: int) -> None:
        """Set the group's position: the offset of the next record it has not done. Raises ValueError for a bad name."""
        self.must_be_open()
        if not group or "\0" in group or offset < 0:
            raise ValueError(f"group {group!r} at {offset}: a name without NUL and an offset from 0 on are needed")
        self.commits[group, topic, partition] = offset
        self.weight += 1

    def put_rows(self, table: str, partition: int, rows: Mapping[bytes, bytes | None]) -> None:
        """Set rows of a table; None deletes. Of several calls the last wins. Raises TypeError, ValueError."""
        self.must_be_open()
        if not table or "\0" in table:
            raise ValueError(f"{table!r} is not a table name: it must be non-empty and hold no NUL")
        kept = dict(rows)
        for key, row in kept.items():
            if not isinstance(key, bytes) or not (row is None or isinstance(row, bytes)):
                raise TypeError(f"a row's key and value must be bytes, or None to delete, not {key!r}: {row!r}")
            self.size += len(key) + len(row or b"")
        self.rows.append((table, partition, kept))
        self.weight += len(kept)

    def must_be_open(self) -> None:
        """Raise RuntimeError once it was submitted."""
        if self.sealed:
            raise RuntimeError("this transaction was handed to the log and cannot be changed or used again")
