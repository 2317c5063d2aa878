"""Real receivers for tests of delivery: a web server that does as it is told, and a mail relay that keeps what comes.

async with Receiver.listening() as receiver:
    receiver.then(503, 503)          # the next two answers; 200 after that
    receiver.stall()                 # does not answer until `go_on`
    await receiver.got(3)
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiohttp import web
from aiosmtpd.smtp import SMTP

from tests.support.waiting import until


@dataclass(frozen=True)
class Post:
    """One request that came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    def signed_by(self, secret: str) -> bool:
        """Whether the signature is right, as Standard Webhooks has it."""
        shared = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = base64.b64encode(hmac.new(shared, signed, hashlib.sha256).digest()).decode()
        return self.headers["webhook-signature"] == f"v1,{expected}"


@dataclass
class Receiver:
    """A web server."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    answers: list[int | tuple[int, dict[str, str]]] = field(default_factory=list)
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator[Self]:
        """One that listens on this machine."""
        receiver = cls()
        receiver.go_on()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", receiver._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        try:
            yield receiver
        finally:
            receiver.go_on()
            await runner.cleanup()

    def then(self, *answers: int | tuple[int, dict[str, str]]) -> None:
        """The next answers: statuses, with headers if need be."""
        self.answers += answers

    def stall(self) -> None:
        """Takes requests and does not answer."""
        self._flowing.clear()

    def go_on(self) -> None:
        """Answers again."""
        self._flowing.set()

    async def got(self, number: int) -> list[Post]:
        """Waits for so many requests."""
        await until(lambda: len(self.posts) >= number, f"{number} posts")
        return self.posts

    async def _answer(self, request: web.Request) -> web.Response:
        self.posts.append(Post(request.path, dict(request.headers), await request.read()))
        answer = self.answers.pop(0) if self.answers else 200
        await self._flowing.wait()
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        return web.Response(status=status, headers=headers)


class MailRelay:
    """A mail relay; `refuse` is what it answers instead of taking the next mails."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Takes a mail."""
        if self.refuse:
            return self.refuse.pop(0)
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 OK"

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator[tuple[Self, str]]:
        """One that listens on this machine, with its URL."""
        relay, loop = cls(), asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(relay, loop=loop), "127.0.0.1", 0)
        try:
            yield relay, f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await server.wait_closed()
