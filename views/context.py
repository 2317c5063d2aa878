"""What every handler needs of a request: who asks, for which workspace, with what body and parameters."""

import asyncio
import re
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from monitoring import logs
from tasksys import codec
from tasksys.query import Query
from tasksys.rows import Member
from tasksys.values import Id, instant, pattern_of
from views.auth import TOKENS, Authenticator, Identity
from views.calendar_tokens import CalendarTokens
from views.ports import Channels, System
from views.problems import Problem, bad_query, bad_request, body_errors, invalid, no_workspace

SYSTEM: Final = web.AppKey("system", System)
AUTHENTICATOR: Final = web.AppKey("authenticator", Authenticator)
CALENDAR_TOKENS: Final = web.AppKey("calendar_tokens", CalendarTokens)
CHANNELS: Final[web.AppKey[Channels | None]] = web.AppKey("channels")
"""None where the process sends nothing."""
IDENTITY: Final = web.RequestKey("identity", Identity)
VIEW: Final = web.RequestKey("view", System)
"""What the request is answered from, if not from the process as it is; see views.stale."""
CLIENT: Final = web.RequestKey("client", str)
"""The address of who asks, where another worker handed the request on."""
FILE: Final = web.RequestKey("file", bytes)
"""A body that was read before the handler, which reads it as it comes otherwise."""


@dataclass(frozen=True)
class Bounds:
    """Seconds: how long a read waits for a view to reach the position that it asks for, how long a client may take to
    send its body, and how long to take the next part of a streamed or large answer; how long a new connection may take
    to send the head of its first request, and an answered one to send the head of the next."""

    view: float = 10.0
    body: float = 30.0
    write: float = 30.0
    head: float = 20.0
    idle: float = 75.0  # longer than proxies keep a connection for the next request, so that none closes under them


BOUNDS: Final = web.AppKey("bounds", Bounds)
STOPPING: Final = web.AppKey("stopping", asyncio.Event)
"""Set when the server stops: what waits for something new to happen waits no longer."""

PARAMETER_CHARACTERS: Final = 4_096
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
POSITION_HEADER: Final = "Tasksys-Position"
POSITIONS: Final = 10**15 - 1
"""No position is above this; JSON numbers are exact up to here in every language."""

LONE_SURROGATE: Final = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")
ID: Final = pattern_of(Id)


@web.middleware
async def identify(request: web.Request, handler: Any) -> web.StreamResponse:
    """Authenticates everything under /api/v1 and /admin, and /metrics; a calendar also by the secret in its address."""
    if request.path.startswith(TOKENS):
        tokens = request.app[CALENDAR_TOKENS]
        calendar = tokens.wanted(request)
        if calendar is not None:
            request[IDENTITY] = tokens.identify(request, calendar, system(request))
        else:
            request[IDENTITY] = await request.app[AUTHENTICATOR].identify(request)
    response: web.StreamResponse = await handler(request)
    return response


def system(request: web.Request) -> System:
    """The process that serves, or what it shows to this request."""
    view: System | None = request.get(VIEW)
    return request.app[SYSTEM] if view is None else view


def identity(request: web.Request) -> Identity:
    """Who asks."""
    return request[IDENTITY]


def named(request: web.Request, name: str, pattern: re.Pattern[str] = ID) -> str:
    """An id in the address; a malformed one names nothing."""
    value = request.match_info[name]
    if not pattern.fullmatch(value):
        raise Problem(HTTPStatus.NOT_FOUND, "not-found", f"{value[:64]!r} is not an id; check the address.")
    if name == "ws":
        logs.note(workspace=value)
    return value


async def workspace(request: web.Request) -> tuple[str, Member]:
    """The workspace in the address and the caller's membership, once the view has the position asked for."""
    name = named(request, "ws")
    found = member(request, name)
    wanted = asked_position(request)
    if wanted > system(request).state.position(name):
        reached = await system(request).state_positions.reach(name, wanted, request.app[BOUNDS].view)
        if not reached and system(request).state.position(name) < wanted:
            raise behind(request, wanted)
        found = member(request, name)
    return name, found


def member(request: web.Request, workspace: str) -> Member:
    """The caller's membership now; to everybody else there is no such workspace."""
    state = system(request).state.state(workspace)
    found = state.member(identity(request).user)
    if found is None or state.workspace is None:
        raise no_workspace()
    return found


async def history_reached(request: web.Request, name: str) -> None:
    """Waits until history has everything that the state had when the request came.

    Who was removed meanwhile does not see what came: to them there is no such workspace.
    """
    await history_caught_up(request, name)
    member(request, name)


async def history_caught_up(request: web.Request, name: str) -> None:
    """Waits for the same; whoever shows what came asks afterwards who may see it."""
    position = system(request).state.position(name)
    if not await history_has(request, name, position):
        raise behind(request, position)


async def history_has(request: web.Request, name: str, position: int) -> bool:
    """Waits until history has a position; False if that takes longer than a view may take."""
    if system(request).history.position(name) >= position:
        return True
    reached = await system(request).history_positions.reach(name, position, request.app[BOUNDS].view)
    return reached or system(request).history.position(name) >= position


def behind(request: web.Request, position: int) -> Problem:
    """A view did not reach a position in time."""
    bound = request.app[BOUNDS].view
    detail = f"The view has not reached position {position} within {bound:.0f} s; try again, or ask without it."
    return Problem(HTTPStatus.GATEWAY_TIMEOUT, "view-behind", detail, headers={"Retry-After": "2"})


async def unless_stopping(request: web.Request, work: Awaitable[Any]) -> None:
    """Waits for the work, but not any longer when the server stops. Raises what the work raises."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(request.app[STOPPING].wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
    if not working.cancelled():
        working.result()


def asked_position(request: web.Request) -> int:
    """`min_position`, or else the header; 0 if neither is there."""
    header = _position(request.headers.get(POSITION_HEADER, "0"))
    return _position(request.query["min_position"]) if "min_position" in request.query else header


def _position(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        detail = f"min_position, and the header {POSITION_HEADER}, is a position: a whole number from 0."
        raise bad_request("bad-parameter", detail, parameter="min_position")
    return int(text)


def parameters(request: web.Request, *known: str) -> dict[str, str]:
    """The query parameters; an unknown, repeated or overlong one is refused."""
    found: dict[str, str] = {}
    for name, value in request.query.items():
        if name not in known:
            hint = f"Known here: {', '.join(sorted(known))}." if known else "There are none here."
            raise bad_request("unknown-parameter", f"There is no parameter {name[:64]!r}. {hint}", parameter=name[:64])
        if name in found:
            raise bad_request("bad-parameter", f"{name!r} is given twice; give it once.", parameter=name)
        if len(value) > PARAMETER_CHARACTERS:
            detail = f"{name!r} is longer than {PARAMETER_CHARACTERS:,} characters; shorten it."
            raise bad_request("bad-parameter", detail, parameter=name)
        found[name] = value
    return found


def whole(given: dict[str, str], name: str, default: int, low: int, high: int) -> int:
    """A parameter that is a whole number within bounds."""
    value = given.get(name)
    if value is None:
        return default
    if value.isascii() and value.isdigit() and len(value) <= 15 and low <= int(value) <= high:
        return int(value)
    raise bad_request("bad-parameter", f"{name} is a whole number from {low} to {high}.", parameter=name)


def flag(given: dict[str, str], name: str) -> bool:
    """A parameter that is true or false."""
    value = given.get(name, "false").lower()
    if value not in ("true", "false"):
        raise bad_request("bad-parameter", f"{name} is true or false.", parameter=name)
    return value == "true"


E = TypeVar("E", bound=StrEnum)


def one_of(given: dict[str, str], name: str, kind: type[E]) -> E | None:
    """A parameter that is one of some words; None if it is not given."""
    try:
        return kind(given[name]) if name in given else None
    except ValueError as error:
        words = ", ".join(kind)
        raise bad_request("bad-parameter", f"{name} is one of {words}.", parameter=name) from error


def moment(given: dict[str, str], name: str) -> str | None:
    """A parameter that is an instant with offset, as instants are stored; None if it is not given."""
    if name not in given:
        return None
    found = parse_moment(given[name])
    if found is None:
        detail = f"{name} is an instant with offset such as 2026-03-08T09:00:00Z (send + as %2B)."
        raise bad_request("bad-parameter", detail, parameter=name)
    return found


def parse_moment(text: str) -> str | None:
    """An instant with offset as instants are stored; None for any other text. Before 1970 nothing happened."""
    try:
        found = datetime.fromisoformat(text)
        return instant(max(found, EPOCH)) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def query(given: dict[str, str]) -> Query:
    """The query of filter, q and sort."""
    parsed = Query.parse(given.get("filter", ""), given.get("q", ""), given.get("sort", ""))
    if not isinstance(parsed, Query):
        raise bad_query(parsed)
    return parsed


async def body(request: web.Request) -> dict[str, Any]:
    """The JSON object in the body; {} for none. Problems 400, 413, 415, 422 and 408."""
    if request.content.is_eof():  # it came with the head, so nothing is waited for: a timer costs as much again
        with body_errors(request.app[BOUNDS].body):
            raw = await request.read()
    else:
        with body_errors(request.app[BOUNDS].body):
            async with asyncio.timeout(request.app[BOUNDS].body):
                raw = await request.read()
    if not raw:
        return {}
    if request.content_type not in ("application/json", "application/merge-patch+json"):
        detail = "Send JSON, with the header Content-Type: application/json."
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-json", detail)
    try:
        decoded = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = f"The body is not JSON: {error}."
        if isinstance(error, RecursionError):
            detail = "The body is nested too deeply; send the fields as /api/docs shows them."
        elif LONE_SURROGATE.search(raw):
            detail = "A text holds half of a surrogate pair (\\ud800 to \\udfff), which is no character; send it whole."
        raise bad_request("malformed-json", detail) from error
    if not isinstance(decoded, dict):
        raise invalid("", "The body must be a JSON object.")
    return decoded


async def put(request: web.Request, response: web.StreamResponse, part: bytes) -> None:
    """Writes a part of a streamed answer; a client that does not take it in time is cut off.

    It holds up what the answer is made from, such as a snapshot of the database.
    """
    try:
        async with asyncio.timeout(request.app[BOUNDS].write):
            await response.write(part)
    except TimeoutError as error:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionError("The client reads too slowly.") from error


def answer(value: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(
        body=codec.encode_json(value), status=status.value, content_type="application/json", headers=headers
    )
