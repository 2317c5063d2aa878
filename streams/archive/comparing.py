"""What is in an event log, held against a file."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import eventlog
from streams.archive.form import LINK_BYTES, Content
from streams.broker import Broker
from streams.fold import Record
from streams.topics import EVENTS
from streams.transport.embedded.log import EmbeddedLog
from tasksys import audit, codec


class ImportDiffers(Exception):
    """What is in the log is not what is in the file."""


async def compare(log: AsyncIterator[list[Record]], contents: Mapping[bytes, Content]) -> None:
    """Holds events of a partition against those of a file, position by position, by the links of their hash chains.

    What comes behind the file's is nothing to it. Raises ImportDiffers.
    """
    reached = dict.fromkeys(contents, (0, audit.GENESIS))
    async for records in log:
        for one in records:
            if one.key is None or (content := contents.get(one.key)) is None:
                continue
            position, link = reached[one.key]
            if position == content.events:
                continue
            value, position = one.value or b"", position + 1
            link = audit.link(link, value)
            stored = codec.decode_event(value).position
            if stored != position or link[:LINK_BYTES] != content.links[position - 1]:
                raise ImportDiffers(f"Workspace {one.key.decode()}: the event at position {position} is another one.")
            reached[one.key] = position, link
    for name, content in contents.items():
        position, link = reached[name]
        if position != content.events or link != content.chain:
            raise ImportDiffers(
                f"Workspace {name.decode()}: the event log ends at position {position}, the file at {content.events}."
            )


async def end_of(broker: Broker, partition: int) -> int:
    """Where a partition of the event log ends. Raises LogUnreadable."""
    if broker.directory is not None:
        log = EmbeddedLog.open(broker.directory)
        try:
            return log.end_offset(EVENTS.name, partition)
        finally:
            await log.close()
    place = TopicPartition(EVENTS.name, partition)
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=broker.servers, enable_auto_commit=False)
    with eventlog.readable(broker):
        try:
            await consumer.start()
            return int((await consumer.end_offsets([place]))[place])
        finally:
            await consumer.stop()
