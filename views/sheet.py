"""Tasks as rows of a spreadsheet: comma-separated values as RFC 4180 has them, in UTF-8, none of them run as a formula.

How a cell is written, and read back, is in `tasksys.exchange.cells`.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from tasksys.exchange.cells import written
from tasksys.values import When
from views.shapes import TaskShape


class Names(NamedTuple):
    """What a task's project and section are called; blank if it has none."""

    project: str
    section: str


Column = Callable[[TaskShape, Names], str]


def _or_blank(value: object) -> str:
    return "" if value is None else str(value)


def _moment(when: When | None) -> str:
    return "" if when is None else when.text


def _zone(when: When | None) -> str:
    return "" if when is None else when.zone or ""


COLUMNS: Final[dict[str, Column]] = {
    "id": lambda task, _: task.id,
    "title": lambda task, _: task.title,
    "status": lambda task, _: task.status.value,
    "priority": lambda task, _: task.priority.value,
    "start": lambda task, _: _moment(task.start),
    "start_zone": lambda task, _: _zone(task.start),
    "due": lambda task, _: _moment(task.due),
    "due_zone": lambda task, _: _zone(task.due),
    "estimate_minutes": lambda task, _: _or_blank(task.estimate_minutes),
    "labels": lambda task, _: "\n".join(task.labels),
    "assignees": lambda task, _: "\n".join(task.assignees),
    "project": lambda task, _: _or_blank(task.project),
    "project_name": lambda _, names: names.project,
    "section": lambda task, _: _or_blank(task.section),
    "section_name": lambda _, names: names.section,
    "parent": lambda task, _: _or_blank(task.parent),
    "order": lambda task, _: task.order,
    "description": lambda task, _: task.description,
    "checklist": lambda task, _: "\n".join(f"[{'x' if one.done else ' '}] {one.title}" for one in task.checklist),
    "links": lambda task, _: "\n".join(f"{one.type.value} {one.task}" for one in task.links),
    "created_by": lambda task, _: task.created_by,
    "created_at": lambda task, _: task.created_at,
    "updated_at": lambda task, _: task.updated_at,
    "completed_at": lambda task, _: _or_blank(task.completed_at),
    "trashed": lambda task, _: "true" if task.trashed else "false",
    "version": lambda task, _: str(task.version),
}
"""What is in each column. Several values in one cell stand on lines of their own: no label has line breaks in it."""


def head() -> str:
    """The first line: the names of the columns."""
    return line(COLUMNS)


def row(task: TaskShape, names: Names) -> str:
    """A task's line."""
    return line(column(task, names) for column in COLUMNS.values())


def line(cells: Iterable[str]) -> str:
    """A line of the file, with its end."""
    return ",".join(map(written, cells)) + "\r\n"
