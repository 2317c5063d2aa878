"""The catalogue of metrics: names and units by Prometheus' conventions, and labels that stay few."""

import re
from typing import Final

import pytest
from prometheus_client import REGISTRY

from monitoring import metrics
from monitoring.catalogue import ENTRIES, Entry, Kind
from streams.parts import AGENTS, TIMELINES
from tasksys.values import ChannelKind
from tests.support.scraping import scraped

ALL: Final = list(ENTRIES.values())
BASE_UNITS: Final = ("seconds", "bytes")
OTHER_UNITS: Final = re.compile(r"(milli|micro|nano)s|minutes|hours|kilobytes|_mb|_ms|percent")
ONE_EACH: Final = re.compile(r"(^|_)(id|ids|workspace|user|task|request|trace|address|url|key|name|title)(_|$)")


def test_there_is_a_catalogue() -> None:
    """It was imported, and it is the list that the modules use."""
    assert len(ALL) > 70
    assert metrics.COMMANDS._name + "_total" in ENTRIES


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: str(entry.name))
def test_a_name_says_what_it_counts(entry: Entry) -> None:
    """It is ours, in a base unit that stands at its end, and what only grows ends in `_total`."""
    assert re.fullmatch(r"tasksys(_[a-z]+)+", entry.name)
    assert not OTHER_UNITS.search(entry.name)
    assert entry.name.endswith("_total") == (entry.kind is Kind.COUNTER)
    for unit in BASE_UNITS:
        if f"_{unit}" in entry.name:
            assert entry.name.removesuffix("_total").endswith(f"_{unit}")
    if entry.kind is Kind.HISTOGRAM:
        assert entry.name.endswith((*BASE_UNITS, "records"))
        assert list(entry.buckets) == sorted(set(entry.buckets))


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: str(entry.name))
def test_a_reader_is_told(entry: Entry) -> None:
    """Every metric and label says what it is, in a line without a full stop."""
    for text in (entry.help, *(label.meaning for label in entry.labels)):
        assert text[0].isupper() or text[0].isdigit()
        assert not text.endswith(".")
        assert "\n" not in text


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: str(entry.name))
def test_labels_are_few(entry: Entry) -> None:
    """None is an id or anybody's text, and those with listed values list each once."""
    assert len(set(entry.label_names)) == len(entry.label_names) <= 3
    for label in entry.labels:
        assert not ONE_EACH.search(label.name)
        assert label.values
        if not isinstance(label.values, str):
            assert len(set(label.values)) == len(label.values)


def test_listed_values_are_the_code_s() -> None:
    """What a label lists is what there is."""
    assert metrics.AGENT.values == AGENTS
    assert metrics.TIMELINE.values == tuple(TIMELINES)
    assert metrics.CHANNEL.values == tuple(kind.value for kind in ChannelKind)


def test_counters_begin_at_zero() -> None:
    """Where all values of the labels are listed there is a series from the start: else the first one is no increase."""
    figures = scraped(REGISTRY)
    for entry in ALL:
        listed = [label.values for label in entry.labels if not isinstance(label.values, str)]
        if entry.kind is Kind.COUNTER and len(listed) == len(entry.labels) and entry.name in figures.samples:
            combinations = 1
            for values in listed:
                combinations *= len(values)
            assert len(figures.samples[entry.name]) >= combinations, entry.name


def test_nothing_tells_when_it_began() -> None:
    """`_created` series would be a third of all, and nobody reads them."""
    assert not [name for name in scraped(REGISTRY).samples if name.endswith("_created")]
