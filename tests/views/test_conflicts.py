"""What stands in the way of a command is shown within bounds."""

from __future__ import annotations

import pytest

from tests.support.http import Space
from views import conflicts

pytestmark = pytest.mark.asyncio(loop_scope="module")

STALE = {"If-Match": '"1"'}


async def edited(space: Space, path: str, times: int) -> None:
    """Large texts, one after the other."""
    for number in range(times):
        await space.patch(path, {"description": f"{number}" + "x" * 60_000})


async def test_a_problem_has_a_size(space: Space) -> None:
    """The oldest events of a task that fit are shown, and of the others their number is."""
    await space.task(task="milk")
    await edited(space, "/tasks/milk", 8)
    refused = await space.patch("/tasks/milk", {"title": "Mine"}, headers=STALE)
    problem = refused.problem(412, "version-conflict")
    assert [one["version"] for one in problem["conflicts"]] == [2, 3]
    assert problem["conflicts_left_out"] == 6
    assert len(refused.raw) <= conflicts.BYTES + 1_000


async def test_the_newest_of_a_project(space: Space) -> None:
    """Of a project those that are left out are the older ones."""
    await space.project(project="home")
    await edited(space, "/projects/home", 4)
    refused = await space.patch("/projects/home", {"name": "Mine"}, headers=STALE)
    problem = refused.problem(412, "version-conflict")
    assert [one["version"] for one in problem["conflicts"]] == [4, 5]
    assert problem["conflicts_left_out"] == 2


async def test_a_batch_shares_the_size(space: Space) -> None:
    """Many commands that are refused for the same reason do not repeat it at length."""
    await space.task(task="milk")
    await edited(space, "/tasks/milk", 3)
    stale = {"type": "EditTask", "task": "milk", "title": "Mine", "expected_version": 1}
    answer = await space.post("/commands", {"commands": [stale] * 20})
    problems = [one["problem"] for one in answer.ok["items"]]
    assert [len(one["conflicts"]) for one in problems] == [2, 1, *[0] * 18]
    assert [one["conflicts_left_out"] for one in problems] == [1, 2, *[3] * 18]
    assert len(answer.raw) <= conflicts.BYTES + 20 * 1_000


async def test_what_is_looked_at_has_a_size(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the texts of other things are that were edited since: those of a project have no index."""
    await space.project(project="home")
    await space.task(task="milk")
    await space.patch("/projects/home", {"name": "Ours"})
    await edited(space, "/tasks/milk", 3)
    for bound, shown in ((500_000, [2]), (200_000, [])):
        monkeypatch.setattr(conflicts, "SCANNED_BYTES", bound)
        refused = await space.patch("/projects/home", {"name": "Mine"}, headers=STALE)
        problem = refused.problem(412, "version-conflict")
        assert [one["version"] for one in problem["conflicts"]] == shown
