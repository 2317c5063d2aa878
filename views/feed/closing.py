"""Why connections end: close codes, and reasons that say what to do."""

from typing import Final, NamedTuple


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
