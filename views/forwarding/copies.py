"""Reads while nobody is known to have a workspace: since when that is so, and whose copies can be asked.

A worker that has a copy itself answers from it (`views/stale.py`). One that has none hands the read on to those that
had the workspace or a copy when it last heard of any; what they answer says that it may be old.
"""

import asyncio
from typing import Final

from aiohttp import web

from views.forwarding.hops import FOREIGN, HOP
from views.ports import System

ASKED_SECONDS: Final = 10.0
"""So long that nobody asked for a partition says nothing of what was before: somebody may have had it meanwhile."""

SILENT_SECONDS: Final = 5.0
"""For which a worker that did not answer is not asked for its copies again: all who read would wait for it."""


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


class Keepers:
    """The other workers whose copies can be asked."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._silent: dict[str, float] = {}
        """When a worker did not answer last."""

    def of(self, request: web.Request, partition: int) -> list[str]:
        """Those of a partition, the best first; none for a request that has made its hop."""
        if HOP in request or FOREIGN in request:
            return []
        now = asyncio.get_running_loop().time()
        known = [one for one in self._system.keepers(partition) if one != self._system.url]
        return [one for one in known if now - self._silent.get(one, -SILENT_SECONDS) >= SILENT_SECONDS]

    def silent(self, worker: str) -> None:
        """It did not answer."""
        self._silent[worker] = asyncio.get_running_loop().time()
