"""What holds whatever clients do at the same time: no edit is lost, and no command applied twice."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.http import Answer, Json, Site, key

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL: Final = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

VALUES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "title": st.sampled_from(["Milk", "Oat milk", "牛乳"]),
    "description": st.sampled_from(["", "Two *litres*"]),
    "priority": st.sampled_from(["none", "low", "high"]),
    "labels": st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3),
    "due": st.sampled_from([None, {"date": "2026-03-08"}, {"local": "2026-03-08T09:00", "zone": "Europe/Berlin"}]),
    "estimate_minutes": st.sampled_from([None, 0, 15]),
    "status": st.sampled_from(["open", "in-progress", "done"]),
}


@st.composite
def shared_out(draw: st.DrawFn) -> list[list[Json]]:
    """Edits of several clients, one after the other each, of fields that are each one client's own."""
    clients = draw(st.integers(2, 4))
    owners = {field: draw(st.integers(0, clients - 1)) for field in VALUES}
    edits: list[list[Json]] = []
    for client in range(clients):
        own = [field for field, owner in owners.items() if owner == client]
        edit = st.lists(st.sampled_from(own), unique=True, min_size=1) if own else st.just(list[str]())
        edits.append([{field: draw(VALUES[field]) for field in draw(edit)} for _ in range(draw(st.integers(1, 3)))])
    return edits


@SMALL
@given(edits=shared_out())
async def test_edits_of_different_fields_all_survive(site: Site, edits: list[list[Json]]) -> None:
    """Whatever the order they come in, the task ends up with the last value that each client gave its fields."""
    space = await site.space()
    task = await space.task()
    path = f"/tasks/{task['id']}"

    async def client(number: int) -> None:
        user = await space.joined(f"user-{number}", "editor")
        for edit in edits[number]:
            answer = await user.patch(path, edit)
            assert {field: answer.ok[field] for field in edit if field != "labels"} == {
                field: value for field, value in edit.items() if field != "labels"
            }

    await asyncio.gather(*(client(number) for number in range(len(edits))))
    now = (await space.get(path)).ok
    wanted = {field: value for own in edits for edit in own for field, value in edit.items()}
    for field, value in wanted.items():
        assert sorted(now[field]) == sorted(value) if field == "labels" else now[field] == value
    untouched = now.keys() - wanted.keys() - {"version", "position", "updated_at", "completed_at"}
    assert {field: now[field] for field in untouched} == {field: task[field] for field in untouched}
    history = (await space.get(f"{path}/history")).ok["items"]
    assert now["version"] == len(history)


Write = tuple[str, str, Json | None]

BATCH: Final[Write] = (
    "POST",
    "/commands",
    {"commands": [{"type": "CreateTask", "title": title} for title in ("A", "B")]},
)
WRITES: Final[list[Write]] = [
    ("POST", "/tasks", {"title": "Bread"}),
    ("POST", "/tasks/milk/comments", {"body": "Two"}),
    ("POST", "/tasks/milk/checklist", {"title": "Oat"}),
    ("POST", "/projects", {"name": "Home"}),
    ("PATCH", "/tasks/milk", {"title": "Oat milk", "labels": ["a"]}),
    ("POST", "/tasks/milk/label", {"add": ["x"]}),
    ("POST", "/tasks/milk/complete", None),
    ("DELETE", "/tasks/milk", None),
    ("POST", "/tasks/nope/complete", None),
    ("PUT", "/members/ann", {"role": "editor"}),
    ("POST", "/tasks/milk/undo", {"position": 3}),
    ("POST", "/commands", {"type": "CreateTask", "title": "Jam"}),
    BATCH,
]
PREFERENCES: Final = st.sampled_from([{}, {}, {"Prefer": "respond-async"}, {"Prefer": "wait=0"}, {"Prefer": "wait=1"}])


@st.composite
def repeated(draw: st.DrawFn) -> list[list[tuple[int, dict[str, str]]]]:
    """Rounds of requests that are under way together: each names a write, and how long to wait for it."""
    writes = draw(st.lists(st.integers(0, len(WRITES) - 1), unique=True, min_size=1, max_size=4))
    one = st.tuples(st.sampled_from(writes), PREFERENCES)
    return draw(st.lists(st.lists(one, min_size=1, max_size=5), min_size=1, max_size=4))


@SMALL
@given(rounds=repeated())
async def test_a_write_is_applied_once_however_often_it_is_sent(
    site: Site, rounds: list[list[tuple[int, dict[str, str]]]]
) -> None:
    """Retries under one key, at the same time and later, waiting or not, by one client or several connections."""
    space = await site.space()
    await space.task("Milk", task="milk")
    names = [key() for _ in WRITES]
    answers: dict[int, list[Answer]] = {}

    async def send(number: int, prefer: dict[str, str]) -> None:
        method, path, body = WRITES[number]
        more = {} if body is None else {"body": body}
        headers = {"Idempotency-Key": names[number], **prefer}
        answers.setdefault(number, []).append(await space.send(method, path, headers=headers, **more))

    for together in rounds:
        await asyncio.gather(*(send(number, prefer) for number, prefer in together))
    await asyncio.gather(*(send(number, {}) for number in list(answers)))  # nothing of it is under way any more
    assert site.waiting() == 0
    log = (await space.get("/events", limit=1000)).ok["items"]
    for number, answered in answers.items():
        final = {answer.status for answer in answered if answer.status != 202 and b"still-pending" not in answer.raw}
        assert final == {answered[-1].status}
        if WRITES[number] is BATCH:
            assert [one["status"] for one in answered[-1].ok["items"]] == ["accepted"] * 2
            made = [event for event in log if event["data"].get("title") in ("A", "B")]
            assert [event["data"]["title"] for event in made] == ["A", "B"]
            continue
        outcome = (await space.get(f"/commands/{names[number]}")).ok
        assert outcome["events"] == [event for event in log if event["command"] == names[number]]
        assert outcome["status"] == ("accepted" if answered[-1].status < 300 else "refused")
