"""Every write, as a table: each address is sugar for one command.

What the address names is taken from it; the rest of the command's fields are the body's.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from aiohttp import web

from tasksys import commands, filters
from tasksys.commands import Command
from tasksys.outcomes import Decided
from tasksys.refusals import FieldError
from tasksys.rows import Channels, Comment, Member, Project, Reminder, SavedFilter, Series, Task
from tasksys.state import State
from views import series_shapes, shapes
from views.context import POSITION_HEADER, answer, body, identity, named, parameters, system
from views.decoding import read
from views.forwarding.forwarder import at_owner
from views.ids import derived, ulid
from views.keys import idempotency_key, spare_key
from views.outcomes import outcome_shape, pending_shape
from views.problems import Problem, invalid
from views.repeated import left_by
from views.room import Room
from views.routes import WS, Handler, Route
from views.sending import REPLAYED_HEADER, complete, etag, send

Shown = tuple[Any, int | None]
"""An answer's body (None for an empty one) and the version for its ETag."""

Show = Callable[[State, str, Any, str], Shown]
"""(state, workspace, command, caller) -> what the answer shows."""


def _workspace(state: State, workspace: str, command: Command, user: str) -> Shown:
    row, member = state.workspace, state.member(user)
    assert row is not None
    return shapes.workspace(row, member.role if member else None), row.version


def _member(state: State, workspace: str, command: Any, user: str) -> Shown:
    row = state.get(Member, command.user)
    return (shapes.member(row), None) if row else (None, None)


def _project(state: State, workspace: str, command: Any, user: str) -> Shown:
    row = state.get(Project, command.project)
    return (shapes.project(row, workspace), row.version) if row else (None, None)


def _task(state: State, workspace: str, command: Any, user: str) -> Shown:
    row = state.get(Task, command.task or "")
    return (shapes.task(row, workspace, state), row.version) if row else (None, None)


def _comment(state: State, workspace: str, command: Any, user: str) -> Shown:
    row = state.get(Comment, f"{command.task}/{command.comment}")
    return (shapes.comment(row), None) if row else (None, None)


def _series(state: State, workspace: str, command: Any, user: str) -> Shown:
    named = getattr(command, "into", "") or command.series
    row = state.get(Series, named) or state.get(Series, command.series)  # one is split off, or it is changed itself
    return (series_shapes.series(row, workspace, state), row.version) if row else (None, None)


def _reminder(state: State, workspace: str, command: Any, user: str) -> Shown:
    row = state.get(Reminder, getattr(command, "into", "") or command.reminder)
    return (shapes.reminder(row, state), None) if row else (None, None)


def _preferences(state: State, workspace: str, command: Any, user: str) -> Shown:
    return shapes.own(user, state), None


def _channel(state: State, workspace: str, command: Any, user: str) -> Shown:
    channels = state.get(Channels, user)
    row = channels.named(command.channel) if channels else None
    return (shapes.channel(row), None) if row else (None, None)


def _filter(state: State, workspace: str, command: Any, user: str) -> Shown:
    row = state.get(SavedFilter, command.saved)
    seen = row is not None and filters.visible(row, user)
    return (shapes.saved_filter(row, workspace), row.version) if row and seen else (None, None)


ANSWERS: Final[dict[Show, Any]] = {
    _workspace: shapes.WorkspaceShape,
    _member: shapes.MemberShape,
    _project: shapes.ProjectShape,
    _task: shapes.TaskShape,
    _comment: shapes.CommentShape,
    _reminder: shapes.ReminderShape,
    _series: series_shapes.SeriesShape,
    _preferences: shapes.PreferencesShape,
    _channel: shapes.ChannelShape,
    _filter: shapes.FilterShape,
}


class Write(NamedTuple):
    """One write: method, address, the command it stands for, what its answer shows."""

    method: str
    path: str
    command: type[Any]
    show: Show
    summary: str
    created: bool = False
    at: str = ""
    """Where what was made is, below the address that made it: the command's field that names it."""


PROJECT: Final = f"{WS}/projects/{{project}}"
SECTION: Final = f"{PROJECT}/sections/{{section}}"
TASK: Final = f"{WS}/tasks/{{task}}"
COMMENT: Final = f"{TASK}/comments/{{comment}}"
ITEM: Final = f"{TASK}/checklist/{{item}}"
REMINDER: Final = f"{WS}/reminders/{{reminder}}"
SERIES: Final = f"{WS}/series/{{series}}"
FILTER: Final = f"{WS}/filters/{{saved}}"
CHANNEL: Final = f"{WS}/preferences/channels/{{channel}}"

WRITES: Final = (
    Write("POST", "/api/v1/workspaces", commands.CreateWorkspace, _workspace, "Create a workspace", True, "ws"),
    Write("PATCH", WS, commands.EditWorkspace, _workspace, "Change name, time zone or reminder hour"),
    Write("PUT", f"{WS}/members/{{user}}", commands.SetMember, _member, "Add a member or change a role"),
    Write("DELETE", f"{WS}/members/{{user}}", commands.RemoveMember, _member, "Remove a member"),
    Write("POST", f"{WS}/projects", commands.CreateProject, _project, "Create a project", True, "project"),
    Write("PATCH", PROJECT, commands.EditProject, _project, "Change a project"),
    Write("DELETE", PROJECT, commands.TrashProject, _project, "Move a project and its tasks to the trash"),
    Write("POST", f"{PROJECT}/restore", commands.RestoreProject, _project, "Take a project out of the trash"),
    Write("POST", f"{PROJECT}/sections", commands.AddSection, _project, "Add a section", True, "section"),
    Write("PATCH", SECTION, commands.EditSection, _project, "Rename or move a section"),
    Write("DELETE", SECTION, commands.RemoveSection, _project, "Remove a section; its tasks stay in the project"),
    Write("POST", f"{WS}/tasks", commands.CreateTask, _task, "Create a task", True, "task"),
    Write("PATCH", TASK, commands.EditTask, _task, "Change fields of a task"),
    Write("DELETE", TASK, commands.TrashTask, _task, "Move a task and its subtasks to the trash"),
    Write("POST", f"{TASK}/restore", commands.RestoreTask, _task, "Take a task out of the trash"),
    Write("POST", f"{TASK}/start", commands.StartTask, _task, "Set a task in progress"),
    Write("POST", f"{TASK}/complete", commands.CompleteTask, _task, "Complete a task"),
    Write("POST", f"{TASK}/cancel", commands.CancelTask, _task, "Cancel a task"),
    Write("POST", f"{TASK}/reopen", commands.ReopenTask, _task, "Reopen a task that was completed or cancelled"),
    Write("POST", f"{TASK}/skip", commands.SkipTask, _task, "Leave this occurrence of a series out"),
    Write("POST", f"{TASK}/postpone", commands.PostponeTask, _task, "Put a task off"),
    Write("POST", f"{TASK}/move", commands.MoveTask, _task, "Move a task to another place or order"),
    Write("POST", f"{TASK}/assign", commands.AssignTask, _task, "Add and remove assignees"),
    Write("POST", f"{TASK}/label", commands.LabelTask, _task, "Add and remove labels"),
    Write("POST", f"{TASK}/links", commands.LinkTask, _task, "Link to another task", created=True),
    Write("DELETE", f"{TASK}/links/{{link}}/{{other}}", commands.UnlinkTask, _task, "Remove a link"),
    Write("POST", f"{TASK}/checklist", commands.AddChecklistItem, _task, "Add a checklist item", True, "item"),
    Write("PATCH", ITEM, commands.EditChecklistItem, _task, "Change or tick a checklist item"),
    Write("DELETE", ITEM, commands.RemoveChecklistItem, _task, "Remove a checklist item"),
    Write("POST", f"{TASK}/comments", commands.AddComment, _comment, "Comment on a task", True, "comment"),
    Write("PATCH", COMMENT, commands.EditComment, _comment, "Change a comment"),
    Write("DELETE", COMMENT, commands.RemoveComment, _comment, "Remove a comment"),
    Write("POST", f"{TASK}/reminders", commands.AddReminder, _reminder, "Add a reminder", True, "reminder"),
    Write("DELETE", f"{TASK}/reminders/{{reminder}}", commands.RemoveReminder, _reminder, "Remove a reminder"),
    Write("POST", f"{REMINDER}/snooze", commands.SnoozeReminder, _reminder, "Remind again later", True),
    Write("POST", f"{REMINDER}/acknowledge", commands.AcknowledgeReminder, _reminder, "Acknowledge a reminder"),
    Write("POST", f"{WS}/series", commands.CreateSeries, _series, "Create a series", True, "series"),
    Write("PATCH", SERIES, commands.EditSeries, _series, "Change one occurrence, those that follow, or all"),
    Write("POST", f"{SERIES}/skip", commands.SkipOccurrence, _series, "Leave an occurrence out"),
    Write("POST", f"{SERIES}/pause", commands.PauseSeries, _series, "Pause a series"),
    Write("POST", f"{SERIES}/resume", commands.ResumeSeries, _series, "Resume a series"),
    Write("DELETE", SERIES, commands.EndSeries, _series, "End a series"),
    Write("POST", f"{WS}/filters", commands.CreateFilter, _filter, "Save a filter", True, "saved"),
    Write("PATCH", FILTER, commands.EditFilter, _filter, "Change a saved filter"),
    Write("DELETE", FILTER, commands.RemoveFilter, _filter, "Remove a saved filter"),
    Write("PATCH", f"{WS}/preferences", commands.SetPreferences, _preferences, "Change your preferences"),
    Write("PUT", CHANNEL, commands.SetChannel, _channel, "Add a channel of yours, or change where it leads"),
    Write("DELETE", CHANNEL, commands.RemoveChannel, _channel, "Remove a channel of yours"),
    Write("POST", f"{CHANNEL}/enable", commands.EnableChannel, _channel, "Use a channel of yours again"),
    Write("POST", f"{CHANNEL}/disable", commands.DisableChannel, _channel, "Do not use a channel of yours for now"),
    Write("POST", f"{TASK}/undo", commands.Undo, _task, "Undo a past command on a task"),
)


def _fields_in(path: str) -> tuple[str, ...]:
    """The command's fields that the address names."""
    return tuple(part[1:-1] for part in path.split("/") if part.startswith("{") and part != "{ws}")


def _handler(write: Write) -> Handler:
    fields = _fields_in(write.path)

    async def handle(request: web.Request) -> web.StreamResponse:
        parameters(request)
        names = {field: _named(request, field) for field in fields}
        if "ws" in request.match_info:
            named(request, "ws")
        given = await body(request)
        if write.command is commands.LinkTask and not given.keys() & {"link", "other"}:
            given = {SHOWN_LINK.get(name, name): value for name, value in given.items()}
            try:
                return await concluded(request, names, given)
            except Problem as problem:
                shown = {f"/{inside}": f"/{name}" for name, inside in SHOWN_LINK.items()}
                problem.errors = tuple(
                    FieldError(shown.get(one.pointer, one.pointer), one.detail) for one in problem.errors
                )
                raise
        return await concluded(request, names, given)

    async def concluded(request: web.Request, names: dict[str, str], given: dict[str, Any]) -> web.StreamResponse:
        for field in ("type", *fields):
            if field in given:
                raise invalid(f"/{field}", "The address says this already; leave it out.")
        wish = read(write.command, {**given, **names})
        workspace = _workspace_for(request, wish)

        async def sent() -> web.StreamResponse:
            named = complete(request, workspace, wish)
            decided = await send(request, workspace, named)
            return await _concluded(request, workspace, named, decided, write)

        return await sent() if "ws" in request.match_info else await at_owner(request, workspace, sent)

    return handle


SHOWN_LINK: Final = {"type": "link", "task": "other"}
"""A link may be sent as tasks show it, `{"type", "task"}`: that means `{"link", "other"}`."""


def _named(request: web.Request, field: str) -> str:
    """What the address names; for what is no id, decoding the command says how it looks."""
    return request.match_info[field] if field in ("user", "link") else named(request, field)


def _workspace_for(request: web.Request, command: Command) -> str:
    """The workspace in the address; a new one is named by its idempotency key, if there is one."""
    if "ws" in request.match_info:
        return named(request, "ws")
    key = idempotency_key(request) or command.id or spare_key(request)
    return derived(identity(request).user, key) if key else ulid()


async def _concluded(
    request: web.Request, workspace: str, command: Command, decided: Decided | None, write: Write
) -> web.Response:
    """The answer to an accepted or a pending command; to a repeated one, that of the first time."""
    elsewhere = {"Location": f"/api/v1/workspaces/{workspace}/commands/{command.id}"}
    if decided is None:
        return answer(pending_shape(command.id), HTTPStatus.ACCEPTED, elsewhere)
    headers, user = {POSITION_HEADER: str(decided.outcome.position)}, identity(request).user
    now = system(request).state.state(workspace)
    then: State | None = now
    if decided.replayed:
        headers[REPLAYED_HEADER] = "true"
        then = await left_by(request, workspace, command, decided.outcome)
        now = system(request).state.state(workspace)
    shown: Any = None
    if now.workspace is not None and now.member(user) is not None:  # may have left since
        if then is None:
            return answer(outcome_shape(decided.outcome, (), Room()), HTTPStatus.ACCEPTED, headers | elsewhere)
        if not decided.replayed:
            headers[POSITION_HEADER] = str(now.workspace.position)
        shown, version = write.show(then, workspace, command, user)
        if version is not None:
            headers["ETag"] = etag(version)
    if shown is None:
        return web.Response(status=HTTPStatus.NO_CONTENT, headers=headers)
    if write.at:
        headers["Location"] = f"{request.path}/{workspace if write.at == 'ws' else getattr(command, write.at)}"
    return answer(shown, HTTPStatus.CREATED if write.created else HTTPStatus.OK, headers)


def _tag(path: str) -> str:
    parts = [part for part in path.removeprefix(WS).split("/") if part and not part.startswith("{")]
    nouns = [part for part in parts if part in NOUNS]
    return nouns[-1] if nouns else "workspaces"


NOUNS: Final = (
    "members", "projects", "tasks", "comments", "checklist", "links", "reminders", "series", "filters", "preferences",
)  # fmt: skip

ROUTES: Final = [
    Route(
        write.method, write.path, _handler(write), write.summary, _tag(write.path), ANSWERS[write.show],
        body=write.command, body_without=_fields_in(write.path), write=True,
        or_named=SHOWN_LINK if write.command is commands.LinkTask else {},
        status=HTTPStatus.CREATED if write.created else HTTPStatus.OK, tells=("Location",) if write.at else (),
    )
    for write in WRITES
]  # fmt: skip
