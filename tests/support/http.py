"""A running system for tests of the HTTP interface: an embedded log, the agents and the server, and users of it.

    async with running(directory) as site:
        space = await site.space()
        task = await space.task("Milk")
        done = await space.post(f"/tasks/{task['id']}/complete")
        assert done.ok["status"] == "done"

Tests that share a site each take a workspace of their own.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from multidict import CIMultiDictProxy
from rocksdict import WriteBatch

from streams.agent import FoldAgent
from streams.app import fold_agent
from streams.broker import Broker
from streams.delivery.channels import Channels
from streams.delivery.channels import Options as ChannelOptions
from streams.node import Node
from streams.parts import AGENTS
from streams.topics import table
from tests.support.waiting import WAIT, until
from views.auth import Authenticator, NoAuthentication
from views.context import Bounds
from views.feed.limits import Limits
from views.server import Options, Server, start

Json = dict[str, Any]

OWNER: Final = "olga"
KEY: Final = "0123456789abcdef0123456789abcdef"
"""The key of servers of tests."""
BOUND: Final = WAIT
"""Seconds after which an answer counts as never given; the machine may be busy."""

WORKSPACE: Final = {
    "id",
    "name",
    "time_zone",
    "reminder_hour",
    "catch_up",
    "created_at",
    "members",
    "version",
    "position",
    "role",
}
MEMBER: Final = {"user", "role", "since"}
SECTION: Final = {"id", "name", "order"}
PROJECT: Final = {
    "id", "workspace", "name", "description", "colour", "order", "sections", "created_at", "updated_at", "trashed_at",
    "version", "position",
}  # fmt: skip
TASK: Final = {
    "id", "workspace", "project", "section", "parent", "title", "description", "status", "priority", "labels",
    "assignees", "start", "due", "estimate_minutes", "order", "checklist", "links", "series", "created_by",
    "created_at", "updated_at", "completed_at", "trashed_at", "trashed", "version", "position",
    "original", "postponed",
}  # fmt: skip
COMMENT: Final = {"id", "task", "author", "body", "created_at", "edited_at"}
REMINDER: Final = {
    "id", "task", "user", "trigger", "repeat", "state", "scheduled_for", "fired_at", "late_by_seconds", "repeats_left",
    "snoozed_from", "created_at", "channels", "deliveries",
}  # fmt: skip
SERIES: Final = {
    "id", "workspace", "template", "rule", "anchor", "rdate", "exdate", "missed", "after_completion", "stop_after",
    "ahead", "state", "description", "next", "next_at", "open", "completions", "overrides", "ends_before", "previous",
    "following", "created_by", "created_at", "updated_at", "version", "position",
}  # fmt: skip
FILTER: Final = {
    "id", "workspace", "name", "filter", "q", "sort", "colour", "shared", "user", "order", "created_at", "updated_at",
    "version", "position",
}  # fmt: skip
EVENT: Final = {
    "position", "id", "type", "at", "actor", "command", "task", "version", "data", "schema", "source",
}  # fmt: skip
ENTRY: Final = {
    "position", "at", "actor", "command", "type", "task", "changes", "hash", "previous_hash", "source",
}  # fmt: skip
OUTCOME: Final = {"id", "status", "events", "problem"}
PROBLEM: Final = {"type", "title", "status", "detail", "code"}
"""The members of each shape, as clients rely on them."""

UNSENT: Final = object()


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    headers: CIMultiDictProxy[str]
    raw: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.raw)

    @property
    def ok(self) -> Any:
        """The body of an answer that must not be a problem."""
        assert self.status in (200, 201), (self.status, self.raw)
        assert self.headers["Content-Type"] == "application/json"
        return self.json

    @property
    def etag(self) -> str:
        """The version of what it shows."""
        return self.headers["ETag"]

    @property
    def position(self) -> int:
        """The workspace's position that it shows."""
        return int(self.headers["Tasksys-Position"])

    @property
    def replayed(self) -> bool:
        """Whether it is the outcome of an earlier command under the same key."""
        return self.headers.get("Idempotent-Replayed") == "true"

    def problem(self, status: int, code: str) -> Json:
        """The body, which must be a whole problem of that status and code."""
        assert (self.status, self.headers.get("Content-Type")) == (status, "application/problem+json"), self.raw
        found: Json = self.json
        assert found.keys() >= PROBLEM
        assert (found["status"], found["code"]) == (status, code), found
        assert found["type"] == f"/api/problems/{code}"
        assert found["title"]
        assert len(found["detail"]) > 10
        return found

    def invalid(self, pointer: str) -> str:
        """What is wrong with that field, which must be the only one."""
        found = self.problem(422, "invalid")
        assert [one["pointer"] for one in found["errors"]] == [pointer]
        detail: str = found["errors"][0]["detail"]
        return detail


@dataclass(frozen=True)
class Client:
    """One user. Paths are below `prefix`."""

    session: aiohttp.ClientSession
    headers: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""

    async def send(
        self,
        method: str,
        path: str,
        body: Any = UNSENT,
        *,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        **query: Any,
    ) -> Answer:
        """The answer to a request; `body` is sent as JSON, `data` as it is, `query` as parameters."""
        parameters = {name: str(value) for name, value in query.items()}
        json_body = {} if body is UNSENT else {"json": body}
        async with self.session.request(
            method, self.prefix + path, headers={**self.headers, **(headers or {})}, params=parameters, data=data,
            **json_body,
        ) as response:  # fmt: skip
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str = "", **more: Any) -> Answer:
        """GET."""
        return await self.send("GET", path, **more)

    async def post(self, path: str = "", body: Any = UNSENT, **more: Any) -> Answer:
        """POST."""
        return await self.send("POST", path, body, **more)

    async def put(self, path: str = "", body: Any = UNSENT, **more: Any) -> Answer:
        """PUT."""
        return await self.send("PUT", path, body, **more)

    async def patch(self, path: str = "", body: Any = UNSENT, **more: Any) -> Answer:
        """PATCH."""
        return await self.send("PATCH", path, body, **more)

    async def delete(self, path: str = "", body: Any = UNSENT, **more: Any) -> Answer:
        """DELETE."""
        return await self.send("DELETE", path, body, **more)


@dataclass(frozen=True)
class Space(Client):
    """A workspace as one of its users sees it. Paths are below the workspace."""

    id: str = ""

    def acting(self, user: str) -> Space:
        """The same workspace as another user."""
        return Space(self.session, {"Tasksys-Actor": user}, self.prefix, self.id)

    async def joined(self, user: str, role: str) -> Space:
        """The same workspace as a user who has that role from now on."""
        assert (await self.put(f"/members/{user}", {"role": role})).status == 200
        return self.acting(user)

    async def task(self, title: str = "Milk", **fields: Any) -> Json:
        """A new task."""
        made: Json = (await self.post("/tasks", {"title": title, **fields})).ok
        return made

    async def project(self, name: str = "Home", **fields: Any) -> Json:
        """A new project."""
        made: Json = (await self.post("/projects", {"name": name, **fields})).ok
        return made

    async def position(self) -> int:
        """The workspace's position."""
        found: int = (await self.get()).ok["position"]
        return found


async def new_space(client: Client, **fields: Any) -> Space:
    """A new workspace of that user."""
    made = (await client.post("/api/v1/workspaces", {"name": "Acme", **fields})).ok
    return Space(client.session, client.headers, f"/api/v1/workspaces/{made['id']}", made["id"])


@dataclass
class Site:
    """A running system."""

    node: Node
    server: Server
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.port}"

    def client(self, user: str = OWNER) -> Client:
        """A user."""
        return Client(self.session, {"Tasksys-Actor": user})

    async def space(self, user: str = OWNER, **fields: Any) -> Space:
        """A new workspace of that user."""
        return await new_space(self.client(user), **fields)

    def agent(self, name: str) -> FoldAgent:
        """An agent that runs here."""
        return fold_agent(self.node.apps[name])

    def held(self, space: Space, agent: str = "commands") -> asyncio.Lock:
        """While this lock is held, the agent's fold of the workspace's partition stands still."""
        return self.agent(agent).held(self.node.partition(space.id))

    async def settled(self, space: Space) -> int:
        """The workspace's position, once every view has it and has told those who waited."""
        position = await space.position()
        await until(lambda: self.node.history.position(space.id) == position)
        for agent in self.node.apps:
            async with self.held(space, agent):
                pass
        return position

    def waiting(self) -> int:
        """How many commands wait for their outcome here."""
        return len(self.node.parts.outcomes)

    def readers(self) -> int:
        """How many reads wait for a view here."""
        views = (self.node.state_positions, self.node.history_positions)
        return sum(len(waiting) for view in views for waiting in view._waiting.values())

    def plant(self, space: Space, rows: Mapping[bytes, bytes | None], agent: str = "commands") -> None:
        """Puts rows into an agent's table behind its back; None deletes."""
        self.plant_in(self.node.partition(space.id), rows, agent)

    def plant_in(self, partition: int, rows: Mapping[bytes, bytes | None], agent: str = "commands") -> None:
        """The same, into a partition."""
        store, batch = self.agent(agent).table_rows, WriteBatch(raw_mode=True)
        store.stage(batch, table(self.node.apps[agent].conf.id), partition, rows)
        store._database.write(batch)

    async def appended(self) -> int:
        """How many commands are in the log, over all partitions."""
        app = self.node.apps["commands"]
        return sum((await app.consumer.highwaters(*app.consumer.assignment())).values())

    async def raw(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Status, head and body of the answer to these very bytes, on a connection of their own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            writer.write(request)
            async with asyncio.timeout(BOUND):
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(line.lower().split(b": ", 1) for line in head.strip().split(b"\r\n")[1:])
                body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
        finally:
            writer.close()
            await writer.wait_closed()
        return int(head.split()[1]), head, body


@asynccontextmanager
async def running(
    directory: Path, bounds: Bounds | None = None, agents: tuple[str, ...] = AGENTS
) -> AsyncIterator[Site]:
    """A whole system, or some of its agents, in a directory, in this event loop; it sends nothing by itself."""
    node = Node(Broker.parse(f"embedded://{directory}/log"), directory / "tables", agents)
    await node.start()
    try:
        async with serving(node, bounds=bounds) as site:
            yield site
    finally:
        await node.stop()


@asynccontextmanager
async def serving(
    node: Node,
    authenticator: Authenticator | None = None,
    bounds: Bounds | None = None,
    channels: Channels | None = None,
    limits: Limits | None = None,
    url: str = "",
) -> AsyncIterator[Site]:
    """A server of a system that runs; it may have several. Channels may lead anywhere, but there is no relay."""
    own = Channels(ChannelOptions(KEY, private=True)) if channels is None else None
    options = Options(
        port=0, authenticator=authenticator or NoAuthentication(), bounds=bounds or Bounds(), channels=channels or own,
        limits=limits or Limits(), url=url,
    )  # fmt: skip
    server = await start(node, options)
    try:
        url = f"http://127.0.0.1:{server.port}"
        async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=BOUND)) as session:
            yield Site(node, server, session)
    finally:
        await server.stop()
        if own is not None:
            await own.close()


def key() -> str:
    """A new idempotency key."""
    return secrets.token_hex(8)
