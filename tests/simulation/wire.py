"""The way from a process to the broker: requests arrive late, get lost, or are answered to nobody.

A request to a broker that cannot be reached is known to be lost only after a time-out, and may arrive even after that,
when the way is free again: whoever asked cannot know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tests.simulation.broker import Broker
from tests.simulation.loop import Line, Process, World

REQUEST_SECONDS: Final = 2.0
"""After so long without an answer nobody knows what became of a request."""

QUICK: Final = 0.008
"""Most messages take less than this one way, a few up to SLOW."""
SLOW: Final = 0.3
RARELY: Final = 0.02


class Lost(Exception):
    """No answer came: it may have been done, or be done yet."""


class Wire:
    """One process's."""

    def __init__(self, world: World, process: Process, broker: Broker) -> None:
        self.world, self.process, self.broker = world, process, broker
        self.cut = False
        self.forgets = 0.0
        """How many of the answers get lost, of one."""
        self.swallowed = False
        """The process died, and what it had sent last with it."""
        self._held: list[Callable[[], None]] = []

    def delay(self) -> float:
        """How long a message takes."""
        random = self.world.rng.random
        return SLOW * random() if random() < RARELY else 0.0002 + QUICK * random() ** 3

    def ask(self, line: Line | None, call: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Has something done at the broker; its answer. Raises Lost, and what the broker says."""
        future, when = self.process.create_future(), self.world.now + self.delay()
        arrive = partial(self._arrive, future, self.world.now, call, args)
        self.world.push(when if line is None else line.arrival(when), None, arrive)
        return future

    def send(self, call: Callable[..., object], *args: Any) -> None:
        """A message to the broker that is not answered, and is gone where the way is cut."""

        def arrive() -> None:
            if not (self.swallowed or self.cut or self.broker.down):
                call(*args)

        self.world.later(self.delay(), arrive)

    def _arrive(
        self, future: asyncio.Future[Any], sent: float, call: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        if self.swallowed:
            return
        if self.cut or self.broker.down:
            self._fail(future, sent)
            self._held.append(partial(self._arrive, future, sent, call, args))
            return
        try:
            answer = call(*args)
        except Exception as error:
            answer = error
        if self.forgets and self.world.rng.random() < self.forgets:
            self._fail(future, sent)
        else:
            self.world.post(self.process, self.delay(), None, _answer, future, answer)

    def _fail(self, future: asyncio.Future[Any], sent: float) -> None:
        delay = max(0.0, sent + REQUEST_SECONDS - self.world.now)
        self.world.post(self.process, delay, None, _answer, future, Lost("no answer came"))

    def tell(self, line: Line, call: Callable[..., object], *args: Any) -> None:
        """A message from the broker to the process, unless the way is cut."""
        if not self.cut:
            self.world.post(self.process, self.delay(), line, call, *args)

    def heal(self) -> None:
        """The way is free again; some of what was sent meanwhile arrives after all."""
        held, self._held = self._held, []
        when = self.world.now
        for arrive in held:
            if self.world.rng.random() < 0.5:
                when += self.world.rng.random() * QUICK
                self.world.push(when, None, arrive)


def _answer(future: asyncio.Future[Any], answer: object) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
