"""What a table says of itself, held against what its topics have: before it is recovered, and before it is folded on.

Offsets alone tie a table to its topics, and a topic can lose records: it was deleted and made again, a broker lost its
end, somebody removed its beginning, compaction forgot that rows were deleted. To fold on as if nothing had happened
would be to decide on a state that never was. So rows that the changelog cannot be behind, or cannot bring up to date,
are thrown away and recovered; and where the source is not what was folded, or no table can be recovered, the partition
stands still and says so, until an operator has looked.

A topic that was made again and has grown beyond the old offsets before anybody looked is not told apart by them.
"""

from typing import Final, NamedTuple

FORGETS_SECONDS: Final = 12 * 3600.0
"""Rows that were written so long ago, and are behind, may contain what was deleted since: a changelog keeps what says
so for a day (Kafka's delete.retention.ms) after it was compacted, and the reading of it takes time, too."""

REMEDY: Final = (
    "Look at what became of the topic. If it can be brought back as it was, do that and restart this worker; "
    "if not, the other topics have to be brought back to the same moment, from a backup."
)


MISSING: Final = f"{{}} is not there any more: it was deleted. {REMEDY}"

WORDS: Final = {
    "ahead": "newer than their changelog",
    "undone": "of a transaction that was aborted, though its commit had been answered",
    "old": "behind it, and so old that what was deleted since may be forgotten",
}
"""The reasons for which rows are thrown away, in words."""


class Held(NamedTuple):
    """What a table on disk says of itself: the changelog offset that its rows contain, and when that was written."""

    offset: int
    written_ms: int


def unfit(held: Held, end: int, now_ms: int) -> str | None:
    """Why rows on disk must be thrown away before they are recovered, as `Measures.rebuilt` counts it; None if not.

    `end` is the changelog's last stable offset.
    """
    if held.offset >= end:
        return "ahead"
    if held.offset + 1 < end and now_ms - held.written_ms > FORGETS_SECONDS * 1000:
        return "old"
    return None


def gap(changelog: str, held: Held | None, first: int) -> str | None:
    """Why the rows cannot be recovered from the changelog, which begins at `first`; None if they can be."""
    reached = -1 if held is None else held.offset
    if reached + 1 < first:
        return (
            f"{changelog} begins at offset {first}, and what came after {reached} is gone: rows are missing. {REMEDY}"
        )
    return None


class Source(NamedTuple):
    """A partition of a source, from its first offset to its last stable one."""

    name: str
    first: int
    end: int
    kept: bool
    """Whether its records are never removed."""


def astray(source: Source, applied: int, committed: int) -> str | None:
    """Why a recovered table cannot be folded on; None if it can be.

    `applied` is the table's own position, 0 if it has none, `committed` the group's.
    """
    if applied > source.end:
        return (
            f"{source.name} ends at offset {source.end}, but what is there up to {applied} was folded already: it was "
            f"deleted and made again, or has lost records. {REMEDY}"
        )
    if source.kept and applied < source.first:
        return f"{source.name} begins at offset {source.first}, and what was there before is gone. {REMEDY}"
    if not applied and committed and not source.kept:
        return (
            f"the table that was folded from {source.name} up to offset {committed} is empty: its changelog is "
            f"gone. {REMEDY}"
        )
    return None
