"""Reads of the past: events, audit entries, the hash chain, and the state as of any position or instant."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from streams import keys, pasts
from streams.agents.audit import decode
from streams.fold import Rows
from streams.pasts import Past, Pasts
from streams.turns import Turns
from tasksys import audit, codec
from tasksys.audit import Break, Remembered
from tasksys.events import EventRecord
from tasksys.fairness import Queues
from tasksys.query import FilterError, Page, PageRequest
from tasksys.rows import Row
from tasksys.state import Key, State

POSITIONS: Final = 2**64 - 1
"""The last position that has a key."""

FOLDED_AT_ONCE: Final = 2
"""Past states that are being folded; each takes memory until it is kept or dropped, and more are no sooner there."""

SCANNED: Final = 10_000
"""Events that one call for audit entries looks at; the next one goes on from there."""

PAGE_BYTES: Final = 4 * 1024 * 1024
"""About how large a page of audit entries becomes; the rest is for the next one."""


class HistoryReader:
    """The history of the workspaces that this process owns."""

    def __init__(self, rows: Callable[[str], Rows], turns: Turns | None = None) -> None:
        self._rows = rows
        self._turns = turns or Turns()
        self._pasts = Pasts()
        self._folding = Queues(FOLDED_AT_ONCE)
        self._asked: defaultdict[str, Counter[int]] = defaultdict(Counter)

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
        start = keys.task_event(workspace, task, after + 1)
        return self._indexed(workspace, self._rows(workspace).scan(keys.task_events(workspace, task), start))

    def newest_of_task(self, workspace: str, task: str, before: int | None = None) -> Iterator[tuple[int, Remembered]]:
        """The same from the newest (or from before a position) back."""
        start = None if before is None else keys.task_event(workspace, task, max(0, before - 1))
        found = self._rows(workspace).scan(keys.task_events(workspace, task), start, reverse=True)
        return self._indexed(workspace, found)

    def of_task_since(self, workspace: str, task: str, version: int) -> Iterator[tuple[int, Remembered]]:
        """The stored events of a task that gave it a later version, in order; found without the earlier ones."""
        low, high = 0, self.position(workspace)
        while low < high:  # no event up to `low` gave a later version, every one after `high` did
            middle = (low + high) // 2
            found = next(self.of_task(workspace, task, middle), None)
            if found is None or (codec.decode_event(found[1].event).version or 0) > version:
                high = middle
            else:
                low = found[0]
        return self.of_task(workspace, task, low)

    def _indexed(self, workspace: str, places: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[int, Remembered]]:
        for key, _ in places:
            position = keys.last_position(key)
            if found := self.at(workspace, position):
                yield position, found

    def of_command(self, workspace: str, actor: str, command: str) -> list[EventRecord]:
        """The events of an actor's command, in order."""
        bounds = self._rows(workspace).get(keys.command_events(workspace, actor, command))
        if bounds is None:
            return []
        return self.between(workspace, int.from_bytes(bounds[:8]), int.from_bytes(bounds[8:]))

    async def commands_named(self, workspace: str, command: str, actor: str | None) -> list[EventRecord]:
        """The events of a command known by its id alone, or by its actor too; [] if there is none, or more than one.

        Without the actor, each user who ever did something in the workspace is asked for a command of that id.
        """
        actors = iter([actor]) if actor is not None else self._actors(workspace)
        found = [
            events async for one in self._turns.over(actors) if (events := self.of_command(workspace, one, command))
        ]
        return found[0] if len(found) == 1 else []

    def _actors(self, workspace: str) -> Iterator[str]:
        """Whose commands are in the index, found by skipping from one's to the next one's: 10 µs each."""
        prefix, start = keys.rows(workspace, "c"), keys.rows(workspace, "c")
        while (found := next(iter(self._rows(workspace).scan(prefix, start)), None)) is not None:
            actor, _, _ = found[0][len(prefix) :].partition(b"\0")
            yield actor.decode()
            start = prefix + actor + b"\x01"

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

    async def entries(self, workspace: str, wanted: audit.Wanted, limit: int) -> tuple[list[audit.Entry], int | None]:
        """Audit entries from the newest back, at most `limit` (from 1), and the position to go on before, if any.

        There may be more although fewer than `limit` are given: one call looks at so many events only.
        """
        before = wanted.before
        if wanted.until is not None:
            newest = self.position_at(workspace, wanted.until) + 1
            before = newest if before is None else min(before, newest)
        if before is not None and before <= 1:
            return [], None
        found = (
            self.newest(workspace, before)
            if wanted.task is None
            else self.newest_of_task(workspace, wanted.task, before)
        )
        entries: list[audit.Entry] = []
        scanned = size = 0
        async for position, stored in self._turns.over(found):
            scanned += 1
            event = codec.decode_event(stored.event)
            if wanted.since is not None and event.at < wanted.since:
                break
            if wanted.actor in (None, event.actor):
                entries.append(self.entry(workspace, position, stored))
                size += len(stored.event)
            if len(entries) == limit or scanned == SCANNED or size > PAGE_BYTES:
                return entries, position if position > 1 else None
        return entries, None

    async def verify(self, workspace: str, end: int = 0) -> tuple[int, Break | None]:
        """Recomputes the chain: how many events hold, and the first break if there is one.

        `end` is a position that the workspace is known to have reached: a history that stops before it was cut.
        """
        previous, expected = audit.GENESIS, 1
        async for key, row in self._turns.over(self._rows(workspace).scan(keys.rows(workspace, "e"))):
            position = keys.last_position(key)
            if position != expected:
                return expected - 1, Break(expected, f"the event is missing; position {position} follows")
            try:
                found = decode(row)
            except msgspec.DecodeError as error:
                return expected - 1, Break(position, f"the record cannot be read: {error}")
            if audit.link(previous, found.event) != found.hash:
                return expected - 1, Break(position, "the event's bytes or its hash were changed")
            previous, expected = found.hash, expected + 1
        if expected <= end:
            return expected - 1, Break(expected, f"the record ends before it; the workspace is at position {end}")
        return expected - 1, None

    def position_at(self, workspace: str, instant: str) -> int:
        """The position that the workspace had at an instant (as stored: UTC, milliseconds); 0 before its first."""
        low, high = 0, self.position(workspace)
        while low < high:  # instants never run backwards within a workspace
            middle = (low + high + 1) // 2
            _, found = next(self.stored(workspace, middle - 1))  # itself, unless somebody removed it
            low, high = (middle, high) if codec.decode_event(found.event).at <= instant else (low, middle - 1)
        return low

    async def state_at(self, workspace: str, position: int) -> State:
        """The whole workspace as of a position, by folding its events up to there, from the nearest state kept."""
        async with self._past(workspace, position) as past:
            return past.state()

    async def task_at(self, workspace: str, task: str, position: int) -> dict[Key, Row | None]:
        """The rows of a task and its comments as of a position, by folding the task's own events alone."""
        events = self.of_task(workspace, task)
        return await self._turns.finish(pasts.of_task(workspace, task, position, events))

    async def query_at(self, workspace: str, position: int, wanted: PageRequest) -> Page | FilterError:
        """The page of tasks that `Index.run` gives as of a position."""
        async with self._past(workspace, position) as past:
            index = await self._turns.finish(past.indexed())
            self._pasts.shrink()
        try:
            return await self._turns.finish(index.steps(wanted))
        finally:
            self._pasts.shrink()  # the first search reads the texts into the index

    @asynccontextmanager
    async def _past(self, workspace: str, position: int) -> AsyncIterator[Past]:
        """The workspace as of a position; nothing else of the workspace is folded as long as this is held.

        What others wait for is kept on the way: reads of the same past, or of one close by, share a fold.
        """
        asked = self._asked[workspace]
        asked[position] += 1
        try:
            async with self._folding.of(workspace):
                start, past = self._pasts.nearest(workspace, position)
                if start != position:
                    events = self.stored(workspace, start)
                    steps = self._pasts.folded(workspace, position, start, past, events, asked)
                    past = await self._turns.finish(steps)
                yield past
        finally:
            asked[position] -= 1
            if not asked[position]:
                del asked[position]
            if not asked:
                self._asked.pop(workspace, None)

    def forget(self) -> None:
        """Drops past states: the history was changed outside of its fold. Those being folded now are kept by nobody."""
        self._pasts = Pasts()
