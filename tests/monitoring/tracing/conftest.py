"""What the tests of tracing share: a receiver, and a process whose spans go there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from monitoring import tracing
from tests.support.kafka_broker import KafkaBroker
from tests.support.monitoring.otlp import Collector, receiving
from tests.support.nodes import wipe


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty log on each transport."""
    if request.param == "embedded":
        return f"embedded://{tmp_path / 'log'}"
    kafka: KafkaBroker = request.getfixturevalue("kafka")
    address = f"kafka://{kafka.bootstrap}"
    await wipe(address)
    return address


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
