"""The truth about workspaces when everything is at rest: the log as the brokers have it, what it folds into, and what
each worker shows, verifies and replays."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec

from streams import eventlog
from streams.broker import Broker
from streams.topics import DEAD_LETTERS, EVENTS
from tasksys import codec, decider
from tasksys.events import OF_DELIVERIES, OF_REMINDERS
from tasksys.rows import Project, Task
from tasksys.state import State
from tests.chaos.asking import API, BROKEN, PASSING, canonical, digest
from tests.chaos.history import Audited, Event, Shown, Space
from tests.support.story import OWNER
from views import shapes

AT_ONCE: Final = 16
STALE: Final = "Tasksys-Stale"
NO_WISHES: Final[Mapping[str, str]] = {}
BOUND: Final = 60.0
"""Seconds that a question may take, over all its attempts."""

ELSEWHERE_SECONDS: Final = 10.0
"""A worker that has not got a workspace after so long, when everything is at rest, is no witness of it; and a copy that
has not caught up by then never will."""

WRITTEN: Final = {"TaskCreated": "title", "CommentAdded": "body"}
"""Types of events of commands without a key, and where in them is what the client wrote."""

AS_THEY_ARE: Final = OF_DELIVERIES | OF_REMINDERS
"""Types of events that leave their task's version alone."""


@dataclass
class _Folded:
    """A workspace as its events make it."""

    log: list[Event] = field(default_factory=list)
    state: State = field(default_factory=State)


async def read_log(servers: str, partitions: int) -> tuple[dict[str, _Folded], int]:
    """Every workspace in the log, folded; and how many dead letters there are."""
    broker = Broker.parse(f"kafka://{servers}")
    found: dict[str, _Folded] = defaultdict(_Folded)
    dead = 0
    for partition in range(partitions):
        async for chunk in eventlog.read(broker, EVENTS.name, partition):
            for record in chunk:
                assert record.key is not None
                assert record.value is not None
                _fold(record.key.decode(), record.value, found[record.key.decode()])
        async for chunk in eventlog.read(broker, DEAD_LETTERS.name, partition):
            dead += len(chunk)
    return found, dead


def _fold(workspace: str, stored: bytes, into: _Folded) -> None:
    record = codec.decode_event(stored)
    decider.replay(record, workspace, into.state)
    counts = record.task is not None and record.version is not None and record.type not in AS_THEY_ARE
    data = msgspec.json.decode(record.data) if record.type in ("ReminderFired", *WRITTEN) else {}
    into.log.append(
        Event(
            position=record.position, id=record.id, origin=record.id.rpartition("-")[0], actor=record.actor,
            command=record.command, digest=digest(stored), at=record.at,
            thing=record.task or "" if counts else "", version=record.version or 0 if counts else 0,
            fires=f"{data['reminder']} at {data['scheduled_for']}" if record.type == "ReminderFired" else "",
            text=data[WRITTEN[record.type]] if record.type in WRITTEN else "",
        )
    )  # fmt: skip


def folded_rows(workspace: str, state: State) -> dict[str, str]:
    """What HTTP has to show of each task and project, by its address below the workspace."""
    rows: dict[str, str] = {}
    for row in [row for row in state.rows.values() if row is not None]:
        shape: Any = None
        if isinstance(row, Task):
            path, shape = f"/tasks/{row.id}", shapes.task(row, workspace, state)
        elif isinstance(row, Project):
            path, shape = f"/projects/{row.id}", shapes.project(row, workspace)
        if shape is not None:
            rows[path] = canonical(json.loads(codec.encode_json(shape)))
    return rows


@dataclass
class Witness:
    """Asks one worker, at rest, and insists."""

    name: str
    url: str
    session: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, Any, int]:
        """Status, body and position of the first answer that is one, or of a 503 that stays. None is stale."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + ELSEWHERE_SECONDS
        async with asyncio.timeout(BOUND):
            while True:
                status, body, headers = await self._answer(path)
                final = status < 500 and status not in PASSING and STALE not in headers
                if final or (status == 503 and loop.time() > give_up):
                    return status, body, int(headers.get("Tasksys-Position", 0))
                await asyncio.sleep(0.1)

    async def copy(self, path: str) -> tuple[Any, int] | None:
        """Body and position of what it shows as a copy of another worker's; None if it keeps none."""
        async with asyncio.timeout(BOUND):
            status, body, headers = await self._answer(path, {"Tasksys-Read": "standby"})
        if STALE not in headers:
            return None
        return body if status == 200 else None, int(headers.get("Tasksys-Position", 0))

    async def _answer(self, path: str, wishes: Mapping[str, str] = NO_WISHES) -> tuple[int, Any, Mapping[str, str]]:
        """Status, body and headers of the first whole answer, whatever it says; without end."""
        while True:
            with suppress(*BROKEN):
                async with self.session.get(
                    f"{self.url}{path}", headers={"Tasksys-Actor": OWNER, **wishes}
                ) as response:
                    return response.status, await response.json(content_type=None), response.headers
            await asyncio.sleep(0.1)

    async def testify(self, workspace: str, space: Space) -> bool:
        """Adds what it shows, also as a copy if it keeps one; False if it has not got the workspace."""
        status, body, position = await self.get(f"{API}/{workspace}")
        if status == 503:
            return False

        async def asked(path: str) -> Any:
            status, body, _ = await self.get(path)
            return body if status == 200 else None

        rows = await _rows(workspace, space, asked) if status == 200 else {}
        space.shown.append(Shown(worker=self.name, position=position, rows=rows))
        await self._testify_as_copy(workspace, space)
        status, body, _ = await self.get(f"{API}/{workspace}/audit/verify")
        if status == 503:
            return False
        broken = "" if body.get("ok") else f"{status} {body}"
        space.audited.append(Audited(worker=self.name, verified=body.get("events", 0), broken=broken))
        return True

    async def _testify_as_copy(self, workspace: str, space: Space) -> None:
        """What nobody reads until its worker takes over: that may be long after it went wrong."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + ELSEWHERE_SECONDS
        while (found := await self.copy(f"{API}/{workspace}")) is not None:
            if found[1] >= len(space.log) or loop.time() > give_up:
                break
            await asyncio.sleep(0.1)
        if found is None:
            return

        async def shown(path: str) -> Any:
            found = await self.copy(path)
            return None if found is None else found[0]

        rows = await _rows(workspace, space, shown)
        space.shown.append(Shown(worker=f"{self.name}, a copy,", position=found[1], rows=rows))

    async def replay(self) -> int:
        """How many rows a replay finds to differ. Raises BROKEN, AssertionError where it does not end well."""
        timeout = aiohttp.ClientTimeout(total=BOUND)
        async with self.session.post(
            f"{self.url}/admin/replay", json={"verify": True}, headers={"Tasksys-Actor": OWNER}, timeout=timeout
        ) as response:
            lines = (await response.text()).splitlines()
        assert response.status == 200, lines
        last = json.loads(lines[-1])
        assert last.get("phase") == "done", last
        return int(last["different"])


async def _rows(workspace: str, space: Space, ask: Callable[[str], Awaitable[Any]]) -> dict[str, str]:
    """What is shown of all that there must be, as digests."""
    places, rows = asyncio.Semaphore(AT_ONCE), dict[str, str]()

    async def look(path: str) -> None:
        async with places:
            body = await ask(f"{API}/{workspace}{path}")
        if body is not None:
            rows[path] = canonical(body)

    await asyncio.gather(*(look(path) for path in space.folded))
    return rows


async def establish(
    servers: str, partitions: int, workspaces: Sequence[str], witnesses: Sequence[Witness], everywhere: bool = True
) -> tuple[dict[str, Space], dict[str, int], list[str]]:
    """The workspaces' truth, the differences that replays found, and what could not be established.

    `everywhere`: every worker has to answer about every workspace.
    """
    found, dead = await read_log(servers, partitions)
    complaints = [f"{dead} records became dead letters"] if dead else []
    spaces: dict[str, Space] = {}
    for name in workspaces:
        folded = found[name]
        space = spaces[name] = Space(log=folded.log, folded=folded_rows(name, folded.state))
        testified = 0
        for witness in witnesses:
            try:
                testified += await witness.testify(name, space)
            except TimeoutError:
                complaints.append(f"{witness.name} did not answer about {name}")
        if testified < (len(witnesses) if everywhere else 1):
            complaints.append(f"{testified} of {len(witnesses)} workers answer about {name}")
    differences: dict[str, int] = {}
    for witness in witnesses[-1:]:  # it has all of them replay
        try:
            differences[witness.name] = await witness.replay()
        except (*BROKEN, AssertionError) as error:
            complaints.append(f"{witness.name} could not replay: {error!r}")
    return spaces, differences, complaints
