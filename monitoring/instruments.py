"""Histograms that cost a fraction of prometheus_client's own, and look the same to who reads them.

A command that is alone makes about thirty observations, at 0.7 µs each with the package's: it walks along the buckets,
and takes a lock for each of the two values that change. Here an observation is an append to a list (0.2 µs), which is
put into the buckets when it is long, or when somebody reads.
"""

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterable
from threading import Lock
from typing import Final

import prometheus_client
from prometheus_client.samples import Sample

KEPT: Final = 256
"""Observations that wait for their buckets."""

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # a third of all series, that nobody reads


class Histogram(prometheus_client.Histogram):
    """Observes. One with labels is asked for a child by `labels` first, once, and not for each observation."""

    def _metric_init(self) -> None:
        super()._metric_init()
        self._kept: list[float] = []
        self._sorting = Lock()

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Adds one observation. An exemplar names the trace in which it happened."""
        if exemplar is not None:
            super().observe(amount, exemplar)
            return
        self._kept.append(amount)  # other threads may do so at the same time
        if len(self._kept) >= KEPT:
            self._sort()

    def _sort(self) -> None:
        """Puts what was kept into the buckets."""
        with self._sorting:
            count = len(self._kept)
            taken = self._kept[:count]
            del self._kept[:count]
            bounds = self._upper_bounds
            for place, times in Tally([bisect_left(bounds, amount) for amount in taken]).items():
                self._buckets[place].inc(times)
            self._sum.inc(sum(taken))

    def _child_samples(self) -> Iterable[Sample]:
        self._sort()
        return super()._child_samples()
