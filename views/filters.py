"""Reads of saved filters: the caller's own and those that are shared, and how many tasks each finds.

To run one, its `filter`, `q` and `sort` are given to the list of tasks.
"""

from datetime import datetime
from typing import Final

from aiohttp import web

from tasksys import filters
from tasksys.limits import PAGE_ITEMS
from tasksys.query import FilterError, PageRequest, Query
from tasksys.rows import SavedFilter
from tasksys.values import UTC
from views import reads, shapes
from views.context import flag, identity, member, named, parameters, system, whole, workspace
from views.problems import not_found
from views.routes import WS, Route

LISTED: Final = ("count", *reads.LISTED)
COUNTED: Final = 50
"""Filters on a page with counts, at most: each is a query over the workspace, one after the other."""


async def listed(request: web.Request) -> web.StreamResponse:
    """A page of your saved filters and the shared ones, in their order; with `count`, how many tasks each finds now.

    Counted are at most 50 a page. A page may be shorter than its limit: only `next_cursor` says whether there are more.
    """
    given = parameters(request, *LISTED)
    name, _ = await workspace(request)
    user, counting = identity(request).user, flag(given, "count")
    if counting:
        given["limit"] = str(min(whole(given, "limit", COUNTED, 1, PAGE_ITEMS), COUNTED))
    items, cursor, position = await reads.page(
        request, name, given, SavedFilter, lambda row: filters.visible(row, user)
    )
    shown = [shapes.saved_filter(row, name) for row in items]
    if counting:
        await _count(request, name, user, shown)
        member(request, name)  # who was removed meanwhile does not see what was counted
    return reads.positioned(shapes.Filters(shown, cursor, position), position)


async def _count(request: web.Request, name: str, user: str, shown: list[shapes.FilterShape]) -> None:
    """Fills in how many tasks each finds; those that look for the same are counted once."""
    now, counted = datetime.now(UTC), dict[tuple[str, str], int | None]()
    for one in shown:
        key = (one.filter, one.q)
        if key not in counted:
            counted[key] = await _total(request, name, user, now, *key)
        one.total = counted[key]


async def _total(request: web.Request, name: str, user: str, now: datetime, filter: str, q: str) -> int | None:
    wanted = Query.parse(filter, q)
    if isinstance(wanted, FilterError):  # an earlier release could read it
        return None
    found, _ = await system(request).state.query(name, PageRequest(wanted, now, user, limit=1, count=True))
    return None if isinstance(found, FilterError) else found.total


async def one_filter(request: web.Request) -> web.StreamResponse:
    """A saved filter, with its version for If-Match; somebody else's own is not there."""
    parameters(request, *reads.NOW)
    name, _ = await workspace(request)
    wanted = named(request, "saved")
    row = system(request).state.state(name).get(SavedFilter, wanted)
    if row is None or not filters.visible(row, identity(request).user):
        raise not_found("filter", wanted)
    return reads.positioned(shapes.saved_filter(row, name), system(request).state.position(name), row.version)


ROUTES: Final = [
    Route("GET", f"{WS}/filters", listed, "Saved filters", "filters", shapes.Filters, parameters=LISTED),
    Route("GET", f"{WS}/filters/{{saved}}", one_filter, "A saved filter", "filters", shapes.FilterShape,
          parameters=reads.NOW),
]  # fmt: skip
