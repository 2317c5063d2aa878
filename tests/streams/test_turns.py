"""Long jobs in slices: everything else goes on between them, one job a round."""

import asyncio
from collections.abc import Callable, Generator, Iterator

import pytest

from streams import turns
from streams.turns import Turns, to_the_end

STEPS = 50


@pytest.fixture(autouse=True)
def smallest_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is a slice."""
    monkeypatch.setattr(turns, "SLICE", -1.0)


def steps(count: int, done: Callable[[], None]) -> Generator[None, None, int]:
    """A job of so many steps."""
    for _ in range(count):
        done()
        yield
    return count


async def test_the_result_is_the_generators() -> None:
    """However often others had their turn."""
    assert await Turns().finish(steps(STEPS, lambda: None)) == STEPS
    assert [item async for item in Turns().over(range(STEPS))] == list(range(STEPS))


async def test_others_go_on_meanwhile() -> None:
    """Between any two steps the loop has had a round."""
    rounds, seen = 0, list[int]()

    async def others() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    await Turns().finish(steps(STEPS, lambda: seen.append(rounds)))
    beside.cancel()
    assert sorted(set(seen)) == seen


async def test_one_job_a_round() -> None:
    """Many jobs at once hold nobody up for longer than one does, and each gets its turn."""
    order, rounds, turn = list[tuple[int, int]](), 0, Turns()

    async def others() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    def job(number: int) -> Generator[None, None, int]:
        return steps(STEPS, lambda: order.append((rounds, number)))

    beside = asyncio.create_task(others())
    await asyncio.gather(*(turn.finish(job(number)) for number in range(4)))
    beside.cancel()
    later = [at for at, _ in order[4:]]  # each begins at once
    assert len(set(later)) == len(later)
    assert [number for _, number in order] == [0, 1, 2, 3] * STEPS


async def test_a_job_that_is_called_off_does_not_hold_up_the_others() -> None:
    """Its turn goes to the next one, and its generator is closed."""
    turn, closed = Turns(), list[bool]()

    def endless() -> Iterator[None]:
        try:
            while True:
                yield
        finally:
            closed.append(True)

    async def job() -> None:
        async for _ in turn.over(endless()):
            pass

    first, second = asyncio.create_task(job()), asyncio.create_task(turn.finish(steps(STEPS, lambda: None)))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == STEPS
    with pytest.raises(asyncio.CancelledError):
        await first
    assert closed == [True]


async def test_to_the_end() -> None:
    """However often it is called off: what follows uses what the work uses."""
    goes_on, ended = asyncio.Event(), list[bool]()

    async def work() -> None:
        await goes_on.wait()
        ended.append(True)

    working = asyncio.create_task(to_the_end(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        working.cancel()
    await asyncio.sleep(0)
    assert not working.done()
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert ended == [True]
