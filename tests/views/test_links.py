"""Links between tasks over HTTP: each end shows its own side."""

from __future__ import annotations

import pytest

from tests.support.http import Space

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def two(space: Space) -> tuple[str, str]:
    """The ids of two tasks."""
    return (await space.task("Bake"))["id"], (await space.task("Eat"))["id"]


@pytest.mark.parametrize(
    ("link", "opposite"),
    [("blocks", "blocked-by"), ("blocked-by", "blocks"), ("relates", "relates"), ("duplicates", "duplicated-by")],
)
async def test_a_link_has_two_sides(space: Space, link: str, opposite: str) -> None:
    """Both tasks get theirs, and both lose it."""
    bake, eat = await two(space)
    linked = await space.post(f"/tasks/{bake}/links", {"link": link, "other": eat})
    assert linked.status == 201
    assert linked.ok["links"] == [{"type": link, "task": eat}]
    assert (await space.get(f"/tasks/{eat}")).ok["links"] == [{"type": opposite, "task": bake}]
    unlinked = await space.delete(f"/tasks/{bake}/links/{link}/{eat}")
    assert (unlinked.status, unlinked.ok["links"]) == (200, [])
    assert (await space.get(f"/tasks/{eat}")).ok["links"] == []


async def test_a_link_is_made_as_it_is_shown(space: Space) -> None:
    """What a task shows under `links` can be sent as it is."""
    bake, eat = await two(space)
    linked = await space.post(f"/tasks/{bake}/links", {"type": "blocks", "task": eat})
    assert linked.ok["links"] == [{"type": "blocks", "task": eat}]
    (await space.post(f"/tasks/{bake}/links", {"type": "likes", "task": eat})).invalid("/type")
    (await space.post(f"/tasks/{bake}/links", {"type": "blocks", "task": bake})).invalid("/task")
    (await space.post(f"/tasks/{bake}/links", {"type": "blocks"})).invalid("/task")
    (await space.post(f"/tasks/{bake}/links", {"link": "relates", "task": eat})).invalid("/task")


async def test_links_are_made_and_taken_once(space: Space) -> None:
    """A link that is there, or gone, already is no event."""
    bake, eat = await two(space)
    linked = await space.post(f"/tasks/{bake}/links", {"link": "blocks", "other": eat})
    again = await space.post(f"/tasks/{bake}/links", {"link": "blocks", "other": eat})
    assert again.ok == linked.ok
    assert (await space.delete(f"/tasks/{bake}/links/relates/{eat}")).ok == linked.ok


async def test_a_blocked_task_is_found(space: Space) -> None:
    """It is blocked as long as the other one is open."""
    bake, eat = await two(space)
    await space.post(f"/tasks/{bake}/links", {"link": "blocks", "other": eat})
    blocked = (await space.get("/tasks", filter="blocked = true")).ok["items"]
    assert [one["id"] for one in blocked] == [eat]
    await space.post(f"/tasks/{bake}/complete")
    assert (await space.get("/tasks", filter="blocked = true")).ok["items"] == []


async def test_what_is_wrong_with_a_link(space: Space) -> None:
    """A task cannot be linked to itself, to nothing, or both ways round."""
    bake, eat = await two(space)
    path = f"/tasks/{bake}/links"
    (await space.post(path, {"link": "blocks", "other": bake})).invalid("/other")
    (await space.post(path, {"link": "blocks", "other": "nope"})).problem(404, "not-found")
    (await space.post(path, {"link": "likes", "other": eat})).invalid("/link")
    (await space.post(path, {"link": "blocks"})).invalid("/other")
    (await space.delete(f"{path}/likes/{eat}")).invalid("/link")
    (await space.delete(f"{path}/blocks/nope")).problem(404, "not-found")
    await space.post(path, {"link": "blocks", "other": eat})
    (await space.post(path, {"link": "blocked-by", "other": eat})).invalid("/link")


async def test_links_count_for_both_versions(space: Space) -> None:
    """If-Match is about the task in the address."""
    bake, eat = await two(space)
    await space.post(f"/tasks/{bake}/links", {"link": "relates", "other": eat})
    stale = await space.delete(f"/tasks/{eat}/links/relates/{bake}", headers={"If-Match": '"1"'})
    assert [one["type"] for one in stale.problem(412, "version-conflict")["conflicts"]] == ["LinkAdded"]
    assert (await space.delete(f"/tasks/{eat}/links/relates/{bake}", headers={"If-Match": '"2"'})).ok["version"] == 3
