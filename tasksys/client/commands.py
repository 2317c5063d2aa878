"""Commands on their way: each is sent until its outcome is known, under one id, so it is applied once."""

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any, Final

from tasksys.client.errors import CommandFailed
from tasksys.client.messages import Error, Json, Outcome

AT_ONCE: Final = 64
"""Commands whose outcomes are waited for; more wait until one of them is there."""

AGAIN_SECONDS: Final = 0.5
"""Before a command is sent again that the server could not take, or decide, just now."""

PASSING: Final = (429, 503)


class Commands:
    """Those of one connection, and of those that follow it."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Json, asyncio.Future[Outcome]]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    async def add(self, kind: str, identifier: str, fields: dict[str, Any]) -> tuple[Json, asyncio.Future[Outcome]]:
        """A command to be sent, and where its outcome will be; one that is on its way already is that one."""
        command = {"id": identifier or secrets.token_hex(16), "type": kind, **fields}
        if (found := self._waiting.get(command["id"])) is not None:
            return found
        await self._places.acquire()
        if (found := self._waiting.get(command["id"])) is not None:  # another one of that id waited for a place too
            self._places.release()
            return found
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[command["id"]] = command, future
        future.add_done_callback(lambda _: self._done(command["id"]))
        return command, future

    def _done(self, identifier: str) -> None:
        self._waiting.pop(identifier, None)
        self._places.release()

    def under_way(self) -> Iterator[Json]:
        """Those to be sent again over a new connection, in their order."""
        return iter([command for command, _ in self._waiting.values()])

    def decided(self, outcome: Outcome) -> Json | None:
        """Tells who waits; the command if it has to be sent again later."""
        command, future = self._waiting.get(outcome.id, (None, None))
        if outcome.status == "pending":
            return command
        if future is not None and not future.done():
            future.set_result(outcome)
        return None

    def failed(self, error: Error) -> Json | None:
        """The same for a command that the server could not take."""
        command, future = self._waiting.get(error.id or "", (None, None))
        passing = error.problem.get("status") in PASSING or error.problem.get("code") == "still-pending"
        if passing and error.problem.get("code") != "not-here":
            return command
        if future is not None and not future.done():
            future.set_exception(CommandFailed(error.problem))
        return None

    def end(self, error: Exception) -> None:
        """There will be no outcomes."""
        for _, future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(error)
                future.exception()  # heard, also if nobody waits
