"""The things of our own export, as far as commands can make them again; what else they have is not looked at."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from tasksys.rows import ChecklistItem, Link
from tasksys.series.shapes import Missed, Override, SeriesState, Template
from tasksys.values import Id, Priority, ReminderState, Repeat, Status, Trigger, When


class Document(Struct):
    """The lists of an export, whose things are decoded one by one."""

    workspace: msgspec.Raw | UnsetType = UNSET
    projects: list[msgspec.Raw] = []
    tasks: list[msgspec.Raw] = []
    comments: list[msgspec.Raw] = []
    reminders: list[msgspec.Raw] = []
    series: list[msgspec.Raw] = []
    occurrences: list[msgspec.Raw] = []
    filters: list[msgspec.Raw] = []


class GivenSection(Struct):
    """A section."""

    id: Id
    name: str
    order: str


class GivenProject(Struct):
    """A project."""

    id: Id
    name: str
    description: str = ""
    colour: str = ""
    order: str | UnsetType = UNSET
    sections: list[GivenSection] = []
    trashed_at: str | None = None


class GivenTask(Struct):
    """A task."""

    id: Id
    title: str
    description: str = ""
    project: str | None = None
    section: str | None = None
    parent: str | None = None
    status: Status = Status.OPEN
    priority: Priority = Priority.NONE
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    start: When | None = None
    due: When | None = None
    estimate_minutes: int | None = None
    order: str | UnsetType = UNSET
    checklist: tuple[ChecklistItem, ...] = ()
    links: tuple[Link, ...] = ()
    series: str | None = None
    original: str | None = None
    trashed_at: str | None = None


class GivenComment(Struct):
    """A comment."""

    id: Id
    task: str
    body: str
    author: str = ""


class GivenReminder(Struct):
    """A reminder."""

    id: Id
    task: str
    user: str
    trigger: Trigger
    repeat: Repeat | None = None
    state: ReminderState = ReminderState.PENDING
    scheduled_for: str | None = None
    channels: tuple[str, ...] = ()


class GivenSeries(Struct):
    """A series."""

    id: Id
    template: Template
    rule: str
    anchor: When
    rdate: tuple[str, ...] = ()
    exdate: tuple[str, ...] = ()
    missed: Missed = Missed.NEXT
    after_completion: bool = False
    stop_after: int | None = None
    ahead: str | None = None
    state: SeriesState = SeriesState.ACTIVE
    completions: int = 0
    overrides: tuple[Override, ...] = ()
    ends_before: str | None = None
    created_by: str = ""


class GivenOccurrence(Struct):
    """What has become of an occurrence."""

    series: str
    occurrence: str
    task: str | None = None
    skipped: bool = False


class GivenFilter(Struct):
    """A saved filter."""

    id: Id
    name: str
    filter: str = ""
    q: str = ""
    sort: str = ""
    colour: str = ""
    shared: bool = False
    order: str | UnsetType = UNSET


KINDS: Final[dict[str, type[Any]]] = {
    "projects": GivenProject, "tasks": GivenTask, "comments": GivenComment, "reminders": GivenReminder,
    "series": GivenSeries, "occurrences": GivenOccurrence, "filters": GivenFilter,
}  # fmt: skip
