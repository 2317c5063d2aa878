"""A record, its bytes on disk, and where everything lies in the database.

| key | value |
| --- | --- |
| `f` | the format's number |
| `t/` topic | its configuration |
| `p/` topic NUL partition | the partition's state: five numbers, see partition.py |
| `l/` topic NUL partition offset | a record |
| `c/` group NUL topic NUL partition | a committed offset |
| `k/` topic NUL partition key | compacted topics: the offset of the key's newest record, see expiry.py |
| `d/` topic NUL partition offset | compacted topics: a tombstone's key, until the tombstone goes too |
| `s/` table NUL partition key | a row, see rows.py |

Partitions are 4 bytes, offsets 8, big-endian, so that keys sort as numbers do.
"""

import struct
from collections.abc import Iterable

import msgspec

from streams.fold import Headers

FORMAT = 1
FORMAT_KEY = b"f"
TOPICS = b"t/"
STATES = b"p/"
RECORDS = b"l/"
COMMITS = b"c/"
NEWEST = b"k/"
TOMBSTONES = b"d/"

OFFSET = struct.Struct(">Q")
_PARTITION = struct.Struct(">I")


encode_record = msgspec.msgpack.Encoder().encode
"""(timestamp_ms, key, value, headers) -> bytes."""

decode_record = msgspec.msgpack.Decoder(tuple[int, bytes | None, bytes | None, Headers]).decode
"""The reverse."""


def place(kind: bytes, topic: str, partition: int) -> bytes:
    """How the keys of one kind begin for one partition."""
    return kind + topic.encode() + b"\0" + _PARTITION.pack(partition)


def parse_place(key: bytes) -> tuple[str, int]:
    """(topic, partition) of a key that is a place without its kind."""
    return key[:-5].decode(), _PARTITION.unpack(key[-4:])[0]


def commit_key(group: str, topic: str, partition: int) -> bytes:
    """Where a group's position in a partition is kept."""
    return COMMITS + group.encode() + b"\0" + topic.encode() + b"\0" + _PARTITION.pack(partition)


def parse_commit_key(key: bytes) -> tuple[str, str, int]:
    """(group, topic, partition) of a key without its kind."""
    names, partition = key[:-4], _PARTITION.unpack(key[-4:])[0]
    group, topic = names[:-1].split(b"\0")
    return group.decode(), topic.decode(), partition


def checked_headers(headers: Iterable[tuple[str, bytes]]) -> Headers:
    """The headers as they are kept. Raises TypeError for anything but pairs of str and bytes."""
    kept = tuple((name, value) for name, value in headers)
    for name, value in kept:
        if not isinstance(name, str) or not isinstance(value, bytes):
            raise TypeError(f"a header must be a pair of str and bytes, not {name!r}: {value!r}")
    return kept
