"""Which rules are refused: what RFC 5545 (3.3.10) rules out, and what would yield more than one occurrence a minute."""

from collections.abc import Iterator
from typing import Final, assert_never

from tasksys.recurrence import bounds
from tasksys.recurrence.rule import Frequency, Kind, Rule

YEARLY: Final = (Frequency.YEARLY,)
MONTHLY_OR_YEARLY: Final = (Frequency.YEARLY, Frequency.MONTHLY)
NOT_BY_YEAR_DAY: Final = (Frequency.MONTHLY, Frequency.WEEKLY, Frequency.DAILY)


def require_valid(rule: Rule) -> Rule:
    """The rule itself; ValueError with the first thing that is wrong with it and what to do about it."""
    for wrong in _wrongs(rule):
        raise ValueError(wrong)
    return rule


def require_kind(rule: Rule, kind: Kind) -> None:
    """ValueError if UNTIL is of another kind than the anchor."""
    if rule.until is None or rule.until.kind is kind:
        return
    match kind:
        case Kind.DATE:
            raise ValueError("UNTIL must be a date such as 20260501, as the anchor is")
        case Kind.FLOATING:
            raise ValueError("UNTIL must be a local time such as 20260501T235959, without Z, as the anchor is")
        case Kind.ZONED:
            raise ValueError("UNTIL must be in UTC, such as 20260501T215959Z, as the anchor has a zone")
        case _:
            assert_never(kind)


def require_times_allowed(rule: Rule, kind: Kind) -> None:
    """ValueError if the rule speaks of times while its anchor is a date."""
    if kind is not Kind.DATE:
        return
    if rule.freq.finer_than(Frequency.DAILY):
        raise ValueError(f"FREQ={rule.freq} needs an anchor with a time; give it one, or use FREQ=DAILY")
    if rule.by_hour or rule.by_minute or rule.by_second:
        raise ValueError("BYHOUR, BYMINUTE and BYSECOND need an anchor with a time; give it one, or leave them out")


def _wrongs(rule: Rule) -> Iterator[str]:
    freq = rule.freq
    if rule.count is not None and rule.until is not None:
        yield "COUNT and UNTIL exclude each other; leave one out"
    if not 1 <= rule.interval <= bounds.INTERVAL:
        yield f"INTERVAL must be 1 to {bounds.INTERVAL}"
    if rule.count is not None and not 1 <= rule.count <= bounds.COUNT:
        yield f"COUNT must be 1 to {bounds.COUNT}; for more give UNTIL, or no end"
    ordinals = any(day.ordinal for day in rule.by_day)
    if ordinals and freq not in MONTHLY_OR_YEARLY:
        yield f"BYDAY may count weekdays (such as 2MO) in a monthly or yearly rule only, not with FREQ={freq}"
    if ordinals and rule.by_week_no:
        yield "BYDAY may not count weekdays (such as 2MO) together with BYWEEKNO; leave the number out"
    if rule.by_month_day and freq is Frequency.WEEKLY:
        yield "BYMONTHDAY does not go with FREQ=WEEKLY; use FREQ=DAILY or FREQ=MONTHLY"
    if rule.by_year_day and freq in NOT_BY_YEAR_DAY:
        yield f"BYYEARDAY does not go with FREQ={freq}; use FREQ=YEARLY"
    if rule.by_week_no and freq not in YEARLY:
        yield f"BYWEEKNO goes with FREQ=YEARLY only, not with FREQ={freq}"
    if not has_sets(rule):
        yield "BYSETPOS picks from what other BY parts yield; give one, or leave BYSETPOS out"
    yield from _too_often(rule)


def has_sets(rule: Rule) -> bool:
    """True unless the rule has a BYSETPOS and no other BY part to pick from."""
    times = rule.by_second or rule.by_minute or rule.by_hour
    days = rule.by_day or rule.by_month_day or rule.by_year_day or rule.by_week_no or rule.by_month
    return bool(not rule.by_set_pos or times or days)


def _too_often(rule: Rule) -> Iterator[str]:
    """Two occurrences in one minute; a single BYSETPOS picks one of a period, which is a minute or longer."""
    once_a_period = len(rule.by_set_pos) == 1 and rule.freq is not Frequency.SECONDLY
    if len(rule.by_second) > 1 and not once_a_period and not _steps_over_minutes(rule):
        yield "BYSECOND may list one second only: no rule may yield more than one occurrence a minute"
    if rule.freq is Frequency.SECONDLY and not rule.by_second and not _steps_over_minutes(rule):
        yield "FREQ=SECONDLY needs INTERVAL=60 or more, or one BYSECOND: at most one occurrence a minute"
    times = max(len(rule.by_hour), 1) * max(len(rule.by_minute), 1) * max(len(rule.by_second), 1)
    if times > bounds.TIMES_PER_DAY:
        yield f"BYHOUR, BYMINUTE and BYSECOND make {times} times a day; at most {bounds.TIMES_PER_DAY} are allowed"


def _steps_over_minutes(rule: Rule) -> bool:
    return rule.freq is Frequency.SECONDLY and rule.interval >= 60
