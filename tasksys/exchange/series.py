"""Series of an export as commands. What is to come becomes occurrences again, under the same ids.

Tasks of a series are made before it, and it takes those of today and later for its own. What is past stays a task by
itself. Ended series, and those whose times have all passed, are left out: their tasks are there.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from msgspec import structs

from tasksys.commands import CreateSeries, EditSeries, EditTask, PauseSeries, SkipOccurrence
from tasksys.exchange.errors import quoted
from tasksys.exchange.given import GivenOccurrence, GivenSeries
from tasksys.exchange.naming import named
from tasksys.exchange.places import Places
from tasksys.exchange.plan import HERE, Never, broken_off, members
from tasksys.fields import mentioned
from tasksys.ical.destination import Destination
from tasksys.ical.series import cut
from tasksys.ical.series_plan import goes_on, today
from tasksys.ical.step import CREATE, UPDATE, Step
from tasksys.ical.todo import Repeating
from tasksys.rows import Series
from tasksys.series.shapes import GivenFields, GivenTemplate, Scope, SeriesState
from tasksys.series.spans import kind
from tasksys.values import CLOSED, Status, When

PAST: Final = "all of its times have passed; its tasks are taken over by themselves"
ENDED: Final = "it has ended; its tasks are taken over by themselves"


class TaskOfSeries(Protocol):
    """What is asked of the tasks of an export."""

    id: str
    status: Status
    series: str | None
    original: str | None
    trashed_at: str | None
    start: When | None
    due: When | None


class Recurring:
    """Makes the steps of series, once it is known which tasks there are."""

    def __init__(self, target: Destination, places: Places, tasks: Sequence[TaskOfSeries]) -> None:
        self._target, self._places = target, places
        self._tasks = {one.id for one in tasks}
        self._open: defaultdict[str, list[str]] = defaultdict(list)
        self._of_series: defaultdict[str, list[TaskOfSeries]] = defaultdict(list)
        for one in tasks:
            if one.series is not None:
                self._of_series[one.series].append(one)
            if one.series and one.original and one.status not in CLOSED and one.trashed_at is None:
                self._open[one.series].append(one.original)

    def step(self, line: int, one: GivenSeries, occurrences: Sequence[GivenOccurrence], never: Never) -> Step:
        """The step for a series. ValueError if it cannot be."""
        notes: list[str] = []
        told = Step(line=line, uid=f"series/{one.id}", title=one.template.title, series=one.id, kind="series")
        row = self._target.state.series(one.id)
        if one.state is SeriesState.ENDED:
            return structs.replace(told, reason=HERE if row is not None else ENDED)
        made = self._series(one, notes)
        assert made.anchor is not None
        repeating = Repeating(made.rule, made.anchor, made.rdate, made.exdate, after_completion=one.after_completion)
        if row is None and not goes_on(repeating, self._target):
            return structs.replace(told, reason=PAST)
        first = today(made.anchor, self._target)
        self._past(one, first, notes)
        parts = [*self._different(one, first, notes), *_left_out(one, occurrences, first)]
        paused = [PauseSeries(series=one.id)] if one.state is SeriesState.PAUSED else []
        commands = named(self._target, told.uid, [made, *self._moved(one), *parts, *paused], notes.append)
        if row is None:
            return structs.replace(told, action=CREATE, commands=commands, notes=tuple(notes))
        if left := broken_off(commands, never):
            return structs.replace(told, action=UPDATE, commands=left, notes=tuple(notes))
        return structs.replace(told, reason=HERE)

    def _series(self, one: GivenSeries, notes: list[str]) -> CreateSeries:
        """The series as it goes on: up to where another follows, and with as many completions as are left."""
        row = Series(
            id=one.id, template=one.template, rule=one.rule, anchor=one.anchor, created_at="", created_by="",
            ends_before=one.ends_before,
        )  # fmt: skip
        anchor, stop_after = one.anchor, one.stop_after
        if stop_after is not None:
            stop_after = max(stop_after - one.completions, 1)
        if one.after_completion and (still := self._open.get(one.id)):
            at = max(still)
            anchor = When(date=at) if anchor.date is not None else When(local=at, zone=anchor.zone)
        return CreateSeries(
            series=one.id, template=self._template(one, notes), rule=cut(row), anchor=anchor, rdate=one.rdate,
            exdate=one.exdate, missed=one.missed, after_completion=one.after_completion, stop_after=stop_after,
            ahead=one.ahead,
        )  # fmt: skip

    def _template(self, one: GivenSeries, notes: list[str]) -> GivenTemplate:
        given: dict[str, Any] = structs.asdict(one.template)
        given["assignees"] = members(one.template.assignees, self._target, notes)
        given["reminders"] = tuple(
            each
            for each in one.template.reminders
            if each.user is None or self._target.state.member(each.user) is not None
        )
        if len(given["reminders"]) != len(one.template.reminders):
            notes.append("those of its reminders are left out that are for nobody here")
        project, section, parent = (given.pop(name) for name in ("project", "section", "parent"))
        if parent is not None and (parent in self._tasks or self._target.state.task(parent) is not None):
            return GivenTemplate(**given, parent=parent)
        if self._target.project is not None:
            return GivenTemplate(**given, project=self._target.project)
        if project is None or not self._places.there(project):
            if project is not None or parent is not None:
                notes.append(f"its place {quoted(project or parent)} is not there, so it has none")
            return GivenTemplate(**given)
        inside = None if section is None else self._places.known(project, section)
        return GivenTemplate(**given, project=project, section=inside)

    def _moved(self, one: GivenSeries) -> Iterator[EditTask]:
        """Gives back when tasks are due that a series would not have so: it takes over no value of another kind."""
        for task in self._of_series[one.id]:
            if task.due is None or kind(task.due) != kind(one.anchor):
                yield EditTask(task=task.id, start=task.start, due=task.due)

    def _past(self, one: GivenSeries, first: str, notes: list[str]) -> None:
        past = [at for at in self._open.get(one.id, []) if at[:10] < first]
        if past and not one.after_completion:
            notes.append(
                f"its open tasks of {', '.join(map(quoted, sorted(past)[:5]))} are past, and tasks by themselves now"
            )

    def _different(self, one: GivenSeries, first: str, notes: list[str]) -> Iterator[Any]:
        """What is different about single times that are to come."""
        for each in one.overrides:
            if each.original[:10] < first or one.after_completion:
                continue
            if each.skipped:
                yield SkipOccurrence(series=one.id, occurrence=each.original)
                continue
            fields: dict[str, Any] = mentioned(each.fields)
            if "assignees" in fields:
                fields["assignees"] = members(fields["assignees"], self._target, notes)
            changes: dict[str, Any] = {"template": GivenFields(**fields)} if fields else {}
            changes |= {"due": each.due} if each.due is not None else {}
            if changes:
                yield EditSeries(series=one.id, scope=Scope.THIS, occurrence=each.original, **changes)


def _left_out(one: GivenSeries, occurrences: Sequence[GivenOccurrence], first: str) -> Iterator[Any]:
    """The times to come that were skipped before they were tasks."""
    for each in occurrences:
        if each.task is None and each.skipped and each.occurrence[:10] >= first and not one.after_completion:
            yield SkipOccurrence(series=one.id, occurrence=each.occurrence)
