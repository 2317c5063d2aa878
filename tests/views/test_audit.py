"""Audit over HTTP: who changed what and when, newest first, and a hash chain that shows tampering."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
from msgspec import structs

from streams import history, keys
from streams.agents.audit import encode
from tasksys import codec
from tasksys.audit import Remembered
from tests.support.http import ENTRY, Json, Site, Space
from tests.support.nodes import there
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def busy(space: Space) -> Space:
    """A workspace in which two users did things; returned as the second one."""
    ann = await space.joined("ann", "editor")
    await space.task("Milk", task="milk")
    await ann.task("Bread", task="bread")
    await ann.patch("/tasks/milk", {"title": "Oat milk"})
    await space.post("/tasks/bread/complete")
    return ann


def kinds(page: Json) -> list[str]:
    """The types of the entries, in order."""
    return [one["type"] for one in page["items"]]


async def test_everything_newest_first(space: Space) -> None:
    """Every event is an entry, of every actor."""
    await busy(space)
    page = (await space.get("/audit")).ok
    assert page.keys() == {"items", "next_cursor", "position"}
    assert all(one.keys() == ENTRY for one in page["items"])
    expected = ["TaskCompleted", "TaskEdited", "TaskCreated", "TaskCreated", "MemberAdded", "MemberAdded"]
    assert kinds(page) == [*expected, "WorkspaceCreated"]
    assert [one["position"] for one in page["items"]] == [7, 6, 5, 4, 3, 2, 1]
    assert (page["position"], page["next_cursor"]) == (7, None)


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        ({"task": "milk"}, [6, 4]),
        ({"actor": "ann"}, [6, 5]),
        ({"actor": "ann", "task": "bread"}, [5]),
        ({"task": "nope"}, []),
        ({"actor": "sam"}, []),
        ({"since": "2999-01-01T00:00:00Z"}, []),
        ({"until": "2000-01-01T00:00:00+02:00"}, []),
        ({"since": "2000-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z", "task": "bread"}, [7, 5]),
    ],
)
async def test_entries_are_found(space: Space, query: dict[str, str], positions: list[int]) -> None:
    """By task, actor and time, together or alone."""
    await busy(space)
    assert [one["position"] for one in (await space.get("/audit", **query)).ok["items"]] == positions


async def test_times_are_inclusive(space: Space) -> None:
    """`since` and `until` an entry's own instant include it."""
    await busy(space)
    entry = (await space.get("/audit", task="milk")).ok["items"][0]
    found = (await space.get("/audit", since=entry["at"], until=entry["at"])).ok["items"]
    assert entry in found


@pytest.mark.parametrize("query", [{}, {"task": "bread"}, {"actor": "ann"}])
async def test_pages_of_entries(space: Space, query: dict[str, Any]) -> None:
    """The cursor leads to every entry once."""
    await busy(space)
    whole = (await space.get("/audit", **query)).ok["items"]
    seen: list[Json] = []
    more: dict[str, str] = {}
    while True:
        page = (await space.get("/audit", limit=1, **query, **more)).ok
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        more = {"cursor": page["next_cursor"]}
    assert seen == whole


async def test_one_request_looks_at_so_many_entries(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rare actor in a long record is found over several requests; each answers in bounded time."""
    await busy(space)
    monkeypatch.setattr(history, "SCANNED", 2)
    first = (await space.get("/audit", actor="ann")).ok
    assert ([one["position"] for one in first["items"]], first["next_cursor"]) == ([6], "6")
    second = (await space.get("/audit", actor="ann", cursor="6")).ok
    assert ([one["position"] for one in second["items"]], second["next_cursor"]) == ([5], "4")


@pytest.mark.parametrize(
    ("name", "value"),
    [("since", "yesterday"), ("until", "2026-03-08T09:00:00"), ("cursor", "x"), ("limit", "201"), ("since", "")],
)
async def test_bounds(space: Space, name: str, value: str) -> None:
    """A parameter that cannot be read is named; a time without offset is nobody's."""
    assert (await space.get("/audit", **{name: value})).problem(400, "bad-parameter")["parameter"] == name


async def test_the_chain_can_be_recomputed(site: Site, space: Space) -> None:
    """Each hash is SHA-256 of the one before and the event's own bytes: anybody with the events can check it."""
    await busy(space)
    entries = list(reversed((await space.get("/audit")).ok["items"]))
    previous = "0" * 64
    for entry, (_, stored) in zip(entries, site.node.history.stored(space.id), strict=True):
        assert entry["previous_hash"] == previous
        previous = hashlib.sha256(bytes.fromhex(previous) + stored.event).hexdigest()
        assert entry["hash"] == previous


async def test_an_intact_chain(space: Space) -> None:
    """Every event's link holds."""
    await busy(space)
    checked = await space.get("/audit/verify")
    assert checked.ok == {"ok": True, "events": 7}
    assert checked.position == 7


async def test_a_changed_event_is_found(site: Site, space: Space) -> None:
    """The first position that does not hold is told, and how many before it do."""
    await busy(space)
    await site.settled(space)
    history = site.node.history
    stored = history.at(space.id, 4)
    assert stored is not None
    forged = Remembered(stored.event.replace(b"Milk", b"Gold"), stored.hash)
    site.plant(space, {keys.event(space.id, 4): encode(forged)}, agent="audit")
    checked = (await space.get("/audit/verify")).ok
    assert (checked["ok"], checked["events"], checked["position"]) == (False, 3, 4)
    assert "changed" in checked["detail"]


async def test_an_event_of_a_newer_release_is_shown(site: Site, space: Space) -> None:
    """Without changes, in the audit and in its task's history; to undo it is refused with what to do."""
    task = await space.task()
    edited = (await space.patch(f"/tasks/{task['id']}", {"title": "Oat milk"})).ok
    await site.settled(space)
    stored = site.node.history.at(space.id, edited["position"])
    assert stored is not None
    newer = Remembered(stored.event.replace(b'"TaskEdited"', b'"TaskPainted"'), stored.hash)
    site.plant(space, {keys.event(space.id, edited["position"]): encode(newer)}, agent="audit")
    for path in ("/audit", f"/tasks/{task['id']}/history"):
        entries = {one["position"]: one for one in (await space.get(path)).ok["items"]}
        painted = entries[edited["position"]]
        assert (painted["type"], painted["changes"]) == ("TaskPainted", [])
    refused = await space.post("/commands", {"type": "Undo", "position": edited["position"]})
    assert "upgrade" in refused.problem(409, "not-undoable")["detail"]


async def test_a_missing_event_is_found(site: Site, space: Space) -> None:
    """So is a gap."""
    await busy(space)
    await site.settled(space)
    site.plant(space, {keys.event(space.id, 5): None}, agent="audit")
    checked = (await space.get("/audit/verify")).ok
    assert (checked["ok"], checked["events"], checked["position"]) == (False, 4, 5)
    assert "missing" in checked["detail"]


@pytest.mark.parametrize("cut", [1, 3, 7])
async def test_a_cut_tail_is_found(site: Site, space: Space, cut: int) -> None:
    """A record whose newest events were removed, or all of them, ends before the workspace does."""
    await busy(space)
    await site.settled(space)
    site.plant(space, {keys.event(space.id, position): None for position in range(8 - cut, 8)}, agent="audit")
    checked = (await space.get("/audit/verify")).ok
    assert (checked["ok"], checked["events"], checked["position"]) == (False, 7 - cut, 8 - cut)
    assert "ends before it; the workspace is at position 7" in checked["detail"]


async def test_a_tail_that_was_cut_from_the_state_too_is_found(site: Site, space: Space) -> None:
    """The event log still has it."""
    await busy(space)
    await site.settled(space)
    early = structs.replace(there(site.node.state.state(space.id).workspace), position=5)
    site.plant(space, {keys.row(space.id, "w", ""): codec.encode_row(early)})
    site.plant(space, {keys.event(space.id, position): None for position in (6, 7)}, agent="audit")
    checked = (await space.get("/audit/verify")).ok
    assert (checked["ok"], checked["events"], checked["position"]) == (False, 5, 6)


async def test_a_record_that_cannot_be_read_is_a_break(site: Site, space: Space) -> None:
    """Not a fault of the server."""
    await busy(space)
    await site.settled(space)
    site.plant(space, {keys.event(space.id, 3): b"junk"}, agent="audit")
    checked = (await space.get("/audit/verify")).ok
    assert (checked["ok"], checked["events"], checked["position"]) == (False, 2, 3)
    assert "cannot be read" in checked["detail"]


async def test_a_record_is_not_short_while_it_is_folded(site: Site, space: Space) -> None:
    """What the audit has still to fold is waited for."""
    await busy(space)
    await site.settled(space)
    async with site.held(space, "audit"):
        await space.post("/tasks/milk/complete")
        checking = asyncio.create_task(space.get("/audit/verify"))
        await until(lambda: site.readers() == 1)
    assert (await checking).ok == {"ok": True, "events": 8}


async def test_who_may_see_it(space: Space) -> None:
    """A viewer reads the audit and checks it; a stranger learns nothing."""
    vera, sam = await space.joined("vera", "viewer"), space.acting("sam")
    for path in ("/audit", "/audit/verify"):
        assert (await vera.get(path)).status == 200
        (await sam.get(path)).problem(404, "not-found")


async def test_what_is_about_a_project_names_it(space: Space) -> None:
    """Its own changes and those of its sections, which name nothing else; a task's event names its task only."""
    project = await space.project("Home")
    await space.patch(f"/projects/{project['id']}", {"colour": "#123456"})
    await space.post("/commands", {"type": "AddSection", "project": project["id"], "name": "Kitchen"})
    await space.task(project=project["id"])
    told = {one["type"]: one.get("project") for one in (await space.get("/audit")).ok["items"]}
    about = dict.fromkeys(("ProjectCreated", "ProjectEdited", "SectionAdded"), project["id"])
    assert told == {"TaskCreated": None, **about, "MemberAdded": None, "WorkspaceCreated": None}
