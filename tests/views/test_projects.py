"""Projects and their sections over HTTP."""

from __future__ import annotations

import pytest

from tests.support.http import PROJECT, SECTION, Space, key

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_project_is_made_and_read(space: Space) -> None:
    """It is shown whole, with its ETag, and read the same."""
    made = await space.post("/projects", {"name": "Home", "description": "Our *flat*", "colour": "#aa0000"})
    assert made.status == 201
    assert made.ok.keys() == PROJECT
    assert made.ok["workspace"] == space.id
    assert (made.ok["name"], made.ok["description"], made.ok["colour"]) == ("Home", "Our *flat*", "#aa0000")
    assert (made.ok["sections"], made.ok["trashed_at"], made.etag) == ([], None, '"1"')
    read = await space.get(f"/projects/{made.ok['id']}")
    assert (read.ok, read.etag) == (made.ok, made.etag)


async def test_projects_are_listed_in_their_order(space: Space) -> None:
    """New ones come last, and a changed order is followed."""
    first, second = await space.project("One"), await space.project("Two")
    listed = (await space.get("/projects")).ok
    assert listed.keys() == {"items", "next_cursor", "position"}
    assert [one["name"] for one in listed["items"]] == ["One", "Two"]
    assert all(one.keys() == PROJECT for one in listed["items"])
    await space.patch(f"/projects/{first['id']}", {"order": second["order"] + "V"})
    assert [one["name"] for one in (await space.get("/projects")).ok["items"]] == ["Two", "One"]


async def test_a_client_may_choose_the_id(space: Space) -> None:
    """A project under a chosen id is made once; another one of that id is refused."""
    made = await space.project("Home", project="home")
    assert made["id"] == "home"
    (await space.post("/projects", {"name": "Other", "project": "home"})).problem(409, "already-exists")


async def test_a_project_is_edited(space: Space) -> None:
    """A PATCH changes what it mentions."""
    home = await space.project("Home", description="Old")
    edited = await space.patch(f"/projects/{home['id']}", {"description": ""})
    assert edited.ok == {
        **home,
        "description": "",
        "version": 2,
        "position": edited.position,
        "updated_at": edited.ok["updated_at"],
    }


async def test_a_stale_project_is_refused(space: Space) -> None:
    """If-Match on a project goes by its version, for its sections too."""
    home = await space.project()
    await space.patch(f"/projects/{home['id']}", {"name": "House"})
    old = {"If-Match": '"1"'}
    stale = await space.patch(f"/projects/{home['id']}", {"name": "Hut"}, headers=old)
    shown = stale.problem(412, "version-conflict")["conflicts"]
    assert [one["type"] for one in shown] == ["ProjectEdited"]
    (await space.post(f"/projects/{home['id']}/sections", {"name": "A"}, headers=old)).problem(412, "version-conflict")
    (await space.delete(f"/projects/{home['id']}", headers=old)).problem(412, "version-conflict")


async def test_the_reason_of_an_undo_conflict_is_shown(space: Space) -> None:
    """What was changed in the project since, and nothing else of the workspace."""
    home, other = await space.project(), await space.project("Other")
    edited = await space.patch(f"/projects/{home['id']}", {"name": "House"})
    await space.patch(f"/projects/{home['id']}", {"name": "Hut"})
    await space.patch(f"/projects/{other['id']}", {"name": "Another"})
    undo = await space.post("/commands", {"type": "Undo", "position": edited.position})
    shown = undo.problem(409, "undo-conflict")["conflicts"]
    assert [one["data"]["after"] for one in shown] == [{"name": "Hut"}]


async def test_trash_and_restore(space: Space) -> None:
    """DELETE moves it to the trash with its tasks, restore brings both back."""
    home = await space.project()
    task = await space.task("Sweep", project=home["id"])
    trashed = await space.delete(f"/projects/{home['id']}")
    assert trashed.ok["trashed_at"] is not None
    assert (await space.get("/projects")).ok["items"] == []
    assert [one["id"] for one in (await space.get("/projects", trashed="true")).ok["items"]] == [home["id"]]
    assert (await space.get(f"/tasks/{task['id']}")).ok["trashed"] is True
    assert (await space.get("/tasks")).ok["items"] == []
    (await space.patch(f"/projects/{home['id']}", {"name": "Hut"})).problem(409, "in-trash")
    restored = await space.post(f"/projects/{home['id']}/restore")
    assert restored.ok["trashed_at"] is None
    assert (await space.get(f"/tasks/{task['id']}")).ok["trashed"] is False


async def test_sections(space: Space) -> None:
    """Sections are added, renamed, moved and removed; the project shows them in order."""
    path = f"/projects/{(await space.project())['id']}/sections"
    first = await space.post(path, {"name": "To do", "section": "todo"})
    assert first.status == 201
    assert [one.keys() for one in first.ok["sections"]] == [SECTION]
    second = (await space.post(path, {"name": "Done"})).ok["sections"][1]
    renamed = await space.patch(f"{path}/todo", {"name": "Next", "order": second["order"] + "V"})
    assert [one["name"] for one in renamed.ok["sections"]] == ["Done", "Next"]
    removed = await space.delete(f"{path}/{second['id']}")
    assert [one["id"] for one in removed.ok["sections"]] == ["todo"]
    (await space.patch(f"{path}/{second['id']}", {"name": "Gone"})).problem(404, "not-found")
    (await space.post(path, {"name": "Twice", "section": "todo"})).problem(409, "already-exists")


async def test_a_removed_section_lets_its_tasks_stay(space: Space) -> None:
    """They are in the project, without a section."""
    home = await space.project()
    await space.post(f"/projects/{home['id']}/sections", {"name": "To do", "section": "todo"})
    task = await space.task("Sweep", project=home["id"], section="todo")
    assert task["section"] == "todo"
    await space.delete(f"/projects/{home['id']}/sections/todo")
    now = (await space.get(f"/tasks/{task['id']}")).ok
    assert (now["project"], now["section"]) == (home["id"], None)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "A", "order": "0"}, "/order"),
        ({"name": "A", "order": "a b"}, "/order"),
        ({"name": "A", "colour": "re\nd"}, "/colour"),
        ({"name": "A", "description": "\x00"}, "/description"),
        ({"name": "A", "project": "a/b"}, "/project"),
        ({"name": "A", "sections": []}, "/sections"),
    ],
)
async def test_a_field_that_is_wrong_is_pointed_to(space: Space, fields: dict[str, object], pointer: str) -> None:
    """The problem names the field, and nothing is made."""
    (await space.post("/projects", fields)).invalid(pointer)
    assert (await space.get("/projects")).ok["items"] == []


async def test_what_is_not_there(space: Space) -> None:
    """Unknown projects and sections are 404, whatever is asked of them."""
    home = await space.project()
    for method, path in [
        ("GET", "/projects/nope"),
        ("PATCH", "/projects/nope"),
        ("DELETE", "/projects/nope"),
        ("POST", "/projects/nope/restore"),
        ("PATCH", f"/projects/{home['id']}/sections/nope"),
        ("DELETE", f"/projects/{home['id']}/sections/nope"),
    ]:
        (await space.send(method, path)).problem(404, "not-found")


async def test_a_key_makes_one_project(space: Space) -> None:
    """An id that the client left out is made of its key: the repeated request is about the same project."""
    same = {"Idempotency-Key": key()}
    first = await space.post("/projects", {"name": "Home"}, headers=same)
    again = await space.post("/projects", {"name": "Home"}, headers=same)
    assert (again.status, again.replayed, again.ok["id"]) == (201, True, first.ok["id"])
    assert len((await space.get("/projects")).ok["items"]) == 1


async def test_one_section_is_read(space: Space) -> None:
    """The one in the address, with the version of its project; a removed one is gone."""
    await space.project(project="home")
    made = await space.post("/projects/home/sections", {"name": "To do", "section": "to-do"})
    read = await space.get("/projects/home/sections/to-do")
    assert ([read.ok], read.etag, read.position) == (made.ok["sections"], made.etag, made.position)
    assert read.ok.keys() == SECTION
    (await space.get("/projects/home/sections/nope")).problem(404, "not-found")
    (await space.get("/projects/nope/sections/to-do")).problem(404, "not-found")
    await space.delete("/projects/home/sections/to-do")
    (await space.get("/projects/home/sections/to-do")).problem(404, "not-found")
