"""What the entry says where processes break off: a real nginx with the configuration that is shipped."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from aiohttp import web

from tests.support.nginx.entry import Entry


class Worker:
    """A process that answers as it is told; `keys` are the spare keys that came."""

    def __init__(self, status: int | None) -> None:
        self.status = status
        self.keys: list[str] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Its status, or it breaks off."""
        await request.read()
        self.keys.append(request.headers["Tasksys-Spare-Key"])
        if self.status is None:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=self.status or 200)

    async def start(self) -> web.AppRunner:
        """Listens."""
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        return runner


async def test_who_is_not_answered_can_repeat_the_request(tmp_path: Path) -> None:
    """One worker may have appended the command and broken off, the other has not got the workspace: the answer says by
    which key the command is known, whoever it is of."""
    for number, statuses in enumerate(((None, 503), (None, None), (503, 503))):
        workers = [Worker(status) for status in statuses]
        runners = [await worker.start() for worker in workers]
        directory = tmp_path / str(number)
        with Entry(directory, [f"127.0.0.1:{one.port}" for one in workers]) as entry:
            async with aiohttp.ClientSession() as http, http.post(f"{entry.url}/api/v1/x", json={}) as answer:
                text = await answer.text()
                assert answer.status == 503
                (key,) = {*workers[0].keys, *workers[1].keys}
                assert answer.headers.getall("Tasksys-Spare-Key") == [key]
                assert statuses[1] == 503 or f"Idempotency-Key: {key}" in text
        for runner in runners:
            await runner.cleanup()
