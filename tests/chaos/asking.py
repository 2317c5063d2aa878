"""How clients of a cluster that breaks ask: they insist, try another worker, and write down all that they see."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import aiohttp
from msgspec import structs

from tests.chaos.history import Fate, History, Read, Write
from tests.support.story import Step

API: Final = "/api/v1/workspaces"
ANSWER_SECONDS: Final = 8.0
PATIENCE_SECONDS: Final = 120.0
"""For one command over all its attempts: more than any fault lasts."""

PAUSES: Final = (0.02, 0.05, 0.1, 0.2, 0.3)
BROKEN: Final = (aiohttp.ClientError, ConnectionError, TimeoutError)
PASSING: Final = (408, 421, 425, 429)
"""Refusals of the moment, beside all 5xx: they say nothing about the command."""


def digest(data: bytes) -> str:
    """Stands for bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def canonical(found: Any) -> str:
    """Stands for JSON."""
    return digest(json.dumps(found, sort_keys=True).encode())


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Any
    raw: bytes
    via: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.raw) if self.raw else {}

    @property
    def position(self) -> int:
        """The workspace's, that it shows; 0 if none."""
        return int(self.headers.get("Tasksys-Position", 0))

    @property
    def version(self) -> int:
        """Of the thing that it shows; 0 if none."""
        tag = self.headers.get("ETag", "").strip('"')
        return int(tag) if tag.isdigit() else 0

    @property
    def stale(self) -> bool:
        """Whether it says that it may be old."""
        return bool(self.headers.get("Tasksys-Stale") == "true")

    @property
    def fate(self) -> Fate:
        """What it says about a command."""
        if self.status in PASSING or self.status >= 500 or (self.status == 409 and b"still-pending" in self.raw):
            return Fate.UNKNOWN
        if self.status == 202:
            return Fate.ACCEPTED if self.json.get("status") == "accepted" else Fate.APPENDED
        return Fate.ACCEPTED if self.status < 300 else Fate.REFUSED


@dataclass
class Asker:
    """One client of one user. It stays with a worker that answers, or, if it is `fickle`, asks any."""

    name: str
    user: str
    urls: Callable[[], list[tuple[str, str]]]
    """The workers, by name and address, that it knows of."""
    session: aiohttp.ClientSession
    history: History
    rng: random.Random
    fickle: bool = False
    _chosen: int = 0

    async def once(self, method: str, path: str, bound: float = ANSWER_SECONDS, **more: Any) -> Answer:
        """One request to one worker. Raises BROKEN."""
        known = self.urls()
        if self.fickle:
            self._chosen = self.rng.randrange(len(known))
        name, url = known[self._chosen % len(known)]
        headers = {"Tasksys-Actor": self.user, **more.pop("headers", {})}
        try:
            async with (
                asyncio.timeout(bound),
                self.session.request(method, f"{url}{path}", headers=headers, **more) as response,
            ):
                found = Answer(response.status, response.headers, await response.read(), name)
        except BROKEN:
            self._chosen += 1
            raise
        if found.status in PASSING or found.status >= 500:
            self._chosen += 1
        return found

    async def get(self, path: str, **more: Any) -> Answer:
        """The first answer that is one. TimeoutError after PATIENCE_SECONDS."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            for pause in pauses():
                with suppress(*BROKEN):
                    found = await self.once("GET", path, **more)
                    if not (found.status in PASSING or found.status >= 500):
                        return found
                await asyncio.sleep(pause)
        raise AssertionError

    async def found(self, step: Step) -> str:
        """Makes a workspace; its id."""
        headers = {"Idempotency-Key": step.key}
        async with asyncio.timeout(PATIENCE_SECONDS):
            for pause in pauses():
                began = monotonic()
                with suppress(*BROKEN):
                    answer = await self.once("POST", API, headers=headers, json=step.body)
                    if answer.fate is Fate.ACCEPTED:
                        name = str(answer.json["id"])
                        blank = Write(
                            client=self.name, workspace=name, actor=self.user, command=step.key, began=began,
                            ended=began, fate=Fate.UNKNOWN,
                        )  # fmt: skip
                        self.history.writes.append(written(blank, answer))
                        return name
                await asyncio.sleep(pause)
        raise AssertionError

    async def command(self, workspace: str, step: Step, asynchronous: bool = False, effective: bool = True) -> Write:
        """Sends a command until its fate is known; writes every attempt down."""
        path = f"{API}/{workspace}{step.path}"
        headers = {"Idempotency-Key": step.key, **({"Prefer": "respond-async"} if asynchronous else {})}
        last = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        for pause in pauses():
            began = monotonic()
            blank = Write(
                client=self.name, workspace=workspace, actor=self.user, command=step.key, began=began, ended=began,
                fate=Fate.UNKNOWN, effective=effective,
            )  # fmt: skip
            answer: Answer | None = None
            hurry = self.rng.random() < 0.02
            try:
                bound = 0.01 if hurry else ANSWER_SECONDS
                answer = await self.once(step.method, path, bound, headers=headers, json=step.body)
            except BROKEN:
                pass
            finally:
                write = written(blank, answer)
                self.history.writes.append(write)
            if write.fate is Fate.APPENDED:
                write = await self.outcome(workspace, step.key, write)
            if write.fate in (Fate.ACCEPTED, Fate.REFUSED):
                return write
            if asyncio.get_running_loop().time() > last:
                raise TimeoutError(f"{step.key} of {self.user} in {workspace} was not answered")
            await asyncio.sleep(pause)
        raise AssertionError

    async def outcome(self, workspace: str, key: str, appended: Write) -> Write:
        """What became of a command that was appended, asked for until it is decided."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            for pause in pauses():
                began = monotonic()
                answer = await self.get(f"{API}/{workspace}/commands/{key}")
                found = answer.json
                if found.get("status") in ("accepted", "refused"):
                    accepted = found["status"] == "accepted"
                    events = [] if "events_after" in found else found.get("events", [])
                    first, last = (events[0]["position"], events[-1]["position"]) if events else (0, 0)
                    write = structs.replace(
                        appended, began=began, ended=monotonic(), fate=Fate.ACCEPTED if accepted else Fate.REFUSED,
                        first=first, last=last, replayed=True, via=answer.via,
                    )  # fmt: skip
                    self.history.writes.append(write)
                    return write
                await asyncio.sleep(pause)
        raise AssertionError

    async def read(self, workspace: str, task: str, at_least: int = 0, there: bool = False) -> int:
        """Reads a task once, if anybody answers; the position that was shown. `there`: it must be there."""
        began = monotonic()
        query = {"min_position": str(at_least)} if at_least else {}
        anybody = {"Tasksys-Read": "standby"} if self.rng.random() < 0.1 else {}
        try:
            answer = await self.once("GET", f"{API}/{workspace}/tasks/{task}", params=query, headers=anybody)
        except BROKEN:
            return 0
        if answer.status == 200:
            self._saw(workspace, began, answer, answer.position, {task: answer.version}, at_least, bool(anybody))
            return answer.position
        if answer.status == 404 and there and not anybody:  # as if nothing had been written yet
            self._saw(workspace, began, answer, 0, {}, at_least)
        return 0

    async def list(self, workspace: str) -> None:
        """Reads a page of the tasks once, if anybody answers."""
        began = monotonic()
        try:
            answer = await self.once("GET", f"{API}/{workspace}/tasks", params={"limit": "50"})
        except BROKEN:
            return
        if answer.status == 200:
            rows = {one["id"]: one["version"] for one in answer.json["items"]}
            self._saw(workspace, began, answer, answer.position, rows, 0)

    def _saw(
        self,
        workspace: str,
        began: float,
        answer: Answer,
        position: int,
        rows: dict[str, int],
        at_least: int,
        asked: bool = False,
    ) -> None:
        self.history.reads.append(
            Read(
                client=self.name, workspace=workspace, began=began, ended=monotonic(), position=position, rows=rows,
                at_least=at_least, asked=asked, stale=answer.stale, via=answer.via,
            )
        )  # fmt: skip


def pauses() -> Iterator[float]:
    """Between attempts, for ever."""
    yield from PAUSES
    while True:
        yield PAUSES[-1]


def written(blank: Write, answer: Answer | None) -> Write:
    """An attempt with what it was answered."""
    ended = monotonic()
    if answer is None:
        return structs.replace(blank, ended=ended)
    fate, shown = answer.fate, ""
    if fate is Fate.ACCEPTED and answer.status != 202:
        shown = f"{answer.version} {digest(answer.raw)}"
    elif fate is Fate.REFUSED:
        shown = f"{answer.status} {answer.json.get('code')}"
    return structs.replace(
        blank, ended=ended, fate=fate, via=answer.via,
        position=answer.position if fate is Fate.ACCEPTED else 0,
        replayed=answer.headers.get("Idempotent-Replayed") == "true",
        shown=shown,
    )  # fmt: skip


@asynccontextmanager
async def sessions() -> AsyncIterator[aiohttp.ClientSession]:
    """What all clients of a run share."""
    connector = aiohttp.TCPConnector(limit=0, force_close=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session
