"""The fold of deliveries: which attempts to deliver a firing are due, and when. The outbox takes what is due from here.

Its table has a row for each attempt, in the order of their instants, and one that finds it again. It also knows the
armed reminders of each user: when one changes their zone or hour, it commands that each of those is settled anew.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

from monitoring import tracing
from streams import keys
from streams.agents.reminders import waits_for
from streams.fold import AgentSpec, Changes, Effects, Output, Record, Rows, all_current, carrying, current
from streams.topics import COMMANDS, EVENTS
from tasksys import codec, confirming
from tasksys.commands import CommandRecord, RecordDelivery, SettleReminder
from tasksys.deliveries import DeliveryEvent
from tasksys.events import (
    OF_DELIVERIES,
    OF_REMINDERS,
    ChannelSet,
    DeliveryFailed,
    EventRecord,
    PreferencesSet,
    ReminderAdded,
    ReminderFired,
    ReminderRemoved,
    ReminderRestored,
)
from tasksys.reminders import ReminderEvent
from tasksys.values import CLOCK, FEED

PATIENCE_SECONDS: Final = 0.25
"""So much later an attempt may be noticed on Kafka."""

PLACE: Final = struct.Struct(">QHI")


class Attempt(NamedTuple):
    """An attempt to deliver a firing on a channel of its user's, due at an instant (as stored).

    `position` is that of the firing's event, `number` the channel's place in it, `attempt` counts from 1.
    `trace` is the packed context of the event that it comes of, if its trace is recorded.
    """

    at: str
    workspace: str
    reminder: str
    scheduled_for: str
    channel: str
    position: int
    number: int
    attempt: int
    user: str
    trace: bytes = b""

    @property
    def key(self) -> bytes:
        """Its row's."""
        return keys.outbox(self.at, self.workspace, self.reminder, self.scheduled_for, self.channel)

    @property
    def in_lane(self) -> bytes:
        """The key of the row that has it among those of its channel."""
        return keys.in_lane(self.at, self.workspace, self.user, self.channel, self.reminder, self.scheduled_for)

    @property
    def row(self) -> bytes:
        """Its row."""
        place = PLACE.pack(self.position, self.number, self.attempt) + self.user.encode()
        return place + b"\0" + self.trace if self.trace else place


def attempts(rows: Rows, start: bytes, most: int) -> list[Attempt]:
    """The first attempts of a partition from a key on, the earliest first, so many at most."""
    return [attempt(key, row) for key, row in islice(rows.scan(keys.OUTBOX, start), most)]


def attempt(key: bytes, row: bytes) -> Attempt:
    """The attempt of a row."""
    at, workspace, reminder, scheduled_for, channel = key[len(keys.OUTBOX) :].decode().split("\0")
    return Attempt(at, workspace, reminder, scheduled_for, channel, *_place(row), *_rest(row))


def _place(row: bytes) -> tuple[int, int, int]:
    position, number, attempt = PLACE.unpack_from(row)
    return position, number, attempt


def _rest(row: bytes) -> tuple[str, bytes]:
    """User and trace: a user's name has no NUL."""
    user, _, trace = row[PLACE.size :].partition(b"\0")
    return user.decode(), trace


def of_channel(rows: Rows, workspace: str, user: str, channel: str, most: int) -> list[Attempt]:
    """The first attempts of a channel, so many at most."""
    prefix = keys.lane(workspace, user, channel)
    found = []
    for key, row in islice(rows.scan(prefix), most):
        at, reminder, scheduled_for = key[len(prefix) :].decode().split("\0")
        found.append(Attempt(at, workspace, reminder, scheduled_for, channel, *_place(row), *_rest(row)))
    return found


def command(one: Attempt, at: str, error: str, retry_at: str | None) -> CommandRecord:
    """What says what came of an attempt. Its id is the attempt's: one id for one result."""
    recorded = RecordDelivery(
        id=f"sent-{one.position}-{one.number}-{one.attempt}", reminder=one.reminder, scheduled_for=one.scheduled_for,
        channel=one.channel, attempt=one.attempt, error=error, retry_at=retry_at,
    )  # fmt: skip
    return CommandRecord(one.workspace, CLOCK, at, recorded, source="clock")


class DeliveriesFold:
    """The outbox of one partition."""

    def __init__(self, rows: Rows, publish: Callable[[str | None], None]) -> None:
        self._rows = rows
        self._publish = publish
        self._earliest: str | None = None
        self._trace = b""
        """What is remembered of the trace of the event in hand."""

    def fold(self, records: Sequence[Record]) -> Effects:
        """Puts into the outbox what is to be delivered, and takes out what was, or need not be any more."""
        effects, self._earliest = Effects(), None
        for record in records:
            assert record.key is not None
            assert record.value is not None
            workspace, event = record.key.decode(), codec.decode_event(record.value)
            self._trace = tracing.packed(record.headers)
            if event.type in OF_REMINDERS:
                self._reminder(workspace, event, effects.rows)
            elif event.type in OF_DELIVERIES:
                self._result(workspace, event, effects.rows)
            elif event.type == PreferencesSet.__name__:
                settling = self._settling(workspace, event, effects.rows)
                effects.outputs += carrying(settling, tracing.onward(record.headers))
            elif event.type == ChannelSet.__name__:
                self._asking(workspace, event, effects.rows)
        return effects

    def _reminder(self, workspace: str, record: EventRecord, rows: Changes) -> None:
        event = codec.event(record)
        assert isinstance(event, ReminderEvent)
        self._whose(workspace, event, rows)
        if isinstance(event, ReminderFired):
            for number, plan in enumerate(event.deliveries):
                if plan.at is not None and plan.channel != FEED:
                    which = (workspace, event.reminder, event.scheduled_for, plan.channel)
                    user = (current(keys.user_of(workspace, event.reminder), self._rows, rows) or b"").decode()
                    self._put(Attempt(plan.at, *which, record.position, number, 1, user, self._trace), rows)
        elif not isinstance(event, ReminderAdded | ReminderRestored):
            reminder = event.reminder.id if isinstance(event, ReminderRemoved) else event.reminder
            for place in all_current(keys.deliveries(workspace, reminder), self._rows, rows):
                self._take(workspace, place, rows)

    def _asking(self, workspace: str, record: EventRecord, rows: Changes) -> None:
        """The mail that asks to confirm a channel's address, if one must go there first."""
        event = codec.event(record)
        assert isinstance(event, ChannelSet)
        if confirming.asks(event.after):
            page = confirming.name(event.user, event.after.name, record.position)
            which = (workspace, page, record.at, event.after.name)
            self._put(Attempt(record.at, *which, record.position, 0, 1, event.user, self._trace), rows)

    def _result(self, workspace: str, record: EventRecord, rows: Changes) -> None:
        event = codec.event(record)
        assert isinstance(event, DeliveryEvent)
        which = (workspace, event.reminder, event.scheduled_for, event.channel)
        tried = self._take(workspace, keys.delivery(*which), rows)
        if tried is not None and isinstance(event, DeliveryFailed) and event.retry_at is not None:
            again = tried._replace(at=event.retry_at, attempt=event.attempt + 1, trace=self._trace)
            self._put(again, rows)

    def _put(self, one: Attempt, rows: Changes) -> None:
        rows[one.key] = rows[one.in_lane] = one.row
        rows[keys.delivery(one.workspace, one.reminder, one.scheduled_for, one.channel)] = one.at.encode()
        self._earliest = one.at if self._earliest is None else min(one.at, self._earliest)

    def _take(self, workspace: str, place: bytes, rows: Changes) -> Attempt | None:
        """Takes out the attempt whose instant is at that place, if there is one."""
        at = current(place, self._rows, rows)
        if at is None:
            return None
        rest = place.decode().removeprefix(f"{workspace}\0d").split("\0")
        key = keys.outbox(at.decode(), workspace, *rest)
        row = current(key, self._rows, rows)
        assert row is not None
        taken = attempt(key, row)
        rows[key] = rows[place] = rows[taken.in_lane] = None
        return taken

    def _whose(self, workspace: str, event: ReminderEvent, rows: Changes) -> None:
        """Keeps whose the reminder is, and whether it is armed."""
        if isinstance(event, ReminderRemoved | ReminderRestored):
            reminder, user = event.reminder.id, event.reminder.user
        else:
            reminder = event.reminder
            known = current(keys.user_of(workspace, reminder), self._rows, rows)
            user = event.user if isinstance(event, ReminderAdded) else (known or b"").decode()
        rows[keys.user_of(workspace, reminder)] = None if isinstance(event, ReminderRemoved) else user.encode()
        rows[keys.armed_of(workspace, user, reminder)] = None if waits_for(event) is None else b""

    def _settling(self, workspace: str, record: EventRecord, rows: Changes) -> Iterator[Output]:
        """Commands that look at every armed reminder of the user again, where their zone or hour has changed."""
        event = codec.event(record)
        assert isinstance(event, PreferencesSet)
        before, after = event.before, event.after
        if (before.zone, before.reminder_hour) == (after.zone, after.reminder_hour):
            return
        prefix = keys.armed_of(workspace, event.user)
        for number, place in enumerate(all_current(prefix, self._rows, rows)):
            settle = SettleReminder(id=f"settle-{record.position}-{number}", reminder=place[len(prefix) :].decode())
            command = CommandRecord(workspace, CLOCK, record.at, settle, source="clock")
            yield Output(COMMANDS.name, workspace.encode(), codec.encode_command(command))

    def committed(self) -> None:
        """Tells that the outbox has changed, and the earliest instant that was put into it."""
        self._publish(self._earliest)

    def aborted(self) -> None:
        """Nothing is cached."""


def agent(publish: Callable[[int, str | None], None], close: Callable[[int], None]) -> AgentSpec:
    """The declaration; `publish` is called after every batch with its partition and the earliest instant put there.

    `close` is called when nothing that was published of a partition holds any more.
    """
    return AgentSpec(
        name="deliveries",
        source=EVENTS,
        outputs=(COMMANDS,),
        patience=PATIENCE_SECONDS,
        open=lambda partition, rows: DeliveriesFold(rows, partial(publish, partition)),
        rebuild=lambda rows: DeliveriesFold(rows, lambda earliest: None),
        close=close,
    )
