"""The rows of the state table: how a workspace's changes are stored, and the table as a fold of events alone."""

from collections.abc import Iterator, Mapping, Sequence

from streams import keys
from streams.fold import Effects, Record, Rows
from tasksys import codec, decider
from tasksys.rows import Member, Row
from tasksys.state import Key, State


def staged(workspace: str, changed: Mapping[Key, Row | None]) -> Iterator[tuple[bytes, bytes | None]]:
    """The rows to put (None deletes) for what changed in a workspace, each with its key."""
    for (kind, name), row in changed.items():
        yield keys.row(workspace, kind, name), None if row is None else codec.encode_row(row)
        if kind == Member.kind:
            yield keys.membership(name, workspace), None if row is None else b""


class StateFold:
    """Rebuilds the state: events are evolved, and nothing is decided again."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def fold(self, records: Sequence[Record]) -> Effects:
        """Evolves the workspaces that the events are about."""
        effects, states = Effects(), dict[str, State]()
        for record in records:
            assert record.key is not None
            assert record.value is not None
            workspace = record.key.decode()
            state = states.get(workspace)
            if state is None:
                state = states[workspace] = self._state(workspace)
            decider.replay(codec.decode_event(record.value), workspace, state)
        for workspace, state in states.items():
            effects.rows.update(staged(workspace, state.changed))
        return effects

    def _state(self, workspace: str) -> State:
        def load(kind: str, name: str) -> Row | None:
            stored = self._rows.get(keys.row(workspace, kind, name))
            return None if stored is None else codec.decode_row(kind, stored)

        return State(load)

    def committed(self) -> None:
        """Nobody waits."""

    def aborted(self) -> None:
        """Nothing is cached."""
