"""How far the event log itself goes: a history is held against it, for its tail could have been cut."""

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


async def logged(broker: Broker, agent: FoldAgent, partition: int, workspace: str) -> int:
    """The newest position of the workspace among the newest records of the event log; 0 if it is in none of them."""
    end = await _end(agent, partition)
    return (await newest(broker, partition, max(0, end - TAIL), end, workspace)).get(workspace, 0)


async def folded(agent: FoldAgent, partition: int) -> bool:
    """True if the agent has nothing left to fold of what is in the event log now, or has stopped by a fault."""
    consumer, tp = agent.app.consumer, TP(EVENTS.name, partition)
    if tp in consumer.stopped_partitions:
        return True
    end = await _end(agent, partition)
    return bool(consumer.reached(tp, agent.position(partition)) >= end)


async def _end(agent: FoldAgent, partition: int) -> int:
    tp = TP(EVENTS.name, partition)
    end: int = (await agent.app.consumer.highwaters(tp))[tp]
    return end
