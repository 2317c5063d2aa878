"""What is read of a node when somebody scrapes: agents, lag, what waits, and the databases. Milliseconds at most.

Nothing is asked of a broker here, and nothing waits: see `monitoring.group_lag` for what is. A scrape of 5 agents on 12
partitions takes about 2 ms; of what is overdue and of dead letters no more than some are counted.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from monitoring import metrics
from monitoring.group_lag import Monitor
from streams import keys, progress
from streams.agent_lag import Lags
from streams.agents.committed import Committed
from streams.node import Node
from streams.parts import TIMELINES
from streams.transport.rows import RowStore
from tasksys.errors import NotHere, NotOwned
from tasksys.values import instant

logger = logging.getLogger(__name__)

COUNTED: Final = 1_000
"""What is overdue, and dead letters, are counted up to so many in a partition."""

LEVELS: Final = 7
"""Of RocksDB's sorted files."""

PROPERTIES: Final = (
    (metrics.STORE_BYTES, "rocksdb.live-sst-files-size"),
    (metrics.STORE_KEYS, "rocksdb.estimate-num-keys"),
    (metrics.STORE_MEMTABLE, "rocksdb.cur-size-all-mem-tables"),
    (metrics.STORE_CACHE, "rocksdb.block-cache-usage"),
    (metrics.STORE_COMPACTING, "rocksdb.num-running-compactions"),
    (metrics.STORE_PENDING, "rocksdb.estimate-pending-compaction-bytes"),
    (metrics.STORE_STALLED, "rocksdb.is-write-stopped"),
)
"""RocksDB's own properties, as it names them."""


class NodeCollector(Collector):
    """The gauges of one node."""

    def __init__(self, node: Node, monitor: Monitor | None = None) -> None:
        """`monitor` is who asks the brokers, where the log is Kafka."""
        self._node = node
        self._monitor = monitor
        self._lags = Lags(node)
        self._letters: dict[int, int] = {}
        self._unfollow = node.follow(self._committed, lambda partition: self._forget(partition))

    def close(self) -> None:
        """Follows the node no longer."""
        self._unfollow()

    def describe(self) -> list[Metric]:
        """Empty: registering must not ask a process that has not started."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges as of now. What cannot be read just now is left out; nothing is raised."""
        for part in (self._process, self._agents, self._lag, self._waiting, self._stores):
            try:
                yield from list(part())
            except Exception as error:  # a database or a consumer that is just being closed
                logger.warning("some metrics are left out of a scrape: %r", error)

    def _process(self) -> Iterator[Metric]:
        yield metrics.COMMANDS_IN_FLIGHT.single(self._node.gateway.in_flight)
        yield metrics.DELIVERIES_WAITING.single(self._node.parts.outbox.letters)
        log = self._node.log
        if log is not None:
            yield metrics.BROKER_UP.single(log.trouble is None)

    def _committed(self, committed: Committed) -> None:
        if committed.letters:
            self._forget(committed.partition)

    def _forget(self, partition: int) -> None:
        self._letters.pop(partition, None)

    def _agents(self) -> Iterator[Metric]:
        missing = self._node.ready()
        ready, assigned, stopped, remaining = (
            entry.family()
            for entry in (
                metrics.AGENT_READY,
                metrics.AGENT_PARTITIONS,
                metrics.AGENT_STOPPED,
                metrics.RECOVERY_REMAINING,
            )
        )
        for name in self._node.agents:
            app, begun = self._node.apps.get(name), self._node.begun.get(name)
            ready.add_metric((name,), float(name not in missing))
            assigned.add_metric((name,), 0.0 if app is None else float(len(self._node.partitions_of(name))))
            stopped.add_metric((name,), 0.0 if app is None else float(len(app.consumer.stopped_partitions)))
            remaining.add_metric((name,), 0.0 if begun is None else float(sum(progress.to_recover(begun).values())))
        yield from (ready, assigned, stopped, remaining)

    def _lag(self) -> Iterator[Metric]:
        records, seconds, position = (
            entry.family() for entry in (metrics.LAG_RECORDS, metrics.LAG_SECONDS, metrics.POSITION)
        )
        for lag in self._lags.read(self._node.log, self._monitor):
            labels = (lag.agent, lag.topic, str(lag.partition))
            records.add_metric(labels, float(lag.records))
            seconds.add_metric(labels, lag.seconds)
            position.add_metric(labels, float(lag.position))
        yield from (records, seconds, position)

    def _waiting(self) -> Iterator[Metric]:
        due, oldest = metrics.TIMELINE_DUE.family(), metrics.TIMELINE_SECONDS.family()
        for name in TIMELINES:
            if name in self._node.agents:
                found = [self._overdue(name, number) for number in self._node.partitions_of(name)]
                due.add_metric((name,), float(sum(number for number, _ in found)))
                oldest.add_metric((name,), max((seconds for _, seconds in found), default=0.0))
        yield from (due, oldest)
        if "commands" in self._node.agents:
            partitions = self._node.partitions_of("commands")
            yield metrics.DEAD_LETTERS_WAITING.single(sum(map(self._dead_letters, partitions)))

    def _overdue(self, agent: str, partition: int) -> tuple[int, float]:
        """How much is due in a partition and was not folded yet, and seconds since the oldest was due."""
        now = self._node.clock()
        until = keys.TIMELINE + instant(now).encode()
        try:
            rows = self._node.rows(agent, partition)
            number, first = rows.count(keys.TIMELINE, COUNTED, self._node.parts.timers[agent].first(partition), until)
        except (NotOwned, NotHere):
            return 0, 0.0
        if first is None:
            return 0, 0.0
        at = first.removeprefix(keys.TIMELINE).partition(b"\0")[0].decode()
        return number, max(0.0, (now.astimezone(UTC) - datetime.fromisoformat(at)).total_seconds())

    def _dead_letters(self, partition: int) -> int:
        """Counted once after they have changed: they may be large."""
        if partition not in self._letters:
            try:
                self._letters[partition] = self._node.rows("commands", partition).count(keys.DEAD_LETTER, COUNTED)[0]
            except (NotOwned, NotHere):
                return 0
        return self._letters[partition]

    def _stores(self) -> Iterator[Metric]:
        families = {entry: entry.family() for entry, _ in PROPERTIES}
        handles, files = metrics.STORE_OPEN.family(), metrics.STORE_FILES.family()
        for store in self._node.stores():
            handles.add_metric((store.name,), 1.0 + store.scans)
            files.add_metric((store.name,), float(sum(_levels(store))))
            for entry, name in PROPERTIES:
                families[entry].add_metric((store.name,), float(store.database.property_int_value(name) or 0))
        yield from (handles, files, *families.values())


def _levels(store: RowStore) -> Iterable[int]:
    """Files on each level."""
    return (int(store.database.property_value(f"rocksdb.num-files-at-level{level}") or 0) for level in range(LEVELS))
