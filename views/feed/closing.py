"""Why connections end: close codes, and reasons that say what to do."""

from typing import Final, NamedTuple

from monitoring import metrics


class End(NamedTuple):
    """A close code and its reason, at most 123 bytes."""

    code: int
    reason: str


STOPPING: Final = End(1001, "The server stops; connect again in a moment.")
BROKEN: Final = End(1011, "A fault of the server; connect again in a moment.")
NOT_JSON: Final = End(4400, "Not the protocol: send one JSON object a message, with an op that there is.")
EXPIRED: Final = End(4401, "The token has expired; connect again with a new one.")
NO_MEMBER: Final = End(4403, "You are no member of this workspace any more.")
SILENT: Final = End(4408, "Nothing came for too long; connect again.")
MOVED: Final = End(4409, "The workspace is served anew, or elsewhere; connect again and go on from your position.")
TOO_MANY: Final = End(4429, "Too many messages; connect again and send them slower.")

_CLOSED: Final = {
    end.code: metrics.FEED_CLOSED.labels(str(end.code))
    for end in (STOPPING, BROKEN, NOT_JSON, EXPIRED, NO_MEMBER, SILENT, MOVED, TOO_MANY)
}
_OTHER: Final = metrics.FEED_CLOSED.labels("other")


def count(code: int) -> None:
    """One more connection was closed by the server with this code."""
    _CLOSED.get(code, _OTHER).inc()
