"""Tasks as VTODOs (RFC 5545, 3.6.2). What iCalendar has no word for stands in properties of our own, X-TASKSYS-….

A link is one of those too, for programs take a RELATED-TO of a kind that they do not know for that of a parent. A start
is only a DTSTART where the standard allows it beside the due value: of the same kind, and earlier.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from icalendar import Component
from icalendar import Todo as VTodo
from msgspec import Struct

from tasksys.ical import alarms, times
from tasksys.ical.lines import escaped
from tasksys.ical.times import moment_spelled, spelled
from tasksys.ical.todo import PRIORITIES, STATUSES
from tasksys.ical.uids import SERIES, uid
from tasksys.ical.writing import put
from tasksys.rows import Comment, Project, Reminder, Section, Series, Task
from tasksys.series.shapes import SeriesState
from tasksys.values import UTC, Of, Repeat, Status, Trigger, When, zone_or

X_ID: Final = "X-TASKSYS-ID"
X_START: Final = "X-TASKSYS-START"
X_ESTIMATE: Final = "X-TASKSYS-ESTIMATE"
X_ORDER: Final = "X-TASKSYS-ORDER"
X_PROJECT: Final = "X-TASKSYS-PROJECT"
X_SECTION: Final = "X-TASKSYS-SECTION"
X_ASSIGNEE: Final = "X-TASKSYS-ASSIGNEE"
X_LINK: Final = "X-TASKSYS-LINK"
X_TYPE: Final = "X-TASKSYS-TYPE"
X_CHECKLIST: Final = "X-TASKSYS-CHECKLIST"
X_DONE: Final = "X-TASKSYS-DONE"
X_AUTHOR: Final = "X-TASKSYS-AUTHOR"
X_STATUS: Final = "X-TASKSYS-STATUS"
X_UID: Final = "X-TASKSYS-UID"
"""The UID that an occurrence of a series has as a task, by which parents and links know it."""
X_SERIES: Final = "X-TASKSYS-SERIES"
"""The component that stands for a VTODO where other programs are not told of a series."""
X_OCCURRENCE: Final = "X-TASKSYS-OCCURRENCE"
X_ORIGINAL: Final = "X-TASKSYS-ORIGINAL"
"""The UID of the series of which a task is a time, and which one, where other programs are not told of the series."""
X_FIELDS: Final = "X-TASKSYS-FIELDS"
"""The fields in which an occurrence to come is different, also where they are now as its series has them."""
X_REMINDER: Final = "X-TASKSYS-REMINDER"
X_DESCRIPTION: Final = "X-TASKSYS-DESCRIPTION"
"""The description as JSON, where it has line ends that a text of iCalendar cannot have."""


class Whole(Struct, frozen=True):
    """A task with what belongs to it: its series, its reminders, and its comments."""

    task: Task
    series: Series | None = None
    project: Project | None = None
    section: Section | None = None
    reminders: Sequence[Reminder] = ()
    comments: Sequence[Comment] = ()


class Kept(Struct, frozen=True, omit_defaults=True):
    """A reminder that is no VALARM: somebody else's, or of a value that the task does not have (yet)."""

    id: str
    user: str
    trigger: Trigger
    repeat: Repeat | None = None
    channels: tuple[str, ...] = ()


def todo(whole: Whole, workspace: str, user: str) -> VTodo:
    """The VTODO of a task as the user sees it: with alarms for their own reminders only."""
    task, made = whole.task, VTodo()
    known, series = uid(workspace, task.id), whole.series
    if series is None or task.original is None:
        put(made, "UID", known)
    elif comes_again(series):
        put(made, "UID", uid(workspace, series.id, SERIES))
        value(made, "RECURRENCE-ID", original_of(series, task.original))
        put(made, X_UID, known)
    else:
        put(made, "UID", known)
        put(made, X_OCCURRENCE, uid(workspace, series.id, SERIES), {X_ORIGINAL: task.original})
    fields(made, whole, workspace)
    values(made, task.start, task.due)
    related = {of: alarms.RELATED[of] for of, name in ((Of.DUE, "DUE"), (Of.START, "DTSTART")) if name in made}
    remind(made, whole, user, related)
    return made


def comes_again(series: Series) -> bool:
    """Whether other programs are told of the series: that is, if its rule says when its next times are."""
    return series.state is SeriesState.ACTIVE and not series.after_completion


def original_of(series: Series, original: str) -> When:
    """The time that the rule gave an occurrence, as a value of the anchor's kind."""
    if series.anchor.date is not None:
        return When(date=original[:10])
    return When(local=original, zone=series.anchor.zone)


def fields(made: Component, whole: Whole, workspace: str) -> None:
    """Writes what does not depend on the task's times."""
    task = whole.task
    stamp = moment_spelled(task.updated_at or task.created_at)
    put(made, "DTSTAMP", stamp, raw=True)
    put(made, "CREATED", moment_spelled(task.created_at), raw=True)
    put(made, "LAST-MODIFIED", stamp, raw=True)
    put(made, "SEQUENCE", str(task.version), raw=True)
    put(made, "SUMMARY", task.title)
    if task.description:
        put(made, "DESCRIPTION", task.description)
    if "\r" in task.description:
        put(made, X_DESCRIPTION, msgspec.json.encode(task.description).decode())
    put(made, "PRIORITY", str(PRIORITIES[task.priority]), raw=True)
    categories(made, task)
    state(made, task)
    _belongings(made, whole, workspace)


def categories(made: Component, task: Task) -> None:
    """Writes the labels."""
    if task.labels:
        put(made, "CATEGORIES", ",".join(map(escaped, task.labels)), raw=True)


def state(made: Component, task: Task) -> None:
    """Writes where the task stands."""
    put(made, "STATUS", STATUSES[task.status], raw=True)
    if task.status in (Status.SKIPPED, Status.MISSED):
        put(made, X_STATUS, task.status.value)
    if task.status is Status.DONE:
        put(made, "PERCENT-COMPLETE", "100", raw=True)
        if task.completed_at:
            put(made, "COMPLETED", moment_spelled(task.completed_at), raw=True)


def _belongings(made: Component, whole: Whole, workspace: str) -> None:
    task = whole.task
    if task.parent is not None:
        put(made, "RELATED-TO", uid(workspace, task.parent), {"RELTYPE": "PARENT"})
    if task.estimate_minutes is not None:
        put(made, X_ESTIMATE, f"PT{task.estimate_minutes}M", raw=True)
    if task.order:
        put(made, X_ORDER, task.order)
    if whole.project is not None:
        put(made, X_PROJECT, whole.project.name, {X_ID: whole.project.id})
    if whole.section is not None:
        put(made, X_SECTION, whole.section.name, {X_ID: whole.section.id})
    for user in task.assignees:
        put(made, X_ASSIGNEE, user)
    for link in task.links:
        put(made, X_LINK, uid(workspace, link.task), {X_TYPE: link.type.value})
    for item in task.checklist:
        put(made, X_CHECKLIST, item.title, {X_ID: item.id, X_DONE: str(item.done).upper()})
    for comment in whole.comments:
        put(made, "COMMENT", comment.body, {X_ID: comment.id, X_AUTHOR: comment.author})


def values(made: Component, start: When | None, due: When | None) -> None:
    """Writes the start and due values, each where the standard allows it."""
    if start is not None:
        allowed = due is None or (kind(start) == kind(due) and earlier(start, due))
        value(made, "DTSTART" if allowed else X_START, start)
    if due is not None:
        value(made, "DUE", due)


def value(made: Component, name: str, when: When) -> None:
    """Writes a start or due value."""
    text, parameters = spelled(when)
    put(made, name, text, parameters, raw=True)


def kind(when: When) -> tuple[bool, bool]:
    """What DTSTART and DUE must have in common."""
    return when.date is not None, when.zone is not None


def earlier(one: When, other: When) -> bool:
    """Whether a value is before another of its kind; by the wall clock, unless they are of two zones."""
    if one.zone == other.zone:
        return times.local_spelled(one.text) < times.local_spelled(other.text)
    try:
        return instant_of(one) < instant_of(other)
    except OverflowError:  # at the ends of the calendar
        return False


def instant_of(when: When) -> datetime:
    """The instant of a time with a zone."""
    return datetime.fromisoformat(when.local or "").replace(tzinfo=zone_or(when.zone, UTC)).astimezone(UTC)


def remind(made: Component, whole: Whole, user: str, related: dict[Of, str]) -> None:
    """Writes the reminders."""
    for one in whole.reminders:
        alarm = alarms.written(one, whole.task.title, related) if one.user == user else None
        if alarm is not None:
            made.add_component(alarm)
        elif one.state not in alarms.QUIET:
            kept = Kept(one.id, one.user, one.trigger, one.repeat, one.channels)
            put(made, X_REMINDER, msgspec.json.encode(kept).decode())
