"""What every handler needs of a request: who asks, for which workspace, with what body and parameters."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from tasksys import codec
from tasksys.query import Query
from tasksys.rows import Member
from tasksys.values import Id
from views.auth import Authenticator, Identity
from views.ports import System
from views.problems import Problem, bad_query, bad_request, invalid, no_workspace

SYSTEM: Final = web.AppKey("system", System)
AUTHENTICATOR: Final = web.AppKey("authenticator", Authenticator)
IDENTITY: Final = "identity"

VIEW_WAIT: Final = 10.0
"""Seconds that a read waits for a view to reach the position it asks for."""

BODY_WAIT: Final = 30.0
"""Seconds within which a client must have sent its body."""

PARAMETER_CHARACTERS: Final = 4_096
POSITION_HEADER: Final = "Tasksys-Position"

_id = msgspec.json.Decoder(Id)


@web.middleware
async def identify(request: web.Request, handler: Any) -> web.StreamResponse:
    """Authenticates everything under /api/v1 and /admin."""
    if request.path.startswith(("/api/v1/", "/admin/")):
        request[IDENTITY] = await request.app[AUTHENTICATOR].identify(request)
    response: web.StreamResponse = await handler(request)
    return response


def system(request: web.Request) -> System:
    """The process that serves."""
    return request.app[SYSTEM]


def identity(request: web.Request) -> Identity:
    """Who asks."""
    found: Identity = request[IDENTITY]
    return found


def named(request: web.Request, name: str) -> str:
    """An id in the address; a malformed one names nothing."""
    value = request.match_info[name]
    try:
        return _id.decode(codec.encode_json(value))
    except msgspec.ValidationError as error:
        raise Problem(HTTPStatus.NOT_FOUND, "not-found", f"{value[:64]!r} is not an id; check the address.") from error


async def workspace(request: web.Request) -> tuple[str, Member]:
    """The workspace in the address and the caller's membership, once the view has the position asked for."""
    name = named(request, "ws")
    member = _member(request, name)
    wanted = asked_position(request)
    if wanted > system(request).state.position(name):
        reached = await system(request).state_positions.reach(name, wanted, VIEW_WAIT)
        if not reached and system(request).state.position(name) < wanted:
            raise behind(wanted)
        member = _member(request, name)
    return name, member


def _member(request: web.Request, name: str) -> Member:
    state = system(request).state.state(name)
    member = state.member(identity(request).user)
    if member is None or state.workspace is None:
        raise no_workspace()
    return member


async def history_reached(request: web.Request, name: str) -> None:
    """Waits until history has everything that the state had when the request came."""
    position = system(request).state.position(name)
    if system(request).history.position(name) < position:
        reached = await system(request).history_positions.reach(name, position, VIEW_WAIT)
        if not reached and system(request).history.position(name) < position:
            raise behind(position)


def behind(position: int) -> Problem:
    """A view did not reach a position in time."""
    detail = f"The view has not reached position {position} within {VIEW_WAIT:.0f} s; try again, or ask without it."
    return Problem(HTTPStatus.GATEWAY_TIMEOUT, "view-behind", detail, headers={"Retry-After": "2"})


def asked_position(request: web.Request) -> int:
    """`min_position`, or the header; 0 if neither is there."""
    value = request.query.get("min_position", request.headers.get(POSITION_HEADER, "0"))
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise bad_request(
            "bad-parameter", "min_position is a position: a whole number from 0.", parameter="min_position"
        )
    return int(value)


def parameters(request: web.Request, *known: str) -> dict[str, str]:
    """The query parameters; an unknown, repeated or overlong one is refused."""
    allowed = {*known, "min_position"}
    found: dict[str, str] = {}
    for name, value in request.query.items():
        if name not in allowed:
            hint = f"Known here: {', '.join(sorted(allowed))}."
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


def query(given: dict[str, str]) -> Query:
    """The query of filter, q and sort."""
    parsed = Query.parse(given.get("filter", ""), given.get("q", ""), given.get("sort", ""))
    if not isinstance(parsed, Query):
        raise bad_query(parsed)
    return parsed


async def body(request: web.Request) -> dict[str, Any]:
    """The JSON object in the body; {} for none. Problems 400, 413, 415, 422 and 408."""
    try:
        async with asyncio.timeout(BODY_WAIT):
            raw = await request.read()
    except TimeoutError as error:
        detail = f"The body did not come within {BODY_WAIT:.0f} s; send it faster or smaller."
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "body-timeout", detail) from error
    if not raw:
        return {}
    if request.content_type not in ("application/json", "application/merge-patch+json"):
        detail = "Send JSON, with the header Content-Type: application/json."
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-json", detail)
    try:
        decoded = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise bad_request("malformed-json", f"The body is not JSON: {detail}.") from error
    if not isinstance(decoded, dict):
        raise invalid("", "The body must be a JSON object.")
    return decoded


def answer(value: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(
        body=codec.encode_json(value), status=status.value, content_type="application/json", headers=headers
    )
