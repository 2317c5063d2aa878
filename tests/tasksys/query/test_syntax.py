"""Filters as trees and as text."""

from hypothesis import given

from tasksys.query import parse_filter, unparse
from tasksys.query.syntax import Expression
from tests.support.queries import expressions


@given(expressions)
def test_printed_and_read_again(expression: Expression) -> None:
    """A filter that is printed and read again is the same."""
    assert parse_filter(unparse(expression)) == expression
