"""Rules as text (RFC 5545, 3.3.10; RFC 7529, 4.1): read strictly, and written in one canonical spelling.

Names and values may be in any case (RFC 5545, 2). SKIP may be given without RSCALE; the canonical text has both.
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, assert_never

from tasksys.recurrence import bounds
from tasksys.recurrence.rule import (
    ByDay,
    Frequency,
    Kind,
    Rule,
    Skip,
    Until,
    Weekday,
    from_the_start,
    in_order,
)
from tasksys.recurrence.validity import require_valid

NUMBER: Final = re.compile(r"([+-]?)(\d{1,7})", re.ASCII)
BY_DAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
UNTIL: Final = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
LEAP_SECOND: Final = 60


@lru_cache(maxsize=1024)
def parse_rule(text: str) -> Rule:
    """The rule; ValueError that names the part and its place (characters counted from 1), and says what to do."""
    if len(text) > bounds.TEXT_CHARACTERS:
        raise ValueError(f"a rule has at most {bounds.TEXT_CHARACTERS} characters, not {len(text)}")
    if text[:6].upper() == "RRULE:":
        raise ValueError('leave out "RRULE:"; a rule begins with a part, such as FREQ=DAILY')
    fields: dict[str, Any] = {}
    seen: set[str] = set()
    place = 1
    for part in text.split(";"):
        name, equals, value = part.upper().partition("=")
        try:
            if not equals or name not in PARTS:
                raise ValueError(f"{name[:20]!r} is no part; give NAME=value, with one of {', '.join(PARTS)}")
            if name in seen:
                raise ValueError("given twice; give it once, with its values separated by commas")
            seen.add(name)
            field, read = PARTS[name]
            fields[field] = read(value)
        except ValueError as error:
            raise ValueError(f"{name if name in PARTS else 'rule'}, character {place}: {error}") from None
        place += len(part) + 1
    fields.pop("rscale", None)
    if "freq" not in fields:
        raise ValueError("FREQ is missing; give one, such as FREQ=DAILY")
    return require_valid(Rule(**fields))


def print_rule(rule: Rule) -> str:
    """The canonical text: `parse_rule` gives the same rule back."""
    parts = {
        "RSCALE": "" if rule.skip is Skip.OMIT else "GREGORIAN",
        "FREQ": rule.freq.value,
        "UNTIL": "" if rule.until is None else _print_until(rule.until),
        "COUNT": "" if rule.count is None else str(rule.count),
        "INTERVAL": "" if rule.interval == 1 else str(rule.interval),
        "BYSECOND": _print_numbers(rule.by_second),
        "BYMINUTE": _print_numbers(rule.by_minute),
        "BYHOUR": _print_numbers(rule.by_hour),
        "BYDAY": ",".join(f"{day.ordinal or ''}{day.weekday.name}" for day in rule.by_day),
        "BYMONTHDAY": _print_numbers(rule.by_month_day),
        "BYYEARDAY": _print_numbers(rule.by_year_day),
        "BYWEEKNO": _print_numbers(rule.by_week_no),
        "BYMONTH": _print_numbers(rule.by_month),
        "BYSETPOS": _print_numbers(rule.by_set_pos),
        "WKST": "" if rule.week_start is Weekday.MO else rule.week_start.name,
        "SKIP": "" if rule.skip is Skip.OMIT else rule.skip.value,
    }
    return ";".join(f"{name}={value}" for name, value in parts.items() if value)


def _print_numbers(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


def _print_until(until: Until) -> str:
    match until.kind:
        case Kind.DATE:
            return f"{until.at:%Y%m%d}"
        case Kind.FLOATING:
            return f"{until.at:%Y%m%dT%H%M%S}"
        case Kind.ZONED:
            return f"{until.at:%Y%m%dT%H%M%SZ}"
        case _:
            assert_never(until.kind)


def _number(text: str, first: int, last: int, signed: bool = False) -> int:
    """A whole number of the range; a signed one may also count from the end."""
    matched = NUMBER.fullmatch(text)
    value = int(text) if matched else 0
    if matched is None or not first <= abs(value) <= last or (matched[1] and not signed):
        ends = f", or -{last} to -{first} counted from the end" if signed else ""
        raise ValueError(f"{text[:20]!r} is no number here; give {first} to {last}{ends}")
    return value


def _numbers(first: int, last: int, signed: bool = False) -> Callable[[str], tuple[int, ...]]:
    def read(value: str) -> tuple[int, ...]:
        return from_the_start({_number(text, first, last, signed) for text in _values(value)})

    return read


def _values(value: str) -> list[str]:
    values = value.split(",")
    if len(values) > bounds.LIST_VALUES:
        raise ValueError(f"{len(values)} values; give at most {bounds.LIST_VALUES}")
    return values


def _one(first: int, last: int) -> Callable[[str], int]:
    return lambda value: _number(value, first, last)


def _seconds(value: str) -> tuple[int, ...]:
    """Second 60 is read as 59, as 3.3.12 asks of those who know no leap seconds."""
    return from_the_start({min(second, LEAP_SECOND - 1) for second in _numbers(0, LEAP_SECOND)(value)})


def _by_day(value: str) -> tuple[ByDay, ...]:
    days = set()
    for text in _values(value):
        matched = BY_DAY.fullmatch(text)
        ordinal = int(matched[1] or 0) if matched else 0
        if matched is None or abs(ordinal) > 53 or (matched[1] and not ordinal):
            raise ValueError(f"{text[:20]!r} is no weekday; give MO, TU, WE, TH, FR, SA, SU, or such as 2MO or -1FR")
        days.add(ByDay(Weekday[matched[2]], ordinal))
    return in_order(days)


def _until(value: str) -> Until:
    matched = UNTIL.fullmatch(value)
    try:
        if matched is None:
            raise ValueError
        at = datetime.strptime(matched[1] + (matched[2] or "000000"), "%Y%m%d%H%M%S")
    except ValueError:
        raise ValueError(f"{value[:20]!r} is no time; give 20260501, 20260501T235959 or 20260501T215959Z") from None
    if not bounds.FIRST_YEAR <= at.year <= bounds.LAST_YEAR:
        raise ValueError(f"the year must be {bounds.FIRST_YEAR} to {bounds.LAST_YEAR}")
    if matched[2] is None:
        return Until(at, Kind.DATE)
    return Until(at, Kind.ZONED if matched[3] else Kind.FLOATING)


def _choice(values: dict[str, Any]) -> Callable[[str], Any]:
    def read(value: str) -> Any:
        if value not in values:
            raise ValueError(f"{value[:20]!r} is unknown; give {', '.join(values)}")
        return values[value]

    return read


PARTS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "FREQ": ("freq", _choice({freq.value: freq for freq in Frequency})),
    "INTERVAL": ("interval", _one(1, bounds.INTERVAL)),
    "COUNT": ("count", _one(1, bounds.COUNT)),
    "UNTIL": ("until", _until),
    "BYSECOND": ("by_second", _seconds),
    "BYMINUTE": ("by_minute", _numbers(0, 59)),
    "BYHOUR": ("by_hour", _numbers(0, 23)),
    "BYDAY": ("by_day", _by_day),
    "BYMONTHDAY": ("by_month_day", _numbers(1, 31, signed=True)),
    "BYYEARDAY": ("by_year_day", _numbers(1, 366, signed=True)),
    "BYWEEKNO": ("by_week_no", _numbers(1, 53, signed=True)),
    "BYMONTH": ("by_month", _numbers(1, 12)),
    "BYSETPOS": ("by_set_pos", _numbers(1, 366, signed=True)),
    "WKST": ("week_start", _choice({day.name: day for day in Weekday})),
    "RSCALE": ("rscale", _choice({"GREGORIAN": "GREGORIAN"})),
    "SKIP": ("skip", _choice({skip.value: skip for skip in Skip})),
}
"""What each part sets, and how its value is read."""
