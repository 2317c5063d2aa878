"""Tasks: their fields, status, labels, assignees and trash. Where they stand is in `places`.

Why so long: each command of a task has its `decide` and each event its `evolve`, one beside the other; what could be
taken out whole is in `places`, `trees` and `details`.
"""

from typing import assert_never

from msgspec import UNSET, UnsetType, structs

from tasksys import checks, limits, places, trees
from tasksys.commands import (
    AssignTask,
    CancelTask,
    CommandRecord,
    CompleteTask,
    CreateTask,
    EditTask,
    LabelTask,
    MoveTask,
    ReopenTask,
    RestoreTask,
    StartTask,
    TrashTask,
)
from tasksys.events import (
    Fact,
    Place,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskEdited,
    TaskFields,
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
)
from tasksys.fields import difference, or_default, overlay
from tasksys.refusals import Code, Refusal, invalid, missing, over
from tasksys.rows import Task
from tasksys.series import tracking
from tasksys.stamp import Stamp
from tasksys.state import State
from tasksys.values import CLOSED, Priority, Role, Status

StatusCommand = StartTask | CompleteTask | CancelTask | ReopenTask
TaskCommand = CreateTask | EditTask | MoveTask | StatusCommand | TrashTask | RestoreTask | AssignTask | LabelTask
StatusEvent = TaskStarted | TaskCompleted | TaskCancelled | TaskSkipped | TaskMissed | TaskReopened
ChangeOfTask = (
    TaskEdited
    | TaskMoved
    | StatusEvent
    | TaskPostponed
    | TaskSeriesChanged
    | TaskTrashed
    | TaskRestored
    | TaskLabelled
    | TaskAssigned
)
TaskEvent = TaskCreated | ChangeOfTask


def decide(command: TaskCommand, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The events of a command on one task."""
    if refusal := checks.allowed(state, record.actor, Role.EDITOR):
        return refusal
    if isinstance(command, CreateTask):
        return _create(command, record, state)
    task = state.task(command.task)
    if task is None:
        return missing("task", command.task)
    if refusal := checks.stale("task", command.expected_version, task.version):
        return refusal
    if isinstance(command, RestoreTask):
        refusal = places.restored_first(task, state)
        return refusal or ([Fact(TaskRestored(task.trashed_at), task.id)] if task.trashed_at else [])
    if isinstance(command, TrashTask):
        return [] if task.trashed_at else [Fact(TaskTrashed(), task.id)]
    if places.in_trash(task, state):
        return trashed(task)
    match command:
        case EditTask():
            return _edit(command, record, task, state)
        case MoveTask():
            target = places.place(command, task, state)
            return target if isinstance(target, Refusal) else [*_moved(task, target)]
        case StartTask():
            return to_status(task, Status.IN_PROGRESS, record.at)
        case CompleteTask():
            return to_status(task, Status.DONE, record.at)
        case CancelTask():
            return to_status(task, Status.CANCELLED, record.at)
        case ReopenTask():
            return to_status(task, Status.OPEN, record.at) if task.status in CLOSED else []
        case AssignTask():
            wanted = merged(task.assignees, command.add, command.remove)
            return checks.apart(command.add, command.remove) or assign(task, wanted, state, command.add, "/add")
        case LabelTask():
            add, remove = (tuple(name.strip() for name in names) for names in (command.add, command.remove))
            wrong = checks.apart(add, remove) or checks.labels("/add", add)
            return wrong or label(task, merged(task.labels, add, remove), "/add")
        case _:
            assert_never(command)


def trashed(task: Task) -> Refusal:
    """Refuses a change to a task in the trash, itself or with its parent or project."""
    return Refusal(
        Code.TRASHED, f"The task {task.id!r} is in the trash (or its parent or project is); restore it first."
    )


def _create(command: CreateTask, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    if refusal := checks.identifier("/task", command.task) or _invalid_fields(command, (), state):
        return refusal
    if state.task(command.task) is not None:
        return Refusal(Code.EXISTS, f"There is a task {command.task!r} already; choose another id.")
    target = places.place(command, None, state)
    if isinstance(target, Refusal):
        return target
    created = TaskCreated(
        title=command.title.strip(),
        place=target,
        description=command.description,
        status=command.status,
        priority=command.priority,
        labels=_trimmed(command.labels),
        assignees=tuple(dict.fromkeys(command.assignees)),
        start=command.start,
        due=command.due,
        estimate_minutes=command.estimate_minutes,
        completed_at=record.at if command.status in CLOSED else None,
    )
    return [Fact(created, command.task)]


def _edit(command: EditTask, record: CommandRecord, task: Task, state: State) -> list[Fact] | Refusal:
    if refusal := _invalid_fields(command, task.assignees, state):
        return refusal
    wanted = TaskFields(
        command.title if command.title is UNSET else command.title.strip(),
        or_default(command.description, ""),
        or_default(command.priority, Priority.NONE),
        command.start,
        command.due,
        command.estimate_minutes,
    )
    before, after = difference(task, wanted)
    facts = [Fact(TaskEdited(before, after), task.id)] if after != TaskFields() else []
    if not (command.project is command.section is command.parent is command.order is UNSET):
        target = places.place(command, task, state)
        if isinstance(target, Refusal):
            return target
        facts += _moved(task, target)
    if command.status is not UNSET:
        facts += to_status(task, command.status or Status.OPEN, record.at)
    if command.labels is not UNSET:
        facts += _labelled(task, _trimmed(command.labels or ()))
    if command.assignees is not UNSET:
        facts += _assigned(task, command.assignees or ())
    return facts


def _invalid_fields(command: CreateTask | EditTask, assigned: tuple[str, ...], state: State) -> Refusal | None:
    title, description, labels, assignees = command.title, command.description, command.labels, command.assignees
    return checks.every(
        checks.line("/title", title, limits.TITLE_CHARACTERS) if title is not UNSET else None,
        checks.markdown("/description", description) if description else None,
        checks.when("/start", command.start),
        checks.when("/due", command.due),
        _invalid_status(command.status),
        _invalid_labels(labels) if labels else None,
        _invalid_assignees(assignees, assigned, state) if assignees else None,
    )


def _invalid_status(status: Status | UnsetType | None) -> Refusal | None:
    if status in (Status.SKIPPED, Status.MISSED):
        return invalid("/status", f"A task is not set to {status}; skip it, if it is of a series, or cancel it.")
    return None


def _invalid_labels(labels: tuple[str, ...]) -> Refusal | None:
    if len(labels) > limits.LABELS_PER_TASK:
        return over("/labels", "labels", limits.LABELS_PER_TASK)
    return checks.labels("/labels", labels)


def _invalid_assignees(users: tuple[str, ...], assigned: tuple[str, ...], state: State) -> Refusal | None:
    if len(users) > limits.ASSIGNEES_PER_TASK:
        return over("/assignees", "assignees", limits.ASSIGNEES_PER_TASK)
    return checks.members("/assignees", users, state, assigned)


def _trimmed(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in names)) if names else ()


def merged(current: tuple[str, ...], add: tuple[str, ...], remove: tuple[str, ...]) -> tuple[str, ...]:
    """The names with some added at the end and some taken out."""
    return tuple(name for name in dict.fromkeys((*current, *add)) if name not in remove)


def _moved(task: Task, target: Place) -> list[Fact]:
    change = places.moved(task, target)
    return [Fact(TaskMoved(*change), task.id)] if change else []


def to_status(task: Task, status: Status, at: str) -> list[Fact]:
    """The event that brings the task to that status; none if it is there. `at` is when it is (or was) closed."""
    if task.status is status:
        return []
    before, completed_before = task.status, task.completed_at
    match status:
        case Status.OPEN:
            return [Fact(TaskReopened(before, completed_before), task.id)]
        case Status.IN_PROGRESS:
            return [Fact(TaskStarted(before, completed_before), task.id)]
        case Status.DONE:
            return [Fact(TaskCompleted(before, at, completed_before), task.id)]
        case Status.CANCELLED:
            return [Fact(TaskCancelled(before, at, completed_before), task.id)]
        case Status.SKIPPED:
            return [Fact(TaskSkipped(before, at, completed_before), task.id)]
        case Status.MISSED:
            return [Fact(TaskMissed(before, at, completed_before), task.id)]
        case _:
            assert_never(status)


def label(task: Task, wanted: tuple[str, ...], pointer: str = "/labels") -> list[Fact] | Refusal:
    """The event that gives the task these labels, which are not too many."""
    if len(wanted) > limits.LABELS_PER_TASK:
        return over(pointer, "labels", limits.LABELS_PER_TASK)
    return _labelled(task, wanted)


def _labelled(task: Task, wanted: tuple[str, ...]) -> list[Fact]:
    added, removed = _apart(task.labels, wanted)
    return [Fact(TaskLabelled(added, removed), task.id)] if added or removed else []


def assign(
    task: Task, wanted: tuple[str, ...], state: State, named: tuple[str, ...] = (), pointer: str = "/assignees"
) -> list[Fact] | Refusal:
    """The event that gives the task these assignees; of those `named`, or else all, the new ones are checked."""
    if len(wanted) > limits.ASSIGNEES_PER_TASK:
        return over(pointer, "assignees", limits.ASSIGNEES_PER_TASK)
    return checks.members(pointer, named or wanted, state, task.assignees) or _assigned(task, wanted)


def _assigned(task: Task, wanted: tuple[str, ...]) -> list[Fact]:
    added, removed = _apart(task.assignees, tuple(dict.fromkeys(wanted)))
    return [Fact(TaskAssigned(added, removed), task.id)] if added or removed else []


def _apart(current: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    added = tuple(name for name in wanted if name not in current)
    return added, tuple(name for name in current if name not in wanted)


def evolve(event: TaskEvent, identifier: str, state: State, stamp: Stamp) -> None:
    """Records an event on a task."""
    if isinstance(event, TaskCreated):
        created = _created(event, identifier, stamp)
        state.put(created)
        trees.hang(identifier, event.place.parent, state)
        tracking.track(None, created, state)
        return
    task = state.task(identifier)
    assert task is not None
    if isinstance(event, TaskMoved) and event.before.parent != event.after.parent:
        trees.take_down(identifier, event.before.parent, state)
        trees.hang(identifier, event.after.parent, state)
    changed = structs.replace(
        _evolved(event, task, stamp), updated_at=stamp.at, version=task.version + 1, position=stamp.position
    )
    state.put(changed)
    tracking.track(task, changed, state)


def _created(event: TaskCreated, identifier: str, stamp: Stamp) -> Task:
    return Task(
        id=identifier,
        title=event.title,
        created_at=stamp.at,
        description=event.description,
        status=event.status,
        priority=event.priority,
        labels=event.labels,
        assignees=event.assignees,
        start=event.start,
        due=event.due,
        estimate_minutes=event.estimate_minutes,
        project=event.place.project,
        section=event.place.section,
        parent=event.place.parent,
        order=event.place.order,
        created_by=stamp.actor,
        updated_at=stamp.at,
        completed_at=event.completed_at,
        version=1,
        position=stamp.position,
        checklist=event.checklist,
        series=None if event.occurs is None else event.occurs.series,
        original=None if event.occurs is None else event.occurs.original,
    )


def _evolved(
    event: ChangeOfTask,
    task: Task,
    stamp: Stamp,
) -> Task:
    match event:
        case TaskEdited():
            return overlay(task, event.after)
        case TaskMoved():
            return places.put(task, event.after)
        case TaskStarted():
            return structs.replace(task, status=Status.IN_PROGRESS, completed_at=None)
        case TaskCompleted():
            return structs.replace(task, status=Status.DONE, completed_at=event.completed_at)
        case TaskCancelled():
            return structs.replace(task, status=Status.CANCELLED, completed_at=event.completed_at)
        case TaskSkipped():
            return structs.replace(task, status=Status.SKIPPED, completed_at=event.completed_at)
        case TaskMissed():
            return structs.replace(task, status=Status.MISSED, completed_at=event.completed_at)
        case TaskPostponed():
            return structs.replace(overlay(task, event.after), postponed=event.times)
        case TaskSeriesChanged():
            after = event.after
            if after is None:
                return structs.replace(task, series=None, original=None)
            return structs.replace(task, series=after.series, original=after.original)
        case TaskReopened():
            return structs.replace(task, status=Status.OPEN, completed_at=None)
        case TaskTrashed():
            return structs.replace(task, trashed_at=stamp.at)
        case TaskRestored():
            return structs.replace(task, trashed_at=None)
        case TaskLabelled():
            return structs.replace(task, labels=merged(task.labels, event.added, event.removed))
        case TaskAssigned():
            return structs.replace(task, assignees=merged(task.assignees, event.added, event.removed))
        case _:
            assert_never(event)
