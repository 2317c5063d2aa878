"""Undo of what was done to a series, or to a task as one of its occurrences."""

from collections.abc import Iterable, Iterator, Sequence
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
from tasksys.series import moving
from tasksys.series.evolving import SeriesEvent
from tasksys.series.overriding import overfull
from tasksys.series.rules import times_of
from tasksys.series.shapes import Occurs, Override, SeriesState
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


def created(event: TaskCreated, task: Task, state: State) -> Answer:
    """A series made it because of what is undone: it goes, unless something has become of it since.

    Where it was moved, the series knows the occurrence as moved again.
    """
    was = occurs(task)
    if not is_open(task) or was is None or was != event.occurs:
        return []
    facts = [Fact(TaskTrashed(), task.id), Fact(TaskSeriesChanged(was, None), task.id)]
    series = state.series(was.series)
    if series is not None and task.due is not None and task.due != times_of(series, state).when(was.original):
        moved = Override(was.original, due=task.due)
        facts.append(Fact(OccurrenceChanged(was.series, was.original, None, moved)))
    return facts


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


def compensate(event: SeriesEvent, series: Series, undone: Sequence[Fact], at: str, state: State) -> Answer:
    """The opposite, if the series still is as the event left it.

    `undone` compensates what came after the event in the same command: the state does not know that yet.
    """
    match event:
        case SeriesCreated():
            if event.previous is not None and series.completions:
                detail = "An occurrence of the new series is done; undo that first."
                return Refusal(Code.UNDO_CONFLICT, detail)
            ended = _to(series, SeriesState.ENDED)
            return [*ended, *_left_over(event, series, undone, at, state)] if ended else conflict("The series")
        case SeriesEdited():
            if not (standing(series, event.after) and standing(series.template, event.template_after)):
                return conflict("The series")
            back = SeriesEdited(series.id, event.after, event.before, event.template_after, event.template_before)
            return [Fact(back)]
        case SeriesPaused():
            return _back(series, SeriesState.PAUSED, event.before, at, state)
        case SeriesResumed():
            return _back(series, SeriesState.ACTIVE, event.before, at, state)
        case SeriesEnded():
            return _back(series, SeriesState.ENDED, event.before, at, state)
        case SeriesAdvanced():
            reached = _reached(series, undone)
            return _advanced(series, reached, event.next_before) if _goes_back(event, reached, series, state) else []
        case OccurrenceChanged():
            return _occurrence(event, series, undone, state)
        case _:
            assert_never(event)


def _back(series: Series, reached: SeriesState, before: SeriesState, at: str, state: State) -> Answer:
    """Active again it goes on today, as if it were resumed."""
    if series.state is not reached:
        return conflict("The series")
    return [*_to(series, before), *(moving.to_today(series, at, state) if before is SeriesState.ACTIVE else [])]


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


def _left_over(event: SeriesCreated, series: Series, undone: Sequence[Fact], at: str, state: State) -> Iterator[Fact]:
    """What was opened since goes over to the series that goes on in its place, or goes if its time has not come."""
    handled = {fact.task for fact in undone}
    previous = state.series(event.previous) if event.previous is not None else None
    to_come = {task.id for task in moving.to_come(series, at, state)}
    for task in moving.open_tasks(series, state):
        was = occurs(task)
        if was is None or task.id in handled:
            continue
        into = None if previous is None else moving.carried_back(was.original, series, previous, state)
        if into is not None:
            yield Fact(TaskSeriesChanged(was, into), task.id)
        elif task.id in to_come:
            yield from moving.leaving(task)


def _taken_back(task: str | None, undone: Sequence[Fact]) -> bool:
    """True for the task of an occurrence that was made because of what is undone, and is none any more."""
    left = (one.task for one in undone if isinstance(one.event, TaskSeriesChanged) and one.event.after is None)
    return task is not None and task in left


def _override(series: Series, original: str, undone: Sequence[Fact]) -> Override | None:
    """What is different about an occurrence, with what is undone already."""
    changed = (one for one, _, _ in reversed(undone) if isinstance(one, OccurrenceChanged))
    found = (one.after for one in changed if (one.series, one.original) == (series.id, original))
    return next(found, series.override(original))


def _reached(series: Series, undone: Sequence[Fact]) -> str | None:
    """What comes next, with what is undone already."""
    advanced = (event for event, _, _ in reversed(undone) if isinstance(event, SeriesAdvanced))
    return next((event.next for event in advanced if event.series == series.id), series.next)


def _goes_back(event: SeriesAdvanced, reached: str | None, series: Series, state: State) -> bool:
    """True if the series is where the event left it.

    Or if what it opened then goes now, and it has passed only over occurrences since that something has become of:
    nothing else would bring that one back.
    """
    if reached == event.next:
        return True
    opened = state.occurrence(series.id, event.next_before or "")
    task = state.task(opened.task) if opened is not None and opened.task is not None else None
    if task is None or not is_open(task) or series.after_completion:
        return False
    times, original = times_of(series, state), event.next
    for _ in range(STEPS):
        if original is None or original == reached:
            return original == reached
        if state.occurrence(series.id, original) is None:
            return False
        original = times.after(original)
    return False


def _advanced(series: Series, reached: str | None, following: str | None) -> list[Fact]:
    """It goes on there; what follows says when."""
    return [Fact(SeriesAdvanced(series.id, reached, following, series.at, None))]


def _occurrence(event: OccurrenceChanged, series: Series, undone: Sequence[Fact], state: State) -> Answer:
    row = state.occurrence(series.id, event.original)
    skipped = event.after is not None and event.after.skipped
    passed = row is not None and row.task is None and row.skipped and skipped
    taken_back = row is not None and _taken_back(row.task, undone)
    if not (passed or taken_back) and (row is not None or _override(series, event.original, undone) != event.after):
        return conflict("The occurrence")
    changed = OccurrenceChanged(series.id, event.original, event.after, event.before)
    others = (one.event for one in undone if isinstance(one.event, OccurrenceChanged) and one.event.series == series.id)
    if refusal := overfull(series, changed, others):
        return refusal
    back = [Fact(changed)]
    reached = _reached(series, undone)
    again = passed and (reached is None or event.original < reached)
    return back + (_advanced(series, reached, event.original) if again else [])
