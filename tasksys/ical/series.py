"""Series as VTODOs with a rule, and what is different about single occurrences as VTODOs of the same UID.

An occurrence that is a task is written by `todos`. One that was left out is an EXDATE. For programs that show events,
the next occurrences are events each by themselves: that needs nothing of how well they compute rules.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec
from icalendar import Component
from icalendar import Todo as VTodo
from msgspec import Struct, structs

from tasksys.fields import mentioned, overlay
from tasksys.ical import alarms, repeats, todos
from tasksys.ical.todo import Repeating
from tasksys.ical.todos import Kept, Whole, original_of
from tasksys.ical.uids import SERIES, uid
from tasksys.ical.writing import put
from tasksys.recurrence import Kind, Until, instant_of, parse_rule, print_rule
from tasksys.recurrence.identity import occurrence_id
from tasksys.rows import ChecklistItem, Occurrence, Project, Reminder, Section, Series, Task
from tasksys.series.rules import anchor_of, times_of
from tasksys.series.shapes import Override, SeriesState, Template
from tasksys.series.spans import earlier
from tasksys.state import State
from tasksys.values import Of, Trigger, When

EVENTS: Final = 60
"""Of the next occurrences of a series that are shown as events."""

GONE: Final = 200
"""Occurrences that were skipped or missed before they were tasks, the last ones of which are written."""


class WholeSeries(Struct, frozen=True):
    """A series with where its tasks stand, and the occurrences of which there is no task."""

    series: Series
    project: Project | None = None
    section: Section | None = None
    gone: tuple[Occurrence, ...] = ()


def components(whole: WholeSeries, workspace: str, user: str) -> Iterator[Component]:
    """The VTODO of the series, and one for each occurrence to come that is different."""
    series = whole.series
    made = _component(series)
    put(made, "UID", uid(workspace, series.id, SERIES))
    todos.fields(made, _as_task(whole, series.template), workspace)
    repeats.write(made, repeating(whole))
    _remind(made, series, user)
    yield made
    for one in series.overrides:
        if not one.skipped:
            yield _different(whole, one, workspace)


def _component(series: Series) -> Component:
    """A VTODO; of a series that is paused, or after completion, what only we read, for others would show it wrong."""
    made: Component = VTodo() if todos.comes_again(series) else Component()
    made.name = "VTODO" if todos.comes_again(series) else todos.X_SERIES  # type: ignore[misc]
    return made


def _as_task(whole: WholeSeries, template: Template, due: When | None = None) -> Whole:
    """What its template makes, as a task."""
    series = whole.series
    start = None if due is None or template.start_before is None else earlier(due, template.start_before)
    task = Task(
        id=series.id, title=template.title, created_at=series.created_at, description=template.description,
        priority=template.priority, labels=template.labels, assignees=template.assignees, start=start, due=due,
        estimate_minutes=template.estimate_minutes, parent=template.parent, updated_at=series.updated_at,
        checklist=tuple(ChecklistItem(f"item-{n}", one) for n, one in enumerate(template.checklist)),
        version=series.version,
    )  # fmt: skip
    return Whole(task, None, whole.project, whole.section)


def _different(whole: WholeSeries, one: Override, workspace: str) -> Component:
    """One occurrence to come, whole as the standard asks."""
    original = original_of(whole.series, one.original)
    shown = _as_task(whole, overlay(whole.series.template, one.fields), one.due or original)
    made = _component(whole.series)
    put(made, "UID", uid(workspace, whole.series.id, SERIES))
    todos.value(made, "RECURRENCE-ID", original)
    todos.fields(made, shown, workspace)
    todos.values(made, shown.task.start, shown.task.due)
    put(made, todos.X_FIELDS, ",".join([*mentioned(one.fields), *(["due"] if one.due is not None else [])]), raw=True)
    return made


def repeating(whole: WholeSeries) -> Repeating:
    """When the series comes again."""
    series = whole.series
    last = sorted(whole.gone, key=lambda one: one.original)[-GONE:]
    skipped = {one.original for one in series.overrides if one.skipped} | {one.original for one in last if one.skipped}
    gone = tuple(one.original for one in last if not one.skipped)
    return Repeating(
        rule=cut(series),
        anchor=series.anchor,
        rdate=tuple(one for one in series.rdate if series.ends_before is None or one < series.ends_before),
        exdate=series.exdate,
        start_before=series.template.start_before,
        missed=series.missed,
        after_completion=series.after_completion,
        stop_after=series.stop_after,
        ahead=series.ahead,
        paused=series.state is SeriesState.PAUSED,
        skipped=() if series.after_completion else tuple(sorted(skipped)),
        gone=() if series.after_completion else gone,
    )


def cut(series: Series) -> str:
    """The rule; of a series that another one goes on with, up to there."""
    if series.ends_before is None:
        return series.rule
    rule, anchor = parse_rule(series.rule), anchor_of(series.anchor)
    last = datetime.fromisoformat(series.ends_before) - (
        timedelta(days=1) if anchor.kind is Kind.DATE else timedelta(seconds=1)
    )
    if anchor.zone is not None:
        last = instant_of(last, anchor.zone).replace(tzinfo=None)
    if rule.until is not None and rule.until.at <= last:
        return series.rule
    return print_rule(structs.replace(rule, count=None, until=Until(last, anchor.kind)))


def _remind(made: Component, series: Series, user: str) -> None:
    """Writes the reminders of each occurrence: DTSTART is when one is due."""
    for number, one in enumerate(series.template.reminders):
        name, whose = f"reminder-{number}", one.user or series.created_by
        trigger = Trigger(before=one.trigger.before, of=one.trigger.of)
        row = Reminder(name, series.id, whose, trigger, series.created_at, one.repeat)
        alarm = alarms.written(row, series.template.title, {Of.DUE: "START"}) if whose == user else None
        if alarm is not None:
            made.add_component(alarm)
        else:
            kept = msgspec.json.encode(Kept(name, whose, trigger, one.repeat)).decode()
            put(made, todos.X_REMINDER, kept)


def next_ones(series: Series, known: Iterable[str], state: State) -> Iterator[Whole]:
    """The next occurrences that are no tasks yet, as tasks; `known` are those of which something has become."""
    if series.state is not SeriesState.ACTIVE or series.next is None:
        return
    times, whole, passed = times_of(series, state), WholeSeries(series), set(known)
    first = datetime.fromisoformat(series.next)
    found: Iterable[str] = (series.next,) if series.after_completion else times.between(first, None)
    for count, original in enumerate(found):
        if count >= EVENTS:
            return
        one = series.override(original) or Override(original)
        if original not in passed and not one.skipped:
            shown = _as_task(whole, overlay(series.template, one.fields), one.due or times.when(original))
            yield structs.replace(shown, task=structs.replace(shown.task, id=occurrence_id(series.id, original)))
