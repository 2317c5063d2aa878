"""One workspace's rows in memory, as `decide` reads them and `evolve` changes them."""

from collections.abc import Callable
from typing import Self, TypeVar

from tasksys.rows import Comment, Member, Occurrence, Project, Reminder, Row, Series, Task, TaskReminders, Workspace

Key = tuple[str, str]
"""A row's kind and its name among the rows of that kind."""

R = TypeVar("R", bound=Row)


def nothing_stored(kind: str, name: str) -> None:
    """The loader of a state that has no store behind it."""


class State:
    """The rows of one workspace, loaded on demand and kept.

    `load(kind, name)` gives a row that is not in memory, or None. `changed` collects what was put or deleted since it
    was last cleared by the owner of the state, who stores it.
    """

    __slots__ = ("_load", "changed", "rows")

    def __init__(self, load: Callable[[str, str], Row | None] = nothing_stored) -> None:
        self._load = load
        self.rows: dict[Key, Row | None] = {}
        self.changed: dict[Key, Row | None] = {}

    def get(self, row_type: type[R], name: str) -> R | None:
        """The row of that type and name, or None."""
        key = (row_type.kind, name)
        try:
            row = self.rows[key]
        except KeyError:
            row = self.rows[key] = self._load(*key)
        assert row is None or isinstance(row, row_type)
        return row

    def put(self, row: Row) -> None:
        """Adds or replaces a row."""
        key = (row.kind, row.key)
        self.rows[key] = self.changed[key] = row

    def delete(self, row_type: type[Row], name: str) -> None:
        """Removes a row, if it is there."""
        key = (row_type.kind, name)
        self.rows[key] = self.changed[key] = None

    def draft(self) -> Self:
        """A state to try changes in, which this one knows nothing of until it takes them over."""
        return type(self)(self._look)

    def take(self, draft: Self) -> None:
        """Takes over what was changed in a draft."""
        self.rows.update(draft.changed)
        self.changed.update(draft.changed)

    def _look(self, kind: str, name: str) -> Row | None:
        key = (kind, name)
        if key not in self.rows:
            self.rows[key] = self._load(*key)
        return self.rows[key]

    @property
    def workspace(self) -> Workspace | None:
        """The workspace's own row; None before it was created."""
        return self.get(Workspace, "")

    def member(self, user: str) -> Member | None:
        """The membership of that user."""
        return self.get(Member, user)

    def project(self, identifier: str) -> Project | None:
        """The project of that id, also a trashed one."""
        return self.get(Project, identifier)

    def task(self, identifier: str) -> Task | None:
        """The task of that id, also a trashed one."""
        return self.get(Task, identifier)

    def comment(self, task: str, identifier: str) -> Comment | None:
        """The comment of that id on that task."""
        return self.get(Comment, f"{task}/{identifier}")

    def series(self, identifier: str) -> Series | None:
        """The series of that id."""
        return self.get(Series, identifier)

    def occurrence(self, series: str, original: str) -> Occurrence | None:
        """What has become of an occurrence of a series."""
        return self.get(Occurrence, f"{series}/{original}")

    def reminder(self, identifier: str) -> Reminder | None:
        """The reminder of that id."""
        return self.get(Reminder, identifier)

    def reminders(self, task: str) -> list[Reminder]:
        """The reminders of a task, in the order in which they were added."""
        named = self.get(TaskReminders, task)
        found = [self.reminder(identifier) for identifier in named.reminders] if named else []
        return [one for one in found if one is not None]
