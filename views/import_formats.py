"""What files can be imported: which format a file is of, and from each to the steps of its plan."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal, NamedTuple, TypeVar, get_args

import msgspec
from aiohttp import web

from tasksys.exchange import bounds
from tasksys.exchange.csv_tasks import Spreadsheet
from tasksys.exchange.errors import Unreadable
from tasksys.exchange.export import Export, document
from tasksys.exchange.plan import plan
from tasksys.exchange.sheets import Sheet, sheet
from tasksys.exchange.todoist import Template, is_template
from tasksys.exchange.wanted import Wanted
from tasksys.ical import bounds as of_calendars
from tasksys.ical import plan as calendars_plan
from tasksys.ical.destination import Destination
from tasksys.ical.lines import Component, NotACalendar, calendars, text_of
from tasksys.ical.reading import KINDS, todo
from tasksys.ical.step import Step
from tasksys.ical.times import Zones, zones
from tasksys.ical.todo import Todo
from tasksys.refusals import sentence
from tasksys.rows import Project
from tasksys.values import UTC, instant
from views.context import ID, identity, system
from views.problems import Problem, bad_request, not_found

T = TypeVar("T")

Format = Literal["ics", "json", "csv", "todoist"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
BY_CONTENT: Final[dict[str, Format]] = {"text/calendar": "ics", "application/json": "json", "text/csv": "csv"}
"""The format that a content type says; whether a spreadsheet is a template of Todoist's, its first row says."""


class Sent(NamedTuple):
    """A file, its format, and how it is to be read: into which project, which column is which field."""

    raw: bytes
    format: Format
    project: str | None = None
    project_name: str = ""
    mapping: dict[str, str] | None = None


def format_of(request: web.Request, given: dict[str, str]) -> Format:
    """The format of a request's body. Problems 400 and 415."""
    if "format" in given:
        if (found := next((one for one in FORMATS if one == given["format"]), None)) is None:
            raise bad_request("bad-parameter", f"format is one of {', '.join(FORMATS)}.", parameter="format")
        return found
    by_content = BY_CONTENT.get(request.content_type)
    if by_content is None or "Content-Type" not in request.headers:
        detail = f"Send the file as it is, with ?format= or a Content-Type of {', '.join(BY_CONTENT)}."
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unknown-format", detail, closing=True)
    return by_content


def mapping_of(given: dict[str, str]) -> dict[str, str] | None:
    """Which column is which field, as the parameter says it. Problem 400."""
    if "mapping" not in given:
        return None
    try:
        return msgspec.json.decode(given["mapping"], type=dict[str, str])
    except (msgspec.MsgspecError, RecursionError) as error:
        detail = 'mapping is JSON of fields and columns, such as {"title": "Task name"}.'
        raise bad_request("bad-parameter", detail, parameter="mapping") from error


def room(format: Format) -> int:
    """How many bytes a file of the format has at most."""
    return of_calendars.FILE_BYTES if format == "ics" else bounds.FILE_BYTES


async def planned(request: web.Request, name: str, sent: Sent) -> tuple[list[Step], Format]:
    """What is to be done, in that order, and what the file was read as. Problems 400 and 404."""
    into = await _destination(request, name, sent.project)
    try:
        match sent.format:
            case "ics":
                steps = await _of_calendar(request, name, sent, into)
            case "json":
                steps = await _of_export(request, name, sent, into)
            case _:
                found = sheet(sent.raw)
                if sent.format == "csv" and sent.mapping is None and is_template(found.columns):
                    sent = sent._replace(format="todoist")
                steps = await _of_rows(request, name, sent, found, into)
    except NotACalendar as error:
        raise bad_request("bad-calendar", sentence(error)) from error
    except Unreadable as error:
        raise bad_request("bad-import", sentence(error)) from error
    most = of_calendars.COMMANDS if sent.format == "ics" else bounds.COMMANDS
    if (commands := sum(len(one.commands) + len(one.later) for one in steps)) > most:
        detail = f"The file comes to {commands:,} commands, and at most {most:,} are done at once; import it in parts."
        raise bad_request("bad-calendar" if sent.format == "ics" else "bad-import", detail)
    return steps, sent.format


async def _destination(request: web.Request, name: str, project: str | None) -> Destination:
    reader = system(request).state
    rows = [row async for row in reader.over(reader.all(name, Project)) if row.trashed_at is None]
    if project is not None and project not in {row.id for row in rows}:
        raise (
            not_found("project", project)
            if ID.fullmatch(project)
            else bad_request("bad-parameter", "project is the id of a project.", parameter="project")
        )
    rows.sort(key=lambda row: (row.order, row.id))
    user = identity(request).user
    return Destination(name, user, reader.state(name), instant(datetime.now(UTC)), tuple(rows), project)


async def _all(request: web.Request, items: Iterable[T]) -> list[T]:
    """The items; others get their turn meanwhile."""
    return [one async for one in system(request).state.over(items)]


def _never(request: web.Request, workspace: str) -> Callable[[str], bool]:
    """Whether the caller's command of an id was never decided."""
    user, state = identity(request).user, system(request).state
    return lambda command: state.outcome(workspace, user, command) is None


async def _of_calendar(request: web.Request, name: str, sent: Sent, into: Destination) -> list[Step]:
    """Raises NotACalendar."""
    found = list[tuple[Component, Zones]]()
    for calendar in await _all(request, calendars(text_of(sent.raw))):
        if calendar is not None:
            known = zones(calendar)
            found += [(one, known) for one in calendar.components if one.name != "VTIMEZONE"]
    read = await _all(request, _todos(found))
    todos = [one for one in read if isinstance(one, Todo)]
    others = [one for one in read if isinstance(one, Step)]
    return [*others, *await _all(request, calendars_plan.plan(todos, into, _never(request, name)))]


def _todos(found: list[tuple[Component, Zones]]) -> Iterator[Todo | Step]:
    for component, known in found:
        if component.name not in KINDS:
            yield Step(line=component.line, reason=f"{component.name} is no to-do (VTODO), and only those are imported")
            continue
        try:
            yield todo(component, known)
        except (ValueError, OverflowError) as error:
            notes = tuple(component.broken[: of_calendars.NOTES])
            yield Step(line=component.line, reason=str(error), notes=notes)


async def _of_export(request: web.Request, name: str, sent: Sent, into: Destination) -> list[Step]:
    """Raises Unreadable."""
    export = Export(document(sent.raw), into)
    broken = [one for one in await _all(request, export.read()) if one is not None]
    return [*broken, *await _all(request, export.steps(_never(request, name)))]


async def _of_rows(request: web.Request, name: str, sent: Sent, found: Sheet, into: Destination) -> list[Step]:
    """Raises Unreadable."""
    template = sent.format == "todoist"
    reader = Template(found, into, sent.project_name) if template else Spreadsheet(found, into, sent.mapping)
    rows = await _all(request, reader.read())
    wanted = [one for one in rows if isinstance(one, Wanted)]
    said = [one for one in rows if isinstance(one, Step)]
    never = _never(request, name)
    return [*said, *reader.places.steps(never), *await _all(request, plan(wanted, into, never))]
