"""The feed between a worker and a client: the real hub and subscription, over a simulated connection."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import suppress
from typing import Any, Final, cast

import msgspec

from streams.transport.database import DatabaseCorrupt
from tasksys.client.messages import Snapshot, State
from tasksys.client.mirror import Mirror
from tasksys.errors import NotOwned
from tasksys.rows import Member
from tasksys.values import Role
from tests.chaos.history import Followed, Seen
from tests.simulation.loop import Line, Process, World
from tests.simulation.network import Network
from tests.simulation.worker import LIMITS, Worker
from views.feed import protocol
from views.feed.burst import View
from views.feed.closing import End
from views.feed.frames import frame
from views.feed.hub import Room
from views.feed.subscription import Subscription
from views.ports import System

FULL: Final = 3_000
"""Bytes that the client has not taken; then what follows waits in the subscription's line."""
LOOK_SECONDS: Final = 1.5
"""How often a client asks itself whether its connection is worth keeping."""
RECONNECT_SECONDS: Final = 0.8
IMPATIENT: Final = 0.3
"""Of so many looks at a quiet connection one ends it: it may be dead."""
PATIENCE: Final = 6
"""After so many looks it ends in any case, as a real client's does by its heartbeat."""

_message = msgspec.json.Decoder(dict[str, Any]).decode


class Session:
    """One connection, as the worker has it; see `views.feed.session`."""

    def __init__(self, worker: Worker, follower: Follower, number: int, after: int | None) -> None:
        self.worker, self._follower, self._number = worker, follower, number
        self.user = follower.user
        self.role = Role.VIEWER
        self._after = after
        self._line = Line()
        self._unread = 0
        self._taken = asyncio.Event()
        self._ended = self._gone = False
        self._room: Room | None = None
        self._hash = worker.world.number()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def __hash__(self) -> int:
        return self._hash

    async def _run(self) -> None:
        worker, name = self.worker, self._follower.workspace
        try:
            member: Member | None = worker.state.state(name).member(self.user)
            if member is None:
                raise NotOwned("no such workspace")
            self.role = member.role
            self._room = room = worker.hub.enter(name, self)
        except (NotOwned, DatabaseCorrupt):
            self._send(None)
            return
        try:
            if self._after is not None and self._after > max(room.position, worker.state.position(name)):
                self._send(protocol.message("bad-position"))
                return
            view = View(True, self._follower.mirror is not None)
            subscription = Subscription(self, cast(System, worker), room, view, self._after, LIMITS, 1.0)
            with suppress(ConnectionError):
                await subscription.run()
                if not self._ended:
                    self._send(protocol.message("resync", position=subscription.position))
        except (NotOwned, DatabaseCorrupt):
            self._send(None)
        finally:
            worker.hub.leave(room, self)

    def _send(self, message: bytes | None) -> None:
        """A message, or the end of the connection."""
        if not self._ended:
            self._ended = message is None
            data = b"" if message is None else frame(message)
            self._follower.network.back(self.worker, self._line, self._follower.came, self._number, self, data)

    def write(self, data: bytes) -> bool:
        """See `views.feed.subscription.Reader`."""
        if self._ended:
            return True
        if self._unread > FULL:
            return False
        self._unread += len(data)
        self._follower.network.back(self.worker, self._line, self._follower.came, self._number, self, data)
        return True

    async def send(self, data: bytes) -> None:
        """The same, once there is room. Raises ConnectionError."""
        while not self.write(data):
            self._taken.clear()
            await self._taken.wait()
        if self._gone:
            raise ConnectionResetError

    def took(self, size: int) -> None:
        """The client has read so many bytes."""
        self._unread -= size
        self._taken.set()

    def left(self) -> None:
        """The client has gone."""
        self._ended = self._gone = True
        self._taken.set()
        self._task.cancel()

    def end(self, end: End) -> None:
        """Ends it; the client is told why."""
        self._send(None)
        self._task.cancel()


class Follower:
    """A client that follows a workspace through everything: it begins again from where it must."""

    def __init__(
        self, world: World, process: Process, network: Network, name: str, workspace: str, state: bool
    ) -> None:
        self._world, self._process, self.network = world, process, network
        self.name, self.workspace, self.user = name, workspace, "olga"
        self.mirror = Mirror() if state else None
        self.seen: list[Seen] = []
        self.first = 0
        self.position: int | None = None if state else 0
        self.connections = self.resyncs = 0
        self.wrong: list[str] = []
        self.reading = True
        self.quick = False
        """Reads at once, and stays: in the end."""
        self._unread: list[tuple[Session, bytes]] = []
        self._number = 0
        self._session: Session | None = None
        self._quiet = 1
        """The look to come is the one of this number in a row at which nothing has come; 0 if something has."""
        self._worker: Worker | None = None
        self._pages: list[dict[str, Any]] = []
        process.spawn(self._run())

    def followed(self) -> Followed:
        """What it was told."""
        return Followed(subscriber=self.name, workspace=self.workspace, after=self.first, seen=self.seen)

    async def _run(self) -> None:
        self._connect()
        while True:
            await asyncio.sleep(LOOK_SECONDS * (0.5 + self._world.rng.random()))
            chance = self._world.rng.random()
            dead = self._worker is None or not self._worker.process.alive
            ends = self._session is None or chance < IMPATIENT or self._quiet >= PATIENCE
            if dead or (self._quiet and ends):
                self._quiet = 0  # counted from the next look on
                self._connect()
            elif self.reading and chance > 0.85 and not self.quick:
                self.reading = False
            elif not self.reading:
                self._read_on()
            self._quiet += 1

    def _read_on(self) -> None:
        self.reading = True
        unread, self._unread = self._unread, []
        for session, data in unread:
            self._take(session, data)

    def _connect(self) -> None:
        if self._session is not None:
            self.network.forth(self._worker, None, self._session.left)
        self._number, self._session, self._pages, self._unread = self._number + 1, None, [], []
        self.connections += 1
        self._worker = self.network.choose()
        if self._worker is not None:
            self.network.forth(self._worker, None, Session, self._worker, self, self._number, self.position)

    def came(self, number: int, session: Session, data: bytes) -> None:
        """Bytes of a connection."""
        if number != self._number:
            return
        self._quiet = 0
        self._session = session
        if self.reading or not data:
            self._take(session, data)
        else:
            self._unread.append((session, data))

    def _take(self, session: Session, data: bytes) -> None:
        if not data:
            self._session = None
            self._number += 1
            delay = 0.02 if self.quick else RECONNECT_SECONDS * self._world.rng.random()
            self._process.call_later(delay, self._connect)
            return
        self.network.forth(session.worker, None, session.took, len(data))
        for message in _messages(data):
            self._told(_message(message), message)

    def _told(self, told: dict[str, Any], raw: bytes) -> None:
        match told["op"]:
            case "event":
                self._event(told["position"], raw)
            case "snapshot" if self.mirror is not None:
                self._pages.append(told)
                if not told["more"]:
                    self._whole(self.mirror)
            case "state" if self.mirror is not None:
                if told["position"] < (self.position or 0):
                    self.wrong.append(f"{self.name}: state of {told['position']} after {self.position}")
                self.mirror.apply(msgspec.convert(told, State))
                self.position = told["position"]
            case "caught-up":
                if told["position"] < (self.position or 0):
                    self.wrong.append(f"{self.name}: caught up at {told['position']} after {self.position}")
                self.position = told["position"]
            case "resync" | "bad-position":
                if told["op"] == "bad-position":
                    self.wrong.append(f"{self.name}: position {self.position} is too high for its owner")
                self.resyncs += 1
                self._connect()
            case _:
                pass

    def _event(self, position: int, raw: bytes) -> None:
        newest = self.seen[-1].position if self.seen else self.first
        if position <= newest and self.mirror is not None:
            return  # of a batch whose state was lost
        event = raw[raw.index(b'"event":{') + 8 : -1]
        self.seen.append(Seen(position, msgspec.json.decode(event)["id"], digest(event)))
        if self.mirror is None:
            self.position = position

    def _whole(self, mirror: Mirror) -> None:
        whole = self._pages[0] | {
            name: [one for page in self._pages for one in page[name]]
            for name in ("members", "projects", "tasks", "series", "reminders", "filters")
        }
        mirror.apply(msgspec.convert(whole, Snapshot))
        self.position = self.first = whole["position"]


def digest(data: bytes) -> str:
    """Stands for bytes."""
    return f"{zlib.crc32(data):x}-{len(data)}"


def _messages(data: bytes) -> list[bytes]:
    """The payloads of whole, unmasked, uncompressed frames."""
    found, at = [], 0
    while at < len(data):
        size, at = data[at + 1], at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(data[at : at + width]), at + width
        found.append(data[at : at + size])
        at += size
    return found
