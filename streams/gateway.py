"""The way in: appends commands to the log and waits for their outcomes."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from streams.agents.commands import REQUEST
from streams.fold import Headers
from streams.waiting import OutcomeWaiters
from tasksys import codec
from tasksys.commands import CommandRecord
from tasksys.errors import Busy, StillPending
from tasksys.outcomes import Decided

WAITING: Final = 10_000
"""Requests that may wait for outcomes at once; more are turned away, so that a flood is felt by those who send it."""

Append = Callable[[bytes, bytes, Headers], Awaitable[None]]
"""Appends a record (key, value, headers) to the commands topic; durable when it returns; BrokerUnavailable."""


class Gateway:
    """Appends commands. Nothing is pretended: what could not be appended raises."""

    def __init__(self, append: Append, waiters: OutcomeWaiters) -> None:
        self._append = append
        self._waiters = waiters
        self._in_flight: set[tuple[str, str, str]] = set()

    async def submit(self, record: CommandRecord, wait: float, headers: Headers = ()) -> Decided | None:
        """The command's outcome, or None if it was not decided within `wait` seconds (it is durable all the same).

        Raises BrokerUnavailable if it is not certain that the command was appended; Busy, or StillPending (the same
        command of the same actor waits already), if it was not.
        """
        name = (record.workspace, record.actor, record.command.id)
        if name in self._in_flight:
            raise StillPending(f"the command {record.command.id!r} was sent before and is still being folded")
        if len(self._waiters) >= WAITING:
            raise Busy("too many commands wait for their outcome; try again in a moment")
        request = secrets.token_hex(8)
        future = self._waiters.expect(request)
        self._in_flight.add(name)
        try:
            async with asyncio.timeout(wait):
                await self.append(record, ((REQUEST, request.encode()), *headers))
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiters.forget(request)
            self._in_flight.discard(name)

    async def append(self, record: CommandRecord, headers: Headers = ()) -> None:
        """Appends without waiting for the outcome. Raises BrokerUnavailable."""
        await asyncio.shield(self._append(record.workspace.encode(), codec.encode_command(record), headers))
