"""How far the log itself goes: a history is held against it, for its tail could have been cut."""

import asyncio
from contextlib import suppress
from typing import Final

import msgspec
from faust.types import TP

from streams import eventlog
from streams.agent import FoldAgent
from streams.broker import Broker
from streams.topics import EVENTS
from tasksys import codec

TAIL: Final = 2_000
"""Newest records of a partition that a running server looks at: it need not read the log from its beginning."""

END_SECONDS: Final = 2.0
"""How long the question for the end of a partition may take; aiokafka itself asks a Kafka that is away for 30 s."""


async def newest(broker: Broker, partition: int, start: int, end: int, workspace: str | None = None) -> dict[str, int]:
    """The newest position of each workspace (or of that one) among the events from one offset to before another.

    What cannot be read counts as not there.
    """
    found: dict[str, int] = {}
    wanted = None if workspace is None else workspace.encode()
    async for records in eventlog.read(broker, EVENTS.name, partition, start):
        for record in records:
            if record.offset < end and record.key is not None and wanted in (None, record.key):
                with suppress(msgspec.DecodeError):
                    found[record.key.decode()] = codec.decode_event(record.value or b"").position
    return found


async def newest_position(broker: Broker, agent: FoldAgent, partition: int, workspace: str) -> int:
    """The newest position of the workspace among the newest records of the event log; 0 if it is in none of them."""
    end = await end_of(broker, agent, EVENTS.name, partition)
    return (await newest(broker, partition, max(0, end - TAIL), end, workspace)).get(workspace, 0)


async def folded(broker: Broker, agent: FoldAgent, partition: int) -> bool:
    """True if the agent has nothing left to fold of what is in the event log now, or has stopped by a fault."""
    stopped = TP(EVENTS.name, partition) in agent.app.consumer.stopped_partitions
    return stopped or not await left(broker, agent, partition)


async def left(broker: Broker, agent: FoldAgent, partition: int) -> bool:
    """True if there may be records of the agent's source that it has not folded, in transactions that are open too."""
    topic, consumer = agent.spec.source.name, agent.app.consumer
    end = await end_of(broker, agent, topic, partition, stable=False)
    return bool(consumer.reached(TP(topic, partition), agent.position(partition)) < end)


async def end_of(broker: Broker, agent: FoldAgent, topic: str, partition: int, stable: bool = True) -> int:
    """The offset behind the newest record of a partition of the agent's source; of those that anybody can read yet, if
    only `stable` ones count. Raises LogUnreadable."""
    with eventlog.readable(broker):
        async with asyncio.timeout(END_SECONDS):
            end: int = await agent.app.consumer.end_of(TP(topic, partition), stable)
    return end
