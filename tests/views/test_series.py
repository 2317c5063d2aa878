"""Series over HTTP: made, read, changed in three scopes, and what becomes of their occurrences."""

from __future__ import annotations

import pytest

from tests.support.http import SERIES, TASK, Json, Space, key

pytestmark = pytest.mark.asyncio(loop_scope="module")

BERLIN = {"local": "2126-03-05T18:00", "zone": "Europe/Berlin"}
"""A Tuesday in a hundred years."""
WEEKLY = {"template": {"title": "Plants"}, "rule": "FREQ=WEEKLY", "anchor": BERLIN}


async def made(space: Space, **body: object) -> Json:
    """A series that was created."""
    found: Json = (await space.post("/series", {**WEEKLY, **body})).ok
    return found


async def test_a_series_is_created_and_read(space: Space) -> None:
    """With every field; its first occurrence is a task, and the rest are planned."""
    template = {
        "title": "Plants", "description": "Not the cactus", "priority": "high", "labels": ["home"],
        "assignees": ["olga"], "estimate_minutes": 10, "checklist": ["Kitchen", "Balcony"], "start_before": "P1D",
        "reminders": [{"trigger": {"before": "PT30M"}, "repeat": {"every": "PT10M", "times": 2}}],
    }  # fmt: skip
    answer = await space.post("/series", {**WEEKLY, "template": template, "exdate": ["2126-03-19T18:00"]})
    found = answer.ok
    assert (answer.status, found.keys(), answer.etag) == (201, SERIES, '"1"')
    assert answer.headers["Location"] == f"{space.prefix}/series/{found['id']}"
    assert (await space.get(f"/series/{found['id']}")).ok == found
    assert (await space.get("/series")).ok["items"] == [found]
    assert (found["template"], found["missed"], found["state"]) == (template, "next", "active")
    assert found["description"] == "every Tuesday at 18:00, except 1 time"
    (name,) = found["open"]
    task = (await space.get(f"/tasks/{name}")).ok
    assert task.keys() == TASK
    assert (task["series"], task["original"], task["due"]) == (found["id"], "2126-03-05T18:00", BERLIN)
    assert task["start"] == {"local": "2126-03-04T18:00", "zone": "Europe/Berlin"}
    assert [one["title"] for one in task["checklist"]] == ["Kitchen", "Balcony"]
    (bell,) = (await space.get(f"/tasks/{name}/reminders")).ok["items"]
    assert (bell["scheduled_for"], bell["user"]) == ("2126-03-05T16:30:00.000Z", "olga")


async def test_wrong_fields_are_pointed_at(space: Space) -> None:
    """Each with what to do."""
    for body, pointer in (
        ({"rule": "daily"}, "/rule"),
        ({"anchor": {"date": "2126-13-01"}}, "/anchor"),
        ({"rule": "FREQ=WEEKLY;BYDAY=WE"}, "/rule"),
        ({"rule": "FREQ=SECONDLY"}, "/rule"),
        ({"exdate": ["2126-03-19"]}, "/exdate"),
        ({"ahead": "-P1D"}, "/ahead"),
        ({"template": {"title": " "}}, "/template/title"),
        ({"template": {"title": "A", "assignees": ["nobody"]}}, "/template/assignees/0"),
        ({"template": {"title": "A", "reminders": [{"trigger": {"before": "soon"}}]}},
         "/template/reminders/0/trigger/before"),
        ({"template": {"title": "A", "colour": "red"}}, "/template/colour"),
        ({"template": None}, "/template"),
        ({"anchor": None}, "/anchor"),
        ({"stop_after": 0}, "/stop_after"),
        ({"missed": "never"}, "/missed"),
    ):  # fmt: skip
        (await space.post("/series", {**WEEKLY, **body})).invalid(pointer)
    (await space.post("/series", {**WEEKLY, "template": {"title": "A", "project": "nope"}})).problem(404, "not-found")
    (await space.get("/series/nope")).problem(404, "not-found")
    assert (await space.get("/series")).ok["items"] == []


async def test_a_task_becomes_the_first_of_a_series(space: Space) -> None:
    """It stays the task that it is; what comes after it is made of it."""
    task = await space.task("Bins", due={"date": "2126-03-05"}, labels=["home"])
    found = (await space.post("/series", {"task": task["id"], "rule": "FREQ=WEEKLY"})).ok
    assert (found["anchor"], found["template"]) == ({"date": "2126-03-05"}, {"title": "Bins", "labels": ["home"]})
    assert (found["open"], found["next"]) == ([task["id"]], "2126-03-12")
    await space.post(f"/tasks/{task['id']}/complete")
    (following,) = (await space.get(f"/series/{found['id']}")).ok["open"]
    assert (await space.get(f"/tasks/{following}")).ok["due"] == {"date": "2126-03-12"}
    again = {"task": following, "rule": "FREQ=DAILY"}
    (await space.post("/series", again)).problem(409, "already-exists")


async def test_occurrences_of_a_range_in_pages(space: Space) -> None:
    """What became of them, and what is planned; a cursor goes on where a page ended."""
    found = await made(space)
    path = f"/series/{found['id']}/occurrences"
    await space.post(f"/series/{found['id']}/skip", {"occurrence": "2126-03-19T18:00"})
    whole = (await space.get(path, limit=4)).ok
    assert [(one["occurrence"], one["state"]) for one in whole["items"]] == [
        ("2126-03-05T18:00", "open"),
        ("2126-03-12T18:00", "planned"),
        ("2126-03-19T18:00", "skipped"),
        ("2126-03-26T18:00", "planned"),
    ]
    assert whole["items"][0]["task"] == found["open"][0]
    following = (await space.get(path, limit=1, cursor=whole["next_cursor"])).ok["items"]
    assert [(one["occurrence"], one["instant"]) for one in following] == [
        ("2126-04-02T18:00", "2126-04-02T16:00:00.000Z")
    ]
    for bounds in (
        {"from": "2126-03-12", "to": "2126-03-26"},
        {"from": "2126-03-12T18:00", "to": "2126-03-19T18:01"},
        {"from": "2126-03-12T17:00:00Z", "to": "2126-03-19T18:00:00.000Z"},
    ):
        inside = (await space.get(path, **bounds)).ok
        assert [one["occurrence"] for one in inside["items"]] == ["2126-03-12T18:00", "2126-03-19T18:00"]
        assert inside["next_cursor"] is None
    assert (await space.get(path, **{"from": "soon"})).problem(400, "bad-parameter")["parameter"] == "from"
    (await space.get(path, cursor="soon")).problem(400, "cursor-syntax")


async def test_a_change_of_one_of_those_that_follow_and_of_all(space: Space) -> None:
    """One gets a due value of its own; the rest goes to a new series; all means all."""
    found = await made(space)
    path = f"/series/{found['id']}"
    due = {"local": "2126-03-13T09:00", "zone": "Europe/Berlin"}
    one = {"scope": "this", "occurrence": "2126-03-12T18:00", "due": due, "template": {"title": "All plants"}}
    changed = (await space.patch(path, one)).ok
    assert [override["original"] for override in changed["overrides"]] == ["2126-03-12T18:00"]
    (planned,) = (await space.get(f"{path}/occurrences", **{"from": "2126-03-12", "to": "2126-03-14"})).ok["items"]
    assert (planned["due"], planned["title"], planned["state"]) == (due, "All plants", "planned")
    rest = {"scope": "this-and-following", "occurrence": "2126-03-26T18:00", "template": {"title": "Garden"}}
    split = (await space.patch(path, rest)).ok
    assert (split["previous"], split["anchor"]["local"]) == (found["id"], "2126-03-26T18:00")
    old = (await space.get(path)).ok
    assert (old["ends_before"], old["following"]) == ("2126-03-26T18:00", split["id"])
    renamed = await space.patch(path, {"template": {"title": "Ferns"}})
    assert renamed.ok["template"]["title"] == "Ferns"
    assert (await space.get(f"/tasks/{found['open'][0]}")).ok["title"] == "Ferns"
    (await space.patch(path, {"missed": "all"}, headers={"If-Match": '"1"'})).problem(412, "version-conflict")
    assert (await space.patch(path, {"missed": "all"}, headers={"If-Match": renamed.etag})).ok["missed"] == "all"
    (await space.patch(path, {"scope": "this"})).invalid("/occurrence")
    (await space.patch(path, {"scope": "this", "occurrence": "2126-03-13T18:00"})).invalid("/occurrence")


async def test_skip_postpone_pause_resume_end_and_undo(space: Space) -> None:
    """Each is a fact of its own, and can be undone."""
    found = await made(space)
    (name,), path = found["open"], f"/series/{found['id']}"
    later = (await space.post(f"/tasks/{name}/postpone", {"by": "P1D"})).ok
    assert (later["due"]["local"], later["postponed"], later["original"]) == (
        "2126-03-06T18:00", 1, "2126-03-05T18:00",
    )  # fmt: skip
    skipped = await space.post(f"/tasks/{name}/skip")
    assert skipped.ok["status"] == "skipped"
    (following,) = (await space.get(path)).ok["open"]
    assert (await space.get(f"/tasks/{following}")).ok["original"] == "2126-03-12T18:00"
    assert (await space.post(f"/tasks/{name}/undo", {"position": skipped.position})).ok["status"] == "open"
    assert (await space.get(path)).ok["open"] == [name]
    plain = await space.task()
    (await space.post(f"/tasks/{plain['id']}/skip")).problem(409, "not-recurring")
    assert (await space.post(f"{path}/pause")).ok["state"] == "paused"
    assert (await space.post(f"{path}/resume")).ok["state"] == "active"
    ended = await space.delete(path)
    assert (ended.ok["state"], ended.ok["open"]) == ("ended", [])
    assert (await space.get("/series")).ok["items"] == []
    assert [one["id"] for one in (await space.get("/series", ended="true")).ok["items"]] == [found["id"]]
    (await space.post(f"{path}/pause")).problem(409, "series-ended")
    await space.post("/commands", {"type": "Undo", "position": ended.position})
    again = (await space.get(path)).ok
    assert (again["state"], again["open"]) == ("active", [name])


async def test_figures_of_what_became_of_them(space: Space) -> None:
    """A streak survives what is skipped."""
    found = await made(space)
    path = f"/series/{found['id']}"
    for what in ("complete", "skip", "complete", "cancel", "complete"):
        (name,) = (await space.get(path)).ok["open"]
        await space.post(f"/tasks/{name}/{what}")
    assert (await space.get(f"{path}/statistics")).ok == {
        "occurrences": 6, "still_open": 1, "done": 3, "late": 0, "skipped": 1, "missed": 0, "cancelled": 1,
        "postponed": 0, "streak": 1, "longest_streak": 2, "average_late_seconds": None, "done_ratio": 0.75,
    }  # fmt: skip


async def test_a_repeated_write_answers_as_the_first_time(space: Space) -> None:
    """Also when the series has gone on since."""
    headers = {"Idempotency-Key": key()}
    first = await space.post("/series", WEEKLY, headers=headers)
    await space.patch(f"/series/{first.ok['id']}", {"template": {"title": "Ferns"}})
    again = await space.post("/series", WEEKLY, headers=headers)
    assert (again.ok, again.replayed, again.etag) == (first.ok, True, first.etag)
    assert len((await space.get("/series")).ok["items"]) == 1


@pytest.mark.parametrize("named", ["friday", "2126-03-12 09:00", "2126-03-12T09:00Z"])
async def test_an_occurrence_is_named_by_its_time(space: Space, named: str) -> None:
    """What looks otherwise is answered with how it must look."""
    found = await made(space)
    for answer in (
        await space.post(f"/series/{found['id']}/skip", {"occurrence": named}),
        await space.patch(f"/series/{found['id']}", {"scope": "this", "occurrence": named, "due": None}),
    ):
        errors = {one["pointer"]: one["detail"] for one in answer.problem(422, "invalid")["errors"]}
        assert "such as 2026-03-08 or 2026-03-08T09:00" in errors["/occurrence"]


@pytest.mark.parametrize("cursor", ["2126-99-99", "2126-02-30", "2126-03-12T99:00"])
async def test_a_cursor_that_is_no_day(space: Space, cursor: str) -> None:
    """It is refused, whatever it looks like."""
    found = await made(space)
    (await space.get(f"/series/{found['id']}/occurrences", cursor=cursor)).problem(400, "cursor-syntax")


async def test_figures_of_what_is_due_at_the_end_of_the_calendar(space: Space) -> None:
    """It is done in time, whenever that is."""
    found = await made(space)
    (name,) = found["open"]
    await space.patch(f"/tasks/{name}", {"due": {"date": "9999-12-31"}})
    await space.post(f"/tasks/{name}/complete")
    figures = (await space.get(f"/series/{found['id']}/statistics")).ok
    assert (figures["done"], figures["late"]) == (1, 0)
