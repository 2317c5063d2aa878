"""Reads of series: what they are, their occurrences in a range, and figures. They are written as `writes` lists it."""

import re
from datetime import datetime, time
from itertools import islice, takewhile
from typing import Annotated, Any, Final, NamedTuple

from aiohttp import web
from msgspec import Meta, Struct

from tasksys.recurrence import Kind
from tasksys.rows import Occurrence, Series, Task
from tasksys.series.figures import Figures, figures
from tasksys.series.rules import Times, times_of
from tasksys.series.shapes import Override, SeriesState
from tasksys.state import State
from tasksys.values import DATE, LOCAL, RFC3339, When
from views import reads, series_shapes
from views.context import flag, member, named, parameters, system, whole, workspace
from views.problems import bad_request, not_found
from views.routes import WS, Route

SERIES: Final = f"{WS}/series/{{series}}"
LISTED: Final = ("ended", *reads.LISTED)
RANGE: Final = ("from", "to", "limit", "cursor", *reads.NOW)
MOST: Final = 200
LOOKED_AT: Final = 1000
"""Occurrences that figures are made of."""


class SeriesPage(Struct):
    """A page of series, oldest first; `next_cursor` is null on the last one."""

    items: list[series_shapes.SeriesShape]
    next_cursor: str | None
    position: int


Became = Annotated[
    str,
    Meta(
        description="`planned`, or what became of it: the status of its task, `skipped`, `missed`, `trashed`",
        examples=["planned"],
    ),
]


class SeriesOccurrence(Struct):
    """An occurrence: by its original time, with its due value, the instant of that, and its task if it is one yet."""

    occurrence: str
    due: When
    instant: str
    state: Became
    task: str | None
    title: str


class SeriesOccurrences(Struct):
    """Occurrences in the order of their original times; `next_cursor` is null where there are no more in the range."""

    items: list[SeriesOccurrence]
    next_cursor: str | None
    position: int


async def series(request: web.Request) -> web.StreamResponse:
    """A page of the series that go on or are paused, oldest first; `ended=true` shows those that have ended instead."""
    given = parameters(request, *LISTED)
    name, _ = await workspace(request)
    ended = flag(given, "ended")
    items, cursor, position = await reads.page(
        request, name, given, Series, lambda row: (row.state is SeriesState.ENDED) is ended
    )
    state = system(request).state.state(name)
    return reads.positioned(
        SeriesPage([series_shapes.series(row, name, state) for row in items], cursor, position), position
    )


async def one_series(request: web.Request) -> web.StreamResponse:
    """A series."""
    parameters(request, *reads.NOW)
    name, row, state = await _series(request)
    return reads.positioned(series_shapes.series(row, name, state), system(request).state.position(name), row.version)


async def statistics(request: web.Request) -> web.StreamResponse:
    """What became of its newest thousand occurrences: done, late, skipped, missed, in a row."""
    parameters(request, *reads.NOW)
    name, row, state = await _series(request)
    reader = system(request).state
    position, found = reader.position(name), reader.all(name, Occurrence, f"{row.id}/", reverse=True)
    kept = [
        (one, None if one.task is None else state.task(one.task)) async for one in reader.over(islice(found, LOOKED_AT))
    ]
    member(request, name)  # who was removed meanwhile does not see what was found
    return reads.positioned(figures(reversed(kept), times_of(row, state)), position)


class Range(NamedTuple):
    """Original times from one on, and before another, of a series' kind; after a cursor."""

    start: str
    end: str
    after: str


async def occurrences(request: web.Request) -> web.StreamResponse:
    """The occurrences in a range: those that something has become of, and those to come, at most a page of them.

    `from` and `to` are dates, local times of the series, or instants; without them all, from the first one on. Of a
    series after completion only those that are known: what follows depends on when this one is done.
    """
    given = parameters(request, *RANGE)
    name, row, state = await _series(request)
    limit, times = whole(given, "limit", 50, 1, MOST), times_of(row, state)
    wanted = _range(given, times)
    reader = system(request).state
    position = reader.position(name)
    rows = reader.all(name, Occurrence, f"{row.id}/", f"{row.id}/{max(wanted.start, wanted.after)}")
    became = takewhile(lambda one: one.original < wanted.end, (one for one in rows if one.original != wanted.after))
    past = [_became(one, times, state) async for one in reader.over(islice(became, limit + 1))]
    member(request, name)
    known = {one.occurrence for one in past}
    coming = (_planned(one, row, times) for one in _coming(row, times, wanted, limit + 1) if one not in known)
    found = sorted([*past, *coming], key=lambda one: one.occurrence)[: limit + 1]
    items = found[:limit]
    cursor = items[-1].occurrence if len(found) > limit else None
    return reads.positioned(SeriesOccurrences(items, cursor, position), position)


async def _series(request: web.Request) -> tuple[str, Series, State]:
    name, _ = await workspace(request)
    state = system(request).state.state(name)
    row = state.series(named(request, "series"))
    if row is None:
        raise not_found("series", named(request, "series"))
    return name, row, state


def _coming(row: Series, times: Times, wanted: Range, most: int) -> list[str]:
    """The first occurrences of the range that are to come."""
    if row.next is None or row.state is not SeriesState.ACTIVE:
        return []
    if row.after_completion:
        return [row.next] if wanted.start <= row.next < wanted.end and row.next > wanted.after else []
    begin = max(row.next, wanted.start, wanted.after)
    found = (
        one for one in times.between(datetime.fromisoformat(begin), None) if one != wanted.after and one >= wanted.start
    )
    return [one for one in islice(found, most) if one < wanted.end]


def _became(one: Occurrence, times: Times, state: State) -> SeriesOccurrence:
    task = None if one.task is None else state.task(one.task)
    due = times.when(one.original)
    if task is None:
        return SeriesOccurrence(one.original, due, times.instant(due), "skipped" if one.skipped else "missed", None, "")
    due = task.due or due
    return SeriesOccurrence(one.original, due, times.instant(due), _state(task), task.id, task.title)


def _state(task: Task) -> str:
    return "trashed" if task.trashed_at is not None else task.status.value


def _planned(original: str, row: Series, times: Times) -> SeriesOccurrence:
    override = row.override(original) or Override(original)
    due = override.due or times.when(original)
    title = override.fields.title if isinstance(override.fields.title, str) else row.template.title
    state = "skipped" if override.skipped else "planned"
    return SeriesOccurrence(original, due, times.instant(due), state, None, title)


CURSOR: Final = re.compile(f"{DATE.pattern}|{LOCAL.pattern}", re.ASCII)


def _range(given: dict[str, str], times: Times) -> Range:
    after = given.get("cursor", "")
    try:
        if after and not CURSOR.fullmatch(after):
            raise ValueError
        if after:
            datetime.fromisoformat(after)  # there are days and times that look like one, but are none
    except ValueError:
        detail = "This is not a cursor that a page gave; send next_cursor as it came, or none to begin again."
        raise bad_request("cursor-syntax", detail, parameter="cursor") from None
    return Range(_bound(given, "from", times) or "", _bound(given, "to", times) or "~", after)


def _bound(given: dict[str, str], name: str, times: Times) -> str | None:
    """A bound as an original time of the series."""
    text = given.get(name)
    if text is None:
        return None
    try:
        if RFC3339.fullmatch(text):
            local = datetime.fromisoformat(text.upper()).astimezone(times.zone).replace(tzinfo=None)
        elif CURSOR.fullmatch(text):
            local = datetime.fromisoformat(text)
        else:
            raise ValueError
    except (ValueError, OverflowError):
        detail = f"`{name}` takes a date (2026-03-08), a local time (2026-03-08T09:00) or an instant with its offset."
        raise bad_request("bad-parameter", detail, parameter=name) from None
    if times.anchor.kind is Kind.DATE and name == "to" and local.time() != time.min:
        return times.anchor.text(local) + "~"
    return times.anchor.text(local.replace(microsecond=0))


ROUTES: Final[list[Any]] = [
    Route("GET", f"{WS}/series", series, "Series", "series", SeriesPage, parameters=LISTED),
    Route("GET", SERIES, one_series, "A series", "series", series_shapes.SeriesShape, parameters=reads.NOW,
          name="get_series"),
    Route(
        "GET", f"{SERIES}/occurrences", occurrences, "Occurrences of a series in a range", "series",
        SeriesOccurrences, parameters=RANGE, name="list_series_occurrences",
    ),
    Route("GET", f"{SERIES}/statistics", statistics, "What became of a series' occurrences", "series", Figures,
          parameters=reads.NOW, name="get_series_statistics"),
]  # fmt: skip
