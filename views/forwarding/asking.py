"""The tries of one request with the workers that have its workspace, one after the other, until one answers."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from monitoring import metrics
from views.forwarding import bodies
from views.forwarding.bodies import SAFE
from views.forwarding.calls import Sending
from views.forwarding.failures import Misdirected, Unreached
from views.log import logger
from views.problems import RETRY_AFTER, Problem

Ask = Callable[[web.Request, str, Sending, int, float], Awaitable[web.StreamResponse]]
"""One try: the request, the worker, what is sent, the partition, and the seconds that it may wait there."""

FOREIGN: Final = web.RequestKey("foreign", bool)
"""There where a worker handed the request on that could not prove it."""


class Asking:
    """The tries of one request with other workers."""

    def __init__(self, ask: Ask, request: web.Request, partition: int, uncertain: bool = False) -> None:
        self.uncertain = uncertain
        """Whether a worker that did not answer, or that lost the workspace meanwhile, may have done it."""
        self._ask, self._request, self._partition = ask, request, partition
        self._sending: Sending | None = None

    async def __call__(self, owner: str, wait: float) -> web.StreamResponse | None:
        """The answer, or None where it is to be asked for again. Raises Problem."""
        request = self._request
        if FOREIGN in request:
            raise foreign()
        if self._sending is None:
            self._sending = await bodies.read(request)
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


def _pending(answered: web.StreamResponse) -> bool:
    """Whether it says that the command is under way: that is the one that was sent before."""
    body = answered.body if answered.status == HTTPStatus.CONFLICT and isinstance(answered, web.Response) else None
    return isinstance(body, bytes) and b'"still-pending"' in body


def foreign() -> Problem:
    """It has made a hop already, so it makes no other one, whatever it cannot prove: or it might go round for ever."""
    logger.error(
        "another worker handed on a request without a proof that holds; give all workers the same --secret-key, and "
        "set their clocks",
        extra={"operation": "forward"},
    )
    detail = "The servers do not know each other; tell the operators."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers={"Retry-After": RETRY_AFTER})


def nobody(request: web.Request, uncertain: bool) -> Problem:
    """Nobody who has the partition could be asked in time."""
    detail = "The workspace is moving from one server to another; try again in a moment."
    given = {"Retry-After": RETRY_AFTER}
    if uncertain and request.method not in SAFE:
        detail = "The server that has the workspace did not answer, and may have begun; try again in a moment."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers=given)
