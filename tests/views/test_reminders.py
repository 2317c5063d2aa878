"""Reminders over HTTP: everybody's own, listed by task, state and user; what fires is the clock's."""

from __future__ import annotations

import pytest

from tests.support.http import REMINDER, Json, Space, key

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT = "2126-03-08T09:00:00.000Z"


async def due_task(space: Space) -> str:
    """The path of a task that is due in a hundred years."""
    return f"/tasks/{(await space.task(due={'local': '2126-03-10T09:00', 'zone': 'Europe/Berlin'}))['id']}"


async def reminder(space: Space, task: str, **body: object) -> Json:
    """A reminder that was added."""
    made: Json = (await space.post(f"{task}/reminders", {"trigger": {"before": "P1D"}, **body})).ok
    return made


async def test_a_reminder_is_added_and_read(space: Space) -> None:
    """It is shown with its time, under its task and by itself."""
    task = await due_task(space)
    repeat = {"every": "PT10M", "times": 3}
    made = await space.post(f"{task}/reminders", {"trigger": {"before": "P1D"}, "repeat": repeat})
    assert (made.status, made.ok.keys()) == (201, REMINDER)
    assert (made.ok["scheduled_for"], made.ok["state"]) == ("2126-03-09T08:00:00.000Z", "pending")
    assert (made.ok["trigger"], made.ok["repeats_left"]) == ({"before": "P1D"}, 3)
    assert made.headers["Location"] == f"{space.prefix}{task}/reminders/{made.ok['id']}"
    for path in (f"{task}/reminders/{made.ok['id']}", f"/reminders/{made.ok['id']}"):
        assert (await space.get(path)).ok == made.ok
    for path in (f"{task}/reminders", "/reminders"):
        listed = (await space.get(path)).ok
        assert (listed["items"], listed["next_cursor"]) == ([made.ok], None)
    await space.task(task="other")
    for wrong in ("/reminders/nope", f"/tasks/other/reminders/{made.ok['id']}", "/tasks/nope/reminders"):
        (await space.get(wrong)).problem(404, "not-found")


async def test_it_follows_its_task(space: Space) -> None:
    """A new date moves it; a task that is done needs none."""
    task = await due_task(space)
    made = await reminder(space, task)
    await space.patch(task, {"due": {"date": "2126-05-01"}})
    assert (await space.get(f"/reminders/{made['id']}")).ok["scheduled_for"] == "2126-04-30T00:00:00.000Z"
    await space.post(f"{task}/complete")
    assert (await space.get(f"/reminders/{made['id']}")).ok["state"] == "cancelled"
    (await space.post(f"{task}/reminders", {"trigger": {"at": AT}})).problem(409, "reminder-over")


async def test_snooze_acknowledge_remove_and_undo(space: Space) -> None:
    """Snoozing gives the new one; removing has nothing to show, and undo brings it back."""
    task = await due_task(space)
    made = await reminder(space, task)
    again = await space.post(f"/reminders/{made['id']}/snooze", {"until": "2126-03-09T10:00:00+01:00"})
    assert (again.status, again.ok["snoozed_from"], again.ok["scheduled_for"]) == (
        201, made["id"], "2126-03-09T09:00:00.000Z",
    )  # fmt: skip
    (await space.post(f"/reminders/{made['id']}/snooze", {"duration": "PT10M"})).problem(409, "reminder-over")
    seen = await space.post(f"/reminders/{again.ok['id']}/acknowledge")
    assert (seen.status, seen.ok["state"]) == (200, "acknowledged")
    gone = await space.delete(f"{task}/reminders/{again.ok['id']}")
    assert (gone.status, gone.raw) == (204, b"")
    await space.post(f"{task}/undo", {"position": gone.position})
    assert (await space.get(f"/reminders/{again.ok['id']}")).ok == seen.ok


async def test_lists_by_state_and_user(space: Space) -> None:
    """Both together; what is no state is said to be none."""
    task = await due_task(space)
    carl = await space.joined("carl", "viewer")
    mine, his = await reminder(space, task), (await carl.post(f"{task}/reminders", {"trigger": {"at": AT}})).ok
    await carl.post(f"/reminders/{his['id']}/acknowledge")

    async def listed(**parameters: str) -> list[str]:
        return [one["id"] for one in (await space.get("/reminders", **parameters)).ok["items"]]

    assert await listed(state="pending") == [mine["id"]]
    assert await listed(user="carl") == [his["id"]]
    assert await listed(state="pending", user="carl") == []
    problem = (await space.get("/reminders", state="lost")).problem(400, "bad-parameter")
    assert "acknowledged" in problem["detail"]


async def test_pages(space: Space) -> None:
    """All of them, in the order in which they were made."""
    task = await due_task(space)
    made = [(await reminder(space, task))["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await space.get("/reminders", limit=2, **({"cursor": cursor} if cursor else {}))).ok
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(seen) == 5


async def test_whose_it_is(space: Space) -> None:
    """A viewer has their own; somebody else's needs an editor."""
    task = await due_task(space)
    vera, edda = await space.joined("vera", "viewer"), await space.joined("edda", "editor")
    own = (await vera.post(f"{task}/reminders", {"trigger": {"at": AT}})).ok
    assert own["user"] == "vera"
    mine = await reminder(space, task)
    (await vera.delete(f"{task}/reminders/{mine['id']}")).problem(403, "forbidden")
    (await vera.post(f"{task}/reminders", {"trigger": {"at": AT}, "user": "edda"})).problem(403, "forbidden")
    assert (await edda.post(f"{task}/reminders", {"trigger": {"at": AT}, "user": "vera"})).ok["user"] == "vera"


async def test_nobody_fires_over_http(space: Space) -> None:
    """The command is the clock's: over HTTP there is none of that name."""
    task = await due_task(space)
    made = await reminder(space, task)
    fire = {"type": "FireReminder", "reminder": made["id"], "scheduled_for": made["scheduled_for"]}
    (await space.post("/commands", fire)).problem(422, "invalid")
    (await space.post("/commands", {"commands": [fire]})).problem(422, "invalid")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/trigger"),
        ({"trigger": {}}, "/trigger"),
        ({"trigger": {"before": "soon"}}, "/trigger/before"),
        ({"trigger": {"before": "P1D", "of": "end"}}, "/trigger/of"),
        ({"trigger": {"at": "2026-01-01T00:00:00Z"}}, "/trigger"),
        ({"trigger": {"at": AT, "mood": "good"}}, "/trigger/mood"),
        ({"trigger": {"at": AT}, "repeat": {"every": "PT10M", "times": 0}}, "/repeat/times"),
        ({"trigger": {"at": AT}, "user": "nobody"}, "/user"),
    ],
)
async def test_what_is_wrong(space: Space, body: Json, pointer: str) -> None:
    """The field is named."""
    problem = (await space.post(f"{await due_task(space)}/reminders", body)).problem(422, "invalid")
    assert [one["pointer"] for one in problem["errors"]] == [pointer]


async def test_a_repeated_request_shows_the_first_outcome(space: Space) -> None:
    """However the reminder was changed since."""
    task, same = await due_task(space), {"Idempotency-Key": key()}
    first = await space.post(f"{task}/reminders", {"trigger": {"before": "P1D"}}, headers=same)
    await space.patch(task, {"due": {"date": "2126-05-01"}})
    again = await space.post(f"{task}/reminders", {"trigger": {"before": "P1D"}}, headers=same)
    assert (again.status, again.ok, again.position) == (201, first.ok, first.position)
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_the_audit_tells_of_it(space: Space) -> None:
    """What follows from a change of the task is in the same command."""
    task = await due_task(space)
    made = await reminder(space, task)
    done = await space.post(f"{task}/complete")
    entries = (await space.get("/audit", limit=2)).ok["items"]
    assert [one["type"] for one in entries] == ["ReminderCancelled", "TaskCompleted"]
    assert entries[0]["changes"] == [
        {"field": f"reminders/{made['id']}/state", "before": "pending", "after": "cancelled"}
    ]
    assert done.position == entries[0]["position"]
