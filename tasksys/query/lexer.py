"""A filter's text as tokens, each with its place."""

import re
from enum import Enum, auto
from typing import Final, NamedTuple

from tasksys.query import bounds
from tasksys.query.errors import Misread


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    STRING = auto()
    OPERATOR = auto()
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    END = auto()


class Token(NamedTuple):
    """`text` is what was written; a string's is its content."""

    kind: Kind
    text: str
    position: int


TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<WORD>[^\s(),=<>!~"'][^\s(),=<>!~"]*)
      | (?P<OPERATOR><=|>=|!=|==|<>|[=<>~!])
      | (?P<OPEN>\()
      | (?P<CLOSE>\))
      | (?P<COMMA>,)
      | (?P<STRING>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<END>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
ESCAPED: Final = "\"'\\"


def tokens(text: str) -> list[Token]:
    """The tokens, the last of them END. Raises Misread where none begins."""
    if len(text) > bounds.FILTER_CHARACTERS:
        detail = f"A filter has at most {bounds.FILTER_CHARACTERS:,} characters; this one has {len(text):,}."
        raise Misread(bounds.FILTER_CHARACTERS, detail, "Shorten it, or ask in several requests.")
    found: list[Token] = []
    end = 0
    while not found or found[-1].kind is not Kind.END:
        match = TOKEN.match(text, end)
        if match is None:  # all else begins a token: this is a quote that nothing closes
            start = len(text) - len(text[end:].lstrip())
            raise Misread(start, "The string that begins here has no end.", f"Close it with {text[start]}.")
        assert match.lastgroup is not None
        kind, end = Kind[match.lastgroup], match.end()
        found.append(Token(kind, _content(kind, match), match.start(match.lastgroup)))
    return found


def _content(kind: Kind, match: re.Match[str]) -> str:
    text = match[kind.name]
    if kind is not Kind.STRING:
        return text
    for escape in ESCAPE.finditer(text):
        if escape[1] not in ESCAPED:
            position = match.start(kind.name) + escape.start()
            raise Misread(position, "In a string a backslash stands before a quote or a backslash.", r"Write \\.")
    return ESCAPE.sub(r"\1", text[1:-1])
