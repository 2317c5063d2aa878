"""Commands as such: one or a batch of them, and what became of each."""

import hashlib
from collections.abc import Sequence
from functools import reduce
from http import HTTPStatus
from operator import or_
from typing import Annotated, Any, Final, NamedTuple, get_args

import msgspec
from aiohttp import web

from monitoring import tracing
from tasksys import codec
from tasksys.commands import CLOCK_COMMANDS, Command, CommandRecord, CreateWorkspace
from tasksys.errors import NotOwned
from tasksys.limits import COMMANDS_PER_BATCH
from tasksys.outcomes import Decided
from views import shapes
from views.conflicts import BYTES
from views.context import POSITION_HEADER, answer, body, identity, named, parameters, system
from views.decoding import read, wrong_field
from views.keys import idempotency_key, spare_key
from views.outcomes import AWAY, UNSEEN, outcome_shape, pending_shape, refusal, stored_outcome
from views.problems import Problem, bad_request, foreseen, invalid, not_found
from views.room import Room
from views.routes import WS, Route
from views.sending import (
    REPLAYED_HEADER,
    WAIT,
    complete,
    preference,
    record,
    send,
    submit,
    submit_all,
    turn_strangers_away,
)

COMMANDS: Final = f"{WS}/commands"

SENT: Final[Any] = reduce(or_, (kind for kind in get_args(Command) if kind not in (CreateWorkspace, *CLOCK_COMMANDS)))
"""A new workspace is not in any workspace yet; asked for here, it would tell a stranger which ids are taken."""

KINDS: Final = {kind.__name__: kind for kind in get_args(SENT)}


class Rooms(NamedTuple):
    """What a batch's answer has left for the events of its outcomes, and for those that are its conflicts."""

    events: Room
    conflicts: Room


async def post(request: web.Request) -> web.StreamResponse:
    """One command, or up to 100, decided in order and each by itself.

    A batch is answered 200 with an outcome for each: one that is refused does not hold up those after it, nor take back
    those before it, so look at every `status`.
    """
    parameters(request)
    workspace = named(request, "ws")
    given = await body(request)
    if "commands" in given:
        return await _batch(request, workspace, given)
    command = complete(request, workspace, typed(given))
    decided = await send(request, workspace, command)
    if decided is None:
        location = f"{request.path}/{command.id}"
        return answer(pending_shape(command.id), HTTPStatus.ACCEPTED, {"Location": location})
    shown = await _shown(request, workspace, decided, Room())
    return answer(shown, HTTPStatus.OK, _headers(request, workspace, decided))


def typed(given: Any, prefix: str = "") -> Any:
    """The typed command of those fields. Raises Problem."""
    if not isinstance(given, dict):
        raise invalid(prefix, "A command is a JSON object.")
    kind = KINDS.get(str(given.get("type", "")))
    if kind is None:
        raise invalid(f"{prefix}/type", f"There is no such command here; there are {', '.join(KINDS)}.")
    try:
        return read(kind, given)
    except Problem as problem:
        if prefix:
            errors = tuple(msgspec.structs.replace(one, pointer=prefix + one.pointer) for one in problem.errors)
            raise Problem(problem.status, problem.code, problem.detail, errors) from problem
        raise


async def _batch(request: web.Request, workspace: str, given: dict[str, Any]) -> web.Response:
    """Every command is read before the first is appended; then each has its own outcome."""
    entries = given["commands"]
    if unknown := set(given) - {"commands"}:
        raise wrong_field(f"Object contains unknown field `{sorted(unknown)[0]}`")
    if not isinstance(entries, list) or not 1 <= len(entries) <= COMMANDS_PER_BATCH:
        raise invalid("/commands", f"Give 1 to {COMMANDS_PER_BATCH} commands in a list.")
    if "If-Match" in request.headers:
        raise bad_request("bad-etag", "If-Match is about one command; give each its own expected_version.")
    read_in = [typed(entry, f"/commands/{index}") for index, entry in enumerate(entries)]
    batch_key = idempotency_key(request) or spare_key(request)
    wishes = [_complete(request, workspace, command, batch_key, index) for index, command in enumerate(read_in)]
    for asked in wishes:
        turn_strangers_away(request, workspace, asked)
    records = [await record(request, workspace, wish) for wish in wishes]
    wish = preference(request)
    if wish.asynchronous:
        decided: Sequence[Decided | Exception | None] = await system(request).gateway.append_all(records)
    else:
        decided = await submit_all(request, records, wish.wait)
    items, rooms = [], Rooms(Room(), Room(BYTES))
    async for one, outcome in system(request).state.over(zip(records, decided, strict=True)):
        items.append(await _item(request, workspace, one, outcome, rooms))
    position = _position(request, workspace)
    status = HTTPStatus.ACCEPTED if wish.asynchronous else HTTPStatus.OK
    return answer({"items": items, "position": position}, status, {POSITION_HEADER: str(position)})


def _position(request: web.Request, workspace: str) -> int:
    """The workspace's position; 0 to those who are not its members, as if there were none, and where it is not known.

    Nothing of a sent command may be answered with a 503, which says to send it again.
    """
    try:
        state = system(request).state.state(workspace)
    except NotOwned:
        return 0
    known = state.workspace is not None and state.member(identity(request).user) is not None
    return state.workspace.position if state.workspace is not None and known else 0


def _complete(request: web.Request, workspace: str, command: Command, batch_key: str, index: int) -> Command:
    """A batch's own key names each of its commands that has none."""
    if batch_key and not command.id:
        named_by = hashlib.sha256(f"{batch_key}\0{index}".encode()).hexdigest()[:32]
        command = msgspec.structs.replace(command, id=named_by)
    return complete(request, workspace, command, alone=False)


async def _item(
    request: web.Request, workspace: str, sent: Any, outcome: Decided | Exception | None, rooms: Rooms
) -> Any:
    """An outcome of a batch; without its events where these would have to be looked up and cannot be.

    Otherwise nobody would hear what became of the others, and who gave them no keys would have them done twice.
    """
    if outcome is None:
        return pending_shape(sent.command.id)
    if isinstance(outcome, Exception):
        problem = foreseen(outcome)
        assert problem is not None
        return {"id": sent.command.id, "status": "unknown", "events": [], "problem": problem.body()}
    try:
        shown = await _shown(request, workspace, outcome, rooms.events)
    except UNSEEN:
        shown = outcome_shape(outcome.outcome, (), rooms.events)
    if outcome.outcome.refusal is not None:
        shown["problem"] = (await refusal(request, workspace, sent, outcome.outcome.refusal, rooms.conflicts)).body()
    return shown


async def _shown(request: web.Request, workspace: str, decided: Decided, room: Room) -> dict[str, Any]:
    if decided.events:
        return outcome_shape(decided.outcome, map(codec.encode_event, decided.events), room)
    return await stored_outcome(request, workspace, decided.outcome, room)


def _headers(request: web.Request, workspace: str, decided: Decided) -> dict[str, str]:
    if decided.replayed:
        return {POSITION_HEADER: str(decided.outcome.position), REPLAYED_HEADER: "true"}
    return {POSITION_HEADER: str(_position(request, workspace) or decided.outcome.position)}


async def recorded(request: web.Request, workspace: str, given: dict[str, Any]) -> CommandRecord:
    """A command of the live feed as it goes into the log. Its outcome is told by its id. Raises Problem, NotOwned."""
    if not given.get("id"):
        raise invalid("/id", "Give the command an id: its outcome is told by it.")
    command = complete(request, workspace, typed(given), alone=False)
    turn_strangers_away(request, workspace, command)
    return await record(request, workspace, command)


async def submitted(request: web.Request, workspace: str, sent: CommandRecord) -> dict[str, Any]:
    """Appends a command of the live feed; its outcome, pending after some time.

    Raises what `Gateway.submit` raises.
    """
    span = tracing.start("feed command", tracing.Kind.SERVER, tracing.sampled())
    if span is None:
        decided = await submit(request, sent, WAIT)
    else:
        with span:
            span.set({"tasksys.workspace": workspace, "tasksys.command": sent.command.id})
            decided = await submit(request, sent, WAIT)
    request.pop(AWAY, None)  # the connection lasts: what could not be seen before may be by now
    shown: dict[str, Any] = await _item(request, workspace, sent, decided, Rooms(Room(), Room(BYTES)))
    return shown | {"replayed": True} if decided is not None and decided.replayed else shown


async def get(request: web.Request) -> web.StreamResponse:
    """What became of the caller's command of that id."""
    parameters(request)
    workspace, command = named(request, "ws"), named(request, "command")
    outcome = system(request).state.outcome(workspace, identity(request).user, command)
    if outcome is None and await system(request).pending(workspace):
        return answer(pending_shape(command))
    # It may have been decided between the two questions.
    outcome = outcome or system(request).state.outcome(workspace, identity(request).user, command)
    if outcome is None:
        raise not_found("command of yours", command)
    return answer(await stored_outcome(request, workspace, outcome, Room()))


BATCH: Final = msgspec.defstruct(
    "Batch",
    [("commands", Annotated[list[SENT], msgspec.Meta(min_length=1, max_length=COMMANDS_PER_BATCH)])],
    forbid_unknown_fields=True,
    namespace={"__doc__": "Commands in order, each with its own outcome: not a transaction."},
)
"""For the reference; each command of a batch is decoded by itself, to say which one is wrong."""

ROUTES: Final = [
    Route(
        "POST", COMMANDS, post, "Send one command or a batch", "commands",
        (shapes.OutcomeShape, shapes.OutcomesShape), body=(SENT, BATCH), write=True,
        name="send_commands",
    ),
    Route("GET", f"{COMMANDS}/{{command}}", get, "What became of a command", "commands", shapes.OutcomeShape),
]  # fmt: skip
