"""The row that says how far a table's source is folded: the last one of every batch, which so tells where one ends."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from streams.fold import Changes, Rows

APPLIED: Final = b"\x00applied"
"""Its key. The row is the offset of the first source record that is not applied yet, as 8 bytes."""


class Keyed(Protocol):
    """A record of a changelog, ours or aiokafka's."""

    @property
    def key(self) -> bytes | None: ...


def applied(rows: Rows | Mapping[bytes, bytes]) -> int:
    """The offset up to which the source is folded into the rows; 0 where nothing was."""
    return int.from_bytes(rows.get(APPLIED) or b"")


def row(position: int) -> Changes:
    """The row that says so."""
    return {APPLIED: position.to_bytes(8)}


def whole(records: Sequence[Keyed]) -> int:
    """How many of a changelog's records, from the first on, are whole batches."""
    return next((count for count in range(len(records), 0, -1) if records[count - 1].key == APPLIED), 0)
