"""The log: topics, partitions and transactions as Kafka keeps them, one record after the other, in one place.

Markers of commits and aborts occupy offsets and are never delivered; readers see nothing behind the first record of a
transaction that is open; who opens a transactional id fences whoever had it before. All calls happen at the broker: see
`wire` for the way there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from streams.fold import Headers, Record

PAGE: Final = 12
"""Records that one fetch brings at most."""


class Fenced(Exception):
    """Another one writes under this transactional id by now."""


class Entry(NamedTuple):
    """What is to be appended."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Transaction:
    """One of an id; `open` until it is ended."""

    __slots__ = ("aborted", "open", "places")

    def __init__(self) -> None:
        self.open = True
        self.aborted = False
        self.places: dict[Partition, int] = {}
        """Its first offset in each partition."""


class Partition:
    """Records and markers, by offset."""

    def __init__(self) -> None:
        self.records: list[Record | None] = []
        """None is a marker."""
        self.within: list[Transaction | None] = []
        self.stable = 0
        """The offset before which everything is decided."""
        self.pending: dict[Transaction, int] = {}
        self.waiting: list[Callable[[], None]] = []
        """Called, once, when there is more to be read."""

    def settle(self) -> None:
        """Finds out how far it can be read now."""
        before, self.stable = self.stable, min(self.pending.values(), default=len(self.records))
        if self.stable > before:
            waiting, self.waiting = self.waiting, []
            for call in waiting:
                call()


class Log:
    """All topics. `now_ms` is the broker's clock."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._partitions: defaultdict[tuple[str, int], Partition] = defaultdict(Partition)
        self._epochs: defaultdict[str, int] = defaultdict(int)
        self._transactions: dict[str, Transaction] = {}

    def partition(self, topic: str, partition: int) -> Partition:
        """One partition of a topic."""
        return self._partitions[topic, partition]

    def append(self, topic: str, partition: int, entries: Sequence[Entry], within: Transaction | None = None) -> int:
        """Appends records; the offset of the last one."""
        place, now = self._partitions[topic, partition], self._now_ms()
        if within is not None and within not in place.pending:
            within.places[place] = place.pending[within] = len(place.records)
        for key, value, headers in entries:
            place.records.append(Record(len(place.records), now, key, value, headers))
            place.within.append(within)
        place.settle()
        return len(place.records) - 1

    # --- transactions

    def open(self, name: str) -> int:
        """Takes a transactional id over: what is open is aborted, who had it is fenced. The epoch to write with."""
        self._epochs[name] += 1
        self._end(name, commit=False)
        return self._epochs[name]

    def write(self, name: str, epoch: int, topic: str, partition: int, entries: Sequence[Entry]) -> int:
        """Appends within the transaction, which begins by it. Raises Fenced."""
        self._check(name, epoch)
        return self.append(topic, partition, entries, self._transactions.setdefault(name, Transaction()))

    def end(self, name: str, epoch: int, commit: bool) -> None:
        """Ends the transaction. Raises Fenced."""
        self._check(name, epoch)
        self._end(name, commit)

    def _check(self, name: str, epoch: int) -> None:
        if epoch != self._epochs[name]:
            raise Fenced(f"{name}: epoch {epoch}, but there is {self._epochs[name]}")

    def _end(self, name: str, commit: bool) -> None:
        ended = self._transactions.pop(name, None)
        if ended is None:
            return
        ended.open, ended.aborted = False, not commit
        for place in ended.places:
            del place.pending[ended]
            place.records.append(None)
            place.within.append(None)
        for place in ended.places:
            place.settle()

    # --- reading

    def end_of(self, topic: str, partition: int) -> int:
        """The offset up to which it can be read."""
        return self._partitions[topic, partition].stable

    def read(self, topic: str, partition: int, position: int, most: int = PAGE) -> tuple[list[Record], int]:
        """Committed records from a position on, and the position to go on from."""
        place = self._partitions[topic, partition]
        found: list[Record] = []
        while position < place.stable and len(found) < most:
            record, within = place.records[position], place.within[position]
            if record is not None and not (within is not None and within.aborted):
                found.append(record)
            position += 1
        return found, position

    def all(self, topic: str, partition: int) -> list[Record]:
        """Everything committed."""
        return self.read(topic, partition, 0, len(self._partitions[topic, partition].records) + 1)[0]
