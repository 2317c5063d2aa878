"""An occurrence becomes a task: made of the template and of what is different about it, with its reminders."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import structs

from tasksys import firing, ordering, places, tasks
from tasksys.events import (
    Fact,
    Place,
    ReminderAdded,
    ReminderExpired,
    TaskCreated,
    TaskEdited,
    TaskFields,
    TaskRestored,
    TaskSeriesChanged,
)
from tasksys.fields import difference, mentioned, overlay
from tasksys.recurrence.identity import occurrence_id
from tasksys.refusals import Refusal
from tasksys.rows import ChecklistItem, Series, Task
from tasksys.series.shapes import Occurs, Override, Template
from tasksys.series.spans import earlier, kind
from tasksys.series.tracking import occurs
from tasksys.state import State
from tasksys.values import CLOSED, ReminderState, Trigger, When


class Made(NamedTuple):
    """The events that make a task, and the task if it is open."""

    facts: list[Fact]
    task: Task | None


class Maker:
    """Makes tasks of a series at an instant. `by_clock`: because their time came, not because of what somebody did."""

    def __init__(self, series: Series, state: State, at: str, by_clock: bool) -> None:
        self._series = series
        self._state = state
        self._at = at
        self._by_clock = by_clock

    def make(self, original: str, due: When, position: int) -> Made:
        """The occurrence becomes a task, due then: a new one, or that which was withdrawn before its time.

        `position` is that of the first of the facts.
        """
        name = occurrence_id(self._series.id, original)
        becomes = Occurs(self._series.id, original)
        before = self._state.task(name)
        if before is not None:
            facts = [Fact(TaskRestored(before.trashed_at), name)] if before.trashed_at else []
            facts += self._as_said_since(original, due, before)
            facts.append(Fact(TaskSeriesChanged(occurs(before), becomes), name))
            if before.status in CLOSED:
                return Made(facts, None)
            facts += self._reminders(self._series.template, before)
            return Made(facts, structs.replace(before, original=original))
        override = self._series.override(original) or Override(original)
        template = overlay(self._series.template, override.fields)
        start = None if template.start_before is None else earlier(due, template.start_before)
        items = (ChecklistItem(occurrence_id(name, f"item-{n}"), one) for n, one in enumerate(template.checklist))
        created = TaskCreated(
            title=template.title,
            place=self._place(template, position),
            description=template.description,
            priority=template.priority,
            labels=template.labels,
            assignees=self._members(template.assignees),
            start=start,
            due=due,
            estimate_minutes=template.estimate_minutes,
            checklist=tuple(items),
            occurs=becomes,
        )
        task = Task(name, template.title, self._at, start=start, due=due, original=original)
        return Made([Fact(created, name), *self._reminders(template, task)], task)

    def _as_said_since(self, original: str, due: When, before: Task) -> list[Fact]:
        """What was made different about an occurrence while its task was withdrawn."""
        override = self._series.override(original) or Override(original)
        named: dict[str, Any] = mentioned(override.fields)
        fields = {name: value for name, value in named.items() if name not in ("labels", "assignees")}
        if override.due is not None or before.due is None or kind(before.due) != kind(due):
            length = self._series.template.start_before
            fields |= {"due": due, "start": None if length is None else earlier(due, length)}
        was, now = difference(before, TaskFields(**fields))
        facts = [Fact(TaskEdited(was, now), before.id)] if now != TaskFields() else []
        for answer in (
            tasks.label(before, named.get("labels", before.labels)),
            tasks.assign(before, self._members(named["assignees"]), self._state) if "assignees" in named else [],
        ):
            facts += [] if isinstance(answer, Refusal) else answer
        return facts

    def _members(self, users: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one for one in users if self._state.member(one) is not None)

    def _place(self, template: Template, position: int) -> Place:
        """Where the template says, or what is left of that place."""
        order = ordering.at_end(position)
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
            at = firing.schedule(trigger, task, user, self._state)
            yield Fact(ReminderAdded(name, user, trigger, at, one.repeat), task.id)
            if at is not None and at <= self._at and not self._by_clock:
                # Nobody was kept from it by an outage: it is too late for it because of what somebody just did.
                yield Fact(ReminderExpired(name, ReminderState.PENDING, at), task.id)
