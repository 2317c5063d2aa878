"""From a command's outcome to what is answered: its events, or why it was refused and what stands in the way."""

from collections.abc import Iterable
from typing import Any, Final

from aiohttp import web
from msgspec import structs

from tasksys.commands import CommandRecord, Undo
from tasksys.errors import NotOwned
from tasksys.outcomes import Outcome, OutcomeStatus
from tasksys.refusals import Code, Refusal
from views.conflicts import BYTES, Since, about, conflicts
from views.context import history_caught_up, identity, system
from views.problems import Problem, refused
from views.room import Room

UNSEEN: Final = (NotOwned, Problem)
"""What is said of a history that is somewhere else, is not ready, or is behind for longer than anybody waits."""
AWAY: Final = web.RequestKey("away", Exception)


async def refusal(
    request: web.Request, workspace: str, sent: CommandRecord, reason: Refusal, room: Room | None = None
) -> Problem:
    """The refusal as a problem; a conflict shows the events that stand in the way."""
    if reason.code is Code.VERSION_CONFLICT:
        task, *others = (getattr(sent.command, name, None) for name in ("task", "project", "series", "saved"))
        other = None if task else next(filter(None, others), None)
        since = Since(task, other, sent.command.expected_version or 0, 0)
    elif reason.code is Code.UNDO_CONFLICT and isinstance(sent.command, Undo) and sent.command.events:
        last = sent.command.events[-1]
        since = Since(last.task, None if last.task else about(last), 0, last.position)
    else:
        return refused(reason)
    try:
        shown = await _sees_history(request, workspace)
    except UNSEEN:  # why it was refused is told all the same, and nobody repeats what is decided
        shown = False
    if not shown:
        return refused(reason, conflicts=[])  # it can be repeated by somebody who was removed since
    return refused(reason, **conflicts(system(request).history, workspace, since, room or Room(BYTES)))


async def _sees_history(request: web.Request, workspace: str) -> bool:
    """Whether the history may be shown: it is there up to now, and the caller is still a member when it is.

    Raises UNSEEN if it cannot be had; a request waits for it once, however many commands it has.
    """
    if (before := request.get(AWAY)) is not None:
        raise before
    state, user = system(request).state, identity(request).user
    try:
        if state.state(workspace).member(user) is None:
            return False
        await history_caught_up(request, workspace)
        return state.state(workspace).member(user) is not None
    except UNSEEN as error:
        request[AWAY] = error
        raise


def outcome_shape(outcome: Outcome, events: Iterable[bytes], room: Room) -> dict[str, Any]:
    """An outcome as an answer shows it, with the first of its events that there is room for.

    Where some are left out it says how many, and after which position the events are to be read for them.
    """
    shown = room.first(events)
    problem = refused(outcome.refusal).body() if outcome.refusal else None
    shape = {"id": outcome.id, "status": outcome.status.value, "events": shown, "problem": problem}
    left_out = (outcome.last - outcome.first + 1 if outcome.first else 0) - len(shown)
    rest = {"events_left_out": left_out, "events_after": outcome.last - left_out} if left_out else {}
    return shape | rest


def pending_shape(command: str) -> dict[str, Any]:
    """The outcome of a command that is not decided yet."""
    return {"id": command, "status": OutcomeStatus.PENDING.value, "events": [], "problem": None}


async def stored_outcome(request: web.Request, workspace: str, outcome: Outcome, room: Room) -> dict[str, Any]:
    """The outcome of a command that was decided earlier, with its events as they stand in the log. Raises UNSEEN."""
    if outcome.first and not await _sees_history(request, workspace):
        outcome = structs.replace(outcome, first=0, last=0)  # nor how many there are
    history, places = system(request).history, range(outcome.first, outcome.last + 1) if outcome.first else ()
    found = (history.at(workspace, at) for at in places)
    return outcome_shape(outcome, (one.event for one in found if one), room)
