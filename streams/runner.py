"""Runs one agent's fold on one partition: skips what was applied, folds, commits, tells.

The offset up to which the source was applied is itself a row of the table, so state and position cannot part. It is
written with what has effects; records that have none are merely passed.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Final

from monitoring import tracing
from streams.applied import applied, row
from streams.fold import AgentSpec, Effects, Record, Rows
from streams.measures import measures
from streams.transport.database import DatabaseError

logger = logging.getLogger(__name__)

BATCH: Final = 500
"""Records folded at once: about 10 ms of the event loop, and well under Kafka's 1 MiB a produce request."""

UNCOMMITTED: Final = 10_000
"""Records without any effect that may be folded again after a restart: a commit for their position alone costs as much
as one with rows, and most events are nothing to some agents."""

Commit = Callable[[Effects, int], Awaitable[None]]
"""Makes the effects and the next source offset durable, all or nothing; raises if it could not. The row of that offset
is the last of the rows, see `streams.transport.kafka.hanging`."""


class FoldFailed(Exception):
    """The fold raised: a bug, or an event that this release cannot read. The partition stops, nothing is lost."""


class PartitionRunner:
    """One agent on one partition, from assignment to revocation."""

    def __init__(self, spec: AgentSpec, partition: int, rows: Rows, commit: Commit) -> None:
        self.spec = spec
        self.partition = partition
        self._commit = commit
        self._measures = measures(spec.name)
        self._fold = spec.open(partition, rows)
        self.position = applied(rows)
        """The offset of the next source record to apply."""
        self._durable = self.position

    async def run(self, records: Sequence[Record]) -> None:
        """Applies the records in order; what was applied before is skipped, and what comes a second time."""
        for start in range(0, len(records), BATCH):
            chunk = list(self._new(records[start : start + BATCH]))
            while chunk:
                chunk = chunk[await self._apply(chunk) :]

    def _new(self, records: Sequence[Record]) -> Iterator[Record]:
        position = self.position
        for record in records:
            if record.offset >= position:
                position = record.offset + 1
                yield record

    async def _apply(self, chunk: list[Record]) -> int:
        """Applies the records, or the first of them where their effects are too many at once; how many."""
        source = self.spec.source.name
        trace = tracing.batch(self.spec.name, source, self.partition, chunk)
        began = perf_counter()
        try:
            effects = self._fold.fold(chunk) if trace is None else trace.fold(partial(self._fold.fold, chunk))
        except DatabaseError:  # the disk's fault, and not what the records say
            self._measures.failed()
            self._fold.aborted()
            raise
        except Exception as error:
            self._measures.failed()
            self._fold.aborted()
            raise FoldFailed(
                f"{self.spec.name} cannot fold {source}[{self.partition}] between offsets "
                f"{chunk[0].offset} and {chunk[-1].offset}: {error!r}; the partition stops here"
            ) from error
        folded = len(chunk) if effects.folded is None else effects.folded
        last = chunk[folded - 1].offset
        if trace is not None:
            trace = trace.folded(last)
        self._measures.folded(folded, perf_counter() - began, None if trace is None else trace.exemplar)
        self.position = await self._durably(effects, last + 1, chunk[0].timestamp_ms, trace)
        try:
            self._fold.committed()
        except Exception:  # the batch is durable, and nothing that is told of it can change that
            logger.exception("%s[%d]: not everybody was told of a batch", self.spec.name, self.partition)
        if trace is not None:
            trace.end()
        return folded

    async def _durably(self, effects: Effects, position: int, oldest_ms: int, trace: tracing.Batch | None) -> int:
        """The position, when the effects are durable; if there are none it need not be durable itself.

        But for the first one: where there is no position of the table's own, reading begins at the group's.
        """
        if effects.rows or effects.outputs or not self._durable or position - self._durable >= UNCOMMITTED:
            effects.rows |= row(position)
            began = perf_counter()
            try:
                if trace is None:
                    await self._commit(effects, position)
                else:
                    with trace.transaction():
                        await self._commit(effects, position)
            except BaseException:
                self._measures.aborted()
                self._fold.aborted()
                raise
            exemplar = None if trace is None else trace.exemplar
            self._measures.committed(perf_counter() - began, oldest_ms, exemplar)
            self._durable = position
        return position

    async def repair(self, rows: dict[bytes, bytes | None]) -> None:
        """Puts rows right that are not what the log says, outside of any batch; the caller holds the partition."""
        self._fold.aborted()
        await self._commit(Effects(rows | row(self.position)), self.position)
