"""What a route is, and what the API reference knows about it. Each module of views lists its own in `ROUTES`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from tasksys.limits import PAGE_ITEMS
from views import stale

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WS: Final = "/api/v1/workspaces/{ws}"


@dataclass(frozen=True)
class Route:
    """One method of one address. `body` and `answer` are types whose schemas the reference shows; a tuple is any of it.

    `body_without` are fields of the body's type that the address says, `or_named` other names that some of its fields
    can be sent under instead, all of them together, `most` the bound of the parameter `limit`, `also` further statuses
    with the answer's own content, and `wrong` further ones of problems. `tells` are headers that only this answer has,
    and `name` is the operation's, where its command or address do not make a good one. `takes` are the body's content
    types: of a file, whose `body` is str, more than one.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    answer: Any = None
    body: Any = None
    body_without: tuple[str, ...] = ()
    or_named: Mapping[str, str] = field(default_factory=dict)
    status: HTTPStatus = HTTPStatus.OK
    also: tuple[HTTPStatus, ...] = ()
    wrong: tuple[HTTPStatus, ...] = ()
    parameters: tuple[str, ...] = ()
    most: int = PAGE_ITEMS
    write: bool = False
    content_type: str = "application/json"
    takes: tuple[str, ...] = ("application/json",)
    tells: tuple[str, ...] = ()
    name: str = ""

    @property
    def copied(self) -> bool:
        """Whether others than the worker that has the workspace may answer, from their copies."""
        return self.method == "GET" and self.path.startswith(WS) and not self.path.endswith(stale.LIVE)
