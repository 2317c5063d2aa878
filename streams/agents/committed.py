"""What a batch of commands did, for those who are told of it once it is durable."""

from typing import Final, NamedTuple

from monitoring import tracing
from tasksys.events import EventRecord
from tasksys.outcomes import Decided
from tasksys.rows import Row
from tasksys.state import Key

UNREADABLE: Final = "unreadable"
"""Stands for the type of what is no command."""

Tally = dict[tuple[str, str, str], int]
"""How many commands of a type (or UNREADABLE) came to an outcome: `accepted`, `refused`, `replayed` where one stood
already, or `dead`; with the code of a refusal, else blank."""


class Committed(NamedTuple):
    """What a batch did, once it is durable: outcomes in order, and by workspace the rows that changed and the events.

    Each event comes with its bytes as they stand in the log. `letters` says that there are other dead letters now.
    """

    partition: int
    decided: list[Decided]
    changed: dict[str, dict[Key, Row | None]]
    happened: dict[str, list[tuple[EventRecord, bytes]]]
    tally: Tally = {}  # noqa: RUF012  (never changed)
    letters: bool = False
    traced: dict[str, dict[int, tracing.Context]] = {}  # noqa: RUF012  (never changed)
    """The sampled traces that events belong to, by workspace and position: nearly always none."""
