"""The way in: appends commands to the log and waits for their outcomes."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from streams.agents.commands import REQUEST
from streams.fold import Headers
from streams.waiting import OutcomeWaiters
from tasksys import codec
from tasksys.commands import CommandRecord
from tasksys.errors import BrokerUnavailable, Busy, StillPending
from tasksys.outcomes import Decided

WAITING: Final = 10_000
"""Requests that may wait for outcomes at once; more are turned away, so that a flood is felt by those who send it."""

Send = Callable[[bytes, bytes, Headers], Awaitable[Awaitable[None]]]
"""Appends a record (key, value, headers) to the commands: in its place when it returns, durable when that returns."""


class Gateway:
    """Appends commands. Nothing is pretended: what could not be appended raises."""

    def __init__(self, send: Send, waiters: OutcomeWaiters) -> None:
        self._send = send
        self._waiters = waiters
        self._in_flight: set[tuple[str, str, str]] = set()

    async def submit(self, record: CommandRecord, wait: float, headers: Headers = ()) -> Decided | None:
        """The command's outcome, or None if it was not decided within `wait` seconds (it is durable all the same).

        Raises BrokerUnavailable if it is not certain that the command was appended; Busy, or StillPending (the same
        command of the same actor waits already), if it was not.
        """
        outcome = await (await self.start(record, headers))(wait)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def submit_all(self, records: Sequence[CommandRecord], wait: float) -> list[Decided | Exception | None]:
        """The same for several commands, which are appended in their order; each has its own outcome or error."""
        started: list[Submitted | Exception] = []
        try:
            for record in records:
                try:
                    started.append(await self.start(record))
                except (BrokerUnavailable, Busy, StillPending) as error:
                    started.append(error)
            deadline = asyncio.get_running_loop().time() + wait
            return [
                one if isinstance(one, Exception) else await one(deadline - asyncio.get_running_loop().time())
                for one in started
            ]
        finally:
            for one in started:
                if isinstance(one, Submitted):
                    one.forget()

    async def start(self, record: CommandRecord, headers: Headers = ()) -> "Submitted":
        """Appends the command behind those appended before, and gives what waits for its outcome."""
        name = (record.workspace, record.actor, record.command.id)
        if name in self._in_flight:
            raise StillPending(f"The command {record.command.id!r} was sent before and is still being folded.")
        if len(self._waiters) >= WAITING:
            raise Busy("Too many commands wait for their outcome; try again in a moment.")
        request = secrets.token_hex(8)
        decided = self._waiters.expect(request)
        self._in_flight.add(name)

        def finished(_: object = None) -> None:
            self._waiters.forget(request)
            self._in_flight.discard(name)

        decided.add_done_callback(finished)
        try:
            durable = await self._append(record, ((REQUEST, request.encode()), *headers))
        except BaseException:
            finished()
            raise
        durable.add_done_callback(lambda done: finished() if done.cancelled() or done.exception() else None)
        return Submitted(durable, decided, finished)

    async def append(self, record: CommandRecord, headers: Headers = ()) -> None:
        """Appends durably, without waiting for the outcome. Raises BrokerUnavailable."""
        await asyncio.shield(await self._append(record, headers))

    async def _append(self, record: CommandRecord, headers: Headers) -> asyncio.Future[None]:
        """In a task of its own, which goes on if the caller is cancelled: a record is appended whole or not."""

        async def send() -> asyncio.Future[None]:
            sent = await self._send(record.workspace.encode(), codec.encode_command(record), headers)
            durable = asyncio.ensure_future(sent)
            durable.add_done_callback(lambda done: done.cancelled() or done.exception())  # also if nobody is left
            return durable

        return await asyncio.shield(asyncio.ensure_future(send()))


class Submitted:
    """A command that has its place in the log: call it to wait for the outcome, or forget it."""

    def __init__(
        self, durable: asyncio.Future[None], decided: asyncio.Future[Decided], finished: Callable[[], None]
    ) -> None:
        self._durable = durable
        self._decided = decided
        self._finished = finished

    async def __call__(self, wait: float) -> Decided | Exception | None:
        """Waits so many seconds: None if it is not decided by then; BrokerUnavailable is given, not raised."""
        try:
            async with asyncio.timeout(wait):
                await asyncio.shield(self._durable)
                return await self._decided
        except TimeoutError:
            return None if self._durable.done() else BrokerUnavailable("The log did not confirm the command in time.")
        except BrokerUnavailable as error:
            return error
        finally:
            self.forget()

    def forget(self) -> None:
        """Nobody waits any more; the command is decided all the same, and its outcome is kept in the table."""
        self._finished()
