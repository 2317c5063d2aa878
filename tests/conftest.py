"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kafka_broker import KafkaBroker, install
from tests.support.nodes import wipe


def pytest_configure() -> None:
    """Has Ctrl-C mean something, also in a run that a shell has put into the background.

    Such a shell has it ignored, and what is ignored stays so in the programs that are started, which tests interrupt.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is marked `monitoring` unless an expression of -m names it, as `make monitoring-test` does."""
    if "monitoring" in config.getoption("-m"):
        return
    slow = [item for item in items if item.get_closest_marker("monitoring") is not None]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """One real Kafka broker for the whole run. A test that stops, kills or freezes it leaves it answering again."""
    install()
    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty log on each transport."""
    if request.param == "embedded":
        return f"embedded://{tmp_path / 'log'}"
    kafka: KafkaBroker = request.getfixturevalue("kafka")
    address = f"kafka://{kafka.bootstrap}"
    await wipe(address)
    return address
