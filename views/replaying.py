"""Replays for operators: of one workspace where that is, of everything at all workers at once, told as one."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from tasksys import codec
from tasksys.errors import NotOwned
from tasksys.values import Id
from views.context import body, parameters, parse_moment, put, system
from views.decoding import wrong_field
from views.forwarding.asking import nobody
from views.forwarding.failures import Misdirected, Unreached
from views.forwarding.forwarder import FORWARDER, Forwarder, at_owner
from views.forwarding.hops import is_part
from views.problems import invalid, not_found

SHOWN: Final = 100
"""Differences that are named; all of them are counted."""

Progress = dict[str, Any]


class ReplayRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What to rebuild, all or one workspace: with `verify`, or without a word, it is compared only; if that is false,
    it is put right where it differs.

    With `until`, an instant, what happened up to then is folded, and nothing is compared or put right: that does not go
    with `verify`.
    """

    verify: bool | UnsetType = UNSET
    workspace: Id | None = None
    until: Annotated[str, Meta(extra_json_schema={"format": "date-time"})] | None = None


async def replay(request: web.Request) -> web.StreamResponse:
    """Rebuilds the tables from the event log beside the live ones; progress as lines of JSON."""
    parameters(request)
    try:
        wanted = msgspec.convert(await body(request), ReplayRequest)
    except msgspec.ValidationError as error:
        raise wrong_field(str(error)) from error
    until = None
    if wanted.until is not None and (until := parse_moment(wanted.until)) is None:
        raise invalid("/until", "Give an instant with offset such as 2026-03-08T09:00:00Z.")
    if until is not None and wanted.verify is True:
        raise invalid(
            "/verify", "With until nothing is compared, so that there is nothing to verify; give one of them."
        )
    if wanted.workspace is not None:
        return await at_owner(request, wanted.workspace, partial(_one, request, wanted, until))
    here = system(request).replay(wanted.verify is not False, None, until)
    forwarder = request.app.get(FORWARDER)
    if forwarder is None or not forwarder.hands_on or is_part(request):
        return await _told(request, here)
    return await _told(request, _everywhere(request, forwarder, here, compares=until is None))


async def _one(request: web.Request, wanted: ReplayRequest, until: str | None) -> web.StreamResponse:
    if system(request).state.state(wanted.workspace or "").workspace is None:
        raise not_found("workspace", wanted.workspace or "")
    return await _told(request, system(request).replay(wanted.verify is not False, wanted.workspace, until))


async def _told(request: web.Request, progress: AsyncIterator[Progress]) -> web.StreamResponse:
    try:
        first = await anext(progress)  # what cannot even begin is a problem, not an answer that breaks off
        response = web.StreamResponse()
        response.content_type = "application/x-ndjson"
        await response.prepare(request)
        await put(request, response, codec.encode_json(first) + b"\n")
        async for one in progress:
            await put(request, response, codec.encode_json(one) + b"\n")
        await response.write_eof()
        return response
    finally:
        await _end(progress)


async def _end(progress: AsyncIterator[Progress]) -> None:
    if isinstance(progress, AsyncGenerator):
        await progress.aclose()


async def _everywhere(
    request: web.Request, forwarder: Forwarder, here: AsyncIterator[Progress], compares: bool
) -> AsyncIterator[Progress]:
    """The progress of all workers, and one end for all.

    Raises Problem if one of them refuses before anything is told; NotOwned if one breaks off, or if partitions moved,
    so that it cannot be said what was looked at.
    """
    known = forwarder.ownership()
    workers = {*known.active.values()}
    if not workers:
        raise nobody(request, uncertain=False)
    sent = await request.read()
    others = sorted(workers - {forwarder.url})
    sources: dict[str, AsyncIterator[Progress]] = {one: forwarder.lines(request, one, sent) for one in others}
    if forwarder.url in workers:
        sources[forwarder.url] = here
    together = _Together()
    try:
        async for worker, one in _merged(sources):
            if (shown := together.add(worker, one)) is not None:
                yield shown
    except (Misdirected, Unreached) as error:
        raise NotOwned(f"another worker broke off: {error}") from error
    finally:
        await _end(here)
    if together.ended != workers or forwarder.ownership() != known:
        raise NotOwned("partitions moved, so that nobody knows whether all were looked at")
    if compares and together.compared != {*known.active}:
        raise NotOwned(f"only the partitions {sorted(together.compared)} were looked at")
    yield together.end()


async def _merged(sources: Mapping[str, AsyncIterator[Progress]]) -> AsyncIterator[tuple[str, Progress]]:
    """What comes of all sources, as it comes; nothing before each has begun. The first error ends all."""
    waiting = {asyncio.ensure_future(_next(source)): worker for worker, source in sources.items()}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
        for begun in [future for future in waiting if future.done()]:
            begun.result()
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                worker, one = waiting.pop(future), future.result()
                if one is not None:
                    yield worker, one
                    waiting[asyncio.ensure_future(_next(sources[worker]))] = worker
    finally:
        for future in waiting:
            future.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for source in sources.values():
            await _end(source)


async def _next(source: AsyncIterator[Progress]) -> Progress | None:
    return await anext(source, None)


class _Together:
    """Replays of several workers, told as one: what they count is added up."""

    def __init__(self) -> None:
        self.compared: set[int] = set()
        """Partitions of which tables were compared."""
        self._counts: dict[tuple[str, str], Progress] = {}
        self._ends: dict[str, Progress] = {}

    @property
    def ended(self) -> set[str]:
        """The workers that are done."""
        return {*self._ends}

    def add(self, worker: str, one: Progress) -> Progress | None:
        """What there is to tell of it."""
        if one["phase"] == "done":
            self._ends[worker] = one
            return None
        if one["phase"] == "compare":
            self.compared.add(one["partition"])
        self._counts[one["phase"], worker] = one
        same = [other for (phase, _), other in self._counts.items() if phase == one["phase"]]
        summed = {name: sum(other[name] for other in same) for name in ("done", "total") if name in one}
        return one | summed | {"worker": worker}

    def end(self) -> Progress:
        """The last line."""
        ends = [self._ends[worker] for worker in sorted(self._ends)]
        summed = {name: sum(one[name] for one in ends) for name in ("done", "total", "different", "repaired")}
        differences = [one for end in ends for one in end["differences"]]
        return {"phase": "done", **summed, "differences": differences[:SHOWN]}
