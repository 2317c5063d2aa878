"""A filter as a predicate over entries, for one moment and one user. What comparisons mean is said in `syntax`."""

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from msgspec import Struct

from tasksys.query.entry import PRIORITY_RANK, STATUS_RANK, Entry
from tasksys.query.fields import Field, Kind
from tasksys.query.folding import caseless, fold
from tasksys.query.generate import Constants, Predicate, predicate
from tasksys.query.moments import Span, resolve
from tasksys.query.syntax import And, Comparison, Empty, Expression, In, Me, Not, Operator, Or, Relative, Text, Value
from tasksys.values import LinkType, Priority, Status


def nothing_named(field: str, name: str) -> Collection[str]:
    """The ids of a workspace without names."""
    return ()


class Context(Struct, frozen=True):
    """What a filter may refer to: when it is (aware) and where, who asks, and the ids that a field's name means."""

    now: datetime
    zone: ZoneInfo
    user: str | None = None
    named: Callable[[str, str], Collection[str]] = nothing_named


NEVER: Final = "False"


def compile_filter(expression: Expression, context: Context) -> Predicate:
    """The predicate. Pure; never raises for an expression that the parser gave."""
    constants = Constants()
    source = _Source(context, constants).of(expression)
    return predicate(source, constants, fold=fold, in_any=in_any, in_text=in_text)


def mentions(expression: Expression, field: Field) -> bool:
    """True if a condition of the filter is about the field."""
    match expression:
        case And(items) | Or(items):
            return any(mentions(item, field) for item in items)
        case Not(item):
            return mentions(item, field)
        case Comparison() | In() | Empty():
            return expression.field == field
        case _:
            assert_never(expression)


def in_any(part: str, values: Collection[str]) -> bool:
    """True if one of the values contains the folded part."""
    return any(part in fold(value) for value in values)


def in_text(part: str, entry: Entry) -> bool:
    """True if the title, the description or a label contains the folded part."""
    return part in entry.title or part in fold(entry.task.description) or in_any(part, entry.task.labels)


class _Source:
    """Writes the source of expressions, and collects the constants they mention."""

    def __init__(self, context: Context, constants: Constants) -> None:
        self._context = context
        self._name = constants.name

    def of(self, expression: Expression) -> str:
        """The source, in parentheses where it needs them."""
        match expression:
            case And(items):
                return f"({' and '.join(map(self.of, items))})"
            case Or(items):
                return f"({' or '.join(map(self.of, items))})"
            case Not(item):
                return f"(not {self.of(item)})"
            case Empty(field):
                return f"({field.empty})"
            case In(field, values):
                return self._equal(field, values)
            case Comparison(field, Operator.EQUAL, value):
                return self._equal(field, (value,))
            case Comparison(field, Operator.UNEQUAL, value):
                return f"(not {self._equal(field, (value,))})"
            case Comparison(field, Operator.CONTAINS, value):
                return self._contains(field, value)
            case Comparison(field, operator, value):
                return self._ordered(field, operator, value)
            case _:
                assert_never(expression)

    def _equal(self, field: Field, values: tuple[Value, ...]) -> str:
        """The field equals, or has, one of the values."""
        match field.kind:
            case Kind.WHEN | Kind.INSTANT:
                return f"({' or '.join(self._overlaps(field, self._span(value)) for value in values)})"
            case Kind.FLAG:
                return f"({field.source})" if values == (True,) else f"(not {field.source})"
            case Kind.NAMES | Kind.USERS | Kind.LINKS:
                return self._has(field, self._wanted(field, values))
            case _:
                return self._is(field, self._wanted(field, values))

    def _wanted(self, field: Field, values: tuple[Value, ...]) -> set[object]:
        """The values as entries hold them."""
        wanted: set[object] = set()
        for value in values:
            match value:
                case Me():
                    wanted |= {self._context.user} - {None}
                case Status():
                    wanted.add(STATUS_RANK[value])
                case Priority():
                    wanted.add(PRIORITY_RANK[value])
                case LinkType():
                    wanted.add(value.value)
                case Text(text) if field.kind is Kind.PLACE:
                    wanted |= {text, *self._context.named(field.name, text)}
                case Text(text):
                    wanted.add(_as_held(field, text))
                case _:
                    wanted.add(value)
        return wanted

    def _is(self, field: Field, wanted: set[object]) -> str:
        if len(wanted) == 1:
            return f"({field.source} == {self._name(*wanted)})"
        return f"({field.source} in {self._name(frozenset(wanted))})"

    def _has(self, field: Field, wanted: set[object]) -> str:
        if len(wanted) == 1:
            return f"({self._name(*wanted)} in {field.source})"
        return f"(not {self._name(frozenset(wanted))}.isdisjoint({field.source}))"

    def _contains(self, field: Field, value: Value) -> str:
        assert isinstance(value, Text | Me)
        text = value.text if isinstance(value, Text) else self._context.user
        if text is None:
            return NEVER
        part = self._name(fold(text))
        match field.kind:
            case Kind.ANY_TEXT:
                return f"in_text({part}, e)"
            case Kind.TEXT:
                return f"({part} in {field.source})"
            case _:
                return f"in_any({part}, {field.source})"

    def _ordered(self, field: Field, operator: Operator, value: Value) -> str:
        if field.kind not in (Kind.WHEN, Kind.INSTANT):
            rank = PRIORITY_RANK[value] if isinstance(value, Priority) else value
            return f"({field.source} {operator.value} {self._name(rank)})"
        span = self._span(value)
        first, last = _ends(field)
        match operator:
            case Operator.LESS:
                return f"({last} < {self._name(span.first)})"
            case Operator.AT_MOST:
                return f"({first} <= {self._name(span.last)})"
            case Operator.MORE:
                return f"({first} > {self._name(span.last)})"
            case _:
                return f"({last} >= {self._name(span.first)})"

    def _overlaps(self, field: Field, span: Span) -> str:
        first, last = _ends(field)
        return f"({first} <= {self._name(span.last)} and {last} >= {self._name(span.first)})"

    def _span(self, value: Value) -> Span:
        assert isinstance(value, date | Relative)
        return resolve(value, self._context.now, self._context.zone)


def _ends(field: Field) -> tuple[str, str]:
    """The sources of the first and the last instant."""
    if field.kind is Kind.INSTANT:
        return field.source, field.source
    return f"{field.source}_first", f"{field.source}_last"


def _as_held(field: Field, text: str) -> str:
    match field.kind:
        case Kind.NAMES:
            return caseless(text)
        case Kind.TEXT:
            return fold(text)
        case _:
            return text
