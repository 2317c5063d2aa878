"""Commands of a client that wait for their outcomes."""

from __future__ import annotations

import asyncio

from tasksys.client.commands import AT_ONCE, Commands
from tasksys.client.messages import Outcome
from tests.support.http import BOUND


async def test_one_command_asked_for_twice_has_one_outcome() -> None:
    """Also where both had to wait for a place: neither waits for ever, and the places are free again."""
    commands = Commands()
    for number in range(AT_ONCE):
        await commands.add("CreateTask", f"c{number}", {})
    both = [asyncio.create_task(commands.add("CreateTask", "twice", {})) for _ in range(2)]
    await asyncio.sleep(0)
    for number in range(AT_ONCE):
        commands.decided(Outcome(f"c{number}", "accepted", [], None))
    async with asyncio.timeout(BOUND):
        (_, first), (_, second) = await asyncio.gather(*both)
        commands.decided(Outcome("twice", "accepted", [], None))
        assert (await first).id == (await second).id == "twice"
        for number in range(AT_ONCE):
            await commands.add("CreateTask", f"d{number}", {})
