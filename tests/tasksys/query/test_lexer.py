"""A filter's text as tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys.query import bounds
from tasksys.query.errors import Misread
from tasksys.query.lexer import Kind, Token, tokens


def texts(text: str) -> list[tuple[str, str]]:
    """Each token's kind and text, without the end."""
    return [(token.kind.name, token.text) for token in tokens(text)[:-1]]


def test_kinds_and_positions() -> None:
    """Each token knows what it is and where it begins."""
    assert tokens(' due<=today+3d or ( label in ("a b",c))') == [
        Token(Kind.WORD, "due", 1),
        Token(Kind.OPERATOR, "<=", 4),
        Token(Kind.WORD, "today+3d", 6),
        Token(Kind.WORD, "or", 15),
        Token(Kind.OPEN, "(", 18),
        Token(Kind.WORD, "label", 20),
        Token(Kind.WORD, "in", 26),
        Token(Kind.OPEN, "(", 29),
        Token(Kind.STRING, "a b", 30),
        Token(Kind.COMMA, ",", 35),
        Token(Kind.WORD, "c", 36),
        Token(Kind.CLOSE, ")", 37),
        Token(Kind.CLOSE, ")", 38),
        Token(Kind.END, "", 39),
    ]


@pytest.mark.parametrize(
    "word", ["buy-milk", "a.b@c.org", "2026-03-08T09:00+02:00", "a/b", "O'Brien", "Größe", "🎉", "&&", "#1"]
)
def test_words(word: str) -> None:
    """A word is of any characters but those that have a meaning of their own."""
    assert texts(word) == [("WORD", word)]


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">=", "~", "==", "<>", "!"])
def test_operators(operator: str) -> None:
    """Operators need no space round them; some that do not exist are read, so that an error can name them."""
    assert texts(f"a{operator}b") == [("WORD", "a"), ("OPERATOR", operator), ("WORD", "b")]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('""', ""),
        ("''", ""),
        (r'"a \"b\" \\ \'"', 'a "b" \\ \''),
        (r"'it\'s'", "it's"),
        ("'say \"hi\"'", 'say "hi"'),
        ('"two\nlines"', "two\nlines"),
    ],
)
def test_strings(text: str, content: str) -> None:
    """A string is in either kind of quotes; a backslash stands before a quote or a backslash."""
    assert texts(text) == [("STRING", content)]


@pytest.mark.parametrize(
    ("text", "position", "detail"),
    [
        ('title ~ "milk', 8, "The string that begins here has no end."),
        ("title ~ 'milk\"", 8, "The string that begins here has no end."),
        ('a = "b" "', 8, "The string that begins here has no end."),
        ('"\\"', 0, "The string that begins here has no end."),
        (r'x = "a\nb"', 6, "In a string a backslash stands before a quote or a backslash."),
        ("x" * 4097, 4096, "A filter has at most 4,096 characters; this one has 4,097."),
    ],
)
def test_errors(text: str, position: int, detail: str) -> None:
    """What is no token is refused at its place."""
    with pytest.raises(Misread) as caught:
        tokens(text)
    assert (caught.value.error.position, caught.value.error.detail) == (position, detail)


@given(st.text(max_size=bounds.FILTER_CHARACTERS))
def test_every_text_is_read_or_refused(text: str) -> None:
    """Tokens stand in order, and what is between them is space."""
    try:
        found = tokens(text)
    except Misread as misread:
        found = [Token(Kind.END, "", len(text))]
        position = misread.error.position
    else:
        position = 0
    assert 0 <= position <= len(text)
    assert [token.position for token in found] == sorted({token.position for token in found})
    assert found[-1] == Token(Kind.END, "", len(text))
