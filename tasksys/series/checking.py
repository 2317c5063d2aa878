"""Whether what a command says of a series makes sense: its template, and its recurrence."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from msgspec import UNSET, UnsetType

from tasksys import checks, durations, limits, places
from tasksys.commands import CreateTask
from tasksys.recurrence import after_completion, parse_rule, print_rule, read_anchor, recurrence
from tasksys.refusals import Refusal, invalid, over, sentence
from tasksys.series.shapes import OfEach, Template, TemplateFields
from tasksys.state import State
from tasksys.values import When

T = TypeVar("T")


class Recurs(NamedTuple):
    """When a series recurs, as a command says it."""

    rule: str
    anchor: When
    rdate: tuple[str, ...] = ()
    exdate: tuple[str, ...] = ()
    after_completion: bool = False


def recurs(wanted: Recurs) -> Recurs | Refusal:
    """The recurrence with its rule and anchor in their one spelling, or what is wrong with the first field that is."""
    rule, anchor = wanted.rule, wanted.anchor
    try:
        pointer = "/anchor"
        read = read_anchor(anchor)
        anchor = read.when(read.local)
        pointer = "/rule"
        rule = print_rule(parse_rule(rule))
        if wanted.after_completion:
            after_completion(anchor, rule)
            pointer = "/rdate" if wanted.rdate else "/exdate"
            if wanted.rdate or wanted.exdate:
                raise ValueError("a series after completion has no fixed times; leave this out")
        else:
            recurrence(anchor, rule)
            pointer = "/rdate"
            recurrence(anchor, rule, wanted.rdate)
            pointer = "/exdate"
            recurrence(anchor, rule, (), wanted.exdate)
    except ValueError as error:
        return invalid(pointer, sentence(error))
    return wanted._replace(rule=rule, anchor=anchor)


def duration(pointer: str, text: str | None | UnsetType) -> Refusal | None:
    """A duration that is not negative."""
    if text is None or text is UNSET:
        return None
    try:
        if min(durations.parse(text)) < 0:
            return invalid(pointer, "Give a duration that is not negative.")
    except ValueError as error:
        return invalid(pointer, sentence(error))
    return None


def template(wanted: Template | TemplateFields, known: Template | None, state: State) -> Refusal | None:
    """The fields that a template has or mentions; `known` is as it was before.

    Where the tasks shall stand is looked at only if that is mentioned.
    """
    at = "/template"
    return checks.every(
        _given(wanted.title, lambda text: checks.line(f"{at}/title", text, limits.TITLE_CHARACTERS)),
        _given(wanted.description, lambda text: checks.markdown(f"{at}/description", text)),
        _given(wanted.labels, lambda names: _labels(f"{at}/labels", names)),
        _given(wanted.assignees, lambda users: _assignees(f"{at}/assignees", users, known, state)),
        _given(wanted.checklist, lambda titles: _checklist(f"{at}/checklist", titles)),
        duration(f"{at}/start_before", wanted.start_before),
        _given(wanted.reminders, lambda each: _reminders(f"{at}/reminders", each, known, state)),
        _place(wanted, known, state),
    )


def _given(value: T | UnsetType, check: Callable[[T], Refusal | None]) -> Refusal | None:
    return None if isinstance(value, UnsetType) else check(value)


def _labels(pointer: str, names: tuple[str, ...]) -> Refusal | None:
    if len(names) > limits.LABELS_PER_TASK:
        return over(pointer, "labels", limits.LABELS_PER_TASK)
    return checks.labels(pointer, names)


def _assignees(pointer: str, users: tuple[str, ...], known: Template | None, state: State) -> Refusal | None:
    if len(users) > limits.ASSIGNEES_PER_TASK:
        return over(pointer, "assignees", limits.ASSIGNEES_PER_TASK)
    return checks.members(pointer, users, state, () if known is None else known.assignees)


def _checklist(pointer: str, titles: tuple[str, ...]) -> Refusal | None:
    if len(titles) > limits.CHECKLIST_ITEMS:
        return over(pointer, "checklist items", limits.CHECKLIST_ITEMS)
    found = (checks.line(f"{pointer}/{at}", one, limits.TITLE_CHARACTERS) for at, one in enumerate(titles))
    return checks.every(*found)


def _reminders(pointer: str, each: Iterable[OfEach], known: Template | None, state: State) -> Refusal | None:
    found = list(each)
    if len(found) > limits.REMINDERS_PER_TASK:
        return over(pointer, "reminders of one task", limits.REMINDERS_PER_TASK)
    knows = {one.user for one in known.reminders} if known is not None else set()
    return checks.every(
        *(_reminder(f"{pointer}/{at}", one, one.user in knows, state) for at, one in enumerate(found)),
    )


def _reminder(pointer: str, one: OfEach, known: bool, state: State) -> Refusal | None:
    try:
        durations.parse(one.trigger.before)
    except ValueError as error:
        return invalid(f"{pointer}/trigger/before", sentence(error))
    if refusal := checks.repeat(f"{pointer}/repeat", one.repeat):
        return refusal
    if one.user is not None and not known and state.member(one.user) is None:
        return invalid(f"{pointer}/user", f"{one.user!r} is not a member of the workspace; add them first.")
    return None


def _place(wanted: Template | TemplateFields, known: Template | None, state: State) -> Refusal | None:
    """Refuses a place in which no task could be created now."""
    named = [getattr(wanted, name) for name in ("project", "section", "parent")]
    if all(isinstance(value, UnsetType) for value in named):
        return None
    before = [getattr(known, name, None) for name in ("project", "section", "parent")]
    project, section, parent = (
        old if isinstance(new, UnsetType) else new for new, old in zip(named, before, strict=True)
    )
    answer = places.place(CreateTask(title="", project=project, section=section, parent=parent), None, state)
    if not isinstance(answer, Refusal):
        return None
    return Refusal(
        answer.code,
        answer.detail,
        tuple(type(one)(f"/template{one.pointer}", one.detail) for one in answer.errors),
    )
