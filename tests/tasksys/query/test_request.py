"""Queries as clients ask them."""

import pytest

from tasksys.query import FilterError, Query, unparse
from tasksys.query.sort import parse_sort


def parsed(filter: str = "", q: str = "", sort: str = "") -> Query:
    """A query that is right."""
    query = Query.parse(filter, q, sort)
    assert isinstance(query, Query)
    return query


def test_an_empty_query() -> None:
    """It is for all that is not in the trash, in the manual order."""
    query = parsed(" ", " ", " ")
    assert unparse(query.filter) == "trashed = false"
    assert query.terms == ()
    assert query.sort == parse_sort("order")


@pytest.mark.parametrize(
    ("text", "filter"),
    [
        ("status = open or due < now", "trashed = false and (status = open or due < now)"),
        ("status = open and not trashed = true", "status = open and not trashed = true"),
        ("trashed = true", "trashed = true"),
    ],
)
def test_trash(text: str, filter: str) -> None:
    """The trash is left out unless the filter mentions it."""
    assert unparse(parsed(text).filter) == filter


@pytest.mark.parametrize(
    ("texts", "parameter"),
    [(("x", "", "x"), "filter"), (("", "x" * 2000, "x"), "q"), (("id=a", "milk", "x"), "sort")],
)
def test_errors(texts: tuple[str, str, str], parameter: str) -> None:
    """The first text that is wrong is named."""
    error = Query.parse(*texts)
    assert isinstance(error, FilterError)
    assert error.parameter == parameter


def test_digests() -> None:
    """Queries differ in their digest if any text does, and wherever one ends and the next begins."""
    queries = [
        parsed(),
        parsed("id=a"),
        parsed(q="id=a"),
        parsed("id=a", sort="due"),
        parsed(q="x"),
        parsed(q="\ud800"),
    ]
    assert len({query.digest for query in queries}) == len(queries)
    assert parsed("id=a", "x", "due").digest == parsed("id=a", "x", "due").digest
