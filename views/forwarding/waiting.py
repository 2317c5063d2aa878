"""Places for requests that wait for a worker: so many, shared by those who ask, who are known before they get one."""

from contextlib import AbstractContextManager
from functools import partial
from typing import Final, Protocol

from aiohttp import web

from tasksys.fairness import Shares
from views.auth import TOKENS, Identity
from views.context import AUTHENTICATOR, CALENDAR_TOKENS, CLIENT, IDENTITY

WAITING: Final = 2_000
"""Requests that may wait at once; more are answered 503 at once."""

STRANGERS: Final = 200
"""Beside them, of those whom only the worker that has the workspace can know: programs that read a calendar by the
secret in its address, and people who open a link of a mail."""


class Place(Protocol):
    """Takes a place for as long as it is held, and says whether there is one; `again` after one that was given up."""

    def __call__(self, *, again: bool) -> AbstractContextManager[bool]: ...


class Waiting:
    """Who waits here."""

    def __init__(self) -> None:
        self._known, self._strangers = Shares(WAITING), Shares(STRANGERS)

    def __len__(self) -> int:
        return len(self._known) + len(self._strangers)

    async def place(self, request: web.Request) -> Place:
        """Where whoever asks may wait. Raises what `known` raises."""
        who = await known(request)
        if who is not None:
            return partial(self._known.held, who.user)
        return partial(self._strangers.held, request.get(CLIENT) or request.remote or "")


async def known(request: web.Request) -> Identity | None:
    """Who asks, as far as that can be found out without the workspace; None if it cannot.

    Raises Problem 401, 403 for whom all workers would refuse, and 503 where their token cannot be checked now.
    """
    by_address = request.app[CALENDAR_TOKENS].wanted(request) is not None
    if IDENTITY not in request and request.path.startswith(TOKENS) and not by_address:
        request[IDENTITY] = await request.app[AUTHENTICATOR].identify(request)
    return request.get(IDENTITY)
