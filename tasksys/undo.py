"""Undo: the events that compensate those of a past command, or the reason why later changes stand in the way.

What a past event set must still stand as it set it; then the opposite event is recorded. The past is never rewritten.
A task that was made is the exception: to trash it takes nothing away that a restore would not bring back, so what was
changed of it since does not stand in the way; subtasks do.

Why so long: it has one short case for each kind of event, and they are read side by side.
"""

from collections.abc import Sequence
from typing import Final, assert_never

from msgspec import DecodeError, structs

from tasksys import checks, codec, details, filters, places, preferences, tasks, trees, undo_reminders, workspaces
from tasksys.commands import CommandRecord, Undo
from tasksys.details import ChecklistEvent, CommentEvent, LinkEvent
from tasksys.events import (
    OF_FILTERS,
    OF_PREFERENCES,
    OF_REMINDERS,
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
    Place,
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
from tasksys.fields import standing
from tasksys.projects import ProjectEvent
from tasksys.refusals import Code, Refusal, conflict
from tasksys.rows import Link, Project, Task
from tasksys.series import undoing
from tasksys.state import State
from tasksys.tasks import StatusEvent
from tasksys.values import CLOCK, OPPOSITE, Role, Status

Answer = list[Fact] | Refusal
OWN: Final = OF_REMINDERS | OF_PREFERENCES | OF_FILTERS
"""The types of events that may be about what is somebody's own: what they may undo themselves, whatever their role."""

Undoable = WorkspaceCreated | WorkspaceEdited | MemberAdded | MemberRoleChanged | MemberRemoved
"""The events on a workspace that somebody commanded."""


def decide(command: Undo, record: CommandRecord, state: State) -> Answer:
    """The compensating events, the newest event first; refused whole if one of them cannot be."""
    own = bool(command.events) and all(past.type in OWN for past in command.events)
    if refusal := checks.allowed(state, record.actor, Role.VIEWER if own else Role.COMMENTER):
        return refusal
    if not command.events:
        return Refusal(Code.NOT_FOUND, "There is no such command in this workspace; give a position of its history.")
    if command.task is not None and all(past.task != command.task for past in command.events):
        return Refusal(Code.NOT_FOUND, f"That command is not about task {command.task!r}; undo it where it belongs.")
    if any(past.type == WorkspaceCreated.__name__ for past in command.events):
        return Refusal(Code.NOT_UNDOABLE, "The creation of a workspace cannot be undone.")
    if all(past.actor == CLOCK for past in command.events):
        return Refusal(Code.NOT_UNDOABLE, "That fell due by itself; change what is there instead.")
    task = state.task(command.task) if command.task is not None else None
    if task is not None and (refusal := checks.stale("task", command.expected_version, task.version)):
        return refusal
    facts: list[Fact] = []
    made = {past.task for past in command.events if past.type in (TaskCreated.__name__, TaskRestored.__name__)}
    stay = undoing.staying(command.events, state)
    for past in reversed(command.events):
        if past.task in stay or (past.type == ReminderAdded.__name__ and past.task in made):
            continue  # a reminder goes and comes with the occurrence that has it, whatever became of it
        answer = _answer(past, record, facts, state)
        if isinstance(answer, Refusal):
            return structs.replace(answer, detail=f"{past.type} at position {past.position}: {answer.detail}")
        facts += [fact._replace(undoes=past.position) for fact in answer]
    return facts


def needed(events: Sequence[EventRecord]) -> list[EventRecord]:
    """Those of a command's events by which its undo is decided: it need not carry the others.

    The reminders of a task go and come with it, and are most of what a series makes.
    """
    made = {past.task for past in events if past.type in (TaskCreated.__name__, TaskRestored.__name__)}
    return [past for past in events if past.type != ReminderAdded.__name__ or past.task not in made]


def _answer(past: EventRecord, record: CommandRecord, undone: list[Fact], state: State) -> Answer:
    try:
        event = codec.event(past)
    except (codec.UnknownEvent, DecodeError):
        detail = "This release cannot read the event; upgrade tasksys to the release that wrote it."
        return Refusal(Code.NOT_UNDOABLE, detail)
    return _compensate(event, past, record, undone, state)


def _compensate(event: Event, past: EventRecord, record: CommandRecord, undone: list[Fact], state: State) -> Answer:
    task, actor = past.task, record.actor
    match event:
        case CalendarTokenRenewed():
            return Refusal(Code.NOT_UNDOABLE, "A former address of a calendar never works again; renew it once more.")
        case WorkspaceCreated() | WorkspaceEdited() | MemberAdded() | MemberRoleChanged() | MemberRemoved():
            return _workspace(event, actor, state)
        case CommentAdded() | CommentEdited() | CommentRemoved():
            return _comment(event, _live_task(task, state), actor, state)
        case (
            PreferencesSet()
            | ChannelSet()
            | ChannelConfirmed()
            | ChannelRemoved()
            | ChannelDisabled()
            | ChannelEnabled()
        ):
            return preferences.compensate(event, actor, state)
        case FilterAdded() | FilterEdited() | FilterRemoved():
            return filters.compensate(event, actor, state)
        case ReminderAdded(by_default=True) | ReminderDelivered() | DeliveryFailed():
            return []
        case ReminderRescheduled() | ReminderFired() | ReminderExpired() | ZonesChanged():
            return []  # they follow from others, or from the time
        case (
            ReminderAdded()
            | ReminderRemoved()
            | ReminderRestored()
            | ReminderCancelled()
            | ReminderAcknowledged()
            | ReminderSnoozed()
            | ReminderReturned()
        ):
            return undo_reminders.compensate(event, _task(task, state), record, state)
        case _:
            pass
    if refusal := checks.allowed(state, actor, Role.EDITOR):
        return refusal
    match event:
        case TaskCreated() | TaskTrashed() | TaskRestored():
            return _trash(event, _task(task, state), state)
        case TaskEdited() | TaskMoved() | TaskLabelled() | TaskAssigned():
            return _task_fields(event, _live_task(task, state, undone), state)
        case TaskPostponed():
            found = _live_task(task, state)
            return found if isinstance(found, Refusal) else undoing.changed(event, found, state)
        case TaskSeriesChanged():
            found = _task(task, state)
            return found if isinstance(found, Refusal) else undoing.changed(event, found, state)
        case (
            SeriesCreated()
            | SeriesEdited()
            | SeriesPaused()
            | SeriesResumed()
            | SeriesEnded()
            | SeriesAdvanced()
            | OccurrenceChanged()
        ):
            series = state.series(event.series)
            return _gone("series") if series is None else undoing.compensate(event, series, undone, record.at, state)
        case TaskStarted() | TaskCompleted() | TaskCancelled() | TaskSkipped() | TaskMissed() | TaskReopened():
            return _status(event, _live_task(task, state), undone)
        case ChecklistItemAdded() | ChecklistItemEdited() | ChecklistItemRemoved():
            return _checklist(event, _live_task(task, state))
        case LinkAdded() | LinkRemoved():
            return _link(event, _live_task(task, state))
        case (
            ProjectCreated()
            | ProjectEdited()
            | ProjectTrashed()
            | ProjectRestored()
            | SectionAdded()
            | SectionEdited()
            | SectionRemoved()
        ):
            return _project(event, past.version, state)
        case _:
            assert_never(event)


def _gone(what: str) -> Refusal:
    """The event is about something that is not in the state: not of this log, or made by what is not read here."""
    return Refusal(Code.NOT_UNDOABLE, f"There is no such {what} in this workspace; check which command is meant.")


def _task(identifier: str | None, state: State) -> Task | Refusal:
    return state.task(identifier or "") or _gone("task")


def _live_task(identifier: str | None, state: State, undone: Sequence[Fact] = ()) -> Task | Refusal:
    """The task, not in the trash; or out of it because of what is undone."""
    task = _task(identifier, state)
    if isinstance(task, Refusal):
        return task
    if any(one.task == task.id and isinstance(one.event, TaskRestored) for one in undone):
        task = structs.replace(task, trashed_at=None)
    return tasks.trashed(task) if places.in_trash(task, state) else task


def _workspace(event: Undoable, actor: str, state: State) -> Answer:
    workspace = state.workspace
    assert workspace is not None
    owner = Role.OWNER in {getattr(event, name, None) for name in ("role", "before", "after")}
    if refusal := checks.allowed(state, actor, Role.OWNER if owner else Role.ADMIN):
        return refusal
    if isinstance(event, WorkspaceCreated):
        return Refusal(Code.NOT_UNDOABLE, "The creation of a workspace cannot be undone.")
    if isinstance(event, WorkspaceEdited):
        if not standing(workspace, event.after):
            return conflict("The workspace")
        return [Fact(WorkspaceEdited(event.after, event.before))]
    member = state.member(event.user)
    if owner and workspace.owners == 1 and member is not None and member.role is Role.OWNER:
        return Refusal(Code.LAST_OWNER, "A workspace keeps at least one owner; make somebody else an owner first.")
    match event:
        case MemberAdded():
            if member is None or member.role is not event.role:
                return conflict("The membership")
            return [Fact(MemberRemoved(event.user, event.role))]
        case MemberRoleChanged():
            if member is None or member.role is not event.after:
                return conflict("The membership")
            return [Fact(MemberRoleChanged(event.user, event.after, event.before))]
        case MemberRemoved():
            if member is not None:
                return conflict("The membership")
            return workspaces.members_full(workspace) or [Fact(MemberAdded(event.user, event.role))]
        case _:
            assert_never(event)


def _project(event: ProjectEvent, version: int | None, state: State) -> Answer:
    project = state.project(event.project)
    if project is None:
        return _gone("project")
    if isinstance(event, ProjectTrashed):
        return [Fact(ProjectRestored(project.id))] if project.trashed_at else conflict("The project")
    if project.trashed_at:
        return Refusal(Code.TRASHED, "The project is in the trash; restore it first.")
    match event:
        case ProjectCreated():
            return [Fact(ProjectTrashed(project.id))] if project.version == version else conflict("The project")
        case ProjectRestored():
            return [Fact(ProjectTrashed(project.id))]
        case ProjectEdited():
            if not standing(project, event.after):
                return conflict("The project")
            return [Fact(ProjectEdited(project.id, event.after, event.before))]
        case SectionAdded() | SectionEdited() | SectionRemoved():
            return _section(event, project)
        case _:
            assert_never(event)


def _section(event: SectionAdded | SectionEdited | SectionRemoved, project: Project) -> Answer:
    identifier = event.after.id if isinstance(event, SectionEdited) else event.section.id
    current = project.section(identifier)
    if current is None:
        return _gone("section")
    match event:
        case SectionAdded():
            return [Fact(SectionRemoved(project.id, current))] if current == event.section else conflict("The section")
        case SectionEdited():
            if current != event.after:
                return conflict("The section")
            return [Fact(SectionEdited(project.id, event.after, event.before))]
        case SectionRemoved():
            if not current.removed:
                return conflict("The section")
            return [Fact(SectionEdited(project.id, current, structs.replace(current, removed=False)))]
        case _:
            assert_never(event)


def _trash(event: TaskCreated | TaskTrashed | TaskRestored, task: Task | Refusal, state: State) -> Answer:
    """A created task goes to the trash with all that was changed since, and comes back with it."""
    if isinstance(task, Refusal):
        return task
    match event:
        case TaskCreated() if event.occurs is not None:
            return undoing.created(event, task, state)
        case TaskCreated():
            if task.trashed_at:
                return Refusal(Code.UNDO_CONFLICT, "The task is in the trash already.")
            if trees.height(task.id, state):
                detail = "The task has subtasks, which would go with it; move them elsewhere, or trash it by itself."
                return Refusal(Code.UNDO_CONFLICT, detail)
            return [Fact(TaskTrashed(), task.id)]
        case TaskTrashed():
            return [Fact(TaskRestored(task.trashed_at), task.id)] if task.trashed_at else conflict("The task")
        case TaskRestored():
            return conflict("The task") if task.trashed_at else [Fact(TaskTrashed(), task.id)]
        case _:
            assert_never(event)


def _task_fields(
    event: TaskEdited | TaskMoved | TaskLabelled | TaskAssigned, task: Task | Refusal, state: State
) -> Answer:
    if isinstance(task, Refusal):
        return task
    match event:
        case TaskEdited():
            if not standing(task, event.after):
                return conflict("The task")
            return [Fact(TaskEdited(event.after, event.before), task.id)]
        case TaskMoved():
            return _place(event, task, state)
        case TaskLabelled():
            if not _still(event.added, event.removed, task.labels):
                return conflict("The task's labels")
            return tasks.label(task, tasks.merged(task.labels, event.removed, event.added))
        case TaskAssigned():
            if not _still(event.added, event.removed, task.assignees):
                return conflict("The task's assignees")
            return tasks.assign(task, tasks.merged(task.assignees, event.removed, event.added), state)
        case _:
            assert_never(event)


def _still(added: tuple[str, ...], removed: tuple[str, ...], current: tuple[str, ...]) -> bool:
    return set(added) <= set(current) and not set(removed) & set(current)


def _place(event: TaskMoved, task: Task, state: State) -> Answer:
    changed = {name for name in Place.__struct_fields__ if getattr(event.before, name) != getattr(event.after, name)}
    if changed != {"order"}:
        changed |= {"project", "section", "parent"}  # they make sense only together
    if any(getattr(task, name) != getattr(event.after, name) for name in changed):
        return conflict("The task's place")
    now = Place(task.project, task.section, task.parent, task.order)
    target = structs.replace(now, **{name: getattr(event.before, name) for name in changed})
    refusal = places.refused(target, task, state)
    return refusal or [Fact(TaskMoved(now, target), task.id)]


REACHED: Final[dict[type[StatusEvent], Status]] = {
    TaskStarted: Status.IN_PROGRESS,
    TaskCompleted: Status.DONE,
    TaskCancelled: Status.CANCELLED,
    TaskSkipped: Status.SKIPPED,
    TaskMissed: Status.MISSED,
    TaskReopened: Status.OPEN,
}
"""What each event makes of a task."""


def _status(event: StatusEvent, task: Task | Refusal, undone: Sequence[Fact]) -> Answer:
    if isinstance(task, Refusal):
        return task
    since = (one.event for one in reversed(undone) if one.task == task.id and isinstance(one.event, StatusEvent))
    if (last := next(since, None)) is not None:  # the same command changed it twice, as a series may
        task = structs.replace(task, status=REACHED[type(last)], completed_at=getattr(last, "completed_at", None))
    if task.status is not REACHED[type(event)]:
        return conflict("The task's status")
    return tasks.to_status(task, event.before, event.completed_before or "")


def _checklist(event: ChecklistEvent, task: Task | Refusal) -> Answer:
    if isinstance(task, Refusal):
        return task
    identifier = event.after.id if isinstance(event, ChecklistItemEdited) else event.item.id
    index, current = next(
        ((index, item) for index, item in enumerate(task.checklist) if item.id == identifier), (-1, None)
    )
    match event:
        case ChecklistItemAdded():
            if current != event.item:
                return conflict("The checklist item")
            return [Fact(ChecklistItemRemoved(event.item, index), task.id)]
        case ChecklistItemEdited():
            if current != event.after:
                return conflict("The checklist item")
            return [Fact(ChecklistItemEdited(event.after, event.before), task.id)]
        case ChecklistItemRemoved():
            if current is not None:
                return conflict("The checklist item")
            if refusal := details.checklist_full(task):
                return refusal
            return [Fact(ChecklistItemAdded(event.item, min(event.index, len(task.checklist))), task.id)]
        case _:
            assert_never(event)


def _link(event: LinkEvent, task: Task | Refusal) -> Answer:
    if isinstance(task, Refusal):
        return task
    there = Link(event.link, event.other) in task.links
    match event:
        case LinkAdded():
            return [Fact(LinkRemoved(event.link, event.other), task.id)] if there else conflict("The link")
        case LinkRemoved():
            if there or Link(OPPOSITE[event.link], event.other) in task.links:
                return conflict("The link")
            return details.links_full(task) or [Fact(LinkAdded(event.link, event.other), task.id)]
        case _:
            assert_never(event)


def _comment(event: CommentEvent, task: Task | Refusal, actor: str, state: State) -> Answer:
    if isinstance(task, Refusal):
        return task
    if event.author != actor and (refusal := checks.allowed(state, actor, Role.ADMIN)):
        return refusal
    comment = state.comment(task.id, event.comment)
    match event:
        case CommentAdded():
            if comment is None or comment.body != event.body:
                return conflict("The comment")
            return [Fact(CommentRemoved(event.comment, event.body, event.author, event.created_at), task.id)]
        case CommentEdited():
            if comment is None or comment.body != event.after:
                return conflict("The comment")
            return [Fact(CommentEdited(event.comment, event.author, event.after, event.before), task.id)]
        case CommentRemoved():
            if comment is not None:
                return conflict("The comment")
            return [Fact(CommentAdded(event.comment, event.body, event.author, event.created_at), task.id)]
        case _:
            assert_never(event)
