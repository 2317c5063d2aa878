"""Reads of the past: events, a task's history, audit with its hash chain, export."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

import msgspec
from aiohttp import web

from tasksys import codec
from tasksys.audit import Entry, Remembered
from tasksys.limits import PAGE_ITEMS
from tasksys.rows import Comment, Member, Project, Task
from tasksys.values import instant
from views import shapes
from views.context import (
    POSITION_HEADER,
    history_reached,
    named,
    parameters,
    system,
    whole,
    workspace,
)
from views.problems import bad_request, not_found
from views.reads import positioned
from views.routes import WS, Route

LONG_POLL: Final = 60
"""Seconds that a request for events waits at most."""

SCANNED: Final = 10_000
"""Entries that one request for audit entries looks at; the cursor goes on from there."""


async def events(request: web.Request) -> web.StreamResponse:
    """Events after a position, as they stand in the log; `wait` holds the request until there are some."""
    given = parameters(request, "after", "limit", "wait")
    name, _ = await workspace(request)
    after = whole(given, "after", 0, 0, 10**15)
    limit = whole(given, "limit", 100, 1, 1000)
    wait = whole(given, "wait", 0, 0, LONG_POLL)
    await history_reached(request, name)
    history = system(request).history
    if wait and history.position(name) <= after:
        await system(request).history_positions.reach(name, after + 1, wait)
    items = [msgspec.Raw(found.event) for _, found in islice(history.stored(name, after), limit)]
    position = history.position(name)
    return positioned({"items": items, "position": position}, position)


async def task_history(request: web.Request) -> web.StreamResponse:
    """The audit entries of a task, oldest first."""
    given = parameters(request, "after", "limit")
    name, _ = await workspace(request)
    task = named(request, "task")
    if system(request).state.state(name).task(task) is None:
        raise not_found("task", task)
    await history_reached(request, name)
    history = system(request).history
    limit = whole(given, "limit", PAGE_ITEMS, 1, PAGE_ITEMS)
    page = list(islice(history.of_task(name, task, whole(given, "after", 0, 0, 10**15)), limit + 1))
    items = [history.entry(name, position, found) for position, found in page[:limit]]
    cursor = str(items[-1].position) if len(page) > limit else None
    return positioned(shapes.Audit(items, cursor, history.position(name)), history.position(name))


async def audit(request: web.Request) -> web.StreamResponse:
    """Audit entries, newest first, of a task, an actor or a time."""
    given = parameters(request, "task", "actor", "since", "until", "cursor", "limit")
    name, _ = await workspace(request)
    await history_reached(request, name)
    history = system(request).history
    limit = whole(given, "limit", 50, 1, PAGE_ITEMS)
    before = whole(given, "cursor", 0, 0, 10**15) or None
    since, until = _moment(given, "since"), _moment(given, "until")
    items: list[Entry] = []
    cursor: str | None = None
    for scanned, (position, found) in enumerate(_backwards(request, name, given.get("task"), before), 1):
        event = codec.decode_event(found.event)
        if since and event.at < since:
            break
        if not (until and event.at > until) and given.get("actor", event.actor) == event.actor:
            items.append(history.entry(name, position, found))
        if len(items) == limit or scanned == SCANNED:
            cursor = str(position) if position > 1 else None
            break
    return positioned(shapes.Audit(items, cursor, history.position(name)), history.position(name))


def _backwards(
    request: web.Request, name: str, task: str | None, before: int | None
) -> Iterator[tuple[int, Remembered]]:
    history = system(request).history
    if task is None:
        return history.newest(name, before)
    found = list(history.of_task(name, task))
    return iter([one for one in reversed(found) if before is None or one[0] < before])


def _moment(given: dict[str, str], name: str) -> str | None:
    if name not in given:
        return None
    try:
        moment = datetime.fromisoformat(given[name])
        if moment.tzinfo is not None:
            return instant(moment)
    except (ValueError, OverflowError):
        pass
    detail = f"{name} is an instant with offset such as 2026-03-08T09:00:00Z (send + as %2B)."
    raise bad_request("bad-parameter", detail, parameter=name)


async def verify(request: web.Request) -> web.StreamResponse:
    """Recomputes the hash chain of the workspace's events."""
    parameters(request)
    name, _ = await workspace(request)
    await history_reached(request, name)
    held, broken = await asyncio.to_thread(system(request).history.verify, name)
    result = shapes.Verification(broken is None, held)
    if broken is not None:
        result.position, result.detail = broken.position, broken.detail
    return positioned(result, system(request).history.position(name))


async def export(request: web.Request) -> web.StreamResponse:
    """The whole workspace as one JSON document, streamed."""
    parameters(request)
    name, member = await workspace(request)
    reader = system(request).state
    state, position = reader.state(name), reader.position(name)
    assert state.workspace is not None
    parts: list[tuple[str, Iterator[Any]]] = [
        ("members", (shapes.member(row) for row in reader.all(name, Member))),
        ("projects", (shapes.project(row, name) for row in reader.all(name, Project))),
        ("tasks", (shapes.task(row, name, state) for row in reader.all(name, Task))),
        ("comments", (shapes.comment(row) for row in reader.all(name, Comment))),
    ]
    disposition = f'attachment; filename="{name}.json"'
    response = web.StreamResponse(headers={POSITION_HEADER: str(position), "Content-Disposition": disposition})
    response.content_type = "application/json"
    await response.prepare(request)
    head = codec.encode_json({"position": position, "workspace": shapes.workspace(state.workspace, member.role)})
    await response.write(head[:-1])
    for part, rows in parts:
        await response.write(f',"{part}":['.encode())
        separator = b""
        while chunk := [codec.encode_json(row) for row in islice(rows, 500)]:
            await response.write(separator + b",".join(chunk))
            separator = b","
        await response.write(b"]")
    await response.write(b"}")
    await response.write_eof()
    return response


ROUTES: Final = [
    Route(
        "GET", f"{WS}/events", events, "Events from a position on", "history", shapes.Events,
        parameters=("after", "limit", "wait", "min_position"),
    ),
    Route(
        "GET", f"{WS}/tasks/{{task}}/history", task_history, "What happened to a task", "history", shapes.Audit,
        parameters=("after", "limit", "min_position"),
    ),
    Route(
        "GET", f"{WS}/audit", audit, "Who changed what, and when", "history", shapes.Audit,
        parameters=("task", "actor", "since", "until", "cursor", "limit", "min_position"),
    ),
    Route("GET", f"{WS}/audit/verify", verify, "Check the hash chain", "history", shapes.Verification,
          parameters=("min_position",)),
    Route("GET", f"{WS}/export.json", export, "The whole workspace as JSON", "workspaces", dict[str, Any],
          parameters=("min_position",)),
]  # fmt: skip
