"""The shapes of answers, made from rows of the state; OpenAPI, and so the reference, is generated from these types.

Why so long: it is one list of shapes, each beside the function that fills it.
"""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import Struct

from tasksys import deliveries, places, preferences
from tasksys.audit import Entry
from tasksys.query import Entry as IndexEntry
from tasksys.rows import (
    Channel,
    Channels,
    ChecklistItem,
    Comment,
    Delivery,
    Firing,
    Link,
    Member,
    Project,
    Reminder,
    SavedFilter,
    Section,
    Task,
    Workspace,
    firing_key,
)
from tasksys.state import State
from tasksys.values import (
    ChannelKind,
    DeliveryState,
    Priority,
    QuietHours,
    ReminderState,
    Repeat,
    Role,
    Status,
    Trigger,
    When,
)
from views.series_shapes import KeptOccurrence, SeriesShape


class WorkspaceShape(Struct):
    """A workspace. `role` is the caller's; without a `reminder_hour` a date counts from midnight.

    Reminders that are later than `catch_up`, after an outage, expire.
    """

    id: str
    name: str
    time_zone: str
    reminder_hour: int | None
    catch_up: str
    created_at: str
    members: int
    version: int
    position: int
    role: Role | None = None


class MemberShape(Struct):
    """A member."""

    user: str
    role: Role
    since: str


class SectionShape(Struct):
    """A section of a project."""

    id: str
    name: str
    order: str


class ProjectShape(Struct):
    """A project with its sections in order."""

    id: str
    workspace: str
    name: str
    description: str
    colour: str
    order: str
    sections: list[SectionShape]
    created_at: str
    updated_at: str
    trashed_at: str | None
    version: int
    position: int


class TaskShape(Struct):
    """A task. A subtask's `project` and `section` are its topmost parent's. `trashed` also when a parent is.

    Of a `series` it is the occurrence of the time `original`. `postponed` is how often it was put off.
    """

    id: str
    workspace: str
    project: str | None
    section: str | None
    parent: str | None
    title: str
    description: str
    status: Status
    priority: Priority
    labels: tuple[str, ...]
    assignees: tuple[str, ...]
    start: When | None
    due: When | None
    estimate_minutes: int | None
    order: str
    checklist: tuple[ChecklistItem, ...]
    links: tuple[Link, ...]
    series: str | None
    created_by: str
    created_at: str
    updated_at: str
    completed_at: str | None
    trashed_at: str | None
    trashed: bool
    version: int
    position: int
    original: str | None
    postponed: int


class CommentShape(Struct):
    """A comment."""

    id: str
    task: str
    author: str
    body: str
    created_at: str
    edited_at: str | None


class DeliveryShape(Struct):
    """What became of a firing on one channel. `next_attempt` is null when none is to come; `error` is the last one."""

    channel: str
    state: DeliveryState
    attempts: int
    next_attempt: str | None
    at: str | None
    error: str | None


class ReminderShape(Struct):
    """A reminder. `scheduled_for` is when it fires next, or else fired last; `repeats_left` how often after that.

    `deliveries` are those of its last firing.
    """

    id: str
    task: str
    user: str
    trigger: Trigger
    repeat: Repeat | None
    state: ReminderState
    scheduled_for: str | None
    fired_at: str | None
    late_by_seconds: int | None
    repeats_left: int
    snoozed_from: str | None
    created_at: str
    channels: tuple[str, ...]
    deliveries: list[DeliveryShape]


class FiringShape(Struct):
    """A firing of a reminder in the ledger. `key` is sent along, so that receivers drop repeats.

    The mail that asks to confirm an address is there, too, with a `reminder` of its own, and a blank `task`.
    """

    key: str
    task: str
    reminder: str
    user: str
    scheduled_for: str
    fired_at: str
    late_by_seconds: int
    position: int
    deliveries: list[DeliveryShape]


class ChannelShape(Struct):
    """A channel of the caller's. `leads_to` is as much as is shown of where it leads; `disabled` is why it is not used.

    Nothing but a mail with a link goes to an e-mail address that is not `confirmed`: whoever opens that confirms it.
    `secret` is what the receiver of a webhook checks signatures with: shown to its user, and only where one channel is
    read.
    """

    channel: str
    kind: ChannelKind
    leads_to: str
    disabled: str | None
    failing_since: str | None
    confirmed: bool
    secret: str | None = None


class PreferencesShape(Struct):
    """What the caller wants of reminders. Without a zone or an hour the workspace's hold."""

    user: str
    zone: str | None
    reminder_hour: int | None
    quiet_hours: QuietHours | None
    channels: tuple[str, ...]
    default_reminders: tuple[Trigger, ...]
    own_channels: list[ChannelShape]


class FilterShape(Struct, omit_defaults=True):
    """A saved filter: what `filter`, `q` and `sort` of a list of tasks are to be, under a name.

    One that is not `shared` is its `user`'s alone. `total` is there if counts were asked for: how many tasks it finds
    now, or null if this release cannot read it.
    """

    id: str
    workspace: str
    name: str
    filter: str
    q: str
    sort: str
    colour: str
    shared: bool
    user: str
    order: str
    created_at: str
    updated_at: str
    version: int
    position: int
    total: int | None | msgspec.UnsetType = msgspec.UNSET


class EventShape(Struct):
    """An event as it stands in the log. `undoes`, in an undo, is the position of the event that it compensates."""

    position: int
    id: str
    type: str
    at: str
    actor: str
    command: str
    task: str | None
    version: int | None
    data: dict[str, Any]
    schema: int
    source: str = ""
    undoes: int | msgspec.UnsetType = msgspec.UNSET


class FieldErrorShape(Struct):
    """One wrong field."""

    pointer: str
    detail: str


class ProblemShape(Struct, omit_defaults=True):
    """RFC 9457. Further members depend on the code.

    `errors` are of wrong fields; `conflicts` are events that stand in the way, without `conflicts_left_out` of
    them that are too large to be shown; read those with the events or the history; `parameter`, and `position` and
    `hint` within it, are of what cannot be read in the address.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldErrorShape] = []
    conflicts: list[EventShape] = []
    conflicts_left_out: int = 0
    parameter: str | None = None
    position: int | None = None
    hint: str | None = None


class OutcomeShape(Struct, omit_defaults=True):
    """What became of a command; in a batch, `unknown` where it is not certain that it was appended, or it was not.

    `events_left_out` are too large for the answer, or not to be had at the moment: there are so many of them, among
    the workspace's events after the position `events_after`.
    """

    id: str
    status: Literal["pending", "accepted", "refused", "unknown"]
    events: list[EventShape]
    problem: ProblemShape | None
    events_left_out: int = 0
    events_after: int | None = None


class OutcomesShape(Struct):
    """The outcomes of a batch, in its order."""

    items: list[OutcomeShape]
    position: int


class Workspaces(Struct):
    """A page of the caller's workspaces, by their ids; `next_cursor` is null on the last one."""

    items: list[WorkspaceShape]
    next_cursor: str | None


class Members(Struct):
    """A page of the members of a workspace; `next_cursor` is null on the last one."""

    items: list[MemberShape]
    next_cursor: str | None
    position: int


class Projects(Struct):
    """A page of the projects of a workspace, in order; `next_cursor` is null on the last one."""

    items: list[ProjectShape]
    next_cursor: str | None
    position: int


class Tasks(Struct, omit_defaults=True):
    """A page of tasks; `next_cursor` is null on the last one, `total` is there if it was asked for."""

    items: list[TaskShape]
    next_cursor: str | None
    position: int
    total: int | msgspec.UnsetType = msgspec.UNSET


class Comments(Struct):
    """A page of the comments of a task, oldest first; `next_cursor` is null on the last one."""

    items: list[CommentShape]
    next_cursor: str | None
    position: int


class Reminders(Struct):
    """A page of reminders, oldest first; `next_cursor` is null on the last one."""

    items: list[ReminderShape]
    next_cursor: str | None
    position: int


class Filters(Struct):
    """A page of saved filters, in order; `next_cursor` is null on the last one."""

    items: list[FilterShape]
    next_cursor: str | None
    position: int


class Firings(Struct):
    """A page of the ledger, oldest first; `next_cursor` is null on the last one."""

    items: list[FiringShape]
    next_cursor: str | None
    position: int


class Checklist(Struct):
    """The checklist of a task."""

    items: list[ChecklistItem]
    position: int


class Events(Struct):
    """Events after a position, in order."""

    items: list[EventShape]
    position: int


class Audit(Struct):
    """Audit entries, newest first; `next_cursor` leads further into the past."""

    items: list[Entry]
    next_cursor: str | None
    position: int


class Export(Struct):
    """A whole workspace as it is at a position; what is in the trash is in it too."""

    position: int
    workspace: WorkspaceShape
    members: list[MemberShape]
    projects: list[ProjectShape]
    tasks: list[TaskShape]
    comments: list[CommentShape]
    reminders: list[ReminderShape]
    series: list[SeriesShape]
    occurrences: list[KeptOccurrence]
    filters: list[FilterShape]


class Verification(Struct, omit_defaults=True):
    """How many events' links of the hash chain hold, and where it breaks first."""

    ok: bool
    events: int
    position: int | None = None
    detail: str = ""


def workspace(row: Workspace, role: Role | None) -> WorkspaceShape:
    """A workspace."""
    return WorkspaceShape(
        row.id,
        row.name,
        row.time_zone,
        row.reminder_hour,
        row.catch_up,
        row.created_at,
        row.members,
        row.version,
        row.position,
        role,
    )


def member(row: Member) -> MemberShape:
    """A member."""
    return MemberShape(row.user, row.role, row.since)


def project(row: Project, workspace: str) -> ProjectShape:
    """A project."""
    sections = sorted((one for one in row.sections if not one.removed), key=lambda one: (one.order, one.id))
    return ProjectShape(
        row.id,
        workspace,
        row.name,
        row.description,
        row.colour,
        row.order,
        [section(one) for one in sections],
        row.created_at,
        row.updated_at,
        row.trashed_at,
        row.version,
        row.position,
    )


def section(part: Section) -> SectionShape:
    """A section of a project."""
    return SectionShape(part.id, part.name, part.order)


def task(row: Task, workspace: str, state: State) -> TaskShape:
    """A task, with what it inherits looked up in the state."""
    top = places.root(row, state)
    home = state.project(top.project) if top.project is not None else None
    section = home.section(top.section) if home and top.section is not None else None
    named = section.id if section and not section.removed else None
    return _task(row, workspace, top.project, named, places.in_trash(row, state))


def indexed(entry: IndexEntry, workspace: str) -> TaskShape:
    """A task of the query index, which has looked up what it inherits."""
    return _task(entry.task, workspace, entry.project, entry.section, entry.trashed)


def _task(row: Task, workspace: str, project: str | None, section: str | None, trashed: bool) -> TaskShape:
    return TaskShape(
        row.id,
        workspace,
        project,
        section,
        row.parent,
        row.title,
        row.description,
        row.status,
        row.priority,
        row.labels,
        row.assignees,
        row.start,
        row.due,
        row.estimate_minutes,
        row.order,
        row.checklist,
        row.links,
        row.series,
        row.created_by,
        row.created_at,
        row.updated_at,
        row.completed_at,
        row.trashed_at,
        trashed,
        row.version,
        row.position,
        row.original,
        row.postponed,
    )


def comment(row: Comment) -> CommentShape:
    """A comment."""
    return CommentShape(row.id, row.task, row.author, row.body, row.created_at, row.edited_at)


def delivery(one: Delivery) -> DeliveryShape:
    """What became of a firing on a channel."""
    return DeliveryShape(one.channel, one.state, one.attempts, one.next_attempt, one.at, one.error)


def firing(row: Firing, workspace: str) -> FiringShape:
    """A firing in the ledger."""
    return FiringShape(
        deliveries.key(workspace, row.task, row.reminder, row.scheduled_for),
        row.task,
        row.reminder,
        row.user,
        row.scheduled_for,
        row.fired_at,
        row.late_by_seconds,
        row.position,
        [delivery(one) for one in row.deliveries],
    )


def channel(one: Channel, secret: str | None = None) -> ChannelShape:
    """A channel, for its user."""
    return ChannelShape(one.name, one.kind, one.hint, one.disabled, one.failing_since, one.confirmed, secret)


def saved_filter(row: SavedFilter, workspace: str) -> FilterShape:
    """A saved filter, for whoever sees it; see `tasksys.filters.visible`."""
    return FilterShape(
        row.id,
        workspace,
        row.name,
        row.filter,
        row.q,
        row.sort,
        row.colour,
        row.shared,
        row.user,
        row.order,
        row.created_at,
        row.updated_at,
        row.version,
        row.position,
    )


def own(user: str, state: State, show: Callable[[Channel], ChannelShape] = channel) -> PreferencesShape:
    """The preferences of a user, for that user."""
    row, channels = preferences.of(user, state), state.get(Channels, user)
    own_channels = [show(one) for one in channels.channels] if channels else []
    return PreferencesShape(
        user, row.zone, row.reminder_hour, row.quiet_hours, row.channels, row.default_reminders, own_channels
    )


def reminder(row: Reminder, state: State) -> ReminderShape:
    """A reminder, with what became of its last firing looked up in the state."""
    fired = state.get(Firing, firing_key(row.id, row.fired_for)) if row.fired_for is not None else None
    return ReminderShape(
        row.id,
        row.task,
        row.user,
        row.trigger,
        row.repeat,
        row.state,
        row.scheduled_for,
        row.fired_at,
        row.late_by_seconds,
        row.left,
        row.snoozed_from,
        row.created_at,
        row.channels or preferences.of(row.user, state).channels,
        [delivery(one) for one in fired.deliveries] if fired else [],
    )
