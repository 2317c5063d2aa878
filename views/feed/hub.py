"""Who is connected to which workspace, and what happens there: told to all of them, as soon as it is durable."""

import asyncio
import logging
from collections import Counter
from time import perf_counter
from typing import Final, Protocol

from aiohttp import web

from monitoring import metrics, tracing
from tasksys.errors import NotOwned
from tasksys.rows import Member, Workspace
from tasksys.values import Role
from views.feed import closing
from views.feed.burst import Burst, Encoded, View, joined
from views.feed.closing import End
from views.feed.limits import Limits
from views.feed.presence import Presences
from views.ports import Committed, System

logger = logging.getLogger(__name__)

GATHER_SECONDS: Final = 0.02
"""What happens within this time of the last write is written at once: at 100 events a second a client costs half the
writes, and nobody sees the difference. After a pause nothing waits."""

LONGEST_GATHER: Final = 0.1
SHARE: Final = 4.0
"""Where writing to all takes long (8 ms for a thousand clients) the next time waits for so many times as long, so that
the feed of a crowd leaves most of the time to others."""


class Subscriber(Protocol):
    """A client that follows a workspace."""

    @property
    def user(self) -> str:
        """Who it is."""
        ...

    @property
    def role(self) -> Role:
        """Their role now."""
        ...

    @property
    def view(self) -> View:
        """What it wants to be told."""
        ...

    @property
    def start(self) -> int:
        """The position up to which it has everything, or gets it from elsewhere."""
        ...

    def deliver(self, encoded: Encoded) -> None:
        """What has happened; must not block."""
        ...


class Connection(Protocol):
    """A connection to a workspace, whether it has subscribed or not."""

    user: str
    role: Role

    def end(self, end: End) -> None:
        """Ends it: nothing is sent any more but why."""
        ...


class Room:
    """One workspace, while anybody is connected to it."""

    def __init__(self, system: System, name: str) -> None:
        self.name = name
        self.position = system.state.position(name)
        self.connections: set[Connection] = set()
        self.subscribers: dict[Subscriber, None] = {}
        self.presences = Presences()
        self._stateful = 0
        self._system = system
        self._workspace = _plain(system.state.state(name).workspace)
        self._waiting: list[Burst] = []
        self._traced: list[tracing.Context] = []
        """The sampled traces of what waits."""
        self._since: list[float] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._written, self._gather = 0.0, GATHER_SECONDS

    def attach(self, subscriber: Subscriber) -> int:
        """Tells the subscriber what happens from now on; the position that this begins after.

        What is durable already may be told yet: who has read that must say so by its `start`.
        """
        self.flush()
        if subscriber not in self.subscribers:
            self.subscribers[subscriber] = None
            self._stateful += subscriber.view.state
        return self.position

    def detach(self, subscriber: Subscriber) -> None:
        """Ends that."""
        if subscriber in self.subscribers:
            del self.subscribers[subscriber]
            self._stateful -= subscriber.view.state

    def committed(self, batch: Committed) -> None:
        """Tells what a batch did. Who is no member any more is not told, and neither of what waits."""
        changed, happened = batch.changed.get(self.name, {}), batch.happened.get(self.name, ())
        if not happened or happened[-1][0].position <= self.position:
            return  # this room was opened when the batch was durable already
        before, first = self.position, happened[0][0].position
        if first != before + 1:
            logger.error(
                "the feed of %s goes on at %d after %d; its clients connect anew", self.name, first, before,
                extra={"component": "feed", "workspace": self.name},
            )  # fmt: skip
            self.end(closing.MOVED)
            return
        try:
            state = self._system.state.state(self.name)
        except NotOwned:  # it is given away in this moment
            self.end(closing.MOVED)
            return
        for connection in tuple(self.connections):
            if (Member.kind, connection.user) in changed:
                member = state.member(connection.user)
                if member is None:
                    connection.end(closing.NO_MEMBER)
                else:
                    connection.role = member.role
        self.position = happened[-1][0].position
        workspace, plain = state.workspace, _plain(state.workspace)
        roles = any(kind == Member.kind for kind, _ in changed)
        known, self._workspace = self._workspace, plain
        if not self.subscribers:
            return
        shown = workspace if roles or plain != known else None
        self._since.append(perf_counter())
        self._waiting.append(Burst(self.name, before, happened, changed, state, shown, bool(self._stateful)))
        if traced := batch.traced.get(self.name):
            self._traced += dict.fromkeys(traced.values())  # one of each command
        if self._alarm is None:
            wait = self._written + self._gather - self._loop.time()
            self._alarm = self._loop.call_later(max(wait, 0.0), self.flush)

    def flush(self) -> None:
        """Hands what waits to the subscribers."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        bursts, self._waiting = self._waiting, []
        since, self._since = self._since, []
        if not bursts:
            return
        traced, self._traced = self._traced, []
        began = tracing.clock() if traced else 0
        self._written = self._loop.time()
        shared: dict[tuple[View, Role], Encoded] = {}
        owners = frozenset[str]().union(*(burst.owners for burst in bursts))
        sent = 0
        for one in tuple(self.subscribers):
            view, user, role, start = one.view, one.user, one.role, one.start
            alike = start <= bursts[0].before and user not in owners
            encoded = shared.get((view, role)) if alike else None
            if encoded is None:
                told = [burst for burst in bursts if burst.position > start]
                if not told:
                    continue
                encoded = joined([burst.encoded(view, user, role, start) for burst in told])
                if alike:
                    shared[view, role] = encoded
            one.deliver(encoded)
            sent += encoded.messages
        metrics.FEED_MESSAGES.inc(sent)
        for context in traced:
            span = tracing.start("feed push", tracing.Kind.PRODUCER, context, at=began)
            if span is not None:
                clients = len(self.subscribers)
                span.set({"tasksys.workspace": self.name, "tasksys.clients": clients, "tasksys.messages": sent})
                span.end()
        now, exemplar = perf_counter(), None if not traced else tracing.exemplar_of(traced[0])
        for durable in since:
            metrics.FEED_SECONDS.observe(now - durable, exemplar)
        spent = self._loop.time() - self._written
        self._gather = min(LONGEST_GATHER, max(GATHER_SECONDS, SHARE * spent))

    def end(self, end: End) -> None:
        """Ends every connection."""
        for connection in tuple(self.connections):
            connection.end(end)

    def close(self) -> None:
        """Nobody is here any more."""
        if self._alarm is not None:
            self._alarm.cancel()
        self.presences.close()


class Hub:
    """All rooms of a server."""

    def __init__(self, system: System, limits: Limits) -> None:
        self.limits = limits
        self.rooms: dict[str, Room] = {}
        self.users: Counter[str] = Counter()
        """How many connections each user has."""
        self._system = system
        self._unfollow = system.follow(self._committed, self._broken)

    def enter(self, name: str, connection: Connection) -> Room:
        """The connection's room. Raises NotOwned."""
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = Room(self._system, name)
        room.connections.add(connection)
        self.users[connection.user] += 1
        return room

    def leave(self, room: Room, connection: Connection) -> None:
        """The connection is over."""
        room.connections.discard(connection)
        self.users[connection.user] -= 1
        if not self.users[connection.user]:
            del self.users[connection.user]
        if not room.connections:
            room.close()
            if self.rooms.get(room.name) is room:
                del self.rooms[room.name]

    def stop(self) -> None:
        """The server stops: every client is told to connect to another one, or later."""
        self._unfollow()
        for room in list(self.rooms.values()):
            room.end(closing.STOPPING)

    def _committed(self, batch: Committed) -> None:
        for name in batch.happened:
            room = self.rooms.get(name)
            if room is not None:
                try:
                    room.committed(batch)
                except Exception:  # who has missed something must not go on as if nothing had happened
                    room.end(closing.MOVED)
                    raise

    def _broken(self, partition: int) -> None:
        for room in list(self.rooms.values()):
            if self._system.partition(room.name) == partition:
                room.end(closing.MOVED)
                del self.rooms[room.name]


def _plain(row: Workspace | None) -> object:
    """The workspace's row but for what every event changes."""
    return row and (row.name, row.time_zone, row.reminder_hour, row.members, row.version)


HUB: Final = web.AppKey("feed", Hub)
