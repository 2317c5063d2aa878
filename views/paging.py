"""Pages of rows in an order of their own: by the place where the last one ended, and of bounded size."""

import re
from bisect import insort
from collections.abc import AsyncIterator, Callable
from typing import Final, NamedTuple, TypeVar

from tasksys import codec
from tasksys.rows import Comment, Firing, Member, Project, Reminder, Row, SavedFilter, Series, Workspace
from views.problems import bad_request

R = TypeVar("R", bound=Row)

PAGE_BYTES: Final = 1024 * 1024
"""Bytes of rows that a page has at most, unless a single one has more."""

Place = tuple[str, str]
"""Where a row stands among the others: what they are ordered by, and its name where that is the same."""


class Order(NamedTuple):
    """An order of rows: the place of one, and how the first part of a place looks, which has no `_` in it."""

    place: Callable[..., Place]
    first: str


BY_USER: Final = Order(lambda row: ("", row.user), "")
BY_ID: Final = Order(lambda row: ("", row.id), "")
BY_ORDER: Final = Order(lambda row: (row.order, row.id), "[0-9A-Za-z]{0,256}")
BY_INSTANT: Final = Order(lambda row: (row.created_at, row.id), r"\d{4}-\d\d-\d\dT[\d:.]{12}Z")
BY_FIRING: Final = Order(lambda row: (row.fired_at, f"{row.position:015}"), BY_INSTANT.first)
ORDERS: Final[dict[type[Row], Order]] = {
    Workspace: BY_ID,
    Member: BY_USER,
    Project: BY_ORDER,
    SavedFilter: BY_ORDER,
    Comment: BY_INSTANT,
    Reminder: BY_INSTANT,
    Series: BY_INSTANT,
    Firing: BY_FIRING,
}

NAME: Final = "[A-Za-z0-9._@+:|-]{1,128}"
"""A user's id; others are some of these."""


def place(row_type: type[Row], cursor: str | None) -> Place:
    """The place after which a page begins; a problem for what no page of such rows gave."""
    if cursor is None:
        return "", ""
    found = re.fullmatch(f"({ORDERS[row_type].first})_({NAME})", cursor, re.ASCII)
    if found is None:
        detail = "This is not a cursor that a page gave; send next_cursor as it came, or none to begin again."
        raise bad_request("cursor-syntax", detail, parameter="cursor")
    return found[1], found[2]


def cursor(row: Row) -> str:
    """Of the page that begins after a row."""
    return "_".join(ORDERS[type(row)].place(row))


async def page(row_type: type[R], rows: AsyncIterator[R], limit: int, after: Place) -> tuple[list[R], str | None]:
    """The first rows after a place, in their order, and the cursor of the next page.

    The rows may come in any order; no more than a page of them is held.
    """
    kept: list[tuple[Place, int, R]] = []
    held, more = 0, False
    async for row in rows:
        if (where := ORDERS[row_type].place(row)) <= after or (more and where > kept[-1][0]):
            continue
        size = len(codec.encode_json(row))
        insort(kept, (where, size, row), key=lambda one: one[0])
        held += size
        while len(kept) > limit or (held > PAGE_BYTES and len(kept) > 1):
            held -= kept.pop()[1]
            more = True
    shown = [row for _, _, row in kept]
    return shown, cursor(shown[-1]) if more else None
