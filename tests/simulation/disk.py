"""A worker's disk: the rows of its agents, as RocksDB keeps them without syncing each write.

A write is whole or not at all. Whatever kills the process loses none; a power cut loses some of the last ones. Rows may
become unreadable: who reads one is told so, as is who has the disk, who puts all of the agent's rows aside.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from random import Random
from typing import Final

from streams.transport.database import DatabaseCorrupt, DatabaseError

UNSYNCED: Final = 30
"""Writes of an agent that a power cut may lose."""

Undo = tuple["Table", int, dict[bytes, bytes | None]]


class Table:
    """The rows of one partition of an agent; see `streams.fold.Rows`. `offset`: of the changelog, that they contain."""

    def __init__(self, tell: Callable[[DatabaseCorrupt], None]) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.unreadable: set[bytes] = set()
        self._tell = tell
        self._keys: list[bytes] = []
        self.offset = -1

    def get(self, key: bytes) -> bytes | None:
        """The row, or None. Raises DatabaseCorrupt."""
        if key in self.unreadable:
            raise self._corrupt(key)
        return self.rows.get(key)

    def scan(
        self, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with the prefix and their rows, as they are at this call. Raises DatabaseCorrupt later."""
        keys, rows = self._keys, self.rows
        low, high = bisect_left(keys, prefix), bisect_left(keys, _after(prefix)) if prefix else len(keys)
        if start is not None and reverse:
            high = min(high, bisect_right(keys, start))
        elif start is not None:
            low = max(low, bisect_left(keys, start))
        found = [(key, rows[key]) for key in keys[low:high]]
        if reverse:
            found.reverse()
        return iter(found) if self.unreadable.isdisjoint(keys[low:high]) else self._up_to_damage(found)

    def _up_to_damage(self, found: Sequence[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        for key, row in found:
            if key in self.unreadable:
                raise self._corrupt(key)
            yield key, row

    def _corrupt(self, key: bytes) -> DatabaseCorrupt:
        error = DatabaseCorrupt(f"Corruption: block checksum mismatch at {key!r}")
        self._tell(error)
        return error

    def apply(self, changes: Mapping[bytes, bytes | None]) -> dict[bytes, bytes | None]:
        """Puts and deletes; what was there before."""
        before = {key: self.rows.get(key) for key in changes}
        self.unreadable.difference_update(changes)
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
        self._tables: dict[tuple[str, int], Table] = {}
        self._unsynced: defaultdict[str, deque[Undo]] = defaultdict(lambda: deque(maxlen=UNSYNCED))
        self.fault: DatabaseError | None = None
        """What whoever writes is told."""
        self.damaged: set[str] = set()
        """Agents that have heard that a row of theirs cannot be read."""
        self.tell: Callable[[str, DatabaseCorrupt], None] = lambda agent, error: None
        """Hears it, each time."""

    def table(self, agent: str, partition: int) -> Table:
        """The rows of a partition of an agent."""
        table = self._tables.get((agent, partition))
        if table is None:
            table = self._tables[agent, partition] = Table(partial(self._found, agent))
        return table

    def _found(self, agent: str, error: DatabaseCorrupt) -> None:
        self.damaged.add(agent)
        self.tell(agent, error)

    def write(self, agent: str, partition: int, rows: Mapping[bytes, bytes | None], offset: int) -> None:
        """Rows, and the changelog's offset that they contain, at once. Raises what is wrong with the disk."""
        if self.fault is not None:
            raise type(self.fault)(str(self.fault))
        table = self.table(agent, partition)
        self._unsynced[agent].append((table, table.offset, table.apply(rows)))
        table.offset = offset

    def cut_power(self, rng: Random) -> None:
        """Loses some of the last writes of each agent."""
        for unsynced in self._unsynced.values():
            for _ in range(rng.randrange(len(unsynced) + 1)):
                table, offset, rows = unsynced.pop()
                table.apply(rows)
                table.offset = offset

    def rot(self, rng: Random, count: int) -> bool:
        """Up to so many rows of one table cannot be read any more; False if there is none."""
        tables = [table for _, table in sorted(self._tables.items()) if table.rows]
        if not tables:
            return False
        table = rng.choice(tables)
        table.unreadable.update(rng.sample(list(table.rows), min(count, len(table.rows))))
        return True

    @property
    def rotten(self) -> list[str]:
        """Agents that have rows that cannot be read."""
        return sorted({agent for (agent, _), table in self._tables.items() if table.unreadable})

    def put_aside(self, agent: str) -> None:
        """Its rows are gone, all of them; whoever has them still in hand may finish."""
        self._tables = {name: table for name, table in self._tables.items() if name[0] != agent}
        self._unsynced.pop(agent, None)
        self.damaged.discard(agent)

    def wipe(self) -> None:
        """Everything is gone."""
        self._tables.clear()
        self._unsynced.clear()
        self.damaged.clear()
