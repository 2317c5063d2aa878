"""What a worker answers over HTTP, without HTTP: the same questions to the same parts, in the order of `views`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct, structs

from streams.reader import StateReader
from streams.transport.database import DatabaseCorrupt
from tasksys import codec, undo
from tasksys.commands import Command, CommandRecord, CreateWorkspace, MoveTask, Undo
from tasksys.errors import BrokerUnavailable, Busy, Elsewhere, HistoryIncomplete, NotOwned, StillPending
from tasksys.outcomes import Outcome, OutcomeStatus
from tasksys.query import FilterError, PageRequest, Query
from tasksys.rows import Workspace
from tasksys.values import instant
from tests.chaos.history import Fate
from tests.simulation.worker import Worker
from views.sending import digest

WAIT_SECONDS: Final = 1.5
VIEW_SECONDS: Final = 1.0
"""How long a view may take to reach a position."""

AWAY: Final = (NotOwned, BrokerUnavailable, Busy, StillPending, HistoryIncomplete, DatabaseCorrupt)

_everything = Query.parse("trashed = true or trashed = false")


class Stranger(Exception):
    """Whoever asks is no member of any such workspace; nothing was appended."""


class Behind(NotOwned):
    """A view did not reach a position in time."""


class Told(Struct, frozen=True):
    """The answer to a write, or to the question what became of one."""

    fate: Fate
    first: int = 0
    last: int = 0
    position: int = 0
    replayed: bool = False
    shown: str = ""


class Page(Struct, frozen=True):
    """The answer to a read: versions of tasks as of a position."""

    position: int
    rows: dict[str, int]


class Past(Struct, frozen=True):
    """Events after a position, as they stand in the history."""

    after: int
    stored: list[tuple[int, bytes]]


async def write(worker: Worker, workspace: str, actor: str, command: Command, patient: bool) -> Told:
    """Appends a command, and waits for its outcome if the client is patient. Raises AWAY, Stranger."""
    try:
        known = worker.state.state(workspace).member(actor) is not None
    except Elsewhere:
        raise
    except NotOwned:
        known = True
    if not known and not isinstance(command, CreateWorkspace):
        raise Stranger(actor)
    payload = digest(command)
    if isinstance(command, Undo):
        command = await _with_events(worker, workspace, command)
    if isinstance(command, MoveTask) and command.after is not None:
        gap = await worker.state.gap(workspace, command.after, True, without=command.task)
        command = structs.replace(command, gap=gap)
    record = CommandRecord(workspace, actor, instant(worker.now()), command, "", payload)
    if not patient:
        await worker.gateway.append(record)
        return Told(Fate.APPENDED)
    decided = await worker.gateway.submit(record, WAIT_SECONDS)
    if decided is None:
        return Told(Fate.APPENDED)
    return _told(decided.outcome, decided.replayed)


async def _with_events(worker: Worker, workspace: str, command: Undo) -> Undo:
    position = worker.state.position(workspace)
    if worker.history.position(workspace) < position:
        reached = await worker.history_positions.reach(workspace, position, VIEW_SECONDS)
        if not reached and worker.history.position(workspace) < position:
            raise Behind("history")
    found = worker.history.at(workspace, command.position or 0)
    first = codec.decode_event(found.event) if found else None
    events = worker.history.of_command(workspace, first.actor, first.command) if first else []
    return structs.replace(command, events=tuple(undo.needed(events)))


def _told(outcome: Outcome, replayed: bool) -> Told:
    accepted = outcome.status is OutcomeStatus.ACCEPTED
    fate = Fate.ACCEPTED if accepted else Fate.REFUSED
    shown = f"{outcome.status} {outcome.first}-{outcome.last} {outcome.refusal.code if outcome.refusal else ''}"
    return Told(fate, outcome.first, outcome.last, outcome.position, replayed, shown)


async def outcome(worker: Worker, workspace: str, actor: str, command: str) -> Told:
    """What became of a command. Raises AWAY."""
    found = worker.state.outcome(workspace, actor, command)
    return Told(Fate.UNKNOWN) if found is None else _told(found, replayed=True)


async def _fresh(worker: Worker, workspace: str, at_least: int) -> None:
    """Waits until the state has a position. Raises AWAY."""
    if worker.state.position(workspace) < at_least:
        reached = await worker.state_positions.reach(workspace, at_least, VIEW_SECONDS)
        if not reached and worker.state.position(workspace) < at_least:
            raise Behind("state")


async def tasks(worker: Worker, workspace: str, names: tuple[str, ...], at_least: int) -> Page:
    """Some tasks. Raises AWAY."""
    await _fresh(worker, workspace, at_least)
    return _some(worker.state, workspace, names)


def _some(reader: StateReader, workspace: str, names: tuple[str, ...]) -> Page:
    state = reader.state(workspace)
    position = state.workspace.position if isinstance(state.workspace, Workspace) else 0
    return Page(position, {name: task.version if (task := state.task(name)) else 0 for name in names})


async def copied(worker: Worker, workspace: str, names: tuple[str, ...], at_least: int) -> Page:
    """The same of a copy: as of some time ago, unless the client knows better. Raises AWAY."""
    reader = worker.standby(workspace)
    if reader is None:
        raise NotOwned("no copy here")
    page = _some(reader, workspace, names)
    if page.position < at_least:
        raise Behind("copy")
    return page


async def copied_list(worker: Worker, workspace: str, now: datetime, at_least: int) -> Page:
    """All tasks of a copy, by its index. Raises AWAY."""
    reader = worker.standby(workspace)
    if reader is None:
        raise NotOwned("no copy here")
    page = await _listed(reader, workspace, now)
    if page.position < at_least:
        raise Behind("copy")
    return page


async def listed(worker: Worker, workspace: str, now: datetime, at_least: int) -> Page:
    """All tasks, by the index. Raises AWAY."""
    await _fresh(worker, workspace, at_least)
    page = await _listed(worker.state, workspace, now)
    worker.state.position(workspace)  # where the partition was given away meanwhile, nothing is shown
    return page


async def _listed(reader: StateReader, workspace: str, now: datetime) -> Page:
    assert not isinstance(_everything, FilterError)
    found, position = await reader.query(workspace, PageRequest(_everything, now, None, 200))
    assert not isinstance(found, FilterError)
    return Page(position, {entry.id: entry.task.version for entry in found.items})


async def events(worker: Worker, workspace: str, after: int) -> Past:
    """The past, as far as it is remembered. Raises AWAY."""
    return Past(after, [(position, found.event) for position, found in worker.history.stored(workspace, after)])


async def audited(worker: Worker, workspace: str) -> tuple[int, str]:
    """How many events the verification of the chain found good, and what is broken. Raises AWAY."""
    verified, broken = await worker.history.verify(workspace, worker.state.position(workspace))
    return verified, "" if broken is None else str(broken)
