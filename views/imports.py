"""Import of a calendar file: each of its to-dos becomes commands, and the answer tells what became of each."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal

from aiohttp import web
from msgspec import Struct

from tasksys import checks
from tasksys.commands import AddSection, CommandRecord, CreateProject
from tasksys.ical import bounds
from tasksys.ical.destination import Destination
from tasksys.ical.lines import Component, NotACalendar, calendars, text_of
from tasksys.ical.plan import plan
from tasksys.ical.reading import KINDS, todo
from tasksys.ical.step import CREATE, SKIP, UPDATE, Action, Step
from tasksys.ical.times import Zones, zones
from tasksys.ical.todo import Todo
from tasksys.limits import COMMANDS_PER_BATCH
from tasksys.outcomes import Decided
from tasksys.refusals import sentence
from tasksys.rows import Project
from tasksys.values import UTC, Role, instant
from views.context import (
    BOUNDS,
    ID,
    POSITION_HEADER,
    answer,
    flag,
    identity,
    member,
    parameters,
    system,
    workspace,
)
from views.problems import Problem, bad_request, foreseen, not_found, refused
from views.routes import WS, Route
from views.sending import LONGEST_WAIT, record

TAKEN: Final = ("project", "dry_run")
CONTENT: Final = "text/calendar"

Status = Literal["planned", "done", "partly", "refused", "skipped", "pending", "unknown"]


class ImportProblem(Struct):
    """A command that was refused, or whose outcome is not known, and why."""

    command: str
    code: str
    detail: str


class ImportedItem(Struct):
    """What became of one component of the file, which begins on that line.

    `action` is what was meant to be done, and `reason` why nothing was. `partly` done is a task of which something was
    refused, such as a reminder whose time has passed; `problems` say what. `notes` are of what the file says and could
    not be taken. What is `pending` or `unknown` is best found out by the same import once more: it does nothing twice.
    """

    line: int
    uid: str
    title: str
    action: Action
    status: Status
    reason: str
    task: str | None
    series: str | None
    commands: int
    notes: list[str]
    problems: list[ImportProblem]


class Imported(Struct):
    """What became of a file, component by component, and how many tasks were made and changed."""

    items: list[ImportedItem]
    created: int
    updated: int
    skipped: int
    failed: int
    dry_run: bool
    position: int


@dataclass
class Doing:
    """A step, and what became of its commands so far."""

    step: Step
    main: Status = "done"
    problems: list[ImportProblem] = field(default_factory=list)
    decided: int = 0


async def post(request: web.Request) -> web.StreamResponse:
    """Takes over the to-dos (VTODO) of a calendar file, each by itself; events and other components are left out.

    A to-do that was imported before, known by its UID, is changed if its LAST-MODIFIED is later than the last change
    here, and else left alone, so that the same file twice makes nothing double. With `project` new tasks go there,
    otherwise to the project that the file names, if it names one. `dry_run` only tells what would be done.
    """
    given = parameters(request, *TAKEN)
    dry = flag(given, "dry_run")
    name, asking = await workspace(request)
    if not asking.role.may(Role.EDITOR):
        raise refused(checks.forbidden(asking, Role.EDITOR))
    raw = await _file(request)
    try:
        todos, others = await _read(request, text_of(raw))
    except NotACalendar as error:
        raise bad_request("bad-calendar", sentence(error)) from error
    steps = [*others, *await _planned(request, name, todos, given.get("project"))]
    doing = [Doing(one) for one in steps]
    if not dry:
        await _done(request, name, doing)
    member(request, name)
    position = system(request).state.position(name)
    found = _told(doing, dry, position)
    return answer(found, headers={POSITION_HEADER: str(position)})


async def _file(request: web.Request) -> bytes:
    """The body. Problems 415, 413 and 408."""
    if request.content_type != CONTENT:
        detail = f"Send the file as it is, with the header Content-Type: {CONTENT}."
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-calendar", detail, closing=True)
    raw = bytearray()
    try:
        async with asyncio.timeout(request.app[BOUNDS].body):
            async for part in request.content.iter_any():
                raw += part
                if len(raw) > bounds.FILE_BYTES:
                    detail = f"A calendar file has at most {bounds.FILE_BYTES:,} bytes; import it in parts."
                    raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail, closing=True)
    except TimeoutError as error:
        detail = f"The body did not come within {request.app[BOUNDS].body:.0f} s; send it faster or smaller."
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "body-timeout", detail, closing=True) from error
    except web.RequestPayloadError as error:
        detail = "The body cannot be read: it is not encoded as its Content-Encoding or Transfer-Encoding says."
        raise bad_request("bad-body", detail, closing=True) from error
    return bytes(raw)


async def _read(request: web.Request, text: str) -> tuple[list[Todo], list[Step]]:
    """The to-dos of the file, and steps that say why other components are left out. Raises NotACalendar."""
    over, found = system(request).state.over, list[tuple[Component, Zones]]()
    async for calendar in over(calendars(text)):
        if calendar is not None:
            known = zones(calendar)
            found += [(one, known) for one in calendar.components if one.name != "VTIMEZONE"]
    todos, others = list[Todo](), list[Step]()
    async for one in over(_todos(found)):
        if isinstance(one, Todo):
            todos.append(one)
        else:
            others.append(one)
    return todos, others


def _todos(found: list[tuple[Component, Zones]]) -> Iterator[Todo | Step]:
    for component, known in found:
        if component.name not in KINDS:
            yield Step(line=component.line, reason=f"{component.name} is no to-do (VTODO), and only those are imported")
            continue
        try:
            yield todo(component, known)
        except (ValueError, OverflowError) as error:
            yield Step(line=component.line, reason=str(error), notes=tuple(component.broken[: bounds.NOTES]))


async def _planned(request: web.Request, name: str, todos: list[Todo], project: str | None) -> list[Step]:
    """What is to be done, in that order."""
    reader, user = system(request).state, identity(request).user
    rows = [row async for row in reader.over(reader.all(name, Project)) if row.trashed_at is None]
    if project is not None and project not in {row.id for row in rows}:
        raise (
            not_found("project", project)
            if ID.fullmatch(project)
            else bad_request("bad-parameter", "project is the id of a project.", parameter="project")
        )
    rows.sort(key=lambda row: (row.order, row.id))
    target = Destination(name, user, reader.state(name), instant(datetime.now(UTC)), tuple(rows), project)

    def never(command: str) -> bool:
        return reader.outcome(name, user, command) is None

    steps = [one async for one in reader.over(plan(todos, target, never))]
    if (commands := sum(len(one.commands) for one in steps)) > bounds.COMMANDS:
        most = f"at most {bounds.COMMANDS:,} are done at once; import it in parts"
        raise bad_request("bad-calendar", f"The file comes to {commands:,} commands, and {most}.")
    return steps


async def _done(request: web.Request, name: str, doing: list[Doing]) -> None:
    """Sends the commands, a hundred at a time, in their order."""
    waiting = [(one, command) for one in doing for command in one.step.commands]
    for start in range(0, len(waiting), COMMANDS_PER_BATCH):
        batch = waiting[start : start + COMMANDS_PER_BATCH]
        records = [await record(request, name, command) for _, command in batch]
        decided = await system(request).gateway.submit_all(records, LONGEST_WAIT)
        for (one, _), sent, outcome in zip(batch, records, decided, strict=True):
            _note(one, sent, outcome)
        if isinstance(decided[-1], Exception):  # the log does not take them now: what follows is not even tried
            for one, command in waiting[start + COMMANDS_PER_BATCH :]:
                _note(one, CommandRecord(name, "", "", command), decided[-1])
            return


def _note(one: Doing, sent: CommandRecord, outcome: Decided | Exception | None) -> None:
    """Notes what became of a command: a task that could not be made spoils the step, anything else a part of it."""
    kind, problem = type(sent.command).__name__, None
    worst: Status = "done"
    one.decided += 1
    if isinstance(outcome, Exception):
        told = foreseen(outcome)
        assert told is not None
        problem, worst = ImportProblem(kind, told.code, told.detail), "unknown"
    elif outcome is None:
        problem, worst = ImportProblem(kind, "still-pending", "It is in the log, and will be decided."), "pending"
    elif outcome.outcome.refusal is not None:
        refusal = outcome.outcome.refusal
        problem, worst = ImportProblem(kind, refusal.code.value, refusal.detail), "refused"
    if problem is None:
        return
    main = (
        next(each for each in one.step.commands if not isinstance(each, CreateProject | AddSection)).id
        == sent.command.id
    )
    if one.main == "done" or main:
        one.main = worst if main or worst != "refused" else "partly"
    if len(one.problems) < bounds.NOTES:
        one.problems.append(problem)


def _told(doing: list[Doing], dry: bool, position: int) -> Imported:
    """What is answered."""
    items = []
    for one in sorted(doing, key=lambda one: one.step.line):
        step = one.step
        status: Status = "skipped" if step.action == SKIP else "planned" if dry else one.main
        items.append(
            ImportedItem(
                step.line, step.uid[:256], step.title, step.action, status, step.reason,
                step.task or None, step.series or None, len(step.commands), list(step.notes), one.problems,
            )
        )  # fmt: skip

    def count(action: str) -> int:
        return sum(item.action == action and item.status in ("planned", "done", "partly") for item in items)

    skipped = sum(item.action == SKIP for item in items)
    created, updated = count(CREATE), count(UPDATE)
    return Imported(items, created, updated, skipped, len(items) - skipped - created - updated, dry, position)


ROUTES: Final = [
    Route("POST", f"{WS}/import", post, "Import a calendar file", "calendar", Imported, body=str, takes=CONTENT,
          parameters=TAKEN, name="import_calendar"),
]  # fmt: skip
