"""Where a task stands: project, section, parent and manual order.

A subtask is in its parent's project and section and stores none of its own, so moving or trashing the parent moves and
trashes the whole tree with one event.
"""

from msgspec import UNSET, UnsetType, structs

from tasksys import limits, ordering, trees
from tasksys.commands import CreateTask, EditTask, MoveTask
from tasksys.events import Place
from tasksys.refusals import Code, Refusal, invalid, missing
from tasksys.rows import Task
from tasksys.state import State


def root(task: Task, state: State) -> Task:
    """The task at the top of the tree that the task is in: itself unless it is a subtask."""
    while task.parent is not None:
        parent = state.task(task.parent)
        if parent is None:
            break
        task = parent
    return task


def in_trash(task: Task, state: State) -> bool:
    """True if the task, one of its ancestors or its project is in the trash."""
    while True:
        if task.trashed_at is not None:
            return True
        parent = state.task(task.parent) if task.parent is not None else None
        if parent is None:
            break
        task = parent
    project = state.project(task.project) if task.project is not None else None
    return project is not None and project.trashed_at is not None


def restored_first(task: Task, state: State) -> Refusal | None:
    """Refuses to restore a task whose parent or project is in the trash, and names what to restore first."""
    top, above = task, list[str]()
    while (parent := state.task(top.parent) if top.parent is not None else None) is not None:
        top = parent
        above += [f"parent {top.id!r}"] if top.trashed_at is not None else []
    project = state.project(top.project) if top.project is not None else None
    if project is not None and project.trashed_at is not None:
        above.append(f"project {project.id!r}")
    if not above:
        return None
    first = above[-1]
    detail = f"The {first} is in the trash, and task {task.id!r} with it; restore that {first.split()[0]} first."
    return Refusal(Code.TRASHED, detail)


def place(command: CreateTask | EditTask | MoveTask, task: Task | None, state: State) -> Place | Refusal:
    """Where the command puts the task (None: a new one), or why it cannot stand there."""
    current = Place(task.project, task.section, task.parent, task.order) if task else Place()
    parent = _mentioned(command.parent, current.parent)
    project = _mentioned(command.project, current.project)
    section = _mentioned(command.section, current.section)
    if parent is not None:
        if refusal := not_below(parent, task, state):
            return refusal
        if refusal := _own_place(command):
            return refusal
        project = section = None
    elif current.parent is not None and command.project is UNSET:
        project = _root_project(current.parent, state)  # a subtask that becomes a task stays in the project
    if project != current.project or section != current.section:
        if command.section is UNSET and project != current.project:
            section = None
        if refusal := _not_in_project(project, section, state):
            return refusal
    order = _order(command, task, state)
    return order if isinstance(order, Refusal) else Place(project, section, parent, order)


def _mentioned(wanted: str | None | UnsetType, current: str | None) -> str | None:
    return current if wanted is UNSET else wanted


def _own_place(command: CreateTask | EditTask | MoveTask) -> Refusal | None:
    for name in ("project", "section"):
        if getattr(command, name) not in (UNSET, None):
            return invalid(f"/{name}", "A subtask is where its parent is; leave this out, or set parent to null.")
    return None


def _root_project(parent: str, state: State) -> str | None:
    task = state.task(parent)
    return root(task, state).project if task else None


def not_below(parent: str, task: Task | None, state: State) -> Refusal | None:
    """Why the task (None: a new one) cannot be a subtask of that parent, if it cannot."""
    ancestor = state.task(parent)
    if ancestor is None:
        return missing("task", parent)
    if in_trash(ancestor, state) and (task is None or task.parent != parent):
        return Refusal(Code.TRASHED, f"The parent {parent!r} is in the trash; restore it first.")
    depth, height = 1, trees.height(task.id, state) if task is not None else 0
    while ancestor is not None:
        if task is not None and ancestor.id == task.id:
            return Refusal(Code.CYCLE, "A task cannot be below itself or one of its subtasks; choose another parent.")
        ancestor = state.task(ancestor.parent) if ancestor.parent is not None else None
        depth += 1
    if depth + height <= limits.SUBTASK_DEPTH or (task is not None and task.parent == parent):
        return None
    here = f", and {height} levels are below this task" if height else ""
    return Refusal(Code.LIMIT, f"Subtasks go at most {limits.SUBTASK_DEPTH} deep{here}; choose a parent higher up.")


def _not_in_project(project: str | None, section: str | None, state: State) -> Refusal | None:
    if project is None:
        return None if section is None else invalid("/section", "A section needs its project; give both.")
    row = state.project(project)
    if row is None:
        return missing("project", project)
    if row.trashed_at is not None:
        return Refusal(Code.TRASHED, f"The project {project!r} is in the trash; restore it first.")
    if section is not None and ((found := row.section(section)) is None or found.removed):
        return missing("section", section)
    return None


def _order(command: CreateTask | EditTask | MoveTask, task: Task | None, state: State) -> str | Refusal:
    workspace = state.workspace
    assert workspace is not None
    if not isinstance(command, MoveTask):
        if command.order is not UNSET:
            return command.order
        return task.order if task else ordering.at_end(workspace.position + 1)
    assert task is not None
    for identifier in (command.after, command.before):
        if identifier == task.id:
            name = "after" if identifier == command.after else "before"
            return invalid(f"/{name}", "A task cannot stand next to itself; name another task.")
        if identifier is not None and state.task(identifier) is None:
            return missing("task", identifier)
    after = state.task(command.after) if command.after is not None else None
    before = state.task(command.before) if command.before is not None else None
    position = workspace.position + 1
    if after is not None and before is not None:
        return ordering.between(after.order, before.order)
    if neighbour := after or before:
        return _next_to(neighbour, after is not None, command.gap, task, position)
    elsewhere = any(getattr(command, name) is not UNSET for name in ("project", "section", "parent"))
    return ordering.at_end(position) if elsewhere else task.order


def _next_to(neighbour: Task, behind: bool, gap: tuple[str, str] | None, task: Task, position: int) -> str:
    """The order directly behind the neighbour, or in front of it.

    The gap was looked up before the command was appended. If the neighbour was moved since, it means nothing any more.
    """
    near, far = neighbour.order, None if gap is None or gap[0] != neighbour.order else gap[1]
    if far is not None and _in_gap(task, neighbour, far, behind):
        return task.order
    if behind:
        return ordering.directly_behind(near, far or "", position) if far != "" else ordering.last(near, position)
    return ordering.directly_in_front(far or "", near, position) if far != "" else ordering.first(near, position)


def _in_gap(task: Task, neighbour: Task, far: str, behind: bool) -> bool:
    """True for a task that stands there already."""
    if (task.project, task.section, task.parent) != (neighbour.project, neighbour.section, neighbour.parent):
        return False
    if behind:
        return neighbour.order < task.order and (task.order < far or not far)
    return far < task.order < neighbour.order


def refused(target: Place, task: Task, state: State) -> Refusal | None:
    """Why the task cannot go (back) to that place, if it cannot."""
    if target.parent is not None:
        return not_below(target.parent, task, state)
    project = state.project(target.project) if target.project is not None else None
    if project is not None and project.trashed_at is not None:
        return Refusal(Code.TRASHED, f"The project {project.id!r} is in the trash; restore it first.")
    return None


def moved(task: Task, target: Place) -> tuple[Place, Place] | None:
    """The task's place before and after, or None if it stands there already."""
    current = Place(task.project, task.section, task.parent, task.order)
    return None if current == target else (current, target)


def put(task: Task, target: Place) -> Task:
    """The task at that place."""
    return structs.replace(
        task, project=target.project, section=target.section, parent=target.parent, order=target.order
    )
