"""What a running node tells Prometheus is what happened, on both transports."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest
from prometheus_client import CollectorRegistry

from monitoring.catalogue import ENTRIES
from streams import node as nodes
from streams.app import fold_agent
from streams.collector import NodeCollector
from streams.delivery.channels import Channels, Options
from streams.node import Node
from streams.parts import AGENTS
from streams.topics import COMMANDS, EVENTS, source_of
from tasksys import decider
from tasksys.cli.observing import observing
from tasksys.commands import CreateTask, EditTask
from tasksys.outcomes import OutcomeStatus
from tasksys.values import DeliveryState
from tests.contracts.test_deliveries import KEY, reached, ring, ringing, sending
from tests.contracts.test_transports import broken_for
from tests.support.clocks import SETTINGS, Clock, after
from tests.support.feed import feeding
from tests.support.http import serving
from tests.support.nodes import (
    accepted,
    append,
    caught_up,
    events_of,
    founded,
    read,
    ready,
    record,
    running,
    submit,
    workspace_name,
)
from tests.support.receivers import Receiver
from tests.support.scraping import Figures, Since, scraped
from tests.support.waiting import until

SOURCES: Final = {name: source_of(name).name for name in AGENTS}


BROKERS: Final = ("tasksys_group_", "tasksys_topic_", "tasksys_kafka_", "tasksys_lag_scrape_")
"""How those metrics begin that only brokers have."""


class Watched:
    """A node and what it tells at a scrape."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.registry = CollectorRegistry()
        self.collector = NodeCollector(node)
        self.registry.register(self.collector)

    def now(self) -> Figures:
        """One scrape."""
        return scraped(self.registry)

    def lag(self, agent: str, partition: int | None = None, unit: str = "records") -> float:
        """Of an agent, in one partition or all."""
        labels = {"agent": agent} if partition is None else {"agent": agent, "partition": str(partition)}
        return self.now().sum(f"tasksys_consumer_lag_{unit}", **labels)

    async def idle(self) -> None:
        """Waits until nobody is behind."""
        await caught_up(self.node)
        await until(lambda: not any(self.lag(name) for name in self.node.agents), "no lag")


@asynccontextmanager
async def watched(url: str, directory: Path, **settings: Any) -> AsyncIterator[Watched]:
    """A node that runs, with its metrics."""
    async with running(url, directory, **(SETTINGS | settings)) as node:
        found = Watched(node)
        try:
            yield found
        finally:
            found.collector.close()


async def test_commands_and_events(url: str, tmp_path: Path) -> None:
    """Each command counts by its type and what became of it, each event that is in the log by its type, once."""
    since = Since()
    async with watched(url, tmp_path / "node") as found:
        node = found.node
        workspace = await founded(node)
        for number in range(7):
            await accepted(node, workspace, CreateTask(task=f"task-{number}", title="Milk"))
        again = record(workspace, CreateTask(id="again", task="bread", title="Bread"))
        for _ in range(2):
            assert await node.gateway.submit(again, 20.0) is not None
        for task in ("nothing", "here"):
            refused = await submit(node, workspace, EditTask(task=task, title="x"))
            assert refused.outcome.status is OutcomeStatus.REFUSED
        await append(node, node.partition(workspace), workspace.encode(), b"not json")
        with patch.object(decider, "decide", broken_for("poison", decider.decide)):
            await submit(node, workspace, CreateTask(id="poison", task="poison", title="x"))
        await found.idle()

        def counted(kind: str, outcome: str) -> float:
            return since("tasksys_commands_total", type=kind, outcome=outcome)

        assert counted("CreateTask", "accepted") == 8
        assert counted("CreateWorkspace", "accepted") == 1
        assert counted("CreateTask", "replayed") == 1
        assert counted("EditTask", "refused") == 2
        assert counted("CreateTask", "dead") == counted("unreadable", "dead") == 1
        assert since("tasksys_commands_total") == 14
        assert since("tasksys_command_refusals_total", code="not-found") == 2
        assert since("tasksys_command_refusals_total") == 2
        assert since("tasksys_dead_letters_total", reason="unreadable") == 1
        assert since("tasksys_dead_letters_total", reason="fault") == 1
        assert found.now().sum("tasksys_dead_letters_waiting") == 2
        assert since("tasksys_command_duration_seconds_count") == 13
        events = Counter(event.type for event in await events_of(node, workspace))
        assert {kind: since("tasksys_events_total", type=kind) for kind in events} == events
        assert since("tasksys_events_total") == sum(events.values())

        letter = next(one for _, one in node.state.dead_letters() if one.command == "poison")
        await node.retry(node.partition(workspace), letter)
        await until(lambda: found.now().sum("tasksys_dead_letters_waiting") == 1)
        assert counted("CreateTask", "accepted") == 9


async def test_the_way_from_the_log_to_the_disk(url: str, tmp_path: Path) -> None:
    """What is folded, what becomes durable, and what the log takes and gives, in records."""
    since = Since()
    async with watched(url, tmp_path / "node") as found:
        node = found.node
        workspace = await founded(node)
        for number in range(9):
            await accepted(node, workspace, CreateTask(task=f"task-{number}", title="Milk"))
        await found.idle()
        written = {topic.name: sum(map(len, await read(node, topic))) for topic in (COMMANDS, EVENTS)}
        for topic, number in written.items():
            assert since("tasksys_log_produced_records_total", topic=topic) == number, topic
        assert since("tasksys_log_produced_bytes_total", topic=EVENTS.name) > 100 * written[EVENTS.name]
        for name in AGENTS:
            assert since("tasksys_fold_batch_records_sum", agent=name) == written[SOURCES[name]], name
            batches = since("tasksys_fold_batch_records_count", agent=name)
            assert since("tasksys_fold_duration_seconds_count", agent=name) == batches
            durable = since("tasksys_transactions_total", agent=name, result="committed")
            assert 1 <= durable <= batches
            assert since("tasksys_transaction_duration_seconds_count", agent=name) == durable
            assert since("tasksys_record_age_seconds_count", agent=name) == durable
            assert since("tasksys_record_age_seconds_sum", agent=name) < 60 * durable
            assert since("tasksys_rebalances_total", agent=name) >= 1  # on Kafka more, where the machine is busy
            assert since("tasksys_rebalance_duration_seconds_count", agent=name) >= 1
        assert since("tasksys_transactions_total", result="aborted") == 0
        assert since("tasksys_fold_batch_records_sum") == written[COMMANDS.name] + 4 * written[EVENTS.name]
        assert since("tasksys_log_consumed_records_total", topic=EVENTS.name) >= 4 * written[EVENTS.name]
        assert since("tasksys_append_duration_seconds_count") == written[COMMANDS.name]
        figures = found.now()
        partition = str(node.partition(workspace))
        for name in AGENTS:
            assert figures.sum("tasksys_agent_ready", agent=name) == 1
            assert figures.sum("tasksys_agent_assigned_partitions", agent=name) == node.partitions
            position = figures.sum("tasksys_consumer_position", agent=name, partition=partition)
            assert position >= written[SOURCES[name]]
        for store in figures.labels("tasksys_store_estimated_keys"):
            assert figures.sum("tasksys_store_open_handles", **store) == 1
            assert figures.sum("tasksys_store_memtable_bytes", **store) > 0
        keys = figures.sum("tasksys_store_estimated_keys")
        assert keys > 9 * 3  # a row, an outcome, an event in the history


async def test_reminders_and_deliveries(url: str, tmp_path: Path) -> None:
    """On time, late or passed over; delivered, tried again or given up."""
    since, clock = Since(), Clock()
    async with Receiver.listening() as receiver, sending(url, tmp_path / "node", clock) as (node, channels):
        workspace = await ringing(node, channels, receiver.url)
        clock.advance(node, hours=1)
        await reached(node, workspace, DeliveryState.DELIVERED)
        await accepted(node, workspace, ring("late", after(hours=2)), ring("gone", after(hours=3), "feed"))
        receiver.then(500)
        clock.advance(node, hours=1, seconds=90)
        await until(lambda: since("tasksys_deliveries_total", result="retried") == 1)
        assert since("tasksys_reminders_fired_total", result="on_time") == 1
        assert since("tasksys_reminders_fired_total", result="late") == 1
        assert since("tasksys_reminder_lateness_seconds_count") == 2
        assert since("tasksys_reminder_lateness_seconds_sum") == 90
        clock.advance(node, days=40)
        await until(lambda: since("tasksys_reminders_fired_total", result="passed_over") == 1)
        await until(lambda: since("tasksys_deliveries_total", channel="webhook", result="delivered") == 2)
        assert since("tasksys_deliveries_total") == since("tasksys_delivery_duration_seconds_count") == 3


async def test_what_is_overdue(url: str, tmp_path: Path) -> None:
    """What is due and cannot be commanded shows, with how long it is due."""
    clock = Clock()
    async with watched(url, tmp_path / "node", clock=clock) as found:
        node = found.node
        workspace = await founded(node)
        await accepted(node, workspace, CreateTask(task="milk", title="Milk"))
        await accepted(node, workspace, *(ring(f"ring-{hour}", after(hours=hour), "feed") for hour in (1, 2, 30)))
        await found.idle()
        assert found.now().sum("tasksys_timeline_overdue") == 0
        async with fold_agent(node.apps["commands"]).held(node.partition(workspace)):
            clock.advance(node, hours=3)
            figures = found.now()
            assert figures.sum("tasksys_timeline_overdue", agent="reminders") == 2
            assert figures.sum("tasksys_timeline_overdue_seconds", agent="reminders") == 2 * 3600
        await until(lambda: found.now().sum("tasksys_timeline_overdue") == 0)


async def test_an_agent_that_stands_still(url: str, tmp_path: Path) -> None:
    """Its lag grows in records and in seconds, and is gone when it has caught up."""
    async with watched(url, tmp_path / "node") as found:
        node = found.node
        workspace = await founded(node)
        partition = node.partition(workspace)
        await found.idle()
        async with fold_agent(node.apps["audit"]).held(partition):
            begun = time.time()
            for number in range(5):
                await accepted(node, workspace, CreateTask(task=f"task-{number}", title="Milk"))
            await until(lambda: found.lag("audit", partition) >= 5)
            assert found.lag("commands") == 0
            await until(lambda: found.lag("audit", partition, "seconds") > 0.5)
            assert found.lag("audit", partition, "seconds") <= time.time() - begun + 0.1
            now = found.now()
            behind = now.sum("tasksys_consumer_lag_seconds", agent="audit")
            assert now.sum("tasksys_consumer_lag_seconds", agent="audit", partition=str(partition)) == behind
        await found.idle()
        assert found.lag("audit", unit="seconds") == 0


async def test_a_partition_that_stopped(url: str, tmp_path: Path) -> None:
    """A fold that fails counts, its partition is stopped, and what it does not fold goes on growing older."""
    since = Since()
    async with watched(url, tmp_path / "node") as found:
        node = found.node
        workspace = await founded(node)
        await found.idle()
        partition = node.partition(workspace)
        runner = fold_agent(node.apps["audit"]).runner(partition)
        with patch.object(runner._fold, "fold", side_effect=ZeroDivisionError("it is broken")):
            await accepted(node, workspace, CreateTask(task="milk", title="Milk"))
            await until(lambda: found.now().sum("tasksys_agent_stopped_partitions", agent="audit") == 1)
        assert since("tasksys_fold_failures_total", agent="audit") == 1
        assert found.now().sum("tasksys_agent_ready", agent="audit") == 0
        await accepted(node, workspace, CreateTask(task="bread", title="Bread"))
        assert found.lag("audit", partition) >= 1
        before = found.lag("audit", partition, "seconds")
        await until(lambda: found.lag("audit", partition, "seconds") > before + 0.2)


async def test_a_transaction_that_fails(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is aborted, the agent starts anew, and is as far behind meanwhile as it was; nothing counts twice."""
    monkeypatch.setattr(nodes, "RESTART_SECONDS", (0.3,))
    since = Since()
    async with watched(url, tmp_path / "node") as found:
        node = found.node
        workspace = await founded(node)
        await found.idle()
        runner = fold_agent(node.apps["commands"]).runner(node.partition(workspace))
        with patch.object(runner, "_commit", side_effect=OSError("no room")):
            waiting = asyncio.ensure_future(
                node.gateway.submit(record(workspace, CreateTask(task="milk", title="Milk")), 20.0)
            )
            await until(lambda: since("tasksys_agent_restarts_total", agent="commands") == 1)
        assert since("tasksys_transactions_total", agent="commands", result="aborted") == 1
        await until(lambda: "commands" not in node.apps)
        assert len(found.now().labels("tasksys_consumer_lag_records")) == len(AGENTS) * node.partitions
        assert found.now().sum("tasksys_agent_ready", agent="commands") == 0
        await ready(node)
        decided = await waiting
        assert decided is not None
        assert since("tasksys_commands_total", type="CreateTask", outcome="accepted") == 1
        await found.idle()


async def test_labels_stay_few(url: str, tmp_path: Path) -> None:
    """However many workspaces, tasks, users and keys there are, there are no more series."""
    async with watched(url, tmp_path / "node") as found:
        node = found.node

        async def work(number: int) -> None:
            workspace = await founded(node, workspace_name(f"space-{number}"))
            await accepted(node, workspace, CreateTask(task=f"task-{number}", title=f"title {number}"))
            await submit(node, workspace, EditTask(task=f"none-{number}", title="x"))
            await append(node, number % node.partitions, f"key-{number}".encode(), f"junk {number}".encode())

        for number in range(4):
            await work(number)
        await found.idle()
        before = scraped().series() + found.now().series()
        for number in range(4, 40):
            await work(number)
        await found.idle()
        assert scraped().series() + found.now().series() == before


async def test_everything_that_is_declared_is_told(url: str, tmp_path: Path) -> None:
    """A system at work has a sample of each metric of the catalogue."""
    clock = Clock()
    async with Receiver.listening() as receiver:
        courier = Channels(Options(KEY, private=True), clock)
        async with (
            running(url, tmp_path / "node", clock=clock, courier=courier, **SETTINGS) as node,
            observing(node, tmp_path),
            serving(node) as site,
        ):
            space = await site.space()
            async with feeding(site, space):
                await space.task("Milk")
            workspace = await ringing(node, courier, receiver.url)
            clock.advance(node, hours=1)
            await reached(node, workspace, DeliveryState.DELIVERED)
            async for _ in node.replay(verify=True, workspace=None, until=None):
                pass
            missing = set(ENTRIES)
            if node.broker.directory is not None:  # there are no brokers to ask
                missing = {name for name in missing if not name.startswith(BROKERS)}

            def left() -> list[str]:
                figures = scraped()
                return [name for name in missing if not figures.has(name)]

            await until(lambda: not left(), f"{left()}")
        await courier.close()
