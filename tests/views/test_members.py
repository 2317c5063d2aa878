"""Members over HTTP: roles given, changed and taken, and what each role may do."""

from __future__ import annotations

import pytest

from tests.support.http import MEMBER, OWNER, Json, Space, key

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROLES = ("owner", "admin", "editor", "commenter", "viewer")


async def test_a_member_is_added_and_read(space: Space) -> None:
    """PUT answers with the member, GET shows the same, and the list has everybody."""
    added = await space.put("/members/ann", {"role": "editor"})
    assert added.status == 200
    assert added.ok.keys() == MEMBER
    assert (added.ok["user"], added.ok["role"]) == ("ann", "editor")
    assert (await space.get("/members/ann")).ok == added.ok
    listed = (await space.get("/members")).ok
    assert listed.keys() == {"items", "next_cursor", "position"}
    assert {one["user"]: one["role"] for one in listed["items"]} == {"ann": "editor", OWNER: "owner"}
    assert listed["position"] == added.position
    assert (await space.get()).ok["members"] == 2


async def test_a_role_is_changed(space: Space) -> None:
    """PUT again changes the role and keeps since when."""
    first = (await space.put("/members/ann", {"role": "viewer"})).ok
    second = (await space.put("/members/ann", {"role": "admin"})).ok
    assert second == {**first, "role": "admin"}


async def test_a_member_is_removed(space: Space) -> None:
    """DELETE answers 204; then there is no such member, and to them no such workspace."""
    ann = await space.joined("ann", "editor")
    gone = await space.delete("/members/ann")
    assert (gone.status, gone.raw) == (204, b"")
    (await space.get("/members/ann")).problem(404, "not-found")
    (await space.delete("/members/ann")).problem(404, "not-found")
    (await ann.get()).problem(404, "not-found")


async def test_anybody_may_leave(space: Space) -> None:
    """A viewer removes themselves; the answer tells them nothing of what goes on there now."""
    vera, same = await space.joined("vera", "viewer"), {"Idempotency-Key": key()}
    for replayed in (None, "true"):  # the first answer may be lost on its way
        left = await vera.delete("/members/vera", headers=same)
        assert (left.status, left.headers.get("Idempotent-Replayed")) == (204, replayed)
    (await vera.delete("/members/vera")).problem(404, "not-found")
    (await vera.get()).problem(404, "not-found")


async def test_a_workspace_keeps_an_owner(space: Space) -> None:
    """The last owner can neither leave nor take a lesser role."""
    (await space.delete(f"/members/{OWNER}")).problem(409, "last-owner")
    (await space.put(f"/members/{OWNER}", {"role": "editor"})).problem(409, "last-owner")
    await space.joined("otto", "owner")
    assert (await space.delete(f"/members/{OWNER}")).status == 204


@pytest.mark.parametrize(
    ("user", "role", "pointer"),
    [("ann", "king", "/role"), ("ann", None, "/role"), ("ann", "", "/role"), ("a b", "editor", "/user")],
)
async def test_a_member_that_cannot_be(space: Space, user: str, role: str | None, pointer: str) -> None:
    """An unknown role and a user that no token can name are pointed to."""
    (await space.put(f"/members/{user}", {"role": role})).invalid(pointer)


async def test_the_role_is_required(space: Space) -> None:
    """There is no role that goes without saying."""
    assert (await space.put("/members/ann")).invalid("/role") == "This is required: role."


@pytest.mark.parametrize("user", ["ann@example.org", "auth0|5f7c8ec7c33c6c004bbafe82", "a:b+c.d_e-f"])
async def test_users_as_tokens_name_them(space: Space, user: str) -> None:
    """Subjects of real identity providers can be members, with their characters percent-encoded or not."""
    assert (await space.put(f"/members/{user}", {"role": "editor"})).ok["user"] == user
    assert (await space.get(f"/members/{user}")).ok["user"] == user
    assert (await space.acting(user).get()).ok["role"] == "editor"


def may(role: str) -> dict[str, bool]:
    """What a role may do, by the name of the deed."""
    rank = len(ROLES) - 1 - ROLES.index(role)
    return {
        "read": True,
        "comment": rank >= 1,
        "create": rank >= 2,
        "complete": rank >= 2,
        "project": rank >= 2,
        "undo": rank >= 1,
        "member": rank >= 3,
        "rename": rank >= 3,
        "make owner": rank >= 4,
    }


async def deeds(user: Space, task: Json) -> dict[str, int]:
    """The status of everything that roles differ in, done by that user."""
    path = f"/tasks/{task['id']}"
    created = await user.post("/tasks", {"title": "Mine"})
    remark = await user.post(f"{path}/comments", {"body": "I see", "comment": key()})
    undone = await user.post(f"{path}/undo", {"position": remark.position if remark.status == 201 else 1})
    return {
        "read": (await user.get(path)).status,
        "comment": remark.status,
        "create": created.status,
        "complete": (await user.post(f"{path}/complete")).status,
        "project": (await user.post("/projects", {"name": "Mine"})).status,
        "undo": undone.status,
        "member": (await user.put(f"/members/{key()}", {"role": "viewer"})).status,
        "rename": (await user.patch("", {"name": key()})).status,
        "make owner": (await user.put(f"/members/{key()}", {"role": "owner"})).status,
    }


@pytest.mark.parametrize("role", ROLES)
async def test_roles(space: Space, role: str) -> None:
    """Each role does what it may, and is refused the rest with 403."""
    task = await space.task()
    user = await space.joined("ursula", role)
    assert {deed: status < 300 for deed, status in (await deeds(user, task)).items()} == may(role)
    assert set((await deeds(user, task)).values()) <= {200, 201, 403}


async def test_to_a_stranger_there_is_nothing(space: Space) -> None:
    """Who is no member is told 404 everywhere, never 403."""
    stranger = space.acting("sam")
    assert set((await deeds(stranger, await space.task())).values()) == {404}


async def test_who_left_is_not_shown_what_came_since(space: Space) -> None:
    """A key from before gives nothing any more: not the task as it is now, and not what came since."""
    task = await space.task("Milk")
    ann, same = await space.joined("ann", "editor"), {"Idempotency-Key": key()}
    await ann.patch(f"/tasks/{task['id']}", {"title": "Oat milk"}, headers=same)
    await space.delete("/members/ann")
    await space.patch(f"/tasks/{task['id']}", {"title": "Secret"})
    again = await ann.patch(f"/tasks/{task['id']}", {"title": "Oat milk"}, headers=same)
    again.problem(404, "not-found")
    stale = await ann.patch(f"/tasks/{task['id']}", {"title": "x"}, headers={**same, "If-Match": '"1"'})
    assert b"Secret" not in again.raw + stale.raw
