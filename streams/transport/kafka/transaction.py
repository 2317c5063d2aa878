"""One partition's writer: transactions under an id that is the partition's, and the rows that follow commits."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from aiokafka.errors import KafkaError
from faust.types import TP

from monitoring import tracing
from streams import measures
from streams.applied import APPLIED
from streams.fold import Effects
from streams.topics import COMMANDS, changelog_of
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.hanging import Written, end_hanging, outputs_header
from streams.transport.kafka.markers import MarkersForgotten, ended
from streams.transport.kafka.transactional import Entry, Transactional

CANCEL_SECONDS: Final = 0.1

SHARED: Final = (COMMANDS.name,)
"""The outputs whose partitions others write to as well."""

IDLE_SECONDS: Final = 0.5
"""After a transaction that none follows it is looked so late whether it was ended."""


class PartitionWriter:
    """Commits effects: changelog and outputs in one Kafka transaction, then the rows on disk.

    The source position is one of the rows. If the process dies in between, recovery reads the rows from the changelog.
    Any error leaves it unknown whether the broker has committed: the caller must give the partition up and recover it,
    never try again.
    """

    def __init__(
        self,
        group: str,
        source: TP,
        outputs: Sequence[str],
        cluster: Cluster,
        store: Callable[[dict[bytes, bytes | None], Written], None],
        forgotten: Callable[[MarkersForgotten], None],
    ) -> None:
        """`forgotten` is told if the last transaction hangs and no commit is there to say so: give the partition up."""
        self.group = group
        self.log = Transactional(cluster, f"{group}-{source.partition}", source.partition)
        self._changelog = changelog_of(group)
        self._outputs = outputs
        self._store = store
        self._forgotten = forgotten
        self._last: dict[str, int] = {}
        """The offsets of the last records of the last transaction, by topic."""
        self._idle: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Fences whoever wrote to the partition before, and ends what it left open."""
        try:
            await self.log.start()
            await end_hanging(self.log, self._changelog, self._outputs, SHARED)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Closes the connections; an open transaction is aborted by the next owner. Raises nothing."""
        await self._busy()
        await self.log.stop()

    async def commit(self, effects: Effects, position: int) -> None:
        """Makes the effects durable and visible together; the group's offset follows by `Consumer.commit`.

        Raises ValueError if the position's row is not the last one: by that is told later what was committed.
        """
        outputs: dict[str, list[Entry]] = defaultdict(list)
        for topic, key, value, headers in effects.outputs:
            outputs[topic].append((key, value, headers))
        rows: list[Entry] = [(key, row, ()) for key, row in effects.rows.items()]
        if rows[-1][0] != APPLIED:
            raise ValueError(f"the last row is {rows[-1][0]!r}, not the position's")
        await self._busy()
        await ended(self.log, self._last)
        await self.log.add([self._changelog, *outputs])
        written = await self.log.append(outputs)
        rows[-1] = (*rows[-1][:2], (outputs_header(written),))
        # Last of all, and in it the position's row: where that is, all of the transaction is. See `hanging`.
        written |= await self.log.append({self._changelog: rows})
        await self.log.end(commit=True)
        self._last = written
        for topic, entries in {**outputs, self._changelog: rows}.items():
            measures.written(topic).add(len(entries), sum(len(key or b"") + len(row or b"") for key, row, _ in entries))
        span = tracing.child("store write", tracing.Kind.INTERNAL)
        marker = written[self._changelog] + 1
        self._store(effects.rows, Written(marker, self.log.producer_id, self.log.epoch))
        if span is not None:
            span.end()
        self._look_later()

    def _look_later(self) -> None:
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._look)

    async def _busy(self) -> None:
        """Nobody looks any more; what was found last is told."""
        while self._looking is not None and not self._looking.done():
            self._looking.cancel()  # again, for who waits for an answer that comes at this moment may not notice
            await asyncio.wait({self._looking}, timeout=CANCEL_SECONDS)
        if self._idle is not None:  # last of all: who looked may have put it off
            self._idle.cancel()
        self._idle = self._looking = None

    def _look(self) -> None:
        self._looking = asyncio.get_running_loop().create_task(self._see_it_ended())

    async def _see_it_ended(self) -> None:
        """Else what was committed last would reach nobody until something else is committed."""
        try:
            await ended(self.log, self._last)
        except MarkersForgotten as error:
            self._forgotten(error)
        except KafkaError:
            self._look_later()
