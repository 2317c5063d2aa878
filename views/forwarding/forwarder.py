"""Each request is answered where its workspace is: here, or by the worker that has its partition, which is asked.

While a partition moves nobody has it for some seconds; requests wait for that, and what was sent to a worker that went
away is sent again, under the same key, to the next one. So a client hears of none of it but the time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from itertools import chain, repeat
from typing import Final

from aiohttp import web
from yarl import URL

from monitoring import metrics, tracing
from tasksys.errors import NotHere, NotOwned
from tasksys.ownership import Ownership
from views import observed
from views.context import CLIENT, FILE, ID, STOPPING
from views.forwarding import bodies, headers, proofs
from views.forwarding.bodies import FILES, SAFE
from views.forwarding.calls import Calls, Sending
from views.forwarding.failures import Misdirected, Unreached
from views.forwarding.proofs import Hop, Proofs
from views.forwarding.tunnels import Tunnels
from views.forwarding.watch import Watch
from views.ids import ulid
from views.keys import KEY_HEADER, SPARE, SPARE_KEY_HEADER
from views.log import logger
from views.ports import System
from views.problems import RETRY_AFTER, Handler, Problem

WAIT: Final = 15.0
"""Seconds that a request waits for a worker that has its partition. After a kill others have it in 6 to 9; a write
waits for its outcome for 10, and a client's own bound is seldom under 20."""

WAITING: Final = 2_000
"""Requests that may wait at once, each with up to a megabyte of body; more are answered 503 at once."""

PAUSES: Final = (0.02, 0.04, 0.08, 0.16, 0.25)
"""Seconds between looks at who has the partition; the last one is repeated."""

Local = Callable[[], Awaitable[web.StreamResponse]]

HOP: Final = web.RequestKey("hop", Hop)
"""What another worker says of the request that it handed on; not there for a client's."""
FOREIGN: Final = web.RequestKey("foreign", bool)
"""There where a worker handed the request on that could not prove it."""


class Forwarder:
    """One worker's way to the others."""

    def __init__(self, system: System, known_by: Proofs, wait: float = WAIT) -> None:
        """In a running event loop."""
        self._system, self._proofs, self._wait = system, known_by, wait
        self._watch = Watch(system)
        self._calls = Calls(self._watch)
        self.tunnels = Tunnels(self._watch)
        self._waiting = 0
        self._seen, self._alone = Ownership(), True

    def stop(self) -> None:
        """Ends what waits for something to happen at other workers."""
        self.tunnels.stop()
        self._calls.stop()

    async def close(self) -> None:
        """Closes the connections to other workers."""
        self._watch.stop()
        await self._calls.close()

    def admit(self, request: web.Request) -> None:
        """Notes whether a client sent the request or another worker, and gives a client's write a spare key."""
        given = request.headers.getall(proofs.HEADER, ())
        if given:
            hop = self._proofs.read(request.method, request.raw_path, given[0]) if len(given) == 1 else None
            if hop is not None:
                request[HOP], request[CLIENT] = hop, hop.client
                return
        if headers.passed(request):
            request[FOREIGN] = True
        if request.method not in SAFE and not self._only_one():
            self._name(request)

    def _only_one(self) -> bool:
        known = self._system.ownership()
        if known is not self._seen:
            self._seen, self._alone = known, {*known.active.values()} == {self._system.url}
        return self._alone

    def _name(self, request: web.Request) -> None:
        if KEY_HEADER not in request.headers and SPARE_KEY_HEADER not in request.headers and SPARE not in request:
            request[SPARE] = ulid()

    async def of(self, request: web.Request, workspace: str, local: Local) -> web.StreamResponse:
        """The answer of the worker that has the workspace; `local` gives it if that is this one. See `at`."""
        return await self.at(request, self._system.partition(workspace), local)

    async def at(self, request: web.Request, partition: int, local: Local) -> web.StreamResponse:
        """The same for a partition. `local` is called again if it raised NotOwned, unless it was not done for a key.

        Raises Problem 503 when nobody could be asked for it in time.
        """
        if self._system.ownership().owner(partition) != self._system.url:
            return await self._found(request, partition, local)
        try:
            return await local()
        except NotOwned as error:
            _may_be_done_again(request, error)
        return await self._found(request, partition, local, PAUSES[0])

    async def _found(
        self, request: web.Request, partition: int, local: Local, first: float = 0.0
    ) -> web.StreamResponse:
        """Looks again and again who has it."""
        hop, loop = request.get(HOP), asyncio.get_running_loop()
        until = loop.time() + (self._wait if hop is None else min(hop.wait, self._wait))
        if hop is None and request.method not in SAFE:
            self._name(request)
        asking = _Asking(self, request, partition)
        for pause in chain([first] if first else [], PAUSES, repeat(PAUSES[-1])):
            if not first:
                answered = await self._tried(request, partition, local, asking, until - loop.time())
                if answered is not None:
                    return answered
            first = 0.0
            left = until - loop.time()
            if left <= 0 or self._waiting >= WAITING or request.app[STOPPING].is_set():
                break
            self._waiting += 1
            try:
                await asyncio.sleep(min(pause, left))
            finally:
                self._waiting -= 1
        metrics.FORWARDED.labels("failed").inc()
        raise _nobody(request, asking.uncertain)

    async def _tried(
        self, request: web.Request, partition: int, local: Local, asking: "_Asking", left: float
    ) -> web.StreamResponse | None:
        """Asks who has the partition now; None if nobody has, or answers."""
        owner = self._system.ownership().owner(partition)
        if owner is None:
            self._here()
            return None
        if owner == self._system.url:
            try:
                return await local()
            except NotOwned as error:
                _may_be_done_again(request, error)
                return None
        if HOP in request:
            return web.Response(status=HTTPStatus.MISDIRECTED_REQUEST)
        return await asking(owner, left)

    def _here(self) -> None:
        """Raises NotHere in a process that has no workspaces and will not have any."""
        try:
            self._system.state.position("")
        except NotHere:
            raise
        except NotOwned:
            pass

    async def ask(
        self, request: web.Request, owner: str, sending: Sending, partition: int, wait: float
    ) -> web.StreamResponse:
        """One try. Raises Misdirected, Unreached."""
        target = request.raw_path if request.raw_path.startswith("/") else request.rel_url.raw_path_qs
        url = URL(owner.rstrip("/") + target, encoded=True)
        span = tracing.child("forward", tracing.Kind.CLIENT)
        sent = headers.onward(request, span, bodied=sending.body is not None)
        hop = Hop(request.remote or "", wait)
        sent[proofs.HEADER] = self._proofs.prove(request.method, url.raw_path_qs, hop)
        fault: BaseException | None = None
        try:
            if request.headers.get("Upgrade", "").strip().lower() == "websocket":
                return await self.tunnels.ask(request, url, sent, partition)
            if sending.lasting:
                observed.waits(request)
            return await self._calls.ask(request, url, sent, sending, partition)
        except BaseException as error:
            fault = error
            raise
        finally:
            if span is not None:
                span.set({"server.address": url.host or "", "http.request.method": request.method})
                span.end(fault)


class _Asking:
    """The tries of one request with other workers."""

    def __init__(self, forwarder: Forwarder, request: web.Request, partition: int) -> None:
        self.uncertain = False
        """Whether a worker that did not answer may have done it."""
        self._forwarder, self._request, self._partition = forwarder, request, partition
        self._sending: Sending | None = None

    async def __call__(self, owner: str, wait: float) -> web.StreamResponse | None:
        """The answer, or None where it is to be asked for again. Raises Problem."""
        request = self._request
        if FOREIGN in request:
            raise _foreign()
        if self._sending is None:
            self._sending = await bodies.read(request)
        try:
            answered = await self._forwarder.ask(request, owner, self._sending, self._partition, wait)
        except Misdirected:
            if self._sending.spent:
                raise _nobody(request, self.uncertain) from None
            return None
        except Unreached as error:
            logger.debug("%s did not answer: %s", owner, error)
            self.uncertain = self.uncertain or error.begun
            if self._sending.spent or (error.begun and not self._sending.repeatable):
                raise _nobody(request, self.uncertain) from error
            return None
        if self.uncertain and _pending(answered):
            return None
        metrics.FORWARDED.labels("repeated" if self.uncertain else "answered").inc()
        return answered


def _may_be_done_again(request: web.Request, error: NotOwned) -> None:
    """Raises the error if a handler that found the partition not ready may not be called again."""
    gone = request.path.endswith(FILES) and FILE not in request and request.content.at_eof()  # what it has read
    if isinstance(error, NotHere) or request.writer.output_size > 0 or gone or not bodies.named(request):
        raise error


def _pending(answered: web.StreamResponse) -> bool:
    """Whether it says that the command is under way: that is the one that was sent before."""
    body = answered.body if answered.status == HTTPStatus.CONFLICT and isinstance(answered, web.Response) else None
    return isinstance(body, bytes) and b'"still-pending"' in body


def _foreign() -> Problem:
    """It has made a hop already, so it makes no other one, whatever it cannot prove: or it might go round for ever."""
    logger.error(
        "another worker handed on a request without a proof that holds; give all workers the same --secret-key, and "
        "set their clocks",
        extra={"operation": "forward"},
    )
    detail = "The servers do not know each other; tell the operators."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers={"Retry-After": RETRY_AFTER})


def _nobody(request: web.Request, uncertain: bool) -> Problem:
    """Nobody who has the partition could be asked in time."""
    detail = "The workspace is moving from one server to another; try again in a moment."
    given = {"Retry-After": RETRY_AFTER}
    if uncertain and request.method not in SAFE:
        detail = "The server that has the workspace did not answer, and may have begun: repeat the request in a moment"
        spare = request.get(SPARE)
        if spare is not None:
            given[SPARE_KEY_HEADER] = spare
            detail += f", with the header {KEY_HEADER}: {spare}"
        detail += "."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers=given)


FORWARDER: Final = web.AppKey("forwarder", Forwarder)


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Leads what is about a workspace to where that is. Other handlers do it themselves, by `at_owner`."""
    forwarder = request.app[FORWARDER]
    forwarder.admit(request)
    workspace = request.match_info.get("ws")
    if workspace is None or not ID.fullmatch(workspace):
        return await handler(request)
    return await forwarder.of(request, workspace, partial(handler, request))


async def at_owner(request: web.Request, workspace: str, local: Local) -> web.StreamResponse:
    """The answer of the worker that has a workspace that is not in the address."""
    forwarder = request.app.get(FORWARDER)
    return await local() if forwarder is None else await forwarder.of(request, workspace, local)


async def at_partition(request: web.Request, partition: int, local: Local) -> web.StreamResponse:
    """The same by partition."""
    forwarder = request.app.get(FORWARDER)
    return await local() if forwarder is None else await forwarder.at(request, partition, local)
