"""One partition: what is durable of it, and what the batch being built will make of it."""

import struct
from typing import NamedTuple

from rocksdict import Rdict, WriteBatch

from streams.fold import Record
from streams.transport.database import entries
from streams.transport.embedded.records import NEWEST, OFFSET, RECORDS, STATES, TOMBSTONES, decode_record, place
from streams.transport.embedded.tail import Tail

_STATE = struct.Struct(">5Q")


class State(NamedTuple):
    """A partition in numbers, written with every batch that touches it, so that opening need not count records."""

    start: int = 0  # no record below this offset
    end: int = 0  # the next record's offset
    records: int = 0  # between the two; fewer than end - start where a topic was compacted
    size: int = 0  # bytes of these, as encoded, before compression
    cleaned: int = 0  # compacted topics: the first offset that compaction has not looked at

    def pack(self) -> bytes:
        return _STATE.pack(*self)

    @classmethod
    def unpack(cls, packed: bytes) -> "State":
        return cls(*_STATE.unpack(packed))


class Partition:
    """The durable state and the newest records of one partition."""

    __slots__ = ("newest", "number", "prefix", "readable", "state", "state_key", "tail", "tombstones", "topic")

    def __init__(self, topic: str, number: int) -> None:
        self.topic = topic
        self.number = number
        self.state = State()
        self.readable = 0  # after the last record there is: `end`, unless a damaged log lost its last ones
        self.tail = Tail()
        self.prefix = place(RECORDS, topic, number)
        self.state_key = place(STATES, topic, number)
        self.newest = place(NEWEST, topic, number)
        self.tombstones = place(TOMBSTONES, topic, number)

    def resume(self, database: Rdict, state: State) -> None:
        """Take up what the database has."""
        self.state = state
        newest = next(entries(database, self.prefix, reverse=True, strip=len(self.prefix)), None)
        if newest is not None:
            self.readable = OFFSET.unpack(newest[0])[0] + 1

    def read(self, database: Rdict, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        """Durable records from `offset` on: at least one if there is any, however large."""
        offset = max(offset, self.state.start)
        if offset >= self.state.end or max_records < 1:
            return []
        return self.tail.read(offset, max_records, max_bytes) or self._read_database(
            database, offset, max_records, max_bytes
        )

    def _read_database(self, database: Rdict, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        end = self.state.end
        found: list[Record] = []
        size = 0
        first = self.prefix + OFFSET.pack(offset)
        for key, encoded in entries(database, self.prefix, start=first, strip=len(self.prefix)):
            number = OFFSET.unpack(key)[0]
            size += len(encoded)
            if number >= end or (found and size > max_bytes):  # beyond the end: written, but not yet durable
                break
            found.append(Record(number, *decode_record(encoded)))
            if len(found) == max_records:
                break
        return found


class Trim(NamedTuple):
    """Records to be taken out of a partition. See expiry.py."""

    partition: Partition
    edits: dict[bytes, bytes | None]  # None deletes the key
    start: int
    cleaned: int
    records: int  # how many fewer there are
    size: int  # bytes, how many fewer


class Draft:
    """A partition as a batch will leave it; becomes the partition's state when the batch is durable."""

    __slots__ = ("appended", "end", "partition", "shrunk", "sizes", "state")

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.state = partition.state
        self.end = partition.state.end
        self.appended: list[Record] = []
        self.sizes: list[int] = []
        self.shrunk = False

    def trim(self, batch: WriteBatch, trim: Trim) -> None:
        """Put the trim into the batch."""
        old, prefix = self.state, self.partition.prefix
        if trim.start > old.start:
            batch.delete_range(prefix + OFFSET.pack(old.start), prefix + OFFSET.pack(trim.start))
        for key, value in trim.edits.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        self.state = old._replace(
            start=trim.start, cleaned=trim.cleaned, records=old.records - trim.records, size=old.size - trim.size
        )
        self.shrunk = True

    def finish(self, batch: WriteBatch) -> None:
        """Put the new state into the batch, after everything else."""
        state = self.state
        self.state = state._replace(
            end=self.end, records=state.records + len(self.appended), size=state.size + sum(self.sizes)
        )
        batch.put(self.partition.state_key, self.state.pack())

    def adopt(self) -> None:
        """The batch is durable: readers may see it."""
        partition = self.partition
        if self.shrunk:
            partition.tail.clear()
        partition.state = self.state
        if self.appended:
            partition.readable = self.end
            partition.tail.extend(self.appended, self.sizes)
