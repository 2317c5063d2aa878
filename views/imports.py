"""Import of files: each thing of one becomes commands, and the answer tells what became of each."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Literal

from aiohttp import web
from msgspec import Struct

from tasksys import checks
from tasksys.commands import AddSection, CommandRecord, CreateProject
from tasksys.exchange import bounds
from tasksys.exchange.plan import in_sequence
from tasksys.ical.step import CREATE, SKIP, UPDATE, Action, Kind, Step
from tasksys.limits import COMMANDS_PER_BATCH, TITLE_CHARACTERS
from tasksys.outcomes import Decided
from tasksys.values import Role
from views import import_formats
from views.context import (
    BOUNDS,
    FILE,
    POSITION_HEADER,
    answer,
    flag,
    member,
    parameters,
    system,
    workspace,
)
from views.forwarding.bodies import KEPT
from views.import_formats import Format, Sent
from views.problems import Problem, body_errors, foreseen, refused
from views.routes import WS, Route
from views.sending import LONGEST_WAIT, record, submit_all

TAKEN: Final = ("format", "project", "project_name", "mapping", "dry_run")

Status = Literal["planned", "done", "partly", "refused", "skipped", "pending", "unknown"]


class ImportProblem(Struct):
    """A command that was refused, or whose outcome is not known, and why."""

    command: str
    code: str
    detail: str


class ImportedItem(Struct):
    """What became of one thing of the file, which begins on that line; in JSON `line` counts its things.

    `action` is what was meant to be done, and `reason` why nothing was. `partly` done is a task of which something was
    refused, such as a reminder whose time has passed; `problems` say what. `notes` are of what the file says and could
    not be taken. What is `pending` or `unknown` is best found out by the same import once more: it does nothing twice.
    """

    line: int
    kind: Kind
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
    """What became of a file, thing by thing, and how many were made and changed. `format` is what it was read as."""

    format: Format
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
    """Takes over a file: a calendar, our own export (JSON or CSV), any spreadsheet, or a template of Todoist's.

    The format is that of the Content-Type (text/calendar, application/json, text/csv), or `format`. Of a calendar, its
    to-dos (VTODO) are taken. A spreadsheet needs a column for the title; columns are known by their names, or by
    `mapping`, and its delimiter and encoding are found out.

    What is here already is left alone, so that the same file twice makes nothing double; a to-do of a calendar is
    changed if its LAST-MODIFIED is later than the last change here. With `project` new tasks go there, otherwise to the
    projects that the file names. What cannot be understood is told, line by line. `dry_run` only tells what would be
    done.
    """
    given = parameters(request, *TAKEN)
    dry = flag(given, "dry_run")
    name, asking = await workspace(request)
    if not asking.role.may(Role.EDITOR):
        raise refused(checks.forbidden(asking, Role.EDITOR))
    format, mapping = import_formats.format_of(request, given), import_formats.mapping_of(given)
    raw = await _file(request, import_formats.room(format))
    sent = Sent(raw, format, given.get("project"), given.get("project_name", ""), mapping)
    steps, format = await import_formats.planned(request, name, sent)
    doing = [Doing(one) for one in steps]
    if not dry:
        await _done(request, name, doing)
    member(request, name)
    position = system(request).state.position(name)
    found = _told(doing, format, dry, position)
    return answer(found, headers={POSITION_HEADER: str(position)})


async def _file(request: web.Request, room: int) -> bytes:
    """The body. Problems 413 and 408."""
    kept: bytes | None = request.get(FILE)
    if kept is not None:
        if len(kept) > room:
            raise _too_large(room)
        return kept
    raw = bytearray()
    with body_errors(request.app[BOUNDS].body):
        async with asyncio.timeout(request.app[BOUNDS].body):
            async for part in request.content.iter_any():
                raw += part
                if len(raw) > room:
                    raise _too_large(room)
    if len(raw) <= KEPT:  # so that another worker can be asked for it, should the workspace move now
        request[FILE] = bytes(raw)
    return bytes(raw)


def _too_large(room: int) -> Problem:
    detail = f"Such a file has at most {room:,} bytes; import it in parts."
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail, closing=True)


async def _done(request: web.Request, name: str, doing: list[Doing]) -> None:
    """Sends the commands, a hundred at a time, in their order."""
    waiting = [(doing[number], command) for number, command in in_sequence([one.step for one in doing])]
    for start in range(0, len(waiting), COMMANDS_PER_BATCH):
        batch = waiting[start : start + COMMANDS_PER_BATCH]
        records = [await record(request, name, command) for _, command in batch]
        decided = await submit_all(request, records, LONGEST_WAIT, named=FILE in request)
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
    commands = (*one.step.commands, *one.step.later)
    main = next((each for each in commands if not isinstance(each, CreateProject | AddSection)), commands[0])
    main = commands[0] if one.step.kind == "project" else main
    spoilt = main.id == sent.command.id
    if one.main == "done" or spoilt:
        one.main = worst if spoilt or worst != "refused" else "partly"
    if len(one.problems) < bounds.NOTES:
        one.problems.append(problem)


def _told(doing: list[Doing], format: Format, dry: bool, position: int) -> Imported:
    """What is answered."""
    items = []
    for one in sorted(doing, key=lambda one: one.step.line):
        step = one.step
        status: Status = "skipped" if step.action == SKIP else "planned" if dry else one.main
        items.append(
            ImportedItem(
                step.line, step.kind, step.uid[:256], step.title[:TITLE_CHARACTERS], step.action, status, step.reason,
                step.task or None, step.series or None, len(step.commands) + len(step.later), list(step.notes),
                one.problems,
            )
        )  # fmt: skip

    def count(action: str) -> int:
        return sum(item.action == action and item.status in ("planned", "done", "partly") for item in items)

    skipped = sum(item.action == SKIP for item in items)
    created, updated = count(CREATE), count(UPDATE)
    return Imported(format, items, created, updated, skipped, len(items) - skipped - created - updated, dry, position)


ROUTES: Final = [
    Route("POST", f"{WS}/import", post, "Import a file", "exchange", Imported, body=str,
          takes=tuple(import_formats.BY_CONTENT), parameters=TAKEN, name="import_file"),
]  # fmt: skip
