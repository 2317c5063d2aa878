"""Reads of the past: events, a task's history, audit with its hash chain."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec
from aiohttp import web

from tasksys.audit import Entry, Wanted
from tasksys.limits import PAGE_ITEMS
from views import observed, shapes
from views.context import (
    POSITIONS,
    history_reached,
    member,
    moment,
    named,
    parameters,
    system,
    unless_stopping,
    whole,
    workspace,
)
from views.problems import bad_request, not_found
from views.reads import positioned
from views.room import EVENTS_BYTES
from views.routes import WS, Route

LONG_POLL: Final = 60
"""Seconds that a request for events waits at most."""

EVENTS_LIMIT: Final = 1000

NOW: Final = ("min_position",)
EVENTS: Final = ("after", "limit", "wait", *NOW)
HISTORY: Final = ("cursor", "after", "limit", *NOW)
AUDIT: Final = ("task", "actor", "since", "until", "cursor", "limit", *NOW)


async def events(request: web.Request) -> web.StreamResponse:
    """Events after a position, as they stand in the log; `wait` holds the request until there are some.

    An answer may end before its limit: go on after its last event.
    """
    given = parameters(request, *EVENTS)
    name, _ = await workspace(request)
    after = whole(given, "after", 0, 0, POSITIONS)
    limit = whole(given, "limit", 100, 1, EVENTS_LIMIT)
    wait = whole(given, "wait", 0, 0, LONG_POLL)
    await history_reached(request, name)
    history = system(request).history
    if wait and history.position(name) <= after:
        observed.waits(request)
        await unless_stopping(request, system(request).history_positions.reach(name, after + 1, wait))
        member(request, name)  # who was removed meanwhile does not see what came
    items = list(_bounded(event.event for _, event in islice(history.stored(name, after), limit)))
    position = history.position(name)
    return positioned({"items": items, "position": position}, position)


def _bounded(events: Iterator[bytes]) -> Iterator[msgspec.Raw]:
    total = 0
    for event in events:
        total += len(event)
        yield msgspec.Raw(event)
        if total > EVENTS_BYTES:
            return


async def task_history(request: web.Request) -> web.StreamResponse:
    """The audit entries of a task, oldest first."""
    given = parameters(request, *HISTORY)
    name, _ = await workspace(request)
    task = named(request, "task")
    if system(request).state.state(name).task(task) is None:
        raise not_found("task", task)
    await history_reached(request, name)
    history = system(request).history
    limit = whole(given, "limit", PAGE_ITEMS, 1, PAGE_ITEMS)
    if "cursor" in given and "after" in given:
        raise bad_request("bad-parameter", "cursor and after mean the same here; give one of them.", parameter="after")
    found = history.of_task(name, task, whole(given, "cursor" if "cursor" in given else "after", 0, 0, POSITIONS))
    items, size = list[Entry](), 0
    for position, stored in islice(found, limit):
        items.append(history.entry(name, position, stored))
        size += len(stored.event)
        if size > EVENTS_BYTES:
            break
    cursor = str(items[-1].position) if next(found, None) else None
    return positioned(shapes.Audit(items, cursor, history.position(name)), history.position(name))


async def audit(request: web.Request) -> web.StreamResponse:
    """Audit entries, newest first, of a task, an actor or a time.

    An answer may have fewer entries than its limit, or none, and still a cursor: go on from there.
    """
    given = parameters(request, *AUDIT)
    name, _ = await workspace(request)
    await history_reached(request, name)
    history = system(request).history
    limit = whole(given, "limit", 50, 1, PAGE_ITEMS)
    before = whole(given, "cursor", 0, 0, POSITIONS) or None
    since, until = moment(given, "since"), moment(given, "until")
    wanted = Wanted(given.get("task"), given.get("actor"), since, until, before)
    items, on = await history.entries(name, wanted, limit)
    member(request, name)  # who was removed meanwhile sees nothing more
    cursor = None if on is None else str(on)
    return positioned(shapes.Audit(items, cursor, history.position(name)), history.position(name))


async def verify(request: web.Request) -> web.StreamResponse:
    """Recomputes the hash chain of the workspace's events, and compares its end with the log's and the state's."""
    parameters(request, *NOW)
    name, _ = await workspace(request)
    end = await system(request).known(name)
    if not await system(request).remembered(name):  # one whose tail was cut never gets as far as the state
        await history_reached(request, name)
    held, broken = await system(request).history.verify(name, end)
    member(request, name)  # who was removed meanwhile learns nothing more
    result = shapes.Verification(broken is None, held)
    if broken is not None:
        result.position, result.detail = broken.position, broken.detail
    return positioned(result, system(request).history.position(name))


ROUTES: Final = [
    Route("GET", f"{WS}/events", events, "Events from a position on", "history", shapes.Events,
          parameters=EVENTS, most=EVENTS_LIMIT),
    Route(
        "GET", f"{WS}/tasks/{{task}}/history", task_history, "What happened to a task", "history", shapes.Audit,
        parameters=HISTORY,
    ),
    Route("GET", f"{WS}/audit", audit, "Who changed what, and when", "history", shapes.Audit, parameters=AUDIT),
    Route("GET", f"{WS}/audit/verify", verify, "Check the hash chain", "history", shapes.Verification, parameters=NOW,
          name="verify_audit"),
]  # fmt: skip
