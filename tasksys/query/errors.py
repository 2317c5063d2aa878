"""What is wrong with a query: a value for the client, with the place and what would be right there."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from msgspec import Struct


class FilterError(Struct, frozen=True):
    """A query that cannot be read.

    `position` counts characters from 0 in the text of `parameter` (filter, q, sort or cursor); `detail` is one
    sentence, `hint` says what would be right at that place.
    """

    position: int
    detail: str
    hint: str
    parameter: str = "filter"


class Misread(Exception):
    """Carries a FilterError up to the parser's entry, which catches it. It never leaves this package."""

    def __init__(self, position: int, detail: str, hint: str) -> None:
        super().__init__(detail)
        self.error = FilterError(position, detail, hint)


SHOWN: Final = 40
SPELLINGS: Final = {
    "==": "=", "<>": "!=", "!": "not", "&": "and", "&&": "and", "|": "or", "||": "or", "like": "~", "contains": "~",
    "null": "is empty", "doing": "in-progress", "canceled": "cancelled", "tag": "label", "tags": "label",
    "deadline": "due", "overdue": "due", "done": "status", "open": "status", "name": "title",
}  # fmt: skip
"""What other query languages say, and what it is called here."""


def shown(text: str) -> str:
    """A piece of the query as an error quotes it: short, and printable whatever it holds."""
    quoted = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return f'"{quoted}"' if quoted.isprintable() else ascii(quoted)


def suggestion(text: str, choices: Iterable[str]) -> str:
    """A hint: the choices nearest to the text, or all of them if none is near."""
    wanted = text[:SHOWN].casefold()
    names = list(choices)
    if (known := SPELLINGS.get(wanted)) in names:
        return f"Did you mean {known}?"
    near = get_close_matches(wanted, names, n=2)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"Use one of: {', '.join(names)}."
