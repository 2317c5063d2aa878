"""What a word or string of the filter means as a value of a field's kind."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, TypeVar, assert_never

from tasksys.query.errors import Misread, shown, suggestion
from tasksys.query.fields import Field, Kind
from tasksys.query.lexer import Kind as TokenKind
from tasksys.query.lexer import Token
from tasksys.query.syntax import Base, Me, Moment, Relative, Text, Value
from tasksys.values import LinkType, Priority, Status

DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII | re.IGNORECASE
)
STEP: Final = re.compile(r"([+-]\d+)(min|[ymwdh])", re.ASCII)
STEPS: Final = re.compile(r"[+-]?(\d+(min|[ymwdh])([+-]\d+(min|[ymwdh]))*)?", re.ASCII | re.IGNORECASE)
"""What may follow a base as a word of its own; a word that begins with its number has lost its plus."""

RELATIVE: Final = re.compile(r"([a-z]+)((?:[+-]\d+(?:min|[ymwdh]))*)", re.ASCII)
MONTHS: Final = {"y": 12, "m": 1}
DAYS: Final = {"w": 7, "d": 1}
MINUTES: Final = {"h": 60, "min": 1}
SHIFTED: Final = {"tomorrow": 1, "yesterday": -1}
BASES: Final = (*(base.value for base in Base), *SHIFTED)
NUMBER: Final = re.compile(r"(\d{1,9})(min|h)?", re.ASCII)
MOMENT_HINT: Final = "Write a day 2026-03-08, a time 2026-03-08T09:00, or one from now: today+3d, now-4h, monday."
FLAGS: Final = {"true": True, "false": False}

C = TypeVar("C", Status, Priority, LinkType)


def read(field: Field, token: Token) -> Value:
    """The token as a value of the field. Raises Misread if it is none."""
    match field.kind:
        case Kind.STATUS:
            return _choice(field, token, list(Status))
        case Kind.PRIORITY:
            return _choice(field, token, list(Priority))
        case Kind.LINKS:
            return _choice(field, token, list(LinkType))
        case Kind.FLAG:
            flag = FLAGS.get(token.text.casefold())
            if flag is None:
                raise _refused(field, token, "It is true or false.")
            return flag
        case Kind.NUMBER | Kind.MINUTES:
            return _number(field, token)
        case Kind.WHEN | Kind.INSTANT:
            return _moment(field, token)
        case Kind.USERS if token.kind is TokenKind.WORD and token.text.casefold() == "me":
            return Me()
        case Kind.IDENTIFIER | Kind.PLACE | Kind.NAMES | Kind.USERS | Kind.TEXT | Kind.ANY_TEXT:
            return Text(token.text)
        case _:
            assert_never(field.kind)


def _choice(field: Field, token: Token, choices: Sequence[C]) -> C:
    for choice in choices:
        if choice.value == token.text.casefold():
            return choice
    raise _refused(field, token, suggestion(token.text, (choice.value for choice in choices)))


def _number(field: Field, token: Token) -> int:
    match = NUMBER.fullmatch(token.text.casefold())
    if match is None or (match[2] and field.kind is not Kind.MINUTES):
        hint = "Write minutes as 90, 90min or 2h." if field.kind is Kind.MINUTES else "Write digits, such as 3."
        raise _refused(field, token, hint)
    return int(match[1]) * MINUTES[match[2] or "min"]


def _moment(field: Field, token: Token) -> Moment:
    text = token.text
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
        if TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper())
    except ValueError:
        raise _refused(field, token, "There is no such day or time; check the calendar.") from None
    return _relative(field, token)


def _relative(field: Field, token: Token) -> Relative:
    match = RELATIVE.fullmatch(token.text.casefold())
    if match is None or match[1] not in BASES:
        word = re.split(r"[+\d-]", token.text, maxsplit=1)[0]
        known = not word or word.casefold() in BASES
        raise _refused(field, token, MOMENT_HINT if known else f"{suggestion(word, BASES)} {MOMENT_HINT}")
    months = 0
    days = SHIFTED.get(match[1], 0)
    minutes: int | None = None
    for count, unit in STEP.findall(match[2]):
        if unit in MONTHS:
            months += int(count) * MONTHS[unit]
        elif unit in DAYS:
            days += int(count) * DAYS[unit]
        else:
            minutes = (minutes or 0) + int(count) * MINUTES[unit]
    base = Base.TODAY if match[1] in SHIFTED else Base(match[1])
    return Relative(base, months, days, minutes)


def _refused(field: Field, token: Token, hint: str) -> Misread:
    return Misread(token.position, f"{shown(token.text)} is not a value of {field.name}.", hint)
