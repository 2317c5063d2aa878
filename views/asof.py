"""The state as of a position or an instant, folded from the history."""

from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

from tasksys import codec
from tasksys.state import State
from tasksys.values import instant
from views.context import history_reached, member, parse_moment, system
from views.problems import Problem, bad_request


async def as_of(request: web.Request, workspace: str, text: str) -> tuple[State, int]:
    """The workspace then, and its position."""
    await history_reached(request, workspace)
    position = at_position(request, workspace, text)
    state = await system(request).history.state_at(workspace, position)
    member(request, workspace)  # who was removed meanwhile sees nothing more
    return state, position


def moment_of(request: web.Request, workspace: str, position: int) -> datetime:
    """When the newest event at a position was."""
    found = system(request).history.at(workspace, position)
    return datetime.fromisoformat(codec.decode_event(found.event).at) if found else datetime.now(UTC)


def at_position(request: web.Request, workspace: str, text: str) -> int:
    """The position that a parameter names: itself, or as of an instant with offset."""
    history = system(request).history
    if text.isascii() and text.isdigit() and len(text) <= 15:
        position, newest = int(text), history.position(workspace)
        if position > newest:
            detail = f"Position {position} is in the future; the newest is {newest}."
            raise bad_request("bad-parameter", detail, parameter="as_of")
        return position
    moment = parse_moment(text)
    if moment is None:
        detail = "as_of is a position, or an instant with offset such as 2026-03-08T09:00:00Z (send + as %2B)."
        raise bad_request("bad-parameter", detail, parameter="as_of")
    last = history.at(workspace, history.position(workspace))
    latest = max(instant(datetime.now(UTC)), codec.decode_event(last.event).at if last else "")
    if moment > latest:
        detail = f"{text[:64]} is in the future; give an instant that has been, or leave as_of out for now."
        raise bad_request("bad-parameter", detail, parameter="as_of")
    return history.position_at(workspace, moment)


def not_yet(what: str, position: int) -> Problem:
    """There is such a thing, but there was none then."""
    detail = f"The {what} did not exist yet at position {position}; give a later as_of, or leave it out."
    return Problem(HTTPStatus.NOT_FOUND, "not-found", detail)
