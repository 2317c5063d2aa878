"""What becomes of open tasks and overrides of a series when its recurrence changes, or when it is split or ends."""

from collections.abc import Iterator
from typing import Final

from msgspec import structs

from tasksys.commands import CommandRecord
from tasksys.events import (
    Fact,
    OccurrenceChanged,
    SeriesAdvanced,
    TaskEdited,
    TaskFields,
    TaskSeriesChanged,
    TaskTrashed,
)
from tasksys.fields import difference
from tasksys.rows import Series, Task
from tasksys.series import rules
from tasksys.series.rules import times_of
from tasksys.series.shapes import Occurs
from tasksys.series.spans import between, earlier
from tasksys.state import State

LOOKED_AT: Final = 1000
"""Occurrences among which the one is looked for with which a changed series goes on."""


def open_tasks(series: Series, state: State) -> Iterator[Task]:
    """The tasks of a series that are still to be done."""
    return (task for name in series.open_tasks if (task := state.task(name)) is not None)


class Moving:
    """From one recurrence to another: of the same series, or of the one that was split off from `start` on."""

    def __init__(
        self, series: Series, into: Series, record: CommandRecord, state: State, start: str | None = None
    ) -> None:
        self._series = series
        self._into = into
        self._at = record.at
        self._state = state
        self._start = start
        self._old = times_of(series, state)
        self._new = times_of(into, state)
        self._gone: set[str] = set()

    def facts(self) -> list[Fact]:
        """What becomes of tasks and overrides, and with which occurrence it goes on."""
        facts = [*self._tasks(), *self._overrides()]
        if self._series.id == self._into.id:
            before, after = self._series.next, self.next()
            if before != after:
                facts.append(Fact(SeriesAdvanced(self._into.id, before, after, self._series.at, None)))
        return facts

    def next(self) -> str | None:
        """The first occurrence from today on of which nothing has become: what was done before is not made again."""
        if self._series.after_completion:
            return None if self._series.next is None else self._carried(self._series.next)
        self._withdraw()
        begin = self._new.midnight(self._at)
        for looked, original in enumerate(self._new.between(begin, None)):
            if looked >= LOOKED_AT or not self._had(original):
                return original
        return None

    def _carried(self, original: str) -> str:
        return rules.carried(original, self._old.anchor, self._new.anchor)

    def _had(self, original: str) -> bool:
        """True if the old recurrence had that occurrence, and something has become of it."""
        was = rules.carried(original, self._new.anchor, self._old.anchor)
        handled = self._series.next is None or was < self._series.next
        return handled and was not in self._gone and self._old.includes(was)

    def _withdraw(self) -> list[Task]:
        """The open tasks that the new recurrence has not, and whose time has not come."""
        found = []
        for task in self._concerned():
            original = task.original or ""
            if not self._new.includes(self._carried(original)) and self._old.time_of(original) > self._at:
                self._gone.add(original)
                found.append(task)
        return found

    def _concerned(self) -> Iterator[Task]:
        start = self._start or ""
        return (task for task in open_tasks(self._series, self._state) if (task.original or "") >= start)

    def _tasks(self) -> Iterator[Fact]:
        for task in self._withdraw():
            yield from leaving(task)
        for task in self._concerned():
            original = task.original or ""
            moved = self._carried(original)
            if not self._new.includes(moved) or (self._series.id, original) == (self._into.id, moved):
                continue
            if moved != original and task.due == self._old.when(original):
                kept = between(task.start, task.due)
                due = self._new.when(moved)
                wanted = TaskFields(due=due) if kept is None else TaskFields(due=due, start=earlier(due, kept))
                yield Fact(TaskEdited(*difference(task, wanted)), task.id)
            yield Fact(TaskSeriesChanged(Occurs(self._series.id, original), Occurs(self._into.id, moved)), task.id)

    def _overrides(self) -> Iterator[Fact]:
        for one in self._series.overrides:
            moved = self._carried(one.original)
            if self._start is not None and one.original < self._start:
                continue
            if (self._series.id, one.original) == (self._into.id, moved) and self._new.includes(moved):
                continue
            yield Fact(OccurrenceChanged(self._series.id, one.original, one, None))
            if self._new.includes(moved):
                yield Fact(OccurrenceChanged(self._into.id, moved, None, structs.replace(one, original=moved)))


def leaving(task: Task) -> list[Fact]:
    """An open occurrence goes to the trash and out of its series, which may make it again."""
    assert task.series is not None
    assert task.original is not None
    return [
        Fact(TaskSeriesChanged(Occurs(task.series, task.original), None), task.id),
        Fact(TaskTrashed(), task.id),
    ]


def withdrawn(series: Series, at: str, state: State) -> list[Fact]:
    """The open occurrences whose time has not come go."""
    times = times_of(series, state)
    due = ((task, task.due or times.when(task.original or "")) for task in open_tasks(series, state))
    return [fact for task, when in due if times.instant(when) > at for fact in leaving(task)]
