"""Workspaces over HTTP: created under a key once, listed to their members only, edited under their version."""

from __future__ import annotations

import pytest

from streams import keys
from tasksys import codec
from tasksys.limits import PAGE_ITEMS
from tasksys.rows import Member, Workspace
from tasksys.values import Role
from tests.support.http import WORKSPACE, Json, Site, Space, key, new_space

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKSPACES = "/api/v1/workspaces"
NONE: Json = {"items": [], "next_cursor": None}


async def test_a_new_workspace_is_shown_whole(site: Site) -> None:
    """Creating one answers 201 with it, its ETag and its position: two events, the workspace and its owner."""
    made = await site.client().post(WORKSPACES, {"name": " Acme ", "time_zone": "Europe/Berlin", "reminder_hour": 7})
    assert made.status == 201
    assert made.ok.keys() == WORKSPACE
    shown = {name: made.ok[name] for name in ("name", "time_zone", "reminder_hour", "members", "role", "position")}
    assert shown == {
        "name": "Acme", "time_zone": "Europe/Berlin", "reminder_hour": 7, "members": 1, "role": "owner", "position": 2,
    }  # fmt: skip
    assert (made.etag, made.position) == (f'"{made.ok["version"]}"', 2)


async def test_it_is_read_as_it_was_made(site: Site, space: Space) -> None:
    """Reading it gives the same, and the same ETag."""
    read = await space.get()
    assert read.ok["id"] == space.id
    assert read.ok.keys() == WORKSPACE
    assert read.etag == f'"{read.ok["version"]}"'


async def test_the_list_has_ones_own_workspaces_only(site: Site) -> None:
    """Each user sees the workspaces that they are a member of, with their own role there."""
    first, second = await site.space("ann"), await site.space("ben")
    await second.joined("ann", "viewer")
    listed = (await site.client("ann").get(WORKSPACES)).ok
    assert listed.keys() == {"items", "next_cursor"}
    assert listed["next_cursor"] is None
    assert {one["id"]: one["role"] for one in listed["items"]} == {first.id: "owner", second.id: "viewer"}
    assert all(one.keys() == WORKSPACE for one in listed["items"])
    assert (await site.client("nobody").get(WORKSPACES)).ok == NONE


async def test_the_list_comes_in_pages(site: Site) -> None:
    """By their ids; the cursor leads to every workspace once, also past one that was made or left meanwhile."""
    many = site.client("pia")
    mine = sorted([(await new_space(many)).id for _ in range(5)])
    whole = (await many.get(WORKSPACES)).ok
    assert ([one["id"] for one in whole["items"]], whole["next_cursor"]) == (mine, None)
    assert (await many.get(WORKSPACES, limit=5)).ok == whole
    seen: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = (await many.get(WORKSPACES, limit=2, **more)).ok
        assert 0 < len(page["items"]) <= 2
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        more = {"cursor": page["next_cursor"]}
    assert seen == mine
    left = Space(site.session, many.headers, f"{WORKSPACES}/{mine[1]}", mine[1])
    await left.joined("quinn", "owner")
    first = (await many.get(WORKSPACES, limit=2)).ok
    assert (await left.delete("/members/pia")).status == 204
    rest = (await many.get(WORKSPACES, cursor=first["next_cursor"])).ok
    assert [one["id"] for one in rest["items"]] == mine[2:]
    past = (await many.get(WORKSPACES, cursor="_zzz")).ok
    assert past == NONE


async def test_a_page_of_the_list_is_bounded(site: Site) -> None:
    """Without a limit it has no more than the largest one there may be."""
    user = site.client("max")
    named = sorted([(await new_space(user)).id for _ in range(3)])
    rows: dict[int, dict[bytes, bytes | None]] = {}
    for number in range(PAGE_ITEMS):
        name = f"zz-{number:04}"
        named.append(name)
        these = rows.setdefault(site.node.partition(name), {})
        for row in (Workspace(name, "Acme", "UTC", "2026-03-01T09:00:00.000Z"), Member("max", Role.VIEWER, "")):
            these[keys.row(name, row.kind, row.key)] = codec.encode_row(row)
        these[keys.membership("max", name)] = b""
    for partition, these in rows.items():
        site.plant_in(partition, these)
    first = (await user.get(WORKSPACES)).ok
    rest = (await user.get(WORKSPACES, cursor=first["next_cursor"])).ok
    assert (len(first["items"]), rest["next_cursor"]) == (PAGE_ITEMS, None)
    assert [one["id"] for one in [*first["items"], *rest["items"]]] == named


@pytest.mark.parametrize("cursor", ["", "x", "a_b c", "1_x"])
async def test_a_cursor_that_no_page_of_the_list_gave(site: Site, cursor: str) -> None:
    """It is refused, and the problem says what to send."""
    (await site.client().get(WORKSPACES, cursor=cursor)).problem(400, "cursor-syntax")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", ""])
async def test_a_limit_that_cannot_be(site: Site, limit: str) -> None:
    """The problem says the bounds; and other parameters are refused."""
    (await site.client().get(WORKSPACES, limit=limit)).problem(400, "bad-parameter")
    (await site.client().get(WORKSPACES, sort="name")).problem(400, "unknown-parameter")


async def test_a_key_makes_one_workspace(site: Site) -> None:
    """The same request under the same key gives the first workspace again, and says so."""
    again = {"Idempotency-Key": key()}
    first = await site.client("kim").post(WORKSPACES, {"name": "Acme"}, headers=again)
    second = await site.client("kim").post(WORKSPACES, {"name": "Acme"}, headers=again)
    assert (first.status, first.replayed) == (201, False)
    assert (second.status, second.replayed) == (201, True)
    assert first.ok["id"] == second.ok["id"]
    assert len((await site.client("kim").get(WORKSPACES)).ok["items"]) == 1


async def test_a_key_is_its_users_own(site: Site) -> None:
    """Two users who choose the same key make two workspaces."""
    same = {"Idempotency-Key": key()}
    made = [(await site.client(user).post(WORKSPACES, {"name": "Acme"}, headers=same)).ok for user in ("lea", "leo")]
    assert made[0]["id"] != made[1]["id"]


async def test_the_body_may_carry_the_key(site: Site) -> None:
    """`id` in the body is the key; another one in the header is refused."""
    made = await site.client().post(WORKSPACES, {"name": "Acme", "id": "mine-1"})
    again = await site.client().post(WORKSPACES, {"name": "Acme"}, headers={"Idempotency-Key": "mine-1"})
    assert again.ok["id"] == made.ok["id"]
    both = await site.client().post(WORKSPACES, {"name": "Acme", "id": "a"}, headers={"Idempotency-Key": "b"})
    both.invalid("/id")


async def test_a_reused_key_with_another_payload_is_refused(site: Site) -> None:
    """The key names the first workspace; it cannot mean another one."""
    same = {"Idempotency-Key": key()}
    await site.client().post(WORKSPACES, {"name": "Acme"}, headers=same)
    refused = await site.client().post(WORKSPACES, {"name": "Other"}, headers=same)
    refused.problem(422, "idempotency-key-reused")


async def test_fields_are_edited_one_by_one(space: Space) -> None:
    """A PATCH changes what it mentions and keeps the rest."""
    edited = await space.patch("", {"time_zone": "Asia/Tokyo"})
    assert (edited.ok["name"], edited.ok["time_zone"]) == ("Acme", "Asia/Tokyo")
    assert (await space.get()).ok == edited.ok
    renamed = await space.patch("", {"name": "Bcme", "reminder_hour": 0})
    assert (renamed.ok["name"], renamed.ok["time_zone"], renamed.ok["reminder_hour"]) == ("Bcme", "Asia/Tokyo", 0)


async def test_an_edit_that_changes_nothing_is_no_event(space: Space) -> None:
    """Saying what is so already keeps version and position."""
    before = await space.get()
    after = await space.patch("", {"name": "Acme"})
    assert (after.etag, after.position) == (before.etag, before.position)


async def test_a_stale_version_is_refused(space: Space) -> None:
    """If-Match with an older ETag is 412, with the current one the edit is made."""
    old = await space.get()
    await space.patch("", {"name": "Bcme"})
    stale = await space.patch("", {"name": "Ccme"}, headers={"If-Match": old.etag})
    shown = stale.problem(412, "version-conflict")["conflicts"]
    assert [one["data"]["after"] for one in shown] == [{"name": "Bcme"}]
    current = await space.get()
    assert current.ok["name"] == "Bcme"
    assert (await space.patch("", {"name": "Ccme"}, headers={"If-Match": current.etag})).ok["name"] == "Ccme"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": " \t"}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "A", "time_zone": "Europe/Atlantis"}, "/time_zone"),
        ({"name": "A", "time_zone": "../etc/passwd"}, "/time_zone"),
        ({"name": "A", "reminder_hour": 24}, "/reminder_hour"),
        ({"name": "A", "reminder_hour": "9"}, "/reminder_hour"),
        ({"name": "A", "catch_up": "PT0S"}, "/catch_up"),
        ({"name": "A", "catch_up": 7}, "/catch_up"),
        ({"name": "A", "owner": "eve"}, "/owner"),
        ({"name": "A", "workspace": "mine"}, "/workspace"),
        ({"time_zone": "UTC"}, "/name"),
    ],
)
async def test_a_field_that_is_wrong_is_pointed_to(site: Site, fields: dict[str, object], pointer: str) -> None:
    """The problem names the field, and nothing is made."""
    (await site.client("ida").post(WORKSPACES, fields)).invalid(pointer)
    assert (await site.client("ida").get(WORKSPACES)).ok == NONE


async def test_a_long_name_is_over_the_limit(space: Space) -> None:
    """The problem says how much is allowed."""
    refused = await space.patch("", {"name": "x" * 201})
    assert "200" in refused.problem(422, "limit-exceeded")["detail"]


async def test_only_admins_edit(space: Space) -> None:
    """An editor is told which role this needs."""
    for role in ("editor", "commenter", "viewer"):
        user = await space.joined(role, role)
        assert "admin" in (await user.patch("", {"name": "Mine"})).problem(403, "forbidden")["detail"]
    assert (await (await space.joined("adam", "admin")).patch("", {"name": "Ours"})).ok["name"] == "Ours"


async def test_a_workspace_cannot_be_deleted(space: Space) -> None:
    """There is no such method, and the problem says which there are."""
    refused = await space.delete()
    assert refused.headers["Allow"] == "GET, HEAD, PATCH"
    refused.problem(405, "method-not-allowed")
