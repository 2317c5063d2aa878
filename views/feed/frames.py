"""Messages as WebSocket frames (RFC 6455, 7692): bytes that are the same for every client, so they are made once.

A server's frames are not masked. A compressed message refers to nothing before it (its compressor is flushed in full),
so all who negotiated compression can read it, whatever they remember, and it is compressed once for all of them.
"""

import struct
import zlib
from typing import Final

TEXT: Final = 0x81
CLOSE: Final = 0x88
COMPRESSED: Final = 0x40

SMALLEST: Final = 128
"""Bytes of a message below which compression saves less than it costs."""

LEVEL: Final = 3
WINDOW: Final = 15
"""Bits of the window; with a client that asks for a smaller one nothing is compressed."""

_compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW)


def frame(payload: bytes, deflate: bool = False) -> bytes:
    """A text message as one frame."""
    first = TEXT
    if deflate and len(payload) >= SMALLEST:
        # A full flush ends at a byte's edge with an empty block, which the frame leaves out, and forgets the past.
        payload = (_compressor.compress(payload) + _compressor.flush(zlib.Z_FULL_FLUSH))[:-4]
        first |= COMPRESSED
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, 126, size)
    else:
        head = struct.pack("!BBQ", first, 127, size)
    return head + payload


def close_frame(code: int, reason: str) -> bytes:
    """The frame that ends a connection."""
    payload = struct.pack("!H", code) + reason.encode()
    return struct.pack("!BB", CLOSE, len(payload)) + payload
