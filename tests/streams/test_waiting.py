"""Who waits is woken once, and leaves nothing behind."""

import asyncio
import time

import pytest

from streams.waiting import OutcomeWaiters, PositionWaiters
from tasksys.errors import Moved
from tasksys.outcomes import Decided, Outcome, OutcomeStatus


def decided(request: str) -> Decided:
    """An outcome for a request."""
    return Decided(request, Outcome(request, "olga", OutcomeStatus.ACCEPTED, "x"), (), replayed=False)


async def test_each_request_gets_its_outcome() -> None:
    """Outcomes of others, and of requests that were forgotten, do nothing."""
    waiters = OutcomeWaiters()
    first, second = waiters.expect("first", "w"), waiters.expect("second", "w")
    waiters.forget("second")
    waiters.tell([decided("other"), decided("first"), decided("first"), decided("second")])
    found = await first
    assert found is not None
    assert found.outcome.id == "first"
    assert not second.done()
    assert len(waiters) == 0


async def test_a_waiter_that_gave_up_is_no_harm() -> None:
    """Its future is cancelled and still known when the outcome comes."""
    waiters = OutcomeWaiters()
    waiters.expect("gone", "w").cancel()
    waiters.tell([decided("gone")])
    assert len(waiters) == 0


async def test_who_waits_for_another_worker_is_told_so() -> None:
    """At once, and also who begins to wait later; workspaces that stay here, or are back, are waited for."""
    waiters = OutcomeWaiters()
    gone, stays, given_up = (waiters.expect(name, name) for name in ("gone", "stays", "given up"))
    given_up.cancel()
    waiters.leave(lambda workspace: workspace != "stays")
    with pytest.raises(Moved):
        await gone
    with pytest.raises(Moved):
        await waiters.expect("later", "gone")
    assert len(waiters) == 1
    waiters.tell([decided("stays")])
    assert await stays is not None
    waiters.leave(lambda workspace: False)
    waiters.expect("back", "gone")
    assert len(waiters) == 1


async def test_positions_of_others_are_not_waited_for() -> None:
    """Readers look again at once, and find that the workspace has moved."""
    waiters = PositionWaiters()
    gone, stays = waiters.reach("gone", 5, 10), waiters.reach("stays", 5, 10)
    waiters.leave(lambda workspace: workspace == "gone")
    assert await gone is False
    assert not stays.done()
    waiters.tell("stays", 5)
    assert await stays
    await asyncio.sleep(0)
    assert not waiters._waiting


async def test_a_position_wakes_all_that_it_reaches() -> None:
    """And nobody who waits for more, or for another workspace."""
    waiters = PositionWaiters()
    reached = [waiters.reach("w", position, 10) for position in (1, 2, 3)]
    other = waiters.reach("other", 1, 10)
    await asyncio.sleep(0)
    waiters.tell("w", 2)
    assert await reached[0]
    assert await reached[1]
    assert not reached[2].done()
    waiters.tell("w", 5)
    assert await reached[2]
    assert not other.done()
    other.cancel()
    await asyncio.wait({other})
    assert not waiters._waiting


async def test_a_bound_is_kept_and_leaves_nothing() -> None:
    """Readers of a position that never comes do not pile up."""
    waiters = PositionWaiters()
    staying = waiters.reach("w", 9, 10)
    await asyncio.sleep(0)
    assert await waiters.reach("w", 9, 0.001) is False
    assert len(waiters._waiting["w"]) == 1
    waiters.tell("w", 9)
    assert await staying
    assert not waiters._waiting


async def test_who_is_called_off_before_a_first_step_leaves_nothing() -> None:
    """Nor does it keep anybody in a hurry: what is awaited by nobody may linger."""
    waiters = PositionWaiters()
    waiting = asyncio.ensure_future(waiters.reach("w", 9, 10))
    assert waiters.awaited.is_set()
    waiting.cancel()
    await asyncio.wait({waiting})
    assert not waiters._waiting
    assert not waiters.awaited.is_set()


async def given_up(count: int) -> float:
    """Seconds of the processor that it takes so many readers of one workspace to go away at once."""
    waiters = PositionWaiters()
    waiting = [waiters.reach("w", 9, 10) for _ in range(count)]
    before = time.process_time()
    for one in waiting:
        one.cancel()
    await asyncio.wait(waiting)
    assert not waiters._waiting
    return time.process_time() - before


async def test_many_who_go_away_at_once_hold_nobody_up() -> None:
    """Twenty times as many take about twenty times as long: 10,000 took a second, in one round of the loop."""
    few = min([await given_up(250) for _ in range(5)])
    many = min([await given_up(5_000) for _ in range(3)])
    assert many < 80 * few
