"""What the event log says: each occurrence and what became of it, each reminder with every instant it was set for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from msgspec import UNSET

from tasksys import codec
from tasksys.events import (
    Event,
    EventRecord,
    ReminderAcknowledged,
    ReminderAdded,
    ReminderCancelled,
    ReminderExpired,
    ReminderFired,
    ReminderRemoved,
    ReminderRescheduled,
    ReminderRestored,
    ReminderReturned,
    ReminderSnoozed,
    SeriesAdvanced,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskEdited,
    TaskMissed,
    TaskPostponed,
    TaskReopened,
    TaskRestored,
    TaskSeriesChanged,
    TaskSkipped,
    TaskTrashed,
)
from tasksys.series.shapes import Occurs
from tasksys.values import CLOCK, Repeat, Trigger, When
from tests.year.ledger import Key

STATUS = {
    TaskCompleted: "done", TaskSkipped: "skipped", TaskMissed: "missed", TaskCancelled: "cancelled",
    TaskReopened: "open",
}  # fmt: skip
"""What a task is after an event."""


class Moment(NamedTuple):
    """When something was recorded, and whether it was by the clock."""

    at: datetime
    by_clock: bool


@dataclass
class Seen:
    """A task: an occurrence or not. `due` is as it was made, `now_due` as it is at the end."""

    name: str
    made: Moment
    due: When | None
    now_due: When | None
    key: Key | None = None
    status: str = "open"
    closed: Moment | None = None
    trashed: bool = False
    again: bool = False
    """It was withdrawn once, and came again."""
    postponed: int = 0


class Armed(NamedTuple):
    """A reminder was set for an instant; `when` was its task's due value then. `follows`: it is a repeat."""

    at: str
    moment: Moment
    when: When | None
    follows: bool = False


class Ended(NamedTuple):
    """How that ended: fired, expired, cancelled, moved."""

    how: str
    armed: Armed
    moment: Moment
    late: int | None = None
    following: str | None = None


@dataclass
class Bell:
    """A reminder. `strays` are firings for an instant that it was not set for."""

    name: str
    task: str
    trigger: Trigger
    repeat: Repeat | None
    snoozed: bool
    removed: bool = False
    waits: Armed | None = None
    ends: list[Ended] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    strays: list[str] = field(default_factory=list)
    at_once: int = 0
    """How often its time had passed already when somebody set it."""


class Log:
    """One workspace's."""

    def __init__(self, records: Sequence[EventRecord]) -> None:
        self.tasks: dict[str, Seen] = {}
        self.bells: dict[str, Bell] = {}
        self.occurrences: dict[Key, str] = {}
        """The task that each occurrence is."""
        self.passed: dict[Key, tuple[str, Moment]] = {}
        """Occurrences that never were tasks: missed or skipped."""
        self.withdrawn: dict[Key, str] = {}
        self.doubled: list[str] = []
        for record in records:
            moment = Moment(datetime.fromisoformat(record.at), record.actor == CLOCK)
            self._fold(codec.event(record), record.task or "", moment)

    def _fold(self, event: Event, task: str, moment: Moment) -> None:
        match event:
            case TaskCreated():
                self.tasks[task] = Seen(task, moment, event.due, event.due)
                if event.occurs is not None:
                    self._joins(self.tasks[task], event.occurs)
            case TaskSeriesChanged():
                self._changes(self.tasks[task], event)
            case TaskCompleted() | TaskSkipped() | TaskMissed() | TaskCancelled() | TaskReopened():
                self.tasks[task].status, self.tasks[task].closed = STATUS[type(event)], moment
            case TaskEdited() | TaskPostponed():
                self.tasks[task].postponed += isinstance(event, TaskPostponed)
                if event.after.due is not UNSET:
                    self.tasks[task].now_due = event.after.due
            case TaskTrashed() | TaskRestored():
                self.tasks[task].trashed = isinstance(event, TaskTrashed)
            case SeriesAdvanced():
                for how, originals in (("missed", event.missed), ("skipped", event.skipped)):
                    for original in originals:
                        key = event.series, date.fromisoformat(original[:10])
                        self._once(key)
                        self.passed[key] = how, moment
            case _:
                self._ring(event, task, moment)

    def _once(self, key: Key) -> None:
        if key in self.occurrences or key in self.passed:
            self.doubled.append(f"{key[0]} of {key[1]} is recorded twice")

    def _joins(self, task: Seen, occurs: Occurs) -> None:
        task.key = occurs.series, date.fromisoformat(occurs.original[:10])
        self._once(task.key)
        self.occurrences[task.key] = task.name
        task.again = self.withdrawn.pop(task.key, None) is not None

    def _changes(self, task: Seen, event: TaskSeriesChanged) -> None:
        if task.key is not None:
            del self.occurrences[task.key]
            if event.after is None:
                self.withdrawn[task.key] = task.name
            task.key = None
        if event.after is not None:
            self._joins(task, event.after)

    # --- reminders

    def _ring(self, event: Event, task: str, moment: Moment) -> None:
        if isinstance(event, ReminderAdded):
            self._added(event, task, moment)
            return
        if isinstance(event, ReminderRemoved | ReminderRestored):
            bell = self.bells[event.reminder.id]
            bell.removed = isinstance(event, ReminderRemoved)
            self._end(bell, "cancelled", moment)
            if isinstance(event, ReminderRestored) and event.reminder.armed:
                self._arm(bell, event.reminder.scheduled_for, moment)
            return
        name = getattr(event, "reminder", None)
        if name is None:
            return
        bell = self.bells[name]
        match event:
            case ReminderRescheduled():
                self._end(bell, "moved", moment)
                self._arm(bell, event.after, moment)
            case ReminderFired():
                bell.fired[event.scheduled_for] += 1
                if bell.waits is None or bell.waits.at != event.scheduled_for:
                    bell.strays.append(event.scheduled_for)
                    return
                self._end(bell, "fired", moment, event.late_by_seconds, event.next)
                self._arm(bell, event.next, moment, follows=True)
            case ReminderExpired():
                if bell.waits is not None and bell.waits.at == event.scheduled_for:
                    self._end(bell, "expired", moment, event.late_by_seconds)
                else:
                    bell.at_once += 1
                    self._end(bell, "moved", moment)
            case ReminderCancelled() | ReminderAcknowledged() | ReminderSnoozed():
                self._end(bell, "cancelled", moment)
            case ReminderReturned():
                self._end(bell, "moved", moment)
                self._arm(bell, event.scheduled_for, moment, follows=True)
            case _:
                pass

    def _added(self, event: ReminderAdded, task: str, moment: Moment) -> None:
        bell = self.bells.get(event.reminder)
        if bell is None:
            snoozed = event.snoozed_from is not None
            bell = self.bells[event.reminder] = Bell(event.reminder, task, event.trigger, event.repeat, snoozed)
        elif not bell.removed:
            self.doubled.append(f"reminder {event.reminder} was added twice")
        bell.removed = False
        self._arm(bell, event.scheduled_for, moment)

    def _arm(self, bell: Bell, at: str | None, moment: Moment, follows: bool = False) -> None:
        bell.waits = None if at is None else Armed(at, moment, self.tasks[bell.task].now_due, follows)

    def _end(self, bell: Bell, how: str, moment: Moment, late: int | None = None, following: str | None = None) -> None:
        if bell.waits is not None:
            bell.ends.append(Ended(how, bell.waits, moment, late, following))
            bell.waits = None
