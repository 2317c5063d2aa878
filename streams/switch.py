"""The switch of a replay: puts the rows of one partition right that are not what the events say, in slices.

Each slice is one transaction of the partition's own writer, and holds its fold for some milliseconds. Between two of
them commands are folded and readers read: each row is as it was before or as the events say, and a workspace changes
in one slice if its rows fit into one. Of a larger one the workspace's own row, which numbers events, comes first. What
commands have touched meanwhile is put right with the next slice, so after the last one all rows are. A switch that was
broken off has done its slices for good: the next replay finds the rest.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import groupby, islice
from typing import Final, NamedTuple, Protocol

from streams import keys
from streams.agent import FoldAgent
from streams.fold import Rows
from streams.turns import to_the_end

ROWS: Final = 1_000
BYTES: Final = 1024 * 1024
"""A slice has at most so many rows, and about so many bytes: a transaction on Kafka must end within seconds."""


TOUCHED: Final = 10_000
"""Rows that commands touched, of which one slice looks whether they are right: most are, and need nothing."""


class Wrong(NamedTuple):
    """A row that is not what the events say, and how large the right one is."""

    key: bytes
    size: int


class Rebuilt(Protocol):
    """A table that is rebuilt beside the live one; see `streams.replay.Rebuild`."""

    agent: FoldAgent
    partition: int
    touched: set[bytes]

    @property
    def rows(self) -> Rows:
        """The rows as the events say."""
        ...

    def catch_up(self) -> AsyncIterator[int]:
        """Folds what is new; `touched` names the rows that this changes."""
        ...


async def switch(rebuilt: Rebuilt, wrong: Iterable[Wrong]) -> AsyncIterator[int]:
    """Puts the rows right; yields how many, slice by slice. What is touched is collected from the comparison on."""
    slices = deque(cut(wrong))
    while slices:
        async for _ in rebuilt.catch_up():
            pass  # most of what is new, while the fold goes on
        count, left = await to_the_end(_put_right(rebuilt, slices.popleft()))
        if left:
            slices += cut([Wrong(key, 0) for key in left])
        yield count


async def _put_right(rebuilt: Rebuilt, wrong: list[Wrong]) -> tuple[int, list[bytes]]:
    """One slice, and of what was touched as much as it takes; how many rows were not right, and what is left."""
    agent, partition = rebuilt.agent, rebuilt.partition
    async with agent.held(partition):
        async for _ in rebuilt.catch_up():
            pass
        touched, live = sorted(rebuilt.touched), agent.rows(partition)
        rebuilt.touched.clear()
        apart = agent.spec.apart(live)
        rows: dict[bytes, bytes | None] = {}
        for key in (*(one.key for one in wrong), *touched[:TOUCHED]):
            right = rebuilt.rows.get(key)
            if live.get(key) != right and not (apart and keys.workspace_of(key) in apart):
                rows[key] = right
        most = len(wrong) + ROWS
        left = [*list(rows)[most:], *touched[TOUCHED:]]
        rows = dict(islice(rows.items(), most))
        if rows:
            await agent.runner(partition).repair(rows)
            agent.spec.close(partition)  # queries remember the rows as they were
    return len(rows), left


def cut(wrong: Iterable[Wrong]) -> Iterator[list[Wrong]]:
    """Rows in the order of their keys as slices."""
    part: list[Wrong] = []
    size = 0
    for _, group in groupby(wrong, lambda one: _owner(one.key)):
        rows = sorted(group, key=lambda one: not _numbers_events(one.key))
        whole = sum(one.size for one in rows)
        if part and (len(part) + len(rows) > ROWS or size + whole > BYTES):
            yield part
            part, size = [], 0
        for one in rows:
            if part and (len(part) == ROWS or size + one.size > BYTES):
                yield part
                part, size = [], 0
            part.append(one)
            size += one.size
    if part:
        yield part


def _owner(key: bytes) -> bytes:
    """The workspace of a row; of a user's memberships, the user."""
    return key.partition(b"\0")[0]


def _numbers_events(key: bytes) -> bool:
    return key.partition(b"\0")[2] == b"w"
