"""Recurrences in words: every rule has a true description, and `phrases.read_phrase` reads each back as it was."""

from collections.abc import Iterator
from datetime import date, time
from itertools import product
from typing import Final, assert_never

from msgspec import structs

from tasksys.recurrence.completion import AfterCompletion
from tasksys.recurrence.daysets import LEAP
from tasksys.recurrence.recurrence import Recurrence
from tasksys.recurrence.repeat import Repeat, repeat_of
from tasksys.recurrence.rule import Frequency, Kind, Rule, Skip, Until, Weekday
from tasksys.recurrence.vocabulary import (
    MONTH_NAMES,
    UNIT_NAMES,
    WEEKDAY_NAMES,
    WORKING_DAYS,
    said_list,
    said_numbers,
    said_ordinal,
)

TIMES_SAID: Final = 12
"""More times a day than these are told as hours and minutes apart."""


def describe_recurrence(made: Recurrence | AfterCompletion) -> str:
    """A recurrence in words: "every 2nd Tuesday at 09:00, 10 times, except 1 time"."""
    inner = made.recurrence if isinstance(made, AfterCompletion) else made
    text = describe(repeat_of(made))
    if inner.rdate:
        text += f", and {_times(len(inner.rdate))} besides"
    return f"{text}, except {_times(len(inner.exdate))}" if inner.exdate else text


def describe(repeat: Repeat) -> str:
    """What a phrase says, in canonical words: "every 3 days after completion at 09:00, until 1 May 2026"."""
    head, rest = _head(repeat.rule)
    words = [head, *_days(rest), *_clock(rest)]
    if repeat.after_completion:
        words.append("after completion")
    if repeat.at is not None:
        words.append(f"at {_said_time(repeat.at)}")
    return ", ".join([" ".join(words), *_ends(repeat)])


def _head(rule: Rule) -> tuple[str, Rule]:
    """How often, and what of the rule is still to be said."""
    if rule.freq is Frequency.WEEKLY and rule.by_day:
        weekdays = [day.weekday for day in rule.by_day]
        rest = structs.replace(rule, by_day=())
        if rule.interval == 1:
            return f"every {'weekday' if set(weekdays) == WORKING_DAYS else _said_weekdays(weekdays)}", rest
        if len(weekdays) == 1:
            return f"every {said_ordinal(rule.interval)} {WEEKDAY_NAMES[weekdays[0]]}", rest
    unit = UNIT_NAMES[rule.freq]
    return f"every {unit}" if rule.interval == 1 else f"every {rule.interval} {unit}s", rule


def _days(rule: Rule) -> Iterator[str]:
    """The parts that name days."""
    on = "only on" if rule.freq.finer_than(Frequency.WEEKLY) else "on"
    if _is_one_date(rule):
        yield f"on {rule.by_month_day[0]} {MONTH_NAMES[rule.by_month[0] - 1]}"
        rule = structs.replace(rule, by_month=(), by_month_day=())
    if rule.by_month:
        yield f"in {said_list([MONTH_NAMES[month - 1] for month in rule.by_month])}"
    if rule.by_week_no:
        yield f"in the {_ordinals(rule.by_week_no)} week of the year"
    if rule.by_year_day:
        yield f"{on} the {_ordinals(rule.by_year_day)} day of the year"
    if rule.by_month_day:
        of = " of every month" if rule.freq is Frequency.YEARLY and not rule.by_month else ""
        yield f"{on} the {_ordinals(rule.by_month_day)}{' day' if rule.by_month_day[-1] < 0 else ''}{of}"
    if _picks_working_days(rule):
        yield f"on the {_ordinals(rule.by_set_pos)} weekday"
        return
    if rule.by_day:
        yield _by_day(rule, on)


def _is_one_date(rule: Rule) -> bool:
    """True for "every year on 1 January", but not for 31 November, which SKIP would move."""
    if rule.freq is not Frequency.YEARLY or rule.by_day or rule.by_year_day or rule.by_week_no:
        return False
    one = len(rule.by_month) == len(rule.by_month_day) == 1
    return one and 0 < rule.by_month_day[0] <= LEAP[rule.by_month[0] - 1]


def _picks_working_days(rule: Rule) -> bool:
    """True for "the last weekday of the month"."""
    others = (
        rule.by_month_day or rule.by_year_day or rule.by_week_no or rule.by_hour or rule.by_minute or rule.by_second
    )
    plain = not any(day.ordinal for day in rule.by_day)
    working = plain and {day.weekday for day in rule.by_day} == WORKING_DAYS
    return working and bool(rule.by_set_pos) and rule.freq is Frequency.MONTHLY and not others


def _by_day(rule: Rule, on: str) -> str:
    limits = bool(rule.by_month_day or rule.by_year_day)
    counted: dict[Weekday, list[int]] = {}
    for day in rule.by_day:
        if day.ordinal:
            counted.setdefault(day.weekday, []).append(day.ordinal)
    plain = [day.weekday for day in rule.by_day if not day.ordinal]
    if plain and rule.freq in (Frequency.YEARLY, Frequency.MONTHLY) and not limits and not rule.by_week_no:
        on = "on every"
    items = [WEEKDAY_NAMES[weekday] for weekday in plain]
    if set(plain) == WORKING_DAYS:
        items = ["a weekday" if limits else "weekday" if on == "on every" else "weekdays"]
    items += [f"the {_ordinals(tuple(numbers))} {WEEKDAY_NAMES[weekday]}" for weekday, numbers in counted.items()]
    scope = " of the year" if counted and rule.freq is Frequency.YEARLY and not rule.by_month else ""
    return f"if it is {said_list(items, 'or')}{scope}" if limits else f"{on} {said_list(items)}{scope}"


def _clock(rule: Rule) -> Iterator[str]:
    """The parts that name times of day."""
    together = len(rule.by_hour) * len(rule.by_minute) * max(len(rule.by_second), 1)
    if Frequency.HOURLY.finer_than(rule.freq) and len(rule.by_second) <= 1 and 1 <= together <= TIMES_SAID:
        times = product(rule.by_hour, rule.by_minute, rule.by_second or (0,))
        yield f"at {said_list([_said_time(time(*one), bool(rule.by_second)) for one in times])}"
        return
    for before, name, numbers in (
        ("in", "hour", rule.by_hour),
        ("at", "minute", rule.by_minute),
        ("at", "second", rule.by_second),
    ):
        if numbers:
            yield f"{before} {name}{'s' if len(numbers) > 1 else ''} {said_numbers(numbers)}"


def _ends(repeat: Repeat) -> Iterator[str]:
    """What stands behind commas."""
    rule = repeat.rule
    if rule.by_set_pos and not _picks_working_days(rule):
        yield f"only the {_ordinals(rule.by_set_pos)} of these"
    match rule.skip:
        case Skip.OMIT:
            pass
        case Skip.BACKWARD:
            yield "or the last day of shorter months"
        case Skip.FORWARD:
            yield "or the day after shorter months"
        case _:
            assert_never(rule.skip)
    if rule.week_start is not Weekday.MO:
        yield f"weeks from {WEEKDAY_NAMES[rule.week_start]}"
    if repeat.start is not None:
        yield f"from {_said_date(repeat.start)}"
    if rule.count is not None:
        yield _times(rule.count)
    if rule.until is not None:
        yield f"until {_said_until(rule.until)}"
    if repeat.stop_after is not None:
        yield f"until done {_times(repeat.stop_after)}"


def _said_until(until: Until) -> str:
    text = _said_date(until.at)
    match until.kind:
        case Kind.DATE:
            return text
        case Kind.FLOATING:
            return f"{text} {_said_time(until.at.time())}"
        case Kind.ZONED:
            return f"{text} {_said_time(until.at.time())} UTC"
        case _:
            assert_never(until.kind)


def _said_date(day: date) -> str:
    return f"{day.day} {MONTH_NAMES[day.month - 1]} {day.year}"


def _said_time(one: time, seconds: bool = False) -> str:
    return one.isoformat(timespec="seconds" if one.second or seconds else "minutes")


def _said_weekdays(weekdays: list[Weekday]) -> str:
    return said_list([WEEKDAY_NAMES[weekday] for weekday in weekdays])


def _ordinals(numbers: tuple[int, ...]) -> str:
    return said_list([said_ordinal(number) for number in numbers])


def _times(number: int) -> str:
    return "1 time" if number == 1 else f"{number} times"
