"""The embedded log: topics, appends, transactions, reads and waiting."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rocksdict import Options, Rdict

from streams.fold import Record
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.errors import LogClosed, LogOpenError, LogTooNew, TopicMismatch, UnknownTopic
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.embedded.records import FORMAT, FORMAT_KEY
from streams.transport.embedded.tail import MAX_RECORDS
from streams.transport.embedded.transaction import Transaction


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    """A log with topic `t` of two partitions; a test may have closed and opened it again."""
    log = EmbeddedLog.open(tmp_path / "log")
    log.create_topic("t", TopicConfig(2))
    yield log
    await EmbeddedLog._open[log.directory].close()


async def reopened(log: EmbeddedLog) -> EmbeddedLog:
    """The same directory, read again from the disk."""
    await log.close()
    return EmbeddedLog.open(log.directory)


class TestTopics:
    async def test_creating_a_topic_again_changes_nothing(self, log: EmbeddedLog) -> None:
        """Neither its records nor its configuration."""
        await log.append("t", 0, b"k", b"v")
        log.create_topic("t", TopicConfig(2))
        assert log.topics() == {"t": TopicConfig(2)}
        assert log.end_offset("t", 0) == 1

    async def test_another_number_of_partitions_is_refused(self, log: EmbeddedLog) -> None:
        """Keys would move; the message says both numbers."""
        with pytest.raises(TopicMismatch, match="has 2 partitions and cannot have 3"):
            log.create_topic("t", TopicConfig(3))

    async def test_retention_and_compaction_may_be_changed(self, log: EmbeddedLog) -> None:
        """And stay so after opening again."""
        changed = TopicConfig(2, retention_seconds=60.0, compact=True)
        log.create_topic("t", changed)
        assert (await reopened(log)).topics() == {"t": changed}

    @pytest.mark.parametrize("name", ["", "a/b", "a\0b", "..", "x" * 250])
    async def test_a_name_kafka_would_refuse_is_refused(self, log: EmbeddedLog, name: str) -> None:
        """So that a log can move to Kafka."""
        with pytest.raises(ValueError, match="not a topic name"):
            log.create_topic(name, TopicConfig(1))

    @pytest.mark.parametrize("config", [TopicConfig(0), TopicConfig(1, retention_seconds=0)])
    async def test_numbers_without_sense_are_refused(self, log: EmbeddedLog, config: TopicConfig) -> None:
        """No partitions, no time at all."""
        with pytest.raises(ValueError, match="topic new"):
            log.create_topic("new", config)

    async def test_what_is_not_there_cannot_be_used(self, log: EmbeddedLog) -> None:
        """By anything that names a topic and partition."""
        transaction = Transaction()
        transaction.commit_offset("g", "t", 2, 0)
        for attempt in (log.append("x", 0, b"", b""), log.commit(transaction), log.wait_for_records({("t", 9): 0}, 0)):
            with pytest.raises(UnknownTopic):
                await attempt
        for look in (log.start_offset, log.end_offset):
            with pytest.raises(UnknownTopic):
                look("x", 0)
        with pytest.raises(UnknownTopic):
            log.read("t", -1, 0, 1)


class TestWriting:
    async def test_a_record_is_read_as_it_was_appended(self, log: EmbeddedLog) -> None:
        """Key, value, headers and time; None stays None; from memory and, opened again, from the disk."""
        expected = [
            Record(0, 1_700_000_000_123, b"k", b"v", (("a", b"1"), ("a", b"\xff"))),
            Record(1, 0, None, None, ()),
        ]
        for record in expected:
            offset = await log.append("t", 1, record.key, record.value, record.headers, record.timestamp_ms)
            assert offset == record.offset
        assert log.read("t", 1, 0, 10) == expected
        assert (await reopened(log)).read("t", 1, 0, 10) == expected

    async def test_anything_but_bytes_is_refused_before_it_is_queued(self, log: EmbeddedLog) -> None:
        """So that it cannot spoil the batch of others."""
        transaction = Transaction()
        for key, value in (("k", b"v"), (b"k", "v"), (b"k", bytearray())):
            with pytest.raises(TypeError):
                transaction.append("t", 0, key, value)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            transaction.append("t", 0, b"k", b"v", [("name", "text")])  # type: ignore[list-item]
        with pytest.raises(TypeError):
            transaction.put_rows("rows", 0, {b"k": "v"})  # type: ignore[dict-item]
        with pytest.raises(ValueError, match="table name"):
            transaction.put_rows("a\0b", 0, {})
        with pytest.raises(ValueError, match="group"):
            transaction.commit_offset("g", "t", 0, -1)
        assert await log.commit(transaction) == []
        assert log.end_offset("t", 0) == 0

    async def test_a_transaction_brings_records_positions_and_rows(self, log: EmbeddedLog) -> None:
        """All of them, also after opening again."""
        transaction = Transaction()
        transaction.append("t", 0, b"a", b"1")
        transaction.append("t", 1, b"b", b"2")
        transaction.append("t", 0, b"c", b"3")
        transaction.commit_offset("readers", "t", 1, 7)
        transaction.put_rows("tasks", 1, {b"x": b"1", b"y": b"1"})
        transaction.put_rows("tasks", 1, {b"y": None, b"z": b"2"})
        assert await log.commit(transaction) == [0, 0, 1]
        for _ in range(2):
            assert [record.value for record in log.read("t", 0, 0, 10)] == [b"1", b"3"]
            assert [record.value for record in log.read("t", 1, 0, 10)] == [b"2"]
            assert log.committed("readers", "t", 1) == 7
            assert log.committed("readers", "t", 0) is None
            assert log.groups() == {"readers"}
            assert list(log.rows.scan("tasks", 1)) == [(b"x", b"1"), (b"z", b"2")]
            log = await reopened(log)

    async def test_a_transaction_is_written_once(self, log: EmbeddedLog) -> None:
        """Handing it over again, or adding to it, is a mistake in the program."""
        transaction = Transaction()
        await log.commit(transaction)
        with pytest.raises(RuntimeError, match="cannot be changed or used again"):
            await log.commit(transaction)
        with pytest.raises(RuntimeError, match="cannot be changed or used again"):
            transaction.append("t", 0, b"", b"")

    async def test_a_compacted_topic_wants_keys(self, log: EmbeddedLog) -> None:
        """Without one a record could never be superseded."""
        log.create_topic("compacted", TopicConfig(1, compact=True))
        with pytest.raises(ValueError, match="needs a key"):
            await log.append("compacted", 0, None, b"v")


class TestReading:
    async def test_a_read_is_bounded_by_records_and_bytes(self, log: EmbeddedLog) -> None:
        """But always gives one record, however large; the same from memory and from the disk."""
        for number in range(10):
            await log.append("t", 0, b"k", bytes([number]) * 1000)
        for _ in range(2):
            assert [record.offset for record in log.read("t", 0, 3, 4)] == [3, 4, 5, 6]
            assert [record.offset for record in log.read("t", 0, 3, 9, max_bytes=2500)] == [3, 4]
            assert [record.offset for record in log.read("t", 0, 3, 9, max_bytes=10)] == [3]
            assert log.read("t", 0, 3, 0) == []
            assert log.read("t", 0, 10, 9) == []
            log = await reopened(log)

    async def test_old_and_new_records_join_without_seam(self, log: EmbeddedLog) -> None:
        """The newest are in memory, within a bound; a reader from the start notices nothing."""
        total = 3 * MAX_RECORDS
        for first in range(0, total, 64):
            await asyncio.gather(*(log.append("t", 0, None, b"%d" % number) for number in range(first, first + 64)))
        assert len(log._partition("t", 0).tail._records) <= 2 * MAX_RECORDS
        seen: list[Record] = []
        while found := log.read("t", 0, len(seen), 100):
            seen += found
        assert [(record.offset, record.value) for record in seen] == [(n, b"%d" % n) for n in range(total)]

    async def test_stats_count_records_and_bytes(self, log: EmbeddedLog) -> None:
        """For every partition, and the same after opening again."""
        await log.append("t", 1, b"k", b"v" * 100)
        before = log.stats()
        assert before.trouble is None
        assert before.estimated_bytes > 0
        state = before.partitions["t", 1]
        assert (state.start, state.end, state.records) == (0, 1, 1)
        assert 101 < state.size < 130
        assert (await reopened(log)).stats().partitions == before.partitions


class TestWaiting:
    async def test_it_returns_at_once_if_there_is_something(self, log: EmbeddedLog) -> None:
        """Even with no time to wait."""
        await log.append("t", 1, b"k", b"v")
        assert await log.wait_for_records({("t", 0): 0, ("t", 1): 0}, 0)
        assert not await log.wait_for_records({("t", 0): 0, ("t", 1): 1}, 0)

    async def test_the_time_runs_out(self, log: EmbeddedLog) -> None:
        """And leaves nobody registered."""
        assert not await log.wait_for_records({("t", 0): 0}, 0.001)
        assert not any(log._writer.arrivals._waiters.values())

    async def test_every_waiter_is_woken(self, log: EmbeddedLog) -> None:
        """Whatever other partitions it waits for, and only when its own position is reached."""
        early = [asyncio.create_task(log.wait_for_records({("t", 0): 0, ("t", 1): n}, 10)) for n in range(3)]
        late = asyncio.create_task(log.wait_for_records({("t", 0): 1}, 10))
        await log.append("t", 0, b"k", b"v")
        assert await asyncio.gather(*early) == [True] * 3
        assert not late.done()
        await log.append("t", 0, b"k", b"v")
        assert await late

    async def test_no_reader_misses_a_record(self, log: EmbeddedLog) -> None:
        """Five readers at their own pace against twenty writers: each sees every record in order and never hangs."""
        total = 600

        async def follow(batch: int) -> list[int]:
            positions = {("t", 0): 0, ("t", 1): 0}
            seen: list[int] = []
            while len(seen) < total:
                assert await log.wait_for_records(positions, 10), "woken by the clock, not by a record"
                for topic, partition in positions:
                    for record in log.read(topic, partition, positions[topic, partition], batch):
                        assert record.offset == positions[topic, partition]
                        positions[topic, partition] += 1
                        seen.append(int(record.value or b""))
            return seen

        async def write(first: int) -> None:
            for number in range(first, total, 20):
                await log.append("t", number % 2, None, b"%d" % number)

        readers = [asyncio.create_task(follow(batch)) for batch in (1, 2, 3, 50, 1000)]
        await asyncio.gather(*(write(first) for first in range(20)))
        for seen in await asyncio.gather(*readers):
            assert sorted(seen) == list(range(total))

    async def test_a_cancelled_waiter_leaves_the_others(self, log: EmbeddedLog) -> None:
        """They are still woken."""
        gone = asyncio.create_task(log.wait_for_records({("t", 0): 0}, 10))
        stays = asyncio.create_task(log.wait_for_records({("t", 0): 0}, 10))
        await asyncio.wait([stays], timeout=0)
        gone.cancel()
        await log.append("t", 0, b"k", b"v")
        assert await stays


class TestOpening:
    async def test_one_process_has_one_log_for_a_directory(self, tmp_path: Path) -> None:
        """However the path is written; it is closed when all have closed it."""
        first = EmbeddedLog.open(tmp_path)
        assert EmbeddedLog.open(tmp_path / "x" / "..") is first
        with pytest.raises(ValueError, match="already open with fsync=True"):
            EmbeddedLog.open(tmp_path, fsync=False)
        await first.close()
        first.create_topic("t", TopicConfig(1))
        assert await first.append("t", 0, b"k", b"v") == 0
        await first.close()
        again = EmbeddedLog.open(tmp_path, fsync=False)
        assert again is not first
        assert await again.append("t", 0, b"k", b"v") == 1
        await again.close()

    async def test_closing_finishes_writes_and_wakes_waiters(self, tmp_path: Path) -> None:
        """What was submitted is durable; who waited learns of the end; nothing more is taken."""
        log = EmbeddedLog.open(tmp_path)
        log.create_topic("t", TopicConfig(1))
        waiter = asyncio.create_task(log.wait_for_records({("t", 0): 9}, 10))
        await asyncio.wait([waiter], timeout=0)
        transaction = Transaction()
        transaction.append("t", 0, b"k", b"v")
        submitted = log.submit(transaction)
        await log.close()
        assert submitted.result() == [0]
        with pytest.raises(LogClosed):
            await waiter
        with pytest.raises(LogClosed):
            log.submit(Transaction())
        await log.close()
        with pytest.raises(LogClosed):
            await log.wait_for_records({("t", 0): 9}, 0)

    async def test_a_later_format_is_refused(self, tmp_path: Path) -> None:
        """And the directory left unlocked."""
        log = EmbeddedLog.open(tmp_path)
        log._database.put(FORMAT_KEY, b"%d" % (FORMAT + 1))
        await log.close()
        for _ in range(2):
            with pytest.raises(LogTooNew, match=f"format {FORMAT + 1}.*up to {FORMAT}"):
                EmbeddedLog.open(tmp_path)

    def test_a_database_of_something_else_is_refused(self, tmp_path: Path) -> None:
        """And left alone."""
        other = Rdict(str(tmp_path), Options(raw_mode=True))
        other.put(b"key", b"value")
        other.close()
        with pytest.raises(LogOpenError, match="no embedded log"):
            EmbeddedLog.open(tmp_path)

    def test_a_path_that_cannot_be_a_directory_is_refused(self, tmp_path: Path) -> None:
        """With the system's reason."""
        (tmp_path / "file").touch()
        with pytest.raises(LogOpenError, match="File exists"):
            EmbeddedLog.open(tmp_path / "file")
