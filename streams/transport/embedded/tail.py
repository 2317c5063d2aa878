"""The newest records of a partition, kept in memory so that those who follow it need not ask the database."""

from streams.fold import Record

MAX_RECORDS = 1024
MAX_BYTES = 256 * 1024


class Tail:
    """A run of records without gaps, ending at the newest. Never more than twice the two bounds above."""

    __slots__ = ("_bytes", "_records", "_sizes")

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._sizes: list[int] = []
        self._bytes = 0

    def extend(self, records: list[Record], sizes: list[int]) -> None:
        """Add records that follow on from the last, with the bytes each takes; the oldest leave."""
        self._records += records
        self._sizes += sizes
        self._bytes += sum(sizes)
        # Cutting only at twice the bound makes the list's shift cheap: once in many appends.
        if len(self._records) > 2 * MAX_RECORDS or self._bytes > 2 * MAX_BYTES:
            self._cut()

    def _cut(self) -> None:
        keep, size = 0, 0
        for taken in reversed(self._sizes):
            size += taken
            if keep == MAX_RECORDS or size > MAX_BYTES:
                break
            keep += 1
        first = len(self._records) - keep
        del self._records[:first], self._sizes[:first]
        self._bytes = sum(self._sizes)

    def clear(self) -> None:
        """Forget everything: what is in the database no longer has these records without gaps."""
        self._records, self._sizes, self._bytes = [], [], 0

    def read(self, offset: int, max_records: int, max_bytes: int) -> list[Record] | None:
        """Records from `offset` on, at least one; None when they do not reach back that far."""
        records = self._records
        if not records or offset < records[0].offset:
            return None
        first = offset - records[0].offset
        last = min(first + max_records, len(records))
        if self._bytes > max_bytes:
            size = 0
            for index in range(first, last):
                size += self._sizes[index]
                if size > max_bytes and index > first:
                    last = index
                    break
        return records[first:last]
