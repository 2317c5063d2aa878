"""Bodies of PATCH are JSON merge patches (RFC 7396): null makes a field what it is where a new thing leaves it out."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.support.http import Json, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")

MERGE: Final = {"Content-Type": "application/merge-patch+json"}

WHOLE_TASK: Final[Json] = {
    "description": "Oat.", "status": "in-progress", "priority": "high", "labels": ["a"], "assignees": ["olga"],
    "start": {"date": "2026-03-01"}, "due": {"date": "2026-03-08"}, "estimate_minutes": 5, "project": "home",
    "section": "todo",
}  # fmt: skip
"""Every field of a task that it need not have, but for parent and order."""

EMPTY_TASK: Final[Json] = {
    "description": "", "status": "open", "priority": "none", "labels": [], "assignees": [], "start": None, "due": None,
    "estimate_minutes": None, "project": None, "section": None,
}  # fmt: skip


async def whole(space: Space) -> str:
    """The path of a task that has something in every field."""
    await space.project("Home", project="home")
    await space.post("/projects/home/sections", {"name": "To do", "section": "todo"})
    return f"/tasks/{(await space.task(**WHOLE_TASK))['id']}"


@pytest.mark.parametrize("field", EMPTY_TASK)
async def test_null_empties_a_field_of_a_task(space: Space, field: str) -> None:
    """That one, and the section with its project; the rest stays."""
    path = await whole(space)
    task = (await space.patch(path, {field: None}, headers=MERGE)).ok
    emptied = {"project", "section"} if field == "project" else {field}
    expected = {name: (EMPTY_TASK if name in emptied else WHOLE_TASK)[name] for name in EMPTY_TASK}
    assert {name: task[name] for name in EMPTY_TASK} == expected
    assert (await space.patch(path, {field: None}, headers=MERGE)).ok["version"] == task["version"]


async def test_null_empties_all_at_once(space: Space) -> None:
    """A task of which everything is cleared is like a new one."""
    path = await whole(space)
    task = (await space.patch(path, dict.fromkeys(EMPTY_TASK), headers=MERGE)).ok
    assert {name: task[name] for name in EMPTY_TASK} == EMPTY_TASK


async def test_null_takes_a_subtask_out(space: Space) -> None:
    """It has no parent any more."""
    below = await space.task("Below", parent=(await space.task("Top"))["id"])
    assert (await space.patch(f"/tasks/{below['id']}", {"parent": None}, headers=MERGE)).ok["parent"] is None


@pytest.mark.parametrize(
    ("path", "given", "emptied"),
    [
        ("/projects/home", {"description": "All", "colour": "red"}, {"description": "", "colour": ""}),
        ("", {"reminder_hour": 7, "catch_up": "P1D"}, {"time_zone": "UTC", "reminder_hour": None, "catch_up": "P7D"}),
    ],
    ids=["project", "workspace"],
)
async def test_null_gives_defaults_back(space: Space, path: str, given: Json, emptied: Json) -> None:
    """Of projects and of the workspace too."""
    await space.project("Home", project="home")
    await space.patch(path, given)
    for field, value in emptied.items():
        assert (await space.patch(path, {field: None}, headers=MERGE)).ok[field] == value


async def test_null_unticks(space: Space) -> None:
    """A checklist item is not done by default."""
    task = await space.task()
    await space.post(f"/tasks/{task['id']}/checklist", {"item": "x", "title": "Oat", "done": True})
    patched = (await space.patch(f"/tasks/{task['id']}/checklist/x", {"done": None}, headers=MERGE)).ok
    assert patched["checklist"] == [{"id": "x", "title": "Oat", "done": False}]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("", "name"), ("/projects/home", "name"), ("/projects/home/sections/todo", "name"), ("/tasks/milk", "title"),
        ("/tasks/milk/checklist/x", "title"), ("/tasks/milk/comments/c", "body"), ("/tasks/milk", "order"),
        ("/projects/home", "order"), ("/projects/home/sections/todo", "order"),
    ],
)  # fmt: skip
async def test_what_is_never_empty_takes_no_null(space: Space, path: str, field: str) -> None:
    """The problem points to the field and says what to do instead; nothing is changed."""
    await space.project("Home", project="home")
    await space.post("/projects/home/sections", {"name": "To do", "section": "todo"})
    await space.task(task="milk")
    await space.post("/tasks/milk/checklist", {"item": "x", "title": "Oat"})
    await space.post("/tasks/milk/comments", {"comment": "c", "body": "Oat"})
    before = await space.position()
    said = (await space.patch(path, {field: None}, headers=MERGE)).invalid(f"/{field}")
    assert said == "This cannot be null, for it is never empty; give a value, or leave it out."
    assert await space.position() == before


async def test_commands_mean_the_same_by_null(space: Space) -> None:
    """An EditTask that is sent as a command clears like a PATCH."""
    path = await whole(space)
    command: dict[str, Any] = {"type": "EditTask", "task": path.rpartition("/")[2], "labels": None, "priority": None}
    assert (await space.post("/commands", command)).ok["status"] == "accepted"
    task = (await space.get(path)).ok
    assert (task["labels"], task["priority"], task["description"]) == ([], "none", "Oat.")
