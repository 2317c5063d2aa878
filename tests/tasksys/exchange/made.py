"""Exports of worlds, and imports into worlds, without a server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from msgspec import structs

from tasksys import codec, filters
from tasksys.exchange.csv_tasks import Spreadsheet
from tasksys.exchange.export import Export, document
from tasksys.exchange.places import Places
from tasksys.exchange.plan import in_sequence, plan
from tasksys.exchange.sheets import sheet
from tasksys.exchange.todoist import Template
from tasksys.exchange.wanted import Wanted
from tasksys.ical.destination import Destination
from tasksys.ical.step import Step
from tasksys.refusals import Refusal
from tasksys.rows import Comment, Member, Occurrence, Project, Reminder, Row, SavedFilter, Series, Task
from tests.support.domain import OWNER, WORKSPACE, World
from views import series_shapes, shapes
from views import sheet as written

R = TypeVar("R", bound=Row)
AT = "2026-03-08T09:30:00.000Z"


def rows_of(world: World, kind: type[R]) -> list[R]:
    """The rows of that kind, by their keys, as a reader gives them."""
    return [row for _, row in sorted(world.rows().items()) if isinstance(row, kind)]


def exported(world: World, user: str = OWNER) -> bytes:
    """What `export.json` answers."""
    state, row = world.state, world.workspace()
    found = shapes.Export(
        row.position,
        shapes.workspace(row, world.member(user).role),
        [shapes.member(one) for one in rows_of(world, Member)],
        [shapes.project(one, WORKSPACE) for one in rows_of(world, Project)],
        [shapes.task(one, WORKSPACE, state) for one in rows_of(world, Task)],
        [shapes.comment(one) for one in rows_of(world, Comment)],
        [shapes.reminder(one, state) for one in rows_of(world, Reminder)],
        [series_shapes.series(one, WORKSPACE, state) for one in rows_of(world, Series)],
        [series_shapes.occurrence(one) for one in rows_of(world, Occurrence)],
        [shapes.saved_filter(one, WORKSPACE) for one in rows_of(world, SavedFilter) if filters.visible(one, user)],
    )
    return codec.encode_json(found)


def exported_csv(world: World) -> bytes:
    """What `export.csv` answers."""
    lines = [written.head()]
    for row in rows_of(world, Task):
        task = shapes.task(row, WORKSPACE, world.state)
        project = world.state.project(task.project or "")
        section = project.section(task.section or "") if project else None
        names = written.Names(project.name if project else "", section.name if section else "")
        lines.append(written.row(task, names))
    return "".join(lines).encode()


def target(world: World, project: str | None = None, actor: str = OWNER, at: str = "") -> Destination:
    """Where a file is imported to."""
    projects = tuple(row for row in rows_of(world, Project) if row.trashed_at is None)
    return Destination(WORKSPACE, actor, world.state, at or max(world.workspace().at, world.now), projects, project)


ANSWERED: WeakKeyDictionary[World, set[str]] = WeakKeyDictionary()


def decided(world: World) -> set[str]:
    """The ids of the commands that imports have given, whatever came of them."""
    return ANSWERED.setdefault(world, set())


def of_export(raw: bytes, world: World, project: str | None = None) -> list[Step]:
    """The steps of an export."""
    export = Export(document(raw), target(world, project))
    broken = [one for one in export.read() if one is not None]
    known = decided(world)
    return [*broken, *export.steps(lambda command: command not in known)]


def of_rows(read: Iterable[Wanted | Step | None], places: Places, world: World, into: Destination) -> Iterator[Step]:
    """The steps of what rows want."""
    found = list(read)
    known = decided(world)
    yield from (one for one in found if isinstance(one, Step))
    yield from places.steps(lambda command: command not in known)
    yield from plan([one for one in found if isinstance(one, Wanted)], into, lambda command: command not in known)


def of_csv(raw: bytes | str, world: World, project: str | None = None, mapping: Any = None) -> list[Step]:
    """The steps of a spreadsheet."""
    into = target(world, project)
    reader = Spreadsheet(sheet(raw.encode() if isinstance(raw, str) else raw), into, mapping)
    return list(of_rows(reader.read(), reader.places, world, into))


def of_todoist(raw: bytes | str, world: World, project: str | None = None, named: str = "") -> list[Step]:
    """The steps of a template of Todoist's."""
    into = target(world, project)
    reader = Template(sheet(raw.encode() if isinstance(raw, str) else raw), into, named)
    return list(of_rows(reader.read(), reader.places, world, into))


def done(steps: list[Step], world: World, actor: str = OWNER, only: int | None = None) -> list[tuple[Any, Refusal]]:
    """Does what the steps say (the first `only` commands of it): what was refused, and why."""
    refused = []
    for _, command in list(in_sequence(steps))[:only]:
        answer = world.when(command, actor)
        decided(world).add(command.id)
        if isinstance(answer, Refusal):
            refused.append((command, answer))
    return refused


def said(raw: bytes) -> dict[str, Any]:
    """What an export says that commands can say: not who wrote what and when, and not how often."""
    found = json.loads(raw)
    for kind in ("position", "workspace", "members"):
        del found[kind]
    for things in found.values():
        for thing in things:
            for name in UNSAID:
                thing.pop(name, None)
            if thing.get("trashed_at"):
                thing["trashed_at"] = "then"
            if "links" in thing:
                thing["links"].sort(key=lambda one: (one["type"], one["task"]))
    return {kind: sorted(things, key=lambda one: json.dumps(one, sort_keys=True)) for kind, things in found.items()}


UNSAID = (
    "created_at", "created_by", "updated_at", "completed_at", "version", "position", "author", "edited_at", "postponed",
    "fired_at", "late_by_seconds", "snoozed_from", "next_at",
)  # fmt: skip


def alone(step: Step) -> Step:
    """A step without the ids of its commands."""
    return structs.replace(step, commands=tuple(structs.replace(one, id="") for one in step.commands))
