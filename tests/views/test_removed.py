"""Who is removed while a read waits for the history sees nothing of what was written since."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.http import Answer, Site, Space
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def removed_while(site: Site, space: Space, eve: Space, method: str, path: str, **more: Any) -> Answer:
    """What is answered to a member who is removed while the history is waited for, and much is written since."""
    await site.settled(space)
    async with site.held(space, "audit"):
        await space.patch("/tasks/milk", {"title": "Before"})
        reading = asyncio.create_task(eve.send(method, path, **more))
        await until(lambda: site.readers() == 1)
        await space.delete("/members/eve")
        await space.patch("/tasks/milk", {"title": "Secret"})
    return await reading


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/events", {}),
        ("/audit", {}),
        ("/audit/verify", {}),
        ("/tasks/milk/history", {}),
        ("/tasks/milk", {"as_of": "3"}),
        ("/tasks", {"as_of": "3"}),
        ("", {"as_of": "3"}),
    ],
)
async def test_reads_of_the_past(site: Site, space: Space, path: str, query: dict[str, str]) -> None:
    """To them there is no such workspace any more."""
    await space.task(task="milk")
    eve = await space.joined("eve", "editor")
    answer = await removed_while(site, space, eve, "GET", path, **query)
    answer.problem(404, "not-found")


async def test_conflicts(site: Site, space: Space) -> None:
    """A refusal that was decided before says that it was refused, and nothing of what stands in the way."""
    await space.task(task="milk")
    eve = await space.joined("eve", "editor")
    stale = {"If-Match": '"1"'}
    answer = await removed_while(site, space, eve, "PATCH", "/tasks/milk", body={"title": "Mine"}, headers=stale)
    assert answer.problem(412, "version-conflict")["conflicts"] == []


async def test_undo(site: Site, space: Space) -> None:
    """The command that is to be undone is not even looked up."""
    await space.task(task="milk")
    eve = await space.joined("eve", "editor")
    answer = await removed_while(site, space, eve, "POST", "/tasks/milk/undo", body={"position": 2})
    answer.problem(404, "not-found")
