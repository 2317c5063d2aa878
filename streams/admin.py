"""Topics: made with the right settings, and checked, before any agent starts."""

import asyncio
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import InvalidReplicationFactorError, KafkaError, TopicAlreadyExistsError, for_code

from streams.broker import Broker
from streams.topics import COMMANDS, EVENTS, TOPICS, TopicSpec, changelog, group
from streams.transport.embedded.config import TopicConfig
from streams.transport.embedded.log import EmbeddedLog
from streams.transport.kafka.closing import close_client
from tasksys.errors import BrokerUnavailable

SEEN_SECONDS = 10.0
"""Within so long every broker knows of a new topic: it takes milliseconds."""


FEW_BROKERS = (
    "topic {} could not be made: there are fewer brokers than --replication {}; start more, or give a smaller number"
)
UNEVEN = (
    "delete none of them: together they are all that there is. Stop all workers, write everything into a file with "
    "`tasksys export-log`, which reads them as they are, and bring it into another cluster with `tasksys import-log`"
)
"""What to do about topics whose partitions differ. Kafka takes none away again, and where a workspace is goes by how
many of them there are, so more in the other topics would not do."""


class TopicsUnfit(Exception):
    """The cluster's topics cannot work as they are; the message names each fault and what to do."""


def specs(agents: Iterable[str]) -> list[TopicSpec]:
    """All topics that these agents need."""
    return [*TOPICS, *(changelog(agent) for agent in agents)]


async def reach(broker: Broker) -> None:
    """Returns when one of Kafka's brokers has answered; may be called off. Raises BrokerUnavailable if none is there.

    Each that is named and says nothing takes its ten seconds.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.servers, request_timeout_ms=10_000)
    try:
        await admin.start()
    except (KafkaError, OSError) as error:
        raise broker.unavailable(error) from error
    finally:
        await close_client(admin._client)


async def create_topics(broker: Broker, agents: Iterable[str], partitions: int, replication: int) -> list[str]:
    """Makes the topics that are missing and returns their names; checks those that exist.

    Raises TopicsUnfit, BrokerUnavailable.
    """
    if broker.directory is not None:
        return await _create_embedded(broker, agents, partitions)
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.servers, request_timeout_ms=10_000)
    try:
        await admin.start()
        return await _create(admin, specs(agents), partitions, replication)
    except (KafkaError, OSError, TimeoutError) as error:
        raise broker.unavailable(error) from error
    finally:
        await admin.close()


async def describe_topics(broker: Broker) -> dict[str, int]:
    """The partitions of each topic of ours that exists."""
    if broker.directory is not None:
        log = EmbeddedLog.open(broker.directory)
        try:
            return {name: config.partitions for name, config in log.topics().items()}
        finally:
            await log.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.servers, request_timeout_ms=10_000)
    try:
        await admin.start()
        names = [name for name in await admin.list_topics() if name.startswith("tasksys")]
        return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics(names)}
    except (KafkaError, OSError, TimeoutError) as error:
        raise broker.unavailable(error) from error
    finally:
        await admin.close()


async def partitions_of(broker: Broker) -> int:
    """How many partitions our topics have, which exist: each broker tells of new ones in its own time.

    Raises BrokerUnavailable, also if the one that is asked does not hear of them.
    """
    try:
        async with asyncio.timeout(SEEN_SECONDS):
            while (found := (await describe_topics(broker)).get(COMMANDS.name)) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        detail = f"Kafka at {broker.servers} does not answer for {COMMANDS.name}, which was made; try again."
        raise BrokerUnavailable(detail) from error
    return found


async def _create_embedded(broker: Broker, agents: Iterable[str], partitions: int) -> list[str]:
    assert broker.directory is not None
    log = EmbeddedLog.open(broker.directory)
    try:
        existing = {name: config.partitions for name, config in log.topics().items()}
        numbers = set(existing.values())
        number = numbers.pop() if len(numbers) == 1 else partitions  # a log keeps the number it was made with
        wanted = specs(agents)
        for spec in wanted:  # also those that are there: a new reader's records must not expire before it folds them
            readers = tuple(group(agent) for agent in spec.readers)
            config = TopicConfig(existing.get(spec.name, number), spec.retention_seconds, spec.compact, readers)
            log.create_topic(spec.name, config)
        return [spec.name for spec in wanted if spec.name not in existing]
    finally:
        await log.close()


async def _create(admin: AIOKafkaAdminClient, wanted: list[TopicSpec], partitions: int, replication: int) -> list[str]:
    names = set(await admin.list_topics())
    existing = [spec for spec in wanted if spec.name in names]
    counts = {
        topic["topic"]: len(topic["partitions"])
        for topic in (await admin.describe_topics([spec.name for spec in existing]) if existing else [])
    }
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} has {number}" for name, number in sorted(counts.items()))
        raise TopicsUnfit(f"all topics need the same number of partitions, but {told}; {UNEVEN}")
    number = next(iter(counts.values()), partitions)
    await _check_settings(admin, existing)
    missing = [spec for spec in wanted if spec.name not in names]
    if missing:
        response = await admin.create_topics(
            [NewTopic(spec.name, number, replication, topic_configs=spec.kafka_config(replication)) for spec in missing]
        )
        for name, code, *message in response.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                if for_code(code) is InvalidReplicationFactorError:
                    raise TopicsUnfit(FEW_BROKERS.format(name, replication))
                raise TopicsUnfit(f"topic {name} could not be made: {for_code(code).__name__} {message}")
        await _seen(admin, {spec.name for spec in missing})
    return [spec.name for spec in missing]


async def _seen(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    """Waits until the brokers tell of new topics, which they may do some time after they have made them."""
    async with asyncio.timeout(SEEN_SECONDS):
        while not names <= set(await admin.list_topics()):  # noqa: ASYNC110  (the broker cannot tell us)
            await asyncio.sleep(0.05)


async def _check_settings(admin: AIOKafkaAdminClient, existing: list[TopicSpec]) -> None:
    """The event log must keep everything, a changelog must be compacted, and no copy that is behind may lead."""
    if not existing:
        return
    resources = [ConfigResource(ConfigResourceType.TOPIC, spec.name) for spec in existing]
    settings: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources):
        for _, _, _, name, entries in response.resources:
            settings[name] = {entry[0]: entry[1] for entry in entries}
    faults = [fault for spec in existing for fault in _faults(spec, settings.get(spec.name, {}))]
    if faults:
        raise TopicsUnfit("; ".join(faults))


def _as_long(retention: str, wanted: str) -> bool:
    """Whether a retention in milliseconds is the wanted one or longer; -1 is for ever, and none is told as empty."""
    if not retention or retention == "-1":
        return retention == "-1"
    return wanted != "-1" and int(retention) >= int(wanted)


def _faults(spec: TopicSpec, settings: dict[str, str]) -> list[str]:
    """What would lose records of the topic, and what to set instead."""
    wanted, faults = spec.kafka_config(), []
    policy, retention = settings.get("cleanup.policy", ""), settings.get("retention.ms", "")
    if policy != wanted["cleanup.policy"]:
        faults.append(f"{spec.name}: cleanup.policy is {policy!r}, set it to {wanted['cleanup.policy']!r}")
    elif not spec.compact and not _as_long(retention, wanted["retention.ms"]):
        why = "events are kept for ever" if spec == EVENTS else "sooner a record could go before it is folded, or read"
        faults.append(f"{spec.name}: retention.ms is {retention}, set it to {wanted['retention.ms']}: {why}")
    if (size := settings.get("max.message.bytes", "")) and int(size) < spec.record_bytes:
        faults.append(
            f"{spec.name}: max.message.bytes is {size}, set it to {spec.record_bytes}: larger records are part of the "
            "work, and a partition whose records are refused stands still"
        )
    if settings.get("unclean.leader.election.enable", "false") != "false":
        faults.append(
            f"{spec.name}: unclean.leader.election.enable is true, set it to false: a broker that lacks what was "
            "acknowledged could become its leader"
        )
    return faults
