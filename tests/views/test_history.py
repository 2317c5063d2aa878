"""A task's history over HTTP: what happened to it, oldest first, with before and after."""

from __future__ import annotations

import pytest

from tests.support.http import ENTRY, Json, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def told(space: Space) -> Json:
    """A task to which several things happened, and something to another one in between."""
    task = await space.task("Milk", labels=["shop"])
    path = f"/tasks/{task['id']}"
    await space.patch(path, {"title": "Oat milk", "labels": ["shop", "urgent"]})
    other = await space.task("Bread")
    await space.post(f"{path}/links", {"link": "relates", "other": other["id"]})
    await space.post(f"{path}/comments", {"body": "Two, please", "comment": "two"})
    await space.post(f"{path}/complete")
    return task


async def test_what_happened_to_a_task(space: Space) -> None:
    """Its entries only, in order, each with its changes."""
    task = await told(space)
    page = (await space.get(f"/tasks/{task['id']}/history")).ok
    assert page.keys() == {"items", "next_cursor", "position"}
    assert all(one.keys() == ENTRY for one in page["items"])
    assert all(one["task"] == task["id"] for one in page["items"])
    changes = [(one["type"], one["changes"]) for one in page["items"]]
    assert changes[1:] == [
        ("TaskEdited", [{"field": "title", "before": "Milk", "after": "Oat milk"}]),
        ("TaskLabelled", [{"field": "labels/urgent", "before": False, "after": True}]),
        ("LinkAdded", [{"field": f"links/relates/{(await bread(space))['id']}", "before": False, "after": True}]),
        ("CommentAdded", [{"field": "comments/two", "before": None, "after": "Two, please"}]),
        ("TaskCompleted", [{"field": "status", "before": "open", "after": "done"}]),
    ]
    assert changes[0][0] == "TaskCreated"
    assert {"field": "title", "before": None, "after": "Milk"} in changes[0][1]
    assert page["next_cursor"] is None
    assert page["position"] == await space.position()


async def bread(space: Space) -> Json:
    """The other task."""
    (found,) = (await space.get("/tasks", q="bread")).ok["items"]
    return dict(found)


async def test_pages_of_history(space: Space) -> None:
    """The cursor goes on after the last entry shown."""
    task = await told(space)
    path = f"/tasks/{task['id']}/history"
    whole = (await space.get(path)).ok["items"]
    first = (await space.get(path, limit=4)).ok
    second = (await space.get(path, limit=4, cursor=first["next_cursor"])).ok
    assert (await space.get(path, limit=4, after=first["next_cursor"])).ok == second
    (await space.get(path, after=1, cursor=1)).problem(400, "bad-parameter")
    assert [*first["items"], *second["items"]] == whole
    assert (len(first["items"]), second["next_cursor"]) == (4, None)


async def test_one_command_may_be_several_entries(space: Space) -> None:
    """They have the command's name in common, and positions of their own."""
    task = await told(space)
    entries = (await space.get(f"/tasks/{task['id']}/history")).ok["items"]
    assert entries[1]["command"] == entries[2]["command"] != entries[3]["command"]
    assert entries[1]["position"] + 1 == entries[2]["position"]


async def test_history_of_what_is_not_there(space: Space) -> None:
    """An unknown task is 404; a trashed one still has its history."""
    (await space.get("/tasks/nope/history")).problem(404, "not-found")
    task = await told(space)
    await space.delete(f"/tasks/{task['id']}")
    entries = (await space.get(f"/tasks/{task['id']}/history")).ok["items"]
    assert entries[-1]["changes"] == [{"field": "trashed", "before": False, "after": True}]


@pytest.mark.parametrize(("name", "value"), [("limit", "201"), ("limit", "0"), ("after", "x")])
async def test_bounds(space: Space, name: str, value: str) -> None:
    """A parameter out of its bounds is named."""
    task = await space.task()
    refused = await space.get(f"/tasks/{task['id']}/history", **{name: value})
    assert refused.problem(400, "bad-parameter")["parameter"] == name
