"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.kafka_broker import KafkaBroker, install


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """One real Kafka broker for the whole run. A test that stops, kills or freezes it leaves it answering again."""
    install()
    with KafkaBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker
