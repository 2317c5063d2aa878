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
from tasksys.series.rules import Times, times_of
from tasksys.series.shapes import Missed, Occurs
from tasksys.series.spans import between, earlier
from tasksys.state import State

LOOKED_AT: Final = 1000
"""Occurrences among which the one is looked for with which a changed series goes on."""


def open_tasks(series: Series, state: State) -> Iterator[Task]:
    """The tasks of a series that are still to be done."""
    return (task for name in series.open_tasks if (task := state.task(name)) is not None)


def staying(series: Series, moving: list[Fact], state: State) -> list[Task]:
    """The open tasks that do not go to the trash."""
    gone = {fact.task for fact in moving if isinstance(fact.event, TaskTrashed)}
    return [task for task in open_tasks(series, state) if task.id not in gone]


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
        self._places = self._placed()

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
        return _carried(original, self._old, self._new)

    def _placed(self) -> dict[str, str | None]:
        """The occurrences of the new recurrence that the tasks are; None where there is none, or another task is it."""
        found = dict[str, str | None]()
        for task in sorted(self._concerned(), key=lambda one: self._carried(one.original or "") != one.original):
            moved = self._carried(task.original or "")
            row = self._state.occurrence(self._into.id, moved)
            taken = moved in found.values() or (row is not None and row.task != task.id)
            found[task.id] = moved if self._has(moved) and not taken else None
        return found

    def _has(self, original: str) -> bool:
        """True if the new recurrence has the occurrence; after completion, what waits stays whatever the rule is."""
        return self._series.after_completion or self._new.includes(original)

    def _had(self, original: str) -> bool:
        """True if the old recurrence had that occurrence, and something has become of it."""
        was = _carried(original, self._new, self._old)
        handled = self._series.next is None or was < self._series.next
        return handled and was not in self._gone and self._old.includes(was)

    def _withdraw(self) -> list[Task]:
        """The open tasks that the new recurrence has not, and whose time has not come."""
        found = []
        for task in self._concerned():
            original = task.original or ""
            if self._places[task.id] is None and self._old.time_of(original) > self._at:
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
            original, moved = task.original or "", self._places[task.id]
            if moved is None:
                continue
            due = self._new.when(moved)
            if task.due == self._old.when(original) and task.due != due:
                kept = between(task.start, task.due)
                wanted = TaskFields(due=due) if kept is None else TaskFields(due=due, start=earlier(due, kept))
                yield Fact(TaskEdited(*difference(task, wanted)), task.id)
            if (self._series.id, original) == (self._into.id, moved):
                continue
            yield Fact(TaskSeriesChanged(Occurs(self._series.id, original), Occurs(self._into.id, moved)), task.id)

    def _overrides(self) -> Iterator[Fact]:
        for one in self._series.overrides:
            moved = self._carried(one.original)
            if self._start is not None and one.original < self._start:
                continue
            if (self._series.id, one.original) == (self._into.id, moved) and self._has(moved):
                continue
            yield Fact(OccurrenceChanged(self._series.id, one.original, one, None))
            if self._has(moved):
                yield Fact(OccurrenceChanged(self._into.id, moved, None, structs.replace(one, original=moved)))


def _carried(original: str, before: Times, after: Times) -> str:
    """The original time of an occurrence in a changed recurrence: its own, if that has it, and else as the anchor's."""
    return original if after.includes(original) else rules.carried(original, before.anchor, after.anchor)


def leaving(task: Task) -> list[Fact]:
    """An open occurrence goes to the trash and out of its series, which may make it again."""
    assert task.series is not None
    assert task.original is not None
    return [
        Fact(TaskSeriesChanged(Occurs(task.series, task.original), None), task.id),
        Fact(TaskTrashed(), task.id),
    ]


def carried_back(original: str, series: Series, previous: Series, state: State) -> Occurs | None:
    """The occurrence that one is in the series from which its own was split off, if nothing has become of it there."""
    old = times_of(structs.replace(previous, ends_before=None), state)
    found = _carried(original, times_of(series, state), old)
    taken = state.occurrence(previous.id, found) is not None
    return None if taken or not old.includes(found) else Occurs(previous.id, found)


def to_come(series: Series, at: str, state: State) -> list[Task]:
    """The open occurrences whose time has not come."""
    times = times_of(series, state)
    due = ((task, task.due or times.when(task.original or "")) for task in open_tasks(series, state))
    return [task for task, when in due if times.instant(when) > at]


def to_today(series: Series, at: str, state: State) -> list[Fact]:
    """It goes on with the first occurrence of today or later: what would have come since was not missed.

    Where they come one at a time it goes on where it was: none is ever passed over, and those that waited wait on. So
    does one that had stopped after its completions: it does not run.
    """
    stopped = series.stop_after is not None and series.completions >= series.stop_after
    if series.next is None or series.after_completion or stopped or series.missed is Missed.ONE_AT_A_TIME:
        return []
    times = times_of(series, state)
    today = times.at_or_after(times.midnight(at))
    if today is not None and today <= series.next:
        return []
    return [Fact(SeriesAdvanced(series.id, series.next, today, series.at, None))]
