"""A declared agent as Faust sees it: a real `faust.Agent`, listed and supervised, that folds whole batches.

Stock agents take one record at a time through a stream; this one has no actors. The transport's consumer hands the
batches that it fetched to `fold`, see `streams.transport.folding`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple, Protocol, cast

import faust
from faust.types import TP

from streams.applied import applied
from streams.fold import AgentSpec, Record
from streams.measures import measures
from streams.runner import Commit, PartitionRunner
from streams.topics import table
from streams.transport.partition_rows import PartitionRows
from streams.transport.rows import RowStore


class FoldTransport(Protocol):
    """What a transport adds to Faust's: rows, and transactions per agent and partition."""

    def rows(self, app: faust.App) -> RowStore:
        """The store of the app's tables."""
        ...

    async def open_partition(self, agent: "FoldAgent", partition: int) -> Commit:
        """The one writer of that partition; whoever wrote before is fenced."""
        ...

    async def close_partition(self, agent: "FoldAgent", partition: int) -> None:
        """The partition is given away; raises nothing."""
        ...


class End(NamedTuple):
    """Where brokers said that a partition ends: the offset that the next record gets. Not `heard`: that was before,
    and the last question was not answered."""

    offset: int
    heard: bool


async def _no_stream(stream: Any) -> AsyncIterator[None]:
    """Stands where a stock agent has its function; never started."""
    nothing: None
    for nothing in ():
        yield nothing


class FoldAgent(faust.Agent):
    """Runs the spec's fold on each partition of the source that this process owns."""

    def __init__(self, app: faust.App, spec: AgentSpec) -> None:
        source = app.topic(spec.source.name, key_type=bytes, value_type=bytes, key_serializer="raw",
                           value_serializer="raw")  # fmt: skip
        super().__init__(_no_stream, app=app, name=spec.name, channel=source)
        self.spec = spec
        self.measures = measures(spec.name)
        self.runners: dict[int, PartitionRunner] = {}
        self._commits: dict[int, Commit] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        self._rows: dict[int, PartitionRows] = {}
        self.ends: dict[int, End] = {}
        """Of partitions whose ends the brokers were asked for; see `streams.progress`."""
        self.unfit: dict[int, str] = {}
        """Owned partitions whose rows are not complete and cannot be made so, with the reason: nobody is told any."""

    @property
    def table_rows(self) -> RowStore:
        """The store that holds the agent's table."""
        return self._transport.rows(self.app)

    @property
    def _transport(self) -> FoldTransport:
        return cast(FoldTransport, self.app.transport)

    def rows(self, partition: int) -> PartitionRows:
        """The committed rows of one partition of the agent's table; every read of a request asks for them."""
        rows = self._rows.get(partition)
        if rows is None:
            rows = self._rows[partition] = PartitionRows(self.table_rows, table(self.app.conf.id), partition)
        return rows

    async def on_start(self) -> None:
        """Subscribes to the source; no actors."""
        self.app.topics.add(self.channel.clone(is_iterator=True))

    async def on_stop(self) -> None:
        """Gives every partition away."""
        await self.close(set(self._commits))

    def cancel(self) -> None:
        """There is nothing to cancel: the consumer finishes the batch in hand."""

    async def on_partitions_assigned(self, assigned: set[TP]) -> None:
        """Nothing to do: Faust names only what is new here, and the consumer has called `open` with everything."""

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Nothing to do: the consumer has called `close`, before others could have the partitions."""

    async def open(self, partitions: set[int]) -> None:
        """Becomes the one writer of the partitions, before their tables are recovered; all of them or an error."""
        opened = await asyncio.gather(*(self._open(number) for number in sorted(partitions)), return_exceptions=True)
        for error in opened:
            if error is not None:
                await self.close(partitions)
                raise error

    async def _open(self, partition: int) -> None:
        self.unfit.pop(partition, None)
        self._commits[partition] = await self._transport.open_partition(self, partition)
        if self.should_stop:  # it was not there yet when all were given away
            await self.close({partition})

    async def close(self, partitions: set[int]) -> None:
        """Gives the partitions away; the batch in hand has ended."""
        owned = partitions & set(self._commits)
        for number in owned:
            self.runners.pop(number, None)
            del self._commits[number]
            self.spec.close(number)
        await asyncio.gather(*(self._transport.close_partition(self, number) for number in owned))

    def assigned(self) -> list[int]:
        """The partitions of the source that are assigned here, written already or not."""
        source = self.spec.source.name
        return sorted(tp.partition for tp in self.app.consumer.assignment() if tp.topic == source)

    def owned(self) -> list[int]:
        """The partitions that this process writes."""
        return sorted(self._commits)

    def owns(self, partition: int) -> bool:
        """True while this process is the partition's one writer, as far as it has heard."""
        return partition in self._commits

    @property
    def leased(self) -> bool:
        """False if others may have its partitions, and it has not heard of that yet: then its rows may be old."""
        leased: bool = cast(Any, self.app.consumer).leased
        return leased

    async def fold(self, partition: int, records: Sequence[Record]) -> None:
        """Applies fetched records of the source; see `PartitionRunner.run`."""
        async with self.held(partition):
            await self.runner(partition).run(records)

    def held(self, partition: int) -> asyncio.Lock:
        """While this lock is held the partition's fold stands still; it waits for the batch in hand."""
        return self._locks.setdefault(partition, asyncio.Lock())

    def position(self, partition: int) -> int:
        """The offset of the next record of the source to apply."""
        runner = self.runners.get(partition)
        if runner is not None:
            return runner.position
        return applied(self.rows(partition))

    def runner(self, partition: int) -> PartitionRunner:
        """The runner of an owned partition, made when its table is recovered and its first batch comes."""
        runner = self.runners.get(partition)
        if runner is None:
            runner = PartitionRunner(self.spec, partition, self.rows(partition), self._commits[partition])
            self.runners[partition] = runner
        return runner
