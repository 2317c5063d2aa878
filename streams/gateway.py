"""The way in: appends commands to the log and waits for their outcomes."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from streams.agents.commands import REQUEST, Decided
from streams.broker import BrokerUnavailable
from streams.fold import Headers
from streams.waiting import OutcomeWaiters
from tasksys import codec
from tasksys.commands import CommandRecord

WAITING: Final = 10_000
"""Requests that may wait for outcomes at once; more are turned away, so that a flood is felt by those who send it."""

Append = Callable[[bytes, bytes, Headers], Awaitable[None]]
"""Appends a record (key, value, headers) to the commands topic; durable when it returns; BrokerUnavailable."""


class Busy(Exception):
    """Too many commands wait already; try again in a moment."""


class Gateway:
    """Appends commands. Nothing is pretended: what could not be appended raises."""

    def __init__(self, append: Append, waiters: OutcomeWaiters) -> None:
        self._append = append
        self._waiters = waiters

    async def submit(self, record: CommandRecord, wait: float, headers: Headers = ()) -> Decided | None:
        """The command's outcome, or None if it was not decided within `wait` seconds (it is durable all the same).

        Raises BrokerUnavailable if it is not certain that the command was appended, Busy if it was not.
        """
        if len(self._waiters) >= WAITING:
            raise Busy("too many commands wait for their outcome; try again in a moment")
        request = secrets.token_hex(8)
        future = self._waiters.expect(request)
        try:
            async with asyncio.timeout(wait):
                await self.append(record, ((REQUEST, request.encode()), *headers))
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiters.forget(request)

    async def append(self, record: CommandRecord, headers: Headers = ()) -> None:
        """Appends without waiting for the outcome. Raises BrokerUnavailable."""
        await asyncio.shield(self._append(record.workspace.encode(), codec.encode_command(record), headers))


__all__ = ["Append", "BrokerUnavailable", "Busy", "Gateway"]
