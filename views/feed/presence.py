"""Who is here, and what they look at: kept in memory, told to the others of a workspace, and forgotten with them.

A connection is here from its first message of presence on: programs that only follow are not people.
"""

import asyncio
from typing import Any, Final, Protocol

import msgspec

from tasksys import codec
from views.feed.frames import frame
from views.feed.protocol import Where

HEAD: Final = b'{"op":"presence"'
CROWD: Final = 100
"""Where more are here than this, changes are gathered for longer in proportion: each is told to all others."""


class Person(Protocol):
    """A connection that can be told of others."""

    client: str
    user: str

    def hint(self, data: bytes) -> bool:
        """Sends a frame if the client reads what it is sent; else False, and it is lost."""
        ...


class Presences:
    """Who is here in one workspace."""

    def __init__(self) -> None:
        self._here: dict[str, bytes] = {}
        self._watching: dict[Person, set[str]] = {}
        """Those who are told, with the connections whose changes they missed."""
        self._changed: set[str] = set()
        self._alarm: asyncio.TimerHandle | None = None

    def watch(self, person: Person) -> bytes:
        """Tells the person of changes from now on; the message that says who is here."""
        self._watching[person] = set()
        return self._said(self._here, person.client)

    def set(self, person: Person, where: Where | None, gather: float) -> None:
        """The person is here."""
        entry: dict[str, Any] = {"client": person.client, "user": person.user, "where": where}
        self._here[person.client] = codec.encode_json(entry)
        self._change(person.client, gather)

    def leave(self, person: Person, gather: float) -> None:
        """The person is here no more, and is told nothing."""
        self._watching.pop(person, None)
        if self._here.pop(person.client, None) is not None:
            self._change(person.client, gather)

    def close(self) -> None:
        """Nobody is left to be told."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _change(self, client: str, gather: float) -> None:
        self._changed.add(client)
        if self._alarm is None:
            wait = gather * max(1.0, len(self._here) / CROWD)
            self._alarm = asyncio.get_running_loop().call_later(wait, self._tell)

    def _tell(self) -> None:
        self._alarm = None
        changed, self._changed = self._changed, set()
        shared: bytes | None = None
        for person, missed in self._watching.items():
            if missed or person.client in changed:
                data = self._said(changed | missed, person.client)
            else:
                shared = data = self._said(changed, "") if shared is None else shared
            if not data or person.hint(data):
                missed.clear()
            else:
                missed |= changed

    def _said(self, clients: Any, without: str) -> bytes:
        """The frame that says what became of those connections; nothing for nobody, unless everybody is asked for."""
        here = [self._here[client] for client in clients if client in self._here and client != without]
        gone = [client for client in clients if client not in self._here and client != without]
        if not here and not gone and clients is not self._here:
            return b""
        return frame(b'%b,"here":[%b],"gone":%b}' % (HEAD, b",".join(here), msgspec.json.encode(gone)))
