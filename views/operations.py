"""For operators: health, readiness, status, lag, dead letters; `replaying` is the handler of replays."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from itertools import islice
from operator import itemgetter
from typing import Any, Final

import msgspec
from aiohttp import web
from prometheus_client import REGISTRY

from monitoring.health import Health
from tasksys.limits import PAGE_ITEMS
from tasksys.outcomes import DeadLetter
from views import exposition, replaying
from views.context import answer, identity, parameters, system, whole
from views.forwarding.calls import Fetched
from views.forwarding.forwarder import FORWARDER, at_partition
from views.forwarding.gathering import asked, first, gathered, items
from views.forwarding.hops import is_part
from views.problems import Problem, bad_request, not_found
from views.routes import Handler, Route

HEALTH_CHECKS: Final = web.AppKey("health_checks", Health)

LETTERS: Final = ("cursor", "limit")
LETTERS_BYTES: Final = 4 * 1024 * 1024
"""About how large an answer with dead letters becomes."""


async def health(request: web.Request) -> web.StreamResponse:
    """Alive: the event loop answers."""
    return answer({"status": "ok"})


async def ready(request: web.Request) -> web.StreamResponse:
    """Whether this process can serve, check by check; where it cannot, `missing` says why, and the check what to do.

    It comes within a second, whatever hangs.
    """
    report = await request.app[HEALTH_CHECKS].report()
    return answer(report.body(), report.status)


def _operators_only(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        if not identity(request).operator:
            raise Problem(HTTPStatus.FORBIDDEN, "forbidden", "This is for operators; ask one to name you in --admins.")
        return await handler(request)

    guarded.__doc__ = handler.__doc__
    return guarded


async def metrics(request: web.Request) -> web.StreamResponse:
    """What Prometheus reads, as on the operators' port; in OpenMetrics' format, with exemplars, if that is accepted."""
    return await exposition.page(REGISTRY, request.headers.get("Accept", ""))


async def status(request: web.Request) -> web.StreamResponse:
    """Agents, partitions, positions: of this process, and in `workers` of each that there is.

    A worker that does not answer is there too, not ready, and says why. So is one that the others keep out: `kept_out`
    names the option that is to be put right, and its address may be another one's.
    """
    parameters(request)
    own = await system(request).status()
    if is_part(request):
        return answer(own)
    kept_out = [
        {"url": one.url, "ready": False, "kept_out": one.by, "missing": {"worker": why}, "agents": {}}
        for one, why in system(request).kept_out()
    ]
    return answer(own | {"workers": sorted([own, *await _others(request), *kept_out], key=itemgetter("url"))})


async def _others(request: web.Request) -> list[dict[str, Any]]:
    """The status of each other worker that is known of."""
    forwarder = request.app.get(FORWARDER)
    if forwarder is None or not forwarder.hands_on:
        return []
    others = [one for one in system(request).workers() if one != forwarder.url]
    told: list[dict[str, Any]] = []
    for worker, one in zip(others, await asked(request, forwarder, others), strict=True):
        if isinstance(one, Fetched) and one.status == HTTPStatus.OK:
            told.append(msgspec.json.decode(one.body))
        else:
            why = f"it answered {one.status}" if isinstance(one, Fetched) else str(one) or "it does not know itself"
            told.append({"url": worker, "ready": False, "missing": {"worker": why}, "agents": {}})
    return told


async def lag(request: web.Request) -> web.StreamResponse:
    """Records that each agent has still to fold, by partition; `at_least` so many where the brokers do not answer."""
    parameters(request)

    async def here() -> dict[str, Any]:
        found = [
            {"agent": name, "topic": agent["source"]} | {key: one[key] for key in ("partition", "lag", "at_least")}
            for name, agent in (await system(request).status())["agents"].items()
            for one in agent["partitions"]
        ]
        return {"items": found}

    return await gathered(request, here, lambda parts: {"items": items(parts, itemgetter("agent", "partition"))})


def letter_shape(partition: int, letter: DeadLetter) -> dict[str, Any]:
    """A dead letter; bytes that are not UTF-8 show as replacement characters."""
    return {
        "id": f"{partition}-{letter.offset}",
        "at_ms": letter.at_ms,
        "reason": letter.reason,
        "workspace": letter.workspace or None,
        "actor": letter.actor or None,
        "command": letter.command or None,
        "key": None if letter.key is None else letter.key.decode("utf-8", "replace"),
        "value": None if letter.value is None else letter.value.decode("utf-8", "replace"),
    }


async def dead_letters(request: web.Request) -> web.StreamResponse:
    """Records that could not be folded; an answer may end before its limit: go on at its cursor."""
    given = parameters(request, *LETTERS)
    limit, after = whole(given, "limit", PAGE_ITEMS, 1, PAGE_ITEMS), (-1, -1)
    if "cursor" in given:
        place = _place(given["cursor"])
        if place is None:
            raise bad_request("bad-parameter", "Send next_cursor as it came, or none.", parameter="cursor")
        after = place

    async def here() -> dict[str, Any]:
        found, page, size = system(request).state.dead_letters(after), list[dict[str, Any]](), 0
        for partition, letter in islice(found, limit):
            page.append(letter_shape(partition, letter))
            size += len(letter.value or b"")
            if size > LETTERS_BYTES:
                break
        return {"items": page, "next_cursor": page[-1]["id"] if next(found, None) else None}

    return await gathered(request, here, partial(first, limit=limit, key=_place_of, cursor=itemgetter("id")))


def _place_of(letter: dict[str, Any]) -> tuple[int, int] | None:
    return _place(letter["id"])


def _place(name: str) -> tuple[int, int] | None:
    """Partition and offset of a letter's id; None if it is none."""
    found = re.fullmatch(r"(\d{1,9})-(\d{1,18})", name, re.ASCII)
    return None if found is None else (int(found[1]), int(found[2]))


async def retry(request: web.Request) -> web.StreamResponse:
    """Appends the record again; the letter goes when it is folded."""
    return await _with_letter(request, system(request).retry)


async def discard(request: web.Request) -> web.StreamResponse:
    """Takes a letter from the list, soon; its record stays in the topic of dead letters."""
    return await _with_letter(request, system(request).discard)


async def _with_letter(request: web.Request, done: Callable[[int, DeadLetter], Awaitable[None]]) -> web.StreamResponse:
    """Does it with the letter in the address, where its partition is."""
    parameters(request)
    name = request.match_info["letter"]
    place = _place(name)
    if place is None:
        raise not_found("dead letter", name)

    async def here() -> web.StreamResponse:
        letter = system(request).state.dead_letter(*place)
        if letter is None:
            raise not_found("dead letter", name)
        await done(place[0], letter)
        return answer({"id": name, "status": "appended"}, HTTPStatus.ACCEPTED)

    return await at_partition(request, place[0], here)


HEALTH: Final = [
    Route("GET", "/health", health, "Alive", "operations", dict[str, str]),
    Route("GET", "/ready", ready, "Ready to serve, or what is missing", "operations", dict[str, Any],
          also=(HTTPStatus.SERVICE_UNAVAILABLE,)),
]  # fmt: skip
ROUTES: Final = [
    *HEALTH,
    Route("GET", "/metrics", _operators_only(metrics), "Metrics for Prometheus", "operations", str,
          content_type="text/plain"),
    Route("GET", "/admin/status", _operators_only(status), "Agents and partitions", "operations", dict[str, Any]),
    Route("GET", "/admin/lag", _operators_only(lag), "Lag by agent and partition", "operations", dict[str, Any]),
    Route("GET", "/admin/dead-letters", _operators_only(dead_letters), "Dead letters", "operations", dict[str, Any],
          parameters=LETTERS),
    Route("POST", "/admin/dead-letters/{letter}/retry", _operators_only(retry), "Fold a dead letter again",
          "operations", dict[str, str], status=HTTPStatus.ACCEPTED, name="retry_dead_letter"),
    Route("POST", "/admin/dead-letters/{letter}/discard", _operators_only(discard), "Take a dead letter off the list",
          "operations", dict[str, str], status=HTTPStatus.ACCEPTED, name="discard_dead_letter"),
    Route("POST", "/admin/replay", _operators_only(replaying.replay), "Rebuild or verify the tables", "operations",
          str, body=replaying.ReplayRequest, content_type="application/x-ndjson", name="replay_tables"),
]  # fmt: skip
