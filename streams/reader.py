"""Reads of the current state: rows of one workspace, the workspaces of a user, outcomes, and the query index."""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from heapq import merge
from operator import itemgetter
from typing import Final, TypeVar, cast

import msgspec

from monitoring import tracing
from streams import keys
from streams.agents.committed import Committed
from streams.fold import Rows
from streams.indexes import Indexes
from streams.turns import Turns
from tasksys import codec
from tasksys.outcomes import DeadLetter, Outcome
from tasksys.query import FilterError, Page, PageRequest
from tasksys.rows import Member, Row, Workspace
from tasksys.state import State

MEMBERS: Final = 10_000
"""Members remembered, about 300 bytes each; then all are forgotten. Every request asks for its own, a write twice, and
reading and decoding one took 6 microseconds."""

R = TypeVar("R", bound=Row)
T = TypeVar("T")

_outcome = msgspec.msgpack.Decoder(Outcome).decode
_dead_letter = msgspec.msgpack.Decoder(DeadLetter).decode


class StateReader:
    """The committed state, as of the last batch of the owner's fold."""

    def __init__(
        self,
        rows: Callable[[str], Rows],
        partitions: Callable[[], list[tuple[int, Rows]]],
        indexes: Indexes,
        turns: Turns,
    ) -> None:
        """`rows` gives the partition that holds a workspace; `partitions` all that this process owns."""
        self._rows = rows
        self._partitions = partitions
        self._indexes = indexes
        self._turns = turns
        self._members: dict[tuple[str, str], Member] = {}

    def state(self, workspace: str) -> State:
        """The workspace's rows, loaded on demand. A snapshot only as long as the caller does not await."""
        get, members = self._rows(workspace).get, self._members

        def load(kind: str, name: str) -> Row | None:
            if kind == Member.kind and (known := members.get((workspace, name))) is not None:
                return known
            stored = get(keys.row(workspace, kind, name))
            row = None if stored is None else codec.decode_row(kind, stored)
            if isinstance(row, Member):
                if len(members) >= MEMBERS:
                    members.clear()
                members[workspace, name] = row
            return row

        return State(load)

    def all(
        self, workspace: str, row_type: type[R], prefix: str = "", start: str | None = None, reverse: bool = False
    ) -> Iterator[R]:
        """All rows of a type, by name, those whose name begins with `prefix`; as they are at this call.

        From the one named `start` on, if that is given; from the last one back, if `reverse`.
        """
        first = None if start is None else keys.rows(workspace, row_type.kind, start)
        found = self._rows(workspace).scan(keys.rows(workspace, row_type.kind, prefix), first, reverse)
        return (cast(R, codec.decode_row(row_type.kind, stored)) for _, stored in found)

    def over(self, items: Iterable[T]) -> AsyncGenerator[T, None]:
        """The items; others get their turn meanwhile, see `Turns.over`."""
        return self._turns.over(items)

    def position(self, workspace: str) -> int:
        """The workspace's position; 0 if there is no such workspace."""
        row = self.state(workspace).workspace
        return row.position if row else 0

    async def workspaces(self, user: str, after: str, most: int) -> list[tuple[Workspace, Member]]:
        """The first workspaces that the user is a member of, by id, with the membership; those after an id, if any."""
        first = keys.membership(user, after) + b"\0" if after else None
        scans = [rows.scan(keys.membership(user), first) for _, rows in self._partitions()]
        found: list[tuple[Workspace, Member]] = []
        async with aclosing(self._turns.over(merge(*scans, key=itemgetter(0)))) as memberships:
            async for key, _ in memberships:
                state = self.state(key.rpartition(b"\0")[2].decode())
                if (row := state.workspace) and (member := state.member(user)):
                    found.append((row, member))
                    if len(found) == most:
                        break
        return found

    def outcome(self, workspace: str, actor: str, command: str) -> Outcome | None:
        """The outcome of an actor's command, if it is decided and not older than the outcomes kept."""
        stored = self._rows(workspace).get(keys.outcome(workspace, actor, command))
        return None if stored is None else _outcome(stored)

    def dead_letters(self, after: tuple[int, int] = (-1, -1)) -> Iterator[tuple[int, DeadLetter]]:
        """Partition and letter of each record that could not be folded, in the order of partitions and offsets.

        Those after a partition and offset.
        """
        for partition, rows in self._partitions():
            if partition >= after[0]:
                first = after[1] + 1 if partition == after[0] else 0
                for _, stored in rows.scan(keys.DEAD_LETTER, keys.dead_letter(first)):
                    yield partition, _dead_letter(stored)

    def dead_letter(self, partition: int, offset: int) -> DeadLetter | None:
        """The letter of the record at that offset of a partition that this process owns."""
        rows = dict(self._partitions()).get(partition)
        stored = None if rows is None else rows.get(keys.dead_letter(offset))
        return None if stored is None else _dead_letter(stored)

    async def query(self, workspace: str, wanted: PageRequest) -> tuple[Page | FilterError, int]:
        """The page of tasks that `Index.run` gives, and the position that it shows."""
        span = tracing.child("store read", tracing.Kind.INTERNAL)
        if span is None:
            return await self._indexes.run(workspace, wanted)
        with span:
            return await self._indexes.run(workspace, wanted)

    async def gap(self, workspace: str, task: str, behind: bool, without: str) -> tuple[str, str] | None:
        """What `Index.gap` gives."""
        return await self._indexes.gap(workspace, task, behind, without)

    def follow(self, committed: Committed) -> None:
        """Forgets the members that a batch changed."""
        for workspace, changed in committed.changed.items():
            for kind, name in changed:
                if kind == Member.kind:
                    self._members.pop((workspace, name), None)

    def forget(self) -> None:
        """Forgets all members: rows were given away, or changed outside of batches."""
        self._members = {}  # a new one: who still reads by a state of before puts what it finds into the old one
