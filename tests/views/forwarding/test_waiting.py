"""Places for requests that wait for a worker: for whom there are any, and how they are shared."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.http import Answer
from tests.support.waiting import until
from tests.support.workers import CLUSTER, Worker, worker
from tests.views.forwarding.test_turns import gone
from tests.views.tokens import SECRET, SHARED, bearer, signed, tampered
from views.auth import JwtAuthentication
from views.forwarding import waiting
from views.forwarding.proofs import HEADER, Hop, Proofs

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/v1/workspaces/space/tasks"
CALENDAR = "/api/v1/workspaces/space/calendar.ics?token=made.up"


def asking(worker: Worker, user: str, times: int, path: str = PATH) -> list[asyncio.Task[Answer]]:
    """Requests of a user who has a token."""
    headers = bearer(signed(sub=user))
    return [asyncio.create_task(worker.client().get(path, headers=headers)) for _ in range(times)]


def over(asked: list[asyncio.Task[Answer]]) -> list[int]:
    """The statuses of those that have been answered."""
    return [one.result().status for one in asked if one.done()]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("not.a.token"),
        bearer(tampered()),
        bearer(signed(SECRET[::-1])),
        bearer(signed(exp=1)),
        {"Tasksys-Actor": "olga"},
        {"Upgrade": "websocket", "Connection": "upgrade", "Sec-WebSocket-Protocol": "tasksys.v1, tasksys.bearer.x.y.z"},
    ],
)
async def test_who_is_not_known_does_not_wait(headers: dict[str, str]) -> None:
    """They are refused as they would be by the worker that has the workspace, when there is one."""
    auth = JwtAuthentication(SHARED)
    async with worker(None, None, authenticator=auth) as other:
        for method, path in (
            ("GET", PATH),
            ("GET", PATH.replace("tasks", "feed")),
            ("POST", PATH),
            ("GET", "/admin/lag"),
        ):
            async with asyncio.timeout(5):
                answer = await other.client().send(method, path, headers=headers)
            assert answer.problem(401, "unauthorised")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert len(other.forwarder.waiting) == 0


async def test_another_worker_vouches_for_nobody(owner: Worker) -> None:
    """A request that was handed on is looked at again where it waits."""
    async with worker(None, None, authenticator=JwtAuthentication(SHARED)) as other:
        proof = {HEADER: Proofs(CLUSTER).prove("GET", PATH, Hop("192.0.2.1", 10.0))}
        (await other.client().get(PATH, headers=proof)).problem(401, "unauthorised")
        known = asyncio.create_task(other.client().get(PATH, headers=proof | bearer(signed())))
        await until(lambda: len(other.forwarder.waiting) == 1)
        await gone([known])


async def test_one_user_leaves_room_for_others(owner: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for too much is told at once; others wait, until there is a worker to ask."""
    monkeypatch.setattr(waiting, "WAITING", 8)
    async with worker(None, None, authenticator=JwtAuthentication(SHARED)) as other:
        anna = asking(other, "anna", 20)
        await until(lambda: len(over(anna)) == 16)
        assert over(anna) == [503] * 16
        ben = asking(other, "ben", 2)
        await until(lambda: len(other.forwarder.waiting) > 4)
        strangers = [(await other.client().get(PATH)).status for _ in range(3)]
        assert strangers == [401] * 3
        assert not over(ben)
        other.believing.believe(owner.url)
        assert [(await one).status for one in ben] == [404, 404], "the owner has been asked"
        assert [(await one).status for one in anna].count(404) == 4, "who waits is not turned away by who comes"
        assert len(other.forwarder.waiting) == 0


async def test_whom_the_owner_only_can_know(owner: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have places of their own, shared by their addresses, whether they came here themselves or not."""
    monkeypatch.setattr(waiting, "WAITING", 4)
    monkeypatch.setattr(waiting, "STRANGERS", 4)
    async with worker(None, None, authenticator=JwtAuthentication(SHARED)) as other:
        here = [asyncio.create_task(other.client().get(CALENDAR)) for _ in range(9)]
        await until(lambda: len(over(here)) == 7)
        assert len(other.forwarder.waiting) == 2
        proof = {HEADER: Proofs(CLUSTER).prove("GET", CALENDAR, Hop("192.0.2.1", 10.0))}
        there: Any = [asyncio.create_task(other.client().get(CALENDAR, headers=proof)) for _ in range(2)]
        await until(lambda: len(over(there)) == 1)
        anna = asking(other, "anna", 2)
        await until(lambda: len(other.forwarder.waiting) == 5)
        assert not over(anna)
        await gone([*here, *there, *anna])
        await until(lambda: len(other.forwarder.waiting) == 0)


async def test_a_secret_in_another_address_is_none(owner: Worker) -> None:
    """Only calendars are read by one."""
    async with worker(None, None, authenticator=JwtAuthentication(SHARED)) as other:
        (await other.client().get(f"{PATH}?token=made.up")).problem(401, "unauthorised")


async def test_lists_over_all_wait_beside_them(owner: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the same places, of which one user has no more for that."""
    monkeypatch.setattr(waiting, "WAITING", 4)
    async with worker(owner.believing.node, None, authenticator=JwtAuthentication(SHARED)) as other:
        anna = asking(other, "anna", 6, "/api/v1/workspaces")
        await until(lambda: len(over(anna)) == 4)
        assert over(anna) == [503] * 4
        assert len(other.forwarder.waiting) == 2
        await gone(anna)
