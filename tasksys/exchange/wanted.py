"""What a file wants to be there, whatever its format."""

from typing import Any

from msgspec import Struct

from tasksys.commands import AddReminder, CreateSeries
from tasksys.rows import ChecklistItem, Link


class Remark(Struct, frozen=True):
    """A comment; `author` is who wrote it where the file comes from."""

    id: str
    body: str
    author: str = ""


class Wanted(Struct, frozen=True, kw_only=True):
    """A task. `uid` is what the file knows it by, `task` is its id here; what else is named are ids here, too.

    `fields` are those of `CreateTask`, without its place. With a `series` it comes again, and that is made of it
    instead of a task. `notes` say what could not be taken.
    """

    line: int
    uid: str
    task: str
    title: str
    fields: dict[str, Any] = {}
    parent: str | None = None
    project: str | None = None
    section: str | None = None
    checklist: tuple[ChecklistItem, ...] = ()
    remarks: tuple[Remark, ...] = ()
    reminders: tuple[AddReminder, ...] = ()
    links: tuple[Link, ...] = ()
    trashed: bool = False
    series: CreateSeries | None = None
    notes: tuple[str, ...] = ()
