"""Outcomes: what became of a command. Kept at least 7 days, under its workspace, actor and id."""

from enum import StrEnum

from msgspec import Struct

from tasksys.refusals import Refusal


class OutcomeStatus(StrEnum):
    """Pending exists only in answers: a command is decided once."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Outcome(Struct, frozen=True, omit_defaults=True):
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
