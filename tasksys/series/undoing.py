"""Undo of what was done to a series, or to a task as one of its occurrences."""

from collections.abc import Iterable
from typing import Final, assert_never

from msgspec import DecodeError

from tasksys import codec
from tasksys.events import (
    EventRecord,
    Fact,
    OccurrenceChanged,
    SeriesAdvanced,
    SeriesCreated,
    SeriesEdited,
    SeriesEnded,
    SeriesPaused,
    SeriesResumed,
    TaskCreated,
    TaskPostponed,
    TaskRestored,
    TaskSeriesChanged,
    TaskTrashed,
)
from tasksys.fields import standing
from tasksys.refusals import Code, Refusal, conflict
from tasksys.rows import Series, Task
from tasksys.series.evolving import SeriesEvent
from tasksys.series.rules import times_of
from tasksys.series.shapes import Occurs, SeriesState
from tasksys.series.tracking import is_open, occurs
from tasksys.state import State

Answer = list[Fact] | Refusal

STEPS: Final = 200
"""Occurrences that a series may have passed over since what is undone; if it has passed more, it does not go back."""


def staying(events: Iterable[EventRecord], state: State) -> set[str]:
    """The tasks that a series made of these events, or took back, and that something has become of since.

    Nothing of these events is undone for them: they are done, say, and with their reminders.
    """
    found: set[str] = set()
    restored: set[str | None] = set()
    for past in events:
        if past.type == TaskRestored.__name__:
            restored.add(past.task)
        became = _came(past, past.task in restored)
        task = state.task(past.task or "")
        if became is not None and task is not None and (not is_open(task) or occurs(task) != became):
            found.add(task.id)
    return found


def _came(past: EventRecord, restored: bool) -> Occurs | None:
    """The occurrence that the series made of a new task, or of one that it restored; None for every other event."""
    if past.type not in (TaskCreated.__name__, TaskSeriesChanged.__name__):
        return None
    try:
        event = codec.event(past)
    except (codec.UnknownEvent, DecodeError):
        return None  # whoever undoes it says so
    if isinstance(event, TaskCreated):
        return event.occurs
    return event.after if isinstance(event, TaskSeriesChanged) and event.before is None and restored else None


def created(event: TaskCreated, task: Task) -> Answer:
    """A series made it because of what is undone: it goes."""
    return [Fact(TaskTrashed(), task.id), Fact(TaskSeriesChanged(event.occurs, None), task.id)]


def changed(event: TaskPostponed | TaskSeriesChanged, task: Task, state: State) -> Answer:
    """The task has its values, or its place in a series, back."""
    match event:
        case TaskPostponed():
            if not standing(task, event.after):
                return conflict("The task")
            times = max(0, task.postponed - event.times + event.times_before)
            return [Fact(TaskPostponed(event.after, event.before, task.postponed, times), task.id)]
        case TaskSeriesChanged():
            before = event.before
            taken = None if before is None else state.occurrence(before.series, before.original)
            if occurs(task) != event.after or taken is not None:
                return conflict("The task's series")
            return [Fact(TaskSeriesChanged(event.after, before), task.id)]
        case _:
            assert_never(event)


def compensate(event: SeriesEvent, series: Series, state: State) -> Answer:
    """The opposite, if the series still is as the event left it."""
    match event:
        case SeriesCreated():
            if event.previous is not None and series.completions:
                detail = "An occurrence of the new series is done; undo that first."
                return Refusal(Code.UNDO_CONFLICT, detail)
            return _to(series, SeriesState.ENDED) or conflict("The series")
        case SeriesEdited():
            if not (standing(series, event.after) and standing(series.template, event.template_after)):
                return conflict("The series")
            back = SeriesEdited(series.id, event.after, event.before, event.template_after, event.template_before)
            return [Fact(back)]
        case SeriesPaused():
            return _back(series, SeriesState.PAUSED, event.before)
        case SeriesResumed():
            return _back(series, SeriesState.ACTIVE, event.before)
        case SeriesEnded():
            return _back(series, SeriesState.ENDED, event.before)
        case SeriesAdvanced():
            return _advanced(series, event.next_before) if _goes_back(event, series, state) else []
        case OccurrenceChanged():
            return _occurrence(event, series, state)
        case _:
            assert_never(event)


def _back(series: Series, reached: SeriesState, before: SeriesState) -> Answer:
    return _to(series, before) if series.state is reached else conflict("The series")


def _to(series: Series, state: SeriesState) -> list[Fact]:
    """The event that brings the series to that state; none if it is there."""
    if series.state is state:
        return []
    match state:
        case SeriesState.ACTIVE:
            return [Fact(SeriesResumed(series.id, series.state))]
        case SeriesState.PAUSED:
            return [Fact(SeriesPaused(series.id, series.state))]
        case SeriesState.ENDED:
            return [Fact(SeriesEnded(series.id, series.state))]
        case _:
            assert_never(state)


def _goes_back(event: SeriesAdvanced, series: Series, state: State) -> bool:
    """True if the series is where the event left it.

    Or if what it opened then goes now, and it has passed only over occurrences since that something has become of:
    nothing else would bring that one back.
    """
    if series.next == event.next:
        return True
    opened = state.occurrence(series.id, event.next_before or "")
    task = state.task(opened.task) if opened is not None and opened.task is not None else None
    if task is None or not is_open(task) or series.after_completion:
        return False
    times, original = times_of(series, state), event.next
    for _ in range(STEPS):
        if original is None or original == series.next:
            return original == series.next
        if state.occurrence(series.id, original) is None:
            return False
        original = times.after(original)
    return False


def _advanced(series: Series, following: str | None) -> list[Fact]:
    """It goes on there; what follows says when."""
    return [Fact(SeriesAdvanced(series.id, series.next, following, series.at, None))]


def _occurrence(event: OccurrenceChanged, series: Series, state: State) -> Answer:
    row = state.occurrence(series.id, event.original)
    skipped = event.after is not None and event.after.skipped
    passed = row is not None and row.task is None and row.skipped and skipped
    if not passed and (row is not None or series.override(event.original) != event.after):
        return conflict("The occurrence")
    back = [Fact(OccurrenceChanged(series.id, event.original, event.after, event.before))]
    return back + (_advanced(series, event.original) if passed else [])
