"""Who waits for what the folds do: outcomes by request, positions by workspace."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from functools import partial

from tasksys.errors import Moved
from tasksys.outcomes import Decided

MOVED = "another worker has the workspace since, and decides the command"


def _none(workspace: str) -> bool:
    return False


class OutcomeWaiters:
    """Requests that wait for their command's outcome. Single-threaded: called on the event loop only."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[str, asyncio.Future[Decided | None]]] = {}
        self._elsewhere: Callable[[str], bool] = _none

    def __len__(self) -> int:
        return len(self._waiting)

    def expect(self, request: str, workspace: str) -> asyncio.Future[Decided | None]:
        """The outcome of the record that carries this request name; None is for whoever gives up waiting.

        Registered before anybody can have folded the record. Fails with Moved where it is not told here.
        """
        future: asyncio.Future[Decided | None] = asyncio.get_running_loop().create_future()
        if self._elsewhere(workspace):
            _end(future)
        else:
            self._waiting[request] = workspace, future
        return future

    def leave(self, elsewhere: Callable[[str], bool]) -> None:
        """Other workers decide for these workspaces, until the next call: nobody need wait here for what they do."""
        self._elsewhere = elsewhere
        for request in [name for name, (workspace, _) in self._waiting.items() if elsewhere(workspace)]:
            _end(self._waiting.pop(request)[1])

    def forget(self, request: str) -> None:
        """Nobody waits any more; the outcome is kept in the table all the same."""
        self._waiting.pop(request, None)

    def tell(self, decided: list[Decided]) -> None:
        """Hands durable outcomes to those who wait."""
        for one in decided:
            _, future = self._waiting.pop(one.request, ("", None))
            if future is not None and not future.done():
                future.set_result(one)


def _end(future: asyncio.Future[Decided | None]) -> None:
    if not future.done():
        future.set_exception(Moved(MOVED))
        future.exception()  # heard, also if nobody waits any more


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
        """True when it is reached; False after `bound` seconds, or when others have it. Check before whether it is.

        Waits from this call on, not only from its await: what is told in between is not missed. A future, and no
        coroutine, which would clean nothing up when it is called off before its first step.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting[workspace][future] = position
        self.awaited.set()
        future.add_done_callback(partial(self._forget, workspace, loop.call_later(bound, _late, future)))
        return future

    def leave(self, elsewhere: Callable[[str], bool]) -> None:
        """Other workers have these workspaces: they are not followed here any more, and nobody need wait for that."""
        for workspace in [name for name in self._waiting if elsewhere(name)]:
            for future in list(self._waiting[workspace]):
                _late(future)

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
