"""Replay: rebuilds the agents' tables from the event log beside the live ones, compares row by row, and switches.

Events are folded with `evolve` and nothing is decided again; nothing is sent or emitted. Reads and commands go on; the
comparison of a partition holds its fold for a moment, and so does each slice of its switch, see `streams.switch`.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from rocksdict import Rdict, WriteBatch

from monitoring import metrics
from streams import eventlog, keys
from streams.agent import FoldAgent
from streams.applied import APPLIED
from streams.broker import Broker
from streams.fold import Record
from streams.switch import Wrong, switch
from streams.topics import EVENTS
from streams.transport.database import open_database
from streams.transport.partition_rows import PartitionRows
from streams.transport.rows import RowStore
from tasksys import codec
from tasksys.errors import Busy

SHOWN: Final = 100
"""Differences named in the report; all of them are counted."""

Progress = dict[str, Any]

_in_use: set[Path] = set()
"""Scratch directories of the replays that run in this process."""


class Difference(NamedTuple):
    """A row that is not what the events say."""

    key: bytes
    live: bytes | None
    rebuilt: bytes | None

    def named(self, agent: str, partition: int) -> dict[str, Any]:
        """The difference for people."""
        kind = "missing" if self.live is None else "extra" if self.rebuilt is None else "different"
        return {"agent": agent, "partition": partition, "row": self.key.decode("utf-8", "replace"), "kind": kind}


@dataclass
class Rebuild:
    """One agent's table on one partition, being rebuilt in a scratch database."""

    broker: Broker
    agent: FoldAgent
    partition: int
    database: Rdict
    workspace: str | None = None
    until: str | None = None

    def __post_init__(self) -> None:
        self.store = RowStore(self.database)
        self._table = self.agent.spec.name
        self.rows = PartitionRows(self.store, self._table, self.partition)
        self.position = 0
        self.touched: set[bytes] = set()
        self._compared = False
        self._kept = (APPLIED, *self.agent.spec.kept)
        self._apart: Collection[bytes] = ()
        if self.agent.spec.rebuild is None:
            raise ValueError(f"the table of the agent {self._table!r} is no fold of events; it cannot be rebuilt")
        self._fold = self.agent.spec.rebuild(self.rows)

    async def catch_up(self) -> AsyncIterator[int]:
        """Folds the events that are there and not yet folded; yields how many at a time.

        A table that is a fold of the events is caught up with as far as it has got itself: it may be behind the log.
        """
        async for found in eventlog.read(self.broker, EVENTS.name, self.partition, self.position):
            end = self.agent.position(self.partition) if self.agent.spec.source == EVENTS else found[-1].offset + 1
            records = [one for one in found if one.offset < end]
            if not records:
                return
            self.position = records[-1].offset + 1
            wanted = [one for one in records if self._wanted(one)]
            effects = self._fold.fold(wanted)
            if self._compared:
                self.touched.update(effects.rows)
            batch = WriteBatch(raw_mode=True)
            self.store.stage(batch, self._table, self.partition, effects.rows)
            self.database.write(batch)
            yield len(wanted)

    def _wanted(self, record: Record) -> bool:
        if self.workspace is not None and record.key != self.workspace.encode():
            return False
        return self.until is None or codec.decode_event(record.value or b"").at <= self.until

    def differences(self) -> Iterator[Difference | None]:
        """Walks both tables in key order; None now and then, so that others get their turn.

        From its first step on `touched` collects the rows that events change.
        """
        self._compared = True
        self._apart = self.agent.spec.apart(self.agent.rows(self.partition))
        live, rebuilt = self._scan(self.agent.rows(self.partition)), self._scan(self.rows)
        left, right = next(live, None), next(rebuilt, None)
        count = 0
        while left is not None or right is not None:
            count += 1
            if count % 1000 == 0:
                yield None
            if right is None or (left is not None and left[0] < right[0]):
                assert left is not None
                yield Difference(left[0], left[1], None)
                left = next(live, None)
            elif left is None or right[0] < left[0]:
                yield Difference(right[0], None, right[1])
                right = next(rebuilt, None)
            else:
                if left[1] != right[1]:
                    yield Difference(left[0], left[1], right[1])
                left, right = next(live, None), next(rebuilt, None)

    def _scan(self, rows: PartitionRows) -> Iterator[tuple[bytes, bytes]]:
        found = rows.scan() if self.workspace is None else keys.scan_workspace(rows, self.workspace)
        return (
            (key, row)
            for key, row in found
            if not (key.startswith(self._kept) or (self._apart and keys.workspace_of(key) in self._apart))
        )


async def replay(
    broker: Broker,
    agents: Sequence[FoldAgent],
    partitions: Sequence[int],
    scratch: Path,
    verify: bool,
    workspace: str | None = None,
    until: str | None = None,
) -> AsyncIterator[Progress]:
    """Rebuilds these partitions of these agents' tables; yields progress, the last one with phase `done`.

    With `until` (an instant as stored) the events up to there are folded, and nothing is compared. Raises Busy while
    another replay uses the scratch directory.
    """
    if scratch in _in_use:
        raise Busy("A replay runs already; wait for its end.")
    _in_use.add(scratch)
    try:
        database = _empty(scratch)  # on the loop, for some milliseconds: cancelled in a thread, it would be left behind
    except BaseException:
        _in_use.discard(scratch)
        raise
    shown: list[dict[str, Any]] = []
    total, folded, different, repaired = 0, 0, 0, 0
    try:
        for agent in agents:
            for partition in partitions:
                rebuild = Rebuild(broker, agent, partition, database, workspace, until)
                where = {"agent": agent.spec.name, "partition": partition}
                async for count in rebuild.catch_up():
                    folded += count
                    yield {"phase": "fold", **where, "done": folded}
                if until is not None:
                    continue
                async with agent.held(partition):
                    async for count in rebuild.catch_up():
                        folded += count
                    comparison = rebuild.differences()
                    first = next(comparison, None)  # both snapshots are taken here
                wrong = list[Wrong]()
                for one in chain([first], comparison):
                    if one is None:
                        await asyncio.sleep(0)
                        continue
                    wrong.append(Wrong(one.key, len(one.rebuilt or b"")))
                    if len(shown) < SHOWN:
                        shown.append(one.named(agent.spec.name, partition))
                total += 1
                different += len(wrong)
                yield {"phase": "compare", **where, "done": total, "total": len(agents) * len(partitions)}
                if not verify:
                    async for count in switch(rebuild, wrong):
                        repaired += count
                        different = max(different, repaired)  # commands can have built upon what was wrong
                        yield {"phase": "switch", **where, "done": repaired, "total": different}
    finally:
        database.close()
        shutil.rmtree(scratch, ignore_errors=True)
        _in_use.discard(scratch)
    yield {
        "phase": "done", "done": folded, "total": folded, "different": different, "repaired": repaired,
        "differences": shown,
    }  # fmt: skip


async def measured(
    progress: AsyncIterator[Progress], total: Callable[[], Awaitable[int]], verify: bool, compares: bool
) -> AsyncIterator[Progress]:
    """The progress, told as metrics as well; `total` is how many events there are to fold, at most.

    What does not compare ends as `equal` if it ends.
    """
    result: str | None = "broken_off"
    metrics.REPLAYING.inc()
    try:
        events = await total()
        async for one in progress:
            metrics.REPLAY_TOTAL.set(events)
            if one["phase"] in ("fold", "done"):
                metrics.REPLAY_RECORDS.set(one["done"])
            if one["phase"] == "done":
                wrong = compares and one["different"]
                result = "equal" if not wrong else "differed" if verify else "repaired"
            yield one
    except Busy:
        result = None
        raise
    finally:
        metrics.REPLAYING.dec()
        if result is not None:
            metrics.REPLAYS.labels(result).inc()
        if isinstance(progress, AsyncGenerator):
            await progress.aclose()


def _empty(scratch: Path) -> Rdict:
    """A new database; what a replay that was killed left behind goes."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    return open_database(scratch)
