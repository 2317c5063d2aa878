"""The states that folds of commands keep in memory, over all partitions of a process, bounded by their bytes."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from tasksys.rows import Row
from tasksys.state import Key, State

CACHED_BYTES: Final = 400_000_000
"""About how much memory states take; the least recently used workspaces go first."""

ROW_BYTES: Final = 500
"""What a row takes besides its text. Tasks like people's, of 260 bytes as stored, took 850, and count 1,020."""

ABSENT_BYTES: Final = 200
"""What it takes to know that there is no such row."""

TEXT_FACTOR: Final = 2
"""Bytes in memory for one that is stored: text beyond Latin takes two, or four, a character, stored as two to four."""


class States:
    """Workspaces to their states. Not the truth: what is not here is loaded from the rows."""

    def __init__(self, bound: int = CACHED_BYTES) -> None:
        self._bound = bound
        self._states: OrderedDict[str, State] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._partitions: dict[str, int] = {}
        self.size = 0
        """Bytes that came in with the states that are here. A row counts anew each time that it is changed: what is
        changed again and again goes earlier than it had to, after as many bytes as the bound were written."""

    def __len__(self) -> int:
        return len(self._states)

    def get(self, workspace: str) -> State | None:
        """The state, which counts as used."""
        state = self._states.get(workspace)
        if state is not None:
            self._states.move_to_end(workspace)
        return state

    def put(self, workspace: str, state: State, partition: int) -> None:
        """Adds a new state."""
        self._states[workspace] = state
        self._partitions[workspace] = partition
        self._sizes[workspace] = 0

    def grow(self, workspace: str, rows: int, stored: int) -> None:
        """So many rows, of so many bytes as they are stored, came into a state; one that is gone is left alone.

        No rows: it was found that there is none of some name.
        """
        if workspace in self._sizes:
            size = rows * ROW_BYTES + stored * TEXT_FACTOR if rows else ABSENT_BYTES
            self._sizes[workspace] += size
            self.size += size

    def shrink(self) -> None:
        """Lets go of what is too much."""
        while self.size > self._bound:
            self._forget(next(iter(self._states)))

    def forget(self, partition: int) -> None:
        """Lets go of the partition's: its rows are the truth again, and others may have changed them."""
        for workspace in [name for name, number in self._partitions.items() if number == partition]:
            self._forget(workspace)

    def drop(self, workspace: str) -> None:
        """Lets go of one, if it is here."""
        if workspace in self._states:
            self._forget(workspace)

    def _forget(self, workspace: str) -> None:
        del self._states[workspace], self._partitions[workspace]
        self.size -= self._sizes.pop(workspace)

    def rows(self, workspace: str) -> Mapping[Key, Row | None]:
        """The rows that are here, some of which may not be committed yet; asking does not count as use."""
        state = self._states.get(workspace)
        return {} if state is None else state.rows
