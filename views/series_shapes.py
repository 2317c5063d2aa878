"""The shapes of series and of what became of their occurrences."""

from msgspec import Struct

from tasksys.recurrence import describe_recurrence
from tasksys.rows import Occurrence, Series
from tasksys.series.rules import times_of
from tasksys.series.shapes import Missed, Override, SeriesState, Template
from tasksys.state import State
from tasksys.values import When


class SeriesShape(Struct):
    """A series. `open` are its tasks that are still to be done; `next` is the first occurrence that is to come.

    `next_at` is when it is looked at again; `description` says its recurrence in words. An occurrence is known by its
    original time. From `ends_before` on the occurrences are those of the series `following`.
    """

    id: str
    workspace: str
    template: Template
    rule: str
    anchor: When
    rdate: tuple[str, ...]
    exdate: tuple[str, ...]
    missed: Missed
    after_completion: bool
    stop_after: int | None
    ahead: str | None
    state: SeriesState
    description: str
    next: str | None
    next_at: str | None
    open: tuple[str, ...]
    completions: int
    overrides: tuple[Override, ...]
    ends_before: str | None
    previous: str | None
    following: str | None
    created_by: str
    created_at: str
    updated_at: str
    version: int
    position: int


class KeptOccurrence(Struct):
    """An occurrence of which something has become: a task, or nothing, for it was skipped or missed before."""

    series: str
    occurrence: str
    task: str | None
    skipped: bool


def series(row: Series, name: str, state: State) -> SeriesShape:
    """A series."""
    times = times_of(row, state)
    described = describe_recurrence(times.after_done or times.recurrence)
    return SeriesShape(
        id=row.id,
        workspace=name,
        template=row.template,
        rule=row.rule,
        anchor=row.anchor,
        rdate=row.rdate,
        exdate=row.exdate,
        missed=row.missed,
        after_completion=row.after_completion,
        stop_after=row.stop_after,
        ahead=row.ahead,
        state=row.state,
        description=described,
        next=row.next,
        next_at=row.at,
        open=row.open_tasks,
        completions=row.completions,
        overrides=row.overrides,
        ends_before=row.ends_before,
        previous=row.previous,
        following=row.following,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        position=row.position,
    )


def occurrence(row: Occurrence) -> KeptOccurrence:
    """An occurrence of which something has become."""
    return KeptOccurrence(row.series, row.original, row.task, row.skipped)
