"""The calendar of a workspace, for programs that subscribe to one, and its secret addresses."""

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterator
from heapq import nsmallest
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from aiohttp import web
from msgspec import Struct

from tasksys import places
from tasksys.commands import RenewCalendarToken
from tasksys.ical import bounds
from tasksys.ical.calendar import Feed, View
from tasksys.ical.series import GONE, WholeSeries
from tasksys.ical.todos import Whole
from tasksys.rows import Comment, Member, Occurrence, Project, Reminder, Section, Series, Task
from tasksys.series.shapes import SeriesState
from tasksys.state import State
from tasksys.values import CLOSED
from views.context import (
    CALENDAR_TOKENS,
    POSITION_HEADER,
    answer,
    body,
    member,
    named,
    one_of,
    parameters,
    system,
    workspace,
)
from views.decoding import read
from views.export import inherited
from views.outcomes import pending_shape
from views.routes import WS, Route
from views.sending import REPLAYED_HEADER, complete, send

PUBLIC: Final = web.AppKey("public_url", str)
"""How others reach the server; blank for the address that a request came to."""

SHOWN: Final = ("token", "view", "min_position")
CONTENT: Final = "text/calendar"


class CalendarAddresses(Struct):
    """Secret addresses of the caller's calendar of a workspace: whoever has one can read it, and nothing else.

    `todos` has tasks as to-dos, `events` those that are due as events, for programs that show no to-dos.
    """

    todos: str
    events: str


class Chosen(NamedTuple):
    """The tasks that a calendar shows, and how many there are that it does not."""

    ids: frozenset[str]
    left_out: int


async def feed(request: web.Request) -> web.StreamResponse:
    """The tasks as a calendar (RFC 5545), for programs that subscribe to it.

    With a token as `GET …/calendar-token` gives, nothing else says who asks. If-None-Match is answered 304 while
    nothing has changed. What is in the trash is not in it. Of more than 10,000 tasks, those are left out first that
    were closed longest ago, and what comes after 8 MiB is left out too; X-TASKSYS-LEFT-OUT says how many.
    """
    given = parameters(request, *SHOWN)
    view = one_of(given, "view", View) or View.TODOS
    name, asking = await workspace(request)
    reader = system(request).state
    position = reader.position(name)
    tag = _tag(position, view, asking.user)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", POSITION_HEADER: str(position)}
    if tag in [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]:
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    row = reader.state(name).workspace
    assert row is not None
    # Every snapshot is taken here, before anything is awaited.
    found, first, again, more, whole = reader.all(name, Project), *(reader.all(name, Task) for _ in range(4))
    reminders, comments = reader.all(name, Reminder), reader.all(name, Comment)
    repeating, passed = reader.all(name, Series), reader.all(name, Occurrence)
    above = await inherited(reader.over, [one async for one in reader.over(found)], first, again)
    chosen = await _chosen(request, above, more)
    remind, remarks = defaultdict[str, list[Reminder]](list), defaultdict[str, deque[Comment]](_newest)
    async for one in reader.over(reminders):
        if one.task in chosen.ids:
            remind[one.task].append(one)
    if view is View.TODOS:
        async for remark in reader.over(comments):
            if remark.task in chosen.ids:
                remarks[remark.task].append(remark)
    made = Feed(row, asking.user, view, chosen.left_out)
    series = await _series(request, above, repeating, passed)
    async for each in reader.over(series.values()):
        if each.series.state is not SeriesState.ENDED:
            async for _ in reader.over(made.add_series(each, reader.state(name))):
                pass
    async for task in reader.over(whole):
        if task.id in chosen.ids:
            of = series.get(task.series or "")
            made.add(_whole(task, of, above, remind.get(task.id, []), list(remarks.get(task.id, ()))))
    member(request, name)  # who was removed meanwhile does not see what was found
    headers["Content-Disposition"] = f'inline; filename="{name}.ics"'
    return web.Response(body=made.whole(), content_type=CONTENT, charset="utf-8", headers=headers)


def _tag(position: int, view: View, user: str) -> str:
    """The calendar is the same as long as this is: for one user, of one release."""
    said = f"{position} {view} {user} {version('tasksys')}"
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def _newest() -> deque[Comment]:
    return deque(maxlen=bounds.COMMENTS)


async def _chosen(request: web.Request, above: State, tasks: Any) -> Chosen:
    """Those that are not in the trash; if these are too many, first those that are open, then the last ones closed."""
    live = []
    async for task in system(request).state.over(tasks):
        if not places.in_trash(task, above):
            at = int("".join(filter(str.isdigit, task.completed_at or "")) or 0)
            live.append((task.status in CLOSED, -at, task.id))
    kept = live if len(live) <= bounds.FEED_COMPONENTS else nsmallest(bounds.FEED_COMPONENTS, live)
    return Chosen(frozenset(identifier for _, _, identifier in kept), len(live) - len(kept))


async def _series(
    request: web.Request, above: State, rows: Iterator[Series], passed: Iterator[Occurrence]
) -> dict[str, WholeSeries]:
    """The series by their ids, each with the occurrences of which there is no task."""
    over, gone = system(request).state.over, defaultdict[str, deque[Occurrence]](_last_gone)
    async for one in over(passed):
        if one.task is None:
            gone[one.series].append(one)
    return {
        row.id: WholeSeries(
            row, *_place(row.template.project, row.template.section, above), tuple(gone.get(row.id, ()))
        )
        async for row in over(rows)
    }


def _last_gone() -> deque[Occurrence]:
    return deque(maxlen=GONE)


def _place(project: str | None, section: str | None, above: State) -> tuple[Project | None, Section | None]:
    """The project and the section of those ids, where they are."""
    row = above.project(project) if project is not None else None
    part = row.section(section) if row and section is not None else None
    return row, None if part is None or part.removed else part


def _whole(
    task: Task, series: WholeSeries | None, above: State, reminders: list[Reminder], comments: list[Comment]
) -> Whole:
    place, remarks = (
        _place(task.project, task.section, above),
        sorted(comments, key=lambda one: (one.created_at, one.id)),
    )
    return Whole(task, series.series if series else None, *place, reminders, remarks)


async def addresses(request: web.Request) -> web.StreamResponse:
    """The secret addresses of the caller's calendar, for programs that can send no headers.

    Keep them like a password. They stop working when they are renewed, and when the caller leaves the workspace.
    """
    parameters(request)
    name = named(request, "ws")
    return answer(_addresses(request, name, member(request, name)))


async def renew(request: web.Request) -> web.StreamResponse:
    """Other addresses of the caller's calendar; the former stop working, wherever they were given to."""
    parameters(request)
    name = named(request, "ws")
    member(request, name)
    command = complete(request, name, read(RenewCalendarToken, await body(request)))
    decided = await send(request, name, command)
    if decided is None:
        location = {"Location": f"/api/v1/workspaces/{name}/commands/{command.id}"}
        return answer(pending_shape(command.id), HTTPStatus.ACCEPTED, location)
    headers = {POSITION_HEADER: str(decided.outcome.position)} | ({REPLAYED_HEADER: "true"} if decided.replayed else {})
    return answer(_addresses(request, name, member(request, name)), headers=headers)


def _addresses(request: web.Request, name: str, asking: Member) -> CalendarAddresses:
    token = request.app[CALENDAR_TOKENS].token(name, asking)
    base = request.app[PUBLIC] or f"{request.scheme}://{request.host}"
    address = f"{base}/api/v1/workspaces/{name}/calendar.ics?token={quote(token)}"
    return CalendarAddresses(address, f"{address}&view=events")


TOKEN: Final = f"{WS}/calendar-token"

ROUTES: Final = [
    Route("GET", f"{WS}/calendar.ics", feed, "The tasks as a calendar", "calendar", str, parameters=SHOWN,
          tells=("ETag", "Content-Disposition"), name="get_calendar", content_type=CONTENT,
          wrong=(HTTPStatus.CONFLICT,)),
    Route("GET", TOKEN, addresses, "Secret addresses of the calendar", "calendar", CalendarAddresses,
          name="get_calendar_addresses", wrong=(HTTPStatus.CONFLICT,)),
    Route("POST", TOKEN, renew, "Make other addresses of the calendar", "calendar", CalendarAddresses,
          body=RenewCalendarToken, write=True, name="renew_calendar_addresses"),
]  # fmt: skip
