"""The fields a filter may name, what kind of value each has, and where an entry holds it."""

from enum import Enum, auto
from typing import Final

from msgspec import Struct


class Kind(Enum):
    """What a field's value is, which decides its operators and literals."""

    STATUS = auto()
    PRIORITY = auto()
    FLAG = auto()
    NUMBER = auto()
    MINUTES = auto()
    WHEN = auto()
    """A span of time: a due or start value."""
    INSTANT = auto()
    IDENTIFIER = auto()
    PLACE = auto()
    """An id of something that has a name as well."""
    NAMES = auto()
    USERS = auto()
    LINKS = auto()
    TEXT = auto()
    ANY_TEXT = auto()


class Field(Struct, frozen=True):
    """A field: `source` is the Python expression for its value in the entry `e`, `empty` the one that it has none.

    A field without `empty` always has a value.
    """

    name: str
    kind: Kind
    source: str
    empty: str = ""


EQUALITY: Final = ("=", "!=", "in")
ORDER: Final = (*EQUALITY, "<", "<=", ">", ">=")

OPERATORS: Final = {
    Kind.STATUS: EQUALITY,
    Kind.PRIORITY: ORDER,
    Kind.FLAG: ("=", "!="),
    Kind.NUMBER: ORDER,
    Kind.MINUTES: ORDER,
    Kind.WHEN: ORDER,
    Kind.INSTANT: ORDER,
    Kind.IDENTIFIER: EQUALITY,
    Kind.PLACE: EQUALITY,
    Kind.NAMES: (*EQUALITY, "~"),
    Kind.USERS: (*EQUALITY, "~"),
    Kind.LINKS: EQUALITY,
    Kind.TEXT: (*EQUALITY, "~"),
    Kind.ANY_TEXT: ("~",),
}

STATUS: Final = Field("status", Kind.STATUS, "e.status")
PRIORITY: Final = Field("priority", Kind.PRIORITY, "e.priority", "e.priority == 0")
LABEL: Final = Field("label", Kind.NAMES, "e.labels", "not e.labels")
ASSIGNEE: Final = Field("assignee", Kind.USERS, "e.task.assignees", "not e.task.assignees")
PROJECT: Final = Field("project", Kind.PLACE, "e.project", "e.project is None")
SECTION: Final = Field("section", Kind.PLACE, "e.section", "e.section is None")
PARENT: Final = Field("parent", Kind.IDENTIFIER, "e.task.parent", "e.task.parent is None")
SERIES: Final = Field("series", Kind.IDENTIFIER, "e.task.series", "e.task.series is None")
ID: Final = Field("id", Kind.IDENTIFIER, "e.id")
DUE: Final = Field("due", Kind.WHEN, "e.due", "e.due_first != e.due_first")
START: Final = Field("start", Kind.WHEN, "e.start", "e.start_first != e.start_first")
CREATED: Final = Field("created", Kind.INSTANT, "e.created")
UPDATED: Final = Field("updated", Kind.INSTANT, "e.updated")
COMPLETED: Final = Field("completed", Kind.INSTANT, "e.completed", "e.completed != e.completed")
ESTIMATE: Final = Field("estimate", Kind.MINUTES, "e.estimate", "e.estimate != e.estimate")
CHECKLIST: Final = Field("checklist", Kind.NUMBER, "e.items")
UNCHECKED: Final = Field("unchecked", Kind.NUMBER, "e.unchecked")
TITLE: Final = Field("title", Kind.TEXT, "e.title")
DESCRIPTION: Final = Field("description", Kind.TEXT, "fold(e.task.description)", "not e.task.description")
TEXT: Final = Field("text", Kind.ANY_TEXT, "e")
LINK: Final = Field("link", Kind.LINKS, "e.links", "not e.links")
BLOCKED: Final = Field("blocked", Kind.FLAG, "e.blocked")
TRASHED: Final = Field("trashed", Kind.FLAG, "e.trashed")

FIELDS: Final = {
    field.name: field
    for field in (
        STATUS, PRIORITY, LABEL, ASSIGNEE, PROJECT, SECTION, PARENT, DUE, START, CREATED, UPDATED, COMPLETED, ESTIMATE,
        TITLE, DESCRIPTION, TEXT, ID, SERIES, LINK, BLOCKED, CHECKLIST, UNCHECKED, TRASHED,
    )
}  # fmt: skip
"""`project` and `section` take an id or a name, and mean where the task is: a subtask is where its parent is.
`estimate` is in minutes, also `90min` or `2h`. `checklist` counts items, `unchecked` those not done. `text` is
title, description and labels together. `link` takes a kind of link; a task is `blocked` by an open task only. A task
is `trashed` with its parent or project as well.
"""

PLURALS: Final = {"labels": LABEL, "assignees": ASSIGNEE, "links": LINK}
NAMES: Final = {**FIELDS, **PLURALS}
"""Each spelling of each field."""
