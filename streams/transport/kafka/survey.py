"""Asks Kafka's brokers how far consumer groups are, and how the cluster is: over connections of its own, in no group.

Offsets count what occupies them, so the markers of transactions too: a group's lag may be told a little too large while
it is behind, but not when it is not. Where nothing but markers, or what was aborted, comes after the committed offset,
it is 0: that, and how old the oldest record is, is found by reading one record, once for each offset.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import DescribeGroupsRequest, DescribeGroupsRequest_v2

from monitoring.group_lag import Behind, Health, Place, Survey, Unreachable
from streams.broker import Broker, said
from streams.topics import agent_of, group, source_of
from streams.transport.kafka.closing import close_client

REQUEST_MS: Final = 5_000
"""After so long a broker that says nothing is away."""

READ_SECONDS: Final = 3.0
"""How long records may be read in one survey; what was not reached is as old as it has been noticed."""

POLL_MS: Final = 200

OURS: Final = "tasksys"
"""How our topics begin."""


class DescribeGroups(DescribeGroupsRequest):
    """aiokafka reads the answer to version 3, its newest, by the form of version 2."""

    def prepare(self, versions: Any) -> Any:
        """Version 2, which every broker knows."""
        return self.build(DescribeGroupsRequest_v2)


class KafkaSurveyor:
    """See `monitoring.group_lag.Surveyor`."""

    def __init__(self, broker: Broker, every_group: bool = False) -> None:
        """Of all groups, or of those that are agents'."""
        self._servers = broker.servers
        self._prefix = "" if every_group else group("")
        self._admin: Any = None
        self._consumer: Any = None
        self._reader: Any = None
        self._oldest: dict[tuple[Place, int], int] = {}
        """When the first record at or after an offset was appended."""
        self._empty: dict[tuple[Place, int], int] = {}
        """Up to where there is none."""
        self._noticed: dict[tuple[Place, int], int] = {}
        """Since when something is known to come after an offset, where it could not be read."""

    async def survey(self) -> Survey:
        """Everything as of now. Raises Unreachable; may be called off at any time."""
        try:
            if self._admin is None:
                await self._connect()
            return await self._ask()
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise Unreachable(f"Kafka at {self._servers} does not answer: {said(error)}") from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Hangs up; the next survey connects anew. Raises nothing."""
        clients = [one._client for one in (self._admin, self._consumer, self._reader) if one is not None]
        consumers = [one for one in (self._consumer, self._reader) if one is not None]
        self._admin = self._consumer = self._reader = None
        for client in clients:
            await close_client(client)
        for consumer in consumers:
            with suppress(Exception):  # its connections are closed
                await consumer.stop()

    async def _connect(self) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=self._servers, request_timeout_ms=REQUEST_MS)
        await self._admin.start()
        self._consumer = self._new_consumer("read_uncommitted")
        await self._consumer.start()
        self._reader = self._new_consumer("read_committed")
        await self._reader.start()

    def _new_consumer(self, isolation: str) -> Any:
        return AIOKafkaConsumer(
            bootstrap_servers=self._servers, isolation_level=isolation, enable_auto_commit=False, group_id=None,
            auto_offset_reset="earliest", request_timeout_ms=REQUEST_MS, fetch_max_wait_ms=POLL_MS // 2,
            max_partition_fetch_bytes=64 * 1024,
        )  # fmt: skip

    async def _ask(self) -> Survey:
        brokers = len((await self._admin.describe_cluster())["brokers"])
        names = sorted({name for name, *_ in await self._admin.list_consumer_groups() if name.startswith(self._prefix)})
        coordinators = {name: await self._admin.find_coordinator(name) for name in names}
        members = await self._members(coordinators)
        committed = {name: await self._committed(name, node) for name, node in coordinators.items()}
        wanted = {topic for places in committed.values() for topic, _ in places}
        topics = {
            one["topic"]: one["partitions"]
            for one in await self._admin.describe_topics()
            if one["topic"] in wanted or one["topic"].startswith(OURS)
        }
        offline = {(name, one["partition"]) for name, all_ in topics.items() for one in all_ if one["leader"] < 0}
        ends = await self._ends(_places(topics, offline))
        await self._complete(committed, ends)
        groups = {name: await self._behind(places, ends) for name, places in committed.items()}
        self._forget(groups)
        return Survey(brokers, members, groups, ends, {name: _health(all_) for name, all_ in topics.items()})

    async def _members(self, coordinators: Mapping[str, int]) -> dict[str, int]:
        found = dict[str, int]()
        for node in sorted(set(coordinators.values())):
            names = [name for name, coordinator in coordinators.items() if coordinator == node]
            answer = await self._admin._client.send(node, DescribeGroups(names))
            found.update({name: len(members) for code, name, _, _, _, members in answer.groups if not code})
        return found

    async def _committed(self, name: str, coordinator: int) -> dict[Place, int]:
        offsets = await self._admin.list_consumer_group_offsets(name, coordinator)
        return {(tp.topic, tp.partition): one.offset for tp, one in offsets.items() if one.offset >= 0}

    async def _ends(self, places: Iterable[Place]) -> dict[Place, int]:
        found = await self._consumer.end_offsets([TopicPartition(*place) for place in places])
        return {(tp.topic, tp.partition): end for tp, end in found.items()}

    async def _complete(self, committed: Mapping[str, dict[Place, int]], ends: Mapping[Place, int]) -> None:
        """Of a topic that a group has committed something of, it has the rest from the beginning on.

        So has an agent's that has committed nothing yet, of its source: its first worker may be gone already.
        """
        for name, places in committed.items():
            topics = {topic for topic, _ in places} or _sources(name)
            missing = [place for place in ends if place[0] in topics and place not in places]
            if missing:
                first = await self._consumer.beginning_offsets([TopicPartition(*place) for place in missing])
                places.update({(tp.topic, tp.partition): offset for tp, offset in first.items()})

    async def _behind(self, committed: Mapping[Place, int], ends: Mapping[Place, int]) -> dict[Place, Behind]:
        after = {place: offset for place, offset in committed.items() if offset < ends.get(place, 0)}
        await self._read(after, ends)
        return {place: self._stand(place, offset, ends[place]) for place, offset in committed.items() if place in ends}

    def _stand(self, place: Place, offset: int, end: int) -> Behind:
        key = (place, offset)
        if offset >= end or self._empty.get(key) == end:
            return Behind(offset, 0, None)
        oldest = self._oldest.get(key)
        if oldest is None:
            oldest = self._noticed.setdefault(key, time.time_ns() // 1_000_000)
        return Behind(offset, end - offset, oldest)

    async def _read(self, after: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """Finds the first record after each offset, if there is one that can be read."""
        unknown = {
            place: offset
            for place, offset in after.items()
            if (place, offset) not in self._oldest and self._empty.get((place, offset)) != ends[place]
        }
        if not unknown:
            return
        reader, left = self._reader, {TopicPartition(*place): offset for place, offset in unknown.items()}
        reader.assign(list(left))
        for tp, offset in left.items():
            reader.seek(tp, offset)
        give_up = asyncio.get_running_loop().time() + READ_SECONDS
        while left and asyncio.get_running_loop().time() < give_up:
            for tp, records in (await reader.getmany(*left, timeout_ms=POLL_MS)).items():
                self._oldest[(tp.topic, tp.partition), left.pop(tp)] = records[0].timestamp
                reader.pause(tp)
            for tp in list(left):
                place = (tp.topic, tp.partition)
                if await reader.position(tp) >= ends[place]:
                    self._empty[place, left.pop(tp)] = ends[place]

    def _forget(self, groups: Mapping[str, Mapping[Place, Behind]]) -> None:
        """What was found out of offsets that nobody stands at any more."""
        standing = {(place, one.committed) for places in groups.values() for place, one in places.items()}
        for known in (self._oldest, self._empty, self._noticed):
            for key in known.keys() - standing:
                del known[key]


def _sources(name: str) -> set[str]:
    """What a group reads, as far as we know without being told."""
    if not name.startswith(group("")):
        return set()
    return {source_of(agent_of(name)).name}


def _places(topics: Mapping[str, Any], offline: set[Place]) -> Iterator[Place]:
    for name, partitions in topics.items():
        for one in partitions:
            if (place := (name, one["partition"])) not in offline:
                yield place


def _health(partitions: Iterable[Any]) -> Health:
    behind = sum(len(one["isr"]) < len(one["replicas"]) for one in partitions)
    return Health(behind, sum(one["leader"] < 0 for one in partitions))
