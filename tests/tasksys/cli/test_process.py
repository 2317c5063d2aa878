"""What a serving process does about Python itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tasksys.cli.process import COLLECTOR, calm_collector


@pytest.fixture
def collector() -> Iterator[None]:
    """Python's own settings come back after the test."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
def test_the_collector_leaves_alone_what_stays() -> None:
    """What is imported by then is out of its sight, and it looks less often."""
    calm_collector()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold() == COLLECTOR
