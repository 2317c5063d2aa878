"""How many bytes of events an answer shows: what is too much is counted, and can be read with `GET …/events`."""

from collections.abc import Iterable
from typing import Final

import msgspec

EVENTS_BYTES: Final = 4 * 1024 * 1024
"""About how large an answer with events becomes; the rest is for the next request."""


class Room:
    """How many bytes of events an answer has left; shared by those that a batch shows."""

    def __init__(self, left: int = EVENTS_BYTES) -> None:
        self.left = left

    def first(self, events: Iterable[bytes]) -> list[msgspec.Raw]:
        """The first events that fit; no more are taken than one that does not."""
        shown = list[msgspec.Raw]()
        for event in events:
            if len(event) > self.left:
                break
            self.left -= len(event)
            shown.append(msgspec.Raw(event))
        return shown

    def fitting(self, events: Iterable[bytes]) -> tuple[list[msgspec.Raw], int]:
        """The first events that fit, and how many do not: all from the first one that is too large."""
        shown, left_out = list[msgspec.Raw](), 0
        for event in events:
            if left_out or len(event) > self.left:
                left_out += 1
            else:
                self.left -= len(event)
                shown.append(msgspec.Raw(event))
        return shown, left_out
