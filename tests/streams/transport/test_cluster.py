"""Questions to brokers are asked again for as long as that can help, over a client of the tests' own."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import (
    BrokerResponseError,
    ConcurrentTransactions,
    InvalidProducerEpoch,
    KafkaError,
    NodeNotReadyError,
    NotLeaderForPartitionError,
)

from streams.transport.kafka import cluster as module
from streams.transport.kafka.cluster import Cluster


class Client:
    """Answers with these errors, the last one again and again."""

    def __init__(self, errors: Sequence[type[KafkaError] | None]) -> None:
        self.errors = list(errors)
        self.asked = 0

    async def send(self, node: int, request: Any, group: str) -> Any:
        """As aiokafka's client does it."""
        self.asked += 1
        error = self.errors.pop(0) if len(self.errors) > 1 else self.errors[0]
        if error is not None and not issubclass(error, BrokerResponseError):
            raise error
        return SimpleNamespace(error_code=0 if error is None else error.errno)

    async def force_metadata_update(self) -> None:
        """Nothing is new."""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for long."""
    monkeypatch.setattr(module, "MARKERS_SECONDS", (0.001,))
    monkeypatch.setattr(module, "RETRY_SECONDS", (0.001,))
    monkeypatch.setattr(module, "REFUSED_SECONDS", 0.05)


async def ask(*errors: type[KafkaError] | None) -> int:
    """How often a question was asked until it was answered."""
    cluster = Cluster(["nobody:1"])
    client: Any = Client(errors)
    cluster._client = client

    async def node(again: bool) -> int:
        return 1

    async with asyncio.timeout(10):
        await cluster.ask("line", node, object())
    return int(client.asked)


async def test_what_may_pass_is_asked_again() -> None:
    """Markers that are not written yet, a leader that is just elected."""
    assert await ask(ConcurrentTransactions, ConcurrentTransactions, NotLeaderForPartitionError, None) == 4


@pytest.mark.parametrize("refusal", [ConcurrentTransactions, NotLeaderForPartitionError])
async def test_a_broker_that_was_away_for_long_may_refuse_at_first(refusal: type[KafkaError]) -> None:
    """It has just come back: the minute is that of its refusals."""
    away = [NodeNotReadyError] * 100
    assert await ask(*away, refusal, None) == 102


@pytest.mark.parametrize("refusal", [ConcurrentTransactions, NotLeaderForPartitionError])
async def test_a_refusal_that_stays_is_told(refusal: type[KafkaError]) -> None:
    """Else a partition would stand still for ever, and nothing would say so."""
    with pytest.raises(refusal):
        await ask(refusal)


async def test_what_stays_wrong_is_told_at_once() -> None:
    """As to a writer that was fenced."""
    with pytest.raises(InvalidProducerEpoch):
        await ask(InvalidProducerEpoch, None)
