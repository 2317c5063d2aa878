"""Checklists over HTTP: lines of a task, in the order of the list."""

from __future__ import annotations

import pytest

from tests.support.http import Space

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def listed(space: Space) -> str:
    """The path of a task's checklist."""
    return f"/tasks/{(await space.task())['id']}/checklist"


async def test_items_are_added_ticked_and_removed(space: Space) -> None:
    """Each answer shows the whole task; the list shows the items, and the task's ETag."""
    path = await listed(space)
    added = await space.post(path, {"title": "Eggs", "item": "eggs"})
    assert added.status == 201
    assert added.ok["checklist"] == [{"id": "eggs", "title": "Eggs", "done": False}]
    await space.post(path, {"title": "Flour", "item": "flour", "done": True})
    ticked = await space.patch(f"{path}/eggs", {"done": True})
    assert ticked.ok["checklist"] == [
        {"id": "eggs", "title": "Eggs", "done": True},
        {"id": "flour", "title": "Flour", "done": True},
    ]
    renamed = await space.patch(f"{path}/eggs", {"title": "Six eggs"})
    assert renamed.ok["checklist"][0] == {"id": "eggs", "title": "Six eggs", "done": True}
    read = await space.get(path)
    assert read.ok == {"items": renamed.ok["checklist"], "position": renamed.position}
    assert read.etag == renamed.etag == '"5"'
    removed = await space.delete(f"{path}/eggs")
    assert [one["id"] for one in removed.ok["checklist"]] == ["flour"]


async def test_tasks_are_found_by_what_is_unticked(space: Space) -> None:
    """The filter counts items that are not done."""
    path = await listed(space)
    await space.post(path, {"title": "Eggs", "item": "eggs"})
    assert len((await space.get("/tasks", filter="unchecked > 0")).ok["items"]) == 1
    await space.patch(f"{path}/eggs", {"done": True})
    assert (await space.get("/tasks", filter="unchecked > 0")).ok["items"] == []


async def test_what_is_wrong_with_an_item(space: Space) -> None:
    """Fields are pointed to, unknown items are 404, a second one of the same id is refused."""
    path = await listed(space)
    (await space.post(path, {})).invalid("/title")
    (await space.post(path, {"title": "a\nb"})).invalid("/title")
    (await space.post(path, {"title": "A", "done": "yes"})).invalid("/done")
    (await space.patch(f"{path}/nope", {"done": True})).problem(404, "not-found")
    (await space.delete(f"{path}/nope")).problem(404, "not-found")
    await space.post(path, {"title": "Eggs", "item": "eggs"})
    (await space.post(path, {"title": "Eggs", "item": "eggs"})).problem(409, "already-exists")
    (await space.get("/tasks/nope/checklist")).problem(404, "not-found")


async def test_a_stale_tick_is_refused(space: Space) -> None:
    """If-Match is about the task's version."""
    path = await listed(space)
    await space.post(path, {"title": "Eggs", "item": "eggs"})
    stale = await space.patch(f"{path}/eggs", {"done": True}, headers={"If-Match": '"1"'})
    stale.problem(412, "version-conflict")


async def test_viewers_only_look(space: Space) -> None:
    """A viewer reads the list and cannot tick."""
    path = await listed(space)
    await space.post(path, {"title": "Eggs", "item": "eggs"})
    vera = await space.joined("vera", "viewer")
    assert len((await vera.get(path)).ok["items"]) == 1
    (await vera.patch(f"{path}/eggs", {"done": True})).problem(403, "forbidden")


async def test_a_list_is_only_so_long(space: Space) -> None:
    """The 201st item is refused with the bound."""
    path = await listed(space)
    task = path.split("/")[2]
    for start in (0, 100):
        batch = [{"type": "AddChecklistItem", "task": task, "title": f"Item {start + n}"} for n in range(100)]
        sent = (await space.post("/commands", {"commands": batch})).ok
        assert {one["status"] for one in sent["items"]} == {"accepted"}
    assert "200" in (await space.post(path, {"title": "One more"})).problem(422, "limit-exceeded")["detail"]


async def test_one_item_is_read(space: Space) -> None:
    """The one in the address, with the version of its task."""
    path = await listed(space)
    made = await space.post(path, {"title": "Two litres", "item": "two"})
    read = await space.get(f"{path}/two")
    assert (read.ok, read.etag, read.position) == (
        {"id": "two", "title": "Two litres", "done": False}, made.etag, made.position,
    )  # fmt: skip
    (await space.get(f"{path}/nope")).problem(404, "not-found")
    (await space.get("/tasks/nope/checklist/two")).problem(404, "not-found")
    await space.delete(f"{path}/two")
    (await space.get(f"{path}/two")).problem(404, "not-found")
