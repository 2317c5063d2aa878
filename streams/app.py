"""A declared agent as a Faust app: its own id (the consumer group), its agent, its table."""

from pathlib import Path

import faust

from streams.agent import FoldAgent
from streams.broker import Broker
from streams.fold import AgentSpec
from streams.topics import TABLE, group


def build(spec: AgentSpec, broker: Broker, directory: Path, partitions: int, url: str) -> faust.App:
    """The Faust app of an agent.

    `directory` is this process's own; `url` is how other workers reach this one, and its identity in assignments.
    """
    app = faust.App(
        group(spec.name),
        broker=broker.faust_urls,
        store="tasksys://",
        datadir=str(directory / spec.name),
        topic_partitions=partitions,
        topic_allow_declare=True,
        web_enabled=False,
        canonical_url=url,
        stream_wait_empty=True,
        stream_recovery_delay=0,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=6,
        broker_heartbeat_interval=1,
        broker_rebalance_timeout=20,
        broker_request_timeout=30,
        broker_commit_interval=5,
        consumer_max_fetch_size=4 * 1024 * 1024,
        table_standby_replicas=0,
        agent_supervisor="mode.supervisors.CrashingSupervisor",
        autodiscover=False,
    )
    app.agents[spec.name] = FoldAgent(app, spec)
    app.Table(TABLE, key_type=bytes, value_type=bytes, partitions=partitions)
    app.finalize()
    return app


def fold_agent(app: faust.App) -> FoldAgent:
    """The app's one agent."""
    agent = next(iter(app.agents.values()))
    assert isinstance(agent, FoldAgent)
    return agent
