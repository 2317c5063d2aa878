"""Reads of a workspace from a copy of its state, or from rows that may be old: for who asks, and where there are none
else.

An answer says so (`Tasksys-Stale: true`), and of which position it is (`Tasksys-Position`). Who may see what is decided
by the members that the copy knows. It has no history, and nothing is written.
"""

from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import web

from tasksys.errors import NotOwned
from views.context import VIEW
from views.ports import StateReader, System

ASKED: Final = "Tasksys-Read"
"""The header by which a client asks for it: `standby`."""

STANDBY: Final = "standby"
ALONE: Final = "standby-alone"
"""What a worker asks another one, whose copy is wanted and nothing else: it neither waits nor asks others."""

HEADER: Final = "Tasksys-Stale"

READS: Final = frozenset({"GET", "HEAD"})
LIVE: Final = ("/feed", "/events/stream")
"""How addresses end that are about what happens from now on."""


def allowed(request: web.Request) -> bool:
    """Whether the request can be answered from a copy at all."""
    return request.method in READS and not request.path.endswith(LIVE)


def asked(request: web.Request) -> bool:
    """Whether its client wants that."""
    return ASKED in request.headers and request.headers[ASKED].strip().lower() in (STANDBY, ALONE) and allowed(request)


def alone(request: web.Request) -> bool:
    """Whether nothing but a copy is wanted, by a worker that asks several."""
    return request.headers.get(ASKED) == ALONE


def show(request: web.Request, system: System, workspace: str) -> bool:
    """Has the request answered from what this process knows of the workspace; False if that is nothing."""
    reader = system.standby(workspace)
    if reader is None:
        return False
    request[VIEW] = cast("System", Copy(system, reader))
    return True


def hide(request: web.Request) -> None:
    """Has the request answered by who has the workspace, after all."""
    request.pop(VIEW, None)


async def mark(request: web.Request, response: web.StreamResponse) -> None:
    """Says of an answer that it is from a copy."""
    if VIEW in request and response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        response.headers[HEADER] = "true"


class Copy:
    """A process as a copy of a workspace shows it."""

    def __init__(self, system: System, reader: StateReader) -> None:
        self._system, self.state = system, reader
        self.state_positions = self.history_positions = _Standing()

    @property
    def history(self) -> Any:
        """Raises NotOwned."""
        raise NotOwned("the history is with the worker that has the workspace, which does not answer now")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)


class _Standing:
    """Positions that are not waited for."""

    async def reach(self, workspace: str, position: int, bound: float) -> bool:
        """False: whether the copy has it is seen at once."""
        return False
