"""Retention and compaction."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.fold import Record
from streams.transport.database import NO_SPACE, entries
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.errors import LogWriteError
from streams.transport.embedded.expiry import STEP, TOMBSTONE_KEPT_MS
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.embedded.records import NEWEST, TOMBSTONES
from streams.transport.embedded.transaction import Transaction
from tests.streams.transport.faults import with_faults

HOUR = 3_600_000


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    """`hour` keeps an hour, `compacted` the newest of each key, `both` does both, `ever` keeps everything."""
    log = EmbeddedLog.open(tmp_path / "log")
    log.create_topic("hour", TopicConfig(1, retention_seconds=3600))
    log.create_topic("compacted", TopicConfig(1, compact=True))
    log.create_topic("both", TopicConfig(1, retention_seconds=3600, compact=True))
    log.create_topic("ever", TopicConfig(1))
    yield log
    await EmbeddedLog._open[log.directory].close()


async def fill(log: EmbeddedLog, topic: str, *records: tuple[str, str | None, int]) -> None:
    """Append (key, value, time) in one transaction."""
    transaction = Transaction()
    for key, value, time in records:
        transaction.append(topic, 0, key.encode(), None if value is None else value.encode(), (), time)
    await log.commit(transaction)


async def expired(log: EmbeddedLog, now_ms: int) -> EmbeddedLog:
    """Expire until there is nothing more, and open again: what follows holds on the disk."""
    while await log.expire(now_ms):
        pass
    await log.close()
    return EmbeddedLog.open(log.directory)


def left(log: EmbeddedLog, topic: str) -> list[tuple[int, str]]:
    """(offset, key) of what readers see; the statistics must agree."""
    found: list[Record] = []
    position = 0
    while some := log.read(topic, 0, position, 100):
        found += some
        position = some[-1].offset + 1
    assert log.stats().partitions[topic, 0].records == len(found)
    return [(record.offset, (record.key or b"").decode()) for record in found]


async def test_retention_takes_the_old_and_moves_the_start(log: EmbeddedLog) -> None:
    """Up to the first record that is young enough, read or not; offsets go on."""
    await fill(log, "hour", ("a", "1", 0), ("b", "1", 10), ("c", "1", 20), ("d", "1", 5))
    log = await expired(log, HOUR + 20)
    assert left(log, "hour") == [(2, "c"), (3, "d")]
    assert (log.start_offset("hour", 0), log.end_offset("hour", 0)) == (2, 4)
    assert await log.append("hour", 0, b"e", b"1", timestamp_ms=30) == 4


async def test_offsets_go_on_when_everything_has_expired(log: EmbeddedLog) -> None:
    """An empty partition remembers where it was, and a reader behind it waits instead of spinning."""
    await fill(log, "hour", ("a", "1", 0), ("b", "1", 1))
    log = await expired(log, 9 * HOUR)
    assert (log.start_offset("hour", 0), log.end_offset("hour", 0), left(log, "hour")) == (2, 2, [])
    assert not await log.wait_for_records({("hour", 0): 0}, 0)
    assert await log.append("hour", 0, b"c", b"1") == 2
    assert await log.wait_for_records({("hour", 0): 0}, 0)


async def test_topics_without_retention_keep_everything(log: EmbeddedLog) -> None:
    """For ever."""
    await fill(log, "ever", ("a", "1", 0), ("a", "1", 0))
    log = await expired(log, 10**12)
    assert left(log, "ever") == [(0, "a"), (1, "a")]


async def test_compaction_keeps_the_newest_of_each_key(log: EmbeddedLog) -> None:
    """At their offsets, with gaps; at once, and when the newer record comes after a first compaction."""
    await fill(log, "compacted", *((key, "1", 0) for key in "abacab"))
    assert not await log.expire(0)
    assert left(log, "compacted") == [(3, "c"), (4, "a"), (5, "b")]
    log = await expired(log, 0)
    assert left(log, "compacted") == [(3, "c"), (4, "a"), (5, "b")]
    assert log.start_offset("compacted", 0) == 0
    await fill(log, "compacted", ("c", "2", 0), ("d", "2", 0))
    log = await expired(log, 0)
    assert left(log, "compacted") == [(4, "a"), (5, "b"), (6, "c"), (7, "d")]
    assert log.read("compacted", 0, 0, 1)[0].offset == 4


async def test_a_tombstone_goes_after_a_day(log: EmbeddedLog) -> None:
    """It deletes its key at once, and nothing is kept of it in the end; but the newest record always stays."""
    await fill(log, "compacted", ("a", "1", 0), ("b", "1", 0), ("a", None, 100), ("b", None, 200))
    log = await expired(log, TOMBSTONE_KEPT_MS + 100)
    assert left(log, "compacted") == [(2, "a"), (3, "b")]
    log = await expired(log, 9 * TOMBSTONE_KEPT_MS)
    assert left(log, "compacted") == [(3, "b")]
    await fill(log, "compacted", ("c", "1", 0))
    log = await expired(log, 9 * TOMBSTONE_KEPT_MS)
    assert left(log, "compacted") == [(4, "c")]
    assert list(entries(log._database, TOMBSTONES)) == []
    assert [key[-1:] for key, _ in entries(log._database, NEWEST)] == [b"c"]


async def test_a_tombstone_may_be_superseded(log: EmbeddedLog) -> None:
    """A key that comes back stays, however old the tombstone before it."""
    await fill(log, "compacted", ("a", None, 0), ("a", "2", 0), ("b", "1", 0))
    log = await expired(log, 9 * TOMBSTONE_KEPT_MS)
    assert left(log, "compacted") == [(1, "a"), (2, "b")]
    assert list(entries(log._database, TOMBSTONES)) == []
    await fill(log, "compacted", ("a", "3", 0))
    log = await expired(log, 9 * TOMBSTONE_KEPT_MS)
    assert left(log, "compacted") == [(2, "b"), (3, "a")]


async def test_retention_and_compaction_together(log: EmbeddedLog) -> None:
    """What retention took is forgotten by compaction as well."""
    await fill(log, "both", ("a", "1", 0), ("b", "1", 0), ("a", "1", 9), ("c", None, 9))
    log = await expired(log, 5)
    assert left(log, "both") == [(1, "b"), (2, "a"), (3, "c")]
    log = await expired(log, HOUR + 5)
    assert left(log, "both") == [(2, "a"), (3, "c")]
    assert [key[-1:] for key, _ in entries(log._database, NEWEST)] == [b"a", b"c"]
    await fill(log, "both", ("b", "2", HOUR))
    log = await expired(log, 2 * HOUR)
    assert left(log, "both") == [(4, "b")]


async def test_one_call_does_a_bounded_amount(log: EmbeddedLog) -> None:
    """And says whether there is more; a busy partition does not starve the next."""
    many = 3 * STEP
    await fill(log, "hour", *(("k", "1", 0) for _ in range(many)))
    await fill(log, "both", ("k", "1", 0))
    assert await log.expire(9 * HOUR, limit=1)
    assert log.start_offset("hour", 0) == STEP
    calls = 0
    while log.stats().partitions["both", 0].records:
        await fill(log, "hour", *(("k", "1", 0) for _ in range(2 * STEP)))
        await log.expire(9 * HOUR, limit=2 * STEP)
        calls += 1
        assert calls < 10, "the busy partition takes every turn"


async def test_writing_and_reading_go_on_meanwhile(log: EmbeddedLog) -> None:
    """Appends, readers at the end and two expiries at once do not disturb one another."""
    total = 400

    async def write() -> None:
        for number in range(total):
            await log.append("compacted", 0, b"%d" % (number % 7), b"%d" % number, timestamp_ms=0)

    async def follow() -> list[int]:
        position, seen = 0, []
        while position < total:
            assert await log.wait_for_records({("compacted", 0): position}, 10)
            for record in log.read("compacted", 0, position, 50):
                assert record.offset >= position
                position = record.offset + 1
                seen.append(record.offset)
        return seen

    async def tidy(writing: asyncio.Task[None]) -> None:
        while not writing.done():
            await log.expire(0, limit=100)
            await asyncio.sleep(0)  # an expiry that finds nothing to do does not pause

    writing = asyncio.create_task(write())
    seen, *_ = await asyncio.gather(follow(), tidy(writing), tidy(writing))
    assert seen[-1] == total - 1
    log = await expired(log, 0)
    assert [offset for offset, _ in left(log, "compacted")] == list(range(total - 7, total))


async def test_a_failed_step_changes_nothing(log: EmbeddedLog) -> None:
    """The error reaches the caller, and the next call does the work."""
    await fill(log, "hour", ("a", "1", 0))
    await fill(log, "compacted", ("a", "1", 0), ("a", "1", 0))
    with_faults(log).refuse = [f"{NO_SPACE}: While appending"]
    with pytest.raises(LogWriteError):
        await log.expire(9 * HOUR)
    assert (left(log, "hour"), left(log, "compacted")) == ([(0, "a")], [(0, "a"), (1, "a")])
    log = await expired(log, 9 * HOUR)
    assert (left(log, "hour"), left(log, "compacted")) == ([], [(1, "a")])


async def test_retention_waits_for_those_who_must_read(log: EmbeddedLog) -> None:
    """However old, a record stays until the topic's readers are behind it: an accepted command is never dropped."""
    log.create_topic("commands", TopicConfig(1, retention_seconds=3600, readers=("folder",)))
    await fill(log, "commands", ("a", "1", 0), ("b", "2", 0), ("c", "3", 0))
    log = await expired(log, 10 * HOUR)
    assert left(log, "commands") == [(0, "a"), (1, "b"), (2, "c")]
    transaction = Transaction()
    transaction.commit_offset("folder", "commands", 0, 2)
    await log.commit(transaction)
    log = await expired(log, 10 * HOUR)
    assert left(log, "commands") == [(2, "c")]
