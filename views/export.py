"""Export: a whole workspace as it is at one position, streamed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any, Final

from aiohttp import web

from tasksys import codec
from tasksys.rows import Comment, Member, Project, Task
from tasksys.state import State
from views import shapes
from views.context import POSITION_HEADER, parameters, put, system, workspace
from views.routes import WS, Route

NOW: Final = ("min_position",)


async def export(request: web.Request) -> web.StreamResponse:
    """The whole workspace as one JSON document, streamed: as it is at one position."""
    parameters(request, *NOW)
    name, asking = await workspace(request)
    reader = system(request).state
    state, position = reader.state(name), reader.position(name)
    assert state.workspace is not None
    # Every snapshot is taken here, before anything is awaited.
    projects, members, comments = list(reader.all(name, Project)), reader.all(name, Member), reader.all(name, Comment)
    tasks, first, again = (reader.all(name, Task) for _ in range(3))
    head = codec.encode_json({"position": position, "workspace": shapes.workspace(state.workspace, asking.role)})
    response = web.StreamResponse(headers={POSITION_HEADER: str(position)})
    response.content_type = "application/json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    then = await _inherited(projects, first, again)
    parts: list[tuple[str, Iterator[Any]]] = [
        ("members", (shapes.member(row) for row in members)),
        ("projects", (shapes.project(row, name) for row in projects)),
        ("tasks", (shapes.task(row, name, then) for row in tasks)),
        ("comments", (shapes.comment(row) for row in comments)),
    ]
    await put(request, response, head[:-1])
    for part, rows in parts:
        await put(request, response, f',"{part}":['.encode())
        separator = b""
        while chunk := [codec.encode_json(row) for row in islice(rows, 500)]:
            await put(request, response, separator + b",".join(chunk))
            separator = b","
        await put(request, response, b"]")
    await put(request, response, b"}")
    await response.write_eof()
    return response


async def _inherited(projects: list[Project], first: Iterator[Task], again: Iterator[Task]) -> State:
    """What tasks inherit from, as it was when the snapshots were taken: projects, and tasks that have subtasks."""
    state = State()
    for project in projects:
        state.put(project)
    parents = {row.parent async for row in _gently(first)}
    async for row in _gently(again):
        if row.id in parents:
            state.put(row)
    return state


async def _gently(rows: Iterator[Task]) -> AsyncIterator[Task]:
    """The rows; others get their turn meanwhile."""
    for count, row in enumerate(rows, 1):
        yield row
        if count % 500 == 0:
            await asyncio.sleep(0)


ROUTES: Final = [
    Route("GET", f"{WS}/export.json", export, "The whole workspace as JSON", "workspaces", shapes.Export,
          parameters=NOW, tells=("Content-Disposition",), name="export_json"),
]  # fmt: skip
