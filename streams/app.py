"""A declared agent as a Faust app: its own id (the consumer group), its agent, its table."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final

import faust

from streams.agent import FoldAgent
from streams.broker import Broker
from streams.fold import AgentSpec
from streams.measures import measures
from streams.topics import TABLE, group
from streams.transport.assignor import Assignor
from streams.transport.tables import Tables

logger = logging.getLogger(__name__)

HEARTBEATS: Final = 20
"""In a session. By one a worker learns that the group assigns partitions anew, while the others wait for it: with 6 of
them a rebalance took up to a second longer."""


def build(
    spec: AgentSpec,
    broker: Broker,
    directory: Path,
    partitions: int,
    url: str,
    session_timeout: float = 6.0,
    standbys: int = 0,
    member: str = "",
    prints: Sequence[str] = (),
) -> faust.App:
    """The Faust app of an agent.

    `directory` is this process's own; `url` is how other workers reach this one, and its identity in assignments.
    A worker that was not heard of for `session_timeout` seconds loses its partitions to others. Of each partition so
    many other workers as `standbys` says keep a copy of the table, as far as there are so many. One that names itself
    as a `member`, and is back under that name before its session ends, finds its partitions as they were. `prints` are
    of the keys that workers know each other by; among those that do not, some get no partitions.
    """
    app = faust.App(
        group(spec.name),
        broker=broker.faust_urls,
        store="tasksys://",
        datadir=str(directory / spec.name),
        topic_partitions=partitions,
        topic_allow_declare=False,  # streams.admin has made them
        topic_disable_leader=True,
        web_enabled=False,
        canonical_url=url,
        stream_wait_empty=True,
        stream_recovery_delay=0,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=session_timeout,
        broker_heartbeat_interval=session_timeout / HEARTBEATS,
        broker_rebalance_timeout=20,
        broker_request_timeout=30,
        broker_commit_interval=5,
        consumer_max_fetch_size=4 * 1024 * 1024,
        consumer_group_instance_id=member or None,
        table_standby_replicas=standbys,
        PartitionAssignor=partial(Assignor, prints=prints),
        TableManager=Tables,
        agent_supervisor="mode.supervisors.CrashingSupervisor",
        autodiscover=False,
    )
    app.sensors.add(Rebalances(spec.name))
    app.agents[spec.name] = FoldAgent(app, spec)
    app.Table(TABLE, key_type=bytes, value_type=bytes, partitions=partitions)
    app.finalize()
    return app


class Rebalances(faust.Sensor):
    """Measures how long nothing is folded because partitions move, and says so."""

    def __init__(self, agent: str) -> None:
        super().__init__()
        self._measures = measures(agent)
        self._since: float | None = None
        self._read = 0
        self._named = {"component": "fold", "agent": agent, "operation": "rebalance"}

    def on_rebalance_start(self, app: Any) -> dict[str, Any]:
        """Partitions are about to be taken away; another rebalance may begin before this one has ended."""
        if self._since is None:
            self._since, self._read = monotonic(), self._measures.read
            logger.info(
                "partitions are assigned anew; folding stands still until tables are recovered", extra=self._named
            )
        return {}

    def on_rebalance_end(self, app: Any, state: dict[str, Any]) -> None:
        """The tables are recovered, and folding goes on."""
        if self._since is not None:
            seconds, read, owned = monotonic() - self._since, self._measures.read - self._read, fold_agent(app).owned()
            self._measures.resumed(seconds)
            self._since = None
            logger.info(
                "%d partitions are recovered, and folding goes on; %d records were read for it", len(owned), read,
                extra={**self._named, "duration_seconds": round(seconds, 3), "records": read, "partitions": owned},
            )  # fmt: skip


def fold_agent(app: faust.App) -> FoldAgent:
    """The app's one agent."""
    agent = next(iter(app.agents.values()))
    assert isinstance(agent, FoldAgent)
    return agent
