"""How far each agent is behind its source, in records and in seconds, as this process knows it; always the last known.

An agent that is being started again, or whose partitions are about to move, is as far behind as it was seen last; on
the embedded log it is looked up. A partition that moved elsewhere is told of there.
"""

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

import faust
from faust.types import TP

from monitoring.group_lag import Monitor
from streams import progress
from streams.agent import FoldAgent
from streams.app import fold_agent
from streams.applied import applied
from streams.topics import group, source_of, table
from streams.transport.database import DatabaseError
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.partition_rows import PartitionRows


class Agents(Protocol):
    """What is asked of a node."""

    agents: tuple[str, ...]
    apps: dict[str, faust.App]
    partitions: int


class Lag(NamedTuple):
    """Of one agent in one partition of its source: the next offset to fold, records and seconds behind."""

    agent: str
    topic: str
    partition: int
    position: int
    records: int
    seconds: float


class Seen(NamedTuple):
    """What was known: position, lag, and when the record at the position was appended (Unix time), if that is known."""

    position: int
    lag: int
    oldest_ms: int | None


class Lags:
    """The lags of a node's agents."""

    def __init__(self, node: Agents) -> None:
        self._node = node
        self._known: dict[str, dict[int, Seen]] = {}
        self._noticed: dict[tuple[str, int], tuple[int, float]] = {}

    def read(self, log: EmbeddedLog | None, monitor: Monitor | None) -> Iterator[Lag]:
        """The lags as of now: by the embedded log, or by what consumers know and the monitor has heard of."""
        now = time.time()
        for name in self._node.agents:
            for partition, seen in self._seen(name, log, monitor).items():
                age = 0.0
                if seen.lag:
                    age = self._age((name, partition), seen, now)
                else:
                    self._noticed.pop((name, partition), None)
                yield Lag(name, source_of(name).name, partition, seen.position, seen.lag, age)

    def _seen(self, name: str, log: EmbeddedLog | None, monitor: Monitor | None) -> Mapping[int, Seen]:
        app = self._node.apps.get(name)
        if app is not None and not app.rebalancing:
            agent, found = fold_agent(app), dict[int, Seen]()
            for number, stand in progress.stands(agent).items():
                if log is None:
                    oldest = _heard(agent, number, stand.position, monitor)
                else:
                    oldest = _appended(log, source_of(name).name, number, stand.position, stand.end)
                found[number] = Seen(stand.position, stand.lag, oldest)
            self._known[name] = found
        elif log is not None:
            self._known[name] = {
                number: _embedded(log, source_of(name).name, number, _applied(log, name, number))
                for number in range(self._node.partitions if source_of(name).name in log.topics() else 0)
            }
        return self._known.get(name, {})

    def _age(self, place: tuple[str, int], seen: Seen, now: float) -> float:
        """How old the oldest record is; at least so old as it has been noticed, where that cannot be known."""
        if seen.oldest_ms is not None:
            return max(0.0, now - seen.oldest_ms / 1000)
        position, since = self._noticed.get(place, (-1, now))
        if position != seen.position:
            since = now
        self._noticed[place] = (seen.position, since)
        return now - since


def _heard(agent: FoldAgent, partition: int, position: int, monitor: Monitor | None) -> int | None:
    """When the record at the position was appended, by what came or what the monitor has heard of."""
    tp = TP(agent.spec.source.name, partition)
    oldest: int | None = agent.app.consumer.oldest_ms(tp)
    if oldest is None and monitor is not None and monitor.last is not None:
        behind = monitor.last.groups.get(group(agent.spec.name), {}).get((tp.topic, partition))
        oldest = behind.oldest_ms if behind is not None and behind.committed >= position else None
    return oldest


def _embedded(log: EmbeddedLog, topic: str, partition: int, position: int) -> Seen:
    end = log.end_offset(topic, partition)
    return Seen(position, max(0, end - position), _appended(log, topic, partition, position, end))


def _appended(log: EmbeddedLog, topic: str, partition: int, position: int, end: int) -> int | None:
    try:
        oldest = log.read(topic, partition, position, 1) if position < end else []
    except DatabaseError:  # whoever folds it says so
        oldest = []
    return oldest[0].timestamp_ms if oldest else None


def _applied(log: EmbeddedLog, agent: str, partition: int) -> int:
    """The position that the agent's table has; it may have passed some records without effects since."""
    return applied(PartitionRows(log.rows, table(group(agent)), partition))
