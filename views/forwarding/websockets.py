"""Where the frames of a WebSocket end (RFC 6455), so that a stream of them can be ended between two."""

from typing import Final

HELD: Final = 1024 * 1024
"""Bytes of a frame that is held until it is whole; a larger one is passed on as it comes."""

CLOSE: Final = 0x8


class Frames:
    """Cuts one direction's bytes at the ends of frames."""

    def __init__(self) -> None:
        self.closed = False
        """True once a close frame has passed."""
        self._held = b""
        self._left = 0

    @property
    def between(self) -> bool:
        """Whether what was passed on ends with a frame."""
        return not self._left

    def feed(self, data: bytes) -> bytes:
        """What can be passed on now: frames that are whole."""
        data = self._held + data if self._held else data
        at = min(self._left, len(data))
        self._left -= at
        while (end := _end(data, at)) is not None:
            if end > len(data):
                if end - at > HELD:
                    self._left, at = end - len(data), len(data)
                break
            self.closed = self.closed or data[at] & 0xF == CLOSE
            at = end
        self._held = data[at:]
        return data[:at] if self._held else data


def _end(data: bytes, at: int) -> int | None:
    """Where the frame that begins there ends; None while its head is not whole."""
    if len(data) < at + 2:
        return None
    masked, size = data[at + 1] & 0x80, data[at + 1] & 0x7F
    head = at + 2
    if size >= 126:
        more = 2 if size == 126 else 8
        if len(data) < head + more:
            return None
        size = int.from_bytes(data[head : head + more])
        head += more
    return head + (4 if masked else 0) + size
