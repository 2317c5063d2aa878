"""A request makes one hop: what a worker knows of where it comes from, and where it goes no further."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from views.context import CLIENT
from views.forwarding import headers, proofs
from views.forwarding.proofs import Hop, Proofs
from views.log import logger
from views.problems import RETRY_AFTER, Problem

HOP: Final = web.RequestKey("hop", Hop)
"""What another worker says of the request that it handed on; not there for a client's."""

FOREIGN: Final = web.RequestKey("foreign", bool)
"""There where a worker handed the request on that could not prove it, or where somebody makes it look so."""

WARNING_SECONDS: Final = 60.0
"""Between two lines in the log: whoever can send a request could fill it otherwise."""


class Hops:
    """What one worker makes of requests that others have handed on."""

    def __init__(self, known_by: Proofs | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._proofs, self._clock = known_by, clock
        self._said = -WARNING_SECONDS

    def admit(self, request: web.Request) -> None:
        """Notes whether a client sent the request, another worker, or one that is not known.

        A worker leaves both its proof and its name in `Via`. A name alone is not enough to turn a request away: a proxy
        before the workers may have the same.
        """
        given = request.headers.getall(proofs.HEADER, ())
        if not given or self._proofs is None:
            return
        hop = self._proofs.read(request.method, request.raw_path, given[0]) if len(given) == 1 else None
        if hop is not None:
            request[HOP], request[CLIENT] = hop, hop.client
        elif headers.passed(request):
            request[FOREIGN] = True

    def onward(self, request: web.Request) -> None:
        """Before it is handed on. Raises Problem 503 if it has made a hop that nobody can prove: or it might go round
        for ever, and where everybody is asked, by more and more."""
        if FOREIGN not in request:
            return
        now = self._clock()
        if now - self._said >= WARNING_SECONDS:
            self._said = now
            logger.error(
                "a request came from %s as another worker hands it on, without a proof that holds; give all workers "
                "the same --secret-key, and set their clocks",
                request.remote or "somebody",
                extra={"operation": "forward"},
            )
        detail = "The servers do not know each other; tell the operators."
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers={"Retry-After": RETRY_AFTER})


def is_part(request: web.Request) -> bool:
    """Whether another worker asks, for its own answer."""
    return HOP in request
