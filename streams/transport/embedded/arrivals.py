"""Waking those who wait for records."""

import asyncio
from collections.abc import Collection, Iterable

Place = tuple[str, int]


class Arrivals:
    """Any number of independent waiters, each with its own set of partitions; all of a partition's are woken."""

    def __init__(self) -> None:
        self._waiters: dict[Place, set[asyncio.Future[None]]] = {}

    async def wait(self, places: Collection[Place], timeout: float | None) -> None:  # noqa: ASYNC109  (no error)
        """Return at the next announcement for one of the places, or after `timeout` seconds.

        Waiting begins at the call, before anything else can run: check for records first, then await this, and
        nothing slips between.
        """
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        for place in places:
            self._waiters.setdefault(place, set()).add(waiter)
        alarm = None if timeout is None else loop.call_later(timeout, _wake, waiter)
        try:
            await waiter
        finally:
            if alarm is not None:
                alarm.cancel()
            for place in places:
                self._waiters[place].discard(waiter)

    def announce(self, places: Iterable[Place]) -> None:
        """Wake everybody who waits for one of the places."""
        for place in places:
            for waiter in self._waiters.get(place, ()):
                _wake(waiter)

    def announce_all(self) -> None:
        """Wake everybody."""
        self.announce(self._waiters)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
