"""To-dos that repeat as commands: the series, and what is different about single occurrences.

Only what is to come becomes occurrences of a series here. What has passed is left out; where it comes from a calendar
of ours, and so was a task, it becomes one by itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import UNSET, structs

from tasksys.commands import CreateSeries, EditSeries, PauseSeries, SkipOccurrence
from tasksys.ical import repeats, uids
from tasksys.ical.belongings import Around
from tasksys.ical.destination import Destination
from tasksys.ical.step import CREATE, UNTITLED, UPDATE, Step
from tasksys.ical.todo import Alarm, Repeating, Todo
from tasksys.recurrence import after_completion, read_anchor, recurrence
from tasksys.rows import Series
from tasksys.series.shapes import OF_ONE, Before, GivenFields, GivenTemplate, OfEach, Scope
from tasksys.values import CLOSED, UTC, When, zone_or

SAID: Final = tuple(one for one in OF_ONE if one != "assignees")
"""What one occurrence may have of its own and a file says as it is; of assignees only members are taken."""


def as_task(todo: Todo, masters: dict[str, Todo], target: Destination) -> Todo | None:
    """An occurrence as a task by itself, where it is one here, or was one where it comes from and cannot be one here.

    None for one that is a matter of its series.
    """
    if todo.alias is None:
        return None
    alone = structs.replace(todo, uid=todo.alias, original=None)
    here = uids.own(target.workspace, todo.alias)
    if here is not None and target.state.task(here) is not None:
        return alone
    master = masters.get(todo.uid)
    if master is None or master.repeating is None or _past(todo, master.repeating, target):
        return alone
    # The series will have a task of its own id for that time, which is left out.
    return structs.replace(alone, uid=f"{todo.alias}/closed") if todo.status in CLOSED else None


def counts_from_completion(todo: Todo) -> bool:
    """Whether it is a series after completion, none of whose other times is known."""
    return todo.repeating is not None and todo.repeating.after_completion


def begun_anew(todos: Sequence[Todo]) -> list[Todo]:
    """The to-dos, where a series after completion begins with its open occurrence: of those before, nothing depends."""
    open_ones: dict[str, str] = {}
    for one in todos:
        if one.original is not None and one.alias is not None and one.status not in CLOSED:
            text = one.original.text
            open_ones[one.uid] = max(text, open_ones.get(one.uid, ""))
    return [_begun(one, open_ones[one.uid]) if one.repeating and one.uid in open_ones else one for one in todos]


def _begun(todo: Todo, original: str) -> Todo:
    repeating = todo.repeating
    if repeating is None or not repeating.after_completion or (repeating.anchor.date is None) != ("T" in original):
        return todo
    at = repeating.anchor
    anchor = When(date=original) if at.date is not None else When(local=original, zone=at.zone)
    try:
        after_completion(anchor, repeating.rule)
    except ValueError:
        return todo
    return structs.replace(todo, repeating=structs.replace(repeating, anchor=anchor))


def repeated(todo: Todo, around: Around) -> Step:
    """The step for a to-do that repeats."""
    target, repeating = around.target, todo.repeating
    assert repeating is not None
    around.begin(todo)
    name = uids.identifier(target.workspace, todo.uid, uids.SERIES)
    row = target.state.series(name)
    title = todo.title if todo.title is not UNSET else row.template.title if row else UNTITLED
    told = Step(line=todo.line, uid=todo.uid, title=title, series=name)
    if row is not None:
        return _changed(todo, repeating, row, told, around)
    if not goes_on(repeating, target):
        return structs.replace(told, reason="all of its times have passed", notes=todo.notes)
    template = _template(todo, repeating, title, around)
    made = CreateSeries(
        series=name,
        template=template,
        rule=repeating.rule,
        anchor=repeating.anchor,
        rdate=repeating.rdate,
        exdate=repeating.exdate,
        missed=repeating.missed,
        after_completion=repeating.after_completion,
        stop_after=repeating.stop_after,
        ahead=repeating.ahead,
    )
    first = today(repeating.anchor, target)
    left_out = [SkipOccurrence(series=name, occurrence=one) for one in repeating.skipped if one[:10] >= first]
    paused = [PauseSeries(series=name)] if repeating.paused else []
    commands = around.named(todo, [*around.before, made, *left_out, *paused])
    return structs.replace(told, action=CREATE, commands=commands, notes=around.notes())


def _changed(todo: Todo, repeating: Repeating, row: Series, told: Step, around: Around) -> Step:
    """What a newer file changes of a series that is here: all that it says of it and of each occurrence."""
    if todo.modified is None or todo.modified <= (row.updated_at or row.created_at):
        return structs.replace(told, reason="it is here already, and nothing in the file is newer")
    fields = {
        name: getattr(todo, name)
        for name in SAID
        if getattr(todo, name) is not UNSET and getattr(todo, name) != getattr(row.template, name)
    }
    times: dict[str, Any] = {}
    if row.ends_before is None and row.following is None:
        times = {
            name: getattr(repeating, name)
            for name in ("rule", "anchor", "rdate", "exdate")
            if getattr(repeating, name) != getattr(row, name)
        }
    if not fields and not times:
        return structs.replace(told, reason="it is here already, and the same", notes=around.notes())
    template = GivenFields(**fields) if fields else UNSET
    edit = EditSeries(series=row.id, template=template, expected_version=row.version, **times)
    return structs.replace(told, action=UPDATE, commands=around.named(todo, [edit]), notes=around.notes())


def _template(todo: Todo, repeating: Repeating, title: str, around: Around) -> GivenTemplate:
    given: dict[str, Any] = {name: getattr(todo, name) for name in SAID if getattr(todo, name) is not UNSET}
    each = []
    for one in sorted(todo.alarms, key=_place):
        if one.trigger.before is None:
            around.note(f"line {one.line}: an alarm at one instant is none of each time, and was left out")
        elif one.user and around.target.state.member(one.user) is None:
            around.note(f"line {one.line}: {one.user[:64]!r} is no member here, and is not reminded")
        else:
            user = one.user if one.user != around.target.actor else ""
            each.append(OfEach(Before(one.trigger.before, one.trigger.of), one.repeat, user or None))
    given |= {"title": title, "assignees": around.members(todo), "reminders": tuple(each)}
    given |= {"checklist": tuple(one.title for one in todo.checklist), "start_before": repeating.start_before}
    place: dict[str, Any] = {**around.place(todo)}
    return GivenTemplate(**given, **place)


def _place(alarm: Alarm) -> int:
    """The reminders of a series of ours in their order; others as they stand."""
    number = alarm.id.removeprefix("reminder-")
    return int(number) if number != alarm.id and number.isdigit() and len(number) < 4 else 0


def occurrence(todo: Todo, master: Todo | None, made: bool, around: Around) -> Step:
    """The step for one time of a to-do that repeats; `made` if its series is made by this file."""
    target = around.target
    around.begin(todo)
    title = todo.title if todo.title is not UNSET else master.title if master and master.title is not UNSET else ""
    told = Step(line=todo.line, uid=todo.uid, title=title, notes=todo.notes)
    if master is None or master.repeating is None:
        return structs.replace(told, reason="what repeats is not in the file, and this is one time of it")
    repeating, name = master.repeating, uids.identifier(target.workspace, todo.uid, uids.SERIES)
    told = structs.replace(told, series=name)
    if _past(todo, repeating, target):
        return structs.replace(told, reason="its time has passed, and only what is to come is taken over")
    row = target.state.series(name)
    if not made and row is None:
        return structs.replace(told, reason="what repeats is not taken over, and this is one time of it")
    if row is not None and (todo.modified is None or todo.modified <= (row.updated_at or row.created_at)):
        return structs.replace(told, reason="it is here already, and nothing in the file is newer")
    original = original_of(todo, repeating)
    if todo.status in CLOSED:
        command: Any = SkipOccurrence(series=name, occurrence=original)
    else:
        changes = _differences(todo, master, original, around)
        if not changes:
            return structs.replace(told, reason="it is as its series has it")
        command = EditSeries(series=name, scope=Scope.THIS, occurrence=original, **changes)
    return structs.replace(told, action=UPDATE, commands=around.named(todo, [command]))


def _differences(todo: Todo, master: Todo, original: str, around: Around) -> dict[str, Any]:
    """What is different about it: fields, and when it is due."""
    assert master.repeating is not None
    own = todo.own or ()
    fields = {
        name: getattr(todo, name)
        for name in OF_ONE
        if getattr(todo, name) is not UNSET and (name in own or getattr(todo, name) != getattr(master, name))
    }
    emptied = {"description": "", "labels": (), "assignees": (), "estimate_minutes": None}
    fields |= {name: value for name, value in emptied.items() if name in own and getattr(todo, name) is UNSET}
    if "assignees" in fields:
        fields["assignees"] = around.members(todo)
    changes: dict[str, Any] = {"template": GivenFields(**fields)} if fields else {}
    due = todo.due if isinstance(todo.due, When) else todo.start
    if isinstance(due, When) and ("due" in own or repeats.local_in(due, master.repeating.anchor) != original):
        changes["due"] = due
    return changes


def original_of(todo: Todo, repeating: Repeating) -> str:
    """The time by which a series here knows the occurrence."""
    assert todo.original is not None
    text = repeats.local_in(todo.original, repeating.anchor)
    if not repeating.lead:
        return text
    moved = datetime.fromisoformat(text) + timedelta(seconds=repeating.lead)
    return repeats.spoken(moved) if "T" in text else moved.date().isoformat()


def _past(todo: Todo, repeating: Repeating, target: Destination) -> bool:
    """Whether its day is over."""
    try:
        return original_of(todo, repeating)[:10] < today(repeating.anchor, target)
    except OverflowError:
        return True


def today(anchor: When, target: Destination) -> str:
    """The local date at the instant of the import, where the series is."""
    workspace = target.state.workspace
    home = zone_or(workspace.time_zone if workspace else None, UTC)
    return datetime.fromisoformat(target.at).astimezone(zone_or(anchor.zone, home)).date().isoformat()


def goes_on(repeating: Repeating, target: Destination) -> bool:
    """Whether there is any time of today or later."""
    if repeating.after_completion:
        return True
    made = recurrence(repeating.anchor, repeating.rule, repeating.rdate, repeating.exdate)
    midnight = datetime.fromisoformat(today(repeating.anchor, target))
    return next(made.occurrences(start=max(midnight, read_anchor(repeating.anchor).local)), None) is not None
