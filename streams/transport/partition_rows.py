"""One partition of one agent's table, as folds and readers see it."""

from collections.abc import Iterator

from streams.transport.rows import RowStore


class PartitionRows:
    """The committed rows of one partition; see `streams.fold.Rows`."""

    __slots__ = ("_partition", "_store", "_table")

    def __init__(self, store: RowStore, table: str, partition: int) -> None:
        self._store = store
        self._table = table
        self._partition = partition

    def get(self, key: bytes) -> bytes | None:
        """The row, or None."""
        return self._store.get(self._table, self._partition, key)

    def scan(
        self, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with the prefix and their rows, in key order, from `start` on."""
        return self._store.scan(self._table, self._partition, prefix, start, reverse)

    def count(
        self, prefix: bytes, most: int, start: bytes = b"", until: bytes | None = None
    ) -> tuple[int, bytes | None]:
        """How many keys begin with the prefix, up to `most`, and the first; see `RowStore.count`."""
        return self._store.count(self._table, self._partition, prefix, most, start, until)
