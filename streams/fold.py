"""What an agent is: a pure fold of one topic into one table, and its declaration.

To add an agent, write a `PartitionFold` (no I/O, no clock) and declare it with `AgentSpec`; transport, transactions,
recovery, positions and metrics come with the declaration.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from streams.topics import TopicSpec

Headers = tuple[tuple[str, bytes], ...]
Changes = dict[bytes, bytes | None]
"""Rows by their keys, as a batch changes them; None deletes."""


class Record(NamedTuple):
    """A record as it stands in a topic's partition, on either transport. `timestamp_ms` is Unix time in milliseconds.

    A value of None is a tombstone in a compacted topic.
    """

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Output(NamedTuple):
    """A record to append to the same partition of another topic."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()


def carrying(outputs: Iterable[Output], headers: Headers) -> list[Output]:
    """The records with these headers."""
    return [one._replace(headers=headers) for one in outputs] if headers else list(outputs)


@dataclass(slots=True)
class Effects:
    """What a batch of records does: rows to put (None deletes) and records to append. All of it or nothing.

    Where that would become too much, `folded` says of how many of the records it is; they are the first ones.
    """

    rows: Changes = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    folded: int | None = None


class Rows(Protocol):
    """The committed rows of one partition of an agent's table."""

    def get(self, key: bytes) -> bytes | None:
        """The row, or None."""
        ...

    def scan(
        self, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with the prefix and their rows, in key order, from `start` on."""
        ...


def current(key: bytes, rows: Rows, changes: Changes) -> bytes | None:
    """The row of a key, as it is with the changes of this batch."""
    return changes[key] if key in changes else rows.get(key)


def all_current(prefix: bytes, rows: Rows, changes: Changes) -> list[bytes]:
    """The keys of all rows that begin with the prefix, in their order, as they are with the changes of this batch."""
    found = dict(rows.scan(prefix)) | {key: row for key, row in changes.items() if key.startswith(prefix)}
    return sorted(key for key, row in found.items() if row is not None)


class PartitionFold(Protocol):
    """One agent's fold on one partition. Between `fold` and `committed` or `aborted` nothing else is called."""

    def fold(self, records: Sequence[Record]) -> Effects:
        """What the records do. Bad data gives effects too (a dead letter); an exception stops the partition."""
        ...

    def committed(self) -> None:
        """The effects of the last `fold` are durable: tell whoever waits."""
        ...

    def aborted(self) -> None:
        """The effects of the last `fold` did not become durable: forget them, and everything cached."""
        ...


@dataclass
class Linger:
    """An agent whose batches wait for more records, unless somebody waits for what the agent has not done yet.

    On Kafka every batch is a transaction, on the embedded log a sync: an agent that nobody waits for must not cost as
    much as one that every request waits for.
    """

    seconds: float
    awaited: asyncio.Event
    """Set while somebody waits."""


@dataclass(frozen=True)
class AgentSpec:
    """A declared agent: its name (also in its consumer group), source, the topics it appends to, and its fold."""

    name: str
    source: TopicSpec
    open: Callable[[int, Rows], PartitionFold]
    outputs: tuple[TopicSpec, ...] = ()
    linger: "Linger | None" = None
    """How long batches may wait to become larger; None if somebody always waits for them."""
    patience: float = 0.0
    """Seconds for which Kafka may hold records back to send more of them at once: for an agent nobody waits for."""
    rebuild: Callable[[Rows], PartitionFold] | None = None
    """The table as a fold of the events alone, which is how a replay makes it anew; None if it is no such fold."""
    kept: tuple[bytes, ...] = ()
    """How the keys of rows begin that events say nothing of: a replay leaves them as they are."""
    apart: Callable[[Rows], Collection[bytes]] = lambda rows: ()
    """Workspaces whose rows are not what the events say, and rightly so: a replay leaves them as they are."""
    close: Callable[[int], None] = lambda partition: None
    """Called when what readers remember of the partition may not hold any more: it was given away, or its rows changed
    outside of batches."""
    elsewhere: Callable[[Collection[int]], None] = lambda partitions: None
    """Called with every assignment: the partitions that other workers have from now on."""
