"""The search text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys.query import FilterError, bounds
from tasksys.query.search import Term, document, parse_search
from tests.support.queries import task


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ('  ... - -- "" \'', []),
        ("Milk", [Term(("milk",))]),
        ("café MILK", [Term(("cafe",)), Term(("milk",))]),
        ('"Fresh  bread"', [Term(("fresh", "bread"), whole=True)]),
        ('"fresh bre', [Term(("fresh", "bre"), whole=True)]),
        ('-butter -"no salt"', [Term(("butter",), excluded=True), Term(("no", "salt"), whole=True, excluded=True)]),
        ("e-mail", [Term(("e", "mail"))]),
        ('a"b c"d', [Term(("a",)), Term(("b", "c"), whole=True), Term(("d",))]),
        ("--butter", [Term(("butter",), excluded=True)]),
        ("牛奶", [Term(("牛", "奶"))]),
    ],
)
def test_parse(text: str, terms: list[Term]) -> None:
    """Words are beginnings, quotes make phrases, a minus excludes, and the rest is forgiven."""
    assert parse_search(text) == tuple(terms)


@pytest.mark.parametrize(
    ("text", "position"),
    [("x" * 1001, 1000), ("a " * (bounds.SEARCH_TERMS + 1), 2 * bounds.SEARCH_TERMS)],
)
def test_bounds(text: str, position: int) -> None:
    """A search that is too long is refused at the first character or word too many."""
    error = parse_search(text)
    assert isinstance(error, FilterError)
    assert (error.parameter, error.position) == ("q", position)


def test_within_bounds() -> None:
    """What is as long as allowed is read."""
    assert parse_search("x" * bounds.SEARCH_CHARACTERS) == (Term(("x" * bounds.WORD_CHARACTERS,)),)
    assert len(parse_search("a " * bounds.SEARCH_TERMS)) == bounds.SEARCH_TERMS  # type: ignore[arg-type]


@given(st.text())
def test_nothing_raises(text: str) -> None:
    """Any text is a search."""
    assert isinstance(parse_search(text), tuple | FilterError)


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("mil", True),
        ('"mil"', False),
        ('"milk bread"', True),
        ('"milk brea"', False),
        ("milk-brea", True),
        ("milk-home", False),
        ("home-office", True),
        ("office-later", False),
        ("ilk", False),
    ],
)
def test_stands_in(text: str, stands: bool) -> None:
    """Words of a phrase stand together in one field; only the last of a bare one may go on."""
    row = task(title="Milk, bread", labels=("Home office", "later"), description="Sometime")
    (term,) = parse_search(text)  # type: ignore[misc]
    assert isinstance(term, Term)
    assert term.stands_in(document(row)) is stands


def test_documents_are_bounded() -> None:
    """The words after so many are left out, those of the description first."""
    row = task(title="title", labels=("label",), description="word " * bounds.WORDS_PER_TASK + "last")
    found = document(row).split()
    assert len(found) == bounds.WORDS_PER_TASK
    assert found[:2] == ["title", "label"]
    assert "last" not in found
