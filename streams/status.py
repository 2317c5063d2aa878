"""What an operator is told of a worker's agents: their partitions here, the copies that are here, how far each is.

Nobody is asked for it: it is what this process knows. `streams.progress` asks before.
"""

from typing import Any

import faust

from streams import progress
from streams.app import fold_agent
from tasksys.ownership import Ownership


def of_agent(app: faust.App, ownership: Ownership) -> dict[str, Any]:
    """An agent: the partitions that it writes here, with who has copies of them, and those of which a copy is here.

    `recovering` counts the rows that have to be read before a partition can be served, or until a copy is as new as the
    partition, as far as is known; they count transactions' markers too. A copy is `readable` where it is
    all of one batch. Where `at_least` is true, nobody could say where the partition ends: its lag may be more.
    """
    agent, left = fold_agent(app), progress.to_recover(app)
    return {
        "group": app.conf.id,
        "source": agent.spec.source.name,
        "generation": ownership.generation,
        "partitions": [
            {
                "partition": number,
                "position": stand.position,
                "end": stand.end,
                "lag": stand.lag,
                "at_least": stand.at_least,
                "fault": stand.fault,
                "standbys": list(ownership.standby.get(number, ())),
                "recovering": left.get(number, 0),
            }
            for number, stand in progress.stands(agent).items()
        ],
        "copies": [
            {"partition": number, "recovering": lacking, "readable": app.consumer.copied(number)}
            for number, lacking in app.consumer.copies().items()
        ],
    }
