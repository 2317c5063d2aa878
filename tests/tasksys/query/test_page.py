"""Pages and their cursors."""

import base64
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksys import limits
from tasksys.query import Entry, FilterError, Page, bounds, entry, parse_sort
from tasksys.query.page import page
from tasksys.query.sort import COLUMNS, Sort
from tasksys.rows import Task
from tests.support.queries import BERLIN, on, task, tasks

SORTS = ["", "due", "-due,-priority", "title,-created", "-title", "status,-id", "-estimate,completed", "start,-order"]
ROWS = st.lists(tasks(st.integers(0, 999).map(str)), max_size=25, unique_by=lambda row: row.id)


def sort_by(text: str) -> Sort:
    """A sort that is right."""
    sort = parse_sort(text)
    assert isinstance(sort, Sort)
    return sort


def read(items: list[Entry], sort: Sort, limit: int, cursor: str | None = None) -> Page:
    """A page that there is."""
    found = page(items, sort, limit, cursor)
    assert isinstance(found, Page)
    assert len(found.items) <= limit
    return found


@settings(deadline=None)
@given(ROWS, st.sampled_from(SORTS), st.integers(1, 7))
def test_pages_hold_each_task_once(rows: list[Task], text: str, limit: int) -> None:
    """All pages together are the whole result in its order."""
    items = [entry(row, BERLIN) for row in rows]
    sort = sort_by(text)
    seen: list[Entry] = []
    cursor: str | None = None
    while True:
        found = read(items, sort, limit, cursor)
        seen += found.items
        assert len(seen) <= len(items)
        cursor = found.next_cursor
        if cursor is None:
            break
        assert len(found.items) == limit
    assert seen == list(read(items, sort, len(items) + 1).items)


@settings(deadline=None)
@given(ROWS, ROWS, st.sampled_from(SORTS), st.integers(1, 4), st.randoms(use_true_random=False))
def test_pages_hold_what_stays_once(
    rows: list[Task], others: list[Task], text: str, limit: int, chance: random.Random
) -> None:
    """Tasks that come and go between pages do not make others be missed or repeated."""
    staying = {row.id: entry(row, BERLIN) for row in rows}
    coming = [entry(row, BERLIN) for row in others if row.id not in staying]
    sort = sort_by(text)
    present: list[Entry] = []
    seen: list[str] = []
    cursor: str | None = None
    while True:
        present = chance.sample(coming, chance.randint(0, len(coming)))
        items = [*staying.values(), *present]
        chance.shuffle(items)
        found = read(items, sort, limit, cursor)
        seen += [item.id for item in found.items]
        assert len(set(seen)) == len(seen)
        cursor = found.next_cursor
        if cursor is None:
            break
    kept = [identifier for identifier in seen if identifier in staying]
    assert kept == [item.id for item in read(list(staying.values()), sort, len(rows) + 1).items]


def test_a_page_and_its_count() -> None:
    """The count is of all pages, and only if asked for."""
    items = [entry(task(str(number)), BERLIN) for number in (0, 2, 3, 4)]
    found = page(items, sort_by("id"), 2, count=True)
    assert isinstance(found, Page)
    assert ([item.id for item in found.items], found.total) == (["0", "2"], 4)
    further = page(items, sort_by("id"), 2, found.next_cursor, count=True)
    assert isinstance(further, Page)
    assert ([item.id for item in further.items], further.total, further.next_cursor) == (["3", "4"], 4, None)
    assert read(items, sort_by("id"), 5).total is None
    assert read([], sort_by("id"), 5) == Page(())


def test_the_place_of_a_task_that_is_gone() -> None:
    """A cursor is a place in the order: it need not be anybody's."""
    items = [entry(task(str(number), due=on("2026-03-08")), BERLIN) for number in range(4)]
    cursor = read(items, sort_by("due"), 2).next_cursor
    assert [item.id for item in read(items[2:], sort_by("due"), 2, cursor).items] == ["2", "3"]
    assert [item.id for item in read(items[:2], sort_by("due"), 2, cursor).items] == []


def test_cursors_are_short() -> None:
    """A cursor fits into a URL, whatever the tasks hold."""
    title, order, user = "\ufdfa" * limits.TITLE_CHARACTERS, "z" * 255, "i" * limits.ID_CHARACTERS
    at, due = "2026-03-08T09:00:00.123Z", on("9999-12-31")
    rows = [task(identifier + user, title, at, order=order, updated_at=at, due=due) for identifier in "ab"]
    items = [entry(row, BERLIN) for row in rows]
    everything_else = sort_by(",".join(name for name in COLUMNS if name != "id"))
    cursor = read(items, everything_else, 1).next_cursor
    assert cursor is not None
    assert len(cursor) < bounds.CURSOR_CHARACTERS // 2
    assert [item.id[0] for item in read(items, everything_else, 1, cursor).items] == ["b"]


def encoded(value: object) -> str:
    """Something made up to look like a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


@pytest.mark.parametrize(
    ("cursor", "detail"),
    [
        ("", "This is not a cursor that a page gave."),
        ("x", "This is not a cursor that a page gave."),
        ("%%%%", "This is not a cursor that a page gave."),
        ("é", "This is not a cursor that a page gave."),
        ("\ud800", "This is not a cursor that a page gave."),
        ("AAAA", "This is not a cursor that a page gave."),
        ("x" * (bounds.CURSOR_CHARACTERS + 1), "This is longer than any cursor."),
        (encoded([]), "This is not a cursor that a page gave."),
        (encoded(["query", [None, {}]]), "This is not a cursor that a page gave."),
        (encoded(["query", [True, "a"]]), "This is not a cursor that a page gave."),
        (encoded(["another", [1.5, "a"]]), "This cursor is of another query."),
        (encoded(["query", [1.5]]), "This cursor is of another query."),
        (encoded(["query", [1.5, "a", "b"]]), "This cursor is of another query."),
        (encoded(["query", ["1.5", "a"]]), "This cursor is of another query."),
        (encoded(["query", [1.5, 2]]), "This cursor is of another query."),
        (encoded(["query", [1.5, None]]), "This cursor is of another query."),
    ],
)
def test_wrong_cursors(cursor: str, detail: str) -> None:
    """A cursor that no page of this query gave is an error, with what to do."""
    error = page([entry(task(), BERLIN)], sort_by("due"), 5, cursor, digest="query")
    assert isinstance(error, FilterError)
    assert (error.parameter, error.position, error.detail) == ("cursor", 0, detail)
    assert error.hint == "Send next_cursor as it came, with the same filter, q and sort, or none to begin again."


@given(st.text() | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_cursor_is_answered(cursor: str) -> None:
    """Whatever is sent as a cursor, nothing raises."""
    assert isinstance(page([], sort_by(""), 5, cursor), FilterError)


@settings(deadline=None)
@given(
    st.sampled_from(list(COLUMNS)),
    st.one_of(st.none(), st.text(max_size=5), st.integers(), st.floats(allow_nan=False)),
    tasks(st.just("b")),
)
def test_forged_places_are_harmless(name: str, value: object, row: Task) -> None:
    """A cursor with made-up values gives a page or an error."""
    place = [value, "a"] if name != "id" else [value]
    try:
        cursor = encoded(["", place])
    except UnicodeEncodeError:
        return
    assert isinstance(page([entry(row, BERLIN)], sort_by(name), 5, cursor), Page | FilterError)


def test_a_page_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large tasks make it shorter than its limit, one is there at least, and the cursor leads on."""
    items = [entry(task(f"t{number}", description="x" * 1_000), BERLIN) for number in range(5)]
    sort = sort_by("id")
    for size, expected in ((2_900, [2, 2, 1]), (1, [1] * 5), (10_000, [5])):
        monkeypatch.setattr(bounds, "PAGE_BYTES", size)
        pages, cursor = list[int](), None
        while not pages or cursor is not None:
            found = read(items, sort, 5, cursor)
            pages.append(len(found.items))
            cursor = found.next_cursor
        assert pages == expected
