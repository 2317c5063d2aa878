"""Questions about all workspaces: every worker answers for what it has, and the one that was asked puts it together.

Each is asked as the caller asked this one, and finds out itself who that is and what they may see. An answer is
whole or it is none: parts say which partitions they are of.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from tasksys import codec
from tasksys.errors import NotHere, NotOwned
from views.context import STOPPING, answer
from views.forwarding.calls import Fetched, refused
from views.forwarding.failures import Misdirected, Unreached
from views.forwarding.forwarder import FORWARDER, PAUSES, Forwarder
from views.forwarding.hops import is_part
from views.problems import RETRY_AFTER, Problem

PARTITIONS: Final = "Tasksys-Partitions"
"""Of a part: those that it is of."""

AT_ONCE: Final = 8
"""Workers that are asked at the same time."""

Here = Callable[[], Awaitable[Any]]
Whole = Callable[[list[Any]], Any]


async def gathered(request: web.Request, here: Here, whole: Whole) -> web.Response:
    """What `whole` makes of the parts: values of JSON, of each worker that has anything; `here` gives that of this one.

    Raises Problem 503 where the parts of some could not be had in time, and what another worker refused.
    """
    forwarder = request.app.get(FORWARDER)
    if forwarder is None or not forwarder.hands_on:
        return answer(whole([_plain(await here())]))
    if is_part(request):
        own = _own(forwarder)
        return answer(await here(), headers={PARTITIONS: ",".join(map(str, sorted(own)))})
    until = asyncio.get_running_loop().time() + forwarder.wait
    for number in range(1_000_000):
        parts = await _parts(request, forwarder, here)
        if parts is not None:
            return answer(whole(parts))
        left = until - asyncio.get_running_loop().time()
        if left <= 0 or request.app[STOPPING].is_set():
            break
        await asyncio.sleep(min(PAUSES[min(number, len(PAUSES) - 1)], left))
    detail = "A part of the servers does not answer just now; try again in a moment."
    raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers={"Retry-After": RETRY_AFTER})


async def _parts(request: web.Request, forwarder: Forwarder, here: Here) -> list[Any] | None:
    """The parts, if together they are of all partitions; None if they are not, or some worker has none to give."""
    known = forwarder.ownership()
    owners = sorted({*known.active.values()} - {forwarder.url})
    answered = await asked(request, forwarder, owners)
    if not known.active:
        forwarder.raise_if_never_here()
    if not known.active or any(isinstance(one, Exception) for one in answered):
        return None
    covered, parts = set[int](), []
    for one in answered:
        assert isinstance(one, Fetched)
        if one.status != HTTPStatus.OK:
            if one.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise refused(one.status, one.body)
            return None
        covered |= {int(number) for number in one.headers.get(PARTITIONS, "").split(",") if number.isdecimal()}
        parts.append(msgspec.json.decode(one.body))
    if forwarder.url in known.active.values():
        own = _own(forwarder)
        try:
            parts.insert(0, _plain(await here()))
        except NotHere:
            raise
        except NotOwned:
            return None
        covered |= own
    return parts if covered >= known.active.keys() else None


async def asked(request: web.Request, forwarder: Forwarder, workers: Sequence[str]) -> list[Fetched | Exception]:
    """What each of those workers answers to the same request, or why it did not. Raises Problem where none may be."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(worker: str) -> Fetched | Exception:
        async with places:
            try:
                return await forwarder.fetch(request, worker)
            except (Misdirected, Unreached) as error:
                return error

    return list(await asyncio.gather(*(one(worker) for worker in workers)))


def _own(forwarder: Forwarder) -> set[int]:
    return {number for number, worker in forwarder.ownership().active.items() if worker == forwarder.url}


def _plain(value: Any) -> Any:
    """A part as it comes from other workers."""
    return msgspec.json.decode(codec.encode_json(value))


def items(parts: Iterable[Any], key: Callable[[Any], Any]) -> list[Any]:
    """The items of all parts in the order of their keys; what moved meanwhile is there once."""
    found = {key(one): one for part in parts for one in part["items"]}
    return [found[name] for name in sorted(found)]
