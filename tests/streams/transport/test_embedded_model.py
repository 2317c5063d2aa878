"""The embedded log against a plain model in memory."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streams.fold import Record
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.expiry import TOMBSTONE_KEPT_MS
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.embedded.transaction import Transaction

MEMORY = Path("/dev/shm")  # where there is one: opening and closing a log costs 60 ms on a disk
RETENTION_MS = 5_000
TOPICS = {
    "plain": TopicConfig(2),
    "kept": TopicConfig(1, retention_seconds=RETENTION_MS / 1000),
    "compacted": TopicConfig(1, compact=True),
    "both": TopicConfig(1, retention_seconds=RETENTION_MS / 1000, compact=True),
}
PLACES = [(topic, number) for topic, config in TOPICS.items() for number in range(config.partitions)]

places = st.sampled_from(PLACES)
keys = st.sampled_from([b"", b"a", b"\xff", b"a\x00"])
small = st.binary(max_size=3)
times = st.integers(0, 10_000) | st.sampled_from([TOMBSTONE_KEPT_MS + 3_000])
appends = st.tuples(places, keys, st.none() | small, st.lists(st.tuples(st.text(max_size=2), small), max_size=2), times)
commits = st.tuples(st.sampled_from(["g", "h"]), places, st.integers(0, 2**60))
rows = st.tuples(st.sampled_from(["t", "tt"]), st.integers(0, 2), st.dictionaries(keys, st.none() | small, max_size=3))


@dataclass
class Model:
    """One partition: what a reader must find."""

    start: int = 0
    end: int = 0
    records: dict[int, Record] = field(default_factory=dict)

    def append(self, key: bytes, value: bytes | None, headers: list[tuple[str, bytes]], time: int) -> int:
        self.records[self.end] = Record(self.end, time, key, value, tuple(headers))
        self.end += 1
        return self.end - 1

    def expire(self, config: TopicConfig, now: int) -> None:
        if config.retention_seconds is not None:
            for offset in sorted(self.records):
                if self.records[offset].timestamp_ms >= now - RETENTION_MS:
                    break
                del self.records[offset]
                self.start = offset + 1
        if config.compact:
            newest = {record.key: offset for offset, record in sorted(self.records.items())}
            self.records = {offset: self.records[offset] for offset in sorted(newest.values())}
            for offset, record in list(self.records.items()):
                if record.value is None:
                    if offset == self.end - 1 or record.timestamp_ms >= now - TOMBSTONE_KEPT_MS:
                        break
                    del self.records[offset]


class LogMachine(RuleBasedStateMachine):
    """Any order of appends, transactions, expiries and openings."""

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.runner = asyncio.Runner()
        self.log = EmbeddedLog.open(self.directory, fsync=False)
        for topic, config in TOPICS.items():
            self.log.create_topic(topic, config)
        self.partitions = {place: Model() for place in PLACES}
        self.positions: dict[tuple[str, str, int], int] = {}
        self.tables: dict[tuple[str, int], dict[bytes, bytes]] = {}

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.log.close())
            self.runner.close()
            shutil.rmtree(self.directory)

    @rule(records=st.lists(appends, max_size=12))
    def append_side_by_side(
        self, records: list[tuple[tuple[str, int], bytes, bytes, list[tuple[str, bytes]], int]]
    ) -> None:
        async def all_at_once() -> list[int]:
            return await asyncio.gather(*(self.log.append(*place, *record) for place, *record in records))  # type: ignore[arg-type]

        expected = [self.partitions[place].append(*record) for place, *record in records]  # type: ignore[arg-type]
        assert self.runner.run(all_at_once()) == expected

    @rule(parts=st.lists(appends | commits | rows, max_size=10))
    def transact(self, parts: list[tuple[object, ...]]) -> None:
        transaction = Transaction()
        expected: list[int] = []
        for part in parts:
            match part:
                case (str(topic), int(number)), bytes(key), value, list(headers), int(time):
                    transaction.append(topic, number, key, value, headers, time)  # type: ignore[arg-type]
                    expected.append(self.partitions[topic, number].append(key, value, headers, time))  # type: ignore[arg-type]
                case str(group), (str(topic), int(number)), int(offset):
                    transaction.commit_offset(group, topic, number, offset)
                    self.positions[group, topic, number] = offset
                case str(table), int(number), dict(changed):
                    transaction.put_rows(table, number, changed)
                    kept = self.tables.setdefault((table, number), {})
                    for key, row in changed.items():
                        kept.pop(key, None)
                        if row is not None:
                            kept[key] = row
                case _:
                    raise AssertionError(part)
        assert self.runner.run(self.log.commit(transaction)) == expected

    @rule(now=st.sampled_from([0, RETENTION_MS, RETENTION_MS + 5_000, TOMBSTONE_KEPT_MS + 5_000]))
    def expire(self, now: int) -> None:
        async def until_done() -> None:
            before = None  # what compaction takes out may have kept retention from going on
            while before != (before := self.log.stats().partitions):
                while await self.log.expire(now, limit=2):
                    pass

        self.runner.run(until_done())
        for (topic, _), model in self.partitions.items():
            left = -1
            while left != (left := len(model.records)):
                model.expire(TOPICS[topic], now)

    @rule()
    def open_again(self) -> None:
        self.runner.run(self.log.close())
        self.log = EmbeddedLog.open(self.directory, fsync=False)

    @rule(place=places, offset=st.integers(0, 30), records=st.integers(1, 5))
    def read(self, place: tuple[str, int], offset: int, records: int) -> None:
        model = self.partitions[place]
        expected = [record for number, record in sorted(model.records.items()) if number >= offset]
        assert self.log.read(*place, offset, records) == expected[:records]
        assert self.runner.run(self.log.wait_for_records({place: offset}, 0)) == bool(expected)

    @invariant()
    def it_agrees(self) -> None:
        if not hasattr(self, "log"):
            return
        for place, model in self.partitions.items():
            first = min(model.records, default=model.end)
            assert model.start <= self.log.start_offset(*place) <= first
            assert self.log.end_offset(*place) == model.end
            assert self.log.stats().partitions[place].records == len(model.records)
            assert self.log.read(*place, 0, 10_000) == [model.records[offset] for offset in sorted(model.records)]
        for group in ("g", "h"):
            for place in PLACES:
                assert self.log.committed(group, *place) == self.positions.get((group, *place))
        for (table, number), kept in self.tables.items():
            assert list(self.log.rows.scan(table, number)) == sorted(kept.items())


LogMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLogAgainstModel = LogMachine.TestCase
