"""Clients that give their commands no key: they may repeat one only under the key that the server gives it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Any

from tests.chaos.asking import ANSWER_SECONDS, API, BROKEN, PATIENCE_SECONDS, Answer, Asker, pauses, written
from tests.chaos.history import Fate, Write


@dataclass
class Keyless:
    """Somebody who makes tasks and remarks, each with a text of its own, by which the log tells which is whose."""

    asker: Asker
    workspace: str
    pause: float
    tasks: list[str] = field(default_factory=list)
    """Its own ones, which nobody else touches."""

    async def run(self, going: Callable[[], bool]) -> None:
        """Until it is told to stop; what is under way is finished."""
        rng = self.asker.rng
        for number in count(1):
            if not going():
                return
            text = f"{self.asker.name}, number {number}"
            if self.tasks and rng.random() < 0.5:
                path, body = f"/tasks/{rng.choice(self.tasks)}/comments", {"body": text}
            else:
                path, body = "/tasks", {"title": text}
            write, answer = await self._told(path, body, text)
            if write.fate is Fate.REFUSED:
                self.asker.history.complaints.append(f"{text!r} was refused by {write.via}: {write.shown}")
            if write.fate is Fate.ACCEPTED and path == "/tasks" and answer is not None and answer.status == 201:
                self.tasks.append(answer.json["id"])
            await asyncio.sleep(self.pause * rng.uniform(0.5, 1.5))

    async def _told(self, path: str, body: dict[str, str], text: str) -> tuple[Write, Answer | None]:
        """Sends it once, and again where the answer has a key for that: else it may have been done, or may not."""
        headers: dict[str, str] = {}
        if self.asker.rng.random() < 0.1:
            headers["Prefer"] = "respond-async"
        last = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        for pause in pauses():
            write, answer = await self._once(path, text, headers=headers, json=body)
            if write.fate is Fate.APPENDED and answer is not None:
                return await self.asker.outcome(self.workspace, answer.json["id"], write), None
            if write.fate is not Fate.UNKNOWN:
                return write, answer
            given = "" if answer is None else answer.headers.get("Tasksys-Spare-Key", "")
            if answer is not None and answer.status >= 500 and "Idempotency-Key" not in headers and not given:
                self.asker.history.complaints.append(f"{answer.via} names no key for {text!r}: {answer.raw!r}")
            if given:
                headers["Idempotency-Key"] = given
            if "Idempotency-Key" not in headers:
                return write, None
            if asyncio.get_running_loop().time() > last:
                raise TimeoutError(f"{text!r} in {self.workspace} was not answered")
            await asyncio.sleep(pause)
        raise AssertionError

    async def _once(self, path: str, text: str, **more: Any) -> tuple[Write, Answer | None]:
        began, asker = monotonic(), self.asker
        write = Write(
            client=asker.name, workspace=self.workspace, actor=asker.user, command=text, began=began, ended=began,
            fate=Fate.UNKNOWN, keyless=True,
        )  # fmt: skip
        answer: Answer | None = None
        bound = 0.01 if asker.rng.random() < 0.03 else ANSWER_SECONDS
        try:
            answer = await asker.once("POST", f"{API}/{self.workspace}{path}", bound, **more)
        except BROKEN:
            pass
        finally:
            write = written(write, answer)
            asker.history.writes.append(write)
        return write, answer
