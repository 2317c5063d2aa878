"""Where and when an event stands: what `evolve` may know besides the event."""

from typing import NamedTuple


class Stamp(NamedTuple):
    """The event's workspace, position, instant and actor."""

    workspace: str
    position: int
    at: str
    actor: str
