"""One client's WebSocket, from its first message to its close code."""

import asyncio
import secrets
from contextlib import suppress
from typing import Final

from aiohttp import WSMsgType, web

from monitoring import logs, metrics
from tasksys.commands import CommandRecord
from tasksys.errors import NotOwned
from tasksys.rows import Member
from views import commands, observed
from views.context import BOUNDS, system
from views.feed import closing, protocol
from views.feed.admission import remaining
from views.feed.burst import View
from views.feed.closing import End
from views.feed.frames import WINDOW, close_frame, frame
from views.feed.hub import Hub
from views.feed.protocol import Command, NotTheProtocol, Ping, Presence, Said, Subscribe, Unfit
from views.feed.subscription import Subscription
from views.log import logger
from views.problems import Problem, bad_request, foreseen, internal_error

FULL: Final = 64 * 1024
"""Bytes that the socket has not taken; then what follows waits in our own line, where it is counted."""

PING: Final = b"\x89\x00"
CLIENTS: Final = End(1000, "")
"""The client has closed it."""
SILENCE: Final = 3
"""Pings without any sign of life, after which nobody is there."""


class Session:
    """One connection."""

    def __init__(self, request: web.Request, hub: Hub, name: str, member: Member) -> None:
        """Raises NotOwned."""
        self.client = secrets.token_hex(8)
        self.user, self.role = member.user, member.role
        self._request, self._hub, self._name = request, hub, name
        self._socket = web.WebSocketResponse(
            protocols=(protocol.NAME,), autoping=False, autoclose=False, max_msg_size=protocol.MESSAGE_BYTES,
            timeout=hub.limits.close, decode_text=False,
        )  # fmt: skip
        self._limits = hub.limits
        self._transport = request.transport
        self._deflate = False
        self._loop = asyncio.get_running_loop()
        self._alarms: list[asyncio.TimerHandle] = []
        self._ended: End | None = None
        self._following: tuple[Subscription, asyncio.Task[None]] | None = None
        self._commands: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(self._limits.commands)
        self._unanswered = 0
        self._tokens, self._counted = self._limits.burst, self._loop.time()
        self._unfit = False
        self._room = hub.enter(name, self)

    # --- what is written

    def write(self, data: bytes) -> bool:
        """Writes frames, unless the client has not taken what was written before."""
        transport = self._transport
        if self._ended or transport is None or transport.is_closing():
            return True  # nobody reads it any more
        if transport.get_write_buffer_size() > FULL:
            return False
        transport.write(data)
        return True

    async def send(self, data: bytes) -> None:
        """Writes frames once the client has taken what was written before."""
        await self._request.writer.drain()
        while not self.write(data):
            await asyncio.sleep(0)
            await self._request.writer.drain()

    def hint(self, data: bytes) -> bool:
        """Writes what a client that reads slowly need not have."""
        behind = self._following is not None and self._following[0].waiting
        return not behind and self.write(data)

    def _say(self, message: bytes) -> None:
        """Answers the client, whose next message is not read before it has taken this."""
        if self._ended is None and self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame(message, self._deflate))

    def end(self, end: End) -> None:
        """Nothing is sent any more but the close frame."""
        if self._ended is not None:
            return
        self._ended = end
        if end is not CLIENTS:
            closing.count(end.code)
        self._stop()
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write(close_frame(end.code, end.reason))
            # What it has not taken by then is not waited for.
            self._loop.call_later(self._limits.close, transport.abort)

    def _stop(self) -> None:
        if self._following is not None:
            subscription, task = self._following
            self._room.detach(subscription)
            task.cancel()
        for task in self._commands:
            task.cancel()
        self._room.presences.leave(self, self._limits.gather)

    # --- life

    async def run(self) -> web.StreamResponse:
        """Until either side closes."""
        try:
            metrics.FEED_CONNECTIONS.labels("websocket").inc()
            await self._socket.prepare(self._request)
            observed.lasts(self._request, self._socket.status)
            self._deflate = self._socket.compress == WINDOW
            self._alarms = [self._loop.call_later(self._limits.heartbeat, self._beat)]
            left = remaining(self._request)
            if left is not None:
                self._alarms.append(self._loop.call_later(left, self.end, closing.EXPIRED))
            role = self.role.value
            self._say(
                protocol.message("hello", client=self.client, user=self.user, role=role, position=self._room.position)
            )
            await self._listen()
        finally:
            for alarm in self._alarms:
                alarm.cancel()
            self._ended = self._ended or CLIENTS
            self._stop()
            self._hub.leave(self._room, self)
            metrics.FEED_CONNECTIONS.labels("websocket").dec()
            if self._transport is not None:
                self._transport.close()
        return self._socket

    async def _listen(self) -> None:
        """Until the client's close frame; after ours, what comes before that is not heard."""
        while True:
            received = await self._socket.receive()
            self._unanswered = 0
            match received.type:
                case WSMsgType.CLOSE if self._ended is None:
                    self.end(CLIENTS)
                    return
                case WSMsgType.ERROR if self._ended is None:  # what is no WebSocket, which aiohttp has closed
                    closing.count(self._socket.close_code or 0)
                    return
                case WSMsgType.CLOSE | WSMsgType.CLOSING | WSMsgType.CLOSED | WSMsgType.ERROR:
                    return
                case _ if self._ended is not None:
                    pass
                case WSMsgType.TEXT:
                    await self._received(received.data)
                case WSMsgType.PING:
                    await self._socket.pong(received.data)
                case WSMsgType.BINARY:
                    self.end(closing.NOT_JSON)

    def _beat(self) -> None:
        """Pings are counted, not seconds: where this process stood still, its clients did not."""
        if self._unanswered >= SILENCE:
            self.end(closing.SILENT)
        elif self._transport is not None:
            self._unanswered += 1
            self._transport.write(PING)
            self._alarms[0] = self._loop.call_later(self._limits.heartbeat, self._beat)

    async def _received(self, text: bytes) -> None:
        if not self._may_speak():
            self.end(closing.TOO_MANY)
            return
        try:
            await self._handle(protocol.read(text))
        except NotTheProtocol:
            self.end(closing.NOT_JSON)
        except Unfit as unfit:
            if not unfit.known:
                if self._unfit:
                    self.end(closing.NOT_JSON)
                    return
                self._unfit = True
            self._say(protocol.error(unfit.problem, unfit.re))
        except ConnectionError:
            raise  # the client has gone
        except Exception:
            logger.exception("a message of the feed failed")
            self.end(closing.BROKEN)
        await self._request.writer.drain()

    def _may_speak(self) -> bool:
        """Whether the client keeps to its rate: a bucket of tokens."""
        limits, now = self._limits, self._loop.time()
        self._tokens = min(limits.burst, self._tokens + (now - self._counted) * limits.rate) - 1.0
        self._counted = now
        return self._tokens >= 0.0

    async def _handle(self, said: Said) -> None:
        match said:
            case Subscribe():
                await self._subscribe(said)
            case Command():
                await self._command(said)
            case Presence():
                self._room.presences.set(self, said.where, self._limits.gather)
            case Ping():
                self._say(protocol.message("pong", **({"id": said.id} if isinstance(said.id, str) else {})))

    # --- subscribing

    async def _subscribe(self, said: Subscribe) -> None:
        if said.after is not None and said.after > self._room.position:
            try:
                position = system(self._request).state.position(self._name)  # what is durable may not be told yet
            except NotOwned:
                self.end(closing.MOVED)
                return
            if said.after > position:
                detail = f"The workspace is at position {position}; begin with a snapshot: after null."
                self._say(protocol.error(bad_request("bad-position", detail), "subscribe"))
                return
        if self._following is not None:
            subscription, task = self._following
            self._room.detach(subscription)
            task.cancel()
            await asyncio.wait([task])
            if self._ended is not None:
                return
        view = View(said.events, said.state, self._deflate)
        bound = self._request.app[BOUNDS].view
        subscription = Subscription(self, system(self._request), self._room, view, said.after, self._limits, bound)
        self._say_presence()
        self._following = subscription, self._loop.create_task(self._follow(subscription), name="feed")

    def _say_presence(self) -> None:
        if self._transport is not None:
            self._transport.write(self._room.presences.watch(self))

    async def _follow(self, subscription: Subscription) -> None:
        with suppress(ConnectionError):
            await subscription.run()
            if self._ended is None:  # it reads too slowly
                metrics.FEED_RESYNCS.inc()
                await self.send(frame(protocol.message("resync", position=subscription.position), self._deflate))

    # --- commands

    async def _command(self, said: Command) -> None:
        """Appends a command behind those that came before it; its outcome is told when it is there."""
        identifier = said.command.get("id")
        known = identifier if isinstance(identifier, str) else None
        try:
            record = await commands.recorded(self._request, self._name, said.command)
        except Exception as error:
            self._failed(error, known)
            return
        await self._places.acquire()
        if self._ended is not None:
            return
        task = self._loop.create_task(self._decided(record), name="feed command")
        self._commands.add(task)
        task.add_done_callback(self._answered)

    def _failed(self, error: Exception, identifier: str | None) -> None:
        problem = error if isinstance(error, Problem) else foreseen(error)
        if problem is None:
            logger.error("a command from the feed failed", exc_info=error)
        self._say(protocol.error(problem or internal_error(), "command", identifier))

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._commands.discard(task)
        self._places.release()

    async def _decided(self, record: CommandRecord) -> None:
        logs.begin({**logs.current(), "command_id": record.command.id})
        try:
            shown = await commands.submitted(self._request, self._name, record)
        except Exception as error:
            self._failed(error, record.command.id)
        else:
            self._say(protocol.message("outcome", outcome=shown))
