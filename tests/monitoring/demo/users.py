"""Who uses the system while it is broken: a steady load, and what each fault needs to be seen."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import aiohttp
from aiokafka import AIOKafkaProducer

from tasksys import codec
from tasksys.commands import CommandRecord, CreateTask
from tasksys.values import instant
from tests.monitoring.demo.hook import Hook
from tests.support.http import OWNER
from tests.support.monitoring.workload import AWAY, BOUND, COMMANDS, Away, Json, Workload
from tests.support.serving import Serving

SPACES: Final = 8
PAUSE: Final = 0.5
"""Seconds between two requests of the steady load, each of another user."""


class Users(Workload):
    """Users of two workers, who ask the one that answered last first. Reminders of theirs go to `hook`."""

    async def __aenter__(self) -> Self:
        self._owner: dict[str, Serving] = {}
        self._more = AsyncExitStack()
        self.hook = self._more.enter_context(Hook.listening())
        timeout = aiohttp.ClientTimeout(total=BOUND)
        self.session = await self._more.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._more.aclose()

    async def send(self, method: str, path: str, body: Json | None = None, key: str = "") -> tuple[int, Json]:
        """The answer of the worker that has the workspace, which is asked first from then on."""
        headers = {"Tasksys-Actor": OWNER, "Idempotency-Key": key or secrets.token_hex(8)}
        space = path.split("/")[2] if path.count("/") > 1 else ""
        give_up = asyncio.get_running_loop().time() + BOUND
        while asyncio.get_running_loop().time() < give_up:
            last = self._owner.get(space)
            for worker in sorted(self.workers, key=lambda one: one is not last):
                with suppress(aiohttp.ClientError):
                    url = f"{worker.url}/api/v1{path}"
                    async with self.session.request(method, url, json=body, headers=headers) as answer:
                        said = await answer.read()
                        if answer.status not in AWAY:
                            self._owner[space] = worker
                            return answer.status, json.loads(said) if said else {}
            await asyncio.sleep(0.5)
        raise Away(path)

    async def settle(self) -> None:
        """Makes workspaces, and in each a channel that leads to the hook."""
        for number in range(SPACES):
            space = await self.made("/workspaces", {"name": f"Space {number}"})
            self.spaces.append(space["id"])
            at = f"/workspaces/{space['id']}/preferences"
            await self.made(f"{at}/channels/phone", {"kind": "webhook", "target": self.hook.url}, "PUT")
            await self.made(at, {"channels": ["phone"]}, "PATCH")

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Requests go on until the end, also while there is nobody to answer them."""
        tasks = [asyncio.create_task(self._one(space)) for space in self.spaces]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, space: str) -> None:
        at = f"/workspaces/{space}"
        while True:
            with suppress(Away, aiohttp.ClientError, TimeoutError):
                status, task = await self.send("POST", f"{at}/tasks", {"title": "Milk"})
                await asyncio.sleep(PAUSE)
                if status == 201:
                    await self.send("POST", f"{at}/tasks/{task['id']}/complete", {})
                await self.send("GET", f"{at}/tasks")
            await asyncio.sleep(PAUSE)

    def of(self, worker: Serving) -> list[str]:
        """The workspaces that a worker answered for last."""
        return [space for space in self.spaces if self._owner.get(space) is worker]

    async def remind(self) -> None:
        """A reminder in each workspace, due in a few seconds."""
        await asyncio.gather(*(self._ring(f"/workspaces/{space}/tasks") for space in self.spaces))

    async def _ring(self, at: str) -> None:
        task = await self.made(at, {"title": "Call"})
        due = instant(datetime.now(UTC) + timedelta(seconds=4))
        await self.made(f"{at}/{task['id']}/reminders", {"trigger": {"at": due}})

    async def append(self, spaces: list[str], each: int) -> None:
        """Commands straight into the log, as another worker's gateway would append them."""
        async with _producer(self.bootstrap) as producer:
            for _ in range(each):
                for space in spaces:
                    name = secrets.token_hex(8)
                    command = CreateTask(id=name, task=name, title="Imported")
                    record = CommandRecord(space, OWNER, instant(datetime.now(UTC)), command)
                    await producer.send(COMMANDS, codec.encode_command(record), key=space.encode())

    async def poisoned(self) -> str:
        """Appends one record that is no command; the trace that it says it belongs to."""
        trace = secrets.token_hex(16)
        headers = [("traceparent", f"00-{trace}-{secrets.token_hex(8)}-01".encode())]
        async with _producer(self.bootstrap) as producer:
            await producer.send_and_wait(COMMANDS, b"this is no command", key=b"nobody", headers=headers)
        return trace


@asynccontextmanager
async def _producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
