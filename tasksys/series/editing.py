"""Changes of a series: of one occurrence, of one and those that follow, or of all.

Some facts hold for each: what is done stays as it was; a task that is open stays the task that it is, if the changed
rule still has its occurrence, and goes to the trash if it has not and its time has not come; what a person has changed
of one occurrence is not overwritten.
"""

from datetime import datetime
from typing import Any, Final, assert_never

from msgspec import UNSET, structs

from tasksys import checks, tasks
from tasksys.commands import CommandRecord, EditSeries, EditTask
from tasksys.events import (
    Fact,
    SeriesAdvanced,
    SeriesCreated,
    SeriesEdited,
    SeriesFields,
)
from tasksys.fields import difference, mentioned, overlay
from tasksys.recurrence import Skip, explicit, parse_rule, print_rule
from tasksys.recurrence.recurrence import anchored
from tasksys.refusals import Code, FieldError, Refusal, invalid, sentence
from tasksys.rows import Occurrence, Series, Task
from tasksys.series import checking, rules
from tasksys.series.checking import Recurs
from tasksys.series.moving import Moving, staying
from tasksys.series.overriding import overridden
from tasksys.series.rules import Times, times_of
from tasksys.series.shapes import OF_ONE, Override, Scope, TemplateFields
from tasksys.series.spans import local
from tasksys.state import State
from tasksys.values import When

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
        if refusal := _left_out(command, ("occurrence", "due"), "Only a change of one occurrence has this."):
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
    if refusal := _left_out(command, OF_THE_SERIES, "One occurrence has no such thing of its own."):
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
        ends_before=_ends(series, found.anchor),
    )
    before, after = difference(series, fields)
    template_before, template_after = difference(series.template, wanted)
    if after == SeriesFields() and template_after == TemplateFields():
        return []
    facts = [Fact(SeriesEdited(series.id, before, after, template_before, template_after))]
    changed = structs.replace(overlay(series, after), template=overlay(series.template, template_after))
    moving = list[Fact]()
    if any(getattr(after, name) is not UNSET for name in ("rule", "anchor", "rdate", "exdate")):
        moving = Moving(series, changed, record, state).facts()
    for task in staying(series, moving, state):
        facts += _edited(task, template_before, template_after, record, state)
    return facts + moving


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
            return invalid("/rule", sentence(error))
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


def _ends(series: Series, anchor: When) -> str | None:
    """Where another series goes on, by the time of an anchor: else an occurrence of that day would be in both."""
    ends = series.ends_before
    return None if ends is None else rules.carried(ends, rules.anchor_of(series.anchor), rules.anchor_of(anchor))


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
    if begins in series.rdate:
        return invalid("/occurrence", "This one is an exception of its own; split at one that the rule gives.")
    stays = command.anchor is UNSET or local(command.anchor).date() == datetime.fromisoformat(begins).date()
    rest = structs.replace(series, rule=_rest(series.rule, old, begins, stays))
    found = _recurs(command, rest, old.when(begins))
    if isinstance(found, Refusal):
        return found
    carried = _ends(series, found.anchor)
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
    moving = Moving(series, into, record, state, begins)
    created = structs.replace(created, next=moving.next())
    before, after = difference(series, SeriesFields(ends_before=begins, following=command.into))
    moved = moving.facts()
    facts = [Fact(SeriesEdited(series.id, before, after)), Fact(created), *moved]
    if series.next is not None and series.next >= begins:
        facts.append(Fact(SeriesAdvanced(series.id, series.next, None, series.at, None)))
    for task in staying(series, moved, state):
        if (task.original or "") >= begins:
            facts += _edited(task, template_before, template_after, record, state)
    return facts


def _rest(rule: str, old: Times, begins: str, stays: bool) -> str:
    """The rule with what is left of its COUNT.

    If it `stays` on its days, and they are moved where a month has not the anchor's, it names that day from now on: it
    would not be known by an anchor that was moved.
    """
    parsed = parse_rule(rule)
    if parsed.count is not None:
        parsed = structs.replace(parsed, count=max(1, parsed.count - old.counted_before(begins)))
    if stays and parsed.skip is not Skip.OMIT:
        named = explicit(parsed, old.anchor.local)
        parsed = structs.replace(parsed, by_month_day=named.by_month_day, by_month=named.by_month, by_day=named.by_day)
    return print_rule(parsed)
