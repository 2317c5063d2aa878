"""What the tests of tracing share: a receiver, and a process whose spans go there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from monitoring import tracing
from tests.support.monitoring.otlp import Collector, receiving


@pytest.fixture(params=["grpc", "http"])
def collector(request: pytest.FixtureRequest) -> Iterator[Collector]:
    """A receiver of each protocol."""
    with receiving(request.param) as found:
        yield found


Trace = Callable[..., tracing.Running]


@pytest.fixture
def trace() -> Iterator[Trace]:
    """(URL, ratio) -> this process is traced, until the test ends."""
    with ExitStack() as stack:

        def begin(url: str, ratio: float = 0.0) -> tracing.Running:
            running = tracing.configure(url, ratio, "here:1", "1.2.3")
            stack.callback(running.stop, 1.0)
            return running

        yield begin
