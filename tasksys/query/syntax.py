"""The filter language as a tree, and back as text.

    filter     = all {"or" all}
    all        = one {"and" one}
    one        = "not" one | "(" filter ")" | condition
    condition  = field ("=" | "!=" | "<" | "<=" | ">" | ">=" | "~") value
               | field ["not"] "in" "(" value {"," value} ")"
               | field "is" ["not"] "empty"

Fields are listed in `fields`, with the operators and values each takes. Keywords, fields and named values are read
without case. A value is a word of any characters but space and `( ) , = < > ! ~ "`, or a string in double or single
quotes, in which a backslash stands before a quote or a backslash. `= none` is `is empty`, `!= none` is `is not empty`.

A moment is a day `2026-03-08`, a local time `2026-03-08T09:00` in the workspace's zone, an instant `2026-03-08T09:00Z`,
or counted from `now`, `today`, `tomorrow`, `yesterday` or a weekday (the coming one, today included), as in `today+3d`,
`now-4h`, `monday+1w`: `y` years, `m` months (at most to a month's end), `w` weeks, `d` days keep the wall time; `h`
hours and `min` minutes are exact and make an instant of a day. Between the steps there may be spaces, and a `+` that a
URL turned into a space is understood.

A comparison with a value that a task does not have is false, and `!=` true. `=` on labels, assignees and links means
that the task has it, `~` that one of its values contains the text.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from tasksys.query.fields import Field
from tasksys.values import LinkType, Priority, Status


class Base(StrEnum):
    """What a relative moment is counted from. A weekday is the coming one, today included."""

    NOW = "now"
    TODAY = "today"
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Relative(Struct, frozen=True):
    """So much after the base. `minutes` other than None make an instant of a day."""

    base: Base
    months: int = 0
    days: int = 0
    minutes: int | None = None


class Text(Struct, frozen=True):
    """A name, an id or a piece of text, as it was written."""

    text: str


class Me(Struct, frozen=True):
    """The user who asks."""


Moment = date | datetime | Relative
"""A `datetime` without zone is a local time in the workspace's zone."""

Value = Text | Me | Status | Priority | LinkType | bool | int | Moment


class Operator(StrEnum):
    """How a field is compared with one value."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    CONTAINS = "~"


class Comparison(Struct, frozen=True):
    """A field compared with a value of its kind."""

    field: Field
    operator: Operator
    value: Value


class In(Struct, frozen=True):
    """The field equals one of the values."""

    field: Field
    values: tuple[Value, ...]


class Empty(Struct, frozen=True):
    """The field has no value."""

    field: Field


class Not(Struct, frozen=True):
    """The item does not hold."""

    item: "Expression"


class And(Struct, frozen=True):
    """All of two or more items hold."""

    items: "tuple[Expression, ...]"


class Or(Struct, frozen=True):
    """At least one of two or more items holds."""

    items: "tuple[Expression, ...]"


Expression = Comparison | In | Empty | Not | And | Or


def unparse(expression: Expression) -> str:
    """The filter as text; parsed again it gives an equal tree."""
    match expression:
        case Or(items):
            return " or ".join(map(_part, items))
        case And(items):
            return " and ".join(map(_part, items))
        case Not(In(field, values)):
            return f"{field.name} not in ({', '.join(map(_value, values))})"
        case Not(Empty(field)):
            return f"{field.name} is not empty"
        case Not(item):
            return f"not {_part(item)}"
        case In(field, values):
            return f"{field.name} in ({', '.join(map(_value, values))})"
        case Empty(field):
            return f"{field.name} is empty"
        case Comparison(field, operator, value):
            return f"{field.name} {operator.value} {_value(value)}"
        case _:
            assert_never(expression)


def _part(expression: Expression) -> str:
    text = unparse(expression)
    return f"({text})" if isinstance(expression, And | Or) else text


def _value(value: Value) -> str:
    match value:
        case Text(text):
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case Me():
            return "me"
        case Status() | Priority() | LinkType():
            return value.value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Relative(base, months, days, minutes):
            steps = (months, "m"), (days, "d")
            exact = "" if minutes is None else f"{minutes:+d}min"
            return base.value + "".join(f"{count:+d}{unit}" for count, unit in steps if count) + exact
        case date():
            return value.isoformat()
        case _:
            assert_never(value)
