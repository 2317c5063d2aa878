"""What a phrase about recurrence says: between people's words (`describing`, `phrases`) and a recurrence."""

from datetime import UTC, date, datetime, time
from typing import Final

from msgspec import Struct, structs

from tasksys.recurrence.anchors import Anchor
from tasksys.recurrence.completion import AfterCompletion, names_days
from tasksys.recurrence.recurrence import Recurrence
from tasksys.recurrence.rule import Frequency, Kind, Rule, Until, explicit
from tasksys.recurrence.validity import has_sets
from tasksys.recurrence.zones import instant_of

END_OF_DAY: Final = time(23, 59, 59)


class Repeat(Struct, frozen=True):
    """A rule with what people say beside it.

    `at` is the one time of day, `start` the date to begin at; a rule with several times has them in its BY parts.
    UNTIL is a date or a local time here, whatever the anchor will be: `rule_for` gives it the anchor's kind.
    `stop_after` is a number of completions.
    """

    rule: Rule
    at: time | None = None
    start: date | None = None
    after_completion: bool = False
    stop_after: int | None = None


def rule_for(rule: Rule, anchor: Anchor) -> Rule:
    """The rule with its UNTIL of the anchor's kind: a date means its end, a local time is in the anchor's zone."""
    if rule.until is None or rule.until.kind is anchor.kind or rule.until.kind is Kind.ZONED:
        return rule
    at = rule.until.at
    if anchor.kind is Kind.DATE:
        return structs.replace(rule, until=Until(datetime.combine(at, time.min), Kind.DATE))
    local = datetime.combine(at, END_OF_DAY) if rule.until.kind is Kind.DATE else at
    if anchor.zone is None:
        return structs.replace(rule, until=Until(local, Kind.FLOATING))
    return structs.replace(rule, until=Until(instant_of(local, anchor.zone).replace(tzinfo=None), Kind.ZONED))


def repeat_of(made: Recurrence | AfterCompletion) -> Repeat:
    """What a recurrence says, with the day and time that it takes from its anchor."""
    if isinstance(made, AfterCompletion):
        inner, stop_after = made.recurrence, made.stop_after
        full = explicit(inner.rule, inner.anchor.local) if names_days(inner.rule) else inner.rule
    else:
        inner, stop_after = made, None
        full = explicit(inner.rule, inner.anchor.local)
    rule = structs.replace(full, until=None if full.until is None else _local_until(full.until, inner.anchor))
    if inner.anchor.kind is Kind.DATE:
        return Repeat(_without_times(rule), None, None, isinstance(made, AfterCompletion), stop_after)
    if isinstance(made, AfterCompletion):
        return Repeat(_without_times(rule), inner.anchor.local.time(), None, True, stop_after)
    return with_time_apart(Repeat(rule))


def with_time_apart(repeat: Repeat) -> Repeat:
    """The same with the rule's time of day, if it has exactly one, as `at`; a BYSECOND of 0 is left out.

    Where BYSETPOS has nothing else to pick from, the time stays.
    """
    rule = repeat.rule
    if rule.by_second == (0,):
        rule = structs.replace(rule, by_second=())
    several = (len(rule.by_hour), len(rule.by_minute)) != (1, 1) or len(rule.by_second) > 1
    if rule.freq.finer_than(Frequency.DAILY) or several or not has_sets(_without_times(rule)):
        return structs.replace(repeat, rule=rule)
    one = time(rule.by_hour[0], rule.by_minute[0], (rule.by_second or (0,))[0])
    return structs.replace(repeat, rule=_without_times(rule), at=one)


def _without_times(rule: Rule) -> Rule:
    return structs.replace(rule, by_hour=(), by_minute=(), by_second=())


def _local_until(until: Until, anchor: Anchor) -> Until:
    """UNTIL as people say it: a date if it is the end of that day where the anchor is."""
    local = until.at
    if until.kind is Kind.ZONED and anchor.zone is not None:
        local = local.replace(tzinfo=UTC).astimezone(anchor.zone).replace(tzinfo=None, fold=0)
    if until.kind is Kind.DATE or local.time() == END_OF_DAY:
        return Until(datetime.combine(local, time.min), Kind.DATE)
    return Until(local, Kind.FLOATING)
