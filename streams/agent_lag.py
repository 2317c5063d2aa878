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
from streams.agent import FoldAgent
from streams.app import fold_agent
from streams.runner import APPLIED
from streams.topics import COMMANDS, EVENTS, group, table
from streams.transport.database import DatabaseError
from streams.transport.embedded.log import EmbeddedLog


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


class Stand(NamedTuple):
    """What is known: position, end, and when the record at the position was appended (Unix time), if that is known."""

    position: int
    end: int
    oldest_ms: int | None


def source(agent: str) -> str:
    """The topic that an agent folds."""
    return COMMANDS.name if agent == "commands" else EVENTS.name


class Lags:
    """The lags of a node's agents."""

    def __init__(self, node: Agents) -> None:
        self._node = node
        self._known: dict[str, dict[int, Stand]] = {}
        self._noticed: dict[tuple[str, int], tuple[int, float]] = {}

    def read(self, log: EmbeddedLog | None, monitor: Monitor | None) -> Iterator[Lag]:
        """The lags as of now: by the embedded log, or by what consumers know and the monitor has heard of."""
        now = time.time()
        for name in self._node.agents:
            for partition, stand in self._stands(name, log, monitor).items():
                records, age = max(0, stand.end - stand.position), 0.0
                if records:
                    age = self._age((name, partition), stand, now)
                else:
                    self._noticed.pop((name, partition), None)
                yield Lag(name, source(name), partition, stand.position, records, age)

    def _stands(self, name: str, log: EmbeddedLog | None, monitor: Monitor | None) -> Mapping[int, Stand]:
        app = self._node.apps.get(name)
        if app is not None and not app.rebalancing:
            agent = fold_agent(app)
            places = agent.assigned()
            if log is not None:
                stands = {number: _embedded(log, agent.spec.source.name, number, agent.position(number))
                          for number in places}  # fmt: skip
            else:
                stands = {number: self._on_kafka(agent, number, monitor) for number in places}
            self._known[name] = stands
        elif log is not None:
            self._known[name] = {
                number: _embedded(log, source(name), number, _applied(log, name, number))
                for number in range(self._node.partitions if source(name) in log.topics() else 0)
            }
        return self._known.get(name, {})

    def _on_kafka(self, agent: FoldAgent, partition: int, monitor: Monitor | None) -> Stand:
        consumer, tp = agent.app.consumer, TP(agent.spec.source.name, partition)
        position, end = consumer.reached(tp, agent.position(partition)), consumer.highwater(tp) or 0
        oldest = consumer.oldest_ms(tp)
        survey = monitor.last if monitor is not None else None
        if survey is not None and tp in consumer.stopped_partitions:  # it is not fetched, so its end is not heard of
            end = max(end, survey.ends.get((tp.topic, partition), 0))
        if survey is not None and oldest is None:
            behind = survey.groups.get(group(agent.spec.name), {}).get((tp.topic, partition))
            oldest = behind.oldest_ms if behind is not None and behind.committed >= position else None
        return Stand(position, end, oldest)

    def _age(self, place: tuple[str, int], stand: Stand, now: float) -> float:
        """How old the oldest record is; at least so old as it has been noticed, where that cannot be known."""
        if stand.oldest_ms is not None:
            return max(0.0, now - stand.oldest_ms / 1000)
        position, since = self._noticed.get(place, (-1, now))
        if position != stand.position:
            since = now
        self._noticed[place] = (stand.position, since)
        return now - since


def _embedded(log: EmbeddedLog, topic: str, partition: int, position: int) -> Stand:
    end = log.end_offset(topic, partition)
    try:
        oldest = log.read(topic, partition, position, 1) if position < end else []
    except DatabaseError:  # whoever folds it says so
        oldest = []
    return Stand(position, end, oldest[0].timestamp_ms if oldest else None)


def _applied(log: EmbeddedLog, agent: str, partition: int) -> int:
    """The position that the agent's table has; it may have passed some records without effects since."""
    stored = log.rows.get(table(group(agent)), partition, APPLIED)
    return int.from_bytes(stored) if stored else 0
