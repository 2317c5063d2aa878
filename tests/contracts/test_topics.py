"""Topics on a real Kafka: made as they must be, and refused, with what to set, where they would lose something."""

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams import admin
from streams.admin import TopicsUnfit
from streams.broker import Broker
from streams.parts import AGENTS
from streams.topics import COMMANDS, DEAD_LETTERS, EVENTS, TopicSpec, changelog
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import wipe

pytestmark = pytest.mark.kafka


@pytest.fixture
async def broker(kafka: KafkaBroker) -> AsyncIterator[Broker]:
    """The broker with no topic of ours on it, before and after."""
    url = f"kafka://{kafka.bootstrap}"
    await wipe(url)
    yield Broker.parse(url)
    await wipe(url)


@pytest.fixture
async def client(broker: Broker) -> AsyncIterator[AIOKafkaAdminClient]:
    """Somebody else who makes topics."""
    client = AIOKafkaAdminClient(bootstrap_servers=broker.servers)
    await client.start()
    yield client
    await client.close()


async def make(
    client: AIOKafkaAdminClient, spec: TopicSpec, partitions: int = 2, changed: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Makes a topic of ours with some settings changed."""
    config = {**spec.kafka_config(), **changed}
    await client.create_topics([NewTopic(spec.name, partitions, 1, topic_configs=config)])
    await admin._seen(client, {spec.name})  # until the broker tells of it, it would count as missing


async def test_topics_are_made_once(broker: Broker, client: AIOKafkaAdminClient) -> None:
    """All that the agents need, with the settings that keep what is acknowledged; those that are there stay."""
    made = await admin.create_topics(broker, AGENTS, 3, 1)
    assert set(made) == {spec.name for spec in admin.specs(AGENTS)}
    assert await admin.describe_topics(broker) == dict.fromkeys(made, 3)
    assert await admin.create_topics(broker, AGENTS, 5, 1) == []
    [response] = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, EVENTS.name)])
    settings: dict[str, Any] = {entry[0]: entry[1] for entry in response.resources[0][4]}
    assert settings["retention.ms"] == "-1"
    assert settings["unclean.leader.election.enable"] == "false"


def test_all_copies_but_one_have_what_is_acknowledged() -> None:
    """So one broker may fail without a loss, and without a halt."""
    assert [COMMANDS.kafka_config(copies)["min.insync.replicas"] for copies in (1, 2, 3, 5)] == ["1", "1", "2", "4"]


async def test_what_is_missing_is_made_like_the_rest(broker: Broker, client: AIOKafkaAdminClient) -> None:
    """With as many partitions as the topics have that are there."""
    await make(client, COMMANDS, 2)
    made = await admin.create_topics(broker, AGENTS, 7, 1)
    assert COMMANDS.name not in made
    assert set((await admin.describe_topics(broker)).values()) == {2}


@pytest.mark.parametrize(
    ("spec", "changed", "said"),
    [
        (EVENTS, {"cleanup.policy": "compact"}, "tasksys.events: cleanup.policy is 'compact', set it to 'delete'"),
        (EVENTS, {"retention.ms": "1000"}, "retention.ms is 1000, set it to -1: events are kept for ever"),
        (
            COMMANDS,
            {"retention.ms": "1000"},
            "tasksys.commands: retention.ms is 1000, set it to 604800000: sooner a rec",
        ),
        (DEAD_LETTERS, {"retention.ms": "604800000"}, "tasksys.dead-letters: retention.ms is 604800000, set it to 777"),
        (EVENTS, {"max.message.bytes": "1048588"}, "tasksys.events: max.message.bytes is 1048588, set it to 2097152: "),
        (changelog("audit"), {"max.message.bytes": "9"}, "tasksys-audit-state-changelog: max.message.bytes is 9, set"),
        (changelog("audit"), {"cleanup.policy": "delete"}, "cleanup.policy is 'delete', set it to 'compact'"),
        (COMMANDS, {"unclean.leader.election.enable": "true"}, "unclean.leader.election.enable is true, set it to f"),
    ],
)
async def test_settings_that_lose_something(
    broker: Broker, client: AIOKafkaAdminClient, spec: TopicSpec, changed: dict[str, str], said: str
) -> None:
    """Refused before any agent starts, with the topic, the setting and its right value."""
    await make(client, spec, changed=changed)
    with pytest.raises(TopicsUnfit, match=said):
        await admin.create_topics(broker, AGENTS, 2, 1)


async def test_settings_that_keep_more(broker: Broker, client: AIOKafkaAdminClient) -> None:
    """A longer retention, and larger records, are the operator's choice."""
    await make(client, COMMANDS, changed={"retention.ms": "-1", "max.message.bytes": "4194304"})
    await make(client, DEAD_LETTERS, changed={"retention.ms": "9000000000"})
    assert COMMANDS.name not in await admin.create_topics(broker, AGENTS, 2, 1)


async def test_partitions_that_differ(broker: Broker, client: AIOKafkaAdminClient) -> None:
    """A workspace must have one number in every topic."""
    await make(client, COMMANDS, 2)
    await make(client, EVENTS, 3)
    with pytest.raises(
        TopicsUnfit, match=r"same number of partitions, but tasksys\.commands has 2, tasksys\.events has 3"
    ):
        await admin.create_topics(broker, AGENTS, 2, 1)


async def test_more_copies_than_brokers(broker: Broker) -> None:
    """Kafka's own reason is passed on."""
    with pytest.raises(TopicsUnfit, match="fewer brokers than --replication"):
        await admin.create_topics(broker, AGENTS, 2, 3)


async def test_a_broker_that_has_not_heard_of_new_topics_yet(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked again: another one has made them."""
    await admin.create_topics(broker, AGENTS, 3, 1)
    answers, describe = [dict[str, int]()], admin.describe_topics

    async def late(asked: Broker) -> dict[str, int]:
        return answers.pop() if answers else await describe(asked)

    monkeypatch.setattr(admin, "describe_topics", late)
    assert await admin.partitions_of(broker) == 3
