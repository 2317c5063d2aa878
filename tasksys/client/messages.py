"""The messages that a client is told, typed. Fields that a newer server adds are ignored, and messages too."""

from typing import Any, Final

import msgspec
from msgspec import Struct

Json = dict[str, Any]
"""A resource, as the HTTP API shows it."""


class Event(Struct, frozen=True):
    """Something that happened, as it stands in the log."""

    position: int
    id: str
    type: str
    at: str
    actor: str
    command: str
    task: str | None
    version: int | None
    data: Json
    schema: int
    source: str = ""
    undoes: int | None = None


class Removed(Struct, frozen=True):
    """Something that is gone; a comment with its task, for its id is unique there."""

    kind: str
    id: str
    task: str | None = None


class Snapshot(Struct, frozen=True, tag_field="op", tag="snapshot"):
    """All there is at a position; `reminders` are one's own. Pages are put together before they are given."""

    position: int
    members: list[Json]
    projects: list[Json]
    tasks: list[Json]
    series: list[Json]
    reminders: list[Json]
    filters: list[Json]
    workspace: Json | None = None
    more: bool = False


class State(Struct, frozen=True, tag_field="op", tag="state"):
    """What rows that changed are now, whole; each replaces what was known under its id."""

    position: int
    workspace: Json | None = None
    members: list[Json] = []
    projects: list[Json] = []
    tasks: list[Json] = []
    comments: list[Json] = []
    series: list[Json] = []
    reminders: list[Json] = []
    filters: list[Json] = []
    removed: list[Removed] = []


class CaughtUp(Struct, frozen=True, tag_field="op", tag="caught-up"):
    """What was there has been told; what follows happens now. It comes again after each new connection."""

    position: int


class Person(Struct, frozen=True):
    """Somebody who is here, by connection, and where they are."""

    client: str
    user: str
    where: Json | None


class Presence(Struct, frozen=True, tag_field="op", tag="presence"):
    """Who has come or moved, and which connections are gone."""

    here: list[Person]
    gone: list[str]


class Reminder(Struct, frozen=True, tag_field="op", tag="reminder"):
    """A reminder of one's own fired just now. `key` is the firing's, the same on every channel."""

    reminder: Json
    task: Json
    key: str


class Outcome(Struct, frozen=True):
    """What became of a command; `replayed` if it was decided before."""

    id: str
    status: str
    events: list[Event]
    problem: Json | None
    replayed: bool = False


class Hello(Struct, frozen=True, tag_field="op", tag="hello"):
    """The first message of a connection."""

    client: str
    user: str
    role: str
    position: int


class Happened(Struct, frozen=True, tag_field="op", tag="event"):
    """An event, as a message."""

    position: int
    event: Event


class Decided(Struct, frozen=True, tag_field="op", tag="outcome"):
    """An outcome, as a message."""

    outcome: Outcome


class Resync(Struct, frozen=True, tag_field="op", tag="resync"):
    """The server dropped what waited for us."""

    position: int


class Error(Struct, frozen=True, tag_field="op", tag="error"):
    """What we sent cannot be."""

    problem: Json
    re: str | None = None
    id: str | None = None


class Pong(Struct, frozen=True, tag_field="op", tag="pong"):
    """An answer to a ping."""


Told = Hello | Snapshot | State | Happened | CaughtUp | Presence | Reminder | Decided | Resync | Error | Pong
Message = Snapshot | State | Event | CaughtUp | Presence | Reminder
"""What iterations give."""


class _Op(Struct):
    op: str


_OPS: Final = frozenset({
    "hello", "snapshot", "state", "event", "caught-up", "presence", "reminder", "outcome", "resync", "error", "pong",
})  # fmt: skip
_op = msgspec.json.Decoder(_Op).decode
_told = msgspec.json.Decoder(Told).decode


def read(text: bytes | str) -> Told | None:
    """The message in a text; None for one that this release does not know. Raises msgspec.DecodeError."""
    if _op(text).op not in _OPS:
        return None
    found: Told = _told(text)
    return found
