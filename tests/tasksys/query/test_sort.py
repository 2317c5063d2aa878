"""The order of a result."""

from functools import cmp_to_key

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksys.query import Entry, FilterError, entry, parse_sort
from tasksys.query.sort import COLUMNS, Sort, after, first, fits, values
from tasksys.rows import Task
from tests.support.queries import BERLIN, local, on, task, tasks

SORTS = st.lists(
    st.tuples(st.sampled_from(["", "-"]), st.sampled_from(list(COLUMNS))), max_size=4, unique_by=lambda key: key[1]
)
ROWS = st.lists(tasks(st.integers(0, 10**6).map(str)), max_size=12, unique_by=lambda row: row.id)


def sort_by(text: str) -> Sort:
    """A sort that is right."""
    sort = parse_sort(text)
    assert isinstance(sort, Sort)
    return sort


def entries(rows: list[Task]) -> list[Entry]:
    """The tasks' entries."""
    return [entry(row, BERLIN) for row in rows]


def in_order(items: list[Entry], keys: list[tuple[str, str]]) -> list[str]:
    """The ids in the order of the keys, comparing each two by the book."""

    def compare(one: Entry, other: Entry) -> int:
        for sign, name in [*(keys or [("", "order")]), ("", "id")]:
            a, b = getattr(one, COLUMNS[name].attribute), getattr(other, COLUMNS[name].attribute)
            if (a != a) != (b != b):
                return 1 if a != a else -1
            if a < b or a > b:
                return (-1 if a < b else 1) * (-1 if sign else 1)
        return 0

    return [item.id for item in sorted(items, key=cmp_to_key(compare))]


@pytest.mark.parametrize("text", ["due,-priority,order", " DUE , -Priority,order ", "due, -priority,order,id"])
def test_parse(text: str) -> None:
    """Columns are separated by commas; the id comes last of itself."""
    keys = [(key.column.attribute, key.descending) for key in sort_by(text).keys]
    assert keys == [("due_first", False), ("priority", True), ("order", False), ("id", False)]


def test_parse_nothing() -> None:
    """Without a sort the order is that which people made."""
    assert parse_sort("") == parse_sort("  ") == parse_sort("order")


def test_an_id_ends_the_order() -> None:
    """An id may be sorted by downwards; nothing is left to sort behind it."""
    assert [key.descending for key in sort_by("-id").keys] == [True]
    assert sort_by("-id,title") == sort_by("-id")


@pytest.mark.parametrize(
    ("text", "position", "detail", "hint"),
    [
        ("deu", 0, 'There is no order by "deu".', "Did you mean due? A minus before it reverses."),
        ("due, -prio", 5, 'There is no order by "-prio".', "Did you mean priority? A minus before it reverses."),
        ("due,", 4, 'There is no order by "".', None),
        ("due desc", 0, 'There is no order by "due desc".', None),
        ("--due", 0, 'There is no order by "--due".', None),
        ("due,title,-due", 10, "The sort names due twice.", "Leave the second one out."),
    ],
)
def test_errors(text: str, position: int, detail: str, hint: str | None) -> None:
    """A sort that is wrong says where and what would be right."""
    error = parse_sort(text)
    assert isinstance(error, FilterError)
    assert (error.parameter, error.position, error.detail) == ("sort", position, detail)
    assert hint is None or error.hint == hint


@settings(deadline=None)
@given(ROWS, SORTS, st.integers(1, 14))
def test_first(rows: list[Task], keys: list[tuple[str, str]], limit: int) -> None:
    """The first so many are those that sorting all would put first, in that order."""
    items = entries(rows)
    sort = sort_by(",".join(sign + name for sign, name in keys))
    expected = in_order(items, keys)
    assert [item.id for item in first(list(items), sort, limit)] == expected[:limit]


@settings(deadline=None)
@given(ROWS, SORTS)
def test_after(rows: list[Task], keys: list[tuple[str, str]]) -> None:
    """Behind each entry are exactly those that come after it."""
    items = entries(rows)
    sort = sort_by(",".join(sign + name for sign, name in keys))
    ordered = first(list(items), sort, len(items) or 1)
    for index, item in enumerate(ordered):
        place = values(item, sort)
        assert fits(place, sort)
        behind = after(place, sort)
        assert [bool(behind(other)) for other in ordered] == [False] * (index + 1) + [True] * (len(ordered) - index - 1)


@pytest.mark.parametrize(("text", "ids"), [("due", "cabdef"), ("-due", "dbacef"), ("due,-id", "cabdfe")])
def test_missing_values_come_last(text: str, ids: str) -> None:
    """In both directions; a date is its midnight, and equals are in the order of their ids."""
    rows = [
        task("f"),
        task("e"),
        task("d", due=on("2026-03-09")),
        task("c", due=local("2026-03-07T23:59")),
        task("b", due=local("2026-03-08T00:30")),
        task("a", due=on("2026-03-08")),
    ]
    assert "".join(item.id for item in first(entries(rows), sort_by(text), 10)) == ids


def test_titles_without_case_and_accents() -> None:
    """Titles are in the order in which people look for them."""
    rows = [task("1", "zebra"), task("2", "Äpfel"), task("3", "apfel"), task("4", "Birne")]
    assert [item.id for item in first(entries(rows), sort_by("title"), 4)] == ["2", "3", "4", "1"]
