"""From the to-dos of a file to commands: what is to be made, changed or left, and why.

A to-do that is not here is made, with all that belongs to it. One that is here is changed where the file is of a later
time than its last change here, and else left alone: what was done here since is never overwritten by an older file.
Ids, those of the commands too, are made of what the file says, so that an import that broke off is taken up where it
was when it is repeated.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, structs

from tasksys.commands import CreateTask, EditTask
from tasksys.ical import belongings, uids
from tasksys.ical.destination import Destination
from tasksys.ical.series_plan import as_task, begun_anew, counts_from_completion, occurrence, repeated
from tasksys.ical.step import CREATE, UNTITLED, UPDATE, Step
from tasksys.ical.todo import Todo
from tasksys.places import in_trash
from tasksys.rows import Task
from tasksys.values import CLOSED, Status, When

C = TypeVar("C", bound=Any)

FIELDS: Final = ("title", "description", "priority", "labels", "start", "due", "estimate_minutes", "order", "status")


def plan(todos: Sequence[Todo], target: Destination, never: Callable[[str], bool]) -> Iterator[Step]:
    """The steps for the to-dos of a file, in an order in which they can be done.

    `never` tells whether the actor's command of that id was never decided, as far as that is remembered.
    """
    todos = begun_anew(todos)
    whole: dict[str, Todo] = {}
    for one in todos:
        if one.original is None:
            whole.setdefault(one.uid, one)
    masters = {name: one for name, one in whole.items() if one.repeating is not None}
    first: dict[str, Todo] = {}
    occurrences: list[Todo] = []
    for one in todos:
        single = one if one.original is None else as_task(one, masters, target)
        if single is None or (single.uid == f"{one.alias}/closed" and not counts_from_completion(masters[one.uid])):
            occurrences.append(one)
        if single is None:
            continue
        if single.uid in first:
            yield Step(line=one.line, uid=one.uid, reason=f"its UID is that of line {first[single.uid].line} too")
        else:
            first[single.uid] = single
    ids = {name: uids.identifier(target.workspace, name) for name in first if name not in masters}
    around = belongings.Around(target, ids, parents(first), frozenset(masters))
    made: set[str] = set()
    for one in in_order(first, around.parents):
        if one.repeating is None:
            yield guarded(one, partial(_step, one, around, never))
            continue
        step = guarded(one, partial(repeated, one, around))
        made |= {one.uid} if step.action == CREATE else set()
        yield step
    for one in occurrences:
        yield guarded(one, partial(occurrence, one, masters.get(one.uid), one.uid in made, around))


def guarded(todo: Todo, make: Callable[[], Step]) -> Step:
    """The step; or one that says why there is none, for a file may say of single things what no command can."""
    try:
        return make()
    except (ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        return Step(line=todo.line, uid=todo.uid, reason=f"it cannot be taken: {error}"[:500], notes=todo.notes)


def parents(todos: dict[str, Todo]) -> dict[str, str]:
    """The parents of the to-dos, also where only the parent says so, without those that would make a circle."""
    found = {name: one.parent for name, one in todos.items() if one.parent and one.parent != name}
    for name, one in todos.items():
        for child in one.children:
            if child in todos and child != name:
                found.setdefault(child, name)
    safe: set[str] = set()
    for name in list(found):
        path: dict[str, None] = {}
        above: str | None = name
        while above is not None and above not in safe:
            if above in path:
                del found[above]
                break
            path[above] = None
            above = found.get(above)
        safe |= path.keys()
    return found


def in_order(todos: dict[str, Todo], above: dict[str, str]) -> Iterator[Todo]:
    """The to-dos, parents first."""
    done: set[str] = set()
    for name in todos:
        waiting = []
        climbing: str | None = name
        while climbing is not None and climbing in todos and climbing not in done:
            waiting.append(climbing)
            done.add(climbing)
            climbing = above.get(climbing)
        for one in reversed(waiting):
            yield todos[one]


def _step(todo: Todo, around: belongings.Around, never: Callable[[str], bool]) -> Step:
    target = around.target
    task = around.ids[todo.uid]
    row = target.state.task(task)
    around.begin(todo)
    title = todo.title if todo.title is not UNSET else row.title if row else UNTITLED
    told = Step(line=todo.line, uid=todo.uid, title=title, task=task)
    if row is None:
        return structs.replace(told, action=CREATE, commands=_creation(todo, task, title, around), notes=around.notes())
    if in_trash(row, target.state):
        return structs.replace(told, reason="the task is in the trash here; restore it first", notes=todo.notes)
    if todo.modified is not None and todo.modified > (row.updated_at or row.created_at):
        commands = _update(todo, row, around)
        if commands:
            return structs.replace(told, action=UPDATE, commands=commands, notes=around.notes())
        return structs.replace(told, reason="it is here already, and the same", notes=around.notes())
    begun = _creation(todo, task, title, around)
    if row.created_by == target.actor and any(isinstance(one, CreateTask) and not never(one.id) for one in begun):
        left = tuple(one for one in begun if not isinstance(one, CreateTask) and never(one.id))
        if left:
            return structs.replace(told, action=UPDATE, commands=left, notes=around.notes())
    return structs.replace(told, reason="it is here already, and nothing in the file is newer")


def _creation(todo: Todo, task: str, title: str, around: belongings.Around) -> tuple[Any, ...]:
    """The commands that make the task, and what belongs to it."""
    given = {name: getattr(todo, name) for name in FIELDS if getattr(todo, name) is not UNSET}
    if given.get("status") in (Status.SKIPPED, Status.MISSED):
        given["status"] = Status.CANCELLED
    place = around.place(todo)
    made = CreateTask(**{**given, **place, "task": task, "title": title, "assignees": around.members(todo)})
    closed = made.status in CLOSED
    parts = [*around.checklist(todo, task, ()), *around.alarms(todo, task, closed, made), *around.remarks(todo, task)]
    return around.named(todo, [*around.before, made, *parts, *around.links(todo, task, ())])


def _update(todo: Todo, row: Task, around: belongings.Around) -> tuple[Any, ...]:
    """The commands that bring the task to what the file says: fields that it does not mention stay as they are."""
    changes = {
        name: getattr(todo, name)
        for name in FIELDS
        if getattr(todo, name) is not UNSET and not same(getattr(todo, name), getattr(row, name))
    }
    if changes.get("status") in (Status.SKIPPED, Status.MISSED):
        del changes["status"]
    if todo.assignees is not UNSET and (members := around.members(todo)) != row.assignees:
        changes["assignees"] = members
    edits = [EditTask(task=row.id, expected_version=row.version, **changes)] if changes else []
    closed = changes.get("status", row.status) in CLOSED
    parts = [*around.checklist(todo, row.id, row.checklist), *around.alarms(todo, row.id, closed)]
    links = around.links(todo, row.id, row.links)
    return around.named(todo, [*edits, *parts, *around.remarks(todo, row.id), *links])


def same(one: Any, other: Any) -> bool:
    """Whether two values of a field mean the same: a local time may be spelled with or without its seconds."""
    if isinstance(one, When) and isinstance(other, When):
        return spelled(one) == spelled(other)
    return bool(one == other)


def spelled(when: When) -> When:
    """A value with its local time in the shorter spelling."""
    local = when.local
    return structs.replace(when, local=local[:16]) if local and local[16:] == ":00" else when
