"""Events over HTTP: from a position on, as they stand in the log, awaited by long polls."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.http import EVENT, Json, Site, Space
from tests.support.waiting import until
from views import past

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_event_in_order(space: Space) -> None:
    """Positions are gapless from 1, and the newest is told."""
    task = await space.task()
    await space.patch(f"/tasks/{task['id']}", {"title": "Oat milk", "priority": "high", "status": "done"})
    page = (await space.get("/events")).ok
    assert page.keys() == {"items", "position"}
    assert all(one.keys() == EVENT for one in page["items"])
    types = ["WorkspaceCreated", "MemberAdded", "TaskCreated", "TaskEdited", "TaskCompleted"]
    assert [one["type"] for one in page["items"]] == types
    assert [one["position"] for one in page["items"]] == [1, 2, 3, 4, 5]
    assert page["position"] == 5
    assert page["items"][3]["data"] == {
        "before": {"title": "Milk", "priority": "none"},
        "after": {"title": "Oat milk", "priority": "high"},
    }


async def test_pages_of_events(space: Space) -> None:
    """`after` and `limit` walk through all of them; after the newest there is nothing."""
    for number in range(5):
        await space.task(f"Task {number}")
    seen: list[int] = []
    while items := (await space.get("/events", after=seen[-1] if seen else 0, limit=3)).ok["items"]:
        assert len(items) <= 3
        seen += [one["position"] for one in items]
    assert seen == list(range(1, 8))
    assert (await space.get("/events", after=10**14)).ok == {"items": [], "position": 7}


@pytest.mark.parametrize(
    ("name", "value"), [("after", "-1"), ("limit", "0"), ("limit", "1001"), ("wait", "61"), ("wait", "1.5")]
)
async def test_bounds(space: Space, name: str, value: str) -> None:
    """A parameter out of its bounds is named."""
    assert (await space.get("/events", **{name: value})).problem(400, "bad-parameter")["parameter"] == name


async def test_a_long_poll_is_answered_by_the_next_event(site: Site, space: Space) -> None:
    """The request waits, and has the event as soon as it is in the history."""
    position = await space.position()
    polls = [asyncio.create_task(space.get("/events", after=position, wait=60)) for _ in range(3)]
    await until(lambda: site.readers() == 3)
    task = await space.task()
    for answer in await asyncio.gather(*polls):
        assert [one["task"] for one in answer.ok["items"]] == [task["id"]]
    assert site.readers() == 0


async def test_a_long_poll_ends_empty(site: Site, space: Space) -> None:
    """After its time it is answered with nothing new, and leaves nobody waiting."""
    position = await site.settled(space)
    answer = await space.get("/events", after=position, wait=1)
    assert answer.ok == {"items": [], "position": position}
    assert site.readers() == 0


async def test_a_long_poll_for_what_is_there_does_not_wait(space: Space) -> None:
    """`wait` only holds a request that has nothing to show."""
    async with asyncio.timeout(10):
        assert len((await space.get("/events", wait=60)).ok["items"]) == 2


async def test_long_polls_whose_clients_go_away(site: Site, space: Space) -> None:
    """They hold neither a place in the list nor memory: not even one by one, for as long as nothing happens."""
    position = await site.settled(space)
    for _ in range(5):
        poll = asyncio.create_task(space.get("/events", after=position, wait=60))
        await until(lambda: site.readers() == 1)
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
        await until(lambda: site.readers() == 0)
    assert space.id not in site.node.history_positions._waiting


async def test_who_is_removed_meanwhile_sees_nothing(site: Site, space: Space) -> None:
    """A long poll of a member who is removed does not even show the removal."""
    ann = await space.joined("ann", "viewer")
    poll = asyncio.create_task(ann.get("/events", after=await space.position(), wait=60))
    await until(lambda: site.readers() == 1)
    await space.delete("/members/ann")
    (await poll).problem(404, "not-found")


async def test_reads_of_the_past_wait_for_the_history(site: Site, space: Space) -> None:
    """What was written is in the history when the write was answered, for whoever asks."""
    async with site.held(space, "audit"):
        task = await space.task()
        read = asyncio.create_task(space.get("/events", after=2))
        await until(lambda: site.readers() == 1)
    assert [one["task"] for one in (await read).ok["items"]] == [task["id"]]


async def test_an_answer_is_only_so_large(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where events are large a page ends early, and the next one goes on after its last event."""
    for _ in range(4):
        await space.task(description="x" * 60_000)
    monkeypatch.setattr(past, "EVENTS_BYTES", 100_000)
    seen: list[Json] = []
    pages = 0
    while items := (await space.get("/events", after=seen[-1]["position"] if seen else 0)).ok["items"]:
        seen, pages = seen + items, pages + 1
    assert [one["position"] for one in seen] == list(range(1, 7))
    assert pages == 2


async def test_who_may_not_see_them(space: Space) -> None:
    """A viewer reads all events; a stranger learns nothing."""
    vera = await space.joined("vera", "viewer")
    assert len((await vera.get("/events")).ok["items"]) == 3
    (await space.acting("sam").get("/events")).problem(404, "not-found")
