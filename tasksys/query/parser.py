"""The filter's grammar, as documented in `syntax`, read by descent to a bounded depth."""

from collections.abc import Callable
from typing import Final

from tasksys.query import bounds, literals
from tasksys.query.errors import SPELLINGS, FilterError, Misread, shown, suggestion
from tasksys.query.fields import FIELDS, NAMES, OPERATORS, Field
from tasksys.query.fields import Kind as FieldKind
from tasksys.query.lexer import Kind, Token, tokens
from tasksys.query.syntax import And, Comparison, Empty, Expression, In, Not, Operator, Or, Value

RESERVED: Final = frozenset({"and", "or", "not", "in", "is", "empty"})
TEXTS: Final = (FieldKind.TEXT, FieldKind.ANY_TEXT)
TOO_EARLY: Final = "The filter ends too early."


def parse_filter(text: str) -> Expression | FilterError:
    """The filter as a tree, or what is wrong with it and where. Takes time in proportion to the text."""
    try:
        return _Reader(tokens(text)).whole()
    except Misread as misread:
        return misread.error


class _Reader:
    """A place in the tokens, and what was counted on the way there."""

    def __init__(self, read: list[Token]) -> None:
        self._tokens = read
        self._index = 0
        self._depth = 0
        self._terms = 0
        self._texts = 0

    def whole(self) -> Expression:
        expression = self._either()
        token = self._next
        if token.kind is Kind.CLOSE:
            raise Misread(token.position, 'This ")" closes nothing.', "Leave it out, or open it before.")
        if token.kind is not Kind.END:
            raise self._incomplete(token, '"and", "or" or the end')
        return expression

    @property
    def _next(self) -> Token:
        return self._tokens[self._index]

    def _either(self) -> Expression:
        items = [self._all()]
        while self._keyword("or"):
            items.append(self._all())
        return items[0] if len(items) == 1 else Or(tuple(items))

    def _all(self) -> Expression:
        items = [self._one()]
        while self._keyword("and"):
            items.append(self._one())
        return items[0] if len(items) == 1 else And(tuple(items))

    def _one(self) -> Expression:
        token = self._next
        if self._keyword("not"):
            return Not(self._deeper(token, self._one))
        if self._take(Kind.OPEN):
            return self._deeper(token, self._group)
        return self._condition()

    def _deeper(self, token: Token, read: Callable[[], Expression]) -> Expression:
        self._depth += 1
        if self._depth > bounds.NESTING:
            detail = f"Parentheses and nots go at most {bounds.NESTING} deep."
            raise Misread(token.position, detail, "Leave out what changes nothing.")
        expression = read()
        self._depth -= 1
        return expression

    def _group(self) -> Expression:
        opened = self._tokens[self._index - 1]
        expression = self._either()
        if not self._take(Kind.CLOSE):
            raise self._incomplete(self._next, f'"and", "or" or the ")" for the "(" at {opened.position}')
        return expression

    def _condition(self) -> Expression:
        field = self._counted(self._next, self._field())
        token = self._next
        if self._keyword("is"):
            negated = self._keyword("not")
            if not self._keyword("empty"):
                raise self._incomplete(self._next, '"empty"')
            return _maybe_not(self._empty(field, token), negated)
        negated = self._keyword("not")
        if self._keyword("in"):
            self._allowed(field, "in", token)
            return _maybe_not(In(field, self._list(field)), negated)
        if negated:
            raise self._incomplete(self._next, '"in"')
        return self._comparison(field)

    def _counted(self, token: Token, field: Field) -> Field:
        self._terms += 1
        if self._terms > bounds.TERMS:
            detail = f"A filter has at most {bounds.TERMS} conditions."
            raise Misread(token.position, detail, "Use in (…) for several values of a field.")
        self._texts += field.kind in TEXTS or self._next.text == Operator.CONTAINS.value
        if self._texts > bounds.TEXT_TERMS:
            detail = f"A filter has at most {bounds.TEXT_TERMS} conditions on text or with ~."
            raise Misread(token.position, detail, "Search for words with q instead.")
        return field

    def _field(self) -> Field:
        token = self._next
        if token.kind is not Kind.WORD or token.text.casefold() in RESERVED:
            raise self._incomplete(token, "a condition such as status = open")
        self._index += 1
        field = NAMES.get(token.text.casefold())
        if field is None:
            raise Misread(token.position, f"There is no field {shown(token.text)}.", suggestion(token.text, FIELDS))
        return field

    def _comparison(self, field: Field) -> Expression:
        token = self._next
        if token.kind is not Kind.OPERATOR or token.text in SPELLINGS:
            hint = suggestion(token.text, _operators(field))
            detail = TOO_EARLY if token.kind is Kind.END else f"{shown(token.text)} is not an operator."
            raise Misread(token.position, detail, hint)
        self._index += 1
        self._allowed(field, token.text, token)
        operator = Operator(token.text)
        none = self._next
        if _is_none(field, none) and operator in (Operator.EQUAL, Operator.UNEQUAL):
            self._index += 1
            return _maybe_not(self._empty(field, none), operator is Operator.UNEQUAL)
        return Comparison(field, operator, self._value(field))

    def _list(self, field: Field) -> tuple[Value, ...]:
        if not self._take(Kind.OPEN):
            raise self._incomplete(self._next, 'a list in parentheses, such as "(a, b)"')
        values: list[Value] = []
        while True:
            token = self._next
            if len(values) == bounds.LIST_VALUES:
                detail = f"A list has at most {bounds.LIST_VALUES} values."
                raise Misread(token.position, detail, "Leave some out, or ask in several requests.")
            if _is_none(field, token):
                hint = f'Write "{field.name} is empty or …", or "none" in quotes if it is a name.'
                raise Misread(token.position, "none is not a value that a list can hold.", hint)
            values.append(self._value(field))
            if self._take(Kind.CLOSE):
                return tuple(values)
            if not self._take(Kind.COMMA):
                raise self._incomplete(self._next, '"," or ")"')

    def _value(self, field: Field) -> Value:
        token = self._next
        if token.kind not in (Kind.WORD, Kind.STRING):
            raise self._incomplete(token, f"a value of {field.name}")
        if token.kind is Kind.WORD and token.text.casefold() in RESERVED:
            raise self._incomplete(token, f"a value of {field.name}; put it in quotes if it is one")
        self._index += 1
        if field.kind in (FieldKind.WHEN, FieldKind.INSTANT) and token.kind is Kind.WORD:
            token = token._replace(text=token.text + self._steps(token.text[-1]))
        return literals.read(field, token)

    def _steps(self, before: str) -> str:
        """The words after a moment that add to it, as in `today + 3d`."""
        text = ""
        while self._next.kind is Kind.WORD and literals.STEPS.fullmatch(self._next.text):
            part = self._next.text
            text += part if part[0] in "+-" or before in "+-" else f"+{part}"
            before = part[-1]
            self._index += 1
        return text

    def _empty(self, field: Field, token: Token) -> Empty:
        if not field.empty:
            raise Misread(token.position, f"The field {field.name} is never empty.", "Leave this condition out.")
        return Empty(field)

    def _allowed(self, field: Field, operator: str, token: Token) -> None:
        if operator not in OPERATORS[field.kind]:
            hint = f"Use one of: {', '.join(_operators(field))}."
            raise Misread(token.position, f"The field {field.name} cannot be compared with {operator}.", hint)

    def _keyword(self, word: str) -> bool:
        """Steps over the keyword, if it stands here."""
        if self._next.kind is Kind.WORD and self._next.text.casefold() == word:
            self._index += 1
            return True
        return False

    def _take(self, kind: Kind) -> bool:
        """Steps over a token of that kind, if it stands here."""
        if self._next.kind is kind:
            self._index += 1
            return True
        return False

    def _incomplete(self, token: Token, wanted: str) -> Misread:
        known = SPELLINGS.get(token.text)
        hint = f"Did you mean {known}?" if known in RESERVED else f"Here belongs {wanted}."
        if token.kind is Kind.END:
            return Misread(token.position, TOO_EARLY, hint)
        return Misread(token.position, f"The filter cannot go on with {shown(token.text)} here.", hint)


def _is_none(field: Field, token: Token) -> bool:
    named = field.kind is FieldKind.PRIORITY  # none is one of its values
    return token.kind is Kind.WORD and token.text.casefold() == "none" and not named


def _operators(field: Field) -> list[str]:
    return [*OPERATORS[field.kind], *(["is empty"] if field.empty else [])]


def _maybe_not(expression: Expression, negated: bool) -> Expression:
    return Not(expression) if negated else expression
