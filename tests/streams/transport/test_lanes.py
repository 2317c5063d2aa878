"""Lanes: order within a partition, no waiting between partitions, a bound on what waits."""

import asyncio
from collections.abc import Sequence

import pytest

from streams.fold import Linger, Record
from streams.runner import BATCH
from streams.transport.lanes import ROOM_BYTES, ROOM_RECORDS, Lane
from tests.support.waiting import until


def records(start: int, count: int, size: int = 1) -> list[Record]:
    """Records from an offset on."""
    return [Record(offset, 0, b"k", b"x" * size, ()) for offset in range(start, start + count)]


class Fold:
    """Folds when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.left = 0
        self.goes_on = True
        self._steps = asyncio.Semaphore(0)

    async def __call__(self, batch: Sequence[Record]) -> bool:
        """Waits for a step."""
        self.batches.append([record.offset for record in batch])
        await self._steps.acquire()
        return self.goes_on

    def let(self) -> None:
        """Lets one batch be folded."""
        self._steps.release()

    def tell(self) -> None:
        """A batch has been folded."""
        self.left += 1

    def lane(self, linger: Linger | None = None) -> Lane:
        """A lane into this fold."""
        return Lane(self, self.tell, linger)


async def settled() -> None:
    """Everything that can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def finished(lane: Lane) -> None:
    """Waits for the lane's work, if there is any."""
    if lane.work is not None:
        await asyncio.wait_for(lane.work, 5)


async def test_what_comes_meanwhile_is_the_next_batch() -> None:
    """In order, all at once."""
    fold = Fold()
    lane = fold.lane()
    lane.put(records(0, 2))
    await settled()
    lane.put(records(2, 2))
    lane.put(records(4, 1))
    fold.let()
    fold.let()
    await finished(lane)
    assert fold.batches == [[0, 1], [2, 3, 4]]
    assert fold.left == 2


async def test_a_batch_is_bounded() -> None:
    """However much there is, a batch takes only so much."""
    fold = Fold()
    lane = fold.lane()
    lane.put(records(0, BATCH + 3))
    fold.let()
    fold.let()
    await finished(lane)
    assert [len(batch) for batch in fold.batches] == [BATCH, 3]


@pytest.mark.parametrize(("count", "size"), [(ROOM_RECORDS + 1, 1), (5, ROOM_BYTES // 4)])
async def test_full(count: int, size: int) -> None:
    """Too many records, or too many bytes; it says so until some are folded, and what is in hand does not count."""
    fold = Fold()
    lane = fold.lane()
    said = [lane.full]
    lane.put(records(0, count, size))
    said.append(lane.full)
    while lane.work is not None:
        fold.let()
        await settled()
    assert [*said, lane.full] == [False, True, False]
    assert [offset for batch in fold.batches for offset in batch] == list(range(count))


async def test_emptied() -> None:
    """What waits is forgotten, the batch in hand is not, and the lane can be used again."""
    fold = Fold()
    lane = fold.lane()
    lane.put(records(0, 1))
    await settled()
    lane.put(records(1, 5))
    lane.empty()
    fold.let()
    await finished(lane)
    lane.put(records(7, 1))
    fold.let()
    await finished(lane)
    assert fold.batches == [[0], [7]]


async def test_emptied_it_has_room() -> None:
    """Or its partition would never be fetched again."""
    fold = Fold()
    lane = fold.lane()
    lane.put(records(0, 1))
    await settled()
    lane.put(records(1, 5, ROOM_BYTES // 4))
    said = [lane.full]
    lane.empty()
    lane.put(records(1, 3, ROOM_BYTES // 4))
    assert [*said, lane.full] == [True, False]
    for _ in range(2):
        fold.let()
    await finished(lane)


async def test_a_fold_that_stops() -> None:
    """Nothing more is folded of what waits."""
    fold = Fold()
    fold.goes_on = False
    lane = fold.lane()
    lane.put(records(0, BATCH + 1))
    fold.let()
    await finished(lane)
    assert len(fold.batches) == 1


async def test_who_lingers_collects() -> None:
    """Until the time is over."""
    fold = Fold()
    lane = fold.lane(Linger(0.05, asyncio.Event()))
    for number in range(3):
        lane.put(records(number, 1))
        await settled()
    assert fold.batches == []
    fold.let()
    await finished(lane)
    assert fold.batches == [[0, 1, 2]]
    await settled()
    assert len(asyncio.all_tasks()) == 1  # nothing is left of what was waited for


async def test_nobody_is_kept_waiting() -> None:
    """Somebody who waits, before or after the records came, ends the lingering."""
    for early in (True, False):
        fold, awaited = Fold(), asyncio.Event()
        lane = fold.lane(Linger(60, awaited))
        if early:
            awaited.set()
        lane.put(records(0, 1))
        await settled()
        awaited.set()
        fold.let()
        await finished(lane)
        assert fold.batches == [[0]]


async def test_a_whole_batch_does_not_linger() -> None:
    """What is left of it does."""
    fold = Fold()
    lane = fold.lane(Linger(60, asyncio.Event()))
    lane.put(records(0, BATCH - 1))
    await settled()
    assert fold.batches == []
    lane.put(records(BATCH - 1, 3))
    fold.let()
    await settled()
    assert [len(batch) for batch in fold.batches] == [BATCH]
    assert lane.work is not None
    lane.empty()
    await finished(lane)
    assert len(fold.batches) == 1


async def test_a_stop_does_not_wait_for_who_lingers() -> None:
    """Emptied, it ends at once, and no empty batch is folded; it can be used again."""
    fold, linger = Fold(), Linger(60, asyncio.Event())
    lane = fold.lane(linger)
    lane.put(records(0, 1))
    await settled()
    lane.empty()
    await finished(lane)
    assert fold.batches == []
    lane.put(records(1, 1))
    await settled()
    linger.awaited.set()
    fold.let()
    await finished(lane)
    assert fold.batches == [[1]]


async def test_the_end_of_lingering() -> None:
    """Everything that waits is folded, at once, and so is what still comes."""
    fold = Fold()
    lane = fold.lane(Linger(60, asyncio.Event()))
    lane.put(records(0, 2))
    await settled()
    lane.end()
    fold.let()
    fold.let()
    await finished(lane)
    lane.put(records(2, 1))
    await finished(lane)
    assert fold.batches == [[0, 1], [2]]


async def test_the_oldest_record_is_told() -> None:
    """That of the batch in hand, and of one that could not be folded; else the first that waits; else none."""
    fold = Fold()
    lane = Lane(fold, fold.tell)
    first, second = Record(0, 1_000, b"k", b"", ()), Record(1, 2_000, b"k", b"", ())
    await until(lambda: lane.oldest_ms is None)
    lane.put([first])
    await until(lambda: fold.batches and lane.oldest_ms == 1_000)
    lane.put([second])
    await until(lambda: lane.oldest_ms == 1_000)
    fold.let()
    await until(lambda: lane.oldest_ms == 2_000)
    fold.goes_on = False
    fold.let()
    await until(lambda: lane.work is None and lane.oldest_ms == 2_000)
