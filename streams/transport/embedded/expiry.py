"""What time and newer records make superfluous: retention, and compaction of topics that keep the newest only.

Compaction goes forward over the records once. For each key it keeps the offset of the newest record it has seen
(`k/`), so that a record met later names the one to delete. A tombstone is noted (`d/`) and deleted, with its key's
entry, a day later, when every reader has had time to see it. Each step is a bounded batch that goes through the
writer like any append; offsets never change, and the newest record of a partition always stays.
"""

import asyncio
from collections.abc import Callable, Mapping

from rocksdict import Rdict

from streams.transport.database import entries
from streams.transport.embedded.arrivals import Place
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.partition import Partition, Trim
from streams.transport.embedded.records import OFFSET, decode_record
from streams.transport.embedded.transaction import Transaction
from streams.transport.embedded.writer import Writer

TOMBSTONE_KEPT_MS = 24 * 60 * 60 * 1000
STEP = 500  # records in one batch: 1 to 4 ms of the event loop


class Expiry:
    """Does the work in steps; one at a time, however often it is called."""

    def __init__(
        self,
        database: Rdict,
        topics: Mapping[str, TopicConfig],
        partitions: Mapping[Place, Partition],
        committed: Mapping[tuple[str, str, int], int],
        writer: Writer,
    ) -> None:
        self._database = database
        self._topics = topics
        self._partitions = partitions
        self._committed = committed
        self._writer = writer
        self._busy = asyncio.Lock()
        self._next = 0

    def use(self, database: Rdict) -> None:
        """Go on with the same database, opened anew."""
        self._database = database

    async def run(self, now_ms: int, limit: int) -> bool:
        """Look at about `limit` records at most. True when there is more to do: call again. Raises LogWriteError."""
        async with self._busy:
            places = list(self._partitions.values())
            for turn in range(len(places)):
                # Beginning after where the last call stopped, so that one busy partition cannot starve the others.
                index = (self._next + turn) % len(places)
                for step in self._steps(places[index], now_ms):
                    looked = STEP
                    while looked == STEP:
                        if limit <= 0:
                            self._next = index + 1
                            return True
                        trim, looked = step(places[index])
                        limit -= looked
                        if trim is not None:
                            transaction = Transaction()
                            transaction.trims.append(trim)
                            await self._writer.submit(transaction)
            return False

    def _steps(self, partition: Partition, now_ms: int) -> list[Callable[[Partition], tuple[Trim | None, int]]]:
        config = self._topics[partition.topic]
        steps: list[Callable[[Partition], tuple[Trim | None, int]]] = []
        if config.retention_seconds is not None:
            oldest = now_ms - int(config.retention_seconds * 1000)
            steps.append(lambda partition: self._retain(partition, oldest, config.compact))
        if config.compact:
            steps.append(self._compact)
            steps.append(lambda partition: self._forget(partition, now_ms - TOMBSTONE_KEPT_MS))
        return steps

    def _unread(self, partition: Partition) -> int | None:
        """The offset from which on somebody has still to read; None where nobody must."""
        readers = self._topics[partition.topic].readers
        positions = (self._committed.get((group, partition.topic, partition.number), 0) for group in readers)
        return min(positions, default=None)

    def _retain(self, partition: Partition, oldest_ms: int, compact: bool) -> tuple[Trim | None, int]:
        """Take out records from the start on, up to the first that is young enough or has still to be read."""
        state, prefix = partition.state, partition.prefix
        unread = self._unread(partition)
        start, size, looked = state.start, 0, 0
        edits: dict[bytes, bytes | None] = {}
        for packed, encoded in entries(
            self._database, prefix, start=prefix + OFFSET.pack(state.start), strip=len(prefix)
        ):
            offset = OFFSET.unpack(packed)[0]
            if looked == STEP or offset >= state.end:
                break
            timestamp_ms, key, _, _ = decode_record(encoded)
            if timestamp_ms >= oldest_ms or (unread is not None and offset >= unread):
                break
            looked += 1
            start, size = offset + 1, size + len(encoded)
            if compact and key is not None and self._database.get(partition.newest + key) == packed:
                edits[partition.newest + key] = None
        if not looked:
            return None, 0
        return Trim(partition, edits, start, max(state.cleaned, start), looked, size), looked

    def _compact(self, partition: Partition) -> tuple[Trim | None, int]:
        """Look at the next records: take out those of the same keys that came before."""
        state, prefix = partition.state, partition.prefix
        get = self._database.get
        edits: dict[bytes, bytes | None] = {}
        cleaned, removed, size, looked = max(state.cleaned, state.start), 0, 0, 0
        for packed, encoded in entries(self._database, prefix, start=prefix + OFFSET.pack(cleaned), strip=len(prefix)):
            offset = OFFSET.unpack(packed)[0]
            if looked == STEP or offset >= state.end:
                break
            looked += 1
            cleaned = offset + 1
            _, key, value, _ = decode_record(encoded)
            if key is None:
                continue
            index = partition.newest + key
            older = edits.get(index) or get(index)
            if older is not None and (record := get(prefix + older)) is not None:
                edits[prefix + older] = None
                removed, size = removed + 1, size + len(record)
            edits[index] = packed
            if value is None:
                edits[partition.tombstones + packed] = key
        if not looked:
            return None, 0
        return Trim(partition, edits, state.start, cleaned, removed, size), looked

    def _forget(self, partition: Partition, oldest_ms: int) -> tuple[Trim | None, int]:
        """Take out tombstones that are old enough, with what is known of their keys."""
        state, prefix = partition.state, partition.tombstones
        get = self._database.get
        edits: dict[bytes, bytes | None] = {}
        removed, size, looked = 0, 0, 0
        for packed, key in entries(self._database, prefix, strip=len(prefix)):
            if looked == STEP or OFFSET.unpack(packed)[0] == state.end - 1:
                break
            record = get(partition.prefix + packed)
            if record is not None:  # else a newer record of the key, or retention, has removed it
                if decode_record(record)[0] >= oldest_ms:
                    break
                edits[partition.prefix + packed] = None
                removed, size = removed + 1, size + len(record)
            if get(partition.newest + key) == packed:
                edits[partition.newest + key] = None
            edits[prefix + packed] = None
            looked += 1
        if not looked:
            return None, 0
        return Trim(partition, edits, state.start, state.cleaned, removed, size), looked
