"""Undo over HTTP: any past command compensated by a new one, unless something later stands in the way."""

from __future__ import annotations

import pytest

from tests.support.http import Json, Space, key

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def renamed(space: Space) -> tuple[str, int]:
    """A task's path, and the position of its renaming."""
    path = f"/tasks/{(await space.task('Milk'))['id']}"
    return path, (await space.patch(path, {"title": "Oat milk"})).position


async def test_by_position(space: Space) -> None:
    """The command that gave the event at that position is undone by a new event; the past stays."""
    path, position = await renamed(space)
    undone = await space.post(f"{path}/undo", {"position": position})
    assert (undone.status, undone.ok["title"], undone.ok["version"]) == (200, "Milk", 3)
    events = (await space.get("/events", after=position - 1)).ok["items"]
    assert [one["data"] for one in events] == [
        {"before": {"title": "Milk"}, "after": {"title": "Oat milk"}},
        {"before": {"title": "Oat milk"}, "after": {"title": "Milk"}},
    ]
    assert [one.get("undoes") for one in events] == [None, position]
    history = (await space.get(f"{path}/history")).ok["items"]
    assert [one.get("undoes") for one in history] == [None, None, position]


async def test_by_the_commands_id(space: Space) -> None:
    """A command is undone by its own name."""
    path, name = f"/tasks/{(await space.task('Milk'))['id']}", key()
    await space.patch(path, {"title": "Oat milk"}, headers={"Idempotency-Key": name})
    assert (await space.post(f"{path}/undo", {"command": name})).ok["title"] == "Milk"


async def test_by_the_id_of_two_actors(space: Space) -> None:
    """A name that two actors used needs the actor as well."""
    path, name = f"/tasks/{(await space.task('Milk'))['id']}", {"Idempotency-Key": key()}
    ann = await space.joined("ann", "editor")
    await space.patch(path, {"title": "Oat milk"}, headers=name)
    await ann.patch(path, {"priority": "high"}, headers=name)
    command = name["Idempotency-Key"]
    (await space.post(f"{path}/undo", {"command": command})).problem(404, "not-found")
    undone = (await space.post(f"{path}/undo", {"command": command, "actor": "ann"})).ok
    assert (undone["title"], undone["priority"]) == ("Oat milk", "none")


async def test_all_of_a_command(space: Space) -> None:
    """A command of several events is undone whole, whichever of them is named."""
    task = await space.task("Milk", labels=["shop"])
    path = f"/tasks/{task['id']}"
    await space.patch(path, {"title": "Oat milk", "labels": ["urgent"], "status": "done"})
    undone = (await space.post(f"{path}/undo", {"position": task["position"] + 2})).ok
    assert (undone["title"], undone["labels"], undone["status"]) == ("Milk", ["shop"], "open")


async def test_undo_of_undo(space: Space) -> None:
    """An undo is a command like any other."""
    path, position = await renamed(space)
    first = await space.post(f"{path}/undo", {"position": position})
    second = await space.post(f"{path}/undo", {"position": first.position})
    assert second.ok["title"] == "Oat milk"


async def test_undo_of_creation_and_deletion(space: Space) -> None:
    """A task that was made goes to the trash, one that was trashed comes back."""
    task = await space.task()
    path = f"/tasks/{task['id']}"
    gone = await space.post(f"{path}/undo", {"position": task["position"]})
    assert gone.ok["trashed"] is True
    assert (await space.post(f"{path}/undo", {"position": gone.position})).ok["trashed"] is False


async def test_a_creation_is_undone_after_changes(space: Space) -> None:
    """The task goes to the trash as it is; with subtasks it stays, and the answer says why."""
    task = await space.task()
    path = f"/tasks/{task['id']}"
    await (await space.joined("ann", "editor")).patch(path, {"title": "Oat milk"})
    gone = await space.post(f"{path}/undo", {"position": task["position"]})
    assert (gone.ok["trashed"], gone.ok["title"]) == (True, "Oat milk")
    await space.post(f"{path}/restore")
    await space.task("Two litres", parent=task["id"])
    refused = await space.post(f"{path}/undo", {"position": task["position"]})
    assert "subtasks" in refused.problem(409, "undo-conflict")["detail"]


async def test_what_stands_in_the_way(space: Space) -> None:
    """409 has the later events of the task, so that a person sees what to undo first."""
    path, position = await renamed(space)
    await space.patch(path, {"priority": "high"})
    await (await space.joined("ann", "editor")).patch(path, {"title": "Soy milk"})
    problem = (await space.post(f"{path}/undo", {"position": position})).problem(409, "undo-conflict")
    assert f"position {position}" in problem["detail"]
    seen = [(one["actor"], one["data"]["after"]) for one in problem["conflicts"]]
    assert seen == [("olga", {"priority": "high"}), ("ann", {"title": "Soy milk"})]
    assert (await space.get(path)).ok["title"] == "Soy milk"


async def test_what_is_beside_it_stays(space: Space) -> None:
    """A later change of another field is no conflict, and is kept."""
    path, position = await renamed(space)
    await space.patch(path, {"priority": "high"})
    undone = (await space.post(f"{path}/undo", {"position": position})).ok
    assert (undone["title"], undone["priority"]) == ("Milk", "high")


async def test_beyond_tasks(space: Space) -> None:
    """Projects, members and the workspace are undone as commands, without a task in the address."""
    home = await space.project("Home")
    edited = await space.patch(f"/projects/{home['id']}", {"name": "House"})
    added = await space.put("/members/ann", {"role": "editor"})
    moved = await space.patch("", {"time_zone": "Asia/Tokyo"})
    for position in (edited.position, added.position, moved.position):
        sent = await space.post("/commands", {"type": "Undo", "position": position})
        assert sent.ok["status"] == "accepted"
    assert (await space.get(f"/projects/{home['id']}")).ok["name"] == "Home"
    assert (await space.get("")).ok["time_zone"] == "UTC"
    (await space.get("/members/ann")).problem(404, "not-found")
    (await space.post("/commands", {"type": "Undo", "position": 1})).problem(409, "not-undoable")


async def test_an_undo_is_repeated_under_its_key(space: Space) -> None:
    """The same undo under the same key is applied once, though it would mean something else by now."""
    path, position = await renamed(space)
    same = {"Idempotency-Key": key()}
    first = await space.post(f"{path}/undo", {"position": position}, headers=same)
    again = await space.post(f"{path}/undo", {"position": position}, headers=same)
    assert (again.ok, again.replayed) == (first.ok, True)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, ""),
        ({"position": 3, "command": "x"}, "/command"),
        ({"position": 0}, "/position"),
        ({"position": "3"}, "/position"),
        ({"command": "a b"}, "/command"),
        ({"position": 3, "events": []}, "/events"),
    ],
)
async def test_an_undo_that_cannot_be_read(space: Space, fields: Json, pointer: str) -> None:
    """It names one past command, and leaves the events to the server."""
    path, _ = await renamed(space)
    (await space.post(f"{path}/undo", fields)).invalid(pointer)


async def test_what_was_never_done(space: Space) -> None:
    """A position or a command that is not there, or is of another task, is 404."""
    path, position = await renamed(space)
    other = f"/tasks/{(await space.task('Bread'))['id']}"
    for fields in (
        {"position": 999},
        {"command": "never"},
        {"position": 2**64 - 1},
        {"position": 2**64},
        {"position": 10**25},
    ):
        (await space.post(f"{path}/undo", fields)).problem(404, "not-found")
    labelled = await space.post(f"{path}/label", {"add": ["a"]})
    await space.post(f"{path}/label", {"remove": ["a"]})
    changed = await space.post(f"{path}/undo", {"position": labelled.position})
    assert "labels were changed again" in changed.problem(409, "undo-conflict")["detail"]
    problem = (await space.post(f"{other}/undo", {"position": position})).problem(404, "not-found")
    assert "is not about task" in problem["detail"]
    assert (await space.get(path)).ok["title"] == "Oat milk"


async def test_who_may_undo(space: Space) -> None:
    """An editor undoes what an editor may do, an admin's doing needs an admin; a stranger learns nothing."""
    path, position = await renamed(space)
    named = (await space.patch("", {"name": "Bcme"})).position
    vera, edda = await space.joined("vera", "viewer"), await space.joined("edda", "editor")
    (await vera.post(f"{path}/undo", {"position": position})).problem(403, "forbidden")
    (await edda.post("/commands", {"type": "Undo", "position": named})).problem(403, "forbidden")
    assert (await edda.post(f"{path}/undo", {"position": position})).ok["title"] == "Milk"
    (await space.acting("sam").post(f"{path}/undo", {"position": position})).problem(404, "not-found")
