"""How far the event log itself goes: a history is held against it, for its tail could have been cut."""

from contextlib import suppress
from typing import Final

import msgspec

from streams import eventlog
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
