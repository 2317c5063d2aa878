"""Our histogram tells what prometheus_client's own does."""

import threading

import prometheus_client
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from monitoring.instruments import KEPT, Histogram

BUCKETS = (0.001, 0.5, 1.0, 10.0)


@given(st.lists(st.floats(-1.0, 20.0, allow_nan=False).map(lambda value: round(value * 2) / 2), max_size=3 * KEPT))
def test_it_is_the_same(amounts: list[float]) -> None:
    """Whatever is observed, on a bound or between; sums are exact for these."""
    pages = []
    for kind in (Histogram, prometheus_client.Histogram):
        registry = CollectorRegistry()
        child = kind("things", "Things", ["of"], buckets=BUCKETS, registry=registry).labels("a")
        for amount in amounts:
            child.observe(amount)
        pages.append(generate_latest(registry))
    assert pages[0] == pages[1]


def test_an_exemplar_is_kept() -> None:
    """It stands beside its bucket in OpenMetrics."""
    registry = CollectorRegistry()
    made = Histogram("things", "Things", buckets=BUCKETS, registry=registry)
    made.observe(0.2, {"trace_id": "abc"})
    page = openmetrics.generate_latest(registry).decode()  # type: ignore[no-untyped-call]
    assert 'things_bucket{le="0.5"} 1.0 # {trace_id="abc"} 0.2' in page


def test_threads_lose_nothing() -> None:
    """Several observe while others read."""
    registry = CollectorRegistry()
    made = Histogram("things", "Things", buckets=BUCKETS, registry=registry)

    def work() -> None:
        for _ in range(5_000):
            made.observe(0.25)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        generate_latest(registry)
    assert registry.get_sample_value("things_count") == 20_000
    assert registry.get_sample_value("things_sum") == 5_000.0
