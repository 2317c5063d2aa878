"""Pages of a task's comments, oldest first: by the place where the last one ended, and of bounded size."""

import re
from bisect import insort
from collections.abc import AsyncIterator
from typing import Final

from tasksys import codec
from tasksys.rows import Comment
from views.problems import bad_request

PAGE_BYTES: Final = 1024 * 1024
"""Bytes of comments that a page has at most, unless a single one has more."""

Place = tuple[str, str]
"""Where a comment stands among the others: when it was made, and its id."""

CURSOR: Final = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]{12}Z)_([A-Za-z0-9_-]{1,64})")


def place(cursor: str | None) -> Place:
    """The place after which a page begins; a problem for what no page gave."""
    if cursor is None:
        return "", ""
    found = CURSOR.fullmatch(cursor)
    if found is None:
        detail = "This is not a cursor that a page gave; send next_cursor as it came, or none to begin again."
        raise bad_request("cursor-syntax", detail, parameter="cursor")
    return found[1], found[2]


async def page(rows: AsyncIterator[Comment], limit: int, after: Place) -> tuple[list[Comment], str | None]:
    """The first comments after a place, and the cursor of the next page; no more than a page of them is held."""
    kept: list[tuple[Place, int, Comment]] = []
    held, more = 0, False
    async for row in rows:
        if (where := (row.created_at, row.id)) <= after or (more and where > kept[-1][0]):
            continue
        size = len(codec.encode_json(row))
        insort(kept, (where, size, row), key=lambda one: one[0])
        held += size
        while len(kept) > limit or (held > PAGE_BYTES and len(kept) > 1):
            held -= kept.pop()[1]
            more = True
    cursor = "_".join(kept[-1][0]) if more else None
    return [row for _, _, row in kept], cursor
