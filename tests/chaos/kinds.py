"""What can be wrong with a history, by name."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The ways in which a run can be wrong."""

    LOST = "lost"
    DOUBLED = "doubled"
    REFUSED_LEFT = "refused-left-something"
    UNASKED = "unasked"
    UNDECIDED = "undecided"
    ANSWER_DIFFERS = "answer-differs-from-log"
    REPEAT_DIFFERS = "repeat-differs"
    GAP = "gap"
    ID_TWICE = "id-twice"
    TIME_BACKWARDS = "time-backwards"
    FIRED_TWICE = "fired-twice"
    NOT_FIRED = "not-fired"
    OUT_OF_ORDER = "out-of-order"
    READ_YOUR_WRITES = "read-your-writes"
    NOT_MONOTONIC = "not-monotonic"
    STALE = "stale"
    STALE_UNASKED = "stale-unasked"
    NEVER_WAS = "never-was"
    FEED_GAP = "feed-gap"
    FEED_REPEAT = "feed-repeat"
    FEED_DIFFERS = "feed-differs"
    FEED_SHORT = "feed-short"
    STATE_DIFFERS = "state-differs"
    AUDIT_BROKEN = "audit-broken"
    REPLAY_DIFFERS = "replay-differs"
    COMPLAINT = "complaint"


class Violation(NamedTuple):
    """One promise that was broken, and by what."""

    kind: Kind
    workspace: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} in {self.workspace or 'all'}: {self.what}"


Command = tuple[str, str]
"""Actor and key, which name a command within its workspace."""

Problem = tuple[Kind, str]
