"""What one task looks like to a query: the values it is compared and sorted by, computed once when the task changes."""

from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from tasksys.query import bounds
from tasksys.query.folding import caseless_set, fold
from tasksys.query.moments import MISSING, at, span
from tasksys.rows import Task
from tasksys.values import LinkType, Priority, Status

STATUS_RANK: Final = {status: rank for rank, status in enumerate(Status)}
PRIORITY_RANK: Final = {priority: rank for rank, priority in enumerate(Priority)}
OPEN_RANKS: Final = STATUS_RANK[Status.DONE]
"""Statuses ranked below this are still to be done."""


ENTRY_BYTES: Final = 450
"""What an entry takes with its places in dicts, besides the task's row: 390, measured with tasks like people's."""


class Entry(Struct, eq=False, gc=False):
    """A task as queries see it. Numbers that are not there are NaN (`moments.MISSING`).

    `due_first` to `due_last` is the due value as a span of instants (see `moments`), likewise start; created, updated
    and completed are instants. `title` is folded and sorted by `title_start`, `labels` are without case. `project`,
    `section` and `trashed` are what holds for the task itself; the index, which knows its parents and projects, lays
    theirs over it, and likewise `blocked`.
    """

    task: Task
    id: str
    status: int
    priority: int
    title: str
    title_start: str
    labels: frozenset[str]
    links: frozenset[str]
    due_first: float
    due_last: float
    start_first: float
    start_last: float
    created: float
    updated: float
    completed: float
    estimate: float
    order: str
    position: int
    items: int
    unchecked: int
    project: str | None
    section: str | None
    trashed: bool
    blocked: bool


def entry(task: Task, zone: ZoneInfo) -> Entry:
    """The task's entry; dates and floating times are read in the zone."""
    due, start = span(task.due, zone), span(task.start, zone)
    title = fold(task.title)
    links = _kinds(tuple(link.type for link in task.links))
    return Entry(
        task=task,
        id=task.id,
        status=STATUS_RANK[task.status],
        priority=PRIORITY_RANK[task.priority],
        title=title,
        title_start=title[: bounds.SORTED_CHARACTERS],
        labels=caseless_set(task.labels),
        links=links,
        due_first=due.first,
        due_last=due.last,
        start_first=start.first,
        start_last=start.last,
        created=at(task.created_at),
        updated=at(task.updated_at),
        completed=at(task.completed_at),
        estimate=MISSING if task.estimate_minutes is None else float(task.estimate_minutes),
        order=task.order,
        position=task.position,
        items=len(task.checklist),
        unchecked=sum(not item.done for item in task.checklist),
        project=task.project,
        section=task.section,
        trashed=task.trashed_at is not None,
        blocked=LinkType.BLOCKED_BY.value in links,
    )


@lru_cache(maxsize=1024)
def _kinds(types: tuple[LinkType, ...]) -> frozenset[str]:
    """The kinds of links as plain text, which hashes faster than an enumeration's member."""
    return frozenset(kind.value for kind in types)
