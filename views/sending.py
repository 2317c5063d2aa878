"""From a request to a command in the log, and to its outcome: the same for every write. `outcomes` has the answer."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from aiohttp import web
from msgspec import structs

from tasksys import codec, undo
from tasksys.commands import (
    AddChecklistItem,
    AddComment,
    AddReminder,
    AddSection,
    Command,
    CommandRecord,
    CreateFilter,
    CreateProject,
    CreateSeries,
    CreateTask,
    CreateWorkspace,
    EditSeries,
    MoveTask,
    RemoveMember,
    SetChannel,
    SnoozeReminder,
    Undo,
)
from tasksys.decider import UNVERSIONED
from tasksys.errors import Elsewhere, Moved, NotHere, NotOwned
from tasksys.outcomes import Decided
from tasksys.values import instant
from views.context import CLIENT, history_reached, identity, system
from views.ids import derived, ulid
from views.keys import KEY_HEADER, idempotency_key, repeatable, spare_key
from views.outcomes import refusal
from views.problems import Problem, invalid, no_workspace
from views.sealing import sealed

C = TypeVar("C", bound=Command)

REPLAYED_HEADER: Final = "Idempotent-Replayed"
WAIT: Final = 10.0
"""Seconds that an answer waits for the fold, unless the client prefers otherwise."""

LONGEST_WAIT: Final = 60.0

NEW_ID: Final[dict[type[Any], str]] = {
    CreateTask: "task",
    CreateProject: "project",
    AddSection: "section",
    AddChecklistItem: "item",
    AddComment: "comment",
    AddReminder: "reminder",
    SnoozeReminder: "into",
    CreateSeries: "series",
    EditSeries: "into",
    CreateFilter: "saved",
}
"""Commands that make something, and the field that names it: filled in where the client chose no id."""


class Preference(NamedTuple):
    """What the client prefers: not to wait at all, or how long."""

    asynchronous: bool
    wait: float


UNASKED: Final = Preference(asynchronous=False, wait=WAIT)


def preference(request: web.Request) -> Preference:
    """The Prefer header; what is not understood there is ignored, as RFC 7240 says."""
    if "Prefer" not in request.headers:
        return UNASKED
    asynchronous, wait = UNASKED
    for one in request.headers.get("Prefer", "").lower().split(","):
        name, _, value = (part.strip() for part in one.partition("="))
        if name == "respond-async":
            asynchronous = True
        elif name == "wait" and value.isascii() and value.isdigit():
            wait = min(float(value), LONGEST_WAIT)
    return Preference(asynchronous or not wait, wait)


def complete(request: web.Request, workspace: str, command: C, alone: bool = True) -> C:
    """The command with its idempotency key, the version to insist on and, where it makes something, an id for it.

    An id that the client left out is made of its idempotency key, if it sent one: the repeated request means the same
    thing. `alone` is False in a batch, whose headers are not about one command.
    """
    key = idempotency_key(request) if alone else ""
    if key and command.id and key != command.id:
        raise invalid("/id", f"The header {KEY_HEADER} names another command; give one of the two.")
    version = expected_version(request) if alone else None
    if version is not None and command.expected_version not in (None, version):
        raise invalid("/expected_version", "The header If-Match says another version; give one of the two.")
    if isinstance(command, UNVERSIONED) and (version is not None or command.expected_version is not None):
        detail = f"{type(command).__name__} takes no version to insist on; leave it, or the header If-Match, out."
        raise invalid("/expected_version", detail)
    chosen = key or command.id or (spare_key(request) if alone else "")
    changes: dict[str, Any] = {"id": chosen or ulid()}
    if version is not None:
        changes["expected_version"] = version
    field = NEW_ID.get(type(command))
    if field is not None and not getattr(command, field):
        changes[field] = derived(workspace, identity(request).user, chosen) if chosen else changes["id"]
    return structs.replace(command, **changes)


def expected_version(request: web.Request) -> int | None:
    """If-Match: an ETag of ours, or `*` for any."""
    value = request.headers.get("If-Match", "*").strip()
    if value == "*":
        return None
    tag = re.fullmatch(r'(?:W/)?"(\d{1,15})"', value, re.ASCII)
    if tag is None:
        raise Problem(HTTPStatus.BAD_REQUEST, "bad-etag", 'If-Match takes one ETag as it was given, such as "3".')
    return int(tag[1])


def etag(version: int) -> str:
    """A version as an ETag."""
    return f'"{version}"'


def digest(command: Command) -> str:
    """Tells payloads apart, whatever their key. The events that the server looks up for an undo do not count.

    Kept with outcomes: it must not change, or what was sent before an upgrade is refused when it is repeated after it.
    """
    return hashlib.sha256(msgspec.json.encode(structs.replace(command, id=""), order="sorted")).hexdigest()[:32]


async def record(request: web.Request, workspace: str, command: Command) -> CommandRecord:
    """The command as it goes into the log: who, when, from where, with the facts it needs."""
    if isinstance(command, SetChannel):
        blinded, command = await sealed(request, workspace, command)
        payload = digest(blinded)
    else:
        payload = digest(command)
    if isinstance(command, Undo):
        command = await _with_events(request, workspace, command)
    if isinstance(command, MoveTask) and (command.after is None) != (command.before is None):
        command = await _with_neighbour(request, workspace, command)
    agent = request.headers.get("User-Agent", "")[:100]
    if not agent.isprintable():
        agent = "".join(one if one.isprintable() else "?" for one in agent)
    source = f"{request.get(CLIENT) or request.remote or ''} {agent}".strip()
    return CommandRecord(workspace, identity(request).user, instant(datetime.now(UTC)), command, source, payload)


async def _with_events(request: web.Request, workspace: str, command: Undo) -> Undo:
    """Undo decides by the past command's events: they are looked up here."""
    if (command.position is None) == (command.command is None):
        both = "Give one of position and command, not both."
        one = "Give the position of one of the command's events, or the command's id."
        raise invalid("" if command.command is None else "/command", one if command.command is None else both)
    if system(request).state.state(workspace).member(identity(request).user) is None:
        return command  # refused by decide, without a look into the history
    await history_reached(request, workspace)
    history = system(request).history
    if command.command is not None:
        events = await history.commands_named(workspace, command.command, command.actor)
    else:
        found = history.at(workspace, command.position or 0)
        first = codec.decode_event(found.event) if found else None
        events = history.of_command(workspace, first.actor, first.command) if first else []
    return structs.replace(command, events=tuple(undo.needed(events)))


async def _with_neighbour(request: web.Request, workspace: str, command: MoveTask) -> MoveTask:
    """A move next to one task stands between it and what is on the other side now: that is looked up here."""
    named, behind = command.after or command.before or "", command.after is not None
    try:
        gap = await system(request).state.gap(workspace, named, behind, without=command.task)
    except NotOwned:
        return command
    return structs.replace(command, gap=gap)


def turn_strangers_away(request: web.Request, workspace: str, command: Command) -> None:
    """Spares the log a stranger's commands. Whoever cannot be looked up here is refused by `decide`.

    Who has left, and repeats that, is told again that it is done. Raises NotHere and Elsewhere where the command is not
    decided: nobody would hear of its outcome.
    """
    user, state = identity(request).user, system(request).state
    try:
        stranger = state.state(workspace).member(user) is None
        if stranger and isinstance(command, RemoveMember) and command.user == user:
            stranger = state.outcome(workspace, user, command.id) is None
    except (NotHere, Elsewhere):
        raise
    except NotOwned:
        return
    if stranger and not isinstance(command, CreateWorkspace):
        raise no_workspace()


async def send(request: web.Request, workspace: str, command: Command) -> Decided | None:
    """Appends the command and waits as the client prefers: the outcome, or None if it is pending.

    Raises Problem if it was refused.
    """
    turn_strangers_away(request, workspace, command)
    appended = await record(request, workspace, command)
    wish = preference(request)
    if wish.asynchronous:
        await system(request).gateway.append(appended)
        return None
    decided = await submit(request, appended, wish.wait)
    if decided is not None and decided.outcome.refusal is not None:
        problem = await refusal(request, workspace, appended, decided.outcome.refusal)
        if decided.replayed:
            problem.headers[REPLAYED_HEADER] = "true"
        raise problem
    return decided


async def submit(request: web.Request, sent: CommandRecord, wait: float) -> Decided | None:
    """The record's outcome, or None if it is pending: after so many seconds, or where only another worker hears of it.

    Raises Moved, for the forwarder, where that one can be asked under the request's key; and what the gateway raises.
    """
    try:
        return await system(request).gateway.submit(sent, wait)
    except Moved:
        if repeatable(request):
            raise
        return None


async def submit_all(
    request: web.Request, sent: Sequence[CommandRecord], wait: float, named: bool = False
) -> list[Decided | Exception | None]:
    """The same for several, of which each has its own outcome or error. If one has moved, all are asked for there.

    `named` says that they have the same names whenever they are asked for, also without a key of the request.
    """
    decided = await system(request).gateway.submit_all(sent, wait)
    moved = [one for one in decided if isinstance(one, Moved)]
    if moved and (named or repeatable(request)):
        raise moved[0]
    return [None if isinstance(one, Moved) else one for one in decided]
