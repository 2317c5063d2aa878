"""What is commanded of a task because it may be an occurrence: leaving it out, and putting it off."""

from datetime import datetime

from tasksys import checks, durations, places, tasks
from tasksys.commands import CommandRecord, PostponeTask, SkipTask
from tasksys.events import Fact, TaskFields, TaskPostponed
from tasksys.fields import difference
from tasksys.refusals import Code, Refusal, invalid, missing, sentence
from tasksys.rows import Task
from tasksys.series.rules import NOW
from tasksys.series.spans import between, earlier, kind, later, not_before
from tasksys.series.tracking import is_open, occurs
from tasksys.state import State
from tasksys.values import UTC, Role, Status, When, zone_or

PuttingOff = SkipTask | PostponeTask


def decide(command: PuttingOff, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The events of leaving out, or putting off, a task."""
    if refusal := checks.allowed(state, record.actor, Role.EDITOR):
        return refusal
    task = state.task(command.task)
    if task is None:
        return missing("task", command.task)
    if refusal := checks.stale("task", command.expected_version, task.version):
        return refusal
    if places.in_trash(task, state):
        return tasks.trashed(task)
    return skipped(task, record) if isinstance(command, SkipTask) else _postpone(command, record, task, state)


def skipped(task: Task, record: CommandRecord) -> list[Fact] | Refusal:
    """The events of leaving out an occurrence that is a task."""
    if occurs(task) is None:
        return Refusal(Code.NOT_RECURRING, "Only an occurrence of a series is skipped; cancel this task instead.")
    if task.status in (Status.DONE, Status.CANCELLED):
        return Refusal(Code.TASK_CLOSED, f"The task is {task.status.value}; reopen it first.")
    return tasks.to_status(task, Status.SKIPPED, record.at)


def _postpone(command: PostponeTask, record: CommandRecord, task: Task, state: State) -> list[Fact] | Refusal:
    if not is_open(task):
        return Refusal(Code.TASK_CLOSED, f"The task is {task.status.value}; reopen it first.")
    if (command.to is None) == (command.by is None):
        return invalid("/to", 'Give either "to", a due value, or "by", a duration such as P1D.')
    if refusal := checks.when("/to", command.to):
        return refusal
    if task.due is None and command.by is not None:
        return invalid("/by", 'The task has no due value to put off; give "to", or set one.')
    try:
        due = command.to or _later(task.due or When(), command.by or "", record, state)
    except ValueError as error:
        return invalid("/by", sentence(error))
    if _backwards(due, task.due, record, state):
        return invalid("/to", "That is past, and before it is due; give a later one, or edit its due value.")
    start: When | None = task.start
    kept = between(task.start, task.due)
    if kept is not None and start is not None:
        start = earlier(due, kept) if kind(due) == kind(start) else None
    before, after = difference(task, TaskFields(due=due, start=start))
    times = task.postponed
    return [Fact(TaskPostponed(before, after, times, times + 1), task.id)] if after != TaskFields() else []


def _backwards(to: When, due: When | None, record: CommandRecord, state: State) -> bool:
    """True for a value that is past, and no later than the one that the task has: nothing is put off to there."""
    workspace = state.workspace
    assert workspace is not None
    home = zone_or(workspace.time_zone, UTC)
    when = durations.before(to, NOW, home)
    now = datetime.fromisoformat(record.at)
    past = to.date < now.astimezone(home).date().isoformat() if to.date is not None else when < now
    return past and (due is None or when < durations.before(due, NOW, home))


def _later(due: When, by: str, record: CommandRecord, state: State) -> When:
    """The due value so much later; from today on, if it is past. ValueError if that is no duration, or not later."""
    duration = durations.parse(by)
    if duration <= (0, 0):
        raise ValueError("give a duration that is longer than none, such as P1D")
    if due.date is not None and duration.seconds:
        raise ValueError("a date is put off by days; give such as P1D")
    workspace = state.workspace
    assert workspace is not None
    zone = zone_or(due.zone, zone_or(workspace.time_zone, UTC))
    today = datetime.fromisoformat(record.at).astimezone(zone).date()
    return later(not_before(due, today), duration, zone)
