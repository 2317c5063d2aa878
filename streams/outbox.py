"""Takes what is due in the outbox to people, and appends what came of it as commands.

At least once towards a channel: a process that dies between an attempt and its record tries again, with the same key.
Exactly once in the ledger: what is appended is decided like any command. Before anything is sent the ledger is asked
whether it waits for this very attempt, so a table that is behind, or that is being built anew, sends nothing again.

Letters to one channel of one user wait in a lane of their own (`streams.channel_lanes`): a dead one holds up no other.

Why so long: the way of an attempt, from the table to its record, must be read in one order.
"""

import asyncio
import logging
import random
import traceback
from asyncio import Event, Task
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from monitoring import logs, tracing
from streams import keys, letters, tallies, traces
from streams.agents.deliveries import Attempt, attempts, command, of_channel
from streams.channel_lanes import LANE, Lane, Pools
from streams.fold import Rows
from streams.timers import LOOK_SECONDS, Append, woken
from tasksys import deliveries
from tasksys.deliveries import Letter, Result
from tasksys.errors import NotOwned
from tasksys.rows import Firing, firing_key
from tasksys.state import State
from tasksys.values import UTC, instant

logger = logging.getLogger(__name__)

SLICE: Final = 500
"""Rows that are looked at before others get their turn: about 3 ms."""

ATTEMPT_SECONDS: Final = 30.0
"""After so long an attempt has failed, whatever it waits for."""

REMEMBERED: Final = 10_000
"""Lanes that are kept, to know how their channels did last; above it those go that are empty."""

PATIENCE_SECONDS: Final = 30.0
"""How long a recorded result may be on its way until it is appended again."""

END: Final = bytes([keys.OUTBOX[0] + 1])
"""After every row of the outbox."""


class Courier(Protocol):
    """What takes a letter to its channel, and no longer about it than `ATTEMPT_SECONDS`."""

    async def deliver(self, letter: Letter) -> Result:
        """One attempt; what went wrong is in the result."""
        ...


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
        self._under_way: set[Attempt] = set()
        self._tasks: set[Task[None]] = set()
        self._recorded: dict[int, dict[Attempt, Event]] = {}
        self._lanes: dict[tuple[str, str, str], Lane] = {}
        self._pools = Pools()

    @property
    def letters(self) -> int:
        """Letters in memory, those too whose result is being recorded."""
        return len(self._under_way)

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
        logs.begin({"component": "delivery", "agent": "deliveries"})
        try:
            while True:
                self._changed.clear()
                wait = LOOK_SECONDS
                for partition in self._owned():
                    wait = min(wait, await self._look(partition, courier))
                await woken(self._changed, wait)
        finally:
            for lane in self._lanes.values():
                lane.queue.clear()
            self._lanes, running = {}, list(self._tasks)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            self._under_way.clear()
            self._from.clear()  # whoever begins again looks for what was under way

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
                    self._take(partition, one, courier)
                start = found[-1].key + b"\0"
                await asyncio.sleep(0)
        except NotOwned:
            self._from.pop(partition, None)
        except Exception:
            self._from.pop(partition, None)
            logger.exception("the outbox could not be looked at; it is tried again", extra={"partition": partition})
        return LOOK_SECONDS

    def _take(self, partition: int, one: Attempt, courier: Courier) -> None:
        """Puts an attempt on its way, if its lane has room and the ledger waits for it. Raises NotOwned."""
        name = (one.workspace, one.user, one.channel)
        lane = self._lanes.setdefault(name, Lane())
        if one in self._under_way:
            return
        if lane.full:
            lane.more = True
            return
        firing = self._state(one.workspace).get(Firing, firing_key(one.reminder, one.scheduled_for))
        if firing is None or not deliveries.due(firing, one.channel, one.attempt, one.at):
            self._back(partition, one.key)  # one of the two is behind the other
            return
        lane.letters += 1
        lane.queue.append((partition, one))
        self._under_way.add(one)
        self._go_on(name, lane, courier)

    def _fill(self, partition: int, name: tuple[str, str, str], lane: Lane, courier: Courier) -> None:
        """Takes more of a lane's letters out of the table."""
        try:
            found = of_channel(self._rows(partition), *name, most=2 * LANE)
            lane.more = len(found) == 2 * LANE
            now = instant(self._now())
            for one in found:
                if one.at <= now:
                    self._take(partition, one, courier)
        except Exception as error:
            self._from.pop(partition, None)  # the next look finds them
            if not isinstance(error, NotOwned):
                logger.exception(
                    "a channel's letters could not be read; it is tried again", extra={"partition": partition}
                )

    def _go_on(self, name: tuple[str, str, str], lane: Lane, courier: Courier) -> None:
        """Begins as many attempts of a lane as there may be."""
        while (found := lane.next()) is not None:
            partition, one = found
            task = asyncio.create_task(self._carry(partition, one, name, lane, courier))
            self._tasks.add(task)
            task.add_done_callback(partial(self._done, partition, one, name, lane, courier))

    def _done(
        self, partition: int, one: Attempt, name: tuple[str, str, str], lane: Lane, courier: Courier, task: Task[None]
    ) -> None:
        self._tasks.discard(task)
        self._under_way.discard(one)
        lane.letters -= 1
        if lane.has_room_again and not task.cancelled():
            self._fill(partition, name, lane, courier)
        if len(self._lanes) > REMEMBERED and not lane.letters:
            self._lanes.pop(name, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error(
                "a delivery could not be made or recorded: %r; it is tried again", error,
                extra={"partition": partition, "workspace": one.workspace},
            )  # fmt: skip
            self._from.clear()

    async def _carry(
        self, partition: int, one: Attempt, name: tuple[str, str, str], lane: Lane, courier: Courier
    ) -> None:
        """One attempt, and its record."""
        logs.begin({"component": "delivery", "agent": "deliveries", "partition": partition, "workspace": one.workspace})
        try:
            try:
                result, span = await self._tried(one, lane, courier)
            finally:
                lane.attempts -= 1
                self._go_on(name, lane, courier)
            if result is not None:
                await self._record(partition, one, result, span)
        except NotOwned:
            self._from.pop(partition, None)

    async def _tried(self, one: Attempt, lane: Lane, courier: Courier) -> tuple[Result | None, tracing.Span | None]:
        """What came of an attempt, None if nobody waits for it any more; and its span, if its trace is recorded.

        Raises NotOwned.
        """
        letter = letters.letter(self._state, one)
        if not isinstance(letter, Letter):
            return letter, None
        works = False if letter.channel.failing_since is not None else lane.works
        async with self._pools.of(letter.channel.kind, works):
            letter = letters.letter(self._state, one)  # it may have been answered meanwhile
            if not isinstance(letter, Letter):
                return letter, None
            span = traces.attempt(one, letter)
            with traces.attempting(span) as told:
                result = told(await self._attempt(letter, courier))
            lane.works = not result.error
            return result, span

    async def _attempt(self, letter: Letter, courier: Courier) -> Result:
        try:
            with tallies.attempt(letter) as told:
                async with asyncio.timeout(ATTEMPT_SECONDS):
                    return told(await courier.deliver(letter))
        except TimeoutError:
            return Result(f"It did not answer within {ATTEMPT_SECONDS:.0f} s.")
        except Exception as error:
            # What it says may hold where the channel leads, which stands in no log.
            kind, last = letter.channel.kind.value, traceback.extract_tb(error.__traceback__)[-1]
            logger.error(
                "a courier of %s failed: %s at %s:%s", kind, type(error).__name__, last.filename, last.lineno,
                extra={"operation": f"deliver {kind}"},
            )  # fmt: skip
            return Result(f"A fault of the server ({type(error).__name__}).")

    async def _record(self, partition: int, one: Attempt, result: Result, span: tracing.Span | None) -> None:
        """Appends the result until the outbox shows that it was folded. Raises NotOwned."""
        now = self._now()
        retry = deliveries.retry_at(now, one.attempt, self._chance(), result)
        recorded = command(one, instant(now), result.error, retry)
        gone = self._recorded.setdefault(partition, {}).setdefault(one, Event())
        try:
            while True:
                (error,) = await self._append([recorded], [span]) if span else await self._append([recorded])
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
