"""How many descriptors and connections a serving process takes."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from tasksys.cli import descriptors


@pytest.fixture
def hard() -> Iterator[int]:
    """The hard limit; the soft one comes back after the test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_soft_limit_is_raised_to_the_hard_one(hard: int) -> None:
    """As far as the user may without asking anybody."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    descriptors.raise_limit()
    expected = descriptors.UNLIMITED if hard == resource.RLIM_INFINITY else hard
    assert descriptors.soft_limit() == expected


@pytest.mark.parametrize(("limit", "connections"), [(256, 64), (1024, 512), (4096, 3584), (10**6, 10_000)])
def test_connections_leave_descriptors_to_the_log(
    monkeypatch: pytest.MonkeyPatch, limit: int, connections: int
) -> None:
    """Some are always taken, and never so many that memory runs out."""
    monkeypatch.setattr(descriptors, "soft_limit", lambda: limit)
    assert descriptors.connections(descriptors.EMBEDDED) == connections


def test_on_kafka_each_agent_takes_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database, and a connection from each partition to each broker: what is left is for clients."""
    monkeypatch.setattr(descriptors, "soft_limit", lambda: 2048)
    assert descriptors.connections(descriptors.on_kafka(agents=2, partitions=12)) == 2048 - 256 - 2 * (256 + 3 * 12)
    assert descriptors.connections(descriptors.on_kafka(agents=2, partitions=1000)) == descriptors.LEAST
