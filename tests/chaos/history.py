"""What happened in a run, as facts to be judged: what clients asked and were answered, what subscribers were told, and
the truth that stands at the end. Whoever runs a system under faults fills it in, with real or with simulated clients.

All instants are of one clock that never runs backwards, in seconds. Positions are a workspace's, from 1; 0 says that
none was told. It is written and read as JSON, so that a run that failed can be judged again.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct, field


class Fate(StrEnum):
    """What its client knows of an attempt to write."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """Decided, with nothing that follows from it."""
    APPENDED = "appended"
    """In the log, as the answer says; what was decided has to be asked for (202)."""
    UNKNOWN = "unknown"
    """No answer, or one that leaves it open whether the command was appended."""


class Write(Struct, frozen=True, kw_only=True):
    """One attempt at a command. Attempts under the same workspace, actor and `command` (the key) are the same command.

    An answer from asking for the outcome later is an attempt, too.
    """

    client: str
    workspace: str
    actor: str
    command: str
    began: float
    ended: float
    fate: Fate
    first: int = 0
    """Positions of its events, where the answer tells them."""
    last: int = 0
    position: int = 0
    """The workspace's, that the answer shows."""
    replayed: bool = False
    """Whether the answer says that it is an earlier outcome: its position is of then, not of now."""
    effective: bool = True
    """False for a command that may be accepted without an event."""
    shown: str = ""
    """Stands for all that a repeated answer has to say again; blank if nothing is compared."""
    via: str = ""
    """The worker that was asked."""
    keyless: bool = False
    """Whether its client gave it no key: `command` is a text in it that is in no other one. Attempts after the first
    one are under the key that the server gave it."""


class Read(Struct, frozen=True, kw_only=True):
    """One answered read: things as they were at a position."""

    client: str
    workspace: str
    began: float
    ended: float
    position: int
    rows: dict[str, int] = field(default_factory=dict)
    """The version of each thing that it asked about; 0 for what was not there."""
    at_least: int = 0
    """The position that the client insisted on."""
    asked: bool = False
    """Whether its client said that it may be answered by who is not the owner."""
    stale: bool = False
    """Whether the answer says that it may be old."""
    via: str = ""


class Seen(Struct, frozen=True):
    """An event as a subscriber was told it."""

    position: int
    id: str
    digest: str
    """Stands for its bytes; blank if the subscriber does not see them."""


class Followed(Struct, frozen=True, kw_only=True):
    """All that one subscriber was told, over all its connections, in the order in which it came.

    `complete` says that it was there to the end, when everything was at rest: then it must have seen everything.
    """

    subscriber: str
    workspace: str
    after: int
    seen: list[Seen]
    complete: bool = True


class Event(Struct, frozen=True, kw_only=True):
    """An event as it stands in the log. `origin` is the place of the command that it was decided by."""

    position: int
    id: str
    origin: str
    actor: str
    command: str
    digest: str
    at: str = ""
    thing: str = ""
    """What it is about, whose version it makes `version`."""
    version: int = 0
    fires: str = ""
    """The reminder and the instant, if it says that one has fired."""
    text: str = ""
    """What a client wrote there, by which its command is known if it has no key."""


class Shown(Struct, frozen=True, kw_only=True):
    """A workspace as one worker shows it in the end: a digest of each thing, by name."""

    worker: str
    position: int
    rows: dict[str, str]


class Audited(Struct, frozen=True, kw_only=True):
    """What the verification of the hash chain said: so many events, and what is broken."""

    worker: str
    verified: int
    broken: str = ""


class Space(Struct, frozen=True, kw_only=True):
    """The truth about a workspace, when everything is at rest."""

    log: list[Event]
    """Read from the log itself, in its order."""
    folded: dict[str, str]
    """What the events make of it, by the pure fold: as `Shown.rows`."""
    shown: list[Shown] = field(default_factory=list)
    audited: list[Audited] = field(default_factory=list)
    due: list[str] = field(default_factory=list)
    """What must have fired by now, as `Event.fires`."""


class Trouble(Struct, frozen=True):
    """A time in which a worker need not know who has what: its way to the brokers was broken, or it was itself.

    `worker` is blank where it was all of them, as when brokers were broken.
    """

    worker: str
    began: float
    ended: float


class History(Struct, kw_only=True):
    """A run. `others` are the actors beside the clients: the clock."""

    writes: list[Write] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    followed: list[Followed] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    spaces: dict[str, Space] = field(default_factory=dict)
    differences: dict[str, int] = field(default_factory=dict)
    """Rows that a replay found to differ, by agent or worker."""
    others: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What else went wrong, as whoever ran it says: a worker that did not come back, a refusal that had no reason."""

    def save(self, path: Path) -> None:
        """Writes it as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)))

    @staticmethod
    def load(path: Path) -> History:
        """The history in a file. Raises msgspec.ValidationError."""
        return msgspec.json.decode(path.read_bytes(), type=History)


def called(log: Sequence[Event], writes: Sequence[Write]) -> list[tuple[str, str]]:
    """Actor and command of each event, as the client of the command names it."""
    texts = {(one.actor, one.command) for one in writes if one.keyless}
    return [(one.actor, one.text if (one.actor, one.text) in texts else one.command) for one in log]
