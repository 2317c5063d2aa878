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
from tasksys.rows import Channels, Preferences, SavedFilter, Workspace
from tasksys.state import State
from views.context import history_has, system
from views.ports import HistoryReader


async def left_by(request: web.Request, workspace: str, command: Command, outcome: Outcome) -> State | None:
    """The state that the outcome left, as far as the answer to its command shows it.

    None if that cannot be told here and now: the history does not reach so far, is kept elsewhere, or lacks events.
    """
    state, history = system(request).state, system(request).history
    if state.position(workspace) == outcome.position:
        return state.state(workspace)
    if isinstance(command, OWN):
        return await _with_own(request, workspace, outcome)
    try:
        if not await history_has(request, workspace, outcome.position):
            return None
        if getattr(command, "series", None) is not None:
            return await history.state_at(workspace, outcome.position)
        task, project = getattr(command, "task", None), getattr(command, "project", None)
        reminder = getattr(command, "into", None) or getattr(command, "reminder", None)
        now = state.state(workspace)
        if reminder is not None:
            then = await _with_reminder(history, now, workspace, reminder, outcome.position)
        elif task is not None:
            then = await _with_task(history, now, workspace, task, outcome.position)
        elif (saved := getattr(command, "saved", None)) is not None:
            then = _with_filter(now, saved, outcome.position)
        elif project is not None:
            then = _with_project(now, project, outcome.position)
        else:
            then = _with_members(history, now, workspace, outcome)
        return then or await history.state_at(workspace, outcome.position)
    except (NotOwned, HistoryIncomplete):
        return None


OWN: Final = (SetPreferences, SetChannel, RemoveChannel, EnableChannel, DisableChannel)
"""Commands whose answers show what one user has set for themselves."""


async def _with_own(request: web.Request, workspace: str, outcome: Outcome) -> State | None:
    """The state with the user's own settings as of the outcome."""
    now = system(request).state.state(workspace)
    rows = (now.get(Preferences, outcome.actor), now.get(Channels, outcome.actor))
    if all(row is not None and row.position <= outcome.position for row in rows):
        return now  # what is not there may have been removed since
    try:
        if not await history_has(request, workspace, outcome.position):
            return None
        return await system(request).history.state_at(workspace, outcome.position)
    except (NotOwned, HistoryIncomplete):
        return None


async def _with_task(history: HistoryReader, now: State, workspace: str, task: str, position: int) -> State | None:
    """The state with the task and all that it inherits from as of the position; None if that takes more than tasks."""
    above: str | None = task
    project = None
    while above is not None:
        row = now.task(above)
        if row is not None and row.position > position:
            now.rows |= await history.task_at(workspace, above, position)
            row = now.task(above)
        if row is None:
            return None
        above, project = row.parent, row.project
    return now if project is None else _with_project(now, project, position)


async def _with_reminder(
    history: HistoryReader, now: State, workspace: str, reminder: str, position: int
) -> State | None:
    """The state with the reminder as of the position; None if it was removed since, and so was what it belonged to."""
    row = now.reminder(reminder)
    if row is not None and row.position > position:
        now.rows |= await history.task_at(workspace, row.task, position)
    return now if row is not None else None


def _with_project(now: State, project: str, position: int) -> State | None:
    """The state, if the project in it was not changed since the position."""
    row = now.project(project)
    return now if row is not None and row.position <= position else None


def _with_filter(now: State, saved: str, position: int) -> State | None:
    """The state, if the filter in it was not changed since the position."""
    row = now.get(SavedFilter, saved)
    return now if row is not None and row.position <= position else None


def _with_members(history: HistoryReader, now: State, workspace: str, outcome: Outcome) -> State | None:
    """The state with the workspace's row as of the outcome, if neither that nor any member was changed since."""
    row, found = now.workspace, history.at(workspace, outcome.last)
    if row is None or found is None or codec.decode_event(found.event).version != row.version:
        return None
    now.rows[Workspace.kind, ""] = structs.replace(row, position=outcome.position)
    return now
