"""A worker's disk: the rows of its agents, as RocksDB keeps them without syncing each write.

A write is whole or not at all. Whatever kills the process loses none; a power cut loses some of the last ones.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

UNSYNCED: Final = 30
"""Writes of an agent that a power cut may lose."""

Undo = tuple["Table", int, dict[bytes, bytes | None]]


class DiskFull(Exception):
    """Nothing was written."""


class Table:
    """The rows of one partition of an agent; see `streams.fold.Rows`. `offset`: of the changelog, that they contain."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []
        self.offset = -1

    def get(self, key: bytes) -> bytes | None:
        """The row, or None."""
        return self.rows.get(key)

    def scan(
        self, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with the prefix and their rows, as they are at this call."""
        keys, rows = self._keys, self.rows
        low, high = bisect_left(keys, prefix), bisect_left(keys, _after(prefix)) if prefix else len(keys)
        if start is not None and reverse:
            high = min(high, bisect_right(keys, start))
        elif start is not None:
            low = max(low, bisect_left(keys, start))
        found = [(key, rows[key]) for key in keys[low:high]]
        return reversed(found) if reverse else iter(found)

    def apply(self, changes: Mapping[bytes, bytes | None]) -> dict[bytes, bytes | None]:
        """Puts and deletes; what was there before."""
        before = {key: self.rows.get(key) for key in changes}
        for key, row in changes.items():
            if row is None:
                if self.rows.pop(key, None) is not None:
                    del self._keys[bisect_left(self._keys, key)]
            else:
                if key not in self.rows:
                    insort(self._keys, key)
                self.rows[key] = row
        return before


def _after(prefix: bytes) -> bytes:
    return prefix[:-1] + bytes([prefix[-1] + 1])  # no prefix of ours ends with 0xFF


class Disk:
    """What survives a worker."""

    def __init__(self) -> None:
        self._tables: defaultdict[tuple[str, int], Table] = defaultdict(Table)
        self._unsynced: defaultdict[str, deque[Undo]] = defaultdict(lambda: deque(maxlen=UNSYNCED))
        self.full = False

    def table(self, agent: str, partition: int) -> Table:
        """The rows of a partition of an agent."""
        return self._tables[agent, partition]

    def write(self, agent: str, partition: int, rows: Mapping[bytes, bytes | None], offset: int) -> None:
        """Rows, and the changelog's offset that they contain, at once. Raises DiskFull."""
        if self.full:
            raise DiskFull("no space is left")
        table = self._tables[agent, partition]
        self._unsynced[agent].append((table, table.offset, table.apply(rows)))
        table.offset = offset

    def cut_power(self, rng: Random) -> None:
        """Loses some of the last writes of each agent."""
        for unsynced in self._unsynced.values():
            for _ in range(rng.randrange(len(unsynced) + 1)):
                table, offset, rows = unsynced.pop()
                table.apply(rows)
                table.offset = offset

    def wipe(self) -> None:
        """Everything is gone."""
        self._tables.clear()
        self._unsynced.clear()
