"""A client that insists: what was not answered is sent again under the same idempotency key until it is."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.story import Step

API = "/api/v1/workspaces"
ANSWER_SECONDS = 15.0
PATIENCE_SECONDS = 180.0  # for one command, over all its attempts
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5)
IMPATIENT_SECONDS = 0.004
IMPATIENT = 0.02  # the share of requests that the client gives up on almost at once, to send them again
REPEATED = 0.03  # the share of answered requests that it sends again all the same

BROKEN = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError)
AGAIN = (202, 429, 503)


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    body: Any
    replayed: bool


@dataclass
class Ledger:
    """What was asked and answered. `answered` holds (workspace, user, key) of every command that was accepted."""

    sent: set[tuple[str, str, str]] = field(default_factory=set)
    answered: set[tuple[str, str, str]] = field(default_factory=set)
    retried: int = 0
    replayed: int = 0
    violations: list[str] = field(default_factory=list)


class Insistent:
    """Sends a story's steps to one server, which may come and go."""

    def __init__(self, url: str, seed: int = 1) -> None:
        self.ledger = Ledger()
        self._url = url
        self._choose = random.Random(seed)
        self._session: aiohttp.ClientSession | None = None
        self._milestones: list[tuple[int, asyncio.Event]] = []

    async def __aenter__(self) -> Insistent:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    def milestone(self, answered: int) -> asyncio.Event:
        """Set as soon as so many commands are answered."""
        reached = asyncio.Event()
        self._milestones.append((answered, reached))
        return reached

    async def found(self, step: Step) -> str:
        """Sends the step that makes a workspace; the workspace's id."""
        answer = await self._insist(step, API)
        name = str(answer.body.get("id"))
        self._note(name, step, answer)
        return name

    async def send(self, workspace: str, step: Step) -> None:
        """Sends a step until it is answered, and now and then once more."""
        self.ledger.sent.add((workspace, step.user, step.key))
        path = f"{API}/{workspace}{step.path}"
        self._note(workspace, step, await self._insist(step, path))
        if self._choose.random() < REPEATED:
            again = await self._insist(step, path)
            if again.status >= 300 or not again.replayed:
                self.ledger.violations.append(f"{step.key}: repeated, it was answered {again.status}, not replayed")

    async def get(self, path: str, user: str) -> Any:
        """The JSON of a GET."""
        async with self._request("GET", path, user) as response:
            response.raise_for_status()
            return await response.json()

    def _note(self, workspace: str, step: Step, answer: Answer) -> None:
        name = (workspace, step.user, step.key)
        self.ledger.sent.add(name)
        if answer.status < 300:
            self.ledger.answered.add(name)
            for wanted, reached in self._milestones:
                if len(self.ledger.answered) >= wanted:
                    reached.set()
        else:
            self.ledger.violations.append(f"{step.key}: {answer.status} {answer.body}")

    async def _insist(self, step: Step, path: str) -> Answer:
        """The first answer that says what became of the command."""
        attempt = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                patience = IMPATIENT_SECONDS if not attempt and self._choose.random() < IMPATIENT else ANSWER_SECONDS
                try:
                    async with asyncio.timeout(patience):
                        answer = await self._once(step, path)
                    if not (answer.status in AGAIN or answer.body.get("code") == "still-pending"):
                        self.ledger.replayed += answer.replayed
                        return answer
                except BROKEN:
                    pass
                self.ledger.retried += 1
                await asyncio.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
                attempt += 1

    async def _once(self, step: Step, path: str) -> Answer:
        async with self._request(step.method, path, step.user, step.key, step.body) as response:
            body = await response.json(content_type=None) if response.status != 204 else {}
            return Answer(response.status, body or {}, response.headers.get("Idempotent-Replayed") == "true")

    def _request(self, method: str, path: str, user: str, key: str = "", body: Any = None) -> Any:
        assert self._session is not None
        headers = {"Tasksys-Actor": user, **({"Idempotency-Key": key} if key else {})}
        return self._session.request(method, f"{self._url}{path}", json=body, headers=headers)
