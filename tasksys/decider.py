"""The heart of the system: a command and the state give events or a refusal; an event and the state give the new state.

`decide` chooses, `evolve` records and never refuses. Both are pure: time, ids and looked-up facts are in the command.

Why so long: it names each kind of command and of event once, and says which module it belongs to.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Final, assert_never

from msgspec import UNSET, structs

from tasksys import (
    codec,
    confirming,
    deliveries,
    details,
    filters,
    firing,
    preferences,
    projects,
    reminders,
    tasks,
    undo,
    workspaces,
)
from tasksys.commands import (
    AcknowledgeReminder,
    AddChecklistItem,
    AddComment,
    AddReminder,
    AddSection,
    AdvanceSeries,
    AssignTask,
    CancelTask,
    CommandRecord,
    CompleteTask,
    ConfirmChannel,
    CreateFilter,
    CreateProject,
    CreateSeries,
    CreateTask,
    CreateWorkspace,
    DisableChannel,
    EditChecklistItem,
    EditComment,
    EditFilter,
    EditProject,
    EditSection,
    EditSeries,
    EditTask,
    EditWorkspace,
    EnableChannel,
    EndSeries,
    FireReminder,
    LabelTask,
    LinkTask,
    MoveTask,
    NoteZones,
    PauseSeries,
    PostponeTask,
    RecordDelivery,
    RemoveChannel,
    RemoveChecklistItem,
    RemoveComment,
    RemoveFilter,
    RemoveMember,
    RemoveReminder,
    RemoveSection,
    RenewCalendarToken,
    ReopenTask,
    RestoreProject,
    RestoreTask,
    ResumeSeries,
    SetChannel,
    SetMember,
    SetPreferences,
    SettleReminder,
    SkipOccurrence,
    SkipTask,
    SnoozeReminder,
    StartTask,
    TrashProject,
    TrashTask,
    Undo,
    UnlinkTask,
)
from tasksys.errors import NotFollowed
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
    Fact,
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
    ReminderAcknowledged,
    ReminderAdded,
    ReminderCancelled,
    ReminderDelivered,
    ReminderExpired,
    ReminderFired,
    ReminderRemoved,
    ReminderRescheduled,
    ReminderRestored,
    ReminderReturned,
    ReminderSnoozed,
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
from tasksys.refusals import Refusal, invalid
from tasksys.rows import SavedFilter
from tasksys.series import advancing, putting_off, tracking
from tasksys.series import deciding as series
from tasksys.series import evolving as series_events
from tasksys.stamp import Stamp
from tasksys.state import State
from tasksys.values import CLOCK

UNVERSIONED: Final = (
    CreateWorkspace, CreateProject, CreateTask, CreateSeries, SetMember, RemoveMember, RemoveReminder, SnoozeReminder,
    AcknowledgeReminder, SetPreferences, SetChannel, RemoveChannel, EnableChannel, DisableChannel, RenewCalendarToken,
    CreateFilter,
)  # fmt: skip
"""Commands on what is not there yet, or has no version of its own: one must not be insisted on in vain."""


def decide(record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """What the command means now: the events it gives (none if all is so already), or why it is refused."""
    workspace = state.workspace
    if workspace is not None and record.at < workspace.at:
        record = structs.replace(record, at=workspace.at)  # a clock ran behind; nothing is dated before what it follows
    command = record.command
    if command.expected_version is not None and isinstance(command, UNVERSIONED):
        return invalid("/expected_version", "This changes nothing that has a version yet; leave the version out.")
    answer = _answer(record, state)
    return answer if isinstance(answer, Refusal) else tracking.full(answer, state) or answer


def _answer(record: CommandRecord, state: State) -> list[Fact] | Refusal:
    command = record.command
    match command:
        case (
            CreateTask()
            | EditTask()
            | MoveTask()
            | StartTask()
            | CompleteTask()
            | CancelTask()
            | ReopenTask()
            | TrashTask()
            | RestoreTask()
            | AssignTask()
            | LabelTask()
        ):
            return tasks.decide(command, record, state)
        case (
            AddChecklistItem()
            | EditChecklistItem()
            | RemoveChecklistItem()
            | LinkTask()
            | UnlinkTask()
            | AddComment()
            | EditComment()
            | RemoveComment()
        ):
            return details.decide(command, record, state)
        case SkipTask() | PostponeTask():
            return putting_off.decide(command, record, state)
        case (
            CreateSeries()
            | EditSeries()
            | SkipOccurrence()
            | PauseSeries()
            | ResumeSeries()
            | EndSeries()
            | AdvanceSeries()
        ):
            return series.decide(command, record, state)
        case AddReminder() | RemoveReminder() | SnoozeReminder() | AcknowledgeReminder():
            return reminders.decide(command, record, state)
        case FireReminder() | SettleReminder():
            return firing.decide(command, record, state)
        case RecordDelivery():
            return deliveries.decide(command, record, state)
        case ConfirmChannel():
            return confirming.decide(command, record, state)
        case SetPreferences() | SetChannel() | RemoveChannel() | EnableChannel() | DisableChannel():
            return preferences.decide(command, record, state)
        case (
            CreateProject()
            | EditProject()
            | TrashProject()
            | RestoreProject()
            | AddSection()
            | EditSection()
            | RemoveSection()
        ):
            return projects.decide(command, record, state)
        case CreateFilter() | EditFilter() | RemoveFilter():
            return filters.decide(command, record, state)
        case CreateWorkspace() | EditWorkspace() | SetMember() | RemoveMember() | RenewCalendarToken() | NoteZones():
            return workspaces.decide(command, record, state)
        case Undo():
            return undo.decide(command, record, state)
        case _:
            assert_never(command)


def evolve(event: Event, task: str | None, state: State, stamp: Stamp) -> None:
    """Records an event at its position: changes the rows of the state that it is about."""
    match event:
        case (
            TaskCreated()
            | TaskEdited()
            | TaskMoved()
            | TaskStarted()
            | TaskCompleted()
            | TaskCancelled()
            | TaskReopened()
            | TaskSkipped()
            | TaskMissed()
            | TaskPostponed()
            | TaskSeriesChanged()
            | TaskTrashed()
            | TaskRestored()
            | TaskLabelled()
            | TaskAssigned()
        ):
            assert task is not None
            tasks.evolve(event, task, state, stamp)
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
            assert task is not None
            details.evolve(event, task, state, stamp)
        case (
            ReminderAcknowledged()
            | ReminderAdded()
            | ReminderCancelled()
            | ReminderExpired()
            | ReminderFired()
            | ReminderRemoved()
            | ReminderRescheduled()
            | ReminderRestored()
            | ReminderReturned()
            | ReminderSnoozed()
        ):
            assert task is not None
            reminders.evolve(event, task, state, stamp)
        case ReminderDelivered() | DeliveryFailed():
            deliveries.evolve(event, state, stamp)
        case (
            PreferencesSet()
            | ChannelSet()
            | ChannelConfirmed()
            | ChannelRemoved()
            | ChannelDisabled()
            | ChannelEnabled()
        ):
            preferences.evolve(event, state, stamp)
        case FilterAdded() | FilterEdited() | FilterRemoved():
            filters.evolve(event, state, stamp)
        case (
            ProjectCreated()
            | ProjectEdited()
            | ProjectTrashed()
            | ProjectRestored()
            | SectionAdded()
            | SectionEdited()
            | SectionRemoved()
        ):
            projects.evolve(event, state, stamp)
        case (
            SeriesCreated()
            | SeriesEdited()
            | SeriesPaused()
            | SeriesResumed()
            | SeriesEnded()
            | SeriesAdvanced()
            | OccurrenceChanged()
        ):
            series_events.evolve(event, state, stamp)
        case (
            WorkspaceCreated()
            | WorkspaceEdited()
            | ZonesChanged()
            | MemberAdded()
            | MemberRoleChanged()
            | MemberRemoved()
            | CalendarTokenRenewed()
        ):
            workspaces.evolve(event, state, stamp)
        case _:
            assert_never(event)
    workspace = state.workspace
    assert workspace is not None
    state.put(structs.replace(workspace, position=stamp.position, at=stamp.at))


def enact(facts: list[Fact], record: CommandRecord, origin: str, state: State) -> list[EventRecord]:
    """Gives the facts their positions, evolves the state by them, and returns the records for the log.

    What follows from them for series and reminders is recorded behind them.
    `origin` is the command's place in the log (partition and offset). The events' ids are made of it and of their
    positions: a workspace that has moved to another log, whose offsets begin again, makes none twice. Positions are
    gapless; instants never run backwards within a workspace, whatever the clocks did.

    Raises NotFollowed for a fault in what is decided here; the state has then evolved by a part of it.
    """
    records: list[EventRecord] = []
    for event, task, undoes in chain(facts, _following(facts, record, state)):
        workspace = state.workspace
        position, at = (workspace.position + 1, max(workspace.at, record.at)) if workspace else (1, record.at)
        evolve(event, task, state, Stamp(record.workspace, position, at, record.actor))
        kind = type(event)
        records.append(
            EventRecord(
                position=position,
                id=f"{origin}-{position}",
                type=kind.__name__,
                at=at,
                actor=record.actor,
                command=record.command.id,
                task=task,
                version=_version(event, task, state),
                data=codec.data(event),
                schema=codec.schema(kind),
                source=record.source,
                undoes=UNSET if undoes is None else undoes,
            )
        )
    return records


SETTLING: Final = (
    TaskEdited, TaskPostponed, TaskStarted, TaskCompleted, TaskCancelled, TaskSkipped, TaskMissed, TaskReopened,
    TaskTrashed, TaskRestored, ReminderRestored, ReminderReturned,
)  # fmt: skip
"""After these a task's reminders may not be as they should."""

ADVANCING: Final = (
    TaskCompleted, TaskCancelled, TaskSkipped, TaskMissed, TaskReopened, TaskTrashed, TaskRestored, TaskEdited,
    TaskPostponed,
)  # fmt: skip
"""After these the series that a task is of may have to go on."""


def _following(facts: list[Fact], record: CommandRecord, state: State) -> Iterator[Fact]:
    """What follows from facts, once the state has evolved by them: the caller takes these after all of those.

    Raises NotFollowed.
    """
    try:
        yield from _found_to_follow(facts, record, state)
    except Exception as error:
        raise NotFollowed(f"{error!r}") from error


def _found_to_follow(facts: list[Fact], record: CommandRecord, state: State) -> Iterator[Fact]:
    workspace = state.workspace
    if workspace is None:
        return
    at, by_clock = max(workspace.at, record.at), record.actor == CLOCK
    yield from _reminders(facts, state, at)
    for name in _series(facts, state):
        made = advancing.settle(name, state, at, by_clock)
        yield from made
        yield from _reminders(made, state, at)


def _reminders(facts: list[Fact], state: State, at: str) -> Iterator[Fact]:
    """What follows for the reminders of tasks."""
    for event, task, _ in facts:
        if isinstance(event, TaskCreated) and task is not None and (made := state.task(task)) is not None:
            yield from reminders.by_default(made, state, at)
    changed = dict.fromkeys(task for event, task, _ in facts if isinstance(event, SETTLING))
    for task in changed:
        row = state.task(task) if task is not None else None
        if row is not None:
            yield from firing.settle(row, state, at)


def _series(facts: list[Fact], state: State) -> list[str]:
    """The series that may have to go on."""
    names = dict[str, None]()
    for event, task, _ in facts:
        if isinstance(event, series_events.SeriesEvent):
            names[event.series] = None
        elif isinstance(event, TaskSeriesChanged):
            names |= dict.fromkeys(one.series for one in (event.before, event.after) if one is not None)
        elif isinstance(event, ADVANCING) and (row := state.task(task or "")) is not None and row.series is not None:
            names[row.series] = None
    return list(names)


def _version(event: Event, task: str | None, state: State) -> int | None:
    """The version that the event gave to what it is about."""
    if task is not None:
        row = state.task(task)
        return row.version if row else None
    project = state.project(getattr(event, "project", ""))
    if project is not None:
        return project.version
    if isinstance(event, series_events.SeriesEvent):
        row_of_series = state.series(event.series)
        return row_of_series.version if row_of_series else None
    if isinstance(event, filters.FilterEvent):
        row_of_filter = state.get(SavedFilter, event.saved)
        return row_of_filter.version if row_of_filter else None
    return state.workspace.version if state.workspace else None


def replay(record: EventRecord, workspace: str, state: State) -> None:
    """Folds a stored event into the state, without deciding anything again."""
    evolve(codec.event(record), record.task, state, Stamp(workspace, record.position, record.at, record.actor))
