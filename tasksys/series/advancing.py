"""A series goes on: what is due of it becomes tasks, what was not done in time is recorded as missed.

It is found out again after every command that may change it, and when the clock says that the time has come; if nothing
changed, nothing is recorded. So a command appended twice, or days late, does the same.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from msgspec import UNSET, structs

from tasksys import durations, firing, ordering, places, tasks
from tasksys.events import (
    Fact,
    Place,
    ReminderAdded,
    ReminderExpired,
    SeriesAdvanced,
    TaskCreated,
    TaskEdited,
    TaskFields,
    TaskRestored,
    TaskSeriesChanged,
)
from tasksys.fields import difference, overlay
from tasksys.recurrence.identity import occurrence_id
from tasksys.refusals import Refusal
from tasksys.rows import ChecklistItem, Series, Task
from tasksys.series.rules import times_of
from tasksys.series.shapes import Missed, Occurs, Override, SeriesState, Template
from tasksys.series.spans import between, earlier
from tasksys.state import State
from tasksys.values import ReminderState, Status, Trigger, When, instant

STEPS: Final = 200
"""Occurrences that one command opens or passes over; the clock goes on at once with those that are left."""

OPEN: Final = 100
"""Tasks of one series that are open at once; what comes on top of them is missed."""

A_DAY: Final = timedelta(days=1)
AT_ONCE: Final = ""
"""An instant before every other."""


def settle(identifier: str, state: State, at: str, by_clock: bool) -> list[Fact]:
    """What follows for a series from how it is at an instant; nothing, if it is so already."""
    series = state.series(identifier)
    return [] if series is None or state.workspace is None else _Settling(series, state, at, by_clock).facts()


class _Settling:
    """One look at a series."""

    def __init__(self, series: Series, state: State, at: str, by_clock: bool) -> None:
        workspace = state.workspace
        assert workspace is not None
        self._series = series
        self._state = state
        self._at = at
        self._by_clock = by_clock
        self._times = times_of(series, state)
        self._position = workspace.position
        self._next = series.next
        self._open = {task.original or "": task for name in series.open_tasks if (task := state.task(name)) is not None}
        self._facts: list[Fact] = []
        self._missed: list[str] = []
        self._skipped: list[str] = []

    def facts(self) -> list[Fact]:
        series = self._series
        look: str | None = None
        if series.state is SeriesState.ACTIVE and (series.stop_after is None or series.completions < series.stop_after):
            look = self._after_completion() if series.after_completion else self._by_rule()
        self._skipped += [one.original for one in series.overrides if self._behind(one)]
        if (self._next, look) != (series.next, series.at) or self._missed or self._skipped:
            passed = tuple(self._missed), tuple(self._skipped)
            self._facts.append(
                Fact(SeriesAdvanced(series.id, series.next, self._next, series.at, look, *passed)),
            )
        return self._facts

    def _behind(self, override: Override) -> bool:
        """True for an occurrence that was left out, or is again, when the series had gone past it."""
        gone = self._next is None or override.original < self._next
        return override.skipped and gone and override.original not in self._skipped

    def _after_completion(self) -> str | None:
        if self._open:
            self._next = None
            return None
        if self._next is None:
            self._next = self._untaken(self._times.following(self._at, self._series.completions))
        if self._next is None:
            return None
        opens = self._opens(self._next, self._time(self._next))
        if opens is not None and opens > self._at:
            return opens
        self._make(self._next)
        self._next = None
        return None

    def _untaken(self, original: str | None) -> str | None:
        """The occurrence, or the first one after it of which nothing has become yet."""
        for _ in range(STEPS):
            if original is None or self._state.occurrence(self._series.id, original) is None:
                return original
            original = self._times.following(self._times.time_of(original), self._series.completions)
        return None

    def _by_rule(self) -> str | None:
        """Opens what is due; the instant at which to look again."""
        for _ in range(STEPS):
            if self._next is None:
                return None
            original = self._next
            if not self._passed(original):
                opens = self._opens(original, self._time(original))
                if opens is None or opens > self._at:
                    return opens
                self._come(original)
            self._next = self._times.after(original)
        return self._at

    def _passed(self, original: str) -> bool:
        """True for an occurrence of which something has become already, or that is left out."""
        override = self._series.override(original)
        if override is not None and override.skipped:
            self._skipped.append(original)
            return True
        return self._state.occurrence(self._series.id, original) is not None

    def _opens(self, original: str, time: str) -> str | None:
        """The instant at which the occurrence becomes a task; None if that depends on others."""
        series, lead = self._series, self._lead()
        if series.missed is Missed.ALL and not series.after_completion:
            return _ahead(time, max(A_DAY, lead) if series.ahead is None else lead)
        if not self._open:
            return AT_ONCE if series.ahead is None else _ahead(time, lead)
        if series.missed is Missed.ONE_AT_A_TIME or series.after_completion:
            return None
        return self._takes_over(max(self._open), original)

    def _takes_over(self, previous: str, original: str) -> str:
        """The instant at which an occurrence takes the place of a previous one that is open still.

        That is its own time, or earlier by as much as its reminders and its start need; by half of the time in between
        at most, so that the previous one had its own.
        """
        time = self._time(original)
        if previous >= original:
            return time
        between = datetime.fromisoformat(time) - datetime.fromisoformat(self._time(previous))
        return _ahead(time, max(timedelta(0), min(self._needs(), between / 2)))

    def _come(self, original: str) -> None:
        match self._series.missed:
            case Missed.ALL if len(self._open) >= OPEN:
                self._missed.append(original)
            case Missed.NEXT:
                following = self._times.after(original)
                if following is not None and self._takes_over(original, following) <= self._at:
                    self._missed.append(original)
                    return
                self._miss(original)
                self._make(original)
            case _:
                self._make(original)

    def _miss(self, original: str) -> None:
        """Those that are open are missed when a later one comes."""
        for before in [one for one in self._open if one < original]:
            self._facts += tasks.to_status(self._open.pop(before), Status.MISSED, self._at)

    def _lead(self) -> timedelta:
        ahead = self._series.ahead
        return max(self._needs(), timedelta(0) if ahead is None else _length(ahead))

    def _needs(self) -> timedelta:
        """How long before its time an occurrence must be a task for its start and its reminders."""
        template = self._series.template
        befores = [one.trigger.before for one in template.reminders]
        befores += [] if template.start_before is None else [template.start_before]
        return max((_length(one) for one in befores), default=timedelta(0))

    def _time(self, original: str) -> str:
        return self._times.instant(self._due(original))

    def _due(self, original: str) -> When:
        override = self._series.override(original)
        return self._times.when(original) if override is None or override.due is None else override.due

    # --- making the task

    def _make(self, original: str) -> None:
        """The occurrence becomes a task: a new one, or that which was withdrawn before its time."""
        name = occurrence_id(self._series.id, original)
        becomes = Occurs(self._series.id, original)
        before = self._state.task(name)
        if before is not None:
            self._facts += [Fact(TaskRestored(before.trashed_at), name)] if before.trashed_at else []
            self._facts.append(Fact(TaskSeriesChanged(None, becomes), name))
            self._facts += self._edited(before, original)
            override = self._series.override(original)
            due = before.due if override is None or override.due is None else override.due
            task = structs.replace(before, original=original, due=due)
            self._facts += self._reminders(self._series.template, task)
            self._open[original] = task
            return
        override = self._series.override(original) or Override(original)
        template, due = overlay(self._series.template, override.fields), self._due(original)
        start = None if template.start_before is None else earlier(due, template.start_before)
        items = (ChecklistItem(occurrence_id(name, f"item-{n}"), one) for n, one in enumerate(template.checklist))
        created = TaskCreated(
            title=template.title,
            place=self._place(template),
            description=template.description,
            priority=template.priority,
            labels=template.labels,
            assignees=tuple(one for one in template.assignees if self._state.member(one) is not None),
            start=start,
            due=due,
            estimate_minutes=template.estimate_minutes,
            checklist=tuple(items),
            occurs=becomes,
        )
        self._facts.append(Fact(created, name))
        task = Task(name, template.title, self._at, start=start, due=due, original=original)
        self._facts += self._reminders(template, task)
        self._open[original] = task

    def _edited(self, task: Task, original: str) -> Iterator[Fact]:
        """What was changed of an occurrence while its task was withdrawn."""
        override = self._series.override(original)
        if override is None:
            return
        fields, due = override.fields, UNSET if override.due is None else override.due
        start = task.start if (kept := between(task.start, task.due)) is None else earlier(self._due(original), kept)
        wanted = TaskFields(
            title=fields.title,
            description=fields.description,
            priority=fields.priority,
            start=UNSET if due is UNSET else start,
            due=due,
            estimate_minutes=fields.estimate_minutes,
        )
        before, after = difference(task, wanted)
        if after != TaskFields():
            yield Fact(TaskEdited(before, after), task.id)
        for answer in (
            [] if fields.labels is UNSET else tasks.label(task, fields.labels),
            [] if fields.assignees is UNSET else tasks.assign(task, fields.assignees, self._state),
        ):
            yield from [] if isinstance(answer, Refusal) else answer

    def _place(self, template: Template) -> Place:
        """Where the template says, or what is left of that place."""
        order = ordering.at_end(self._position + 1 + len(self._facts))
        parent = self._state.task(template.parent) if template.parent is not None else None
        if parent is not None and places.not_below(parent.id, None, self._state) is None:
            return Place(parent=parent.id, order=order)
        project = self._state.project(template.project) if template.project is not None else None
        if project is None:
            return Place(order=order)
        section = project.section(template.section) if template.section is not None else None
        return Place(project.id, None if section is None or section.removed else section.id, None, order)

    def _reminders(self, template: Template, task: Task) -> Iterator[Fact]:
        for number, one in enumerate(template.reminders):
            user, name = one.user or self._series.created_by, occurrence_id(task.id, f"reminder-{number}")
            if self._state.member(user) is None or self._state.reminder(name) is not None:
                continue
            trigger = Trigger(before=one.trigger.before, of=one.trigger.of)
            at = firing.schedule(trigger, task, self._state)
            yield Fact(ReminderAdded(name, user, trigger, at, one.repeat), task.id)
            if at is not None and at <= self._at and not self._by_clock:
                # Nobody was kept from it by an outage: it is too late for it because of what somebody just did.
                yield Fact(ReminderExpired(name, ReminderState.PENDING, at), task.id)


def _length(duration: str) -> timedelta:
    days, seconds = durations.parse(duration)
    return max(timedelta(0), timedelta(days=days, seconds=seconds))


def _ahead(at: str, lead: timedelta) -> str:
    try:
        return instant(datetime.fromisoformat(at) - lead)
    except OverflowError:
        return AT_ONCE
