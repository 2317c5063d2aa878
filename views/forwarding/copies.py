"""Reads while nobody is known to have a workspace: since when that is so, and the copies that other workers keep.

A worker that has a copy itself answers from it (`views/stale.py`). One that has none hands the read on to those that
the last assignment names, as if its client had asked for a copy; what they answer says that it may be old.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from aiohttp import web

from views.forwarding import headers
from views.forwarding.calls import Fetched
from views.forwarding.failures import Misdirected, Unreached
from views.log import logger

ASKED_SECONDS: Final = 10.0
"""So long that nobody asked for a partition says nothing of what was before: somebody may have had it meanwhile."""

Fetch = Callable[[str], Awaitable[Fetched]]
"""What a worker answers from its copy. Raises Misdirected where it has none, Unreached."""


class Unknown:
    """Partitions that nobody is known to have, as far as anybody asked for them here."""

    def __init__(self) -> None:
        self._asked: dict[int, tuple[float, float]] = {}
        """Since when, and when that was asked last."""

    def seconds(self, partition: int) -> float:
        """For how long that has been so of a partition of which it is so now."""
        now = asyncio.get_running_loop().time()
        since, last = self._asked.get(partition, (now, now))
        if now - last > ASKED_SECONDS:
            since = now
        self._asked[partition] = since, now
        return now - since

    def forget(self, partition: int) -> None:
        """Somebody has it."""
        if self._asked:
            self._asked.pop(partition, None)


async def read(workers: Iterable[str], fetch: Fetch) -> web.Response | None:
    """What the first of them answers that has a copy; None if none of them has one, or answers."""
    for worker in workers:
        try:
            told = await fetch(worker)
        except Misdirected:
            continue
        except Unreached as error:
            logger.debug("%s, which should have a copy, did not answer: %s", worker, error)
            continue
        return web.Response(status=told.status, headers=headers.back(told.headers), body=told.body)
    return None
