"""What became of the occurrences of a series, in figures: how many were done, how late, and how many in a row."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from msgspec import Struct

from tasksys.rows import Occurrence, Task
from tasksys.series.rules import Times
from tasksys.values import Status, When


class Figures(Struct):
    """Of the occurrences that were looked at, the newest `occurrences`.

    `streak` is how many were done in a row up to now, `longest_streak` ever: a skipped one neither counts nor ends it,
    a missed or cancelled one ends it. An occurrence is late if it was done after its due time, or after the day of its
    due date; `average_late_seconds` is over those that were, and null if none was. `postponed` is how often any was.
    `done_ratio` is of those that were done, missed or cancelled, and null if none was.
    """

    occurrences: int = 0
    still_open: int = 0
    done: int = 0
    late: int = 0
    skipped: int = 0
    missed: int = 0
    cancelled: int = 0
    postponed: int = 0
    streak: int = 0
    longest_streak: int = 0
    average_late_seconds: int | None = None
    done_ratio: float | None = None


def figures(occurrences: Iterable[tuple[Occurrence, Task | None]], times: Times) -> Figures:
    """The figures of occurrences in their order, each with its task if there is one."""
    found, late = Figures(), timedelta(0)
    for occurrence, task in occurrences:
        found.occurrences += 1
        found.postponed += 0 if task is None else task.postponed
        match _became(occurrence, task):
            case Status.DONE:
                assert task is not None
                found.done += 1
                found.streak += 1
                found.longest_streak = max(found.streak, found.longest_streak)
                by = _late(task, occurrence, times)
                found.late += by > timedelta(0)
                late += max(by, timedelta(0))
            case Status.SKIPPED:
                found.skipped += 1
            case Status.MISSED:
                found.missed += 1
                found.streak = 0
            case Status.CANCELLED:
                found.cancelled += 1
                found.streak = 0
            case _:
                found.still_open += 1
    closed = found.done + found.missed + found.cancelled
    found.average_late_seconds = round(late.total_seconds() / found.late) if found.late else None
    found.done_ratio = round(found.done / closed, 4) if closed else None
    return found


def _became(occurrence: Occurrence, task: Task | None) -> Status:
    """What became of an occurrence. One that was thrown away is cancelled."""
    if task is None:
        return Status.SKIPPED if occurrence.skipped else Status.MISSED
    return Status.CANCELLED if task.trashed_at is not None else task.status


def _late(task: Task, occurrence: Occurrence, times: Times) -> timedelta:
    """How long after it was due it was done; after the end of the day, where it was due on a date."""
    due = task.due or times.when(occurrence.original)
    if due.date is not None:
        if due.date == date.max.isoformat():
            return timedelta(0)  # the calendar ends with it
        end = datetime.fromisoformat(due.date) + timedelta(days=1)
        due = When(local=end.isoformat(timespec="minutes"))
    done = datetime.fromisoformat(task.completed_at or "")
    return done - datetime.fromisoformat(times.instant(due))
