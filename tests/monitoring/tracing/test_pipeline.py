"""Spans on their way to the collector: nothing waits for it, and what it does not take is counted and dropped."""

from __future__ import annotations

import logging
import socket
import threading
import time
from typing import Final

import pytest
from prometheus_client import REGISTRY

from monitoring import tracing
from monitoring.tracing import pipeline
from monitoring.tracing import spans as making
from monitoring.tracing.pipeline import BATCH, Pipeline, exporter
from monitoring.tracing.setup import Endpoint
from monitoring.tracing.spans import ASKED_A_SECOND, Allowance, make_by
from tests.monitoring.tracing.conftest import Trace
from tests.support.monitoring.otlp import Behaviour, Collector, receiving
from tests.support.waiting import wait_until

BOUND: Final = 15.0


def spans(number: int, name: str = "one") -> None:
    """Makes so many spans."""
    for _ in range(number):
        span = tracing.start(name, tracing.Kind.INTERNAL, tracing.ROOT)
        assert span is not None
        span.end()


def counted(result: str) -> float:
    """How many spans ended so."""
    return REGISTRY.get_sample_value("tasksys_trace_spans_total", {"result": result}) or 0.0


def nobody() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_spans_come_with_what_they_say(collector: Collector, trace: Trace) -> None:
    """Names, kinds, parents, links, attributes, failures, and who sends them."""
    before = counted("exported")
    running = trace(collector.url)
    far = tracing.parsed(f"00-{1:032x}-{2:016x}-01", "vendor=x")
    above = tracing.start("above", tracing.Kind.SERVER, far, {"a": 1})
    assert above is not None
    with above:
        below = tracing.child("below", tracing.Kind.PRODUCER)
        assert below is not None
        below.end(RuntimeError("of nobody's business"))
    led = tracing.led_to("led", tracing.Kind.INTERNAL, above.context)
    assert led is not None
    led.end()
    running.stop()
    by_name = {one.name: one for one in collector.spans}
    one, two, three = by_name["above"], by_name["below"], by_name["led"]
    assert (one.kind, one.trace, one.parent, one.state) == ("server", f"{1:032x}", f"{2:016x}", "vendor=x")
    assert (one.attributes, one.failed) == ({"a": 1}, False)
    assert (two.kind, two.trace, two.parent) == ("producer", one.trace, one.id)
    assert (two.failed, two.reason) == (True, "RuntimeError")
    assert (three.parent, three.links) == ("", ((one.trace, one.id),))
    assert three.trace != one.trace
    about = {name: one.resource[name] for name in ("service.name", "service.version", "service.instance.id")}
    assert about == {"service.name": "tasksys", "service.version": "1.2.3", "service.instance.id": "here:1"}
    assert one.began <= two.began <= two.ended <= one.ended
    assert b"business" not in b"".join(collector.raw)
    assert counted("exported") == before + 3


def test_all_of_many_come(collector: Collector, trace: Trace) -> None:
    """Batch by batch; a stop sends the rest."""
    running = trace(collector.url)
    spans(5 * BATCH + 7)
    running.stop()
    assert len(collector.spans) == 5 * BATCH + 7
    assert 6 <= collector.requests <= 12


def test_a_span_alone_is_sent_soon(collector: Collector, trace: Trace) -> None:
    """It does not wait for a whole batch."""
    trace(collector.url)
    spans(1)
    wait_until(lambda: collector.named("one"), bound=BOUND)


@pytest.mark.parametrize("behaviour", [Behaviour.REFUSE, Behaviour.BUSY, Behaviour.STALL])
def test_a_collector_that_takes_nothing(
    collector: Collector, trace: Trace, behaviour: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    """Spans are dropped at a bound, nobody waits for it, one warning says so, and the stop comes promptly."""
    caplog.set_level(logging.INFO)
    collector.behave(behaviour)
    lost = counted("failed") + counted("dropped")
    running = trace(collector.url)
    made = 3 * pipeline.WAITING
    began = time.perf_counter()
    spans(made)
    assert time.perf_counter() - began < 30  # it takes half a second; had exports been waited for, two minutes
    assert running.pipeline is not None
    assert len(running.pipeline._line) <= pipeline.WAITING
    if behaviour is Behaviour.REFUSE:
        wait_until(lambda: [one for one in caplog.records if one.levelno >= logging.WARNING], bound=BOUND)
    began = time.perf_counter()
    running.stop()
    assert time.perf_counter() - began < 4
    assert counted("failed") + counted("dropped") == lost + made
    warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert {one.name for one in warnings} <= {"monitoring.tracing.pipeline"}
    assert len(warnings) <= 2  # and one for what a stop left
    assert not collector.spans


def test_a_collector_that_is_not_there(trace: Trace, caplog: pytest.LogCaptureFixture) -> None:
    """The same; the warning names it, and what to look at."""
    for scheme in ("grpc", "http"):
        caplog.clear()
        where = f"{scheme}://127.0.0.1:{nobody()}"
        running = trace(where)
        spans(BATCH)
        running.stop()
        (warning, *more) = [one.getMessage() for one in caplog.records]
        assert len(more) <= 1
        assert where in warning + "".join(more)


def test_a_collector_that_comes_back(trace: Trace, caplog: pytest.LogCaptureFixture) -> None:
    """Spans made since then are taken, over each protocol."""
    for protocol in ("grpc", "http"):
        port = nobody()
        running = trace(f"{protocol}://127.0.0.1:{port}")
        lost = counted("failed")
        spans(BATCH, "early")
        wait_until(lambda lost=lost: counted("failed") > lost, bound=BOUND)
        with receiving(protocol, port) as collector:
            deadline = time.monotonic() + BOUND
            while not collector.named("late"):
                assert time.monotonic() < deadline
                spans(BATCH, "late")
                time.sleep(0.05)
            running.stop()


def test_a_collector_that_dies_in_between(trace: Trace) -> None:
    """What it took, it has; what comes later is dropped; the stop is prompt."""
    for protocol in ("grpc", "http"):
        with receiving(protocol) as collector:
            running = trace(collector.url)
            spans(BATCH)
            wait_until(lambda collector=collector: len(collector.spans) == BATCH, bound=BOUND)
        lost = counted("failed")
        spans(BATCH)
        began = time.perf_counter()
        running.stop()
        assert time.perf_counter() - began < 4
        assert counted("failed") == lost + BATCH


def test_nothing_is_left_behind(collector: Collector, trace: Trace) -> None:
    """No thread, and no span is made any more."""
    running = trace(collector.url)
    assert [one for one in threading.enumerate() if one.name == "spans"]
    spans(1)
    running.stop()
    assert not [one for one in threading.enumerate() if one.name == "spans"]
    assert tracing.start("one", tracing.Kind.INTERNAL, tracing.ROOT) is None
    assert tracing.sampled(f"00-{1:032x}-{2:016x}-01") is None


def test_who_decides_what_is_recorded(collector: Collector, trace: Trace) -> None:
    """The caller, if it says; else chance, by the ratio."""
    yes, no = f"00-{1:032x}-{2:016x}-01", f"00-{1:032x}-{2:016x}-00"
    trace(collector.url, 0.0)
    assert tracing.sampled() is None
    assert tracing.sampled("malformed") is None
    assert tracing.sampled(yes) == tracing.parsed(yes)
    trace(collector.url, 1.0)
    assert tracing.sampled() is tracing.ROOT
    assert tracing.sampled("malformed") is tracing.ROOT
    assert tracing.sampled(no) is None
    trace(collector.url, 0.25)
    share = sum(tracing.sampled() is not None for _ in range(20_000)) / 20_000
    assert 0.22 < share < 0.28


def test_who_asks_for_all_is_given_some() -> None:
    """Each second has its share, and what was not taken is no credit."""
    now = [100.0]
    allowance = Allowance(2, lambda: now[0])
    assert [allowance.take() for _ in range(4)] == [True, True, False, False]
    now[0] = 100.9
    assert not allowance.take()
    now[0] = 103.1
    assert [allowance.take() for _ in range(3)] == [True, True, False]


def test_callers_cannot_have_everything_recorded(
    collector: Collector, trace: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of requests that ask for it; other tests have an allowance of their own."""
    monkeypatch.setattr(making, "_asked", Allowance(ASKED_A_SECOND))
    trace(collector.url, 0.0)
    asked = [tracing.sampled(f"00-{number:032x}-{2:016x}-01") for number in range(1, 20 * ASKED_A_SECOND)]
    recorded = sum(one is not None for one in asked)
    assert 0 < recorded <= 3 * ASKED_A_SECOND  # the clock may have gone on meanwhile


def test_no_collector_means_no_tracing(trace: Trace) -> None:
    """A blank address."""
    running = trace("", 1.0)
    assert tracing.sampled() is None
    running.stop()


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("grpc://collector", Endpoint(True, "collector:4317", False)),
        ("grpc://[::1]:9", Endpoint(True, "[::1]:9", False)),
        ("grpcs://collector:443/", Endpoint(True, "collector:443", True)),
        ("http://collector:4318", Endpoint(False, "http://collector:4318/v1/traces", False)),
        ("https://host/otlp/", Endpoint(False, "https://host/otlp/v1/traces", True)),
        ("http://host/v1/traces", Endpoint(False, "http://host/v1/traces", False)),
    ],
)
def test_addresses_of_collectors(url: str, endpoint: Endpoint) -> None:
    """By their schemes."""
    assert Endpoint.parse(url) == endpoint


@pytest.mark.parametrize(
    "url", ["collector:4317", "grpc://", "udp://x:1", "grpc://h:x", "http://h/?a=b", "grpc://h:1/p"]
)
def test_addresses_that_are_none(url: str) -> None:
    """What to give instead is said."""
    with pytest.raises(ValueError, match="give grpc://host:4317"):
        Endpoint.parse(url)


@pytest.mark.parametrize("url", ["grpc://u:p@h:1", "https://key@h:4318"])
def test_a_password_in_an_address(url: str) -> None:
    """Is refused with the place where it can be given."""
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_HEADERS"):
        Endpoint.parse(url)


def test_the_line_is_bounded(collector: Collector) -> None:
    """Above it the newest are dropped, and counted."""
    collector.behave(Behaviour.STALL)
    before = counted("dropped")
    line = Pipeline(exporter(Endpoint.parse(collector.url)), 1.0, {}, collector.url, most=10)
    make_by(line.tracer)
    try:
        spans(300)
        assert len(line._line) <= 10
        assert counted("dropped") >= before + 150
    finally:
        make_by(None)
        line.stop(1.0)
