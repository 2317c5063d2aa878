"""The records of an import, on their way through the log of commands: a workspace in parts, packed."""

from typing import Final
from zlib import compress, decompressobj

import msgspec

from streams.topics import MEBI
from tasksys.outcomes import DeadLetter

PAGE_BYTES: Final = 64 * MEBI
"""A part is never larger, unpacked."""


class Begin(msgspec.Struct, tag=True):
    """Asks how far the import has got: its row is written anew."""


class Events(msgspec.Struct, tag=True):
    """Stored events, from a position on."""

    first: int
    events: list[bytes]


class Outcomes(msgspec.Struct, tag=True):
    """Outcomes of commands as they are stored, by actor and id."""

    rows: list[tuple[str, str, bytes]]


class Letter(msgspec.Struct, tag=True):
    """A dead letter; they are numbered from 0."""

    number: int
    letter: DeadLetter


class Finish(msgspec.Struct, tag=True):
    """Everything up to that position, and so many letters, must be there; the workspace is shown."""

    position: int
    letters: int


class Proceed(msgspec.Struct, tag=True):
    """Nothing in itself: with every batch some of the events follow that are to follow."""


Part = Begin | Events | Outcomes | Letter | Finish | Proceed


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Part).decode


def encode(part: Part) -> bytes:
    """The value of a record of an import."""
    return compress(_encode(part))


def decode(value: bytes) -> Part:
    """The part in a record. Raises ValueError or zlib.error if it is none."""
    unpack = decompressobj()
    unpacked = unpack.decompress(value, PAGE_BYTES)
    if not unpack.eof:
        raise ValueError(f"a page is cut, or larger than {PAGE_BYTES:,} bytes")
    part: Part = _decode(unpacked)
    return part
