"""Query indexes by workspace: built on first use, kept up by what the fold commits, bounded by their bytes.

Long ones are built, and long queries run, in turns with everything else. Meanwhile commits go on changing them.
"""

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, TypeVar

from streams import keys
from streams.agents.committed import Committed
from streams.fold import Rows
from streams.turns import Turns
from tasksys import codec
from tasksys.query import FilterError, Index, Page, PageRequest
from tasksys.rows import Project, Row, Task, Workspace
from tasksys.state import Key
from tasksys.values import UTC, zone_or

logger = logging.getLogger(__name__)

INDEXED_BYTES: Final = 400_000_000
"""About how much memory indexes take over all workspaces; the least recently queried go first."""

RUNS: Final = 3
"""How often a query begins anew, because its index was dropped under it, before it makes do with what it has."""

T = TypeVar("T")

Found = tuple[Page | FilterError, int]
"""A query's answer, and the position that it shows."""


@dataclass
class _Held:
    """An index, and what tells whether it can be used: `missing` are rows of its tables that are not in it yet."""

    index: Index
    zone: str
    position: int
    missing: Iterator[tuple[bytes, bytes]] | None
    users: int = field(default=0)
    counted: int = field(default=0)
    """Its part of the bytes of all."""


class Indexes:
    """The query indexes of this process. `rows` gives the rows that hold a workspace, `cached` decoded ones."""

    def __init__(
        self,
        rows: Callable[[str], Rows],
        turns: Turns,
        cached: Callable[[str], Mapping[Key, Row | None]] = lambda workspace: {},
    ) -> None:
        self._rows = rows
        self._turns = turns
        self._cached = cached
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._size = 0

    async def run(self, workspace: str, wanted: PageRequest) -> Found:
        """The page that `Index.run` gives, and the position that it is of."""
        return await self._asked(workspace, lambda index: self._turns.finish(index.steps(wanted)))

    async def gap(self, workspace: str, task: str, behind: bool, without: str) -> tuple[str, str] | None:
        """What `Index.gap` gives."""

        async def found(index: Index) -> tuple[str, str] | None:
            return index.gap(task, behind, without)

        return (await self._asked(workspace, found))[0]

    async def _asked(self, workspace: str, ask: Callable[[Index], Awaitable[T]]) -> tuple[T, int]:
        """What the workspace's index says, and the position that it is of."""
        for last in range(RUNS - 1, -1, -1):
            async with self._whole(workspace) as held:
                found = await ask(held.index)
                if self._held.get(workspace) is held or not last:
                    break
        return found, held.position

    @asynccontextmanager
    async def _whole(self, workspace: str) -> AsyncIterator[_Held]:
        """The workspace's index, with nothing missing, in use."""
        held = self._open(workspace)
        held.users += 1
        try:
            await self._turns.finish(self._filled(workspace, held))
            yield held
        finally:
            held.users -= 1
            if held.missing is not None and not held.users and self._held.get(workspace) is held:
                self._drop(workspace)  # nobody is left to build it; it would hold on to the database
            elif self._held.get(workspace) is held:
                self._count(held)
            self._shrink()

    def _open(self, workspace: str) -> _Held:
        rows = self._rows(workspace)  # raises NotOwned, also where there is an index: it would be an old one
        held = self._held.get(workspace)
        if held is None:
            stored = rows.get(keys.row(workspace, Workspace.kind, ""))
            row = codec.decode_row(Workspace.kind, stored) if stored else None
            zone, position = (row.time_zone, row.position) if isinstance(row, Workspace) else ("UTC", 0)
            missing = chain(*(rows.scan(keys.rows(workspace, kind)) for kind in (Project.kind, Task.kind)))
            held = self._held[workspace] = _Held(Index(zone_or(zone, UTC)), zone, position, missing)
        self._held.move_to_end(workspace)
        return held

    def _filled(self, workspace: str, held: _Held) -> Generator[None, None, None]:
        """Puts in what is missing; several queries may be at it. What commits have put in meanwhile is newer."""
        index, start = held.index, len(keys.rows(workspace))
        while held.missing is not None:
            try:
                entry = next(held.missing, None)
                if entry is None:
                    held.missing = None
                    return
                kind, name = entry[0][start : start + 1].decode(), entry[0][start + 1 :].decode()
                if index.project(name) is None if kind == Project.kind else index.entry(name) is None:
                    _put(index, self._row(workspace, kind, name, entry[1]))
            except Exception as error:  # what comes behind is never read, and a walk that broke off looks ended
                held.missing = _broken(error)
                raise
            yield

    def _row(self, workspace: str, kind: str, name: str, stored: bytes) -> Row:
        """The row; the very one that the fold has, where that is the same."""
        cached = self._cached(workspace).get((kind, name))
        if cached is not None and codec.encode_row(cached) == stored:
            return cached
        return codec.decode_row(kind, stored)

    def _shrink(self) -> None:
        """Lets go of what is too much, of those that nobody uses; the one used last stays."""
        for workspace in list(self._held)[:-1]:
            if self._size <= INDEXED_BYTES:
                return
            if not self._held[workspace].users:
                self._drop(workspace)

    def _count(self, held: _Held) -> None:
        """Takes into the bytes of all what became of one's; here and in `_drop` only, so that the sum stays true."""
        size = held.index.bytes
        self._size += size - held.counted
        held.counted = size

    def _drop(self, workspace: str) -> None:
        self._size -= self._held.pop(workspace).counted

    def follow(self, committed: Committed) -> None:
        """Keeps the indexes up with what a batch changed. An index that cannot follow is dropped and built anew."""
        for workspace, changed in committed.changed.items():
            held = self._held.get(workspace)
            if held is None:
                continue
            try:
                followed = self._follow(held, changed)
            except Exception:
                logger.exception("a query index cannot follow and is dropped", extra={"workspace": workspace})
                followed = False
            if followed:
                self._count(held)
            else:
                self._drop(workspace)
        if self._size > INDEXED_BYTES:
            self._shrink()

    def _follow(self, held: _Held, changed: dict[Key, Row | None]) -> bool:
        """False if the index must be built anew when it is asked for."""
        for row in changed.values():
            if isinstance(row, Workspace):
                held.position = row.position
                if row.time_zone != held.zone:  # every task's day moved
                    return False
            _put(held.index, row)
        return True

    def forget(self, workspaces: Callable[[str], bool] = lambda workspace: True) -> None:
        """Drops indexes: their partitions were given away or rebuilt."""
        for workspace in [name for name in self._held if workspaces(name)]:
            self._drop(workspace)


def _broken(error: Exception) -> Iterator[tuple[bytes, bytes]]:
    """Rows that cannot be read, for everybody who asks for the next one."""

    def read() -> tuple[bytes, bytes]:
        raise error

    return iter(read, None)


def _put(index: Index, row: Row | None) -> None:
    if isinstance(row, Task):
        index.put(row)
    elif isinstance(row, Project):
        index.put_project(row)
