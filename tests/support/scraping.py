"""Metrics as a scrape shows them."""

from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

ENDINGS: Final = ("_bucket", "_sum", "_count")


class Figures:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.samples: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self.samples.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value

    def sum(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels; 0 if there are none."""
        wanted = frozenset(labels.items())
        return sum(value for found, value in self.samples.get(name, {}).items() if wanted <= found)

    def has(self, name: str) -> bool:
        """Whether there is a sample of the metric of that name; of a histogram, of its buckets."""
        return name in self.samples or f"{name}_bucket" in self.samples

    def series(self) -> int:
        """How many there are."""
        return sum(map(len, self.samples.values()))

    def labels(self, name: str) -> list[dict[str, str]]:
        """The labels of each sample."""
        return [dict(found) for found in self.samples.get(name, {})]


def scraped(registry: CollectorRegistry = REGISTRY) -> Figures:
    """What a registry has now."""
    return Figures(generate_latest(registry).decode())


class Since:
    """What was added to counters since this was made."""

    def __init__(self) -> None:
        self._before = scraped()

    def __call__(self, name: str, **labels: str) -> float:
        """By how much the samples with these labels have grown."""
        return scraped().sum(name, **labels) - self._before.sum(name, **labels)
