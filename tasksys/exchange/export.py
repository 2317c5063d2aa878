"""Our own export (`export.json`) to steps: projects, tasks with all that belongs to them, series and saved filters.

Ids are kept. What is here already, under the same id, is left alone. Members and the workspace's own settings are not
taken over, nor what no command can say: who wrote what and when, and what has become of reminders that are over.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET, structs

from tasksys import filters, preferences
from tasksys.commands import AddReminder, CreateFilter, CreateProject
from tasksys.exchange import bounds, reading
from tasksys.exchange.errors import Unreadable, quoted
from tasksys.exchange.given import (
    KINDS,
    Document,
    GivenComment,
    GivenFilter,
    GivenOccurrence,
    GivenProject,
    GivenReminder,
    GivenSeries,
    GivenTask,
)
from tasksys.exchange.naming import named
from tasksys.exchange.places import Places
from tasksys.exchange.plan import HERE, Never, guarded, plan
from tasksys.exchange.series import Recurring
from tasksys.exchange.wanted import Remark, Wanted
from tasksys.ical.destination import Destination
from tasksys.ical.step import CREATE, Step
from tasksys.rows import SavedFilter
from tasksys.values import CLOSED, FEED, ReminderState


def document(raw: bytes) -> Document:
    """The lists of an export. Raises Unreadable."""
    try:
        found = msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"), type=Document)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Unreadable(f"this is no export of tasksys: {error}"[:300]) from error
    if found.workspace is UNSET:
        raise Unreadable("this is no export of tasksys: it has no workspace; give what export.json answered")
    if sum(len(getattr(found, kind)) for kind in KINDS) > bounds.ROWS:
        raise Unreadable(f"an export has at most {bounds.ROWS:,} things; import it in parts")
    return found


class Export:
    """Reads an export; `read` decodes it, thing by thing, and `steps` plans what is to be done.

    A thing is told by which one it is in the file, counted from 1.
    """

    def __init__(self, found: Document, target: Destination) -> None:
        self._found, self._target = found, target
        self._places = Places(target)
        self._lines: dict[tuple[str, str], int] = {}
        self._projects: list[GivenProject] = []
        self._tasks: list[GivenTask] = []
        self._series: list[GivenSeries] = []
        self._filters: list[GivenFilter] = []
        self._occurrences: defaultdict[str, list[GivenOccurrence]] = defaultdict(list)
        self._comments: defaultdict[str, list[GivenComment]] = defaultdict(list)
        self._reminders: defaultdict[str, list[GivenReminder]] = defaultdict(list)

    def read(self) -> Iterator[Step | None]:
        """Decodes each thing; a step says why one cannot be."""
        whole: dict[str, Callable[[Any], None]] = {
            "projects": self._projects.append, "tasks": self._tasks.append, "series": self._series.append,
            "filters": self._filters.append, "comments": lambda one: self._comments[one.task].append(one),
            "reminders": lambda one: self._reminders[one.task].append(one),
            "occurrences": lambda one: self._occurrences[one.series].append(one),
        }  # fmt: skip
        line = 0
        for name, kind in KINDS.items():
            for number, raw in enumerate(getattr(self._found, name), start=1):
                line += 1
                try:
                    one = msgspec.json.decode(raw, type=kind)
                except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
                    reason = f"it cannot be read: {error}"[:500]
                    yield Step(line=line, uid=f"{name}/{number}", kind="file", reason=reason)
                    continue
                self._lines.setdefault((name, getattr(one, "id", "")), line)
                whole[name](one)
                yield None

    def steps(self, never: Never) -> Iterator[Step]:
        """What is to be done, in that order."""
        yield from self._of_projects(never)
        recurring = Recurring(self._target, self._places, self._tasks)
        yield from plan([self._wanted(one) for one in self._tasks], self._target, never)
        for each in self._series:
            line = self._lines["series", each.id]
            make = partial(recurring.step, line, each, self._occurrences[each.id], never)
            yield guarded(line, f"series/{each.id}", each.template.title, make)
        for one in self._filters:
            line = self._lines["filters", one.id]
            yield guarded(line, f"filters/{one.id}", one.name, partial(self._filter, line, one))

    # --- projects and filters

    def _of_projects(self, never: Never) -> Iterator[Step]:
        if self._target.project is not None:
            return
        for one in self._projects:
            line = self._lines["projects", one.id]
            made = CreateProject(
                project=one.id, name=one.name, description=one.description, colour=one.colour, order=one.order
            )
            new = self._places.given(line, made, one.trashed_at is not None)
            sections = [self._places.section(line, one.id, each.name, each.id, each.order) for each in one.sections]
            row = self._target.state.project(one.id)
            if not new and row is not None and all(row.section(each or "") for each in sections):
                yield Step(line=line, uid=f"projects/{one.id}", title=one.name, kind="project", reason=HERE)
        yield from self._places.steps(never)

    def _filter(self, line: int, one: GivenFilter) -> Step:
        told = Step(line=line, uid=f"filters/{one.id}", title=one.name, kind="filter")
        if self._target.state.get(SavedFilter, one.id) is not None:
            return structs.replace(told, reason=HERE)
        if (wrong := filters.unreadable(one.filter, one.q, one.sort)) is not None:
            return structs.replace(told, reason=f"it cannot be read: {wrong.detail}")
        made = CreateFilter(
            saved=one.id, name=one.name, filter=one.filter, q=one.q, sort=one.sort, colour=one.colour,
            shared=one.shared, order=one.order,
        )  # fmt: skip
        notes: list[str] = []
        return structs.replace(told, action=CREATE, commands=named(self._target, told.uid, [made], notes.append))

    # --- tasks

    def _wanted(self, one: GivenTask) -> Wanted:
        notes: list[str] = []
        fields = {
            name: getattr(one, name)
            for name in ("description", "status", "priority", "labels", "assignees", "start", "due",
                         "estimate_minutes", "order")
        }  # fmt: skip
        project, section = self._place(one, notes) if one.parent is None else (None, None)
        return Wanted(
            line=self._lines["tasks", one.id], uid=f"tasks/{one.id}", task=one.id, title=one.title, fields=fields,
            parent=one.parent, project=project, section=section, checklist=one.checklist, links=one.links,
            remarks=tuple(Remark(each.id, each.body, each.author) for each in self._comments[one.id]),
            reminders=tuple(self._of_task(one, notes)), trashed=one.trashed_at is not None, notes=tuple(notes),
        )  # fmt: skip

    def _place(self, one: GivenTask, notes: list[str]) -> tuple[str | None, str | None]:
        if self._target.project is not None:
            return self._target.project, None
        if one.project is None:
            return None, None
        if not self._places.there(one.project):
            notes.append(f"its project {quoted(one.project)} is not there, or in the trash here, so it has none")
            return None, None
        if one.section is None:
            return one.project, None
        section = self._places.known(one.project, one.section)
        if section is None:
            notes.append(f"its section {quoted(one.section)} is not there, so it has none")
        return one.project, section

    def _of_task(self, one: GivenTask, notes: list[str]) -> Iterator[AddReminder]:
        """The reminders that wait; of the others nothing can be commanded."""
        over = 0
        for each in self._reminders[one.id]:
            waits = each.state is ReminderState.PENDING or (
                each.state is ReminderState.CANCELLED and one.trashed_at is not None
            )  # the trash cancels it again, and a restored task has it back
            if one.status in CLOSED or not waits:
                over += 1
            elif reading.passed(each.trigger.at or each.scheduled_for, self._target):
                at = quoted(each.trigger.at or each.scheduled_for)
                notes.append(f"its reminder for {at} is left out: that has passed")
            elif self._target.state.member(each.user) is None:
                notes.append(f"{quoted(each.user)} is no member here, and is not reminded")
            elif not self._by_itself(each) and self._target.state.reminder(each.id) is None:
                yield AddReminder(
                    task=one.id, reminder=each.id, trigger=each.trigger, repeat=each.repeat,
                    user=UNSET if each.user == self._target.actor else each.user, channels=self._channels(each, notes),
                )  # fmt: skip
        if over and one.status not in CLOSED:
            notes.append(f"{over} of its reminders are over, and left out")

    def _by_itself(self, each: GivenReminder) -> bool:
        """Whether a new task gets it by its user's preferences here."""
        defaults = preferences.of(each.user, self._target.state).default_reminders
        return each.id.startswith("default-") and each.trigger in defaults

    def _channels(self, each: GivenReminder, notes: list[str]) -> tuple[str, ...]:
        """Its channels, if they are other than what is used anyway, and its user has them here."""
        state = self._target.state
        if each.channels in ((), (FEED,), preferences.of(each.user, state).channels):
            return ()
        if preferences.unnamed(each.channels, each.user, state) is None:
            return each.channels
        notes.append(f"channels of its reminder are none of {quoted(each.user)}'s here, and were left out")
        return ()
