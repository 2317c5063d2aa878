"""Reads of the current state: workspaces, members, projects, tasks, comments, checklists."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any, Final, TypeVar

from aiohttp import web
from msgspec import structs

from tasksys.limits import PAGE_ITEMS
from tasksys.query import FilterError, PageRequest
from tasksys.rows import ChecklistItem, Comment, Member, Project, Row, Task, Workspace
from tasksys.state import State
from tasksys.values import UTC
from views import paging, shapes
from views.asof import as_of, at_position, moment_of, not_yet
from views.auth import USER
from views.context import (
    POSITION_HEADER,
    answer,
    flag,
    history_reached,
    identity,
    member,
    named,
    parameters,
    query,
    system,
    whole,
    workspace,
)
from views.forwarding.gathering import first, gathered
from views.problems import bad_query, no_workspace, not_found
from views.routes import WS, Route
from views.sending import etag

R = TypeVar("R", bound=Row)

PAGE: Final = ("filter", "q", "sort", "limit", "cursor", "count", "as_of", "min_position")
NOW: Final = ("min_position",)
PAGED: Final = ("limit", "cursor")
LISTED: Final = (*PAGED, *NOW)
PROJECTS: Final = ("trashed", *LISTED)
PAST: Final = ("as_of", *NOW)
TASK: Final = f"{WS}/tasks/{{task}}"


def positioned(value: Any, position: int, version: int | None = None) -> web.Response:
    """An answer with the position that it shows."""
    headers = {POSITION_HEADER: str(position)}
    if version is not None:
        headers["ETag"] = etag(version)
    return answer(value, headers=headers)


async def workspaces(request: web.Request) -> web.StreamResponse:
    """A page of the caller's workspaces, by their ids."""
    given = parameters(request, *PAGED)
    limit, (_, after) = whole(given, "limit", PAGE_ITEMS, 1, PAGE_ITEMS), paging.place(Workspace, given.get("cursor"))

    async def here() -> shapes.Workspaces:
        found = await system(request).state.workspaces(identity(request).user, after, limit + 1)
        shown = [shapes.workspace(row, member.role) for row, member in found[:limit]]
        return shapes.Workspaces(shown, paging.cursor(found[limit - 1][0]) if len(found) > limit else None)

    return await gathered(request, here, partial(first, limit=limit, key=itemgetter("id"), cursor="_{id}".format_map))


async def one_workspace(request: web.Request) -> web.StreamResponse:
    """A workspace, now or as of a position or instant."""
    given = parameters(request, *PAST)
    name, member = await workspace(request)
    state, position = await _state(request, name, given)
    if state.workspace is None:
        raise not_yet("workspace", position) if "as_of" in given else no_workspace()
    return positioned(shapes.workspace(state.workspace, member.role), position, state.workspace.version)


async def members(request: web.Request) -> web.StreamResponse:
    """A page of the members, by their ids."""
    given = parameters(request, *LISTED)
    name, _ = await workspace(request)
    items, cursor, position = await page(request, name, given, Member)
    return positioned(shapes.Members([shapes.member(row) for row in items], cursor, position), position)


async def one_member(request: web.Request) -> web.StreamResponse:
    """A member."""
    parameters(request, *NOW)
    name, _ = await workspace(request)
    user = named(request, "user", USER)
    row = system(request).state.state(name).member(user)
    if row is None:
        raise not_found("member", user)
    return positioned(shapes.member(row), system(request).state.position(name))


async def projects(request: web.Request) -> web.StreamResponse:
    """A page of the projects in their order; `trashed=true` shows those in the trash instead.

    A page may be shorter than its limit where texts are large: only `next_cursor` says whether there are more.
    """
    given = parameters(request, *PROJECTS)
    name, _ = await workspace(request)
    trashed = flag(given, "trashed")
    items, cursor, position = await page(
        request, name, given, Project, lambda row: (row.trashed_at is not None) is trashed
    )
    return positioned(shapes.Projects([shapes.project(row, name) for row in items], cursor, position), position)


async def one_project(request: web.Request) -> web.StreamResponse:
    """A project, now or as of a position or instant."""
    given = parameters(request, *PAST)
    name, _ = await workspace(request)
    state, position = await _state(request, name, given)
    row = state.project(named(request, "project"))
    if row is None:
        if system(request).state.state(name).project(named(request, "project")) is not None:
            raise not_yet("project", position)
        raise not_found("project", named(request, "project"))
    return positioned(shapes.project(row, name), position, row.version)


async def tasks(request: web.Request) -> web.StreamResponse:
    """A page of tasks: filtered, searched, sorted; now or as of a position or instant.

    A page may be shorter than its limit where texts are large: only `next_cursor` says whether there are more.
    """
    given = parameters(request, *PAGE)
    name, _ = await workspace(request)
    wanted = PageRequest(
        query(given),
        datetime.now(UTC),
        identity(request).user,
        whole(given, "limit", 50, 1, PAGE_ITEMS),
        given.get("cursor"),
        flag(given, "count"),
    )
    if "as_of" in given:
        await history_reached(request, name)
        position = at_position(request, name, given["as_of"])
        wanted = structs.replace(wanted, now=moment_of(request, name, position))
        found = await system(request).history.query_at(name, position, wanted)
    else:
        found, position = await system(request).state.query(name, wanted)
    member(request, name)  # who was removed meanwhile does not see what was found
    if isinstance(found, FilterError):
        raise bad_query(found)
    page = shapes.Tasks([shapes.indexed(entry, name) for entry in found.items], found.next_cursor, position)
    if found.total is not None:
        page.total = found.total
    return positioned(page, position)


async def one_task(request: web.Request) -> web.StreamResponse:
    """A task, now or as of a position or instant."""
    given = parameters(request, *PAST)
    name, _ = await workspace(request)
    state, position = await _state(request, name, given)
    row = state.task(named(request, "task"))
    if row is None:
        if system(request).state.state(name).task(named(request, "task")) is not None:
            raise not_yet("task", position)
        raise not_found("task", named(request, "task"))
    return positioned(shapes.task(row, name, state), position, row.version)


async def comments(request: web.Request) -> web.StreamResponse:
    """A page of the comments of a task, oldest first.

    A page may be shorter than its limit where texts are large: only `next_cursor` says whether there are more.
    """
    given = parameters(request, *LISTED)
    name, task = await live_task(request)
    items, cursor, position = await page(request, name, given, Comment, prefix=f"{task.id}/")
    return positioned(shapes.Comments([shapes.comment(row) for row in items], cursor, position), position)


async def page(
    request: web.Request,
    name: str,
    given: dict[str, str],
    row_type: type[R],
    wanted: Callable[[R], bool] = lambda row: True,
    prefix: str = "",
) -> tuple[list[R], str | None, int]:
    """The wanted rows of a page, the cursor of the next one, and the position that they are of."""
    limit, after = whole(given, "limit", PAGE_ITEMS, 1, PAGE_ITEMS), paging.place(row_type, given.get("cursor"))
    reader = system(request).state
    position, rows = reader.position(name), reader.over(reader.all(name, row_type, prefix))
    items, cursor = await paging.page(row_type, (row async for row in rows if wanted(row)), limit, after)
    member(request, name)  # who was removed meanwhile does not see what was found
    return items, cursor, position


async def checklist(request: web.Request) -> web.StreamResponse:
    """The checklist of a task."""
    parameters(request, *NOW)
    name, task = await live_task(request)
    position = system(request).state.position(name)
    return positioned(shapes.Checklist(list(task.checklist), position), position, task.version)


async def one_comment(request: web.Request) -> web.StreamResponse:
    """A comment."""
    parameters(request, *NOW)
    name, task = await live_task(request)
    row = system(request).state.state(name).comment(task.id, named(request, "comment"))
    if row is None:
        raise not_found("comment", named(request, "comment"))
    return positioned(shapes.comment(row), system(request).state.position(name))


async def one_item(request: web.Request) -> web.StreamResponse:
    """An item of a checklist, with the version of its task."""
    parameters(request, *NOW)
    name, task = await live_task(request)
    item = next((one for one in task.checklist if one.id == named(request, "item")), None)
    if item is None:
        raise not_found("checklist item", named(request, "item"))
    return positioned(item, system(request).state.position(name), task.version)


async def one_section(request: web.Request) -> web.StreamResponse:
    """A section, with the version of its project."""
    parameters(request, *NOW)
    name, _ = await workspace(request)
    project = system(request).state.state(name).project(named(request, "project"))
    if project is None:
        raise not_found("project", named(request, "project"))
    section = project.section(named(request, "section"))
    if section is None or section.removed:
        raise not_found("section", named(request, "section"))
    return positioned(shapes.section(section), system(request).state.position(name), project.version)


async def live_task(request: web.Request) -> tuple[str, Task]:
    """The workspace and the task in the address; a problem if it is not there."""
    name, _ = await workspace(request)
    task = system(request).state.state(name).task(named(request, "task"))
    if task is None:
        raise not_found("task", named(request, "task"))
    return name, task


async def _state(request: web.Request, name: str, given: dict[str, str]) -> tuple[State, int]:
    if "as_of" in given:
        return await as_of(request, name, given["as_of"])
    return system(request).state.state(name), system(request).state.position(name)


ROUTES: Final = [
    Route(
        "GET", "/api/v1/workspaces", workspaces, "Your workspaces", "workspaces", shapes.Workspaces, parameters=PAGED
    ),
    Route("GET", WS, one_workspace, "A workspace", "workspaces", shapes.WorkspaceShape, parameters=PAST),
    Route("GET", f"{WS}/members", members, "Members", "members", shapes.Members, parameters=LISTED),
    Route("GET", f"{WS}/members/{{user}}", one_member, "A member", "members", shapes.MemberShape, parameters=NOW),
    Route("GET", f"{WS}/projects", projects, "Projects", "projects", shapes.Projects, parameters=PROJECTS),
    Route(
        "GET", f"{WS}/projects/{{project}}", one_project, "A project", "projects", shapes.ProjectShape, parameters=PAST
    ),
    Route(
        "GET", f"{WS}/projects/{{project}}/sections/{{section}}", one_section, "A section", "projects",
        shapes.SectionShape, parameters=NOW,
    ),
    Route("GET", f"{WS}/tasks", tasks, "Tasks: filter, search, sort, page", "tasks", shapes.Tasks, parameters=PAGE),
    Route("GET", TASK, one_task, "A task", "tasks", shapes.TaskShape, parameters=PAST),
    Route("GET", f"{TASK}/comments", comments, "Comments of a task", "comments", shapes.Comments, parameters=LISTED),
    Route("GET", f"{TASK}/checklist", checklist, "Checklist of a task", "checklist", shapes.Checklist, parameters=NOW),
    Route(
        "GET", f"{TASK}/comments/{{comment}}", one_comment, "A comment", "comments", shapes.CommentShape, parameters=NOW
    ),
    Route(
        "GET", f"{TASK}/checklist/{{item}}", one_item, "A checklist item", "checklist", ChecklistItem, parameters=NOW,
        name="get_checklist_item",
    ),
]  # fmt: skip
