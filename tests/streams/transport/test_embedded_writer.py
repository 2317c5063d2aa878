"""Group commit, and what happens when the disk, or a caller, gives up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from streams.transport.database import NO_SPACE, STALLED
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.errors import LogWriteError
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.embedded.transaction import Transaction
from streams.transport.embedded.writer import GROUP_WEIGHT
from tests.streams.transport.faults import FaultyDatabase, with_faults


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    """A log with topic `t` of one partition; a test may have closed and opened it again."""
    log = EmbeddedLog.open(tmp_path / "log")
    log.create_topic("t", TopicConfig(1))
    yield log
    await EmbeddedLog._open[log.directory].close()


@pytest.fixture
def disk(log: EmbeddedLog) -> FaultyDatabase:
    """The log's disk."""
    return with_faults(log)


def append(log: EmbeddedLog, value: bytes) -> asyncio.Task[int]:
    """One caller."""
    return asyncio.create_task(log.append("t", 0, b"k", value))


def values(log: EmbeddedLog) -> list[bytes | None]:
    """What a reader sees."""
    found = log.read("t", 0, 0, 10_000)
    assert [record.offset for record in found] == list(range(len(found)))
    return [record.value for record in found]


async def held_up(disk: FaultyDatabase, log: EmbeddedLog, value: bytes = b"first") -> asyncio.Task[int]:
    """A caller whose batch is written and waits for its sync."""
    disk.may_sync.clear()
    disk.syncing.clear()
    task = append(log, value)
    await asyncio.wait([task], timeout=0)
    assert await asyncio.to_thread(disk.syncing.wait, 10)
    return task


async def test_callers_share_a_batch_and_keep_their_own_offsets(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """What arrives during one sync is the next batch, in the order of the calls."""
    first = await held_up(disk, log)
    others = [append(log, b"%d" % number) for number in range(500)]
    await asyncio.wait(others, timeout=0)
    disk.may_sync.set()
    assert await asyncio.gather(first, *others) == list(range(501))
    assert disk.writes == 2
    assert values(log) == [b"first", *(b"%d" % number for number in range(500))]


async def test_callers_who_come_one_by_one_share_a_batch(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """Two are there, and others come with the next rounds of the event loop, as requests do."""

    async def later(number: int) -> int:
        for _ in range(number):
            await asyncio.sleep(0)
        return await append(log, b"%d" % number)

    assert await asyncio.gather(later(0), later(0), *map(later, range(1, 10))) == list(range(11))
    assert disk.writes == 1


async def test_a_caller_that_is_alone_waits_for_nobody(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """Its batch is written in the first round of the event loop after its call."""
    transaction = Transaction()
    transaction.append("t", 0, b"k", b"v")
    submitted = log.submit(transaction)
    await asyncio.sleep(0)
    assert disk.writes == 1
    await submitted


async def test_batches_are_bounded(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """A crowd does not stop the event loop for as long as it is large."""
    tasks = [append(log, b"") for _ in range(3 * GROUP_WEIGHT)]
    assert await asyncio.gather(*tasks) == list(range(3 * GROUP_WEIGHT))
    assert disk.writes == 3


async def test_nothing_is_visible_or_acknowledged_before_it_is_durable(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """The event loop runs on meanwhile, and readers see the log without it, also those who read the database."""
    await append(log, b"first")
    log._partition("t", 0).tail.clear()
    transaction = Transaction()
    transaction.append("t", 0, b"k", b"v")
    transaction.commit_offset("g", "t", 0, 1)
    waiter = asyncio.create_task(log.wait_for_records({("t", 0): 1}, 10))
    disk.may_sync.clear()
    disk.syncing.clear()
    submitted = log.submit(transaction)
    await asyncio.wait([submitted], timeout=0)
    assert await asyncio.to_thread(disk.syncing.wait, 10)
    assert not submitted.done()
    assert not waiter.done()
    assert log.end_offset("t", 0) == 1
    assert (values(log), log.committed("g", "t", 0)) == ([b"first"], None)
    disk.may_sync.set()
    assert await submitted == [1]
    assert await waiter
    assert (values(log), log.committed("g", "t", 0)) == ([b"first", b"v"], 1)


async def test_without_fsync_nothing_waits_for_the_disk(tmp_path: Path) -> None:
    """The choice of who opens the log."""
    log = EmbeddedLog.open(tmp_path, fsync=False)
    log.create_topic("t", TopicConfig(1))
    disk = with_faults(log)
    assert await append(log, b"v") == 0
    assert not disk.syncing.is_set()
    await log.close()


async def test_a_caller_that_gives_up_before_its_batch_writes_nothing(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """The others get their offsets without a hole."""
    first = await held_up(disk, log)
    others = [append(log, b"%d" % number) for number in range(3)]
    await asyncio.wait(others, timeout=0)
    others[1].cancel()
    await asyncio.wait([others[1]])
    disk.may_sync.set()
    offsets = [await task for task in (first, others[0], others[2])]
    assert offsets == [0, 1, 2]
    assert values(log) == [b"first", b"0", b"2"]


async def test_a_caller_that_gives_up_during_its_batch_changes_nothing(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """Its record is there; the next one follows it."""
    first = await held_up(disk, log)
    first.cancel()
    await asyncio.wait([first])
    disk.may_sync.set()
    assert await append(log, b"next") == 1
    assert values(log) == [b"first", b"next"]


async def test_a_full_disk_fails_the_callers_of_that_batch_only(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """With cause and remedy; no offset is lost, no half of a transaction is left, and the log goes on."""
    first = await held_up(disk, log)
    failing = [append(log, b"%d" % number) for number in range(3)]
    transaction = Transaction()
    transaction.append("t", 0, b"k", b"in transaction")
    transaction.put_rows("rows", 0, {b"k": b"v"})
    transaction.commit_offset("g", "t", 0, 5)
    submitted = log.submit(transaction)
    waiting: list[asyncio.Future[Any]] = [*failing, submitted]
    await asyncio.wait(waiting, timeout=0)
    disk.refuse = [f"{NO_SPACE}: While appending to file"]
    disk.may_sync.set()
    assert await first == 0
    for task in waiting:
        with pytest.raises(LogWriteError, match=r"nothing of this was written, no space left.*Free 32 MiB") as failed:
            await task
        assert not failed.value.may_exist
    assert "no space left" in (log.stats().trouble or "")
    assert (log.rows.get("rows", 0, b"k"), log.committed("g", "t", 0)) == (None, None)
    assert await append(log, b"next") == 1
    assert log.stats().trouble is None
    assert values(log) == [b"first", b"next"]


async def test_another_failure_makes_the_log_read_only(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """Until it is opened again; the reason is given to everybody who writes, and in the stats."""
    assert await append(log, b"first") == 0
    disk.refuse = ["IO error: While appending to file: File too large"]
    for _ in range(2):
        with pytest.raises(LogWriteError, match=r"File too large.*read-only until opened again"):
            await append(log, b"refused")
    assert disk.writes == 2, "RocksDB is not asked again"
    assert "File too large" in (log.stats().trouble or "")
    assert values(log) == [b"first"]


async def test_a_failed_sync_leaves_a_batch_in_doubt_and_ends_writing(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """Nobody knows what reached the disk; opened again, the log goes on after whatever is there, whole."""
    assert await append(log, b"first") == 0
    disk.fail_sync = "IO error: While fdatasync: Input/output error"
    transaction = Transaction()
    transaction.append("t", 0, b"k", b"in doubt")
    transaction.append("t", 0, b"k", b"in doubt")
    transaction.put_rows("rows", 0, {b"k": b"v"})
    with pytest.raises(LogWriteError, match=r"failed to make a write durable.*Input/output error") as failed:
        await log.commit(transaction)
    assert failed.value.may_exist
    disk.fail_sync = None
    with pytest.raises(LogWriteError, match="read-only"):
        await append(log, b"refused")
    assert values(log) == [b"first"]
    await log.close()
    again = EmbeddedLog.open(log.directory)
    left = values(again)
    assert (left[1:], again.rows.get("rows", 0, b"k")) in (([], None), ([b"in doubt"] * 2, b"v"))
    assert await append(again, b"next") == len(left)


async def test_a_stalled_disk_is_asked_again(log: EmbeddedLog, disk: FaultyDatabase) -> None:
    """RocksDB refuses instead of waiting with Python's lock held; the caller notices only the time."""
    disk.refuse = [f"{STALLED}: Write stall"] * 3
    assert await append(log, b"v") == 0
    assert disk.writes == 4
    assert values(log) == [b"v"]


async def test_a_stall_without_end_is_a_refusal(
    log: EmbeddedLog, disk: FaultyDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the patience is over, and the log goes on when the disk does."""
    monkeypatch.setattr("streams.transport.embedded.writer.STALL_PATIENCE", 0.01)
    disk.refuse = [f"{STALLED}: Write stall"] * 3
    with pytest.raises(LogWriteError, match="too slow"):
        await append(log, b"v")
    disk.refuse = []
    assert await append(log, b"v") == 0


async def test_a_refused_topic_is_not_created(log: EmbeddedLog, tmp_path: Path) -> None:
    """It fails as other writes do."""
    real = log._database

    class Full:
        def put(self, *_: object) -> None:
            raise Exception(f"{NO_SPACE}: While appending to file")

    log._database = Full()
    with pytest.raises(LogWriteError, match="no space left"):
        log.create_topic("new", TopicConfig(1))
    log._database = real
    assert log.topics() == {"t": TopicConfig(1)}


def test_an_event_loop_that_ends_before_a_write_leaves_nothing_of_it(tmp_path: Path) -> None:
    """The next one writes as if it had not been."""
    log = EmbeddedLog.open(tmp_path)
    log.create_topic("t", TopicConfig(1))

    async def leave() -> None:
        transaction = Transaction()
        transaction.append("t", 0, b"k", b"left")
        log.submit(transaction)
        task = log._writer._task
        assert task is not None
        task.cancel()  # as the end of the loop does, here surely before the task's first step

    async def come_back() -> None:
        assert await append(log, b"v") == 0
        assert values(log) == [b"v"]
        await log.close()

    for life in (leave, come_back):
        with asyncio.Runner() as runner:
            runner.run(life())


def test_an_event_loop_that_ends_during_a_write_leaves_no_offset_given_twice(tmp_path: Path) -> None:
    """The log refuses to write on in another loop, because it does not know what is there."""
    log = EmbeddedLog.open(tmp_path)
    log.create_topic("t", TopicConfig(1))
    disk = with_faults(log)

    async def leave() -> None:
        await held_up(disk, log)

    with asyncio.Runner() as runner:
        runner.run(leave())
    disk.may_sync.set()

    async def come_back() -> None:
        with pytest.raises(LogWriteError, match="open the log again"):
            await append(log, b"second")
        await log.close()
        again = EmbeddedLog.open(tmp_path)
        left = values(again)
        assert left in ([], [b"first"])
        assert await append(again, b"next") == len(left)
        await again.close()

    with asyncio.Runner() as runner:
        runner.run(come_back())
