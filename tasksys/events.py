"""The events: facts, kept for ever. A closed union, told apart by the record's `type`.

An event carries what was before as well as what is after, so that audit, undo and a readable history are plain folds of
the log. Adding a field with a default keeps the schema version; any other change raises it and adds an upcaster.

Why so long: it is one list of the kinds of events, a few fields each, and their union; they are read side by side.
"""

from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from tasksys.rows import Channel, ChecklistItem, Preferences, Reminder, Section
from tasksys.series.shapes import Missed, Occurs, Override, SeriesState, Template, TemplateFields
from tasksys.values import CATCH_UP, LinkType, Priority, ReminderState, Repeat, Role, Status, Trigger, When


class Base(Struct, frozen=True, gc=False, omit_defaults=True):
    """Base of all events."""


class WorkspaceFields(Base, frozen=True):
    """The mentioned fields of a workspace."""

    name: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    reminder_hour: int | None | UnsetType = UNSET
    catch_up: str | UnsetType = UNSET


class WorkspaceCreated(Base, frozen=True):
    name: str
    time_zone: str
    reminder_hour: int | None
    owner: str
    zones: str = ""
    catch_up: str = CATCH_UP


class ZonesChanged(Base, frozen=True):
    """What is still to come is computed anew, by another release of the zone database than before."""

    before: str
    after: str


class WorkspaceEdited(Base, frozen=True):
    before: WorkspaceFields
    after: WorkspaceFields


class MemberAdded(Base, frozen=True):
    user: str
    role: Role


class MemberRoleChanged(Base, frozen=True):
    user: str
    before: Role
    after: Role


class MemberRemoved(Base, frozen=True):
    user: str
    role: Role


class CalendarTokenRenewed(Base, frozen=True):
    """Of a member's calendar: `generation` counts its addresses, the first of which is 0."""

    user: str
    generation: int


class ProjectFields(Base, frozen=True):
    """The mentioned fields of a project."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    colour: str | UnsetType = UNSET
    order: str | UnsetType = UNSET


class ProjectCreated(Base, frozen=True):
    project: str
    name: str
    order: str
    description: str = ""
    colour: str = ""


class ProjectEdited(Base, frozen=True):
    project: str
    before: ProjectFields
    after: ProjectFields


class ProjectTrashed(Base, frozen=True):
    project: str


class ProjectRestored(Base, frozen=True):
    project: str


class SectionAdded(Base, frozen=True):
    project: str
    section: Section


class SectionEdited(Base, frozen=True):
    """The whole section as it was and is; a removed one comes back by this event too."""

    project: str
    before: Section
    after: Section


class SectionRemoved(Base, frozen=True):
    project: str
    section: Section


class Place(Base, frozen=True):
    """Where a task stands. A subtask has no project or section of its own: it is where its parent is."""

    project: str | None = None
    section: str | None = None
    parent: str | None = None
    order: str = ""


class TaskFields(Base, frozen=True):
    """The mentioned fields of a task."""

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    start: When | None | UnsetType = UNSET
    due: When | None | UnsetType = UNSET
    estimate_minutes: int | None | UnsetType = UNSET


class TaskCreated(Base, frozen=True):
    """`occurs` names the occurrence that it is, where a series made it."""

    title: str
    place: Place
    description: str = ""
    status: Status = Status.OPEN
    priority: Priority = Priority.NONE
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    start: When | None = None
    due: When | None = None
    estimate_minutes: int | None = None
    completed_at: str | None = None
    checklist: tuple[ChecklistItem, ...] = ()
    occurs: Occurs | None = None


class TaskEdited(Base, frozen=True):
    before: TaskFields
    after: TaskFields


class TaskMoved(Base, frozen=True):
    before: Place
    after: Place


class TaskStarted(Base, frozen=True):
    before: Status
    completed_before: str | None = None


class TaskCompleted(Base, frozen=True):
    before: Status
    completed_at: str
    completed_before: str | None = None


class TaskCancelled(Base, frozen=True):
    before: Status
    completed_at: str
    completed_before: str | None = None


class TaskReopened(Base, frozen=True):
    before: Status
    completed_before: str | None = None


class TaskSkipped(Base, frozen=True):
    """An occurrence that is left out."""

    before: Status
    completed_at: str
    completed_before: str | None = None


class TaskMissed(Base, frozen=True):
    """An occurrence that was not done when the next one of its series came."""

    before: Status
    completed_at: str
    completed_before: str | None = None


class TaskPostponed(Base, frozen=True):
    """Put off to another start and due; `times` is how often by now. Undone, it is put back, and once less."""

    before: TaskFields
    after: TaskFields
    times_before: int
    times: int


class TaskSeriesChanged(Base, frozen=True):
    """The task is an occurrence of a series from now on, of another one, or of none."""

    before: Occurs | None
    after: Occurs | None


class TaskTrashed(Base, frozen=True):
    pass


class TaskRestored(Base, frozen=True):
    trashed_at: str


class TaskLabelled(Base, frozen=True):
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class TaskAssigned(Base, frozen=True):
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class LinkAdded(Base, frozen=True):
    link: LinkType
    other: str


class LinkRemoved(Base, frozen=True):
    link: LinkType
    other: str


class ChecklistItemAdded(Base, frozen=True):
    """`index` is the item's place in the list."""

    item: ChecklistItem
    index: int


class ChecklistItemEdited(Base, frozen=True):
    before: ChecklistItem
    after: ChecklistItem


class ChecklistItemRemoved(Base, frozen=True):
    item: ChecklistItem
    index: int


class CommentAdded(Base, frozen=True):
    """`author` is the event's actor, but for a comment that undo brings back."""

    comment: str
    body: str
    author: str
    created_at: str


class CommentEdited(Base, frozen=True):
    comment: str
    author: str
    before: str
    after: str


class CommentRemoved(Base, frozen=True):
    comment: str
    body: str
    author: str
    created_at: str


class ReminderAdded(Base, frozen=True):
    """`scheduled_for` is None while its task has no such value. `snoozed_from` is the reminder that it goes on from.

    `by_default` tells that its user's preferences, and not somebody, put it on a new task.
    """

    reminder: str
    user: str
    trigger: Trigger
    scheduled_for: str | None = None
    repeat: Repeat | None = None
    snoozed_from: str | None = None
    channels: tuple[str, ...] = ()
    by_default: bool = False


class ReminderRemoved(Base, frozen=True):
    """The whole reminder as it was: undo brings it back."""

    reminder: Reminder


class ReminderRestored(Base, frozen=True):
    """A removed reminder is there again, as it was."""

    reminder: Reminder


class ReminderRescheduled(Base, frozen=True):
    """It is pending, at another time or at none yet: its task's value changed, or the task is open again."""

    reminder: str
    state_before: ReminderState
    before: str | None
    after: str | None


class Planned(Struct, frozen=True, gc=False, omit_defaults=True):
    """One channel that a firing goes to, and when: later in quiet hours, never if there is an error already."""

    channel: str
    at: str | None = None
    error: str | None = None


class ReminderFired(Base, frozen=True):
    """`next` is when it fires again, if it repeats; `left` how often then. The feed has it by this very event."""

    reminder: str
    state_before: ReminderState
    scheduled_for: str
    late_by_seconds: int = 0
    next: str | None = None
    left: int = 0
    deliveries: tuple[Planned, ...] = ()


class ReminderExpired(Base, frozen=True):
    """Its time had passed: too long ago to fire when it could, or already when it was set."""

    reminder: str
    state_before: ReminderState
    scheduled_for: str
    late_by_seconds: int = 0


class ReminderCancelled(Base, frozen=True):
    """Nothing is left to be reminded of: `reason` is what became of the task, or of the member."""

    reminder: str
    state_before: ReminderState
    reason: str


class ReminderAcknowledged(Base, frozen=True):
    reminder: str
    state_before: ReminderState


class ReminderSnoozed(Base, frozen=True):
    """Another reminder, `into`, goes on from it."""

    reminder: str
    state_before: ReminderState
    into: str


class ReminderReturned(Base, frozen=True):
    """Undo of an answer, or of what had cancelled it: it is shown as before, or waits for `scheduled_for`."""

    reminder: str
    state_before: ReminderState
    state: ReminderState
    scheduled_for: str | None = None


class SeriesFields(Base, frozen=True):
    """The mentioned fields of a series, but for its template."""

    rule: str | UnsetType = UNSET
    anchor: When | UnsetType = UNSET
    rdate: tuple[str, ...] | UnsetType = UNSET
    exdate: tuple[str, ...] | UnsetType = UNSET
    missed: Missed | UnsetType = UNSET
    stop_after: int | None | UnsetType = UNSET
    ahead: str | None | UnsetType = UNSET
    ends_before: str | None | UnsetType = UNSET
    following: str | None | UnsetType = UNSET


class SeriesCreated(Base, frozen=True):
    """`next` is the first occurrence that is made a task. `previous` is the series that it was split off."""

    series: str
    template: Template
    rule: str
    anchor: When
    next: str | None
    rdate: tuple[str, ...] = ()
    exdate: tuple[str, ...] = ()
    missed: Missed = Missed.NEXT
    after_completion: bool = False
    stop_after: int | None = None
    ahead: str | None = None
    ends_before: str | None = None
    previous: str | None = None
    following: str | None = None


class SeriesEdited(Base, frozen=True):
    series: str
    before: SeriesFields = SeriesFields()
    after: SeriesFields = SeriesFields()
    template_before: TemplateFields = TemplateFields()
    template_after: TemplateFields = TemplateFields()


class SeriesPaused(Base, frozen=True):
    series: str
    before: SeriesState


class SeriesResumed(Base, frozen=True):
    series: str
    before: SeriesState


class SeriesEnded(Base, frozen=True):
    series: str
    before: SeriesState


class SeriesAdvanced(Base, frozen=True):
    """`next` comes next, and the clock looks at the series at the instant `at`; what was passed over is recorded."""

    series: str
    next_before: str | None = None
    next: str | None = None
    at_before: str | None = None
    at: str | None = None
    missed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


class OccurrenceChanged(Base, frozen=True):
    """What is different about an occurrence that is no task yet, before and after; None: nothing."""

    series: str
    original: str
    before: Override | None
    after: Override | None


class ReminderDelivered(Base, frozen=True):
    """A firing came through on a channel, at this attempt."""

    reminder: str
    scheduled_for: str
    channel: str
    attempt: int


class DeliveryFailed(Base, frozen=True):
    """An attempt to deliver a firing failed; without `retry_at` it is given up, and `expired` if a day was over."""

    reminder: str
    scheduled_for: str
    channel: str
    attempt: int
    reason: str
    retry_at: str | None = None
    expired: bool = False


class PreferencesSet(Base, frozen=True):
    """A user's preferences as they were and are."""

    user: str
    before: Preferences
    after: Preferences


class ChannelSet(Base, frozen=True):
    """A user's channel as it was, if it was there, and as it is. Where it leads is sealed."""

    user: str
    before: Channel | None
    after: Channel


class ChannelConfirmed(Base, frozen=True):
    """The user has opened the link that a mail to the channel's address had. `mark` knows the address again."""

    user: str
    channel: str
    mark: str = ""


class ChannelRemoved(Base, frozen=True):
    user: str
    channel: Channel


class ChannelDisabled(Base, frozen=True):
    """It is not used until the user enables it again: nothing came through for a day, or they have switched it off."""

    user: str
    channel: str
    reason: str


class ChannelEnabled(Base, frozen=True):
    """`reason` is why it was disabled."""

    user: str
    channel: str
    reason: str


class FilterFields(Base, frozen=True):
    """The mentioned fields of a saved filter."""

    name: str | UnsetType = UNSET
    filter: str | UnsetType = UNSET
    q: str | UnsetType = UNSET
    sort: str | UnsetType = UNSET
    colour: str | UnsetType = UNSET
    shared: bool | UnsetType = UNSET
    order: str | UnsetType = UNSET


class FilterAdded(Base, frozen=True):
    """Saved by the user. One that undo brings back goes on from the `version` that it had."""

    saved: str
    user: str
    created_at: str
    fields: FilterFields
    version: int = 0


class FilterEdited(Base, frozen=True):
    saved: str
    user: str
    before: FilterFields
    after: FilterFields


class FilterRemoved(Base, frozen=True):
    """The whole filter as it was."""

    saved: str
    user: str
    created_at: str
    fields: FilterFields
    version: int = 0


Event = (
    WorkspaceCreated
    | WorkspaceEdited
    | ZonesChanged
    | MemberAdded
    | MemberRoleChanged
    | MemberRemoved
    | CalendarTokenRenewed
    | ProjectCreated
    | ProjectEdited
    | ProjectTrashed
    | ProjectRestored
    | SectionAdded
    | SectionEdited
    | SectionRemoved
    | TaskCreated
    | TaskEdited
    | TaskMoved
    | TaskStarted
    | TaskCompleted
    | TaskCancelled
    | TaskReopened
    | TaskSkipped
    | TaskMissed
    | TaskPostponed
    | TaskSeriesChanged
    | TaskTrashed
    | TaskRestored
    | TaskLabelled
    | TaskAssigned
    | LinkAdded
    | LinkRemoved
    | ChecklistItemAdded
    | ChecklistItemEdited
    | ChecklistItemRemoved
    | CommentAdded
    | CommentEdited
    | CommentRemoved
    | ReminderAdded
    | ReminderRemoved
    | ReminderRestored
    | ReminderRescheduled
    | ReminderFired
    | ReminderExpired
    | ReminderCancelled
    | ReminderAcknowledged
    | ReminderSnoozed
    | ReminderReturned
    | SeriesCreated
    | SeriesEdited
    | SeriesPaused
    | SeriesResumed
    | SeriesEnded
    | SeriesAdvanced
    | OccurrenceChanged
    | ReminderDelivered
    | DeliveryFailed
    | PreferencesSet
    | ChannelSet
    | ChannelConfirmed
    | ChannelRemoved
    | ChannelDisabled
    | ChannelEnabled
    | FilterAdded
    | FilterEdited
    | FilterRemoved
)


OF_REMINDERS: Final = frozenset(
    kind.__name__
    for kind in (
        ReminderAdded, ReminderRemoved, ReminderRestored, ReminderRescheduled, ReminderFired, ReminderExpired,
        ReminderCancelled, ReminderAcknowledged, ReminderSnoozed, ReminderReturned,
    )
)  # fmt: skip
"""The types of events that are about a task's reminder and leave the task, and its version, as it is."""

OF_DELIVERIES: Final = frozenset({ReminderDelivered.__name__, DeliveryFailed.__name__})
"""The types of events of the ledger: they leave the reminder, its task and that one's version as they are."""

OF_PREFERENCES: Final = frozenset(
    kind.__name__
    for kind in (PreferencesSet, ChannelSet, ChannelConfirmed, ChannelRemoved, ChannelDisabled, ChannelEnabled)
)
"""The types of events that are about one user's own settings."""


OF_FILTERS: Final = frozenset(kind.__name__ for kind in (FilterAdded, FilterEdited, FilterRemoved))
"""The types of events that are about saved filters."""


class Fact(NamedTuple):
    """An event that `decide` chose, and the task it belongs to, before it has a position.

    `undoes` is the position of the event that it compensates, where it is part of an undo.
    """

    event: Event
    task: str | None = None
    undoes: int | None = None


class EventRecord(Struct, frozen=True, gc=False):
    """An event as it stands in the log and in answers; see `codec` for its data as a typed event.

    `position` is gapless within the workspace, `version` counts the events of the task (or project, or series), `id` is
    made of the command's place in the log. `undoes` is the position of the event that it compensates, in an undo.
    """

    position: int
    id: str
    type: str
    at: str
    actor: str
    command: str
    task: str | None
    version: int | None
    data: msgspec.Raw
    schema: int
    source: str = ""
    undoes: int | UnsetType = UNSET


SCHEMAS: Final[dict[type[Base], int]] = {}
"""The schema version of each event type that is not at its first."""
