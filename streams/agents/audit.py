"""The fold of events into history: every event at its position, its link of the hash chain, and where to find it."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Final

import msgspec

from streams import keys
from streams.fold import AgentSpec, Effects, Linger, Record, Rows
from streams.topics import EVENTS
from tasksys import audit, codec
from tasksys.audit import Remembered
from tasksys.events import EventRecord

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Remembered).decode


LINGER_SECONDS: Final = 0.25
"""How far history may stay behind while nobody asks for it."""

CACHED_LINKS: Final = 100_000
"""Newest links kept in memory per partition, one a workspace, about 200 bytes each."""


class HistoryGap(Exception):
    """The event log is not gapless: a position is missing before this one. The log was tampered with or cut."""


class AuditFold:
    """The fold of events on one partition."""

    def __init__(self, rows: Rows, publish: Callable[[dict[str, int]], None]) -> None:
        self._rows = rows
        self._publish = publish
        self._links: dict[str, tuple[int, bytes]] = {}
        self._reached: dict[str, int] = {}

    def fold(self, records: Sequence[Record]) -> Effects:
        """Chains the events, in order."""
        effects, self._reached = Effects(), {}
        for record in records:
            assert record.key is not None
            assert record.value is not None
            self._fold_one(record.key.decode(), record.value, effects)
        return effects

    def _fold_one(self, workspace: str, value: bytes, effects: Effects) -> None:
        event = codec.decode_event(value)
        position, previous = self._link(workspace)
        if event.position <= position:
            return
        if event.position != position + 1:
            raise HistoryGap(f"workspace {workspace}: position {event.position} comes after {position}")
        chained = audit.link(previous, value)
        self._links[workspace] = event.position, chained
        self._reached[workspace] = event.position
        rows = effects.rows
        rows[keys.event(workspace, event.position)] = encode(Remembered(value, chained))
        if event.task is not None:
            rows[keys.task_event(workspace, event.task, event.position)] = b""
        self._index_command(workspace, event, rows)

    def _index_command(self, workspace: str, event: EventRecord, rows: dict[bytes, bytes | None]) -> None:
        key = keys.command_events(workspace, event.actor, event.command)
        known = rows.get(key) or self._rows.get(key)
        here = keys.POSITION.pack(event.position)
        # A command's events are contiguous; a key that was forgotten and used again names the newer command.
        follows = known is not None and int.from_bytes(known[8:]) == event.position - 1
        rows[key] = (known[:8] if known is not None and follows else here) + here

    def _link(self, workspace: str) -> tuple[int, bytes]:
        """The newest position of the workspace and its link."""
        link = self._links.get(workspace)
        if link is None:
            prefix = keys.rows(workspace, "e")
            newest = next(iter(self._rows.scan(prefix, reverse=True)), None)
            link = (keys.last_position(newest[0]), decode(newest[1]).hash) if newest else (0, audit.GENESIS)
        return link

    def committed(self) -> None:
        """Tells how far each workspace's history reaches now."""
        self._publish(self._reached)
        if len(self._links) > CACHED_LINKS:  # here, and not within a batch, whose links are nowhere else yet
            self._links.clear()

    def aborted(self) -> None:
        """The store is the truth again."""
        self._links.clear()


def agent(
    publish: Callable[[dict[str, int]], None],
    close: Callable[[int], None] = lambda partition: None,
    awaited: asyncio.Event | None = None,
    elsewhere: Callable[[Collection[int]], None] = lambda partitions: None,
) -> AgentSpec:
    """The declaration; `publish` is called with the position that each changed workspace's history reached.

    `awaited` is set while somebody waits for history to get further; without it history never tarries.
    """
    return AgentSpec(
        name="audit",
        source=EVENTS,
        open=lambda partition, rows: AuditFold(rows, publish),
        rebuild=lambda rows: AuditFold(rows, lambda reached: None),
        close=close,
        elsewhere=elsewhere,
        linger=Linger(LINGER_SECONDS, awaited) if awaited else None,
    )
