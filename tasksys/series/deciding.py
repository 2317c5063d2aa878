"""The commands on a series. Edits are in `editing`, what is commanded of the task of an occurrence in `putting_off`."""

from datetime import datetime
from typing import assert_never

from msgspec import structs

from tasksys import checks, places, tasks
from tasksys.commands import (
    AdvanceSeries,
    CommandRecord,
    CreateSeries,
    EditSeries,
    EndSeries,
    PauseSeries,
    ResumeSeries,
    SkipOccurrence,
)
from tasksys.events import (
    Fact,
    SeriesAdvanced,
    SeriesCreated,
    SeriesEnded,
    SeriesPaused,
    SeriesResumed,
    TaskEdited,
    TaskFields,
    TaskSeriesChanged,
)
from tasksys.fields import difference
from tasksys.recurrence.identity import canonical
from tasksys.refusals import Code, Refusal, invalid, missing
from tasksys.rows import Series, Task
from tasksys.series import advancing, checking, editing, moving, putting_off
from tasksys.series.checking import Recurs
from tasksys.series.overriding import overridden
from tasksys.series.rules import Times, times_of
from tasksys.series.shapes import Before, Occurs, OfEach, Override, SeriesState, Template
from tasksys.series.spans import between
from tasksys.series.tracking import is_open
from tasksys.state import State
from tasksys.values import CLOCK, Role, When

SeriesCommand = CreateSeries | EditSeries | SkipOccurrence | PauseSeries | ResumeSeries | EndSeries | AdvanceSeries


def decide(command: SeriesCommand, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The events of a command on a series. What follows for its occurrences is recorded behind them."""
    if isinstance(command, AdvanceSeries):
        if record.actor != CLOCK:
            return Refusal(Code.FORBIDDEN, "A series goes on by itself; complete or skip what is open.")
        return advancing.settle(command.series, state, record.at, by_clock=True)
    if refusal := checks.allowed(state, record.actor, Role.EDITOR):
        return refusal
    if isinstance(command, CreateSeries):
        return _create(command, record, state)
    series = state.series(command.series)
    if series is None:
        return missing("series", command.series)
    if refusal := checks.stale("series", command.expected_version, series.version):
        return refusal
    if isinstance(command, EditSeries | SkipOccurrence) and command.occurrence is not None:
        command = structs.replace(command, occurrence=canonical(command.occurrence))
    match command:
        case EditSeries():
            ended = series.state is SeriesState.ENDED
            return _ended() if ended else editing.decide(command, record, series, state)
        case SkipOccurrence():
            return _skip(command, record, series, state)
        case PauseSeries():
            if series.state is SeriesState.ENDED:
                return _ended()
            return [Fact(SeriesPaused(series.id, series.state))] if series.state is SeriesState.ACTIVE else []
        case ResumeSeries():
            if series.state is SeriesState.ENDED:
                return _ended()
            return [] if series.state is SeriesState.ACTIVE else _resume(series, record, state)
        case EndSeries():
            if series.state is SeriesState.ENDED:
                return []
            return [Fact(SeriesEnded(series.id, series.state)), *_taken_back(series, record.at, state)]
        case _:
            assert_never(command)


def _taken_back(series: Series, at: str, state: State) -> list[Fact]:
    """The open occurrences whose time has not come go; with the first of them it goes on, should its end be undone."""
    gone = moving.to_come(series, at, state)
    first = min((task.original for task in gone if task.original is not None), default=None)
    facts = [fact for task in gone for fact in moving.leaving(task)]
    if first is not None and (series.next is None or first < series.next):
        facts.append(Fact(SeriesAdvanced(series.id, series.next, first, series.at, None)))
    return facts


def _ended() -> Refusal:
    return Refusal(Code.SERIES_ENDED, "The series has ended; undo that, or make a new one.")


def _create(command: CreateSeries, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    if refusal := checks.identifier("/series", command.series):
        return refusal
    if state.series(command.series) is not None:
        return Refusal(Code.EXISTS, f"There is a series {command.series!r} already; choose another id.")
    task = state.task(command.task) if command.task is not None else None
    if command.task is not None:
        refusal = missing("task", command.task) if task is None else _unfit(task, state)
        if refusal is not None:
            return refusal
    anchor = command.anchor or (task.due if task is not None else None)
    if anchor is None:
        return invalid("/anchor", "Give the first occurrence, such as its date, or a task that has a due value.")
    template = None if command.template is None else command.template.plain
    if template is None and task is not None:
        template = _made_of(task, anchor, state)
    if template is None:
        return invalid("/template", "Give a template with a title at least, or the task that is the first occurrence.")
    wanted = Recurs(command.rule, anchor, command.rdate, command.exdate, command.after_completion)
    found = checking.recurs(wanted)
    wrong = checking.duration("/ahead", command.ahead) or checking.template(template, None, state)
    if isinstance(found, Refusal):
        return checks.every(found, wrong) or found
    if wrong is not None:
        return wrong
    first = _first(command, found, task, record, state)
    if isinstance(first, Refusal):
        return first
    created = SeriesCreated(
        series=command.series,
        template=template,
        rule=found.rule,
        anchor=found.anchor,
        next=first,
        rdate=found.rdate,
        exdate=found.exdate,
        missed=command.missed,
        after_completion=command.after_completion,
        stop_after=command.stop_after,
        ahead=command.ahead,
    )
    if task is None:
        return [Fact(created)]
    original = found.anchor.text
    joined = Fact(TaskSeriesChanged(None, Occurs(command.series, original)), task.id)
    before, after = difference(task, TaskFields(due=found.anchor))
    moved = [Fact(TaskEdited(before, after), task.id)] if after != TaskFields() else []
    return [Fact(created), *moved, joined]


def _unfit(task: Task, state: State) -> Refusal | None:
    """Why the task cannot be the first of a series."""
    if places.in_trash(task, state):
        return tasks.trashed(task)
    if task.series is not None:
        return Refusal(Code.EXISTS, f"The task is of series {task.series!r} already; change that one.")
    if not is_open(task):
        return Refusal(Code.TASK_CLOSED, f"The task is {task.status.value}; reopen it first.")
    return None


def _made_of(task: Task, anchor: When, state: State) -> Template:
    """The template that a task gives: itself, with the reminders that go by its due or start."""
    each = (
        OfEach(Before(one.trigger.before, one.trigger.of), one.repeat, one.user)
        for one in state.reminders(task.id)
        if one.trigger.before is not None
    )
    return Template(
        title=task.title,
        description=task.description,
        priority=task.priority,
        labels=task.labels,
        assignees=task.assignees,
        estimate_minutes=task.estimate_minutes,
        project=task.project,
        section=task.section,
        parent=task.parent,
        checklist=tuple(item.title for item in task.checklist),
        start_before=between(task.start, task.due),
        reminders=tuple(each),
    )


def _first(
    command: CreateSeries, found: Recurs, task: Task | None, record: CommandRecord, state: State
) -> str | None | Refusal:
    """The first occurrence that is made a task: of those of today and later, or the one that follows the given task."""
    drawn = times_of(_row(command, found), state)
    if command.after_completion:
        return None if task is not None else drawn.first()
    if task is not None:
        return _after(drawn, found.anchor.text, record.at)
    first = drawn.at_or_after(drawn.midnight(record.at))
    if first is None:
        return invalid("/rule", "All of its occurrences have passed; give a rule that goes on, or a later anchor.")
    return first


def _after(drawn: Times, anchor: str, at: str) -> str | None:
    """The first occurrence after the given task whose time has not come: the task is not missed at once."""
    now = datetime.fromisoformat(at).astimezone(drawn.zone).replace(tzinfo=None)
    following, coming = drawn.after(anchor), drawn.at_or_after(now)
    return None if following is None or coming is None else max(following, coming)


def _row(command: CreateSeries, found: Recurs) -> Series:
    """What its times need of the series to be."""
    return Series(
        id=command.series, template=Template(""), rule=found.rule, anchor=found.anchor, created_at="", created_by="",
        rdate=found.rdate, exdate=found.exdate, after_completion=command.after_completion,
    )  # fmt: skip


def _resume(series: Series, record: CommandRecord, state: State) -> list[Fact]:
    """It goes on with the first occurrence of today or later, or where it was; see `moving.to_today`."""
    return [Fact(SeriesResumed(series.id, series.state)), *moving.to_today(series, record.at, state)]


def _skip(command: SkipOccurrence, record: CommandRecord, series: Series, state: State) -> list[Fact] | Refusal:
    found = editing.occurrence(command.occurrence, series, state)
    if isinstance(found, Refusal):
        return found
    if found is not None and found.task is not None:
        task = state.task(found.task)
        if task is None:
            return missing("task", found.task)
        return tasks.trashed(task) if places.in_trash(task, state) else putting_off.skipped(task, record)
    if found is not None:
        return [] if found.skipped else Refusal(Code.OCCURRENCE_PAST, "That occurrence was missed; it is past.")
    if series.state is SeriesState.ENDED:
        return _ended()
    before = series.override(command.occurrence)
    if before is not None and before.skipped:
        return []
    after = Override(command.occurrence, skipped=True)
    return overridden(series, before, after)
