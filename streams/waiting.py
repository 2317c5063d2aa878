"""Who waits for what the folds do: outcomes by request, positions by workspace."""

import asyncio
from collections import defaultdict
from functools import partial

from tasksys.outcomes import Decided


class OutcomeWaiters:
    """Requests that wait for their command's outcome. Single-threaded: called on the event loop only."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[Decided | None]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def expect(self, request: str) -> asyncio.Future[Decided | None]:
        """The outcome of the record that carries this request name; None is for whoever gives up waiting.

        Registered before anybody can have folded the record.
        """
        future = self._waiting[request] = asyncio.get_running_loop().create_future()
        return future

    def forget(self, request: str) -> None:
        """Nobody waits any more; the outcome is kept in the table all the same."""
        self._waiting.pop(request, None)

    def tell(self, decided: list[Decided]) -> None:
        """Hands durable outcomes to those who wait."""
        for one in decided:
            future = self._waiting.pop(one.request, None)
            if future is not None and not future.done():
                future.set_result(one)


class PositionWaiters:
    """Readers that wait until a workspace's view has reached a position."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, dict[asyncio.Future[bool], int]] = defaultdict(dict)
        self.awaited = asyncio.Event()
        """Set while anybody waits."""

    def tell(self, workspace: str, position: int) -> None:
        """The workspace's view has reached the position."""
        waiting = self._waiting.get(workspace, {})
        for future in [one for one, wanted in waiting.items() if wanted <= position]:
            del waiting[future]
            if not future.done():
                future.set_result(True)
        if not waiting:
            self._drop(workspace)

    def reach(self, workspace: str, position: int, bound: float) -> asyncio.Future[bool]:
        """True when the position is reached; False after `bound` seconds. Check just before whether it is already.

        Waits from this call on, not only from its await: what is told in between is not missed. A future, and no
        coroutine, which would clean nothing up when it is called off before its first step.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting[workspace][future] = position
        self.awaited.set()
        future.add_done_callback(partial(self._forget, workspace, loop.call_later(bound, _late, future)))
        return future

    def _forget(self, workspace: str, alarm: asyncio.TimerHandle, future: asyncio.Future[bool]) -> None:
        """Readers who went away leave nothing behind, also where the workspace never gets so far."""
        alarm.cancel()
        waiting = self._waiting.get(workspace, {})
        waiting.pop(future, None)
        if not waiting:
            self._drop(workspace)

    def _drop(self, workspace: str) -> None:
        self._waiting.pop(workspace, None)
        if not self._waiting:
            self.awaited.clear()


def _late(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_result(False)
