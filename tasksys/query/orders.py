"""The manual order of lists of tasks: what stands next to a task, without looking at all of them each time.

A list is what has the same parent, or no parent and the same project. Sections are not told apart: what is directly
beside a task in the whole project is so in its section too. A list is sorted when it is first asked about (a hundred
thousand tasks take 0.1 s), and kept sorted from then on.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable

from tasksys.rows import Task

Place = tuple[str | None, str | None]
Key = tuple[str, str]


def place(task: Task) -> Place:
    """The list that the task is in: by its parent, or its project."""
    return task.parent, None if task.parent is not None else task.project


def _key(task: Task) -> Key:
    return task.order, task.id


class Orders:
    """The sorted lists of one workspace. One thread at a time."""

    __slots__ = ("_lists",)

    def __init__(self) -> None:
        self._lists: dict[Place, list[Key]] = {}

    def put(self, before: Task | None, after: Task | None) -> None:
        """A task was added, changed or removed."""
        if not self._lists:
            return
        for task, act in ((before, self._take), (after, insort)):
            if task is not None and (listed := self._lists.get(place(task))) is not None:
                act(listed, _key(task))

    @staticmethod
    def _take(listed: list[Key], key: Key) -> None:
        del listed[bisect_left(listed, key)]

    def gap(self, task: Task, among: Iterable[Task], behind: bool, without: str) -> tuple[str, str]:
        """The order of the task and of the next one behind it or in front, blank if there is none; `without` does not
        count. `among` are all tasks that may be in its list: it is read only if the list is not known yet."""
        here = place(task)
        listed = self._lists.get(here)
        if listed is None:
            listed = self._lists[here] = sorted(_key(one) for one in among if place(one) == here)
        step = 1 if behind else -1
        at = bisect_left(listed, _key(task)) + step
        if 0 <= at < len(listed) and listed[at][1] == without:
            at += step
        return task.order, listed[at][0] if 0 <= at < len(listed) else ""
