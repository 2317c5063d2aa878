"""The simulated processes: time that jumps, messages in order, death and frost."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulation.loop import Line, Process, Stuck, World


def test_time_passes_only_where_somebody_waits() -> None:
    """Alarms come in their order, at their time."""
    world, told = World(1), list[tuple[str, float]]()
    process = Process(world, "p")

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        told.append((name, round(world.now)))

    for name, seconds in (("late", 5000.0), ("early", 10.0)):
        process.spawn(sleeper(name, seconds))
    world.run(6000.0)
    assert told == [("early", 10), ("late", 5000)]


def test_messages_of_a_line_come_in_order() -> None:
    """Whatever each takes."""
    world, came = World(1), list[int]()
    process, line = Process(world, "p"), Line()
    for number in range(20):
        world.post(process, 1.0 - number / 100, line, came.append, number)
    world.run(2.0)
    assert came == list(range(20))


def test_who_is_frozen_hears_of_it_later_and_in_order() -> None:
    """What came meanwhile is not lost; time has passed."""
    world, came = World(1), list[tuple[int, bool]]()
    process, line = Process(world, "p"), Line()
    process.freeze()
    for number in range(20):
        world.post(process, 0.1, line, lambda number=number: came.append((number, world.now >= 7.0)))
    world.run(7.0)
    assert came == []
    world.thaw(process)
    world.post(process, 0.0, line, lambda: came.append((20, True)))
    world.run(8.0)
    assert came == [(number, True) for number in range(21)]


def test_the_dead_do_nothing() -> None:
    """Nor do their tasks when they are buried, but for cleaning up."""
    world, did = World(1), list[str]()
    process = Process(world, "p")

    async def work() -> None:
        try:
            await asyncio.sleep(1.0)
            did.append("worked")
        finally:
            did.append("cleaned up")

    process.spawn(work())
    world.run(0.5)
    process.kill()
    world.run(5.0)
    assert did == []
    process.bury()
    assert did == ["cleaned up"]


def test_who_never_waits_is_stuck() -> None:
    """An endless loop is found, not suffered."""
    world = World(1)
    process = Process(world, "p")

    async def spin() -> None:
        while True:  # noqa: ASYNC110  (it shall spin)
            await asyncio.sleep(0)

    process.spawn(spin())
    with pytest.raises(Stuck):
        world.run(1.0)
    process.bury()


def test_what_fails_unheard_is_heard_of() -> None:
    """An exception in a callback is a complaint."""
    world = World(1)
    process = Process(world, "p")
    world.post(process, 0.0, None, lambda: 1 // 0)
    world.run(1.0)
    assert len(world.complaints) == 1
    assert "ZeroDivisionError" in world.complaints[0]
