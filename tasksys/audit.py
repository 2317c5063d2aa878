"""Audit: what each event changed, and the hash chain that shows whether the record was tampered with.

The chain's link at a position is SHA-256 over the link before it and the event's bytes as they stand in the log, so a
flipped byte, a removed or an inserted event breaks it at that position.

Why so long: it has one short case for each kind of event, and they are read side by side.
"""

from hashlib import sha256
from typing import Any, Final, NamedTuple, assert_never

import msgspec

from tasksys import codec, deliveries, filters, preferences, reminders
from tasksys.details import ChecklistEvent, CommentEvent, DetailEvent, LinkEvent
from tasksys.events import (
    CalendarTokenRenewed,
    ChannelConfirmed,
    ChannelDisabled,
    ChannelEnabled,
    ChannelRemoved,
    ChannelSet,
    ChecklistItemAdded,
    ChecklistItemEdited,
    ChecklistItemRemoved,
    CommentAdded,
    CommentEdited,
    CommentRemoved,
    DeliveryFailed,
    Event,
    EventRecord,
    FilterAdded,
    FilterEdited,
    FilterRemoved,
    LinkAdded,
    LinkRemoved,
    MemberAdded,
    MemberRemoved,
    MemberRoleChanged,
    OccurrenceChanged,
    PreferencesSet,
    ProjectCreated,
    ProjectEdited,
    ProjectRestored,
    ProjectTrashed,
    ReminderAdded,
    ReminderDelivered,
    ReminderRemoved,
    ReminderRescheduled,
    ReminderRestored,
    SectionAdded,
    SectionEdited,
    SectionRemoved,
    SeriesAdvanced,
    SeriesCreated,
    SeriesEdited,
    SeriesEnded,
    SeriesPaused,
    SeriesResumed,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskEdited,
    TaskLabelled,
    TaskMissed,
    TaskMoved,
    TaskPostponed,
    TaskReopened,
    TaskRestored,
    TaskSeriesChanged,
    TaskSkipped,
    TaskStarted,
    TaskTrashed,
    WorkspaceCreated,
    WorkspaceEdited,
    ZonesChanged,
)
from tasksys.fields import mentioned
from tasksys.projects import SectionEvent
from tasksys.reminders import ReminderEvent
from tasksys.series.evolving import SeriesEvent
from tasksys.series.shapes import SeriesState
from tasksys.tasks import StatusEvent
from tasksys.values import Status

GENESIS: Final = bytes(32)
"""The link before a workspace's first event."""


class Change(msgspec.Struct, frozen=True):
    """One field that an event changed, as plain JSON values."""

    field: str
    before: Any
    after: Any


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event as the audit shows it: who, when, from where, and what was before and after.

    `undoes` is there in an undo: the position of the event that this one compensates. `project` is there where the
    event is about a project itself, or one of its sections.
    """

    position: int
    at: str
    actor: str
    command: str
    type: str
    task: str | None
    changes: tuple[Change, ...]
    hash: str
    previous_hash: str
    source: str = ""
    undoes: int | None = None
    project: str | None = None


class Remembered(msgspec.Struct, frozen=True, array_like=True):
    """An event as history keeps it: its bytes as they stand in the log, and its link of the chain."""

    event: bytes
    hash: bytes


class Break(NamedTuple):
    """Where a workspace's hash chain does not hold, and how that shows."""

    position: int
    detail: str


class Wanted(NamedTuple):
    """Which audit entries: of a task, an actor, a time from and to (instants as stored), before a position."""

    task: str | None = None
    actor: str | None = None
    since: str | None = None
    until: str | None = None
    before: int | None = None


def link(previous: bytes, event: bytes) -> bytes:
    """The chain's link of an event, from the link before it and the event's stored bytes."""
    return sha256(previous + event).digest()


def entry(record: EventRecord, own_hash: bytes, previous: bytes) -> Entry:
    """The audit entry of a stored event; without changes if a newer release wrote it."""
    try:
        event = codec.event(record)
        changed, project = tuple(changes(event)), getattr(event, "project", None)
    except codec.UnknownEvent:
        changed, project = (), None
    return Entry(
        position=record.position,
        at=record.at,
        actor=record.actor,
        command=record.command,
        type=record.type,
        task=record.task,
        changes=changed,
        hash=own_hash.hex(),
        previous_hash=previous.hex(),
        source=record.source,
        undoes=record.undoes or None,
        project=project,
    )


def changes(event: Event) -> list[Change]:
    """What the event changed, field by field."""
    match event:
        case WorkspaceCreated() | ProjectCreated() | TaskCreated():
            return [Change(name, None, value) for name, value in _created(event).items() if value is not None]
        case WorkspaceEdited() | ProjectEdited() | TaskEdited():
            before, after = mentioned(event.before), mentioned(event.after)
            return [_change(name, before.get(name), value) for name, value in after.items()]
        case TaskMoved():
            fields = event.before.__struct_fields__
            pairs = [(name, getattr(event.before, name), getattr(event.after, name)) for name in fields]
            return [_change(name, before, after) for name, before, after in pairs if before != after]
        case ZonesChanged():
            return [Change("zones", event.before, event.after)]
        case MemberAdded():
            return [_change(f"members/{event.user}", None, event.role)]
        case MemberRoleChanged():
            return [_change(f"members/{event.user}", event.before, event.after)]
        case MemberRemoved():
            return [_change(f"members/{event.user}", event.role, None)]
        case CalendarTokenRenewed():
            return [Change(f"members/{event.user}/calendar", event.generation - 1, event.generation)]
        case SectionAdded() | SectionEdited() | SectionRemoved():
            return [_section(event)]
        case TaskStarted() | TaskCompleted() | TaskCancelled() | TaskSkipped() | TaskMissed() | TaskReopened():
            return _status(event)
        case TaskPostponed() | TaskSeriesChanged():
            return _as_occurrence(event)
        case (
            SeriesCreated()
            | SeriesEdited()
            | SeriesPaused()
            | SeriesResumed()
            | SeriesEnded()
            | SeriesAdvanced()
            | OccurrenceChanged()
        ):
            return _series(event)
        case TaskTrashed() | ProjectTrashed():
            return [Change("trashed", False, True)]
        case TaskRestored() | ProjectRestored():
            return [Change("trashed", True, False)]
        case TaskLabelled():
            return _set("labels", event.added, event.removed)
        case TaskAssigned():
            return _set("assignees", event.added, event.removed)
        case (
            ChecklistItemAdded()
            | ChecklistItemEdited()
            | ChecklistItemRemoved()
            | LinkAdded()
            | LinkRemoved()
            | CommentAdded()
            | CommentEdited()
            | CommentRemoved()
        ):
            return [_detail(event)]
        case ReminderDelivered() | DeliveryFailed():
            return [_change(*deliveries.told(event))]
        case (
            PreferencesSet()
            | ChannelSet()
            | ChannelConfirmed()
            | ChannelRemoved()
            | ChannelDisabled()
            | ChannelEnabled()
        ):
            return [_change(*told) for told in preferences.told(event)]
        case FilterAdded() | FilterEdited() | FilterRemoved():
            return [_change(*told) for told in filters.told(event)]
        case _:
            return _reminder(event)


def _created(event: WorkspaceCreated | ProjectCreated | TaskCreated) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(event)
    return {**fields.pop("place", {}), **fields}


def _change(field: str, before: object, after: object) -> Change:
    return Change(field, msgspec.to_builtins(before), msgspec.to_builtins(after))


def _set(field: str, added: tuple[str, ...], removed: tuple[str, ...]) -> list[Change]:
    return [Change(f"{field}/{name}", False, True) for name in added] + [
        Change(f"{field}/{name}", True, False) for name in removed
    ]


def _status(event: StatusEvent) -> list[Change]:
    match event:
        case TaskStarted():
            reached = Status.IN_PROGRESS
        case TaskCompleted():
            reached = Status.DONE
        case TaskCancelled():
            reached = Status.CANCELLED
        case TaskSkipped():
            reached = Status.SKIPPED
        case TaskMissed():
            reached = Status.MISSED
        case TaskReopened():
            reached = Status.OPEN
        case _:
            assert_never(event)
    return [_change("status", event.before, reached)]


def _as_occurrence(event: TaskPostponed | TaskSeriesChanged) -> list[Change]:
    if isinstance(event, TaskSeriesChanged):
        return [_change("series", event.before, event.after)]
    before, after = mentioned(event.before), mentioned(event.after)
    return [_change(name, before.get(name), value) for name, value in after.items()]


def _series(event: SeriesEvent) -> list[Change]:
    field = f"series/{event.series}"
    match event:
        case SeriesCreated():
            fields = msgspec.to_builtins(event)
            return [Change(field, None, {name: value for name, value in fields.items() if name != "series"})]
        case SeriesEdited():
            pairs = [("", event.before, event.after), ("template/", event.template_before, event.template_after)]
            return [
                _change(f"{field}/{inside}{name}", mentioned(before).get(name), value)
                for inside, before, after in pairs
                for name, value in mentioned(after).items()
            ]
        case SeriesPaused():
            return [_change(f"{field}/state", event.before, SeriesState.PAUSED)]
        case SeriesResumed():
            return [_change(f"{field}/state", event.before, SeriesState.ACTIVE)]
        case SeriesEnded():
            return [_change(f"{field}/state", event.before, SeriesState.ENDED)]
        case SeriesAdvanced():
            passed = [(one, "missed") for one in event.missed] + [(one, "skipped") for one in event.skipped]
            found = [_change(f"{field}/next", event.next_before, event.next)] if event.next != event.next_before else []
            return found + [_change(f"{field}/occurrences/{one}", None, what) for one, what in passed]
        case OccurrenceChanged():
            return [_change(f"{field}/occurrences/{event.original}", event.before, event.after)]
        case _:
            assert_never(event)


def _section(event: SectionEvent) -> Change:
    match event:
        case SectionAdded():
            return _change(f"sections/{event.section.id}", None, event.section)
        case SectionEdited():
            return _change(f"sections/{event.after.id}", event.before, event.after)
        case SectionRemoved():
            return _change(f"sections/{event.section.id}", event.section, None)
        case _:
            assert_never(event)


def _detail(event: DetailEvent) -> Change:
    match event:
        case ChecklistItemAdded() | ChecklistItemEdited() | ChecklistItemRemoved():
            return _checklist(event)
        case LinkAdded() | LinkRemoved():
            return _link(event)
        case CommentAdded() | CommentEdited() | CommentRemoved():
            return _comment(event)
        case _:
            assert_never(event)


def _checklist(event: ChecklistEvent) -> Change:
    match event:
        case ChecklistItemAdded():
            return _change(f"checklist/{event.item.id}", None, event.item)
        case ChecklistItemEdited():
            return _change(f"checklist/{event.after.id}", event.before, event.after)
        case ChecklistItemRemoved():
            return _change(f"checklist/{event.item.id}", event.item, None)
        case _:
            assert_never(event)


def _link(event: LinkEvent) -> Change:
    added = isinstance(event, LinkAdded)
    return Change(f"links/{event.link.value}/{event.other}", not added, added)


def _reminder(event: ReminderEvent) -> list[Change]:
    if isinstance(event, ReminderAdded):
        fields = msgspec.to_builtins(event)
        return [Change(f"reminders/{fields.pop('reminder')}", None, fields)]
    if isinstance(event, ReminderRemoved | ReminderRestored):
        whole, gone = msgspec.to_builtins(event.reminder), isinstance(event, ReminderRemoved)
        return [Change(f"reminders/{event.reminder.id}", whole if gone else None, None if gone else whole)]
    field = f"reminders/{event.reminder}"
    changed = [_change(f"{field}/state", event.state_before, reminders.state_after(event))]
    if isinstance(event, ReminderRescheduled):
        changed.append(Change(f"{field}/scheduled_for", event.before, event.after))
    return [one for one in changed if one.before != one.after]


def _comment(event: CommentEvent) -> Change:
    field = f"comments/{event.comment}"
    match event:
        case CommentAdded():
            return Change(field, None, event.body)
        case CommentEdited():
            return Change(field, event.before, event.after)
        case CommentRemoved():
            return Change(field, event.body, None)
        case _:
            assert_never(event)
