"""The fold of reminders: which of them fire next, and when. The timer takes what is due from here.

Its table is a timeline: a row for each armed reminder, in the order of their instants, and one that finds it again.
When the zone of a workspace changes it commands that each of them is settled anew: `decide` sees one at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple, assert_never

from msgspec import UNSET

from streams import keys
from streams.fold import AgentSpec, Effects, Output, Record, Rows
from streams.topics import COMMANDS, EVENTS
from tasksys import codec
from tasksys.commands import CommandRecord, SettleReminder
from tasksys.events import (
    OF_REMINDERS,
    EventRecord,
    ReminderAcknowledged,
    ReminderAdded,
    ReminderCancelled,
    ReminderExpired,
    ReminderFired,
    ReminderRemoved,
    ReminderRescheduled,
    ReminderRestored,
    ReminderReturned,
    ReminderSnoozed,
    WorkspaceEdited,
)
from tasksys.reminders import ReminderEvent
from tasksys.values import CLOCK

PATIENCE_SECONDS: Final = 0.25
"""So much later a reminder may be noticed that is set for less than that ahead."""


class Due(NamedTuple):
    """A reminder that fires at an instant (as stored); `position` is that of the event that set it."""

    at: str
    workspace: str
    reminder: str
    position: int

    @property
    def key(self) -> bytes:
        """Its row's."""
        return keys.timeline(self.at, self.workspace, self.reminder)


def timeline(rows: Rows, start: bytes = keys.TIMELINE) -> Iterator[Due]:
    """The armed reminders of a partition from a key on, the earliest first."""
    for key, position in rows.scan(keys.TIMELINE, start):
        at, workspace, reminder = key.removeprefix(keys.TIMELINE).decode().split("\0")
        yield Due(at, workspace, reminder, int.from_bytes(position))


class RemindersFold:
    """The timeline of one partition."""

    def __init__(self, rows: Rows, publish: Callable[[str | None], None]) -> None:
        self._rows = rows
        self._publish = publish
        self._earliest: str | None = None

    def fold(self, records: Sequence[Record]) -> Effects:
        """Puts into the timeline what the events arm, and takes out what they disarm."""
        effects, self._earliest = Effects(), None
        for record in records:
            assert record.key is not None
            assert record.value is not None
            event = codec.decode_event(record.value)
            if event.type in OF_REMINDERS:
                self._fold_one(record.key.decode(), event, effects.rows)
            elif event.type == WorkspaceEdited.__name__:
                effects.outputs += self._settling(record.key.decode(), event, effects.rows)
        return effects

    def _settling(self, workspace: str, record: EventRecord, rows: dict[bytes, bytes | None]) -> Iterator[Output]:
        """Commands that look at every armed reminder again, where the workspace's zone has changed."""
        event = codec.event(record)
        if not isinstance(event, WorkspaceEdited) or event.after.time_zone is UNSET:
            return
        prefix = keys.armed(workspace)
        places = dict(self._rows.scan(prefix)) | {key: row for key, row in rows.items() if key.startswith(prefix)}
        for number, (place, at) in enumerate(places.items()):
            if at is not None:
                reminder = place.removeprefix(prefix).decode()
                settle = SettleReminder(id=f"settle-{record.position}-{number}", reminder=reminder)
                command = CommandRecord(workspace, CLOCK, record.at, settle, source="clock")
                yield Output(COMMANDS.name, workspace.encode(), codec.encode_command(command))

    def _fold_one(self, workspace: str, record: EventRecord, rows: dict[bytes, bytes | None]) -> None:
        event = codec.event(record)
        assert isinstance(event, ReminderEvent)
        reminder = event.reminder.id if isinstance(event, ReminderRemoved | ReminderRestored) else event.reminder
        place = keys.armed(workspace, reminder)
        before = rows[place] if place in rows else self._rows.get(place)
        if before is not None:
            rows[keys.timeline(before.decode(), workspace, reminder)] = None
            rows[place] = None
        at = armed(event)
        if at is not None:
            rows[keys.timeline(at, workspace, reminder)] = record.position.to_bytes(8)
            rows[place] = at.encode()
            self._earliest = at if self._earliest is None else min(at, self._earliest)

    def committed(self) -> None:
        """Tells that the timeline has changed, and the earliest instant that was put into it."""
        self._publish(self._earliest)

    def aborted(self) -> None:
        """Nothing is cached."""


def armed(event: ReminderEvent) -> str | None:
    """The instant that the reminder waits for after the event; None if it waits for none."""
    match event:
        case ReminderAdded() | ReminderReturned():
            return event.scheduled_for
        case ReminderRestored():
            return event.reminder.scheduled_for if event.reminder.armed else None
        case ReminderRescheduled():
            return event.after
        case ReminderFired():
            return event.next
        case ReminderRemoved() | ReminderExpired() | ReminderCancelled() | ReminderAcknowledged() | ReminderSnoozed():
            return None
        case _:
            assert_never(event)


def agent(publish: Callable[[int, str | None], None], close: Callable[[int], None]) -> AgentSpec:
    """The declaration; `publish` is called after every batch with its partition and the earliest instant put there.

    `close` is called when nothing that was published of a partition holds any more.
    """
    return AgentSpec(
        name="reminders",
        source=EVENTS,
        outputs=(COMMANDS,),
        patience=PATIENCE_SECONDS,
        open=lambda partition, rows: RemindersFold(rows, partial(publish, partition)),
        rebuild=lambda rows: RemindersFold(rows, lambda earliest: None),
        close=close,
    )
