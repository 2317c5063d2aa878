"""What ends a live connection for good, or a command; everything else is tried again."""

from typing import Any


class FeedError(Exception):
    """Base of the client's errors."""


class Unreachable(FeedError):
    """No server answered at the first try. Start one, or check the address."""


class Refused(FeedError):
    """The server does not want this connection: `code` is an HTTP status or a close code, the message says why.

    4401: the token has expired; give the client a function for tokens, and it fetches a new one. 403, 404 and 4403: not
    a member of the workspace.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class CommandFailed(FeedError):
    """A command that cannot be, such as one with a wrong field: `problem` says what. Nothing was appended."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail", problem.get("title", ""))))
        self.problem = problem
