"""The model of the live feed: what each client sees is the log, and what it believes is what HTTP says.

A seed makes a schedule: commands of all kinds over HTTP and over the feed, lines that are cut, clients that stop
reading for a while, agents that start anew. Each follower checks every message as it comes; in the end all compare what
they have with the whole truth.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import aiohttp
import msgspec

from tasksys.client.messages import Snapshot, State
from tasksys.client.mirror import KEYS, Mirror, key_of
from tests.support.chaos import Proxy, cutting, proxied
from tests.support.feed import PROTOCOL
from tests.support.http import BOUND, Json, Site, Space
from tests.support.waiting import until

SETTLE: Final = 60.0
PEOPLE: Final = ("olga", "ben", "cleo")
LARGE: Final = 15_000
"""Bytes of descriptions, that no compression makes much smaller: a few dozens fill the sockets of a client."""


class Tale:
    """Random commands about few things, so that they meet; many are refused."""

    def __init__(self, seed: int) -> None:
        self._choose = random.Random(seed)
        self._count = 0

    def _any(self, kind: str, most: int) -> str:
        return f"{kind}{self._choose.randrange(most)}"

    def command(self) -> Json:
        """The next one."""
        self._count += 1
        task, other, project = self._any("t", 12), self._any("t", 12), self._any("p", 3)
        section, comment, reminder = self._any(f"{project}s", 2), self._any("c", 6), self._any("r", 6)
        series, number, word = self._any("z", 3), self._count, f"Number {self._count}"
        saved = self._any("f", 4)
        text = self._choose.randbytes(LARGE).hex()
        due = {"date": f"2126-03-{self._choose.randrange(1, 29):02}"}
        at = {"at": "2126-03-08T09:00:00Z"}
        place = self._choose.choice(({"project": project}, {"section": section, "project": project}, {"parent": other}))
        weekly = {"rule": "FREQ=WEEKLY", "anchor": {"date": "2126-03-05"}}
        choices: tuple[tuple[int, str, Json], ...] = (
            (9, "CreateTask", {"task": task, "title": word, "description": text, **self._choose.choice(({}, place))}),
            (6, "EditTask", {"task": task, "description": text, "due": self._choose.choice((due, None))}),
            (3, "MoveTask", {"task": task, **place}),
            (3, "CompleteTask", {"task": task}),
            (2, "ReopenTask", {"task": task}),
            (2, "TrashTask", {"task": task}),
            (2, "RestoreTask", {"task": task}),
            (2, "LabelTask", {"task": task, "add": [f"l{number}"]}),
            (2, "LinkTask", {"task": task, "link": "relates", "other": other}),
            (1, "UnlinkTask", {"task": task, "link": "relates", "other": other}),
            (2, "AddChecklistItem", {"task": task, "title": word}),
            (4, "AddComment", {"task": task, "comment": comment, "body": text}),
            (2, "EditComment", {"task": task, "comment": comment, "body": text}),
            (2, "RemoveComment", {"task": task, "comment": comment}),
            (4, "AddReminder", {"task": task, "reminder": reminder, "trigger": at}),
            (1, "RemoveReminder", {"task": task, "reminder": reminder}),
            (3, "CreateProject", {"project": project, "name": word}),
            (1, "EditProject", {"project": project, "name": word}),
            (1, "TrashProject", {"project": project}),
            (1, "RestoreProject", {"project": project}),
            (2, "AddSection", {"project": project, "section": section, "name": word}),
            (1, "EditSection", {"project": project, "section": section, "name": word}),
            (1, "SetMember", {"user": self._any("guest", 3), "role": self._choose.choice(("viewer", "editor"))}),
            (1, "RemoveMember", {"user": self._any("guest", 3)}),
            (1, "EditWorkspace", {"name": word}),
            (2, "CreateSeries", {"series": series, "template": {"title": word}, "missed": "all", **weekly}),
            (1, "EditSeries", {"series": series, "template": {"title": word}}),
            (1, "PauseSeries", {"series": series}),
            (1, "ResumeSeries", {"series": series}),
            (1, "EndSeries", {"series": series}),
            (2, "CreateFilter", {"saved": saved, "name": word, "shared": number % 2 == 0}),
            (2, "EditFilter", {"saved": saved, "name": word, "shared": number % 3 == 0}),
            (1, "RemoveFilter", {"saved": saved}),
            (3, "Undo", {"position": self._choose.randrange(1, max(2, number))}),
        )
        _, kind, fields = self._choose.choices(choices, [weight for weight, _, _ in choices])[0]
        return {"id": f"k{number}", "type": kind, **fields}


class Follower:
    """One client, by the letter of the protocol: it begins again from where it must, and checks all that comes."""

    def __init__(self, session: aiohttp.ClientSession, space: Space, proxy: Proxy, events: bool, state: bool) -> None:
        self._session, self._space, self.proxy = session, space, proxy
        self.wants_events, self.state = events, state
        self.events: list[Json] = []
        self.mirror = Mirror()
        self.outcomes: dict[str, Json] = {}
        self.resyncs = self.connections = 0
        self.first = 0
        """The position of the snapshot that it began with, if it did."""
        self._commands: dict[str, Json] = {}
        self._position: int | None = None if state else 0
        self._pages: list[Json] = []
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    @property
    def position(self) -> int:
        """Up to where it has everything."""
        return self._position or 0

    async def run(self) -> None:
        """For ever."""
        url = f"{self.proxy.url}{self._space.prefix}/feed"
        while True:
            with suppress(aiohttp.ClientError, ConnectionError):
                async with self._session.ws_connect(
                    url, protocols=(PROTOCOL,), headers=dict(self._space.headers), compress=15
                ) as socket:
                    self.connections += 1
                    await self._connected(socket)
            await asyncio.sleep(0.01)

    async def _connected(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        hello = await self._next(socket)
        if hello is None:
            return
        assert hello["op"] == "hello", hello
        self._socket = socket  # from here on a new command is sent by whoever has it, those of before below
        try:
            unanswered = list(self._commands.values())
            await self._subscribe(socket)
            for command in unanswered:
                await socket.send_json({"op": "command", "command": command})
            while (told := await self._next(socket)) is not None:
                await self._told(told)
        finally:
            self._socket = None

    async def _next(self, socket: aiohttp.ClientWebSocketResponse) -> Json | None:
        received = await socket.receive()
        if received.type is not aiohttp.WSMsgType.TEXT:
            assert socket.close_code in (None, 1000, 1006, 4409), (socket.close_code, received)
            return None
        found: Json = msgspec.json.decode(received.data)
        return found

    async def _subscribe(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._pages = []
        wants = {"state": self.state, "events": self.wants_events}
        await socket.send_json({"op": "subscribe", "after": self._position, **wants})

    async def command(self, command: Json) -> None:
        """Sends a command, and again over each new connection until its outcome is known."""
        self._commands[command["id"]] = command
        if self._socket is not None:
            with suppress(aiohttp.ClientError, ConnectionError):
                await self._socket.send_json({"op": "command", "command": command})

    @property
    def answered(self) -> bool:
        """Whether every command has its outcome."""
        return not self._commands

    async def _told(self, told: Json) -> None:
        match told["op"]:
            case "event":
                self._event(told)
            case "snapshot":
                self._pages.append(told)
                assert told["position"] == self._pages[0]["position"]
                if not told["more"]:
                    self._whole()
            case "state":
                assert self.state
                assert told["position"] >= self.position
                self.mirror.apply(msgspec.convert({**told, "op": "state"}, State))
                self._position = told["position"]
            case "caught-up":
                assert told["position"] >= self.position
                if not self.state:
                    assert told["position"] == self.position
                self._position = told["position"]
            case "resync":
                self.resyncs += 1
                if self._socket is not None:
                    await self._subscribe(self._socket)
            case "outcome":
                outcome = told["outcome"]
                if outcome["status"] != "pending":
                    before = self.outcomes.setdefault(outcome["id"], outcome)
                    assert before["status"] == outcome["status"]
                    self._commands.pop(outcome["id"], None)
                else:
                    await self.command(self._commands[outcome["id"]])
            case "error":
                assert told["re"] == "command", told
                passing = told["problem"]["status"] in (409, 429, 503)
                if passing and told["id"] in self._commands:
                    await asyncio.sleep(0.01)
                    await self.command(self._commands[told["id"]])
                else:
                    assert told["problem"]["status"] in (404, 422), told
                    self.outcomes.setdefault(told["id"], {"status": "unfit"})
                    self._commands.pop(told["id"], None)
            case "presence" | "pong":
                pass
            case _:
                raise AssertionError(told)

    def _event(self, told: Json) -> None:
        assert self.wants_events
        newest = self.events[-1]["position"] if self.events else self.first
        if told["position"] <= newest:
            assert self.state, f"{told['position']} came twice"
            return  # of a batch whose state was lost
        assert told["position"] == newest + 1, f"{told['position']} follows {newest}"
        assert told["event"]["position"] == told["position"]
        self.events.append(told["event"])
        if not self.state:
            self._position = told["position"]

    def _whole(self) -> None:
        lists = {name: [one for page in self._pages for one in page[name]] for name in KEYS if name != "comments"}
        whole = {"op": "snapshot", "position": self._pages[0]["position"], "workspace": self._pages[0]["workspace"]}
        self.mirror.apply(msgspec.convert({**whole, **lists}, Snapshot))
        self._position = whole["position"]
        assert not self.events
        self.first = self.position


async def truth(space: Space) -> dict[str, dict[str, Json]]:
    """All that HTTP shows, by list and id."""
    exported = (await space.get("/export.json")).json
    found = {name: {key_of(name, one): one for one in exported.get(name, ())} for name in KEYS}
    found["filters"] = {one["id"]: one for one in (await space.get("/filters")).ok["items"]}
    found["workspace"] = {"": (await space.get()).ok}
    return found


def believed(mirror: Mirror, found: dict[str, dict[str, Json]]) -> None:
    """The mirror must show the same. Comments only those told; reminders one's own that are not over."""
    tasks = {name: mirror.task(name) for name in mirror.tasks}
    assert tasks == found["tasks"]
    for name in ("projects", "members", "series", "filters"):
        assert getattr(mirror, name) == found[name], name
    for name, comment in mirror.comments.items():
        assert comment == found["comments"].get(name), name
    over = ("acknowledged", "cancelled", "expired")
    mine = {one["id"]: one for one in found["reminders"].values() if one["user"] == "olga"}
    shown = {name: one for name, one in mirror.reminders.items() if one["state"] not in over}
    assert shown == {name: one for name, one in mine.items() if one["state"] not in over}
    workspace = dict(found["workspace"][""])
    assert {**mirror.workspace, "position": workspace["position"]} == workspace


async def live_through(site: Site, seed: int, steps: int, restarts: int) -> dict[str, Any]:
    """One life by a seed's schedule; what happened in it. AssertionError where a client saw anything but the log."""
    choose, tale = random.Random(seed), Tale(seed)
    space = await site.space()
    for user in PEOPLE[1:]:
        await space.joined(user, "admin")
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        followers = [
            Follower(session, space, proxy, events, state)
            for number, (events, state) in enumerate(((True, False), (True, True), (False, True), (True, False)))
            if (proxy := await stack.enter_async_context(proxied(site.server.port, cutting(seed + number, 2_000_000))))
        ]
        tasks = [asyncio.create_task(one.run()) for one in followers]
        try:
            restart_at = set(choose.sample(range(steps), restarts))
            for step in range(steps):
                await _step(space, followers, tale, choose)
                if step in restart_at and (app := site.node.apps.get("commands")) is not None:
                    await app.crash(RuntimeError("a fault"))
                    await until(lambda app=app: site.node.apps.get("commands") is not app)
            return await _settled(site, space, followers, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _step(space: Space, followers: list[Follower], tale: Tale, choose: random.Random) -> None:
    command, follower = tale.command(), choose.choice(followers)
    match choose.randrange(120):
        case 0:
            follower.proxy.cut()
        case number if number < 12:
            follower.proxy.flowing.clear()
        case number if number < 15:
            for one in followers:
                one.proxy.flowing.set()
        case number if number < 22:
            commands = [tale.command() for _ in range(20)]  # some of them cannot be
            async with asyncio.timeout(BOUND):
                await asyncio.gather(*(space.post("/commands", one) for one in commands))
        case number if number < 45:
            await follower.command(command)
        case _:
            async with asyncio.timeout(BOUND):
                await space.acting(choose.choice(PEOPLE)).post("/commands", command)


async def _settled(
    site: Site, space: Space, followers: list[Follower], tasks: list[asyncio.Task[None]]
) -> dict[str, Any]:
    for one in followers:
        one.proxy.flowing.set()

    def healthy() -> bool:
        for task in tasks:
            if task.done():
                task.result()
        return True

    async with asyncio.timeout(SETTLE):
        await until(lambda: "commands" in site.node.apps and not site.node.ready())
        await until(lambda: healthy() and all(one.answered for one in followers))
        position = await site.settled(space)
        await until(lambda: healthy() and all(one.position == position for one in followers))
        log: list[Json] = []
        while page := (await space.get("/events", after=len(log), limit=1000)).ok["items"]:
            log += page  # which may be short, where events are large
    assert len(log) == position
    found = await truth(space)
    for one in followers:
        if one.wants_events:
            assert one.events == log[one.first :]
        if one.state:
            believed(one.mirror, found)
    _applied_once(log, followers)
    return {
        "events": len(log),
        "connections": sum(one.connections for one in followers),
        "resyncs": sum(one.resyncs for one in followers),
        "outcomes": sum(len(one.outcomes) for one in followers),
    }


def _applied_once(log: list[Json], followers: list[Follower]) -> None:
    """Each accepted command's events are in the log, in one piece."""
    runs: dict[tuple[str, str], int] = {}
    for event, before in zip(log, [None, *log], strict=False):
        name = (event["actor"], event["command"])
        if before is None or (before["actor"], before["command"]) != name:
            runs[name] = runs.get(name, 0) + 1
    assert set(runs.values()) == {1}
    for one in followers:
        for identifier, outcome in one.outcomes.items():
            if outcome["status"] == "accepted" and outcome["events"]:
                assert ("olga", identifier) in runs
