"""The protocol of the live feed, message by message."""

from __future__ import annotations

import pytest

from tests.support.feed import feeding
from tests.support.http import EVENT, MEMBER, OUTCOME, PROJECT, TASK, WORKSPACE, Site, Space

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_hello_says_who_one_is(site: Site, space: Space) -> None:
    """It comes first, with the role and the workspace's position."""
    async with feeding(site, space) as feed:
        assert feed.hello.keys() == {"op", "client", "user", "role", "position"}
        assert (feed.hello["user"], feed.hello["role"], feed.hello["position"]) == ("olga", "owner", 2)


async def test_a_snapshot_and_then_events(site: Site, space: Space) -> None:
    """After null comes all there is, then what happens, as the history has it."""
    project, task = await space.project(), await space.task()
    async with feeding(site, space) as feed:
        snapshot, end = await feed.subscribe(None)
        assert snapshot["position"] == end["position"] == 4
        assert snapshot["more"] is False
        assert snapshot["workspace"].keys() == WORKSPACE
        assert [one.keys() for one in snapshot["members"]] == [MEMBER]
        assert (snapshot["projects"], snapshot["tasks"]) == ([project], [task])
        assert snapshot["projects"][0].keys() == PROJECT
        assert snapshot["tasks"][0].keys() == TASK
        assert (snapshot["series"], snapshot["reminders"], snapshot["filters"]) == ([], [], [])
        made = await space.task("Bread")
        event = await feed.next("event")
        assert event["position"] == 5
        assert event["event"].keys() == EVENT
        assert event["event"]["task"] == made["id"]
    assert (await space.get("/events", after=4)).ok["items"] == [event["event"]]


async def test_resuming(site: Site, space: Space) -> None:
    """After a position come all events after it, once and in order."""
    for number in range(5):
        await space.task(f"Task {number}")
    async with feeding(site, space) as feed:
        *events, end = await feed.subscribe(3)
        assert [one["position"] for one in events] == [4, 5, 6, 7]
        assert end == {"op": "caught-up", "position": 7}
        assert await feed.subscribe(7) == [end]


async def test_state(site: Site, space: Space) -> None:
    """What rows are is told behind the events of their batch; resuming, at once."""
    task = await space.task()
    async with feeding(site, space) as feed:
        event, state, _ = await feed.subscribe(2, state=True)
        assert (event["op"], state["op"], state["position"]) == ("event", "state", 3)
        assert state["tasks"] == [task]
        changed = (await space.patch(f"/tasks/{task['id']}", {"title": "Oat milk"})).ok
        assert (await feed.next("event"))["position"] == 4
        assert await feed.next("state") == {"op": "state", "position": 4, "tasks": [changed]}


async def test_commands(site: Site, space: Space) -> None:
    """A command is answered with its outcome; repeated, with the same, and that it is."""
    async with feeding(site, space) as feed:
        outcome = await feed.command("one", "CreateTask", title="Milk")
        assert outcome.keys() == OUTCOME
        assert (outcome["id"], outcome["status"], outcome["problem"]) == ("one", "accepted", None)
        assert await feed.command("one", "CreateTask", title="Milk") == {**outcome, "replayed": True}
        refused = await feed.command("two", "CompleteTask", task="nothing")
        assert (refused["status"], refused["problem"]["code"]) == ("refused", "not-found")
        wrong = await feed.command("three", "CreateTask", titel="Milk")
        assert (wrong["op"], wrong["re"], wrong["id"], wrong["problem"]["code"]) == (
            "error", "command", "three", "invalid",
        )  # fmt: skip
        await feed.send("command", command={"type": "CreateTask", "title": "Milk"})
        assert (await feed.next("error"))["problem"]["errors"][0]["pointer"] == "/id"


async def test_presence(site: Site, space: Space) -> None:
    """Who is here is told to the others, and who is gone; never to oneself."""
    ann = await space.joined("ann", "viewer")
    async with feeding(site, space) as first:
        await first.send("presence", where={"view": "board", "task": "t1", "selection": [1, 2]})
        await first.subscribe(None)
        async with feeding(site, ann) as second:
            await second.send("subscribe", after=None)
            here = await second.next("presence")
            where = {"view": "board", "task": "t1", "selection": [1, 2]}
            assert here["here"] == [{"client": first.hello["client"], "user": "olga", "where": where}]
            assert here["gone"] == []
            await second.send("presence", where=None)
            entry = {"client": second.hello["client"], "user": "ann", "where": None}
            assert await first.next("presence") == {"op": "presence", "here": [entry], "gone": []}
        assert await first.next("presence") == {"op": "presence", "here": [], "gone": [entry["client"]]}


async def test_ping(site: Site, space: Space) -> None:
    """A pong has the id of its ping."""
    async with feeding(site, space) as feed:
        await feed.send("ping")
        assert await feed.next() == {"op": "pong"}
        await feed.send("ping", id="7")
        assert await feed.next() == {"op": "pong", "id": "7"}


async def test_errors(site: Site, space: Space) -> None:
    """What cannot be is said, and the connection stays; what is no protocol ends it."""
    async with feeding(site, space) as feed:
        await feed.send("subscribe", after=99)
        error = await feed.next()
        assert (error["op"], error["re"], error["problem"]["code"]) == ("error", "subscribe", "bad-position")
        await feed.send("subscribe", after="x")
        assert (await feed.next("error"))["problem"]["errors"][0]["pointer"] == "/after"
        await feed.send("presence", where={"mood": "good"})
        error = await feed.next("error")
        assert (error["re"], error["problem"]["errors"][0]["pointer"]) == ("presence", "/where/mood")
        await feed.send("dance")
        assert (await feed.next("error"))["problem"]["code"] == "bad-message"
        await feed.send("dance")
        assert (await feed.closed())[0] == 4400
    async with feeding(site, space) as feed:
        await feed.socket.send_str("{")
        assert (await feed.closed())[0] == 4400
    async with feeding(site, space) as feed:
        await feed.socket.send_bytes(b"{}")
        assert (await feed.closed())[0] == 4400
