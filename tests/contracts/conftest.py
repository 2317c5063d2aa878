"""What the contract tests share."""

from pathlib import Path

import pytest

from tests.support.kafka_broker import KafkaBroker
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
