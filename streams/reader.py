"""Reads of the current state: rows of one workspace, the workspaces of a user, outcomes, and the query index."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final, TypeVar, cast

import msgspec

from streams import keys
from streams.agents.commands import Committed
from streams.fold import Rows
from tasksys import codec
from tasksys.outcomes import DeadLetter, Outcome
from tasksys.query import Index
from tasksys.rows import Member, Project, Row, Task, Workspace
from tasksys.state import Key, State
from tasksys.values import UTC, zone_or

logger = logging.getLogger(__name__)

INDEXED_TASKS: Final = 300_000
"""Tasks kept in query indexes over all workspaces, about 2 KB each; the least recently queried go first."""

MEMBERS: Final = 10_000
"""Members remembered, about 300 bytes each; then all are forgotten. Every request asks for its own, a write twice, and
reading and decoding one took 6 microseconds."""

R = TypeVar("R", bound=Row)

_outcome = msgspec.msgpack.Decoder(Outcome).decode
_dead_letter = msgspec.msgpack.Decoder(DeadLetter).decode


class StateReader:
    """The committed state, as of the last batch of the owner's fold."""

    def __init__(self, rows: Callable[[str], Rows], partitions: Callable[[], list[tuple[int, Rows]]]) -> None:
        """`rows` gives the partition that holds a workspace; `partitions` all that this process owns."""
        self._rows = rows
        self._partitions = partitions
        self._indexes: OrderedDict[str, Index] = OrderedDict()
        self._zones: dict[str, str] = {}
        self._members: dict[tuple[str, str], Member] = {}

    def state(self, workspace: str) -> State:
        """The workspace's rows, loaded on demand. A snapshot only as long as the caller does not await."""
        get = self._rows(workspace).get

        def load(kind: str, name: str) -> Row | None:
            if kind == Member.kind and (known := self._members.get((workspace, name))) is not None:
                return known
            stored = get(keys.row(workspace, kind, name))
            row = None if stored is None else codec.decode_row(kind, stored)
            if isinstance(row, Member):
                self._members[workspace, name] = row
            return row

        return State(load)

    def all(self, workspace: str, row_type: type[R], prefix: str = "") -> Iterator[R]:
        """All rows of a type, by name, those whose name begins with `prefix`; as they are at this call."""
        found = self._rows(workspace).scan(keys.rows(workspace, row_type.kind, prefix))
        return (cast(R, codec.decode_row(row_type.kind, stored)) for _, stored in found)

    def position(self, workspace: str) -> int:
        """The workspace's position; 0 if there is no such workspace."""
        row = self.state(workspace).workspace
        return row.position if row else 0

    def workspaces(self, user: str) -> list[Workspace]:
        """The workspaces that the user is a member of, by id."""
        found = []
        for _, rows in self._partitions():
            for key, _ in rows.scan(keys.membership(user)):
                workspace = key.rpartition(b"\0")[2].decode()
                if row := self.state(workspace).workspace:
                    found.append(row)
        return sorted(found, key=lambda row: row.id)

    def outcome(self, workspace: str, actor: str, command: str) -> Outcome | None:
        """The outcome of an actor's command, if it is decided and not older than the outcomes kept."""
        stored = self._rows(workspace).get(keys.outcome(workspace, actor, command))
        return None if stored is None else _outcome(stored)

    def dead_letters(self) -> Iterator[tuple[int, DeadLetter]]:
        """Partition and letter of each record that could not be folded, oldest first within a partition."""
        for partition, rows in self._partitions():
            for _, stored in rows.scan(keys.DEAD_LETTER):
                yield partition, _dead_letter(stored)

    def index(self, workspace: str) -> Index:
        """The workspace's query index, built on first use and kept up by `follow`."""
        index = self._indexes.get(workspace)
        if index is None:
            row = self.state(workspace).workspace
            zone = self._zones[workspace] = row.time_zone if row else "UTC"
            index = self._indexes[workspace] = Index(zone_or(zone, UTC))
            for project in self.all(workspace, Project):
                index.put_project(project)
            for task in self.all(workspace, Task):
                index.put(task)
            self._shrink(keep=workspace)
        self._indexes.move_to_end(workspace)
        return index

    def _shrink(self, keep: str) -> None:
        total = sum(len(index) for index in self._indexes.values())
        while total > INDEXED_TASKS and next(iter(self._indexes)) != keep:
            total -= len(self._indexes.popitem(last=False)[1])

    def follow(self, committed: Committed) -> None:
        """Keeps the indexes up with what a batch changed. An index that cannot follow is dropped and built anew."""
        if len(self._members) > MEMBERS:
            self._members.clear()
        for workspace, changed in committed.changed.items():
            for kind, name in changed:
                if kind == Member.kind:
                    self._members.pop((workspace, name), None)
            index = self._indexes.get(workspace)
            if index is None:
                continue
            try:
                self._follow(index, workspace, changed)
            except Exception:
                logger.exception("the query index of workspace %s is dropped", workspace)
                self._indexes.pop(workspace, None)

    def _follow(self, index: Index, workspace: str, changed: dict[Key, Row | None]) -> None:
        for row in changed.values():
            if isinstance(row, Task):
                index.put(row)
            elif isinstance(row, Project):
                index.put_project(row)
            elif isinstance(row, Workspace) and row.time_zone != self._zones[workspace]:
                del self._indexes[workspace]  # every task's day moved: built anew when it is asked for
                return

    def forget(self, workspaces: Callable[[str], bool] = lambda workspace: True) -> None:
        """Drops what is remembered of workspaces: their partitions were given away or rebuilt."""
        self._members.clear()
        for workspace in [name for name in self._indexes if workspaces(name)]:
            del self._indexes[workspace]
