"""People who write without end, one in each workspace, and how long each of them could not."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from itertools import pairwise
from typing import Final

import aiohttp

from tests.bench.load import USER

INTERVAL: Final = 0.15
"""Seconds between a command's acknowledgement and the next command of the same workspace."""
AGAIN: Final = 0.03
"""Seconds until a command that failed is sent again, to the next worker, under the same key."""
PATIENCE: Final = 20.0


class Writers:
    """Each writes to one worker as long as that answers, and goes to the next one when it does not."""

    def __init__(
        self, http: aiohttp.ClientSession, urls: Sequence[str], workspaces: Sequence[str], prefix: str
    ) -> None:
        self._http, self._urls, self._prefix = http, urls, prefix
        self._at = dict.fromkeys(workspaces, 0)
        self.acknowledged: dict[str, list[float]] = {one: [] for one in workspaces}
        self.failed = 0
        """Attempts that had no acknowledgement: they were sent again."""
        self.undecided = 0
        """Commands that were answered 202: they are in the log, and what became of them is not known yet."""
        self.spread()

    def spread(self) -> None:
        """Every worker gets as many of them, as from a balancer."""
        self._at = {one: number for number, one in enumerate(self._at)}

    async def write(self, workspace: str) -> None:
        """Writes until it is cancelled."""
        number = 0
        while True:
            number += 1
            headers = {"Tasksys-Actor": USER, "Idempotency-Key": f"{self._prefix}-{number}"}
            while not await self._sent(workspace, {"title": f"Task {number}"}, headers):
                self.failed += 1
                self._at[workspace] += 1
                await asyncio.sleep(AGAIN)
            self.acknowledged[workspace].append(asyncio.get_running_loop().time())
            await asyncio.sleep(INTERVAL)

    async def heard(self) -> None:
        """Until everybody has had an answer to what they wrote from now on. TimeoutError after two PATIENCE."""
        seen = {one: len(moments) for one, moments in self.acknowledged.items()}
        async with asyncio.timeout(2 * PATIENCE):
            while any(len(moments) < seen[one] + 2 for one, moments in self.acknowledged.items()):  # noqa: ASYNC110
                await asyncio.sleep(AGAIN)

    async def _sent(self, workspace: str, body: dict[str, str], headers: dict[str, str]) -> bool:
        url = self._urls[self._at[workspace] % len(self._urls)]
        try:
            async with self._http.post(f"{url}/api/v1/workspaces/{workspace}/tasks", json=body, headers=headers) as got:
                await got.read()
                self.undecided += got.status == HTTPStatus.ACCEPTED
                return got.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


@asynccontextmanager
async def writing(urls: Sequence[str], workspaces: Sequence[str], prefix: str) -> AsyncIterator[Writers]:
    """They write as long as the block goes on."""
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        writers = Writers(http, urls, workspaces, prefix)
        tasks = [asyncio.create_task(writers.write(one)) for one in workspaces]
        try:
            yield writers
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task


def longest(moments: Sequence[float], begin: float, end: float) -> float:
    """The longest time between two neighbours of the ordered moments, of those times that touch begin to end.

    What had not come again by the last moment counts up to `end`; ValueError if nothing had come before `begin`.
    """
    first = bisect_right(moments, begin) - 1
    if first < 0:
        raise ValueError("nothing was acknowledged before: there is nothing to count from")
    last = bisect_left(moments, end)
    touched = list(moments[first : last + 1])
    if touched[-1] < end:
        touched.append(end)
    return max(after - before for before, after in pairwise(touched))
