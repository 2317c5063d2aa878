"""Who waits for what the folds do: outcomes by request, positions by workspace."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any

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
        self._waiting: dict[str, list[tuple[int, asyncio.Future[None]]]] = defaultdict(list)
        self.awaited = asyncio.Event()
        """Set while anybody waits."""

    def tell(self, workspace: str, position: int) -> None:
        """The workspace's view has reached the position."""
        waiting = self._waiting.get(workspace)
        if not waiting:
            return
        later = [(wanted, future) for wanted, future in waiting if wanted > position and not future.done()]
        for wanted, future in waiting:
            if wanted <= position and not future.done():
                future.set_result(None)
        if later:
            self._waiting[workspace] = later
        else:
            self._drop(workspace)

    def reach(self, workspace: str, position: int, bound: float) -> Coroutine[Any, Any, bool]:
        """True when the position is reached; False after `bound` seconds. Check just before whether it is already.

        Waits from this call on, not only from its await: what is told in between is not missed.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = (position, future)
        self._waiting[workspace].append(waiting)
        self.awaited.set()
        return self._reached(workspace, waiting, bound)

    async def _reached(self, workspace: str, waiting: tuple[int, asyncio.Future[None]], bound: float) -> bool:
        future = waiting[1]
        try:
            await asyncio.wait_for(future, bound)
        except TimeoutError:
            return False
        finally:
            self._forget(workspace, waiting)
        return True

    def _forget(self, workspace: str, waiting: tuple[int, asyncio.Future[None]]) -> None:
        """Readers who went away leave nothing behind, also where the workspace never gets so far."""
        left = [one for one in self._waiting.get(workspace, ()) if one[1] is not waiting[1]]
        if left:
            self._waiting[workspace] = left
        else:
            self._drop(workspace)

    def _drop(self, workspace: str) -> None:
        self._waiting.pop(workspace, None)
        if not self._waiting:
            self.awaited.clear()
