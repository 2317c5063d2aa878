"""How asking another worker can fail, as far as it matters to who asks."""

import os


class Misdirected(Exception):
    """It has not got the partition, as far as it knows; nothing was done. Look anew, and ask again."""


class Unreached(Exception):
    """There is no answer. `begun` says whether the request may have reached it and been acted upon."""

    def __init__(self, why: str, begun: bool) -> None:
        super().__init__(why)
        self.begun = begun


def why(error: Exception) -> str:
    """In a few words, without addresses: whoever reads it has been told whom it is about."""
    return os.strerror(number) if (number := getattr(error, "errno", None)) else type(error).__name__
