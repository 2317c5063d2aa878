"""Export: a workspace, or its tasks as a spreadsheet, as it is at one position, streamed."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

from aiohttp import web

from tasksys import codec, filters
from tasksys.rows import Comment, Member, Occurrence, Project, Reminder, SavedFilter, Series, Task
from tasksys.state import State
from views import series_shapes, shapes, sheet
from views.context import POSITION_HEADER, parameters, put, system, workspace
from views.routes import WS, Route

NOW: Final = ("min_position",)

CHUNK: Final = 64 * 1024
"""Bytes that are written at once, about: a row goes whole."""


async def export_json(request: web.Request) -> web.StreamResponse:
    """The whole workspace as one JSON document, streamed: as it is at one position.

    Of saved filters those that you see are in it.
    """
    parameters(request, *NOW)
    name, asking = await workspace(request)
    reader = system(request).state
    state, position = reader.state(name), reader.position(name)
    assert state.workspace is not None
    # Every snapshot is taken here, before anything is awaited.
    found, members, comments = reader.all(name, Project), reader.all(name, Member), reader.all(name, Comment)
    tasks, first, again = (reader.all(name, Task) for _ in range(3))
    reminders, found_series = reader.all(name, Reminder), reader.all(name, Series)
    occurrences, saved = reader.all(name, Occurrence), reader.all(name, SavedFilter)
    seen = (row for row in saved if filters.visible(row, asking.user))
    head = codec.encode_json({"position": position, "workspace": shapes.workspace(state.workspace, asking.role)})
    response = await _begun(request, position, f"{name}.json", "application/json")
    if request.method == "HEAD":
        return response
    projects = [row async for row in reader.over(found)]
    then = await inherited(reader.over, projects, first, again)
    parts: list[tuple[str, Iterator[Any]]] = [
        ("members", (shapes.member(row) for row in members)),
        ("projects", (shapes.project(row, name) for row in projects)),
        ("tasks", (shapes.task(row, name, then) for row in tasks)),
        ("comments", (shapes.comment(row) for row in comments)),
        ("reminders", (shapes.reminder(row, state) for row in reminders)),
        ("series", (series_shapes.series(row, name, state) for row in found_series)),
        ("occurrences", (series_shapes.occurrence(row) for row in occurrences)),
        ("filters", (shapes.saved_filter(row, name) for row in seen)),
    ]
    await put(request, response, head[:-1])
    for part, rows in parts:
        await put(request, response, f',"{part}":['.encode())
        await _put_all(request, response, _separated(rows))
        await put(request, response, b"]")
    await put(request, response, b"}")
    await response.write_eof()
    return response


async def export_csv(request: web.Request) -> web.StreamResponse:
    """All tasks as a spreadsheet, what is in the trash too, streamed: comma-separated values as RFC 4180 has them.

    Several values in one cell stand on lines of their own. A text that a spreadsheet would run as a formula, because it
    begins with = + - @, a tab or a line break, gets an apostrophe in front.
    """
    parameters(request, *NOW)
    name, _ = await workspace(request)
    reader = system(request).state
    position, found = reader.position(name), reader.all(name, Project)
    tasks, first, again = (reader.all(name, Task) for _ in range(3))
    response = await _begun(request, position, f"{name}.csv", "text/csv")
    if request.method == "HEAD":
        return response
    then = await inherited(reader.over, [row async for row in reader.over(found)], first, again)
    await put(request, response, sheet.head().encode())
    shown = (shapes.task(row, name, then) for row in tasks)
    lines = (sheet.row(task, _names(task, then)).encode("utf-8", "replace") for task in shown)
    await _put_all(request, response, lines)
    await response.write_eof()
    return response


def _names(task: shapes.TaskShape, state: State) -> sheet.Names:
    """What the task's project and section are called."""
    project = state.project(task.project) if task.project is not None else None
    section = project.section(task.section) if project and task.section is not None else None
    return sheet.Names(project.name if project else "", section.name if section else "")


async def _begun(request: web.Request, position: int, file: str, content_type: str) -> web.StreamResponse:
    """The beginning of a streamed answer that browsers keep in a file."""
    response = web.StreamResponse(headers={POSITION_HEADER: str(position)})
    response.content_type = content_type
    if content_type == "text/csv":
        response.charset = "utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    await response.prepare(request)
    return response


def _separated(rows: Iterator[Any]) -> Iterator[bytes]:
    """The items of a JSON array."""
    for count, row in enumerate(rows):
        yield (b"," if count else b"") + codec.encode_json(row)


async def _put_all(request: web.Request, response: web.StreamResponse, rows: Iterator[bytes]) -> None:
    """Makes and writes the rows; others get their turn meanwhile."""
    chunk = bytearray()
    async for row in system(request).state.over(rows):
        chunk += row
        if len(chunk) >= CHUNK:
            await put(request, response, bytes(chunk))
            chunk.clear()
    if chunk:
        await put(request, response, bytes(chunk))


async def inherited(
    over: Callable[[Iterator[Task]], AsyncIterator[Task]],
    projects: list[Project],
    first: Iterator[Task],
    again: Iterator[Task],
) -> State:
    """What tasks inherit from, as it was when the snapshots were taken: projects, and tasks that have subtasks."""
    state = State()
    for project in projects:
        state.put(project)
    parents = {row.parent async for row in over(first)}
    async for row in over(again):
        if row.id in parents:
            state.put(row)
    return state


TELLS: Final = ("Content-Disposition",)

ROUTES: Final = [
    Route("GET", f"{WS}/export.json", export_json, "The whole workspace as JSON", "workspaces", shapes.Export,
          parameters=NOW, tells=TELLS, name="export_json"),
    Route("GET", f"{WS}/export.csv", export_csv, "All tasks as a spreadsheet", "tasks", str,
          parameters=NOW, tells=TELLS, name="export_csv", content_type="text/csv"),
]  # fmt: skip
