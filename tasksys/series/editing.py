"""Changes of a series: of one occurrence, of one and those that follow, or of all.

Some facts hold for each: what is done stays as it was; a task that is open stays the task that it is, if the changed
rule still has its occurrence, and goes to the trash if it has not and its time has not come; what a person has changed
of one occurrence is not overwritten.
"""

from collections.abc import Iterator
from typing import Any, Final, assert_never

from msgspec import UNSET, structs

from tasksys import checks, tasks
from tasksys.commands import CommandRecord, EditSeries, EditTask
from tasksys.events import (
    Fact,
    OccurrenceChanged,
    SeriesAdvanced,
    SeriesCreated,
    SeriesEdited,
    SeriesFields,
    TaskEdited,
    TaskFields,
    TaskSeriesChanged,
    TaskTrashed,
)
from tasksys.fields import difference, mentioned, overlay
from tasksys.recurrence import parse_rule, print_rule
from tasksys.recurrence.recurrence import anchored
from tasksys.refusals import Code, FieldError, Refusal, invalid, over
from tasksys.rows import Occurrence, Series, Task
from tasksys.series import checking, rules
from tasksys.series.checking import Recurs
from tasksys.series.rules import Times, times_of
from tasksys.series.shapes import OF_ONE, Occurs, Override, Scope, TemplateFields
from tasksys.series.spans import between, earlier
from tasksys.state import State
from tasksys.values import When

OVERRIDES: Final = 366
LOOKED_AT: Final = 1000
"""Occurrences among which the one is looked for with which a changed series goes on."""

OF_THE_SERIES: Final = ("rule", "anchor", "rdate", "exdate", "missed", "stop_after", "ahead")
PLACE: Final = ("project", "section", "parent")


def decide(command: EditSeries, record: CommandRecord, series: Series, state: State) -> list[Fact] | Refusal:
    """The events of the change."""
    wanted = TemplateFields() if command.template is UNSET else command.template.plain
    wrong = checking.template(wanted, series.template, state) or checking.duration(
        "/ahead", None if command.ahead is UNSET else command.ahead
    )
    if wrong is not None:
        return wrong
    if command.scope is Scope.ALL:
        if refusal := _left_out(command, ("occurrence", "due", "into"), "Only a change of one occurrence has this."):
            return refusal
        return _all(command, wanted, record, series, state)
    if command.occurrence is None:
        return invalid("/occurrence", "Say which one: the time that the rule gave it, such as 2026-03-08T09:00.")
    found = occurrence(command.occurrence, series, state)
    if isinstance(found, Refusal):
        return found
    match command.scope:
        case Scope.THIS:
            return _this(command, wanted, found, record, series, state)
        case Scope.THIS_AND_FOLLOWING:
            if refusal := _left_out(command, ("due",), "To move them all give another anchor or rule."):
                return refusal
            if series.after_completion:
                detail = "What follows depends on when this is done; change all instead."
                return invalid("/scope", detail)
            if not times_of(series, state).before(command.occurrence):
                return _all(command, wanted, record, series, state)
            return _split(command, wanted, record, series, state)
        case _:
            assert_never(command.scope)


def _left_out(command: EditSeries, names: tuple[str, ...], detail: str) -> Refusal | None:
    given = [name for name in names if getattr(command, name) not in (UNSET, None, "")]
    return checks.every(*(invalid(f"/{name}", f"{detail} Leave it out here.") for name in given))


def occurrence(original: str, series: Series, state: State) -> Occurrence | None | Refusal:
    """What has become of an occurrence, or None if it is to come; refused if the series has none of that time."""
    row = state.occurrence(series.id, original)
    if row is not None:
        return row
    if series.after_completion:
        known = series.next is not None and original == series.next
    else:
        known = series.next is not None and original >= series.next and times_of(series, state).includes(original)
    if known:
        return None
    return invalid("/occurrence", f"The series has no occurrence {original}; look at its occurrences.")


# --- one


def _this(
    command: EditSeries,
    wanted: TemplateFields,
    found: Occurrence | None,
    record: CommandRecord,
    series: Series,
    state: State,
) -> list[Fact] | Refusal:
    if refusal := _left_out(command, (*OF_THE_SERIES, "into"), "One occurrence has no such thing of its own."):
        return refusal
    not_its_own = [name for name in mentioned(wanted) if name not in OF_ONE]
    if not_its_own and (found is None or found.task is None):
        detail = "This is changed when the occurrence is a task, or for all; leave it out here."
        return checks.every(*(invalid(f"/template/{name}", detail) for name in not_its_own)) or []
    if refusal := checks.when("/due", command.due):
        return refusal
    assert command.occurrence is not None
    if found is None:
        before = series.override(command.occurrence)
        now = before or Override(command.occurrence)
        after = structs.replace(
            now, fields=overlay(now.fields, wanted), due=now.due if command.due is UNSET else command.due
        )
        return overridden(series, before, after)
    if found.task is None:
        what = "was skipped; undo that first" if found.skipped else "was missed; it is past"
        return Refusal(Code.OCCURRENCE_PAST, f"That occurrence {what}.")
    named: dict[str, Any] = mentioned(wanted)
    for name in ("checklist", "start_before", "reminders"):
        if name in named:
            return invalid(f"/template/{name}", "The occurrence is a task by now; change that there.")
    return _under_template(tasks.decide(EditTask(task=found.task, due=command.due, **named), record, state))


def _under_template(answer: list[Fact] | Refusal) -> list[Fact] | Refusal:
    """What is wrong with a field of the task is so with one of the template."""
    if not isinstance(answer, Refusal):
        return answer
    errors = tuple(
        one if one.pointer == "/due" else FieldError(f"/template{one.pointer}", one.detail) for one in answer.errors
    )
    return structs.replace(answer, errors=errors)


def overridden(series: Series, before: Override | None, after: Override | None) -> list[Fact] | Refusal:
    """The event that makes one occurrence different."""
    if before == after:
        return []
    if before is None and len(series.overrides) >= OVERRIDES:
        return over("/occurrence", "occurrences of a series that differ before they are tasks", OVERRIDES)
    original = (after or before or Override("")).original
    return [Fact(OccurrenceChanged(series.id, original, before, after))]


# --- all


def _all(
    command: EditSeries, wanted: TemplateFields, record: CommandRecord, series: Series, state: State
) -> list[Fact] | Refusal:
    found = _recurs(command, series, series.anchor)
    if isinstance(found, Refusal):
        return found
    fields = SeriesFields(
        rule=found.rule,
        anchor=found.anchor,
        rdate=found.rdate,
        exdate=found.exdate,
        missed=command.missed,
        stop_after=command.stop_after,
        ahead=command.ahead,
    )
    before, after = difference(series, fields)
    template_before, template_after = difference(series.template, wanted)
    if after == SeriesFields() and template_after == TemplateFields():
        return []
    facts = [Fact(SeriesEdited(series.id, before, after, template_before, template_after))]
    changed = structs.replace(overlay(series, after), template=overlay(series.template, template_after))
    for task in _open(series, state):
        facts += _edited(task, template_before, template_after, record, state)
    if any(getattr(after, name) is not UNSET for name in ("rule", "anchor", "rdate", "exdate")):
        facts += _Moving(series, changed, record, state).facts()
    return facts


def _recurs(command: EditSeries, series: Series, anchor: When) -> Recurs | Refusal:
    """The recurrence as it is wanted.

    Where only the rule is given and does not have the anchor, the first occurrence that it has from there on is the new
    one. Exceptions that are not given go along with the anchor's time.
    """
    rule = series.rule if command.rule is UNSET else command.rule
    if command.anchor is not UNSET:
        anchor = command.anchor
    elif command.rule is not UNSET:
        try:
            anchor = anchored(anchor, rule)
        except ValueError as error:
            return invalid("/rule", checking.sentence(error))
    wanted = Recurs(rule, anchor, (), (), series.after_completion)
    found = checking.recurs(wanted)
    if isinstance(found, Refusal):
        return found
    before, after = rules.anchor_of(series.anchor), rules.anchor_of(found.anchor)
    kept = {
        name: tuple(
            moved
            for one in getattr(series, name)
            if (moved := rules.carried(one, before, after)) >= after.text(after.local)
        )
        for name in ("rdate", "exdate")
    }
    given = {name: getattr(command, name) for name in kept if getattr(command, name) is not UNSET}
    return checking.recurs(found._replace(**{**kept, **given}))


def _open(series: Series, state: State) -> Iterator[Task]:
    return (task for name in series.open if (task := state.task(name)) is not None)


def _edited(
    task: Task, before: TemplateFields, after: TemplateFields, record: CommandRecord, state: State
) -> list[Fact]:
    """The change of an open occurrence: of those fields that are still as the template had them."""
    named: dict[str, Any] = {
        name: value
        for name, value in mentioned(after).items()
        if name in (*OF_ONE, *PLACE) and getattr(task, name) == getattr(before, name)
    }
    answer = tasks.decide(EditTask(task=task.id, **named), record, state) if named else []
    return [] if isinstance(answer, Refusal) else answer


class _Moving:
    """From one recurrence to another: of the same series, or of the one that was split off from `start` on."""

    def __init__(
        self, series: Series, into: Series, record: CommandRecord, state: State, start: str | None = None
    ) -> None:
        self._series = series
        self._into = into
        self._at = record.at
        self._state = state
        self._start = start
        self._old = times_of(series, state)
        self._new = times_of(into, state)
        self._gone: set[str] = set()

    def facts(self) -> list[Fact]:
        """What becomes of tasks and overrides, and with which occurrence it goes on."""
        facts = [*self._tasks(), *self._overrides()]
        if self._series.id == self._into.id:
            before, after = self._series.next, self.next()
            if before != after:
                facts.append(Fact(SeriesAdvanced(self._into.id, before, after, self._series.at, None)))
        return facts

    def next(self) -> str | None:
        """The first occurrence from today on of which nothing has become: what was done before is not made again."""
        if self._series.after_completion:
            return None if self._series.next is None else self._carried(self._series.next)
        self._withdraw()
        begin = self._new.midnight(self._at)
        for looked, original in enumerate(self._new.between(begin, None)):
            if looked >= LOOKED_AT or not self._had(original):
                return original
        return None

    def _carried(self, original: str) -> str:
        return rules.carried(original, self._old.anchor, self._new.anchor)

    def _had(self, original: str) -> bool:
        """True if the old recurrence had that occurrence, and something has become of it."""
        was = rules.carried(original, self._new.anchor, self._old.anchor)
        handled = self._series.next is None or was < self._series.next
        return handled and was not in self._gone and self._old.includes(was)

    def _withdraw(self) -> list[Task]:
        """The open tasks that the new recurrence has not, and whose time has not come."""
        found = []
        for task in self._concerned():
            original = task.original or ""
            if not self._new.includes(self._carried(original)) and self._old.time_of(original) > self._at:
                self._gone.add(original)
                found.append(task)
        return found

    def _concerned(self) -> Iterator[Task]:
        start = self._start or ""
        return (task for task in _open(self._series, self._state) if (task.original or "") >= start)

    def _tasks(self) -> Iterator[Fact]:
        for task in self._withdraw():
            yield from leaving(task)
        for task in self._concerned():
            original = task.original or ""
            moved = self._carried(original)
            if not self._new.includes(moved) or (self._series.id, original) == (self._into.id, moved):
                continue
            if moved != original and task.due == self._old.when(original):
                kept = between(task.start, task.due)
                due = self._new.when(moved)
                wanted = TaskFields(due=due) if kept is None else TaskFields(due=due, start=earlier(due, kept))
                yield Fact(TaskEdited(*difference(task, wanted)), task.id)
            yield Fact(TaskSeriesChanged(Occurs(self._series.id, original), Occurs(self._into.id, moved)), task.id)

    def _overrides(self) -> Iterator[Fact]:
        for one in self._series.overrides:
            moved = self._carried(one.original)
            if self._start is not None and one.original < self._start:
                continue
            if (self._series.id, one.original) == (self._into.id, moved) and self._new.includes(moved):
                continue
            yield Fact(OccurrenceChanged(self._series.id, one.original, one, None))
            if self._new.includes(moved):
                yield Fact(OccurrenceChanged(self._into.id, moved, None, structs.replace(one, original=moved)))


# --- this and following


def _split(
    command: EditSeries, wanted: TemplateFields, record: CommandRecord, series: Series, state: State
) -> list[Fact] | Refusal:
    if refusal := checks.identifier("/into", command.into):
        return refusal
    if state.series(command.into) is not None:
        return Refusal(Code.EXISTS, f"There is a series {command.into!r} already; choose another id.")
    assert command.occurrence is not None
    old, begins = times_of(series, state), command.occurrence
    rest = structs.replace(series, rule=_rest(series.rule, old, begins))
    found = _recurs(command, rest, old.when(begins))
    if isinstance(found, Refusal):
        return found
    carried = (
        None
        if series.ends_before is None
        else rules.carried(series.ends_before, old.anchor, rules.anchor_of(found.anchor))
    )
    left = None if series.stop_after is None else max(1, series.stop_after - series.completions)
    template_before, template_after = difference(series.template, wanted)
    created = SeriesCreated(
        series=command.into,
        template=overlay(series.template, template_after),
        rule=found.rule,
        anchor=found.anchor,
        next=None,
        rdate=found.rdate,
        exdate=found.exdate,
        missed=series.missed if command.missed is UNSET else command.missed,
        stop_after=left if command.stop_after is UNSET else command.stop_after,
        ahead=series.ahead if command.ahead is UNSET else command.ahead,
        ends_before=carried,
        previous=series.id,
        following=series.following,
    )
    into = Series(
        id=created.series, template=created.template, rule=created.rule, anchor=created.anchor, created_at=record.at,
        created_by=record.actor, rdate=created.rdate, exdate=created.exdate, ends_before=carried,
    )  # fmt: skip
    moving = _Moving(series, into, record, state, begins)
    created = structs.replace(created, next=moving.next())
    before, after = difference(series, SeriesFields(ends_before=begins, following=command.into))
    facts = [Fact(SeriesEdited(series.id, before, after)), Fact(created), *moving.facts()]
    if series.next is not None and series.next >= begins:
        facts.append(Fact(SeriesAdvanced(series.id, series.next, None, series.at, None)))
    for task in _open(series, state):
        if (task.original or "") >= begins:
            facts += _edited(task, template_before, template_after, record, state)
    return facts


def _rest(rule: str, old: Times, begins: str) -> str:
    """The rule with what is left of its COUNT."""
    parsed = parse_rule(rule)
    if parsed.count is None:
        return rule
    return print_rule(structs.replace(parsed, count=max(1, parsed.count - old.counted_before(begins))))


# --- what others use too


def leaving(task: Task) -> list[Fact]:
    """An open occurrence goes to the trash and out of its series, which may make it again."""
    assert task.series is not None
    assert task.original is not None
    return [
        Fact(TaskSeriesChanged(Occurs(task.series, task.original), None), task.id),
        Fact(TaskTrashed(), task.id),
    ]


def withdrawn(series: Series, at: str, state: State) -> list[Fact]:
    """The open occurrences whose time has not come go."""
    times = times_of(series, state)
    due = ((task, task.due or times.when(task.original or "")) for task in _open(series, state))
    return [fact for task, when in due if times.instant(when) > at for fact in leaving(task)]
