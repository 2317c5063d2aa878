"""How tall the tree of subtasks below a task is, kept as it grows: a move need not walk the tree to know.

Each task that has subtasks has a row that counts them by level. Whatever is hung up or taken down changes the counts of
its ancestors only, and those are as many as the tree may be deep. What is in the trash counts: it can come back.
"""

from itertools import zip_longest

from tasksys.rows import Subtasks
from tasksys.state import State


def height(task: str, state: State) -> int:
    """How many levels of subtasks are below the task."""
    row = state.get(Subtasks, task)
    return len(row.levels) if row else 0


def hang(task: str, parent: str | None, state: State) -> None:
    """Counts the task and what is below it among the subtasks of its new ancestors."""
    _count(task, parent, 1, state)


def take_down(task: str, parent: str | None, state: State) -> None:
    """Counts them no longer among those of the ancestors it had."""
    _count(task, parent, -1, state)


def _count(task: str, parent: str | None, sign: int, state: State) -> None:
    if parent is None:
        return
    below = state.get(Subtasks, task)
    counted = (1, *(below.levels if below else ()))
    while parent is not None and (ancestor := state.task(parent)) is not None:
        row = state.get(Subtasks, parent)
        levels = [
            max(0, now + sign * change) for now, change in zip_longest(row.levels if row else (), counted, fillvalue=0)
        ]
        while levels and not levels[-1]:
            levels.pop()
        if levels:
            state.put(Subtasks(parent, tuple(levels)))
        else:
            state.delete(Subtasks, parent)
        counted = (0, *counted)
        parent = ancestor.parent
