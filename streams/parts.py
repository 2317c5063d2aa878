"""Everything of a worker but what runs its agents: the ways in and out, timers, the outbox, and what folds tell them.

It is the same over Faust's apps (`streams.node`) and over a simulation of them: both are its `Host`.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from streams import log_lines, tallies
from streams.agents import audit, commands, deliveries, timeline
from streams.agents.committed import Committed
from streams.agents.recurrence import RECURRENCE
from streams.agents.reminders import REMINDERS
from streams.agents.states import States
from streams.fold import AgentSpec, Headers, Rows
from streams.gateway import Gateway
from streams.history import HistoryReader
from streams.indexes import Indexes
from streams.outbox import Outbox
from streams.partitioning import partition_of
from streams.reader import StateReader
from streams.timers import Timer
from streams.topics import COMMANDS
from streams.turns import Turns
from streams.waiting import OutcomeWaiters, PositionWaiters
from tasksys.rows import Workspace

logger = logging.getLogger(__name__)

TIMELINES: Final = {kind.agent: kind for kind in (REMINDERS, RECURRENCE)}
"""What falls due, by the agent that knows when."""

AGENTS: Final = ("commands", "audit", *TIMELINES, "deliveries")
"""Every agent, in the order of the data's way."""


class Host(Protocol):
    """What runs the agents of a worker: their folds, their tables, and the log."""

    @property
    def partitions(self) -> int:
        """How many partitions every topic and table has; known once it is started."""
        ...

    def rows(self, name: str, partition: int) -> Rows:
        """The rows of a partition of an agent's table, of which this worker is the owner.

        Raises NotHere, Elsewhere, NotOwned.
        """
        ...

    def assigned(self, name: str) -> list[int]:
        """The partitions that an agent has here, served already or not. Raises NotHere, NotOwned."""
        ...

    def served(self, name: str) -> list[int]:
        """The partitions of an agent that this worker writes just now; none while they move."""
        ...

    def append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> asyncio.Future[None]:
        """Appends a record behind those appended before; the result, when it is durable. Raises BrokerUnavailable."""
        ...


class Parts:
    """A worker's parts."""

    def __init__(
        self, host: Host, clock: Callable[[], datetime], zones: str, chance: Callable[[], float] = random.random
    ) -> None:
        """`clock` tells what time it is, for what falls due, by that release of the zone database.

        `chance`, from 0 to 1, spreads what is tried again.
        """
        self._host = host
        self._followers: list[tuple[Callable[[Committed], None], Callable[[int], None]]] = []
        self._states = States()
        turns, rows = Turns(), partial(self._rows, "commands")
        self._indexes = Indexes(rows, turns, self._states.rows)
        self.outcomes = OutcomeWaiters()
        self.state_positions = PositionWaiters()
        self.history_positions = PositionWaiters()
        self.gateway = Gateway(self._send, self.outcomes)
        self.state = StateReader(rows, self._all_rows, self._indexes, turns)
        self.history = HistoryReader(partial(self._rows, "audit"), turns)
        append = self.gateway.append_all
        self.timers = {
            name: Timer(kind, partial(host.served, name), partial(host.rows, name), append, clock, zones)
            for name, kind in TIMELINES.items()
        }
        box = partial(host.rows, "deliveries")
        self.outbox = Outbox(partial(host.served, "deliveries"), box, self.state.state, append, clock, chance)
        self._clock = clock

    def spec(self, name: str) -> AgentSpec:
        """The declaration of an agent, wired to the other parts."""
        match name:
            case "commands":
                elsewhere = partial(self._elsewhere, (self.outcomes, self.state_positions))
                return commands.agent(self._committed, self._given_away, self._states, elsewhere)
            case "audit":
                awaited, elsewhere = self.history_positions.awaited, partial(self._elsewhere, (self.history_positions,))
                return audit.agent(self._remembered, lambda partition: self.history.forget(), awaited, elsewhere)
            case name if name in TIMELINES:
                timer = self.timers[name]
                return timeline.agent(TIMELINES[name], timer.changed, timer.forget)
            case "deliveries":
                return deliveries.agent(self.outbox.changed, self.outbox.forget)
            case _:
                raise ValueError(f"unknown agent {name!r}; there are {', '.join(AGENTS)}")

    def partition(self, workspace: str) -> int:
        """The partition of a workspace, in every topic and table."""
        return partition_of(workspace, self._host.partitions)

    def follow(
        self, follower: Callable[[Committed], None], broken: Callable[[int], None] = lambda partition: None
    ) -> Callable[[], None]:
        """Calls the follower with every durable batch of commands, in order per partition, until the result is called.

        Rows, indexes and positions are those of the batch then. `broken` is called with a partition whose batches may
        go on without the follower: given away, started anew, or put right by a replay.
        """
        entry = (follower, broken)
        self._followers.append(entry)
        return lambda: self._followers.remove(entry)

    def break_off(self, partition: int) -> None:
        """Tells all followers that a partition's batches may go on without them."""
        self._tell([partial(broken, partition) for _, broken in self._followers])

    def wake(self) -> None:
        """Looks at the clock again: it was set."""
        for timer in self.timers.values():
            timer.wake()
        self.outbox.wake()

    def _committed(self, committed: Committed) -> None:
        # First of all: nothing that follows may keep an outcome from its request. Those who wait go on after this call.
        self.outcomes.tell(committed.decided)
        self.state.follow(committed)
        self._indexes.follow(committed)
        for workspace, rows in committed.changed.items():
            for row in rows.values():
                if isinstance(row, Workspace):
                    self.state_positions.tell(workspace, row.position)
        self._tell([partial(follower, committed) for follower, _ in self._followers])
        tallies.count(committed, self._clock())
        log_lines.write(committed)

    def _tell(self, followers: list[Callable[[], None]]) -> None:
        for follower in followers:
            try:
                follower()
            except Exception:
                logger.exception("a follower of commands failed; the others go on")

    def _given_away(self, partition: int) -> None:
        self._states.forget(partition)
        self.state.forget()
        self._indexes.forget(lambda workspace: self.partition(workspace) == partition)
        self.break_off(partition)

    def _elsewhere(self, waiting: Sequence[OutcomeWaiters | PositionWaiters], partitions: Collection[int]) -> None:
        """Nothing is heard here of what other workers do: who waits for that is told so, and asks them."""
        for waiters in waiting:
            waiters.leave(lambda workspace: bool(partitions) and self.partition(workspace) in partitions)

    def _remembered(self, reached: dict[str, int]) -> None:
        for workspace, position in reached.items():
            self.history_positions.tell(workspace, position)

    def _rows(self, name: str, workspace: str) -> Rows:
        return self._host.rows(name, self.partition(workspace))

    def _all_rows(self) -> list[tuple[int, Rows]]:
        return [(number, self._host.rows("commands", number)) for number in self._host.assigned("commands")]

    def _send(self, key: bytes, value: bytes, headers: Headers) -> asyncio.Future[None]:
        return self._host.append(COMMANDS.name, self.partition(key.decode()), key, value, headers)
