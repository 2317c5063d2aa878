"""Reads of other workers' state, from the copies of their tables that this one keeps: what it was a moment ago."""

from collections.abc import Callable
from typing import Final

from streams.fold import Rows
from streams.indexes import Indexes
from streams.reader import StateReader
from streams.turns import Turns
from tasksys.errors import NotOwned

Find = Callable[[str], Rows | None]
"""The rows of the partition that holds a workspace; None where there is no copy that can be read."""


REMEMBERED: Final = 10_000
"""Workspaces whose position is kept, about 100 bytes each: an index that shows another one is built anew."""


class Copies:
    """What copies say. Each shows the state after some batch of its owner's; which one, its position says."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._shown: dict[str, int] = {}
        turns = Turns()
        self._indexes = Indexes(self._rows, turns)
        self._reader = StateReader(self._rows, list, self._indexes, turns)

    def reader(self, workspace: str) -> StateReader | None:
        """A reader of that workspace's state, to be used for one answer; None if there is no copy that can be read.

        A copy moves on without telling anybody, so all that one answer takes of it without waiting is of one position.
        Raises NotOwned later, where it ceases to be one meanwhile.
        """
        if self._find(workspace) is None:
            return None
        self._reader.forget()
        position = self._reader.position(workspace)
        if self._shown.get(workspace) != position:
            if len(self._shown) >= REMEMBERED:
                self._shown.clear()
                self._indexes.forget()
            self._indexes.forget(lambda name: name == workspace)
            self._shown[workspace] = position
        return self._reader

    def _rows(self, workspace: str) -> Rows:
        rows = self._find(workspace)
        if rows is None:
            raise NotOwned("this process keeps no copy any more of the partition of this workspace")
        return rows
