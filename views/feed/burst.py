"""What one batch did to one workspace, as messages: made once, and shared by all who are told the same."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tasksys import codec, deliveries
from tasksys.events import EventRecord, ReminderFired
from tasksys.rows import Reminder, Row, Workspace
from tasksys.state import Key, State
from tasksys.values import FEED, Role
from views import shapes
from views.feed import protocol
from views.feed.changes import Changes, changes, messages
from views.feed.frames import frame


class View(NamedTuple):
    """What a client wants to be told, and how: all of one view share their bytes, but for what is one user's own."""

    events: bool
    state: bool
    deflate: bool = False
    sse: bool = False


class Encoded(NamedTuple):
    """Bytes to be written, how many messages they are, and the position that they lead up to."""

    data: bytes
    messages: int
    position: int


class Burst:
    """The events of one batch, and what it changed."""

    def __init__(
        self,
        name: str,
        before: int,
        happened: Sequence[tuple[EventRecord, bytes]],
        changed: Mapping[Key, Row | None],
        state: State,
        workspace: Workspace | None,
        stateful: bool,
    ) -> None:
        """`state` is that of the batch, and is not asked later; `workspace` its row, if it is to be told.

        What has changed is looked at only if somebody wants to be told: `stateful`.
        """
        self.before, self.position = before, happened[-1][0].position
        self._stored = [(event.position, stored) for event, stored in happened]
        self._changes: Changes = changes(name, changed if stateful else {}, state, workspace)
        self._fired = _fired(name, [event for event, _ in happened], changed, state)
        self._owners = frozenset({*self._changes.owners, *self._fired})
        self._encoded: dict[tuple[View, str, Role | None], Encoded] = {}

    @property
    def owners(self) -> frozenset[str]:
        """The users to whom alone something of it belongs."""
        return self._owners

    def encoded(self, view: View, user: str, role: Role, after: int) -> Encoded:
        """The messages for a client who has everything up to a position."""
        told = user if user in self._owners else ""
        key = (view, told, role if self._changes.workspace is not None else None)
        found = self._encoded.get(key) if after <= self.before else None
        if found is None:
            found = self._encode(view, told, role, after)
            if after <= self.before:
                self._encoded[key] = found
        return found

    def _encode(self, view: View, user: str, role: Role, after: int) -> Encoded:
        stored = [one for one in self._stored if one[0] > after]
        if view.sse:
            return Encoded(b"".join([sse(*one) for one in stored]), len(stored), self.position)
        said = [protocol.event(*one) for one in stored] if view.events else []
        if view.state:
            said += messages(self._changes.parts(user, role), self.before, self.position)
        said += self._fired.get(user, ())
        return Encoded(b"".join([frame(one, view.deflate) for one in said]), len(said), self.position)


def sse(position: int, stored: bytes) -> bytes:
    """An event as a server-sent event. JSON of ours has no line breaks."""
    return b"id: %d\ndata: %b\n\n" % (position, stored)


def _fired(
    name: str, events: Sequence[EventRecord], changed: Mapping[Key, Row | None], state: State
) -> dict[str, list[bytes]]:
    """The reminders that fired on the feed, by user."""
    found = dict[str, list[bytes]]()
    for event in events:
        if event.type != ReminderFired.__name__:
            continue
        fired = codec.event(event)
        assert isinstance(fired, ReminderFired)
        row, task = changed.get((Reminder.kind, fired.reminder)), state.task(event.task or "")
        if not isinstance(row, Reminder) or task is None or FEED not in {one.channel for one in fired.deliveries}:
            continue
        said = protocol.message(
            "reminder",
            reminder=shapes.reminder(row, state),
            task=shapes.task(task, name, state),
            key=deliveries.key(name, task.id, row.id, fired.scheduled_for),
        )
        found.setdefault(row.user, []).append(said)
    return found


def joined(parts: Sequence[Encoded]) -> Encoded:
    """Several, as one."""
    if len(parts) == 1:
        return parts[0]
    data = b"".join([one.data for one in parts])
    return Encoded(data, sum(one.messages for one in parts), parts[-1].position)
