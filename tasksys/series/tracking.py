"""What a series knows of its tasks: which are open, how many were done, and which occurrence each is.

Called whenever the row of a task changes, so that it is never found out by looking at all of them.
"""

from collections.abc import Iterable

from msgspec import structs

from tasksys import limits
from tasksys.events import Fact, TaskReopened, TaskRestored, TaskStarted
from tasksys.refusals import Code, Refusal
from tasksys.rows import Occurrence, Series, Task
from tasksys.series.shapes import Occurs, Override
from tasksys.state import State
from tasksys.values import CLOSED, Status


def is_open(task: Task) -> bool:
    """True for a task that is still to be done: neither closed nor, by itself, in the trash."""
    return task.status not in CLOSED and task.trashed_at is None


def occurs(task: Task) -> Occurs | None:
    """The occurrence that the task is."""
    if task.series is None or task.original is None:
        return None
    return Occurs(task.series, task.original)


def track(before: Task | None, after: Task, state: State) -> None:
    """Records in the series of a task that the task was changed, or made (None)."""
    was, now = (None if before is None else occurs(before)), occurs(after)
    if was is None and now is None:
        return
    if was is not None and was != now:
        _leave(was, after, state)
    if now is None:
        return
    series = state.series(now.series)
    if series is None:
        return
    if was != now:
        state.put(Occurrence(now.series, now.original, after.id))
        done = series.completions + (after.status is Status.DONE)
        series = structs.replace(series, overrides=without(series, (now.original,)), completions=done)
    elif before is not None:
        done = series.completions + (after.status is Status.DONE) - (before.status is Status.DONE)
        series = structs.replace(series, completions=max(0, done))
    others = tuple(one for one in series.open_tasks if one != after.id)
    state.put(structs.replace(series, open_tasks=(*others, after.id) if is_open(after) else others))


def full(facts: Iterable[Fact], state: State) -> Refusal | None:
    """Refuses to bring back one more task of a series that has as many open ones as it may have."""
    back = dict[str, set[str]]()
    for event, name, _ in facts:
        if not isinstance(event, TaskReopened | TaskRestored | TaskStarted):
            continue
        task = state.task(name or "")
        if task is not None and task.series is not None and not is_open(task):
            back.setdefault(task.series, set()).add(task.id)
    for name, tasks in back.items():
        series = state.series(name)
        if series is not None and len(series.open_tasks) + len(tasks) > limits.OPEN_OF_SERIES:
            detail = f"{limits.OPEN_OF_SERIES} tasks of the series are open, which is the most; complete or skip some."
            return Refusal(Code.LIMIT, detail)
    return None


def _leave(was: Occurs, task: Task, state: State) -> None:
    row = state.occurrence(was.series, was.original)
    if row is not None and row.task == task.id:
        state.delete(Occurrence, row.key)
    series = state.series(was.series)
    if series is not None:
        done = max(0, series.completions - (task.status is Status.DONE))
        others = tuple(one for one in series.open_tasks if one != task.id)
        state.put(structs.replace(series, open_tasks=others, completions=done))


def without(series: Series, originals: tuple[str, ...]) -> tuple[Override, ...]:
    """The overrides of a series but for those of some occurrences."""
    return tuple(one for one in series.overrides if one.original not in originals)
