"""Questions about all workspaces: every worker answers for what it has, and the one that was asked puts it together.

Each is asked as the caller asked this one, and finds out itself who that is and what they may see. An answer is
whole or it is none: parts say which partitions they are of.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from http import HTTPStatus
from itertools import chain, repeat
from typing import Any, Final

import msgspec
from aiohttp import web

from tasksys import codec
from tasksys.errors import NotHere, NotOwned
from tasksys.ownership import Ownership
from views.context import answer
from views.forwarding.calls import Fetched, refused
from views.forwarding.failures import Misdirected, Unreached
from views.forwarding.forwarder import FORWARDER, Forwarder
from views.forwarding.hops import is_part
from views.problems import RETRY_AFTER, Problem

PARTITIONS: Final = "Tasksys-Partitions"
"""Of a part: those that it is of."""

NONE: Final = -1
"""No partition."""

AT_ONCE: Final = 8
"""Workers that are asked at the same time."""

OWN_SECONDS: Final = 0.1
"""Between looks whether one's own part is there: they ask nobody."""

ROUNDS: Final = (0.05, 0.1, 0.25, 0.5)
"""Seconds between rounds of asking while a part is lacking; the last one is repeated. Each round is one caller's own:
they are found out by each worker, and want their own page. That another worker has the part is noticed at once."""

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
    loop, lacked = asyncio.get_running_loop(), NONE
    until = loop.time() + forwarder.wait
    for pause in chain(ROUNDS, repeat(ROUNDS[-1])):
        known = forwarder.ownership()
        found = await _parts(request, forwarder, known, here, lacked)
        if isinstance(found, list):
            return answer(whole(found))
        again, lacked, left = lacked != NONE, found, until - loop.time()
        owner = known.owner(lacked) or ""
        seconds = min(left, OWN_SECONDS if owner == forwarder.url else pause)
        if left <= 0 or not await forwarder.moved(request, lacked, owner, seconds, again):
            break
    detail = "A part of the servers does not answer just now; try again in a moment."
    raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers={"Retry-After": RETRY_AFTER})


async def _parts(
    request: web.Request, forwarder: Forwarder, known: Ownership, here: Here, lacked: int
) -> list[Any] | int:
    """The parts, if together they are of all partitions; else one of those that nobody has told of.

    Who has the one that was `lacked` in the round before is asked first, and the others only if it has told of that:
    while a worker is away, those who wait for its part ask no other.
    """
    if not known.active:
        forwarder.raise_if_never_here()
        return max(lacked, 0)
    covered, parts = set[int](), []
    doubted = {worker for number, worker in known.active.items() if number == lacked}
    for workers in (doubted, {*known.active.values()} - doubted):
        for partitions, part in await _told(request, forwarder, workers, here):
            covered |= partitions
            parts.append(part)
        if doubted and lacked not in covered:
            return lacked
    return parts if covered >= known.active.keys() else min(known.active.keys() - covered)


async def _told(
    request: web.Request, forwarder: Forwarder, workers: Set[str], here: Here
) -> list[tuple[set[int], Any]]:
    """The parts of those workers that give theirs, and which partitions each is of. Raises NotHere, and Problem where
    one refuses."""
    told: list[tuple[set[int], Any]] = []
    if forwarder.url in workers:
        own = _own(forwarder)
        try:
            told.append((own, _plain(await here())))
        except NotHere:
            raise
        except NotOwned:
            pass
    for one in await asked(request, forwarder, sorted(workers - {forwarder.url})):
        if isinstance(one, Fetched) and one.status == HTTPStatus.OK:
            numbers = one.headers.get(PARTITIONS, "").split(",")
            told.append(({int(each) for each in numbers if each.isdecimal()}, msgspec.json.decode(one.body)))
        elif isinstance(one, Fetched) and one.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise refused(one.status, one.body)
    return told


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


def first(parts: Iterable[Any], limit: int, key: Callable[[Any], Any], cursor: Callable[[Any], str]) -> dict[str, Any]:
    """The page that the pages of all parts make: up to where the first of those ends that go on.

    `cursor` gives that of the page after an item.
    """
    several = list(parts)
    found, ends = items(several, key), [key(part["items"][-1]) for part in several if part.get("next_cursor")]
    shown = [one for one in found if not ends or key(one) <= min(ends)][:limit]
    more = bool(ends) or len(shown) < len(found)
    return {"items": shown, "next_cursor": cursor(shown[-1]) if more else None}
