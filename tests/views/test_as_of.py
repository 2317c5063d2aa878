"""Reads of the past state over HTTP: as of a position or an instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.http import PROJECT, TASK, WORKSPACE, Json, Site, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def changed(space: Space) -> list[Json]:
    """A task as it was after each of four changes."""
    home = await space.project("Home")
    states = [await space.task("Milk", project=home["id"])]
    path = f"/tasks/{states[0]['id']}"
    states.append((await space.patch(path, {"title": "Oat milk"})).ok)
    states.append((await space.post(f"{path}/complete")).ok)
    states.append((await space.delete(path)).ok)
    return states


async def test_a_task_as_of_each_position(space: Space) -> None:
    """Every state that was ever shown can be seen again, with its ETag and position."""
    for state in await changed(space):
        then = await space.get(f"/tasks/{state['id']}", as_of=state["position"])
        assert then.ok == state
        assert then.ok.keys() == TASK
        assert (then.position, then.etag) == (state["position"], f'"{state["version"]}"')


async def test_before_it_was_made(space: Space) -> None:
    """There was no such task, and before everything no workspace."""
    (first, *_) = await changed(space)
    early = (
        (f"/tasks/{first['id']}", first["position"] - 1, "The task did not exist yet"),
        (f"/projects/{first['project']}", 1, "The project did not exist yet"),
        ("", 0, "The workspace did not exist yet"),
    )
    for path, position, said in early:
        problem = (await space.get(path, as_of=position)).problem(404, "not-found")
        assert problem["detail"].startswith(said)
    assert (await space.get("/tasks", as_of=0)).ok == {"items": [], "next_cursor": None, "position": 0}


async def test_as_of_an_instant(site: Site, space: Space) -> None:
    """The newest event not after it counts; instants may have any offset."""
    states = await changed(space)
    events = (await space.get("/events")).ok["items"]
    for instant in sorted({one["at"] for one in events if one["position"] >= states[0]["position"]}):
        position = max(one["position"] for one in events if one["at"] <= instant)
        there = datetime.fromisoformat(instant).astimezone(datetime.now().astimezone().tzinfo) + timedelta(0)
        for spelled in (instant, there.isoformat(), instant.replace("Z", "+00:00")):
            read = await space.get(f"/tasks/{states[0]['id']}", as_of=spelled)
            assert read.position == position
            assert read.ok == [state for state in states if state["position"] <= position][-1]


@pytest.mark.parametrize("instant", ["2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_an_instant_to_come(space: Space, instant: str) -> None:
    """What is to come nobody knows: like a position that is not there yet."""
    states = await changed(space)
    for path in (f"/tasks/{states[0]['id']}", "/tasks"):
        problem = (await space.get(path, as_of=instant)).problem(400, "bad-parameter")
        assert "in the future" in problem["detail"]


@pytest.mark.parametrize("instant", ["1970-01-01T00:00:00Z", "0300-01-01T00:00:00Z", "0001-01-01T00:00:00-23:59"])
async def test_an_instant_long_ago(space: Space, instant: str) -> None:
    """Before the workspace was made there was nothing."""
    (first, *_) = await changed(space)
    (await space.get(f"/tasks/{first['id']}", as_of=instant)).problem(404, "not-found")
    assert (await space.get("/tasks", as_of=instant)).position == 0


async def test_tasks_as_they_were_found(space: Space) -> None:
    """Filter, sort and count work on the past as on the present."""
    states = await changed(space)
    open_then = {"filter": "status = open", "sort": "title", "count": "true"}
    assert (await space.get("/tasks", **open_then)).ok["total"] == 0
    then = await space.get("/tasks", as_of=states[1]["position"], **open_then)
    assert (then.ok["items"], then.ok["total"], then.ok["position"]) == ([states[1]], 1, states[1]["position"])


async def test_relative_dates_are_of_then(space: Space) -> None:
    """`today` in a filter is the day of that position, not of the question."""
    today = datetime.now(UTC).date()
    task = await space.task("Milk", due={"date": today.isoformat()})
    found = await space.get("/tasks", filter=f"due = {today} and created <= now", as_of=task["position"])
    assert [one["id"] for one in found.ok["items"]] == [task["id"]]


async def test_pages_of_the_past(space: Space) -> None:
    """A cursor goes on in the same past."""
    for title in ("A", "B", "C"):
        await space.task(title)
    position = await space.position()
    first = (await space.get("/tasks", as_of=position, limit=2)).ok
    await space.task("D")
    second = (await space.get("/tasks", as_of=position, limit=2, cursor=first["next_cursor"])).ok
    assert [one["title"] for one in (*first["items"], *second["items"])] == ["A", "B", "C"]
    assert second["next_cursor"] is None


async def test_projects_and_workspaces_as_they_were(space: Space) -> None:
    """A project with its sections, a workspace with its name."""
    home = await space.project("Home")
    await space.post(f"/projects/{home['id']}/sections", {"name": "To do"})
    await space.delete(f"/projects/{home['id']}")
    position = (await space.patch("", {"name": "Bcme"})).position
    then = await space.get(f"/projects/{home['id']}", as_of=home["position"])
    assert then.ok == home
    assert then.ok.keys() == PROJECT
    before = await space.get("", as_of=position - 1)
    assert before.ok["name"] == "Acme"
    assert before.ok.keys() == WORKSPACE
    (await space.get(f"/projects/{home['id']}", as_of=home["position"] - 1)).problem(404, "not-found")


@pytest.mark.parametrize("value", ["tomorrow", "-1", "", "2026-03-08T09:00:00", "2026-02-30T00:00:00Z", "1.5", "１"])
async def test_a_moment_that_cannot_be_read(space: Space, value: str) -> None:
    """The problem says how it is written; a time without offset is nobody's."""
    for path in ("", "/tasks"):
        problem = (await space.get(path, as_of=value)).problem(400, "bad-parameter")
        assert problem["parameter"] == "as_of"
        assert "2026-03-08T09:00:00Z" in problem["detail"]


async def test_a_plus_that_became_a_space(space: Space) -> None:
    """The problem says how to send an offset."""
    read = await space.get("?as_of=2026-03-08T09:00:00+01:00")
    assert "%2B" in read.problem(400, "bad-parameter")["detail"]


async def test_a_position_to_come(space: Space) -> None:
    """A position that is not there yet is refused, with the newest one."""
    problem = (await space.get("/tasks", as_of=999)).problem(400, "bad-parameter")
    assert "the newest is 2" in problem["detail"]


async def test_who_may_see_the_past(space: Space) -> None:
    """Who is a member now; a stranger learns nothing, not even of a time when they were one."""
    ann = await space.joined("ann", "viewer")
    position = await space.position()
    assert (await ann.get("", as_of=1)).status == 200
    await space.delete("/members/ann")
    (await ann.get("", as_of=position)).problem(404, "not-found")
