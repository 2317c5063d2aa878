"""Questions to brokers are asked again for as long as that can help, over a client of the tests' own."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import (
    BrokerResponseError,
    ConcurrentTransactions,
    IncompatibleBrokerVersion,
    InvalidProducerEpoch,
    KafkaError,
    NodeNotReadyError,
    NotLeaderForPartitionError,
)

from streams.transport.kafka import cluster as module
from streams.transport.kafka.cluster import BrokerTooOld, Cluster


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


async def test_brokers_that_are_too_old_are_told() -> None:
    """By the request that they do not know, and what to have instead."""
    with pytest.raises(BrokerTooOld, match=r"does not know object; have one of Kafka 3\.0 or later"):
        await ask(IncompatibleBrokerVersion)


async def test_what_stays_wrong_is_told_at_once() -> None:
    """As to a writer that was fenced."""
    with pytest.raises(InvalidProducerEpoch):
        await ask(InvalidProducerEpoch, None)


async def test_a_coordinator_is_looked_up_again_while_no_broker_is_known() -> None:
    """By every client of aiokafka: their consumers would stay out of their groups for ever."""
    with pytest.raises(NodeNotReadyError) as told:
        await AIOKafkaClient(bootstrap_servers="nobody:1").coordinator_lookup(CoordinationType.GROUP, "group")
    assert told.value.retriable


class Leaders:
    """Brokers that lead topics, each of which answers for its own only, and where these end."""

    def __init__(self, **leaders: int) -> None:
        self.leaders = leaders
        self.asked = list[int]()
        self.cluster = self

    async def _wait_on_metadata(self, topic: str) -> None:
        """It is known."""

    def leader_for_partition(self, place: TopicPartition) -> int:
        """As aiokafka's view of the cluster does it."""
        return self.leaders[place.topic]

    async def send(self, node: int, request: Any, group: str) -> Any:
        """As aiokafka's client does it; a topic ends at its length."""
        self.asked.append(node)
        topics = request.build(Taken).topics
        codes = {name: 0 if self.leaders[name] == node else NotLeaderForPartitionError.errno for name, _ in topics}
        return SimpleNamespace(topics=[(name, [(0, code, -1, len(name))]) for name, code in codes.items()])

    async def force_metadata_update(self) -> None:
        """From now on one broker leads all of them."""
        self.leaders = dict.fromkeys(self.leaders, 3)


class Taken:
    """Takes an OffsetRequest apart."""

    API_VERSION = 2

    def __init__(self, replica: int, isolation: int, topics: Any) -> None:
        assert (replica, isolation) == (module.CONSUMER, module.COMMITTED)
        self.topics = topics


@pytest.mark.parametrize(
    ("leaders", "asked"), [({"changelog": 1, "events": 1}, [1]), ({"changelog": 1, "events": 2}, [1, 2])]
)
async def test_where_partitions_end_is_asked_of_those_that_lead_them(leaders: dict[str, int], asked: list[int]) -> None:
    """Once, as long as that is one broker."""
    cluster = Cluster(["nobody:1"])
    client: Any = Leaders(**leaders)
    cluster._client = client
    places = [TopicPartition(name, 0) for name in ("events", "changelog")]
    async with asyncio.timeout(10):
        assert await cluster.stable("line", places) == [len("events"), len("changelog")]
    assert sorted(client.asked) == asked


async def test_a_leader_that_moves_meanwhile_is_found() -> None:
    """The question goes to the next one."""
    cluster = Cluster(["nobody:1"])
    client: Any = Leaders(changelog=1, events=1)
    cluster._client = client
    send = client.send

    async def moves(node: int, request: Any, group: str) -> Any:
        client.leaders["events"] = client.leaders["events"] if client.asked else 2
        return await send(node, request, group)

    client.send = moves
    async with asyncio.timeout(10):
        places = [TopicPartition(name, 0) for name in ("events", "changelog")]
        assert await cluster.stable("line", places) == [len("events"), len("changelog")]
    assert client.asked == [1, 3]
