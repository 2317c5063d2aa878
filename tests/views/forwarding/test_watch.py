"""Who waits for another worker hears that the workspace has moved, whatever became of others that waited."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from tasksys.ownership import Ownership
from tests.support.http import BOUND
from tests.support.workers import Believing
from views.forwarding.watch import Watch
from views.ports import System

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def told(watch: Watch) -> None:
    """Returns when somebody who waits for a worker that has nothing any more is told so."""
    moved = asyncio.Event()
    async with asyncio.timeout(BOUND):
        with watch.over(0, "before", moved.set):
            await moved.wait()


async def test_one_that_cannot_be_told() -> None:
    """It is the loop's to tell of; all others hear of it."""
    watch = Watch(cast("System", Believing(None, "now")))
    faults: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))

    def fails() -> None:
        raise RuntimeError("it ends already")

    with watch.over(0, "before", fails):
        await told(watch)
    await told(watch)
    assert [type(one) for one in faults] == [RuntimeError]


async def test_a_look_that_fails() -> None:
    """The next one does not."""
    believing = Believing(None, "now")
    looks = 0

    class Once:
        def ownership(self) -> Ownership:
            nonlocal looks
            looks += 1
            if looks == 1:
                raise RuntimeError("not now")
            return believing.ownership()

    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    await told(Watch(cast("System", Once())))
    assert looks == 2
