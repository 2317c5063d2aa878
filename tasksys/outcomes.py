"""Outcomes: what became of a command. Kept at least 7 days, under its workspace, actor and id."""

from enum import StrEnum

from msgspec import Struct

from tasksys.events import EventRecord
from tasksys.refusals import Refusal


class OutcomeStatus(StrEnum):
    """Pending exists only in answers: a command is decided once."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Outcome(Struct, frozen=True, gc=False, omit_defaults=True):
    """The outcome of a command. `first` and `last` are the positions of its events; 0 where there are none.

    `digest` is that of the payload as the client sent it; `position` is the workspace's after the decision.
    """

    id: str
    actor: str
    status: OutcomeStatus
    at: str
    digest: str = ""
    position: int = 0
    first: int = 0
    last: int = 0
    refusal: Refusal | None = None


class Decided(Struct, frozen=True, gc=False):
    """What became of one appended command: for whoever waits for it, by the name of the waiting request.

    `replayed` is True where the outcome is that of an earlier command with the same key; `events` are empty then.
    """

    request: str
    outcome: Outcome
    events: tuple[EventRecord, ...]
    replayed: bool


class DeadLetter(Struct, frozen=True, gc=False, omit_defaults=True):
    """A record that could not be folded, as it was, and why. `at_ms` is Unix time in milliseconds."""

    offset: int
    at_ms: int
    reason: str
    key: bytes | None
    value: bytes | None
    workspace: str = ""
    actor: str = ""
    command: str = ""
