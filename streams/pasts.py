"""Past states, folded from the history and kept for a while: the next page, or a later moment, goes on from them.

Rows never change, so the states of one workspace share those that are the same in them.
"""

from collections import OrderedDict
from collections.abc import Collection, Generator, Iterator
from typing import Final

from tasksys import codec, decider
from tasksys.audit import Remembered
from tasksys.errors import HistoryIncomplete
from tasksys.events import OF_DELIVERIES, OF_REMINDERS
from tasksys.query import Index
from tasksys.rows import Comment, Firing, Project, Reminder, Row, Task, Workspace
from tasksys.state import Key, State
from tasksys.values import UTC, zone_or
from tasksys.weight import weight

PAST_BYTES: Final = 200_000_000
"""About how much memory past states take; those asked for longest ago go first."""

KEPT: Final = 256
"""Past states that are kept at most, however small."""

CHECKPOINT: Final = 10_000
"""Events after which a state is kept on the way to a later one, and again after twice as many each time."""


class Past:
    """A workspace as of one position; nothing in it changes."""

    def __init__(self, rows: dict[Key, Row | None]) -> None:
        self.rows = rows
        self.index: Index | None = None
        self._rows_bytes = 0

    @property
    def bytes(self) -> int:
        """About how much memory it takes, once it is weighed: its index grows when somebody searches."""
        return self._rows_bytes + (self.index.bytes if self.index is not None else 0)

    def state(self) -> State:
        """A state of one's own over the same rows."""
        return State(lambda kind, name: self.rows.get((kind, name)))

    def weighed(self) -> Generator[None, None, None]:
        """Finds out how many bytes its rows take."""
        total = 0
        for row in list(self.rows.values()):
            total += weight(row)
            yield
        self._rows_bytes = total

    def indexed(self) -> Generator[None, None, Index]:
        """Its query index, made when somebody first asks."""
        if self.index is not None:
            return self.index
        workspace = self.state().workspace
        index = Index(zone_or(workspace.time_zone if workspace else None, UTC))
        for row in self.rows.values():
            if isinstance(row, Project):
                index.put_project(row)
            elif isinstance(row, Task):
                index.put(row)
            yield
        if self.index is None:
            self.index = index
        return self.index


class Pasts:
    """The past states that are kept."""

    def __init__(self, bound: int = PAST_BYTES) -> None:
        self._bound = bound
        self._kept: OrderedDict[tuple[str, int], Past] = OrderedDict()

    def nearest(self, workspace: str, position: int) -> tuple[int, Past]:
        """The newest state kept that is not after the position, and its position: an empty one at 0 at the least."""
        found = max((at for name, at in self._kept if name == workspace and at <= position), default=0)
        if not found:
            return 0, Past({})
        self._kept.move_to_end((workspace, found))
        return found, self._kept[workspace, found]

    def keep(self, workspace: str, position: int, past: Past) -> None:
        """Keeps a state that is weighed; what is too much goes, this one too if it is that by itself."""
        self._kept[workspace, position] = past
        self.shrink()

    def shrink(self) -> None:
        """Lets go of what is too much."""
        total = sum(past.bytes for past in self._kept.values())
        while total > self._bound or len(self._kept) > KEPT:
            total -= self._kept.popitem(last=False)[1].bytes

    def folded(
        self,
        workspace: str,
        position: int,
        start: int,
        base: Past,
        events: Iterator[tuple[int, Remembered]],
        asked: Collection[int] = (),
    ) -> Generator[None, None, Past]:
        """The state at a position, from an earlier one and the events after that; it is kept, and some on the way.

        Those on the way are the ones that somebody asked for, the collection may change meanwhile, and a few more.
        Raises HistoryIncomplete.
        """
        state, last = State(), start
        state.rows = dict(base.rows)
        checkpoint = max(2 * start, CHECKPOINT)
        for reached, found in events:
            if reached > position:
                break
            last = _next(last, reached, "position")
            decider.replay(codec.decode_event(found.event), workspace, state)
            state.changed.clear()
            yield
            if reached < position and (reached == checkpoint or reached in asked):
                yield from self._kept_on_the_way(workspace, reached, Past(dict(state.rows)))
                checkpoint *= 2 if reached == checkpoint else 1
        _next(last, position + 1, "position")
        past = Past(state.rows)
        yield from self._kept_on_the_way(workspace, position, past)
        return past

    def _kept_on_the_way(self, workspace: str, position: int, past: Past) -> Generator[None, None, None]:
        yield from past.weighed()
        self.keep(workspace, position, past)


def of_task(
    workspace: str, task: str, position: int, events: Iterator[tuple[int, Remembered]]
) -> Generator[None, None, dict[Key, Row | None]]:
    """The rows of a task, its comments and reminders as of a position, from the task's own events alone.

    Raises HistoryIncomplete.
    """
    state, version = State(lambda kind, name: _UNREAD if kind == Workspace.kind else None), 0
    for reached, found in events:
        if reached > position:
            break
        event = codec.decode_event(found.event)
        if event.type not in OF_REMINDERS | OF_DELIVERIES:
            version = _next(version, event.version or 0, f"task {task}, version")
        decider.replay(event, workspace, state)
        yield
    return {
        key: row
        for key, row in state.rows.items()
        if key == (Task.kind, task) or key[0] in (Comment.kind, Reminder.kind, Firing.kind)
    }


def _next(last: int, number: int, counted: str) -> int:
    """The number, which must follow the last one. Raises HistoryIncomplete."""
    if number != last + 1:
        raise HistoryIncomplete(f"The history lacks an event: {counted} {last + 1}")
    return number


_UNREAD: Final = Workspace("", "", "UTC", "")
"""The workspace of a task that is folded by itself: it is there, and what it says does not matter."""
