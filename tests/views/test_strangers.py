"""What a stranger learns of a workspace: nothing, not even whether it is there."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.support.http import Json, Site, Space, key
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKSPACES: Final = "/api/v1/workspaces"

REQUESTS: Final[list[tuple[str, str, Json | None]]] = [
    ("GET", "", None),
    ("GET", "?as_of=1", None),
    ("GET", "?min_position=1", None),
    ("GET", "/members", None),
    ("GET", "/members/olga", None),
    ("GET", "/projects", None),
    ("GET", "/projects/home", None),
    ("GET", "/tasks", None),
    ("GET", "/tasks?filter=nonsense", None),
    ("GET", "/tasks/milk", None),
    ("GET", "/tasks/milk/comments", None),
    ("GET", "/tasks/milk/checklist", None),
    ("GET", "/tasks/milk/history", None),
    ("GET", "/filters?count=true", None),
    ("GET", "/filters/urgent", None),
    ("GET", "/events", None),
    ("GET", "/events?after=0&wait=60", None),
    ("GET", "/events?after=99&wait=60&min_position=1", None),
    ("GET", "/audit", None),
    ("GET", "/audit/verify", None),
    ("GET", "/export.json", None),
    ("GET", "/commands/make-milk", None),
    ("PATCH", "", {"name": "Mine"}),
    ("PUT", "/members/sam", {"role": "owner"}),
    ("DELETE", "/members/olga", None),
    ("DELETE", "/members/sam", None),
    ("POST", "/projects", {"name": "Mine", "project": "home"}),
    ("DELETE", "/projects/home", None),
    ("POST", "/tasks", {"title": "Mine", "task": "milk"}),
    ("PATCH", "/tasks/milk", {"title": "Mine", "expected_version": 7}),
    ("POST", "/tasks/milk/complete", None),
    ("POST", "/tasks/milk/comments", {"body": "Mine"}),
    ("POST", "/tasks/milk/undo", {"position": 3}),
    ("POST", "/tasks/milk/undo", {"command": "make-milk"}),
    ("POST", "/tasks/milk/undo", {"command": "make-milk", "actor": "olga"}),
    ("POST", "/filters", {"name": "Mine", "filter": "nonsense"}),
    ("DELETE", "/filters/urgent", None),
    ("POST", "/commands", {"type": "Undo", "position": 3}),
    ("POST", "/commands", {"type": "CreateTask", "task": "milk", "title": "Mine"}),
    ("POST", "/commands", {"type": "CreateWorkspace", "name": "Mine"}),
    ("POST", "/commands", {"commands": [{"type": "TrashTask", "task": "milk"}, {"type": "Undo", "position": 3}]}),
]


@pytest.mark.parametrize("prefer", [{}, {"Prefer": "respond-async"}])
@pytest.mark.parametrize("request_of", REQUESTS, ids=[f"{method} {path} {body}" for method, path, body in REQUESTS])
async def test_a_stranger_does_not_learn_what_there_is(
    site: Site, space: Space, request_of: tuple[str, str, Json | None], prefer: dict[str, str]
) -> None:
    """A workspace that is not there and one that is not theirs answer with the same status, headers and body."""
    await space.project("Home", project="home")
    await space.post("/commands", {"type": "CreateTask", "id": "make-milk", "task": "milk", "title": "Milk"})
    method, path, body = request_of
    stranger, missing = space.acting("sam"), f"{key():0>26}"
    nowhere = Space(site.session, stranger.headers, f"{WORKSPACES}/{missing}", missing)
    more: dict[str, Any] = {} if body is None else {"body": body}
    headers = {**prefer, "Idempotency-Key": "same"} if method != "GET" else prefer
    there = await stranger.send(method, path, headers=headers, **more)
    not_there = await nowhere.send(method, path, headers=headers, **more)
    assert there.status == not_there.status
    assert there.raw.replace(space.id.encode(), b"") == not_there.raw.replace(nowhere.id.encode(), b"")
    assert set(there.headers) == set(not_there.headers)
    assert there.headers.get("Tasksys-Position") == not_there.headers.get("Tasksys-Position")
    assert b"Milk" not in there.raw
    assert there.status in (202, 400, 404, 422) or b'"refused"' in there.raw
    outcomes = [await decided(one, "/commands/same") for one in (stranger, nowhere)]
    assert outcomes[0] == outcomes[1]


async def decided(space: Space, path: str) -> bytes:
    """What is told of a command, once that is not that it is pending."""
    answers: list[bytes] = []

    async def told() -> bool:
        answers.append((await space.get(path)).raw)
        return b'"pending"' not in answers[-1]

    await until(told)
    return answers[-1]
