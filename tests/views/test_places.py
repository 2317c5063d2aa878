"""Where tasks stand: projects, sections, parents and the manual order, over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.http import Json, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def order(space: Space, **query: str) -> list[str]:
    """The titles in the manual order."""
    return [one["title"] for one in (await space.get("/tasks", **query)).ok["items"]]


async def three(space: Space) -> list[str]:
    """Paths of three tasks, in their order."""
    return [f"/tasks/{(await space.task(title))['id']}" for title in ("A", "B", "C")]


async def test_new_tasks_come_last(space: Space) -> None:
    """The manual order is that of making, until somebody moves something."""
    await three(space)
    assert await order(space) == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("moved", "between", "expected"),
    [
        (2, {"before": 0}, ["C", "A", "B"]),
        (2, {"before": 1}, ["A", "C", "B"]),
        (0, {"after": 2}, ["B", "C", "A"]),
        (0, {"after": 1}, ["B", "A", "C"]),
        (2, {"after": 0, "before": 1}, ["A", "C", "B"]),
    ],
)
async def test_a_task_moves_between_neighbours(
    space: Space, moved: int, between: dict[str, int], expected: list[str]
) -> None:
    """`before` alone is directly in front, `after` alone directly behind, both are in between."""
    paths = await three(space)
    neighbours = {name: paths[index].removeprefix("/tasks/") for name, index in between.items()}
    answer = await space.post(f"{paths[moved]}/move", neighbours)
    assert answer.ok["version"] == 2
    assert await order(space) == expected


async def test_two_people_move_at_once(space: Space) -> None:
    """Both moves behind the same task stand; everybody else stays in order."""
    a, _, c = await three(space)
    beside = {"after": a.removeprefix("/tasks/")}
    last = f"/tasks/{(await space.task('D'))['id']}"
    answers = await asyncio.gather(space.post(f"{c}/move", beside), space.post(f"{last}/move", beside))
    assert [answer.status for answer in answers] == [200, 200]
    assert (await order(space))[0::3] == ["A", "B"]


async def test_one_neighbour_within_projects_and_below_parents(space: Space) -> None:
    """The list is that of the neighbour: tasks elsewhere do not count."""
    await space.project("Home", project="home")
    await space.task("Top", task="top", project="home")
    for place in ({"project": "home"}, {"parent": "top"}):
        ids = []
        for title, chosen in (("X", "V"), ("Y", "V1"), ("Z", "a")):
            ids.append((await space.task(title, order=chosen, **place))["id"])
            await space.task("Elsewhere")
        await space.post(f"/tasks/{ids[2]}/move", {"after": ids[0]})
        listed = [one for one in (await space.get("/tasks")).ok["items"] if one["id"] in ids]
        assert [one["title"] for one in listed] == ["X", "Z", "Y"]


async def test_what_the_server_looks_up_is_not_sent(space: Space) -> None:
    """Nobody can pretend to have seen another gap."""
    a, b, _ = await three(space)
    said = (await space.post(f"{a}/move", {"after": b.removeprefix("/tasks/"), "gap": ["a", "b"]})).invalid("/gap")
    assert "leave it out" in said


async def test_a_task_moves_to_a_project_and_section(space: Space) -> None:
    """Project and section are set together; another project leaves the section behind."""
    home, work = (await space.project("Home"))["id"], (await space.project("Work"))["id"]
    await space.post(f"/projects/{home}/sections", {"name": "To do", "section": "todo"})
    path = f"/tasks/{(await space.task())['id']}"
    moved = await space.post(f"{path}/move", {"project": home, "section": "todo"})
    assert (moved.ok["project"], moved.ok["section"]) == (home, "todo")
    assert await order(space, filter=f"project = {home} and section = todo") == ["Milk"]
    moved = await space.post(f"{path}/move", {"project": work})
    assert (moved.ok["project"], moved.ok["section"]) == (work, None)
    moved = await space.patch(path, {"project": None})
    assert (moved.ok["project"], moved.ok["section"]) == (None, None)


async def test_a_subtask_is_where_its_parent_is(space: Space) -> None:
    """It shows its parent's project, moves along, and stays there when it becomes a task of its own."""
    home, work = (await space.project("Home"))["id"], (await space.project("Work"))["id"]
    parent = await space.task("Party", project=home)
    child = await space.task("Cake", parent=parent["id"])
    assert (child["parent"], child["project"]) == (parent["id"], home)
    await space.post(f"/tasks/{parent['id']}/move", {"project": work})
    assert (await space.get(f"/tasks/{child['id']}")).ok["project"] == work
    assert set(await order(space, filter=f"project = {work}")) == {"Party", "Cake"}
    alone = (await space.post(f"/tasks/{child['id']}/move", {"parent": None})).ok
    assert (alone["parent"], alone["project"]) == (None, work)


async def test_places_that_cannot_be(space: Space) -> None:
    """Each is refused with its own reason, and the task stays where it was."""
    home = (await space.project("Home"))["id"]
    gone = (await space.project("Gone"))["id"]
    await space.delete(f"/projects/{gone}")
    parent = await space.task("Party", project=home)
    child = await space.task("Cake", parent=parent["id"])
    path = f"/tasks/{parent['id']}/move"
    (await space.post(path, {"parent": child["id"]})).problem(422, "subtask-cycle")
    (await space.post(path, {"parent": parent["id"]})).problem(422, "subtask-cycle")
    (await space.post(path, {"parent": "nope"})).problem(404, "not-found")
    (await space.post(path, {"project": "nope"})).problem(404, "not-found")
    (await space.post(path, {"project": gone})).problem(409, "in-trash")
    (await space.post(path, {"section": "nope"})).problem(404, "not-found")
    (await space.post(path, {"after": "nope"})).problem(404, "not-found")
    (await space.post(path, {"project": None, "section": "todo"})).invalid("/section")
    (await space.post(f"/tasks/{child['id']}/move", {"project": home})).invalid("/project")
    assert (await space.get(f"/tasks/{parent['id']}")).ok == parent


async def test_subtasks_go_only_so_deep(space: Space) -> None:
    """The 33rd level is refused with the bound."""
    parent: Json = {"id": None}
    for depth in range(32):
        parent = await space.task(f"Level {depth}", parent=parent["id"])
    refused = await space.post("/tasks", {"title": "Too deep", "parent": parent["id"]})
    assert "32" in refused.problem(422, "limit-exceeded")["detail"]
