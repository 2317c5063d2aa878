"""Takes what is due in the outbox to people, and appends what came of it as commands.

At least once towards a channel: a process that dies between an attempt and its record tries again, with the same key.
Exactly once in the ledger: what is appended is decided like any command. Before anything is sent the ledger is asked
whether it waits for this very attempt, so a table that is behind, or that is being built anew, sends nothing again.

Letters to one channel of one user wait in a lane of their own, and lanes that failed last share no attempt with others:
a dead channel does not hold up one that works.
"""

import asyncio
import logging
import random
import traceback
from asyncio import Event, Semaphore, Task
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from streams import keys
from streams.agents.deliveries import Attempt, attempts
from streams.fold import Rows
from streams.timers import Append, woken
from tasksys import deliveries
from tasksys.commands import CommandRecord, RecordDelivery
from tasksys.deliveries import Letter, Result
from tasksys.errors import NotOwned
from tasksys.rows import Channels, Firing, firing_key
from tasksys.state import State
from tasksys.values import CLOCK, UTC, ChannelKind, When, instant

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
"""How soon partitions that were given to this process, and a clock that was set, are noticed."""

SLICE: Final = 500
"""Rows that are looked at before others get their turn: about 3 ms."""

LANE: Final = 100
"""Letters of one channel that wait in memory; more stay in the table until half of these are gone."""

AT_ONCE: Final = 4
"""Attempts of one channel at once."""

POOLS: Final = {ChannelKind.WEBHOOK: (200, 50), ChannelKind.EMAIL: (8, 4), ChannelKind.APPRISE: (12, 6)}
"""Attempts at once by all channels of a kind: of those that work, and of those that failed last."""

ATTEMPT_SECONDS: Final = 30.0
"""After so long an attempt has failed, whatever it waits for."""

PATIENCE_SECONDS: Final = 30.0
"""How long a recorded result may be on its way until it is appended again."""

END: Final = bytes([keys.OUTBOX[0] + 1])
"""After every row of the outbox."""


class Courier(Protocol):
    """What takes a letter to its channel, and no longer about it than `ATTEMPT_SECONDS`."""

    async def deliver(self, letter: Letter) -> Result:
        """One attempt; what went wrong is in the result."""
        ...


@dataclass(eq=False)
class Lane:
    """The letters to one channel of one user that are under way."""

    slots: Semaphore = field(default_factory=lambda: Semaphore(AT_ONCE))
    letters: int = 0
    failing: bool = False
    skipped: dict[int, bytes] = field(default_factory=dict)
    """By partition the first row that there was no room for."""


class Outbox:
    """Sends what is due in the partitions that `owned` names, whose rows `rows` gives (or raises NotOwned)."""

    def __init__(
        self,
        owned: Callable[[], Sequence[int]],
        rows: Callable[[int], Rows],
        state: Callable[[str], State],
        append: Append,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`state` gives the state of a workspace (or raises NotOwned); `chance` spreads retries."""
        self._owned, self._rows, self._state = owned, rows, state
        self._append, self._now, self._chance = append, now, chance
        self._changed = Event()
        self._from: dict[int, bytes] = {}
        """Of each partition a key before which nothing is due that is not under way."""
        self._under_way: dict[Attempt, Task[None]] = {}
        self._recorded: dict[int, dict[Attempt, Event]] = {}
        self._lanes: dict[tuple[str, str, str], Lane] = {}
        self._pools = {
            (kind, failing): Semaphore(sizes[failing]) for kind, sizes in POOLS.items() for failing in (False, True)
        }

    def wake(self) -> None:
        """The clock was set."""
        self._from.clear()
        self._changed.set()

    def changed(self, partition: int, earliest: str | None) -> None:
        """An outbox has changed; the earliest instant that was put into it."""
        for one, gone in list(self._recorded.get(partition, {}).items()):
            if not self._waits(partition, one):
                gone.set()
        if earliest is not None:
            self._again(partition, keys.OUTBOX + earliest.encode())

    def forget(self, partition: int) -> None:
        """What is known of an outbox does not hold any more."""
        self._from.pop(partition, None)
        for gone in self._recorded.get(partition, {}).values():
            gone.set()

    def _again(self, partition: int, key: bytes) -> None:
        """Looks again from that key on, soon."""
        self._back(partition, key)
        self._changed.set()

    def _back(self, partition: int, key: bytes) -> None:
        """The next look begins at that key at the latest; what is to be looked through from its beginning, stays so."""
        if partition in self._from:
            self._from[partition] = min(key, self._from[partition])

    async def run(self, courier: Courier) -> None:
        """Sends until it is cancelled."""
        try:
            while True:
                self._changed.clear()
                wait = LOOK_SECONDS
                for partition in self._owned():
                    wait = min(wait, await self._look(partition, courier))
                await woken(self._changed, wait)
        finally:
            running = list(self._under_way.values())
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _look(self, partition: int, courier: Courier) -> float:
        """Takes what is due and there is room for; seconds until something is, which may be never."""
        start, self._from[partition] = self._from.get(partition, keys.OUTBOX), END
        try:
            while found := attempts(self._rows(partition), start, SLICE):
                now = self._now()
                for one in found:
                    wait = (datetime.fromisoformat(one.at) - now).total_seconds()
                    if wait > 0:
                        self._back(partition, one.key)
                        return wait
                    if one not in self._under_way:
                        self._take(partition, one, courier)
                start = found[-1].key + b"\0"
                await asyncio.sleep(0)
        except NotOwned:
            self._from.pop(partition, None)
        except Exception:
            self._from.pop(partition, None)
            logger.exception("partition %d: the outbox could not be looked at; it is tried again", partition)
        return LOOK_SECONDS

    def _take(self, partition: int, one: Attempt, courier: Courier) -> None:
        """Puts an attempt on its way, if the ledger waits for it and its lane has room. Raises NotOwned."""
        firing = self._state(one.workspace).get(Firing, firing_key(one.reminder, one.scheduled_for))
        if firing is None or not deliveries.due(firing, one.channel, one.attempt, one.at):
            self._back(partition, one.key)  # one of the two is behind the other
            return
        name = (one.workspace, firing.user, one.channel)
        lane = self._lanes.setdefault(name, Lane())
        if lane.letters >= LANE:
            lane.skipped.setdefault(partition, one.key)
            return
        lane.letters += 1
        task = asyncio.create_task(self._carry(partition, one, lane, courier))
        self._under_way[one] = task
        task.add_done_callback(lambda done: self._done(one, name, lane, done))

    def _done(self, one: Attempt, name: tuple[str, str, str], lane: Lane, task: Task[None]) -> None:
        self._under_way.pop(one, None)
        lane.letters -= 1
        if lane.letters <= LANE // 2 and lane.skipped:
            skipped, lane.skipped = lane.skipped, {}
            for partition, key in skipped.items():
                self._again(partition, key)
        if not lane.letters and not lane.failing:
            self._lanes.pop(name, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a delivery could not be made or recorded: %r; it is tried again", error)
            self._from.clear()

    async def _carry(self, partition: int, one: Attempt, lane: Lane, courier: Courier) -> None:
        """One attempt, and its record."""
        try:
            async with lane.slots:
                letter = self._letter(one)
                if isinstance(letter, Letter):
                    failing = lane.failing or letter.channel.failing_since is not None
                    async with self._pools[letter.channel.kind, failing]:
                        letter = self._letter(one)  # it may have been answered meanwhile
                        if isinstance(letter, Letter):
                            letter = await self._attempt(letter, courier)
                            lane.failing = bool(letter.error)
            if letter is not None:
                await self._record(partition, one, letter)
        except NotOwned:
            self._from.pop(partition, None)

    def _letter(self, one: Attempt) -> Letter | Result | None:
        """What to send now; a result if that cannot be sent any more, None if nobody waits for it. Raises NotOwned."""
        state = self._state(one.workspace)
        firing = state.get(Firing, firing_key(one.reminder, one.scheduled_for))
        workspace, task = state.workspace, state.task(firing.task) if firing else None
        if firing is None or task is None or workspace is None:
            return None
        if not deliveries.due(firing, one.channel, one.attempt, one.at):
            return None
        channels = state.get(Channels, firing.user)
        channel = channels.named(one.channel) if channels else None
        if state.member(firing.user) is None:
            return Result("Its user has left the workspace.", retry=False)
        if channel is None:
            return Result("The channel was removed.", retry=False)
        if channel.disabled is not None:
            return Result("The channel is disabled; enable it in the preferences.", retry=False)
        which = (task.id, one.reminder, one.scheduled_for)
        return Letter(
            one.workspace, workspace.name, firing.user, channel, task.id, task.title, for_people(task.due),
            one.reminder, one.scheduled_for, firing.fired_at, one.attempt, deliveries.key(one.workspace, *which),
        )  # fmt: skip

    async def _attempt(self, letter: Letter, courier: Courier) -> Result:
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                return await courier.deliver(letter)
        except TimeoutError:
            return Result(f"It did not answer within {ATTEMPT_SECONDS:.0f} s.")
        except Exception as error:
            # What it says may hold where the channel leads, which stands in no log.
            kind, last = letter.channel.kind.value, traceback.extract_tb(error.__traceback__)[-1]
            logger.error("a courier of %s failed: %s at %s:%s", kind, type(error).__name__, last.filename, last.lineno)
            return Result(f"A fault of the server ({type(error).__name__}).")

    async def _record(self, partition: int, one: Attempt, result: Result) -> None:
        """Appends the result until the outbox shows that it was folded. Raises NotOwned."""
        now = self._now()
        wait = deliveries.backoff(one.attempt, self._chance(), result.after)
        retry = _later(now, wait) if result.error and result.retry else None
        recorded = record(one, instant(now), result.error, retry)
        gone = self._recorded.setdefault(partition, {}).setdefault(one, Event())
        try:
            while True:
                (error,) = await self._append([recorded])
                if error is not None:
                    logger.warning("a delivery could not be recorded: %r; it is tried again", error)
                    await asyncio.sleep(LOOK_SECONDS)
                elif not self._waits(partition, one) or await woken(gone, PATIENCE_SECONDS):
                    return
        finally:
            self._recorded[partition].pop(one, None)

    def _waits(self, partition: int, one: Attempt) -> bool:
        try:
            return self._rows(partition).get(one.key) == one.row
        except NotOwned:
            return False


def record(one: Attempt, at: str, error: str, retry_at: str | None) -> CommandRecord:
    """What says what came of an attempt. Its id is the attempt's: one id for one result."""
    command = RecordDelivery(
        id=f"sent-{one.position}-{one.number}-{one.attempt}", reminder=one.reminder, scheduled_for=one.scheduled_for,
        channel=one.channel, attempt=one.attempt, error=error, retry_at=retry_at,
    )  # fmt: skip
    return CommandRecord(one.workspace, CLOCK, at, command, source="clock")


def _later(now: datetime, wait: timedelta) -> str:
    try:
        return instant(now + wait)
    except OverflowError:
        return instant(now)


def for_people(when: When | None) -> str:
    """A due value as it is read: its date, or wall time and zone."""
    if when is None:
        return ""
    return when.date or " ".join(part for part in ((when.local or "").replace("T", " "), when.zone) if part)
