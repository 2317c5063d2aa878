"""The rows that a workspace's events fold into: what the state table holds.

Frozen; a change makes a new row. Defaults are left out when encoded, so a row written by an earlier release still
decodes after a field was added.

Why so long: it is one list of rows, a few fields each; they are read side by side.
"""

from typing import ClassVar

from msgspec import Struct

from tasksys.series.shapes import Missed, Override, SeriesState, Template
from tasksys.values import (
    CATCH_UP,
    FEED,
    ChannelKind,
    DeliveryState,
    LinkType,
    Priority,
    QuietHours,
    ReminderState,
    Repeat,
    Role,
    Status,
    Trigger,
    When,
)


class Row(Struct, frozen=True, gc=False, omit_defaults=True):
    """Base of all rows. `kind` is the letter that stands for the row's type in its key.

    Rows, events and commands form no cycles, so the collector need not know them (`gc=False`): with the hundreds of
    thousands that a worker keeps, its passes cost a third of decoding.
    """

    kind: ClassVar[str]

    @property
    def key(self) -> str:
        """The row's name among the rows of its kind in its workspace."""
        raise TypeError(f"{type(self).__name__} has no key")


class Workspace(Row, frozen=True, omit_defaults=True):
    """The workspace itself, and its counter: `position` is that of its newest event, `at` that event's instant.

    `zones` is the release of the zone database by which what is to come was computed. `reminder_hour` is that of users
    who have set none, None for midnight; its default is what it was in rows that were stored without it.
    `catch_up` is how late reminders still fire.
    """

    kind = "w"
    id: str
    name: str
    time_zone: str
    created_at: str
    reminder_hour: int | None = 9
    position: int = 0
    at: str = ""
    version: int = 0
    owners: int = 0
    members: int = 0
    zones: str = ""
    catch_up: str = CATCH_UP

    @property
    def key(self) -> str:
        return ""


class Member(Row, frozen=True, omit_defaults=True):
    """A user's role in the workspace. `calendar` counts how often the address of their calendar was renewed."""

    kind = "m"
    user: str
    role: Role
    since: str
    calendar: int = 0

    @property
    def key(self) -> str:
        return self.user


class Section(Struct, frozen=True, gc=False, omit_defaults=True):
    """A part of a project. A removed one stays as a tombstone, so that undo brings its tasks back into it."""

    id: str
    name: str
    order: str
    removed: bool = False


class Project(Row, frozen=True, omit_defaults=True):
    """A list of tasks with ordered sections."""

    kind = "p"
    id: str
    name: str
    created_at: str
    description: str = ""
    colour: str = ""
    order: str = ""
    sections: tuple[Section, ...] = ()
    trashed_at: str | None = None
    updated_at: str = ""
    version: int = 0
    position: int = 0

    @property
    def key(self) -> str:
        return self.id

    def section(self, identifier: str) -> Section | None:
        """The section of that id, also a removed one."""
        return next((section for section in self.sections if section.id == identifier), None)


class ChecklistItem(Struct, frozen=True, gc=False):
    """One line of a task's checklist, in the order of the list."""

    id: str
    title: str
    done: bool = False


class Link(Struct, frozen=True, gc=False):
    """One side of a link to another task of the same workspace."""

    type: LinkType
    task: str


class Task(Row, frozen=True, omit_defaults=True):
    """A task. `version` counts its events; `position` is that of its newest one.

    In a series, `original` is the time by which it is known there. `postponed` counts how often it was.
    """

    kind = "t"
    id: str
    title: str
    created_at: str
    description: str = ""
    status: Status = Status.OPEN
    priority: Priority = Priority.NONE
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    start: When | None = None
    due: When | None = None
    estimate_minutes: int | None = None
    project: str | None = None
    section: str | None = None
    parent: str | None = None
    order: str = ""
    checklist: tuple[ChecklistItem, ...] = ()
    links: tuple[Link, ...] = ()
    series: str | None = None
    created_by: str = ""
    updated_at: str = ""
    completed_at: str | None = None
    trashed_at: str | None = None
    version: int = 0
    position: int = 0
    original: str | None = None
    postponed: int = 0

    @property
    def key(self) -> str:
        return self.id


class Subtasks(Row, frozen=True, omit_defaults=True):
    """How many tasks are below a task: `levels` counts its subtasks, theirs, and so on. See `trees`."""

    kind = "s"
    task: str
    levels: tuple[int, ...]

    @property
    def key(self) -> str:
        return self.task


class Comment(Row, frozen=True, omit_defaults=True):
    """A remark on a task, in Markdown."""

    kind = "c"
    id: str
    task: str
    author: str
    body: str
    created_at: str
    edited_at: str | None = None

    @property
    def key(self) -> str:
        return f"{self.task}/{self.id}"


class Reminder(Row, frozen=True, omit_defaults=True):
    """A reminder of a task, for one user.

    `scheduled_for` is the instant of its next firing while it is `armed`, and else of the last one, if there was any;
    `basis` is what its trigger gave, before repeats. `left` are the repeats that are left. `channels` are its own, if
    it has any; else the user's are taken when it fires. `shown` are the times of firings that are not answered yet,
    `fired_for` that of the last one that the ledger has.
    """

    kind = "r"
    id: str
    task: str
    user: str
    trigger: Trigger
    created_at: str
    repeat: Repeat | None = None
    state: ReminderState = ReminderState.PENDING
    armed: bool = False
    scheduled_for: str | None = None
    basis: str | None = None
    fired_at: str | None = None
    late_by_seconds: int | None = None
    left: int = 0
    snoozed_from: str | None = None
    position: int = 0
    channels: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    fired_for: str | None = None

    @property
    def key(self) -> str:
        return self.id


class TaskReminders(Row, frozen=True, omit_defaults=True):
    """The ids of a task's reminders, in the order in which they were added."""

    kind = "R"
    task: str
    reminders: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.task


class Delivery(Struct, frozen=True, gc=False, omit_defaults=True):
    """What became of a firing on one channel. `due` is when it was first to be tried, `next_attempt` when it will be.

    `attempts` counts those whose result is known, `at` is when the state last changed.
    """

    channel: str
    state: DeliveryState = DeliveryState.SCHEDULED
    attempts: int = 0
    due: str | None = None
    next_attempt: str | None = None
    at: str | None = None
    error: str | None = None


class Firing(Row, frozen=True, omit_defaults=True):
    """One firing of a reminder, and what became of it on each channel: a page of the ledger, kept for ever."""

    kind = "f"
    reminder: str
    task: str
    user: str
    scheduled_for: str
    fired_at: str
    position: int
    deliveries: tuple[Delivery, ...]
    late_by_seconds: int = 0

    @property
    def key(self) -> str:
        return firing_key(self.reminder, self.scheduled_for)

    def delivery(self, channel: str) -> Delivery | None:
        """What became of it on that channel."""
        return next((one for one in self.deliveries if one.channel == channel), None)


def firing_key(reminder: str, scheduled_for: str) -> str:
    """The name of a firing's row: of a reminder, for a time."""
    return f"{reminder}/{scheduled_for}"


class Preferences(Row, frozen=True, omit_defaults=True):
    """What a user wants of reminders in the workspace; without a zone or an hour, the workspace's.

    `channels` are used by reminders that name none; `default_reminders` are put on new tasks with a due value.
    """

    kind = "P"
    user: str
    zone: str | None = None
    reminder_hour: int | None = None
    quiet_hours: QuietHours | None = None
    channels: tuple[str, ...] = (FEED,)
    default_reminders: tuple[Trigger, ...] = ()
    position: int = 0

    @property
    def key(self) -> str:
        return self.user


class Channel(Struct, frozen=True, gc=False, omit_defaults=True):
    """A way to reach a user. Where it leads is sealed with the server's key; `hint` is what may be shown of that.

    `made` is the position that made it, of which its secret is derived. `disabled` is why it is not used, and
    `failing_since` when the first of its attempts failed since one succeeded. An address of mail is used once it is
    `confirmed`; `asked` is the position of the event that had it asked for, `mark` tells addresses of the user apart.
    """

    name: str
    kind: ChannelKind
    sealed: str
    hint: str
    made: int = 0
    disabled: str | None = None
    failing_since: str | None = None
    confirmed: bool = True
    mark: str = ""
    asked: int = 0


class Channels(Row, frozen=True, omit_defaults=True):
    """The channels of a user, the marks of addresses that they have confirmed, and when they were last asked to."""

    kind = "C"
    user: str
    channels: tuple[Channel, ...]
    position: int = 0
    confirmed: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.user

    def named(self, name: str) -> Channel | None:
        """The channel of that name."""
        return next((one for one in self.channels if one.name == name), None)

    @property
    def confirmed_marks(self) -> frozenset[str]:
        """Of the addresses that need not be confirmed again."""
        return frozenset(self.confirmed)


class Series(Row, frozen=True, omit_defaults=True):
    """A series. `next` is the original time of the first occurrence that nothing has become of yet.

    `at` is the instant at which the clock looks at it again; None if no time changes anything. `open_tasks` are those
    that are neither closed nor in the trash. From `ends_before` on its occurrences are those of `following`.
    """

    kind = "S"
    id: str
    template: Template
    rule: str
    anchor: When
    created_at: str
    created_by: str
    rdate: tuple[str, ...] = ()
    exdate: tuple[str, ...] = ()
    missed: Missed = Missed.NEXT
    after_completion: bool = False
    stop_after: int | None = None
    ahead: str | None = None
    ends_before: str | None = None
    state: SeriesState = SeriesState.ACTIVE
    next: str | None = None
    at: str | None = None
    open_tasks: tuple[str, ...] = ()
    completions: int = 0
    overrides: tuple[Override, ...] = ()
    previous: str | None = None
    following: str | None = None
    updated_at: str = ""
    version: int = 0
    position: int = 0

    @property
    def key(self) -> str:
        return self.id

    def override(self, original: str) -> Override | None:
        """What is different about an occurrence that is no task yet."""
        return next((one for one in self.overrides if one.original == original), None)


class Occurrence(Row, frozen=True, omit_defaults=True):
    """What has become of an occurrence: a task, or (None) nothing, for it was skipped or missed before it was one."""

    kind = "o"
    series: str
    original: str
    task: str | None = None
    skipped: bool = False

    @property
    def key(self) -> str:
        return f"{self.series}/{self.original}"


class SavedFilter(Row, frozen=True, omit_defaults=True):
    """A query that a user keeps under a name. Others see it only if it is `shared`."""

    kind = "F"
    id: str
    name: str
    user: str
    created_at: str
    filter: str = ""
    q: str = ""
    sort: str = ""
    colour: str = ""
    shared: bool = False
    order: str = ""
    updated_at: str = ""
    version: int = 0
    position: int = 0

    @property
    def key(self) -> str:
        return self.id


class UserFilters(Row, frozen=True, omit_defaults=True):
    """The ids of the filters that a user saved, in the order in which they were: it bounds how many there are."""

    kind = "U"
    user: str
    filters: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.user


ROW_TYPES: tuple[type[Row], ...] = (
    Workspace, Member, Project, Task, Subtasks, Comment, Reminder, TaskReminders, Firing, Preferences, Channels, Series,
    Occurrence, SavedFilter, UserFilters,
)  # fmt: skip
