"""A timeline as an agent's table: what falls due next of what its events arm. A timer takes what is due from here.

A row for each armed thing, in the order of their instants, and one that finds it again. When the zone or the
hour of a workspace changes, or the zone database does, it commands that each of them is looked at anew: `decide` sees
one at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from msgspec import UNSET

from monitoring import tracing
from streams import keys
from streams.fold import AgentSpec, Changes, Effects, Output, Record, Rows, all_current, carrying, current
from streams.topics import COMMANDS, EVENTS
from tasksys import codec
from tasksys.commands import Command, CommandRecord
from tasksys.events import EventRecord, WorkspaceCreated, WorkspaceEdited, ZonesChanged
from tasksys.values import CLOCK

PATIENCE_SECONDS: Final = 0.25
"""So much later something may be noticed that is set for less than that ahead."""


POSITION_BYTES: Final = 8
"""The beginning of a row; the rest, if there is any, is the trace of the event that set it."""


class Due(NamedTuple):
    """Something that falls due at an instant (as stored); `position` is that of the event that set it.

    `trace` is the packed context of that event, if its trace is recorded.
    """

    at: str
    workspace: str
    name: str
    position: int
    trace: bytes = b""

    @property
    def key(self) -> bytes:
        """Its row's."""
        return keys.timeline(self.at, self.workspace, self.name)

    @property
    def row(self) -> bytes:
        """Its row."""
        return self.position.to_bytes(POSITION_BYTES) + self.trace


def timeline(rows: Rows, start: bytes = keys.TIMELINE) -> Iterator[Due]:
    """What is armed in a partition from a key on, the earliest first."""
    for key, row in rows.scan(keys.TIMELINE, start):
        at, workspace, name = key.removeprefix(keys.TIMELINE).decode().split("\0")
        yield Due(at, workspace, name, int.from_bytes(row[:POSITION_BYTES]), row[POSITION_BYTES:])


class Armed(NamedTuple):
    """What an event says: from now on the thing of that name falls due at that instant; at None, never."""

    name: str
    at: str | None


class Kind(NamedTuple):
    """A kind of things that fall due: the agent that keeps their timeline, and the commands about one of them."""

    agent: str
    reads: frozenset[str]
    """The types of events that arm and disarm."""
    armed: Callable[[EventRecord], Armed]
    """What an event of those types says."""
    due: Callable[[str, Due], Command]
    """(part of an id, what is due) -> what says that its time has come."""
    look: Callable[[str, str], Command]
    """(part of an id, name) -> what says that its time may be another by now."""


OF_ZONES: Final = frozenset(kind.__name__ for kind in (WorkspaceCreated, WorkspaceEdited, ZonesChanged))
"""Types of events after which what is armed may fall due at other instants."""


class TimelineFold:
    """The timeline of one partition."""

    def __init__(self, kind: Kind, rows: Rows, publish: Callable[[str | None], None]) -> None:
        self._kind = kind
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
            if event.type in self._kind.reads:
                self._fold_one(record.key.decode(), event, effects.rows, tracing.packed(record.headers))
            elif event.type in OF_ZONES:
                looks = self._zones(record.key.decode(), event, effects.rows)
                effects.outputs += carrying(looks, tracing.onward(record.headers))
        return effects

    def _zones(self, workspace: str, record: EventRecord, rows: Changes) -> Iterator[Output]:
        """Commands that look at everything armed again, where its zone or hour, or the zone database, has changed."""
        event = codec.event(record)
        match event:
            case WorkspaceCreated():
                rows[keys.zones(workspace)] = event.zones.encode()
            case ZonesChanged():
                rows[keys.zones(workspace)] = event.after.encode()
                yield from self._look(workspace, record, rows)
            case WorkspaceEdited() if (event.after.time_zone, event.after.reminder_hour) != (UNSET, UNSET):
                yield from self._look(workspace, record, rows)
            case _:
                pass

    def _look(self, workspace: str, record: EventRecord, rows: Changes) -> Iterator[Output]:
        prefix = keys.armed(workspace)
        for number, place in enumerate(all_current(prefix, self._rows, rows)):
            look = self._kind.look(f"settle-{record.position}-{number}", place.removeprefix(prefix).decode())
            command = CommandRecord(workspace, CLOCK, record.at, look, source="clock")
            yield Output(COMMANDS.name, workspace.encode(), codec.encode_command(command))

    def _fold_one(self, workspace: str, record: EventRecord, rows: Changes, trace: bytes) -> None:
        says = self._kind.armed(record)
        place = keys.armed(workspace, says.name)
        before = current(place, self._rows, rows)
        if before is not None:
            rows[keys.timeline(before.decode(), workspace, says.name)] = None
            rows[place] = None
        if says.at is not None:
            due = Due(says.at, workspace, says.name, record.position, trace)
            rows[due.key] = due.row
            rows[place] = says.at.encode()
            self._earliest = says.at if self._earliest is None else min(says.at, self._earliest)

    def committed(self) -> None:
        """Tells that the timeline has changed, and the earliest instant that was put into it."""
        self._publish(self._earliest)

    def aborted(self) -> None:
        """Nothing is cached."""


def agent(kind: Kind, publish: Callable[[int, str | None], None], close: Callable[[int], None]) -> AgentSpec:
    """The declaration; `publish` is called after every batch with its partition and the earliest instant put there.

    `close` is called when nothing that was published of a partition holds any more.
    """
    return AgentSpec(
        name=kind.agent,
        source=EVENTS,
        outputs=(COMMANDS,),
        patience=PATIENCE_SECONDS,
        open=lambda partition, rows: TimelineFold(kind, rows, partial(publish, partition)),
        rebuild=lambda rows: TimelineFold(kind, rows, lambda earliest: None),
        close=close,
    )
