"""What a write shows that is repeated under its key: the thing as its first outcome left it, not as it is now.

What was not changed since is read as it is now. A task that was is folded from its own events, and so are its parents;
only where a project, the workspace or its members were changed since, the whole workspace is, as for `as_of`.
"""

from typing import Final

from aiohttp import web
from msgspec import structs

from tasksys import codec
from tasksys.commands import Command, DisableChannel, EnableChannel, RemoveChannel, SetChannel, SetPreferences
from tasksys.errors import HistoryIncomplete, NotOwned
from tasksys.outcomes import Outcome
from tasksys.rows import Channels, Preferences, Row, SavedFilter, Workspace
from tasksys.state import Key, State
from views.context import history_has, system
from views.ports import HistoryReader


async def left_by(request: web.Request, workspace: str, command: Command, outcome: Outcome) -> State | None:
    """The state that the outcome left, as far as the answer to its command shows it.

    None if that cannot be told here and now: the history does not reach so far, is kept elsewhere, or lacks events.
    """
    state = system(request).state
    now = state.state(workspace)
    if state.position(workspace) == outcome.position:
        return now
    past = _Past(request, workspace, outcome.position)
    try:
        then = await _unchanged(past, now, command, outcome)
        return then or await (await past.history()).state_at(workspace, outcome.position)
    except (_Behind, NotOwned, HistoryIncomplete):
        return None


OWN: Final = (SetPreferences, SetChannel, RemoveChannel, EnableChannel, DisableChannel)
"""Commands whose answers show what one user has set for themselves."""


class _Behind(Exception):
    """The history does not reach so far in time."""


class _Past:
    """A workspace at a position, of which the history is asked only where something was changed since."""

    def __init__(self, request: web.Request, workspace: str, position: int) -> None:
        self.workspace, self.position = workspace, position
        self._request = request

    async def history(self) -> HistoryReader:
        """The history, once it reaches that position. Raises _Behind and NotOwned."""
        if not await history_has(self._request, self.workspace, self.position):
            raise _Behind
        return system(self._request).history

    async def task(self, task: str) -> dict[Key, Row | None]:
        """The task's rows. Raises what `history` does, and HistoryIncomplete."""
        return await (await self.history()).task_at(self.workspace, task, self.position)


async def _unchanged(past: _Past, now: State, command: Command, outcome: Outcome) -> State | None:
    """The present state, with what the command's answer shows as of then; None if only the whole past tells that."""
    if isinstance(command, OWN):
        return _with_own(now, outcome)
    if getattr(command, "series", None) is not None:
        return None
    reminder = getattr(command, "into", None) or getattr(command, "reminder", None)
    if reminder is not None:
        return await _with_reminder(past, now, reminder)
    if (task := getattr(command, "task", None)) is not None:
        return await _with_task(past, now, task)
    if (saved := getattr(command, "saved", None)) is not None:
        return _with_filter(now, saved, past.position)
    if (project := getattr(command, "project", None)) is not None:
        return _with_project(now, project, past.position)
    return await _with_members(past, now, outcome)


def _with_own(now: State, outcome: Outcome) -> State | None:
    """The state, if the user's own settings in it were not changed since the outcome."""
    rows = (now.get(Preferences, outcome.actor), now.get(Channels, outcome.actor))
    unchanged = all(row is not None and row.position <= outcome.position for row in rows)
    return now if unchanged else None  # what is not there may have been removed since


async def _with_task(past: _Past, now: State, task: str) -> State | None:
    """The state with the task and all that it inherits from as of then; None if that takes more than tasks."""
    above: str | None = task
    project = None
    while above is not None:
        row = now.task(above)
        if row is not None and row.position > past.position:
            now.rows |= await past.task(above)
            row = now.task(above)
        if row is None:
            return None
        above, project = row.parent, row.project
    return now if project is None else _with_project(now, project, past.position)


async def _with_reminder(past: _Past, now: State, reminder: str) -> State | None:
    """The state with the reminder as of then; None if it was removed since, and so was what it belonged to."""
    row = now.reminder(reminder)
    if row is not None and row.position > past.position:
        now.rows |= await past.task(row.task)
    return now if row is not None else None


def _with_project(now: State, project: str, position: int) -> State | None:
    """The state, if the project in it was not changed since the position."""
    row = now.project(project)
    return now if row is not None and row.position <= position else None


def _with_filter(now: State, saved: str, position: int) -> State | None:
    """The state, if the filter in it was not changed since the position."""
    row = now.get(SavedFilter, saved)
    return now if row is not None and row.position <= position else None


async def _with_members(past: _Past, now: State, outcome: Outcome) -> State | None:
    """The state with the workspace's row as of the outcome, if neither that nor any member was changed since."""
    row, found = now.workspace, (await past.history()).at(past.workspace, outcome.last)
    if row is None or found is None or codec.decode_event(found.event).version != row.version:
        return None
    now.rows[Workspace.kind, ""] = structs.replace(row, position=outcome.position)
    return now
