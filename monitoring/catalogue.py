"""How a metric is declared: once, typed, with what its labels may be. `monitoring.metrics` is the list of them.

Names follow Prometheus' conventions: base units, counters end in `_total`. A label has a bounded number of values: a
metric is never labelled with an id, an address or a text of anybody's. The reference page is made of the declarations
(`monitoring.reference`), and tests compare them with what a running system serves.

What is declared by `counter`, `gauge` or `histogram` is counted where it happens; what is declared by `collected` is
read when somebody scrapes, by a collector that makes the metric's family anew each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from prometheus_client import Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitoring.instruments import Histogram


class Kind(StrEnum):
    """Prometheus' types of metrics, as far as we use them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Source(StrEnum):
    """Which process serves a metric."""

    SERVER = "tasksys serve"
    EXPORTER = "tasksys lag-exporter"
    BOTH = "tasksys serve, tasksys lag-exporter"


@dataclass(frozen=True)
class Label:
    """A label, what it says, and its values: all of them, or how they are bounded in words."""

    name: str
    meaning: str
    values: tuple[str, ...] | str


@dataclass(frozen=True)
class Entry:
    """A metric as it is declared. `name` is what a query names, without a histogram's endings."""

    name: str
    kind: Kind
    help: str
    labels: tuple[Label, ...]
    buckets: tuple[float, ...] = ()
    source: Source = Source.SERVER

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of its labels, in the order in which their values are given."""
        return tuple(label.name for label in self.labels)


ENTRIES: Final[dict[str, Entry]] = {}
"""Every metric that is declared, by name."""


def _declared(entry: Entry) -> Entry:
    assert entry.name not in ENTRIES, entry.name
    assert entry.name.endswith("_total") == (entry.kind is Kind.COUNTER), entry.name
    ENTRIES[entry.name] = entry
    return entry


def counter(name: str, text: str, *labels: Label) -> Counter:
    """Something that is counted where it happens; the name ends in `_total`."""
    entry = _declared(Entry(name, Kind.COUNTER, text, labels))
    made = Counter(name, text, entry.label_names)
    values = [label.values for label in labels if not isinstance(label.values, str)]
    if labels and len(values) == len(labels):
        for each in product(*values):  # at 0 from the start on: an increase from nothing at all is none to Prometheus
            made.labels(*each)
    return made


def gauge(name: str, text: str, *labels: Label) -> Gauge:
    """Something that is set where it changes."""
    entry = _declared(Entry(name, Kind.GAUGE, text, labels))
    return Gauge(name, text, entry.label_names)


def histogram(name: str, text: str, *labels: Label, buckets: Sequence[float]) -> Histogram:
    """Something that is measured where it happens; the buckets' upper bounds are in the unit that the name ends in."""
    entry = _declared(Entry(name, Kind.HISTOGRAM, text, labels, tuple(buckets)))
    return Histogram(name, text, entry.label_names, buckets=entry.buckets)


@dataclass(frozen=True)
class Collected:
    """Something that is read at each scrape."""

    entry: Entry

    def family(self) -> GaugeMetricFamily | CounterMetricFamily:
        """An empty family to put samples into: `add_metric(values of the labels in order, value)`."""
        entry = self.entry
        if entry.kind is Kind.COUNTER:
            return CounterMetricFamily(entry.name, entry.help, labels=entry.label_names)
        return GaugeMetricFamily(entry.name, entry.help, labels=entry.label_names)

    def single(self, value: float) -> GaugeMetricFamily | CounterMetricFamily:
        """The family with its one sample, of a metric without labels."""
        family = self.family()
        family.add_metric((), float(value))
        return family


def collected(name: str, text: str, *labels: Label, source: Source = Source.SERVER) -> Collected:
    """A gauge, or with `_total` a counter, that a collector reads at each scrape."""
    kind = Kind.COUNTER if name.endswith("_total") else Kind.GAUGE
    return Collected(_declared(Entry(name, kind, text, labels, source=source)))
