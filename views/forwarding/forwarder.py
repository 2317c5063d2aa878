"""Each request is answered where its workspace is: here, or by the worker that has its partition, which is asked.

While a partition moves nobody has it for some seconds; requests wait for that, and what was sent to a worker that went
away is sent again, under the same key, to the next one. So a client hears of none of it but the time.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from itertools import chain, repeat
from typing import Any, Final

from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from monitoring import metrics, tracing
from tasksys.errors import Moved, NotHere, NotOwned
from tasksys.ownership import Ownership
from views import observed, stale
from views.context import ID, STOPPING, unless_stopping
from views.forwarding import headers, proofs, tunnels
from views.forwarding.asking import Asking, nobody, raise_if_not_repeatable
from views.forwarding.bodies import SAFE, Kept
from views.forwarding.calls import BEGUN_HEADER, Calls, Fetched, Sending
from views.forwarding.copies import Keepers, Unknown
from views.forwarding.failures import Unreached
from views.forwarding.hops import HOP, Hops
from views.forwarding.proofs import Hop, Proofs
from views.forwarding.tunnels import Tunnels
from views.forwarding.waiting import Waiting
from views.forwarding.watch import Watch
from views.ids import ulid
from views.keys import SPARE, repeatable
from views.ports import System
from views.problems import Handler

WAIT: Final = 15.0
"""Seconds that a request waits for a worker that has its partition. After a kill others have it in 6 to 9; a write
waits for its outcome for 10, and a client's own bound is seldom under 20."""

FETCH_SECONDS: Final = 5.0
"""For a part of an answer about all workspaces."""

UNKNOWN_SECONDS: Final = 3.0
"""After which reads are answered from what this worker knows, marked as such. A rebalance is over by then; the brokers
are away, or this worker is cut off from them."""

COPY_SECONDS: Final = 2.0
"""For another worker to begin to answer from its copy."""

PAUSES: Final = (0.02, 0.04, 0.08, 0.16, 0.25)
"""Seconds between looks at who has the partition; the last one is repeated."""

Local = Callable[[], Awaitable[web.StreamResponse]]


class Forwarder:
    """One worker's way to the others."""

    def __init__(self, system: System, known_by: Proofs | None, wait: float = WAIT) -> None:
        """In a running event loop. Without `known_by` nothing is handed on."""
        self._system, self._proofs, self.wait = system, known_by, wait
        self._hops, self._watch = Hops(known_by), Watch(system)
        self._calls = Calls(self._watch)
        self.tunnels = Tunnels(self._watch)
        self.waiting, self.kept = Waiting(), Kept()
        self._unknown, self._keepers = Unknown(), Keepers(system)

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
        self._hops.admit(request)
        if HOP not in request and request.method not in SAFE and not repeatable(request):
            request[SPARE] = ulid()

    async def of(self, request: web.Request, workspace: str, local: Local) -> web.StreamResponse:
        """The answer of the worker that has the workspace; `local` gives it if that is this one. See `at`."""
        partition = self._system.partition(workspace)
        if stale.asked(request) and self._system.ownership().owner(partition) != self._system.url:
            try:
                if stale.show(request, self._system, workspace):
                    return await local()
            except NotOwned as error:  # a copy has not got everything
                raise_if_not_repeatable(request, error)
                stale.hide(request)
            if HOP in request and stale.alone(request):
                return web.Response(status=HTTPStatus.MISDIRECTED_REQUEST)
        return await self.at(request, partition, local, workspace)

    async def at(
        self, request: web.Request, partition: int, local: Local, workspace: str | None = None
    ) -> web.StreamResponse:
        """The same for a partition. `local` is called again if it raised NotOwned, unless it was not done for a key.

        Raises Problem 503 when nobody could be asked for it in time.
        """
        if self._system.ownership().owner(partition) != self._system.url:
            return await self._found(request, partition, workspace, local)
        self._unknown.forget(partition)
        try:
            return await local()
        except NotOwned as error:
            raise_if_not_repeatable(request, error)
            begun = isinstance(error, Moved)
        return await self._found(request, partition, workspace, local, PAUSES[0], begun)

    async def _found(
        self, request: web.Request, partition: int, workspace: str | None, local: Local, first: float = 0.0,
        begun: bool = False,
    ) -> web.StreamResponse:  # fmt: skip
        """Looks again and again who has it. What was `begun` may be done by now, or will be."""
        hop, loop, place, had = request.get(HOP), asyncio.get_running_loop(), None, False
        until = loop.time() + (self.wait if hop is None else min(hop.wait, self.wait))
        with Asking(self.ask, self.kept, request, partition, begun) as asking:
            for pause in chain([first] if first else [], PAUSES, repeat(PAUSES[-1])):
                if not first:
                    answered = await self._tried(request, partition, workspace, local, asking, until - loop.time())
                    if answered is not None:
                        return answered
                first = 0.0
                place = place or await self.waiting.place(request)
                left = until - loop.time()
                with place(again=had) as had:
                    if left <= 0 or not had or request.app[STOPPING].is_set():
                        break
                    if asking.keepers and self._system.ownership().owner(partition) is None:
                        if (answered := await asking.copy(min(left, COPY_SECONDS))) is not None:
                            return answered
                        continue
                    await asyncio.sleep(min(pause, left))
        metrics.FORWARDED.labels("failed").inc()
        raise nobody(request, asking.uncertain)

    async def _tried(
        self, request: web.Request, partition: int, workspace: str | None, local: Local, asking: Asking, left: float
    ) -> web.StreamResponse | None:
        """Asks who has the partition now; None if nobody has, or answers."""
        owner = self._system.ownership().owner(partition)
        if owner is None:
            self.raise_if_never_here()
            unknown = self._unknown.seconds(partition)
            if workspace is not None and unknown > UNKNOWN_SECONDS and stale.allowed(request):
                if stale.show(request, self._system, workspace):
                    return await local()
                if asking.keepers is None and self.hands_on:
                    asking.keepers = self._keepers.of(request, partition)
            if unknown > self.wait and not asking.keepers:  # nobody need wait for what others have waited for in vain
                raise nobody(request, asking.uncertain)
            return None
        self._unknown.forget(partition)
        if owner == self._system.url:
            try:
                return await local()
            except NotOwned as error:
                raise_if_not_repeatable(request, error)
                asking.uncertain |= isinstance(error, Moved)
                return None
        if not self.hands_on and asking.uncertain:
            raise nobody(request, asking.uncertain)
        if not self.hands_on:
            return await local()  # which says that it is elsewhere
        if HOP in request:
            begun = {BEGUN_HEADER: "true"} if asking.uncertain else {}
            return web.Response(status=HTTPStatus.MISDIRECTED_REQUEST, headers=begun)
        return await asking(owner, left)

    async def moved(self, request: web.Request, partition: int, owner: str, seconds: float, again: bool) -> bool:
        """Waits until another worker than the owner is known to have the partition, for so many seconds at most.

        False if nothing more may be waited for; `again` for who has waited before. Raises what `Waiting.place` raises.
        """
        place, elsewhere = await self.waiting.place(request), asyncio.Event()
        with place(again=again) as waits, self._watch.over(partition, owner, elsewhere.set), suppress(TimeoutError):
            if waits:
                async with asyncio.timeout(seconds):
                    await unless_stopping(request, elsewhere.wait())
        return waits and not request.app[STOPPING].is_set()

    def raise_if_never_here(self) -> None:
        """Raises NotHere in a process that has no workspaces and will not have any."""
        try:
            self._system.state.position("")
        except NotHere:
            raise
        except NotOwned:
            pass

    @property
    def url(self) -> str:
        """This worker."""
        return self._system.url

    @property
    def hands_on(self) -> bool:
        """Whether other workers can be asked."""
        return self._proofs is not None

    def ownership(self) -> Ownership:
        """Who has which partitions, as far as it is known here."""
        return self._system.ownership()

    async def fetch(self, request: web.Request, worker: str) -> Fetched:
        """What another worker answers to the same request, for this one itself. Raises Problem, Misdirected,
        Unreached."""
        url = self._at(request, worker)
        return await self._calls.fetch(url, self._sent(request, url, None, FETCH_SECONDS), FETCH_SECONDS)

    def lines(self, request: web.Request, worker: str, body: bytes) -> AsyncGenerator[Any, None]:
        """What another worker answers to the same request, line by line, each of which is JSON.

        Raises Problem where it refuses, Misdirected, Unreached.
        """
        url = self._at(request, worker)
        return self._calls.lines(request.method, url, self._sent(request, url, None, self.wait, bodied=True), body)

    def _at(self, request: web.Request, worker: str) -> URL:
        """Where the request goes. Raises Problem 503 if it has gone too far."""
        self._hops.onward(request)
        target = request.raw_path if request.raw_path.startswith("/") else request.rel_url.raw_path_qs
        return URL(worker.rstrip("/") + target, encoded=True)

    def _sent(
        self, request: web.Request, url: URL, span: tracing.Span | None, wait: float, bodied: bool = False
    ) -> CIMultiDict[str]:
        """The headers, and the proof of this hop."""
        assert self._proofs is not None
        sent = headers.onward(request, span, bodied)
        sent[proofs.HEADER] = self._proofs.prove(request.method, url.raw_path_qs, Hop(request.remote or "", wait))
        return sent

    async def ask(
        self, request: web.Request, owner: str, sending: Sending, partition: int, wait: float
    ) -> web.StreamResponse:
        """One try. Raises Problem, Misdirected, Unreached."""
        url, span = self._at(request, owner), tracing.child("forward", tracing.Kind.CLIENT)
        sent = self._sent(request, url, span, wait, sending.body is not None)
        if sending.copied:
            sent[stale.ASKED] = stale.ALONE
        fault: BaseException | None = None
        try:
            if tunnels.wanted(request):
                return await self.tunnels.ask(request, url, sent, (partition, owner))
            if sending.lasting:
                observed.waits(request)
            return await self._calls.ask(request, url, sent, sending, (partition, owner), wait)
        except BaseException as error:
            fault = error
            if sending.copied and isinstance(error, Unreached):
                self._keepers.silent(owner)
            raise
        finally:
            if span is not None:
                span.set({"server.address": url.host or "", "http.request.method": request.method})
                span.end(fault)


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
