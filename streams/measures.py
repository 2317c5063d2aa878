"""What is measured of each agent and of the log, bound to its labels once: an agent gets it by being declared."""

import time
from collections.abc import Iterable
from functools import cache

from prometheus_client import Counter

from monitoring import metrics
from streams.fold import Record

Exemplar = dict[str, str] | None
"""The trace in which something was measured, if it is recorded."""


class Measures:
    """One agent's, in this process. A batch that did not become durable is folded again, and measured each time."""

    def __init__(self, agent: str) -> None:
        self._records = metrics.FOLD_RECORDS.labels(agent).observe
        self._fold_seconds = metrics.FOLD_SECONDS.labels(agent).observe
        self._committed = metrics.TRANSACTIONS.labels(agent, "committed").inc
        self._seconds = metrics.TRANSACTION_SECONDS.labels(agent).observe
        self._age = metrics.END_TO_END_SECONDS.labels(agent).observe
        self._rebalance_seconds = metrics.REBALANCE_SECONDS.labels(agent).observe
        self.failed = metrics.FOLD_FAILURES.labels(agent).inc
        """Counts a batch that could not be folded."""
        self.aborted = metrics.TRANSACTIONS.labels(agent, "aborted").inc
        """Counts a transaction that is not durable, or of which nobody knows."""
        self.restarted = metrics.AGENT_RESTARTS.labels(agent).inc
        """Counts a stop by a fault."""
        self.stuck = metrics.AGENT_STUCK.labels(agent).inc
        """Counts a stop because it got no further."""
        self.rebuilt = {reason: metrics.TABLES_REBUILT.labels(agent, reason).inc for reason in metrics.LOSS.values}
        """Counts rows that were thrown away and are recovered, by the reason."""
        self.rebalanced = metrics.REBALANCES.labels(agent).inc
        """Counts an assignment."""
        self._recovered = metrics.RECOVERED.labels(agent).inc
        self.read = 0
        """Records of changelogs that were read so far."""

    def folded(self, records: int, seconds: float, exemplar: Exemplar = None) -> None:
        """A batch was folded, which took so long."""
        self._records(records)
        self._fold_seconds(seconds, exemplar)

    def committed(self, seconds: float, oldest_ms: int, exemplar: Exemplar = None) -> None:
        """Its transaction is durable, after so long; its oldest record was appended then (Unix time)."""
        self._committed()
        self._seconds(seconds, exemplar)
        self._age(max(0.0, time.time() - oldest_ms / 1000))

    def recovered(self, records: int) -> None:
        """So many records of a changelog were read."""
        self._recovered(records)
        self.read += records

    def resumed(self, seconds: float) -> None:
        """Folding goes on, so long after partitions were taken away."""
        self._rebalance_seconds(seconds)


@cache
def measures(agent: str) -> Measures:
    """Those of the agent of that name."""
    return Measures(agent)


class Traffic:
    """Records and bytes of one topic, in or out."""

    def __init__(self, records: Counter, size: Counter, topic: str) -> None:
        self._records = records.labels(topic).inc
        self._bytes = size.labels(topic).inc

    def count(self, records: Iterable[Record]) -> None:
        """Counts the records."""
        sizes = [len(one.key or b"") + len(one.value or b"") for one in records]
        self.add(len(sizes), sum(sizes))

    def add(self, records: int, size: int) -> None:
        """Counts so many records, and the bytes of their keys and values."""
        self._records(records)
        self._bytes(size)


@cache
def read(topic: str) -> Traffic:
    """What comes from the topic."""
    return Traffic(metrics.LOG_READ_RECORDS, metrics.LOG_READ_BYTES, topic)


@cache
def written(topic: str) -> Traffic:
    """What became durable in the topic."""
    return Traffic(metrics.LOG_WRITTEN_RECORDS, metrics.LOG_WRITTEN_BYTES, topic)
