"""Pages of a result by keyset: a cursor says where the last page ended, not how many were seen.

So a task that stays in the result and in its place is seen exactly once, however many others are added, changed or
removed between pages.
"""

import base64
import binascii

import msgspec
from msgspec import Struct

from tasksys.query import bounds
from tasksys.query.entry import Entry
from tasksys.query.errors import FilterError
from tasksys.query.sort import Sort, SortValue, after, first, fits, values


class Page(Struct, frozen=True):
    """Entries in order, the cursor of the next page (None: this is the last), and if asked the number on all pages."""

    items: tuple[Entry, ...]
    next_cursor: str | None = None
    total: int | None = None


def page(
    found: list[Entry],
    sort: Sort,
    limit: int,
    cursor: str | None = None,
    *,
    digest: str = "",
    count: bool = False,
) -> Page | FilterError:
    """The page of at most `limit` (from 1) of the entries that a query found, behind the cursor.

    There are fewer where they are large: as many as fit into PAGE_BYTES, and one at least.
    `digest` stands for the query; a cursor of a query with another digest, or one this did not make, gives an error.
    """
    assert limit > 0
    total = len(found) if count else None
    if cursor is not None:
        place = _read(cursor, sort, digest)
        if isinstance(place, FilterError):
            return place
        behind = after(place, sort)
        found = [entry for entry in found if behind(entry)]
    items = _fitting(first(found, sort, limit))
    next_cursor = _cursor(items[-1], sort, digest) if len(found) > len(items) else None
    return Page(tuple(items), next_cursor, total)


def _fitting(items: list[Entry]) -> list[Entry]:
    size = 0
    for count, item in enumerate(items):
        size += len(msgspec.json.encode(item.task))
        if size > bounds.PAGE_BYTES and count:
            return items[:count]
    return items


def _cursor(entry: Entry, sort: Sort, digest: str) -> str:
    encoded = msgspec.json.encode((digest, values(entry, sort)))
    return base64.urlsafe_b64encode(encoded).rstrip(b"=").decode()


def _read(cursor: str, sort: Sort, digest: str) -> list[SortValue] | FilterError:
    if len(cursor) > bounds.CURSOR_CHARACTERS:
        return _refused("This is longer than any cursor.")
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        decoded = base64.b64decode(padded, altchars=b"-_", validate=True)
        made_for, place = msgspec.json.decode(decoded, type=tuple[str, list[float | str | None]])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        return _refused("This is not a cursor that a page gave.")
    if made_for != digest or not fits(place, sort):
        return _refused("This cursor is of another query.")
    return place


def _refused(detail: str) -> FilterError:
    hint = "Send next_cursor as it came, with the same filter, q and sort, or none to begin again."
    return FilterError(0, detail, hint, "cursor")
