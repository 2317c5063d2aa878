"""What the room tells: whatever is durable, once, to whom it belongs, in whatever moment a client comes."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.feed import Feed, feeding
from tests.support.http import FILTER, Json, Site, Space, serving
from views.feed.frames import frame

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def held(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What followers of the commands were to be told, from now on: they are not, before it is called."""
    waiting: list[Callable[[], None]] = []
    monkeypatch.setattr(site.node.parts, "_tell", waiting.extend)
    return waiting


def release(held: list[Callable[[], None]]) -> None:
    """Tells it."""
    for tell in held:
        tell()
    held.clear()


async def test_durable_and_not_told_yet(site: Site, space: Space, request: pytest.FixtureRequest) -> None:
    """Rows change before the room is told. Who comes in between has them already, and is not told again."""
    async with feeding(site, space) as old, feeding(site, space) as fresh, feeding(site, space) as resumed:
        await old.subscribe(2)
        held: list[Callable[[], None]] = request.getfixturevalue("held")
        await space.task("Early")
        snapshot, end = await fresh.subscribe(None, state=True)
        assert (snapshot["position"], end["position"], len(snapshot["tasks"])) == (3, 3, 1)
        assert (await resumed.subscribe(3))[-1]["position"] == 3
        async with feeding(site, space) as late:  # its position is known, although the room's is behind
            assert late.hello["position"] in (2, 3)
            release(held)
            await space.task("Late")
            release(held)
            assert [(await old.next("event"))["position"] for _ in range(2)] == [3, 4]
            assert (await fresh.next("event", "state"))["position"] == 4
            assert (await resumed.next("event"))["position"] == 4


async def test_what_was_missed_ends_the_connection(site: Site, space: Space, request: pytest.FixtureRequest) -> None:
    """Whatever went wrong: a client never goes on behind a gap."""
    async with feeding(site, space) as feed:
        await feed.subscribe(2)
        held: list[Callable[[], None]] = request.getfixturevalue("held")
        await space.task("Lost")
        held.clear()
        await space.task("Next")
        release(held)
        assert (await feed.closed())[0] == 4409


async def told(feed: Feed, position: int) -> Json:
    """The state of that position."""
    return (await feed.until(lambda one: one["op"] == "state" and one["position"] == position))[-1]


async def test_what_is_one_users_own(site: Site, space: Space) -> None:
    """Reminders and private filters are told to their user, live, in a snapshot and when resuming; to nobody else."""
    ann, task = await space.joined("ann", "editor"), await space.task()
    start = await space.position()
    async with feeding(site, space) as hers, feeding(site, ann) as anns:
        for feed in (hers, anns):
            await feed.subscribe(start, state=True, events=False)
        added = (await space.post(f"/tasks/{task['id']}/reminders", {"trigger": {"at": "2126-03-08T09:00:00Z"}})).ok
        saved = (await space.post("/filters", {"name": "Mine", "filter": "due < today"})).ok
        mine, none = await told(hers, start + 1), await told(anns, start + 1)
        assert mine["reminders"] == [added]
        assert "reminders" not in none
        mine, none = await told(hers, start + 2), await told(anns, start + 2)
        assert mine["filters"] == [saved]
        assert saved.keys() | {"total"} == FILTER | {"total"}
        assert "filters" not in none
        shared = (await space.patch(f"/filters/{saved['id']}", {"shared": True})).ok
        assert (await told(anns, start + 3))["filters"] == [shared]
        await space.patch(f"/filters/{saved['id']}", {"shared": False})
        gone = {"kind": "filter", "id": saved["id"]}
        assert (await told(anns, start + 4))["removed"] == [gone]
        assert "removed" not in await told(hers, start + 4)
    for user, own in ((space, 1), (ann, 0)):
        async with feeding(site, user) as feed:
            snapshot, _ = await feed.subscribe(None)
            assert (len(snapshot["reminders"]), len(snapshot["filters"])) == (own, own)
            states = [one for one in await feed.subscribe(start, state=True, events=False) if one["op"] == "state"]
            assert sum(len(one.get("reminders", ())) for one in states) == own
            assert sum(len(one.get("filters", ())) for one in states) == own


async def test_a_batch_is_told_whole(site: Site, space: Space) -> None:
    """Where its rows take several messages, only the last of them has the new position."""
    task = await space.task()
    start = await space.position()
    async with feeding(site, space) as feed:
        await feed.subscribe(start, state=True, events=False)
        async with site.held(space):  # so that they become one batch
            commands = [
                {
                    "id": f"c{number}",
                    "type": "AddComment",
                    "task": task["id"],
                    "comment": f"c{number}",
                    "body": "x" * 9_000,
                }
                for number in range(90)
            ]
            answer = await space.send("POST", "/commands", {"commands": commands}, headers={"Prefer": "respond-async"})
            assert answer.status == 202
        states = await feed.until(lambda one: one.get("position") == start + 90)
        assert len(states) >= 2
        assert {one["position"] for one in states[:-1]} <= {*range(start, start + 90)}
        assert sum(len(one.get("comments", ())) for one in states) == 90


@pytest.mark.parametrize("window", [15, 10])
async def test_compression(site: Site, space: Space, window: int) -> None:
    """Who asks for it can read what they are sent, whatever they remember of it; small windows are sent as it is."""
    for number in range(20):
        await space.task(f"Task {number}", description="the same words again " * 500)
    async with feeding(site, space, compress=window) as feed, feeding(site, space) as plain:
        assert feed.socket.compress
        first, second = await feed.subscribe(None, state=True), await plain.subscribe(None, state=True)
        assert first == second
        await space.task("Live", description="the same words again " * 500)
        assert await feed.until(lambda one: one["op"] == "state") == await plain.until(lambda one: one["op"] == "state")


async def test_frames_are_read_alone() -> None:
    """A compressed frame refers to none before it; frames have the three forms of length that there are."""
    payload = b'{"op":"event","title":"the same"}' * 20
    frame(payload, deflate=True)
    second = frame(payload, deflate=True)
    assert second[0] == 0xC1
    size, body = second[1], second[2:]
    assert size == len(body) < 126
    assert zlib.decompressobj(-15).decompress(body + b"\x00\x00\xff\xff") == payload
    assert frame(b"{}", deflate=True) == b"\x81\x02{}"
    lengths: dict[int, Any] = {125: 2, 126: 4, 65_535: 4, 65_536: 10}
    assert {size: len(frame(b"x" * size)) - size for size in lengths} == lengths


async def test_rooms_are_left(site: Site, space: Space) -> None:
    """When the last client has gone nothing of the workspace is kept, nor of the user."""
    async with serving(site.node) as other:
        hub = other.server.hub
        async with feeding(other, space) as feed:
            await feed.subscribe(None)
            await feed.send("presence", where=None)
            await feed.send("ping")
            await feed.next("pong")
            assert (list(hub.rooms), dict(hub.users)) == ([space.id], {"olga": 1})
        while hub.rooms:
            await space.position()
        assert not hub.users
