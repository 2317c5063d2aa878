"""Nothing is appended behind a transaction that has no markers: it would share its fate. See `hanging`."""

import asyncio
from collections.abc import Mapping
from typing import Final

from streams.transport.kafka.cluster import MARKERS_SECONDS, waits
from streams.transport.kafka.transactional import Transactional

FORGOTTEN_SECONDS: Final = 1.0
"""How long markers may stay away that the coordinator says are written: a new leader may not know of them yet."""

ENDING: Final = "Prepare"
"""How the states begin in which a coordinator still has markers to write."""


class MarkersForgotten(Exception):
    """The last transaction was committed and never ended; nothing may be appended behind it."""


async def ended(writer: Transactional, last: Mapping[str, int]) -> None:
    """Waits until the transaction with these last offsets, by topic, was ended by its markers.

    Raises MarkersForgotten where they will not come, and KafkaError.
    """
    give_up: float | None = None
    for number, wait in enumerate(waits(MARKERS_SECONDS)):
        missing = await _missing(writer, last)
        if not missing:
            return
        now = asyncio.get_running_loop().time()
        if give_up is not None and now > give_up:
            # Others have transactions of their own open in topics that they write to as well.
            if forgotten := [topic for topic in missing if await _is_open(writer, topic)]:
                raise MarkersForgotten(
                    f"the brokers have forgotten to end a transaction on partition {writer.partition} of "
                    f"{', '.join(forgotten)}; it is ended when the partition is taken over again"
                )
            return
        late = number >= len(MARKERS_SECONDS) - 1  # they have had the time that they mostly take
        if give_up is None and late and not (await writer.state()).startswith(ENDING):
            give_up = now + FORGOTTEN_SECONDS
        await asyncio.sleep(wait)


async def _missing(writer: Transactional, last: Mapping[str, int]) -> list[str]:
    """The topics whose last stable offset has not passed the transaction."""
    if not last:
        return []
    stable = await writer.cluster.stable(writer.id, [writer.place(topic) for topic in last])
    return [topic for (topic, offset), end in zip(last.items(), stable, strict=True) if end <= offset]


async def _is_open(writer: Transactional, topic: str) -> bool:
    open_ = await writer.cluster.open_transactions(writer.id, writer.place(topic))
    return any(one.producer_id == writer.producer_id for one in open_)
