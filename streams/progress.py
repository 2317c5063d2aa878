"""Where an agent stands on its partitions: how far it is, where they end, what is left. All who tell of it ask here.

A fetch says where its partition ends. Of one that is not fetched, because it has stopped or its table is recovered,
the brokers are asked: by whoever wants a fresh answer, and by the watchdog, again and again. Both is remembered with
the agent, so that a scrape, which asks nobody, says the same.
"""

import asyncio
from typing import Any, Final, NamedTuple

import faust
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.agent import End, FoldAgent
from tasksys.errors import NotOwned

ANSWER_SECONDS: Final = 1.0
"""How long brokers have to say where partitions end; after that what is known has to do."""

UNHEARD: Final = End(0, False)


class Stand(NamedTuple):
    """The next offset to fold, and the one that the next record gets."""

    position: int
    end: int
    heard: int
    """The end as a fetch heard of it, or as brokers say now; `end` may be of an answer from before."""
    at_least: bool
    """Whether there may be more: nobody has said lately where the partition ends."""
    fault: str | None
    """Why nothing of the partition is folded."""

    @property
    def lag(self) -> int:
        """Offsets that are still to be passed."""
        return max(0, self.end - self.position)


async def ask(agent: FoldAgent, seconds: float = ANSWER_SECONDS, every: bool = False) -> None:
    """Hears from the brokers where those partitions end of which no fetch tells; with `every`, all of them.

    Takes so many seconds at most, and raises nothing: `stands` says what was not answered.
    """
    consumer: Any = agent.app.consumer

    async def one(tp: TP) -> None:
        try:
            async with asyncio.timeout(seconds if consumer.leased else 0.0):
                agent.ends[tp.partition] = End(await consumer.end_of(tp, stable=False), True)
        except (TimeoutError, OSError, KafkaError, NotOwned):
            agent.ends[tp.partition] = agent.ends.get(tp.partition, UNHEARD)._replace(heard=False)

    places = [TP(agent.spec.source.name, number) for number in agent.assigned()]
    await asyncio.gather(*(one(tp) for tp in places if every or not consumer.hears(tp)))


def stands(agent: FoldAgent) -> dict[int, Stand]:
    """By partition that the agent has here, as far as is known by now."""
    return {number: _stand(agent, number) for number in agent.assigned()}


def _stand(agent: FoldAgent, number: int) -> Stand:
    consumer: Any = agent.app.consumer
    tp, applied, told = TP(agent.spec.source.name, number), agent.position(number), agent.ends.get(number, UNHEARD)
    fault = consumer.stopped_partitions.get(tp)
    if fault is None:
        applied = (consumer.reached if agent.app.tables.actives_ready else consumer.told)(tp, applied)
    at_least, fetched = not consumer.hears(tp) and not told.heard, consumer.highwater(tp) or 0
    heard = max(fetched, told.offset) if told.heard else fetched
    return Stand(applied, max(fetched, told.offset), heard, at_least, fault)


def to_recover(app: faust.App) -> dict[int, int]:
    """How many records of the changelog each partition's table lacks before it can be served; markers count too."""
    if app.tables.actives_ready:
        return {}
    recovery = app.tables.recovery
    return {
        tp.partition: lacking(last, recovery.active_offsets.get(tp))
        for tp, last in recovery.active_highwaters.items()
        if last is not None
    }


def lacking(last: int, seen: int | None) -> int:
    """Records up to the last offset, behind the one that was seen last; None if none was."""
    return max(0, last - (-1 if seen is None else seen))
