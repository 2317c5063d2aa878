"""The way in: appends commands to the log and waits for their outcomes.

A command costs two futures and a timer here, and no task: with a task for the append, another one to wait until it is
durable, two shields and a timeout it was 45 of the 530 microseconds that a command took over HTTP.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from itertools import count, zip_longest
from time import perf_counter
from typing import Final

from monitoring import logs, metrics, tracing
from streams.agents.commands import REQUEST
from streams.fold import Headers
from streams.waiting import OutcomeWaiters
from tasksys import codec
from tasksys.commands import CommandRecord
from tasksys.errors import BrokerUnavailable, Busy, Moved, RecordTooLarge, StillPending
from tasksys.outcomes import Decided

WAITING: Final = 10_000
"""Commands that may be on their way at once: those whose outcome is waited for, and those that are not durable yet.

More are turned away, so that a flood is felt by those who send it."""

TOLD: Final = (BrokerUnavailable, Busy, Moved, StillPending, RecordTooLarge)
"""What is said of one command among several, and is no reason to give up the others."""

UNCONFIRMED: Final = "The log did not confirm the command in time."

Send = Callable[[bytes, bytes, Headers], asyncio.Future[None]]
"""Appends a record (key, value, headers) to the commands, behind those sent before; the result, when it is durable."""


class Gateway:
    """Appends commands. Nothing is pretended: what could not be appended raises."""

    def __init__(self, send: Send, waiters: OutcomeWaiters) -> None:
        self._send = send
        self._waiters = waiters
        self._in_flight: set[tuple[str, str, str]] = set()
        self._process = secrets.token_hex(8)  # others may append to the same log
        self._numbers = count()

    @property
    def in_flight(self) -> int:
        """Commands on their way: not durable yet, or their outcome is waited for."""
        return len(self._in_flight)

    async def submit(self, record: CommandRecord, wait: float, headers: Headers = ()) -> Decided | None:
        """The command's outcome, or None if it was not decided within `wait` seconds (it is durable all the same).

        Raises BrokerUnavailable if it is not certain that the command was appended; Busy, RecordTooLarge, or
        StillPending (the same command of the same actor waits already), if it was not. Raises Moved when another
        worker decides it.
        """
        logs.note(command_id=record.command.id)
        outcome = await self.start(record, headers)(wait)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def submit_all(self, records: Sequence[CommandRecord], wait: float) -> list[Decided | Exception | None]:
        """The same for several commands, which are appended in their order; each has its own outcome or error."""
        started: list[Submitted | Exception] = []
        try:
            for record in records:
                try:
                    started.append(self.start(record))
                except TOLD as error:
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

    def start(self, record: CommandRecord, headers: Headers = ()) -> "Submitted":
        """Appends the command behind those appended before, and gives what waits for its outcome."""
        name, began = self._admitted(record), perf_counter()
        request = f"{self._process}-{next(self._numbers):x}"
        durable = self._append(record, ((REQUEST, request.encode()), *headers))
        decided = self._waiters.expect(request, record.workspace)
        self._in_flight.add(name)
        ended = False

        def finished(_: object = None) -> None:
            nonlocal ended
            if ended:  # the name may be that of the same command by now, sent again
                return
            ended = True
            self._waiters.forget(request)
            told = decided.done() and not decided.cancelled() and decided.exception() is None
            if told or durable.done():
                self._in_flight.discard(name)
            else:  # it is held in memory until then, whoever has gone away
                durable.add_done_callback(lambda _: self._in_flight.discard(name))

        return Submitted(durable, decided, finished, began)

    async def append(self, record: CommandRecord, headers: Headers = ()) -> None:
        """Appends durably, without waiting for the outcome. Raises what `submit` raises."""
        await asyncio.shield(self._begun(record, headers))

    async def append_all(
        self, records: Sequence[CommandRecord], spans: Sequence[tracing.Span | None] = ()
    ) -> list[Exception | None]:
        """The same for several commands, in their order; all are sent before any is waited for.

        Each has its own error, or None. Where `spans` are given, each record belongs to its own one.
        """
        begun: list[asyncio.Future[None] | Exception] = []
        for record, span in zip_longest(records, spans):
            try:
                if span is None:
                    begun.append(self._begun(record))
                else:
                    with tracing.within(span):
                        begun.append(self._begun(record))
            except TOLD as error:
                begun.append(error)
        if under_way := [one for one in begun if not isinstance(one, Exception)]:
            await asyncio.wait(under_way)  # unlike gather, it leaves them alone when the caller goes away
        return [one if isinstance(one, Exception) else _error(one) for one in begun]

    def _admitted(self, record: CommandRecord) -> tuple[str, str, str]:
        """The name under which the command is in flight from now on. Raises StillPending, Busy."""
        name = (record.workspace, record.actor, record.command.id)
        if name in self._in_flight:
            raise StillPending(f"The command {record.command.id!r} was sent before and is still being folded.")
        if len(self._in_flight) >= WAITING:
            raise Busy("Too many commands are on their way; try again in a moment.")
        return name

    def _begun(self, record: CommandRecord, headers: Headers = ()) -> asyncio.Future[None]:
        """An append whose outcome nobody waits for; it is in flight until it is durable."""
        name = self._admitted(record)
        durable = self._append(record, headers)
        self._in_flight.add(name)

        def ended(durable: asyncio.Future[None]) -> None:
            self._in_flight.discard(name)
            if not durable.cancelled():
                durable.exception()  # heard, also if its caller has gone

        durable.add_done_callback(ended)
        return durable

    def _append(self, record: CommandRecord, headers: Headers) -> asyncio.Future[None]:
        """It goes on whatever becomes of the caller: a record is appended whole or not."""
        return self._send(record.workspace.encode(), codec.encode_command(record), headers)


def _error(durable: asyncio.Future[None]) -> Exception | None:
    """Why the record is not durable; what is no condition of the moment is raised."""
    try:
        durable.result()
    except TOLD as error:
        return error
    return None


class Submitted:
    """A command that has its place in the log: call it to wait for the outcome, or forget it."""

    __slots__ = ("_began", "_decided", "_durable", "_finished")

    def __init__(
        self,
        durable: asyncio.Future[None],
        decided: asyncio.Future[Decided | None],
        finished: Callable[..., None],
        began: float,
    ) -> None:
        self._began = began
        self._durable = durable
        self._decided = decided
        self._finished = finished
        decided.add_done_callback(finished)
        durable.add_done_callback(self._appended)

    async def __call__(self, wait: float) -> Decided | Exception | None:
        """Waits so many seconds: None if it is not decided by then; what is TOLD is given, not raised."""
        loop = self._decided.get_loop()
        deadline = loop.time() + wait
        alarm = loop.call_at(deadline, self._late)
        try:
            decided = await self._decided
        except Moved as error:
            return await self._moved(error, deadline - loop.time())
        except TOLD as error:
            return error
        finally:
            alarm.cancel()
            self.forget()
        if decided is not None:
            metrics.COMMAND_SECONDS.observe(perf_counter() - self._began, tracing.exemplar())
        return decided

    def forget(self) -> None:
        """Nobody waits any more; the command is decided all the same, and its outcome is kept in the table."""
        self._finished()

    async def _moved(self, moved: Moved, wait: float) -> Exception:
        """What is said of a command that another worker decides: that it is so once it is durable."""
        await asyncio.wait((self._durable,), timeout=wait)
        if not self._durable.done():
            return BrokerUnavailable(UNCONFIRMED)
        return _error(self._durable) or moved

    def _appended(self, durable: asyncio.Future[None]) -> None:
        """A log that failed ends the waiting; one that did not says nothing: the outcome follows."""
        error = None if durable.cancelled() else durable.exception()
        if durable.cancelled():
            self._decided.cancel()
        elif error is not None:
            self._fail(error)

    def _late(self) -> None:
        if not self._durable.done():
            self._fail(BrokerUnavailable(UNCONFIRMED))
        elif not self._decided.done():
            self._decided.set_result(None)

    def _fail(self, error: BaseException) -> None:
        if not self._decided.done():
            self._decided.set_exception(error)
            self._decided.exception()  # heard, also if nobody waits any more
