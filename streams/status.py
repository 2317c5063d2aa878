"""What an operator is told of a worker's agents: their partitions here, the copies that are here, how far each is.

Nobody is asked for it: it is what this process knows.
"""

from typing import Any

import faust
from faust.types import TP

from streams.agent import FoldAgent
from streams.app import fold_agent
from tasksys.ownership import Ownership


def of_agent(app: faust.App, ownership: Ownership) -> dict[str, Any]:
    """An agent: the partitions that it writes here, with who has copies of them, and those of which a copy is here.

    `recovering` counts the rows that have to be read before a partition can be served, or until a copy is as new as the
    partition, as far as is known; they count transactions' markers too. A copy is `readable` where it is
    all of one batch.
    """
    agent = fold_agent(app)
    recovery = app.tables.recovery
    left = _by_partition(recovery.active_highwaters, recovery.active_offsets)
    served = app.tables.actives_ready
    return {
        "group": app.conf.id,
        "source": agent.spec.source.name,
        "generation": ownership.generation,
        "partitions": [
            {
                **_partition(agent, number),
                "standbys": list(ownership.standby.get(number, ())),
                "recovering": 0 if served else left.get(number, 0),
            }
            for number in agent.assigned()
        ],
        "copies": [
            {"partition": number, "recovering": lacking, "readable": app.consumer.copied(number)}
            for number, lacking in app.consumer.copies().items()
        ],
    }


def _partition(agent: FoldAgent, partition: int) -> dict[str, Any]:
    tp = TP(agent.spec.source.name, partition)
    consumer = agent.app.consumer
    known = consumer.reached if agent.app.tables.actives_ready else consumer.told
    position, end = known(tp, agent.position(partition)), consumer.highwater(tp) or 0
    stopped = consumer.stopped_partitions.get(tp)
    return {
        "partition": partition,
        "position": position,
        "end": end,
        "lag": max(0, end - position),
        "fault": stopped,
    }


def _by_partition(ends: dict[TP, int | None], offsets: dict[TP, int | None]) -> dict[int, int]:
    """How much is left to read; Faust counts from the last offset read, -1 before the first."""
    return {tp.partition: max(0, end - (offsets.get(tp) or 0)) for tp, end in ends.items() if end is not None}
