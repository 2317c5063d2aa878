"""One workspace's tasks in memory, ready to be queried; the fold keeps it up, row by row.

What a task inherits is laid over its entry here: a subtask is in its parent's project and section; a task is trashed
with an ancestor or its project; a removed section holds nothing; a task is blocked by open tasks only. Rows may come in
any order, and the same row twice.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tasksys.query.compile import Context, compile_filter
from tasksys.query.entry import OPEN_RANKS, Entry, entry
from tasksys.query.errors import FilterError
from tasksys.query.fields import PROJECT, SECTION
from tasksys.query.folding import caseless
from tasksys.query.orders import Orders, place
from tasksys.query.page import Page, page
from tasksys.query.request import Query
from tasksys.query.text import TextIndex
from tasksys.rows import Project, Task
from tasksys.values import LinkType


class _Place(NamedTuple):
    """Where a task is, of itself or by its parents."""

    project: str | None
    section: str | None
    trashed: bool


class Index:
    """The tasks and projects of one workspace, whose zone is given. One thread at a time."""

    __slots__ = ("_children", "_entries", "_filed", "_names", "_orders", "_projects", "_text", "_zone")

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._entries: dict[str, Entry] = {}
        self._projects: dict[str, Project] = {}
        self._children: dict[str, dict[str, None]] = {}
        self._filed: dict[str, dict[str, None]] = {}
        self._names: dict[tuple[str, str], set[str]] | None = None
        self._orders = Orders()
        self._text: TextIndex | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, identifier: str) -> Entry | None:
        """The entry of the task of that id."""
        return self._entries.get(identifier)

    def children(self, identifier: str) -> Collection[str]:
        """The ids of the tasks directly below that one."""
        return self._children.get(identifier, {}).keys()

    def in_project(self, identifier: str) -> Collection[str]:
        """The ids of the tasks in that project, subtasks and trashed ones too."""
        return self._filed.get(identifier, {}).keys()

    def gap(self, identifier: str, behind: bool, without: str) -> tuple[str, str] | None:
        """The order of that task and of the next one in its list, behind it or in front (blank if there is none), as if
        the task `without` were not there; None for an unknown task."""
        found = self._entries.get(identifier)
        if found is None:
            return None
        parent, project = place(found.task)
        among: Iterable[str] = self._entries if project is None else self.in_project(project)
        if parent is not None:
            among = self.children(parent)
        return self._orders.gap(found.task, (self._entries[one].task for one in among), behind, without)

    def put(self, task: Task) -> None:
        """Adds the task, or replaces the one of its id."""
        before = self._entries.get(task.id)
        self._orders.put(None if before is None else before.task, task)
        if before is not None:
            _take(self._children, before.task.parent, task.id)
        if task.parent is not None:
            self._children.setdefault(task.parent, {})[task.id] = None
        added = self._entries[task.id] = entry(task, self._zone)
        if self._text is not None:
            self._text.put(task)
        self._settle(added, None if before is None else _place(before))
        self._weigh(added.id)
        self._weigh_blocked_by(added)

    def remove(self, identifier: str) -> None:
        """Removes the task, if it is there."""
        removed = self._entries.pop(identifier, None)
        if removed is None:
            return
        self._orders.put(removed.task, None)
        _take(self._children, removed.task.parent, identifier)
        _take(self._filed, removed.project, identifier)
        if self._text is not None:
            self._text.remove(identifier)
        for child in self.children(identifier):
            self._settle(self._entries[child], _place(self._entries[child]))
        self._weigh_blocked_by(removed)

    def put_project(self, project: Project) -> None:
        """Adds the project, or replaces the one of its id."""
        self._projects[project.id] = project
        self._names = None
        for identifier in list(self.in_project(project.id)):
            found = self._entries[identifier]
            self._settle(found, _place(found))

    def use_zone(self, zone: ZoneInfo) -> None:
        """Reads the tasks' dates anew, after the workspace changed its zone."""
        self._zone = zone
        for found in list(self._entries.values()):
            self.put(found.task)

    def run(
        self,
        query: Query,
        now: datetime,
        user: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
        count: bool = False,
    ) -> Page | FilterError:
        """The page of at most `limit` (from 1) tasks behind the cursor, as of now (aware), for that user.

        Only a cursor that does not belong to the query gives an error.
        """
        context = Context(now, self._zone, user, self._ids_named)
        predicate = compile_filter(query.filter, context)
        return page(self._searched(query), predicate, query.sort, limit, cursor, digest=query.digest, count=count)

    def _searched(self, query: Query) -> Iterable[Entry]:
        if not query.terms:
            return self._entries.values()
        if self._text is None:
            self._text = TextIndex(item.task for item in self._entries.values())
        return [self._entries[identifier] for identifier in self._text.search(query.terms) or ()]

    def _ids_named(self, field: str, name: str) -> Collection[str]:
        """The projects or sections of that name, without case."""
        if self._names is None:
            self._names = {}
            for project in self._projects.values():
                self._names.setdefault((PROJECT.name, caseless(project.name)), set()).add(project.id)
                for section in project.sections:
                    self._names.setdefault((SECTION.name, caseless(section.name)), set()).add(section.id)
        return self._names.get((field, caseless(name)), ())

    def _settle(self, start: Entry, before: _Place | None) -> None:
        """Lays the inherited place over the entry and, where it differs from the one before, over those below."""
        pending = [(start, before)]
        while pending:
            item, before = pending.pop()
            place = self._inherited(item.task)
            item.project, item.section, item.trashed = place
            if place == before:
                continue
            _take(self._filed, before.project if before else None, item.id)
            if place.project is not None:
                self._filed.setdefault(place.project, {})[item.id] = None
            self._weigh_blocked_by(item)
            below = (self._entries[child] for child in self.children(item.id))
            pending += ((child, _place(child)) for child in below)

    def _inherited(self, task: Task) -> _Place:
        trashed = task.trashed_at is not None
        if task.parent is not None and (parent := self._entries.get(task.parent)) is not None:
            return _Place(parent.project, parent.section, trashed or parent.trashed)
        project = self._projects.get(task.project) if task.project is not None else None
        if project is None:
            return _Place(task.project, task.section, trashed)
        section = project.section(task.section) if task.section is not None else None
        gone = section is not None and section.removed
        return _Place(project.id, None if gone else task.section, trashed or project.trashed_at is not None)

    def _weigh_blocked_by(self, blocker: Entry) -> None:
        for link in blocker.task.links:
            if link.type is LinkType.BLOCKS:
                self._weigh(link.task)

    def _weigh(self, identifier: str) -> None:
        """Finds out whether an open task blocks this one."""
        item = self._entries.get(identifier)
        if item is not None:
            blockers = (link.task for link in item.task.links if link.type is LinkType.BLOCKED_BY)
            item.blocked = any(map(self._is_open, blockers))

    def _is_open(self, identifier: str) -> bool:
        item = self._entries.get(identifier)
        return item is not None and item.status < OPEN_RANKS and not item.trashed


def _place(item: Entry) -> _Place:
    return _Place(item.project, item.section, item.trashed)


def _take(groups: dict[str, dict[str, None]], group: str | None, identifier: str) -> None:
    """Takes the id out of its group, and the group away with its last one."""
    if group is not None and (members := groups.get(group)) is not None:
        members.pop(identifier, None)
        if not members:
            del groups[group]
