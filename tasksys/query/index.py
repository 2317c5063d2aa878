"""One workspace's tasks in memory, ready to be queried; the fold keeps it up, row by row.

What a task inherits is laid over its entry here: a subtask is in its parent's project and section; a task is trashed
with an ancestor or its project; a removed section holds nothing; a task is blocked by open tasks only. Rows may come in
any order, and the same row twice.
"""

from collections.abc import Collection, Generator, Iterable
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tasksys.query.compile import Context, compile_filter
from tasksys.query.entry import ENTRY_BYTES, OPEN_RANKS, Entry, entry
from tasksys.query.errors import FilterError
from tasksys.query.fields import PROJECT, SECTION
from tasksys.query.folding import caseless
from tasksys.query.orders import Orders, place
from tasksys.query.page import Page, page
from tasksys.query.request import PageRequest, Query
from tasksys.query.running import finished, passing, rechecked
from tasksys.query.search import document, holds
from tasksys.query.text import TextIndex
from tasksys.rows import Project, Task
from tasksys.values import LinkType
from tasksys.weight import weight

KEPT_UNREAD: Final = 1000
"""Tasks whose texts may have changed since the last search, besides half of all: their old rows are still held."""


class _Place(NamedTuple):
    """Where a task is, of itself or by its parents."""

    project: str | None
    section: str | None
    trashed: bool


class Index:
    """The tasks and projects of one workspace, whose zone is given. One thread at a time."""

    __slots__ = (
        "_children",
        "_entries",
        "_filed",
        "_names",
        "_orders",
        "_projects",
        "_size",
        "_text",
        "_unread",
        "_watching",
        "_zone",
    )

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._entries: dict[str, Entry] = {}
        self._projects: dict[str, Project] = {}
        self._children: dict[str, dict[str, None]] = {}
        self._filed: dict[str, dict[str, None]] = {}
        self._names: dict[tuple[str, str], set[str]] | None = None
        self._orders = Orders()
        self._text: TextIndex | None = None
        self._unread: dict[str, None] = {}
        self._size = 0
        self._watching: list[dict[str, None]] = []

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """About how much memory it takes, the tasks' rows included."""
        return self._size + len(self) * ENTRY_BYTES + (self._text.bytes if self._text is not None else 0)

    def entry(self, identifier: str) -> Entry | None:
        """The entry of the task of that id."""
        return self._entries.get(identifier)

    def project(self, identifier: str) -> Project | None:
        """The project of that id."""
        return self._projects.get(identifier)

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
        self._text_changed(task.id)
        self._changed(task.id)
        self._size += weight(task) - (0 if before is None else weight(before.task))
        self._settle(added, None if before is None else _place(before))
        self._weigh(added.id)
        self._weigh_blocked_by(added)

    def remove(self, identifier: str) -> None:
        """Removes the task, if it is there."""
        removed = self._entries.pop(identifier, None)
        if removed is None:
            return
        self._orders.put(removed.task, None)
        self._size -= weight(removed.task)
        _take(self._children, removed.task.parent, identifier)
        _take(self._filed, removed.project, identifier)
        self._text_changed(identifier)
        self._changed(identifier)
        for child in self.children(identifier):
            self._settle(self._entries[child], _place(self._entries[child]))
        self._weigh_blocked_by(removed)

    def put_project(self, project: Project) -> None:
        """Adds the project, or replaces the one of its id."""
        before = self._projects.get(project.id)
        self._size += weight(project) - (0 if before is None else weight(before))
        self._projects[project.id] = project
        self._names = None
        for identifier in list(self.in_project(project.id)):
            found = self._entries[identifier]
            self._settle(found, _place(found))

    def run(self, wanted: PageRequest) -> Page | FilterError:
        """The page that is wanted; only a cursor that does not belong to the query gives an error."""
        return finished(self.steps(wanted))

    def steps(self, wanted: PageRequest) -> Generator[None, None, Page | FilterError]:
        """The same in steps of some milliseconds at most; the index may change between them.

        The page is that of the index as it is at the end. Close the generator if it is not run to there.
        """
        query = wanted.query
        predicate = compile_filter(query.filter, Context(wanted.now, self._zone, wanted.user, self._ids_named))
        changed: dict[str, None] = {}
        self._watching.append(changed)
        try:
            entries = yield from self._searched(query)
            found = yield from passing(entries, predicate, query.reads_texts)
            yield from rechecked(
                found,
                changed,
                self.entry,
                lambda item: predicate(item) and (not query.terms or holds(query.terms, document(item.task))),
            )
        finally:
            self._watching = [one for one in self._watching if one is not changed]
        return page(
            list(found.values()), query.sort, wanted.limit, wanted.cursor, digest=query.digest, count=wanted.count
        )

    def _searched(self, query: Query) -> Generator[None, None, Collection[Entry]]:
        """Those in which the search text stands."""
        if not query.terms:
            return list(self._entries.values())
        if self._text is None:
            self._text = TextIndex()
            self._unread = dict.fromkeys(self._entries)
        while self._unread:
            identifier, _ = self._unread.popitem()
            if (item := self._entries.get(identifier)) is not None:
                self._text.put(item.task)
            else:
                self._text.remove(identifier)
            yield
        found = yield from self._text.steps(query.terms)
        return [item for identifier in found or () if (item := self._entries.get(identifier)) is not None]

    def _changed(self, identifier: str) -> None:
        """Tells the queries that run."""
        for changed in self._watching:
            changed[identifier] = None

    def _text_changed(self, identifier: str) -> None:
        """Long texts are folded when somebody searches: only what changed, or all of it if that is the most."""
        if self._text is not None:
            self._unread[identifier] = None
            if not self._watching and len(self._unread) > max(KEPT_UNREAD, len(self._entries) // 2):
                self._text, self._unread = None, {}

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
            self._changed(item.id)
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
            blocked = any(map(self._is_open, blockers))
            if blocked is not item.blocked:
                item.blocked = blocked
                self._changed(identifier)

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
