"""A live connection to a workspace, made again whenever it breaks."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any, Final, Self
from urllib.parse import quote

import aiohttp
import msgspec

from tasksys.client.commands import AGAIN_SECONDS, Commands
from tasksys.client.errors import FeedError, Refused, Unreachable
from tasksys.client.feed import Feed, Gap
from tasksys.client.messages import (
    Decided,
    Error,
    Event,
    Hello,
    Json,
    Message,
    Outcome,
    Person,
    Pong,
    Presence,
    Resync,
    Snapshot,
    State,
    Told,
    read,
)

PROTOCOL: Final = "tasksys.v1"
MESSAGE_BYTES: Final = 16 * 1024 * 1024
CONNECT_SECONDS: Final = 15.0
HEARTBEAT_SECONDS: Final = 25.0

FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 10.0
"""Seconds before a connection is made again: twice as long each time, somewhere between the half and the whole of it,
so that all who were cut off together do not come back together."""

LASTING_SECONDS: Final = 5.0
"""A connection that held for so long begins with the shortest wait again."""

GIVEN_UP: Final = (400, 403, 404, 4400, 4403)
TOKEN: Final = (401, 4401)
BROKEN: Final = (aiohttp.ClientError, OSError, TimeoutError, Gap, msgspec.DecodeError)


class Client:
    """One server as one user. `token` may be a function that gives one, called for each connection.

    `wait` are the first and the longest wait before a connection is made again, in seconds.
    """

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str] = "",
        user: str = "local",
        wait: tuple[float, float] = (FIRST_WAIT, LONGEST_WAIT),
    ) -> None:
        self.url = (url if "://" in url else f"http://{url}").rstrip("/")
        self.wait = wait
        self.renewable = callable(token)
        self._token, self._user = token, user

    def headers(self) -> dict[str, str]:
        """Who asks."""
        token = self._token if isinstance(self._token, str) else self._token()
        return {"Authorization": f"Bearer {token}"} if token else {"Tasksys-Actor": self._user}

    def workspace(self, workspace: str) -> "Live":
        """A live connection, to be entered with `async with`."""
        return Live(self, workspace)


class Live:
    """A workspace, live. One iteration goes on at a time: a new one ends the one before."""

    def __init__(self, client: Client, workspace: str) -> None:
        self._client = client
        self._path = f"/api/v1/workspaces/{quote(workspace, safe='')}/feed"
        self._commands = Commands()
        self._feed: Feed | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._where: tuple[Json | None] | None = None
        self._failure: Exception | None = None
        self._later: set[asyncio.Task[None]] = set()
        self.user = self.role = self.client = ""
        self.position = 0
        """The workspace's, when the connection was made."""
        self.here: dict[str, Person] = {}
        """The others who are here, by connection."""

    # --- life

    async def __aenter__(self) -> Self:
        """Connects. Raises Unreachable, Refused."""
        self._session = aiohttp.ClientSession()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name="live")
        try:
            await asyncio.shield(self._ready)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        """Disconnects; commands that wait for their outcomes are told so."""
        for task in (self._task, *self._later):
            task.cancel()
        await asyncio.gather(self._task, *self._later, return_exceptions=True)
        self._end(FeedError("The connection was closed here."))
        await self._session.close()

    def _end(self, failure: Exception) -> None:
        self._failure = self._failure or failure
        self._commands.end(failure)
        if not self._ready.done():
            self._ready.set_exception(failure)
            self._ready.exception()
        if self._feed is not None:
            self._feed.wake.set()

    async def _run(self) -> None:
        loop, attempt = asyncio.get_running_loop(), 0
        first, longest = self._client.wait
        try:
            while True:
                began = loop.time()
                try:
                    await self._once()
                except BROKEN as error:
                    if not self._ready.done():
                        raise Unreachable(f"No server answers at {self._client.url}: {error}") from error
                finally:
                    self._socket = None
                attempt = 0 if loop.time() - began > LASTING_SECONDS else attempt + 1
                wait = min(longest, first * 2.0 ** min(attempt, 20))
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311  (only to spread clients)
        except Exception as error:  # whatever it is, nobody must wait for ever
            self._end(error)

    async def _once(self) -> None:
        """One connection, to its end. Raises Refused, and BROKEN."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                socket = await self._session.ws_connect(
                    self._client.url + self._path, protocols=(PROTOCOL,), headers=self._client.headers(), compress=15,
                    max_msg_size=MESSAGE_BYTES, heartbeat=HEARTBEAT_SECONDS,
                )  # fmt: skip
        except aiohttp.WSServerHandshakeError as error:
            self._refused(error.status, f"The server answered {error.status}: {_WHY.get(error.status, error.message)}")
            raise
        async with socket:
            self.here.clear()
            async for received in socket:
                if received.type is not aiohttp.WSMsgType.TEXT:
                    raise aiohttp.ClientError("the server does not keep to the protocol")
                told = read(received.data)
                if isinstance(told, Hello):
                    await self._greeted(socket, told)
                elif told is not None:
                    await self._told(told)
                if self._feed is not None and self._feed.overflowed():
                    break
            code = socket.close_code or 0
        reason = "the token has expired" if code == 4401 else f"the server closed the connection with {code}"
        self._refused(code, reason)

    def _refused(self, code: int, reason: str) -> None:
        """Raises Refused if it is of no use to connect again."""
        if code in GIVEN_UP or (code in TOKEN and not self._client.renewable):
            raise Refused(code, reason)

    async def _greeted(self, socket: aiohttp.ClientWebSocketResponse, hello: Hello) -> None:
        """Says again what the server does not know over this connection."""
        self._socket = socket
        self.client, self.user, self.role, self.position = hello.client, hello.user, hello.role, hello.position
        if self._where is not None:
            await self._say({"op": "presence", "where": self._where[0]})
        if self._feed is not None and not self._feed.stalled:
            await self._say(self._feed.subscribed())
        for command in self._commands.under_way():
            await self._say({"op": "command", "command": command})
        if not self._ready.done():
            self._ready.set_result(None)

    async def _say(self, message: dict[str, object]) -> None:
        """Sends it if there is a connection; whatever matters is said again over the next one."""
        if self._socket is not None:
            with suppress(aiohttp.ClientError, ConnectionError):
                await self._socket.send_str(msgspec.json.encode(message).decode())

    async def _told(self, told: Told) -> None:
        again: Json | None = None
        match told:
            case Decided():
                again = self._commands.decided(told.outcome)
            case Error() if told.re == "command":
                again = self._commands.failed(told)
            case Error() if told.re == "subscribe":
                raise Refused(int(told.problem.get("status", 0)), str(told.problem.get("detail")))
            case Resync():
                if self._feed is not None and not self._feed.stalled:
                    await self._say(self._feed.subscribed())
            case Error() | Hello() | Pong():
                pass
            case _:
                if isinstance(told, Presence):
                    self.here |= {one.client: one for one in told.here}
                    for client in told.gone:
                        self.here.pop(client, None)
                if self._feed is not None:
                    self._feed.put(told)
        if again is not None:
            task = asyncio.create_task(self._again(again))
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    async def _again(self, command: Json) -> None:
        await asyncio.sleep(AGAIN_SECONDS)
        await self._say({"op": "command", "command": command})

    # --- what one asks of it

    async def messages(
        self, after: int | None = None, state: bool = False, events: bool = True
    ) -> AsyncGenerator[Message, None]:
        """Everything that is told, from a position on, or with None from a snapshot on.

        Raises Refused when the server does not want this connection any more.
        """
        if self._feed is not None:
            self._feed.replaced = True
            self._feed.wake.set()
        feed, before = Feed(after, state, events), self._feed
        self._feed = feed
        if before is None:
            await self._say(feed.subscribed())
        else:
            await self._anew()  # what was told to the one before may be on its way still
        while True:
            while (message := feed.take()) is not None:
                yield message
            if self._failure is not None:
                raise self._failure
            if feed.replaced:
                return
            feed.wake.clear()
            if feed.stalled:
                feed.stalled = False
                await self._say(feed.subscribed())
            await feed.wake.wait()

    async def _anew(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def events(self, after: int | None = None) -> AsyncGenerator[Event, None]:
        """Every event after a position, once and in order; with None, those that happen from now on."""
        async for message in self.messages(self.position if after is None else after):
            if isinstance(message, Event):
                yield message

    async def changes(self, after: int | None = None) -> AsyncGenerator[Snapshot | State, None]:
        """What there is, and then what has changed, as a `Mirror` takes it; or what has changed since a position."""
        async for message in self.messages(after, state=True, events=False):
            if isinstance(message, Snapshot | State):
                yield message

    async def command(self, kind: str, *, id: str = "", **fields: Any) -> Outcome:
        """The outcome of a command, accepted or refused. It is sent again over a new connection, and applied once.

        `id` is its idempotency key, for callers who may themselves have to repeat it. Raises CommandFailed, Refused.
        """
        if self._failure is not None:
            raise self._failure
        command, future = await self._commands.add(kind, id, fields)
        await self._say({"op": "command", "command": command})
        return await asyncio.shield(future)

    async def presence(self, **where: Any) -> None:
        """Tells the others that one is here, and where: `view`, `project`, `task`, `field`, `selection`, `text`."""
        self._where = (where or None,)
        await self._say({"op": "presence", "where": where or None})


_WHY: Final = {
    401: "it needs a valid token",
    403: "it does not allow this",
    404: "there is no such workspace, or you are no member of it",
}
