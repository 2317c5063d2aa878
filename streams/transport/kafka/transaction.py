"""One partition's writer: transactions under an id that is the partition's, and the rows that follow commits."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from faust.types import TP

from monitoring import tracing
from streams import measures
from streams.applied import APPLIED
from streams.fold import Effects
from streams.topics import changelog_of
from streams.transport.kafka.cluster import Cluster
from streams.transport.kafka.hanging import OUTPUTS, end_hanging, left_open
from streams.transport.kafka.transactional import Entry, Transactional


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
        store: Callable[[dict[bytes, bytes | None], int], None],
    ) -> None:
        self.group = group
        self.log = Transactional(cluster, f"{group}-{source.partition}", source.partition)
        self._changelog = changelog_of(group)
        self._outputs = outputs
        self._store = store

    async def start(self) -> None:
        """Fences whoever wrote to the partition before, and ends what it left open."""
        try:
            await self.log.start()
            await end_hanging(self.log, self._changelog, self._outputs)
            self.log.cluster.settle(self.log.id)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Closes the connections; an open transaction is aborted by the next owner. Raises nothing."""
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
        rows[-1] = (*rows[-1][:2], ((OUTPUTS, ",".join(outputs).encode()),))
        await self._begin([self._changelog, *outputs])
        await self.log.append(outputs)
        # Last of all, and in it the position's row: where that is, all of the transaction is. See `hanging`.
        written = await self.log.append({self._changelog: rows})
        await self.log.end(commit=True)
        if self.log.cluster.steady(self.log.id):
            self.log.cluster.settle(self.log.id)  # with brokers that are new to it
        for topic, entries in {**outputs, self._changelog: rows}.items():
            measures.written(topic).add(len(entries), sum(len(key or b"") + len(row or b"") for key, row, _ in entries))
        span = tracing.child("store write", tracing.Kind.INTERNAL)
        self._store(effects.rows, written[self._changelog] + 1)  # past the last row: the marker has an offset too
        if span is not None:
            span.end()

    async def _begin(self, topics: Sequence[str]) -> None:
        """Begins a transaction, behind the markers of the last one.

        A broker that was killed may have forgotten them, see `hanging`; then the last transaction, which was committed,
        would share the fate of this one. So after a lost connection an empty one is committed first, whose markers end
        what is open; until they do, for a broker that is just back may forget those as well.
        """
        cluster, line, everywhere = self.log.cluster, self.log.id, [self._changelog, *self._outputs]
        steady = cluster.steady(line)
        while True:
            if not steady:
                cluster.settle(line)
            await self.log.add(topics if steady else everywhere)
            if steady and cluster.steady(line):
                return
            await self.log.end(commit=True)  # nothing is in it
            steady = cluster.steady(line) and not await left_open(self.log, everywhere)
