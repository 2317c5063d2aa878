"""Saved filters over HTTP: made, read, changed, removed, run and counted."""

from __future__ import annotations

import pytest

from tests.support.http import FILTER, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON = {"name": "Soon", "filter": "due < today+3d", "q": "milk", "sort": "-due", "colour": "red"}


async def test_a_filter_is_made_read_changed_and_removed(space: Space) -> None:
    """With an ETag, which an edit may insist on."""
    made = await space.post("/filters", SOON)
    shown = made.ok
    assert made.status == 201
    assert shown.keys() == FILTER
    assert {name: shown[name] for name in SOON} == SOON
    assert (shown["shared"], shown["version"], shown["workspace"]) == (False, 1, space.id)
    where = f"/filters/{shown['id']}"
    assert made.headers["Location"].endswith(where)
    read = await space.get(where)
    assert (read.ok, read.etag) == (shown, '"1"')
    changed = await space.patch(where, {"q": None, "shared": True}, headers={"If-Match": read.etag})
    assert (changed.ok["q"], changed.ok["shared"], changed.etag) == ("", True, '"2"')
    stale = (await space.patch(where, {"name": "A"}, headers={"If-Match": '"1"'})).problem(412, "version-conflict")
    assert [one["type"] for one in stale["conflicts"]] == ["FilterEdited"]
    assert (await space.delete(where)).status == 204
    (await space.get(where)).problem(404, "not-found")
    assert (await space.get("/filters")).ok["items"] == []


async def test_who_sees_what(space: Space) -> None:
    """Shared ones everybody, private ones their user; what is not seen is not there."""
    ann, tom = await space.joined("ann", "editor"), await space.joined("tom", "viewer")
    await ann.post("/filters", {"name": "Ours", "shared": True, "saved": "ours"})
    await ann.post("/filters", {"name": "Mine", "saved": "mine"})
    await tom.post("/filters", {"name": "Tom's", "saved": "toms"})
    (await tom.post("/filters", {"name": "For all", "shared": True})).problem(403, "forbidden")
    for who, names in ((ann, ["Ours", "Mine"]), (tom, ["Ours", "Tom's"]), (space, ["Ours"])):
        assert [one["name"] for one in (await who.get("/filters")).ok["items"]] == names
    assert (await tom.get("/filters/ours")).ok["name"] == "Ours"
    (await space.get("/filters/mine")).problem(404, "not-found")
    (await space.delete("/filters/mine")).problem(404, "not-found")
    (await tom.delete("/filters/ours")).problem(403, "forbidden")
    assert (await space.delete("/filters/ours")).status == 204


async def test_what_cannot_be_read_is_refused_with_its_place(space: Space) -> None:
    """As the query itself says it: the parameter, the position in it, and a hint."""
    asked = (await space.get("/tasks", filter="status = opn")).problem(400, "filter-syntax")
    refused = await space.post("/filters", {"name": "A", "filter": "status = opn"})
    problem = refused.problem(422, "invalid")
    assert {name: problem[name] for name in ("parameter", "position", "hint", "detail")} == {
        name: asked[name] for name in ("parameter", "position", "hint", "detail")
    }
    assert refused.invalid("/filter")


async def test_counts(space: Space) -> None:
    """How many tasks each finds now, by the caller's own eyes; without being asked, none is told."""
    ann = await space.joined("ann", "editor")
    await space.task("Milk", priority="high")
    await space.task("Bread", assignees=["ann"])
    for name, text in (("Urgent", "priority >= high"), ("Mine", "assignee = me"), ("All", "")):
        await space.post("/filters", {"name": name, "filter": text, "shared": True})
    await space.post("/filters", {"name": "Milk", "q": "milk", "shared": True})
    for who, counts in ((space, [1, 0, 2, 1]), (ann, [1, 1, 2, 1])):
        found = (await who.get("/filters", count="true")).ok["items"]
        assert [one["total"] for one in found] == counts
    assert "total" not in (await space.get("/filters")).ok["items"][0]


async def test_counts_are_bounded(space: Space) -> None:
    """A page with counts has fifty at most; the others are on the next."""
    for number in range(0, 60, 20):
        commands = [{"type": "CreateFilter", "name": f"Filter {number + one}", "id": f"f{number + one}"}
                    for one in range(20)]  # fmt: skip
        await space.post("/commands", {"commands": commands})
    page = (await space.get("/filters", count="true", limit=200)).ok
    assert len(page["items"]) == 50
    rest = (await space.get("/filters", count="true", cursor=page["next_cursor"])).ok
    names = [one["name"] for one in [*page["items"], *rest["items"]]]
    assert (names, rest["next_cursor"]) == ([f"Filter {number}" for number in range(60)], None)
    assert len((await space.get("/filters")).ok["items"]) == 60


async def test_a_repeated_write_shows_the_filter_as_it_was(space: Space) -> None:
    """Also after it was changed again, and after it was removed."""
    key = {"Idempotency-Key": "make-it"}
    made = await space.post("/filters", SOON, headers=key)
    where = f"/filters/{made.ok['id']}"
    await space.patch(where, {"name": "Later"}, headers={"Idempotency-Key": "change-it"})
    for _ in range(2):
        again = await space.post("/filters", SOON, headers=key)
        assert (again.replayed, again.ok, again.etag) == (True, made.ok, '"1"')
        await space.delete(where, headers={"Idempotency-Key": "remove-it"})
    gone = await space.delete(where, headers={"Idempotency-Key": "remove-it"})
    assert (gone.status, gone.replayed) == (204, True)
