"""The way between clients and workers: calls that are answered, late or never, and messages of the feed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from tests.simulation.endpoint import AWAY, Stranger
from tests.simulation.loop import Line, Process, World
from tests.simulation.worker import Worker

T = TypeVar("T")

CALL_SECONDS: Final = (0.5, 6.0)
"""How long a client waits for an answer."""


class Away(Exception):
    """The worker cannot answer this just now; another one may."""


class Network:
    """All clients are in one process, which never fails; `workers` are those that run."""

    def __init__(self, world: World, clients: Process) -> None:
        self._world, self._clients = world, clients
        self.workers: list[Worker] = []
        self.cut: set[str] = set()
        """Workers that no client can reach."""

    def choose(self) -> Worker | None:
        """Any worker."""
        return self._world.rng.choice(self.workers) if self.workers else None

    def _delay(self) -> float:
        return 0.0002 + 0.01 * self._world.rng.random() ** 3

    def forth(self, worker: Worker | None, line: Line | None, call: Callable[..., object], *args: Any) -> None:
        """A message to a worker, whose process handles it by that call."""
        if worker is not None and self._passes(worker, line):
            self._world.post(worker.process, self._delay(), line, call, *args)

    def back(self, worker: Worker, line: Line | None, call: Callable[..., object], *args: Any) -> None:
        """A message from a worker to the clients."""
        if worker.process.alive and self._passes(worker, line):
            self._world.post(self._clients, self._delay(), line, call, *args)

    def _passes(self, worker: Worker, line: Line | None) -> bool:
        if line is not None and worker.name in self.cut:
            line.broken = True
        return worker.name not in self.cut and not (line is not None and line.broken)

    async def call(self, worker: Worker, answer: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        """Asks a worker; its answer. Raises Away, Stranger, and TimeoutError if none comes."""
        told: asyncio.Future[T] = self._clients.create_future()

        def settle(found: T | Exception) -> None:
            if told.done():
                return
            if isinstance(found, Exception):
                told.set_exception(found)
            else:
                told.set_result(found)

        async def handle() -> None:
            try:
                self.back(worker, None, settle, await answer(worker, *args))
            except AWAY as error:
                self.back(worker, None, settle, Away(repr(error)))
            except Stranger as error:
                self.back(worker, None, settle, error)
            except Exception as error:
                self._world.complaints.append(f"{worker.name}: {answer.__name__} raised {error!r}")
                raise

        self.forth(worker, None, lambda: worker.process.create_task(handle()))
        async with asyncio.timeout(self._world.rng.uniform(*CALL_SECONDS)):
            return await told
