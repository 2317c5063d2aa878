"""The Python client against a real server, over connections that break."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from streams.broker import Broker
from streams.node import Node
from tasksys.client import (
    Client,
    CommandFailed,
    Event,
    Live,
    Message,
    Mirror,
    Refused,
    Reminder,
    Snapshot,
    Unreachable,
)
from tasksys.client import feed as client_feed
from tests.support.chaos import cutting, proxied
from tests.support.clocks import Clock, after
from tests.support.http import BOUND, Site, Space, running, serving
from tests.support.waiting import until
from tests.views.tokens import SHARED, signed
from views.auth import JwtAuthentication

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAIT = (0.01, 0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A running system."""
    async with running(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def space(site: Site) -> Space:
    """A new workspace, as its owner sees it."""
    return await site.space()


def client(url: str, user: str = "olga", **options: Any) -> Client:
    """A client that does not wait for long."""
    return Client(url, user=user, wait=WAIT, **options)


async def first(live: Live, count: int, after: int | None = None) -> list[Event]:
    """So many events."""
    found: list[Event] = []
    async with asyncio.timeout(BOUND), aclosing(live.events(after)) as events:
        async for event in events:
            found.append(event)
            if len(found) == count:
                break
    return found


async def test_events(site: Site, space: Space) -> None:
    """From a position on, each once and in order; or those from now on."""
    for number in range(3):
        await space.task(f"Task {number}")
    async with client(site.url).workspace(space.id) as live:
        assert (live.user, live.role, live.position) == ("olga", "owner", 5)
        assert [one.position for one in await first(live, 5, 0)] == [1, 2, 3, 4, 5]
        reading = asyncio.create_task(first(live, 1))
        await until(lambda: live._feed is not None and live._feed.after == 5)
        task = await space.task("Live")
        (event,) = await reading
        assert (event.position, event.type, event.task, event.data["title"]) == (6, "TaskCreated", task["id"], "Live")


async def test_commands(site: Site, space: Space) -> None:
    """Accepted or refused; what cannot be raises; the same id is the same command."""
    async with client(site.url).workspace(space.id) as live:
        outcome = await live.command("CreateTask", id="one", title="Milk")
        assert (outcome.status, outcome.events[0].type, outcome.replayed) == ("accepted", "TaskCreated", False)
        assert (await live.command("CreateTask", id="one", title="Milk")).replayed
        refused = await live.command("CompleteTask", task="nothing")
        assert refused.problem is not None
        assert refused.problem["code"] == "not-found"
        with pytest.raises(CommandFailed) as error:
            await live.command("CreateTask", titel="Milk")
        assert error.value.problem["code"] == "invalid"


async def test_over_connections_that_break(site: Site, space: Space) -> None:
    """Three clients write and follow over lines that are cut again and again, and commands' agent stops now and then:
    each command is applied once, each client has every event once, and what each believes is what is there."""
    count = 40
    async with proxied(site.server.port, cutting(1, 6_000)) as proxy, asyncio.timeout(3 * BOUND):
        lives = [client(proxy.url).workspace(space.id) for _ in range(3)]
        watcher = client(proxy.url).workspace(space.id)
        async with watcher, lives[0], lives[1], lives[2]:
            mirror, last = Mirror(), 2 + len(lives) * count

            async def write(live: Live, name: int) -> list[str]:
                async def one(number: int) -> str:
                    made = await live.command("CreateTask", id=f"{name}-{number}", title=f"{name} {number}")
                    return made.status

                return await asyncio.gather(*(one(number) for number in range(count)))

            async def believe() -> None:
                async with aclosing(watcher.changes()) as changes:
                    async for change in changes:
                        mirror.apply(change)
                        if mirror.position >= last:
                            return

            async def disturb() -> None:
                await until(lambda: proxy.cuts >= 3)
                await site.node.apps["commands"].crash(RuntimeError("a fault"))

            following = [asyncio.create_task(first(live, last, 0)) for live in lives]
            statuses, _, _ = await asyncio.gather(
                asyncio.gather(*(write(live, name) for name, live in enumerate(lives))), believe(), disturb()
            )
            assert statuses == [["accepted"] * count] * len(lives)
            log = (await space.get("/events", limit=1000)).ok["items"]
            assert [one["position"] for one in log] == list(range(1, last + 1))
            assert Counter(one["command"] for one in log if one["type"] == "TaskCreated").most_common(1)[0][1] == 1
            for followed in await asyncio.gather(*following):
                assert [one.id for one in followed] == [one["id"] for one in log]
    assert proxy.cuts >= 3, "the lines were not cut"
    page = (await space.get("/tasks", limit=200)).ok
    shown = {one["id"]: one for one in page["items"]}
    assert page["next_cursor"] is None
    assert {name: mirror.task(name) for name in mirror.tasks} == shown
    assert mirror.workspace == {**(await space.get()).ok, "position": mirror.workspace["position"]}


async def test_presence(site: Site, space: Space) -> None:
    """Others are seen, and seen again after the connection broke; one's own connection never is."""
    async with proxied(site.server.port) as proxy:
        one, other = client(proxy.url).workspace(space.id), client(site.url).workspace(space.id)
        async with one as ann, other as ben:
            watching = asyncio.create_task(first(ben, 1))
            await until(lambda: ben._feed is not None)
            await ann.presence(view="board")
            await until(lambda: [one.where for one in ben.here.values()] == [{"view": "board"}])
            (before,) = ben.here
            proxy.cut()
            await until(lambda: bool(ben.here) and before not in ben.here)
            assert [one.where for one in ben.here.values()] == [{"view": "board"}]
            assert not ann.here
            watching.cancel()


async def test_one_that_reads_slowly(site: Site, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for who iterates is bounded; they have every event all the same, and commands go on meanwhile."""
    monkeypatch.setattr(client_feed, "MOST", 5)
    async with client(site.url).workspace(space.id) as live, asyncio.timeout(BOUND), aclosing(live.events(0)) as events:
        assert (await anext(events)).position == 1
        for number in range(30):
            assert (await live.command("CreateTask", title=f"Task {number}")).status == "accepted"
        assert live._feed is not None
        assert len(live._feed._waiting) <= 6
        assert [(await anext(events)).position for _ in range(31)] == list(range(2, 33))


async def test_a_new_iteration_ends_the_one_before(site: Site, space: Space) -> None:
    """One goes on at a time; the new one has only what it asked for."""
    async with client(site.url).workspace(space.id) as live, asyncio.timeout(BOUND):
        old: AsyncIterator[Message] = live.messages(0)
        await anext(old)
        async with aclosing(live.changes()) as changes:
            snapshot = await anext(changes)
        assert isinstance(snapshot, Snapshot)
        assert [one async for one in old if isinstance(one, Snapshot)] == []


async def test_who_is_not_wanted(site: Site, space: Space) -> None:
    """Strangers are refused at once, and those who are removed later; nobody waits for ever."""
    with pytest.raises(Refused) as error:
        async with client(site.url, "sam").workspace(space.id):
            pass
    assert error.value.code == 404
    await space.joined("ann", "editor")
    async with client(site.url, "ann").workspace(space.id) as live:
        reading = asyncio.create_task(first(live, 10, 0))
        await until(lambda: live._feed is not None and live._feed.after == 3)
        await space.delete("/members/ann")
        with pytest.raises(Refused) as error:
            await reading
        assert error.value.code == 4403
        with pytest.raises(Refused):
            await live.command("CreateTask", title="Milk")


async def test_no_server(unused_tcp_port: int) -> None:
    """Who cannot be reached at first is not tried again and again."""
    with pytest.raises(Unreachable):
        async with client(f"127.0.0.1:{unused_tcp_port}").workspace("w"):
            pass


async def test_tokens(site: Site, space: Space) -> None:
    """A function gives a new token for each connection; without one the end of a token is the end."""
    import time

    await space.joined("ann", "editor")
    asked: list[str] = []

    def token() -> str:
        asked.append(signed(exp=int(time.time()) - 9) if not asked else signed())
        return asked[-1]

    async with serving(site.node, JwtAuthentication(SHARED)) as guarded:
        async with Client(guarded.url, token, wait=WAIT).workspace(space.id) as live:
            reading = asyncio.create_task(first(live, 4, 0))
            await until(lambda: len(asked) >= 2)
            await space.task()
            assert len(await reading) == 4
        async with Client(guarded.url, signed(exp=int(time.time()) - 9), wait=WAIT).workspace(space.id) as live:
            with pytest.raises(Refused) as error:
                await first(live, 10, 0)
            assert error.value.code == 4401


async def test_reminders(tmp_path: Path) -> None:
    """What fires on the feed is told to its user, with its task, and answered in the ledger; to nobody else."""
    clock = Clock()
    node = Node(Broker.parse(f"embedded://{tmp_path}/log"), tmp_path / "tables", clock=clock)
    await node.start()
    try:
        await _fires(node, clock)
    finally:
        await node.stop()


async def _fires(node: Node, clock: Clock) -> None:
    async with serving(node) as site:
        space = await site.space()
        await space.joined("ann", "editor")
        task = await space.task()
        at = {"trigger": {"at": after(hours=1)}}
        added = (await space.post(f"/tasks/{task['id']}/reminders", at)).ok
        one, other = client(site.url).workspace(space.id), client(site.url, "ann").workspace(space.id)
        async with one as olga, other as ann, asyncio.timeout(BOUND):
            waiting = asyncio.create_task(_reminder(olga.messages(olga.position)))
            seen: list[Message] = []
            watching = asyncio.create_task(_until(ann.messages(ann.position), "ReminderAcknowledged", seen))
            await until(lambda: olga._feed is not None and ann._feed is not None)
            clock.advance(node, hours=1)
            fired = await waiting
            assert (fired.reminder["id"], fired.reminder["state"]) == (added["id"], "fired")
            assert fired.task["id"] == task["id"]
            outcome = await olga.command("AcknowledgeReminder", reminder=added["id"])
            assert outcome.status == "accepted", outcome.problem
            shown = (await space.get(f"/reminders/{added['id']}")).ok
            assert [(one["channel"], one["state"]) for one in shown["deliveries"]] == [("feed", "acknowledged")]
            (firing,) = (await space.get("/deliveries")).ok["items"]
            assert firing["key"] == fired.key
            await watching
            assert not [one for one in seen if isinstance(one, Reminder)]


async def _reminder(told: AsyncIterator[Message]) -> Reminder:
    """The next one."""
    async for message in told:
        if isinstance(message, Reminder):
            return message
    raise AssertionError("the iteration ended")


async def _until(told: AsyncIterator[Message], kind: str, seen: list[Message]) -> None:
    """Up to an event of that type."""
    async for message in told:
        seen.append(message)
        if isinstance(message, Event) and message.type == kind:
            return
