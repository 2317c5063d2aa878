"""Time, and processes that each run on an event loop of their own, in the order that one seed gives.

A process is an asyncio loop without a selector. Within it callbacks run first in, first out, for that is what asyncio
promises, and code leans on it. Between processes nothing is promised, and they reach one another by messages alone,
each of which takes as long as the seed says. So the order of everything follows from the messages' delays, and a step
is a message that arrives, or an alarm, with all that the process does at once in answer to it.

To kill a process is to run nothing of it any more; to freeze it is to keep what comes to it until it thaws.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from heapq import heappop, heappush
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar

T = TypeVar("T")

AT_ONCE: Final = 200_000
"""Callbacks that a process may run in one step: more are an endless loop."""

SLOW: Final = 0.003
"""Of so many calls for the time one finds that work has taken a while, such as long as LONGEST_WORK."""
LONGEST_WORK: Final = 0.004

Tell = Callable[[str], None]


class Stuck(Exception):
    """A process goes on for ever without waiting for anything."""


if TYPE_CHECKING:
    _Loop = Any  # it does a part of what a loop can, and less strictly
else:
    _Loop = asyncio.AbstractEventLoop


class Line:
    """A connection, in one direction: what is sent over it arrives in order."""

    __slots__ = ("broken", "last")

    def __init__(self) -> None:
        self.last = 0.0
        self.broken = False
        """Something that was sent got lost, and so does everything after it."""

    def arrival(self, when: float) -> float:
        """When something arrives that could be there at that instant."""
        self.last = max(self.last, when)
        return self.last


Event = tuple[float, int, "Process | None", asyncio.Handle | Callable[[], None], Line | None]


class World:
    """The clock, and everything that is going to happen."""

    def __init__(self, seed: int, tell: Tell | None = None) -> None:
        self.rng = Random(seed)
        self.now = 0.0
        self.steps = 0
        self.tell = tell
        """Hears each step that has a meaning, if anybody wants to."""
        self.complaints: list[str] = []
        """What went wrong inside of processes: exceptions that nobody awaits."""
        self.running: Process | None = None
        self._heap: list[Event] = []
        self._number = 0

    def number(self) -> int:
        """One that nothing else has."""
        self._number += 1
        return self._number

    def say(self, who: str, what: str) -> None:
        """Notes a step."""
        if self.tell is not None:
            self.tell(f"{self.now:10.6f} {who:<8} {what}")

    def push(
        self, when: float, process: Process | None, call: asyncio.Handle | Callable[[], None], line: Line | None = None
    ) -> None:
        """Something happens then: in a process, or outside of all."""
        heappush(self._heap, (when, self.number(), process, call, line))

    def later(self, delay: float, call: Callable[[], None]) -> None:
        """Calls it outside of all processes."""
        self.push(self.now + delay, None, call)

    def post(self, process: Process, delay: float, line: Line | None, call: Callable[..., object], *args: Any) -> None:
        """A message to a process, which is handled by that call."""
        when = self.now + delay
        handle = asyncio.Handle(call, args, process, process.context)
        self.push(when if line is None else line.arrival(when), process, handle, line)

    def run(self, until: float) -> None:
        """Goes on up to that instant. Raises Stuck."""
        try:
            self._run(until)
        finally:
            self.leave()

    def leave(self) -> None:
        """No process runs."""
        asyncio._set_running_loop(None)
        self.running = None

    def _run(self, until: float) -> None:
        heap = self._heap
        while heap and heap[0][0] <= until:
            event = heappop(heap)
            when, _, process, call, _ = event
            if process is None:
                self.now = max(self.now, when)
                self.steps += 1
                assert not isinstance(call, asyncio.Handle)
                call()
            elif process.alive and not (isinstance(call, asyncio.Handle) and call.cancelled()):
                if process.parked is not None:
                    process.parked.append(event)
                elif process.busy_until > when:
                    self.push(process.busy_until, process, call)
                else:
                    self.now = max(self.now, when)
                    self.steps += 1
                    assert isinstance(call, asyncio.Handle)
                    process.step(call)
        self.now = max(self.now, until)

    def thaw(self, process: Process) -> None:
        """The process goes on; what came meanwhile is in its sockets, and may be looked at in any order of those."""
        parked, process.parked = process.parked or [], None
        lags: dict[int, float] = {}
        for _, _, _, call, line in parked:
            lag = lags.setdefault(id(line), self.rng.random() * 0.02) if line is not None else 0.0
            when = self.now + lag
            self.push(when if line is None else line.arrival(when), process, call, line)


class Process(_Loop):  # type: ignore[misc]
    """A process, as its code sees it: the loop that it runs on."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.context = contextvars.Context()
        self.alive = True
        self.parked: list[Event] | None = None
        """What came while it is frozen; None while it is not."""
        self.busy_until = 0.0
        """It is at work up to then, and takes up nothing before."""
        self._ready: deque[asyncio.Handle] = deque()
        self._random = world.rng.random

    def freeze(self) -> None:
        """It stands still, see `World.thaw`."""
        if self.parked is None:
            self.parked = []

    def kill(self) -> None:
        """It does nothing any more."""
        self.alive = False

    def step(self, call: asyncio.Handle) -> None:
        """Runs it, and all that becomes ready by it."""
        if self.world.running is not self:
            asyncio._set_running_loop(self)
            self.world.running = self
        call._run()
        ready, left = self._ready, AT_ONCE
        while ready:
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
            left -= 1
            if not left:
                raise Stuck(f"{self.name} runs for ever: {handle!r}")

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begins a task from outside."""
        asyncio._set_running_loop(self)
        try:
            task = self.context.run(asyncio.Task, work, loop=self)
        finally:
            self.world.leave()
        self.world.post(self, 0.0, None, _nothing)
        return task

    def bury(self) -> None:
        """Ends what is left of its tasks; whatever they still do reaches nobody."""
        self.alive = True
        for task in asyncio.all_tasks(self):
            task.cancel()
        self.step(asyncio.Handle(_nothing, (), self, self.context))
        self.alive = False
        self.world.leave()

    # --- what asyncio asks of a loop

    def time(self) -> float:
        now = max(self.world.now, self.busy_until)
        if self._random() < SLOW:
            now = self.busy_until = now + self._random() * LONGEST_WORK
        return now

    def call_soon(self, callback: Any, *args: Any, context: contextvars.Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_at(
        self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        if self.alive:
            self.world.push(max(when, self.world.now), self, handle)
        return handle

    def call_later(
        self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(max(self.world.now, self.busy_until) + delay, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self.alive:
            self.world.complaints.append(f"{self.name}: {context.get('message')}: {context.get('exception')!r}")


def _nothing() -> None:
    pass
