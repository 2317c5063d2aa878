"""Reads of the past: events, audit entries, the hash chain, and the state as of any position or instant."""

from collections.abc import Callable, Iterator
from typing import Final

from streams import keys
from streams.agents.audit import decode
from streams.fold import Rows
from tasksys import audit, codec, decider
from tasksys.audit import Break, Remembered
from tasksys.events import EventRecord
from tasksys.state import State

POSITIONS: Final = 2**64 - 1
"""The last position that has a key."""


class HistoryReader:
    """The history of the workspaces that this process owns."""

    def __init__(self, rows: Callable[[str], Rows]) -> None:
        self._rows = rows

    def position(self, workspace: str) -> int:
        """The newest position in the history; 0 if there is none."""
        newest = next(iter(self._rows(workspace).scan(keys.rows(workspace, "e"), reverse=True)), None)
        return keys.last_position(newest[0]) if newest else 0

    def stored(self, workspace: str, after: int = 0) -> Iterator[tuple[int, Remembered]]:
        """Position and stored event of everything after that position, in order."""
        start = keys.event(workspace, after + 1)
        for key, row in self._rows(workspace).scan(keys.rows(workspace, "e"), start):
            yield keys.last_position(key), decode(row)

    def newest(self, workspace: str, before: int | None = None) -> Iterator[tuple[int, Remembered]]:
        """The same from the newest (or from before a position) back."""
        start = None if before is None else keys.event(workspace, max(0, before - 1))
        for key, row in self._rows(workspace).scan(keys.rows(workspace, "e"), start, reverse=True):
            yield keys.last_position(key), decode(row)

    def at(self, workspace: str, position: int) -> Remembered | None:
        """The stored event at a position, whatever number that is."""
        if not 0 < position <= POSITIONS:
            return None
        row = self._rows(workspace).get(keys.event(workspace, position))
        return decode(row) if row else None

    def of_task(self, workspace: str, task: str, after: int = 0) -> Iterator[tuple[int, Remembered]]:
        """The stored events of a task, in order."""
        prefix = keys.task_events(workspace, task)
        for key, _ in self._rows(workspace).scan(prefix, keys.task_event(workspace, task, after + 1)):
            position = keys.last_position(key)
            if found := self.at(workspace, position):
                yield position, found

    def of_command(self, workspace: str, actor: str, command: str) -> list[EventRecord]:
        """The events of an actor's command, in order."""
        bounds = self._rows(workspace).get(keys.command_events(workspace, actor, command))
        if bounds is None:
            return []
        return self.between(workspace, int.from_bytes(bounds[:8]), int.from_bytes(bounds[8:]))

    def commands_named(self, workspace: str, command: str, actor: str | None) -> list[EventRecord]:
        """The events of a command known by its id alone, or by its actor too; [] if there is none, or more than one."""
        if actor is not None:
            return self.of_command(workspace, actor, command)
        found = []
        suffix = f"\0{command}\0".encode()
        for key, bounds in self._rows(workspace).scan(keys.rows(workspace, "c")):
            if key.endswith(suffix):
                found.append(self.between(workspace, int.from_bytes(bounds[:8]), int.from_bytes(bounds[8:])))
        return found[0] if len(found) == 1 else []

    def between(self, workspace: str, first: int, last: int) -> list[EventRecord]:
        """The events from one position to another, both included."""
        events = []
        for position, found in self.stored(workspace, first - 1):
            if position > last:
                break
            events.append(codec.decode_event(found.event))
        return events

    def previous_hash(self, workspace: str, position: int) -> bytes:
        """The link of the chain before a position."""
        before = self.at(workspace, position - 1) if position > 1 else None
        return before.hash if before else audit.GENESIS

    def entry(self, workspace: str, position: int, found: Remembered) -> audit.Entry:
        """The audit entry of a stored event."""
        return audit.entry(codec.decode_event(found.event), found.hash, self.previous_hash(workspace, position))

    def verify(self, workspace: str) -> tuple[int, Break | None]:
        """Recomputes the chain: how many events hold, and the first break if there is one."""
        previous, expected = audit.GENESIS, 1
        for position, found in self.stored(workspace):
            if position != expected:
                return expected - 1, Break(expected, f"the event is missing; position {position} follows")
            if audit.link(previous, found.event) != found.hash:
                return expected - 1, Break(position, "the event's bytes or its hash were changed")
            previous, expected = found.hash, expected + 1
        return expected - 1, None

    def position_at(self, workspace: str, instant: str) -> int:
        """The position that the workspace had at an instant (as stored: UTC, milliseconds); 0 before its first."""
        low, high = 0, self.position(workspace)
        while low < high:  # instants never run backwards within a workspace
            middle = (low + high + 1) // 2
            found = self.at(workspace, middle)
            assert found is not None
            low, high = (middle, high) if codec.decode_event(found.event).at <= instant else (low, middle - 1)
        return low

    def state_at(self, workspace: str, position: int) -> State:
        """The whole workspace as of a position, by folding its events up to there."""
        state = State()
        for reached, found in self.stored(workspace):
            if reached > position:
                break
            decider.replay(codec.decode_event(found.event), workspace, state)
        state.changed.clear()
        return state
