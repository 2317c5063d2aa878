"""The tries of one request with the workers that have its workspace, one after the other, until one answers."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Self

from aiohttp import web

from monitoring import metrics
from tasksys.errors import NotHere, NotOwned
from views.context import FILE
from views.forwarding import bodies
from views.forwarding.bodies import FILES, SAFE, Kept
from views.forwarding.calls import Sending
from views.forwarding.failures import Misdirected, Unreached
from views.log import logger
from views.problems import RETRY_AFTER, Problem

Ask = Callable[[web.Request, str, Sending, int, float], Awaitable[web.StreamResponse]]
"""One try: the request, the worker, what is sent, the partition, and the seconds that it may wait there."""


class Asking:
    """The tries of one request with other workers."""

    def __init__(self, ask: Ask, room: Kept, request: web.Request, partition: int, uncertain: bool = False) -> None:
        self.uncertain = uncertain
        """Whether a worker that did not answer, or that lost the workspace meanwhile, may have done it."""
        self.keepers: list[str] | None = None
        """Workers whose copies are still to be asked, each once; None as long as nobody's are."""
        self._ask, self._request, self._partition = ask, request, partition
        self._sending: Sending | None = None
        self._room, self._held = room, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.bytes -= self._held

    async def __call__(self, owner: str, wait: float) -> web.StreamResponse | None:
        """The answer, or None where it is to be asked for again. Raises Problem."""
        request = self._request
        if self._sending is None:
            self._held = self._room.take(request, read=self.uncertain)
            self._sending = await bodies.read(request)
            if isinstance(self._sending.body, bytes):  # how long it is may not have been told
                self._room.bytes += len(self._sending.body) - self._held
                self._held = len(self._sending.body)
        try:
            answered = await self._ask(request, owner, self._sending, self._partition, wait)
        except Misdirected:
            if self._sending.spent:
                raise nobody(request, self.uncertain) from None
            return None
        except Unreached as error:
            logger.debug("%s did not answer: %s", owner, error)
            self.uncertain = self.uncertain or error.begun
            if self._sending.spent or (error.begun and not self._sending.repeatable):
                raise nobody(request, self.uncertain) from error
            return None
        if self.uncertain and _pending(answered):
            return None
        metrics.FORWARDED.labels("repeated" if self.uncertain else "answered").inc()
        return answered

    async def copy(self, wait: float) -> web.StreamResponse | None:
        """What the next keeper's copy says; None if that is nothing. Raises Problem."""
        assert self.keepers
        keeper = self.keepers.pop(0)
        try:
            sending = Sending(repeatable=True, copied=True)
            answered = await self._ask(self._request, keeper, sending, self._partition, wait)
        except Misdirected:
            return None
        except Unreached as error:
            logger.debug("%s, which should have a copy, did not answer: %s", keeper, error)
            return None
        metrics.FORWARDED.labels("answered").inc()
        return answered


def _pending(answered: web.StreamResponse) -> bool:
    """Whether it says that the command is under way: that is the one that was sent before."""
    body = answered.body if answered.status == HTTPStatus.CONFLICT and isinstance(answered, web.Response) else None
    return isinstance(body, bytes) and b'"still-pending"' in body


def raise_if_not_repeatable(request: web.Request, error: NotOwned) -> None:
    """Raises the error if a handler that found the partition not ready may not be called again."""
    gone = request.path.endswith(FILES) and FILE not in request and request.content.at_eof()  # what it has read
    if isinstance(error, NotHere) or request.writer.output_size > 0 or gone or not bodies.named(request):
        raise error


def nobody(request: web.Request, uncertain: bool) -> Problem:
    """Nobody who has the partition could be asked in time."""
    detail = (
        "No server can answer for the workspace now: it moves to another one, or they do not reach their brokers; "
        "try again in a moment."
    )
    given = {"Retry-After": RETRY_AFTER}
    if uncertain and request.method not in SAFE:
        detail = "The server that has the workspace did not answer, and may have begun; try again in a moment."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers=given)
