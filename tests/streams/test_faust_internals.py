"""Every private part of Faust, mode and aiokafka that streams/ leans on: a new version that changes one fails here.

What fails says which part changed and what leans on it. Look there before the version is raised.
"""

import asyncio
import inspect
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import aiokafka
import faust
import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer import fetcher as aiokafka_fetcher
from aiokafka.consumer.group_coordinator import CoordinatorGroupRebalance, GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, SubscriptionState, TopicPartitionState
from aiokafka.producer.message_accumulator import MessageAccumulator, MessageBatch
from aiokafka.producer.sender import Sender
from aiokafka.protocol.api import Request, RequestStruct
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest
from aiokafka.record.control_record import ControlRecord
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from faust.agents.manager import AgentManager
from faust.app.base import App, BootStrategy
from faust.assignor.client_assignment import ClientAssignment
from faust.assignor.partition_assignor import PartitionAssignor
from faust.stores.base import SerializedStore
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer as faust_consumer
from faust.transport.conductor import Conductor
from faust.transport.drivers import aiokafka as driver
from mode.services import Service
from mode.threads import MethodQueue, QueueServiceThread, ServiceThread

from streams.agents import audit
from streams.app import build, fold_agent
from streams.broker import Broker
from streams.transport.embedded.driver import Consumer as EmbeddedConsumer
from streams.transport.kafka import closing
from streams.transport.kafka.consumer import Consumer as KafkaConsumer
from streams.transport.store import Store

PROJECT: Final = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("package", "pinned"),
    [("faust-streaming", "0.15.3"), ("mode-streaming", "0.7.1"), ("aiokafka", "0.14.0"), ("rocksdict", "0.3.29")],
)
def test_the_versions_that_were_read(package: str, pinned: str) -> None:
    """What is leaned on was read in these versions; the project pins those that it names."""
    assert version(package) == pinned, f"{package} is another version: go through this file before trusting it"
    named = [one for one in PROJECT["project"]["dependencies"] if one.startswith(package)]
    assert named in ([f"{package}=={pinned}"], [])


SIGNATURES: Final[list[tuple[Callable[..., Any], str, str]]] = [
    (faust_consumer.Consumer._drain_messages, "fetcher", "folding.FoldingConsumer replaces it"),
    (faust_consumer.Consumer._wait_next_records, "timeout", "folding.FoldingConsumer fetches by it"),
    (faust_consumer.Consumer.on_partitions_revoked, "revoked", "folding.FoldingConsumer closes partitions in it"),
    (faust_consumer.Consumer.on_partitions_assigned, "assigned, generation_id", "folding.FoldingConsumer opens in it"),
    (faust_consumer.Consumer.pause_partitions, "tps", "folding.FoldingConsumer stops partitions by it"),
    (faust_consumer.Consumer.stop_flow, "", "folding.FoldingConsumer"),
    (faust_consumer.Consumer.verify_all_partitions_active, "", "folding.FoldingConsumer replaces it"),
    (faust_consumer.ThreadDelegateConsumer.assignment, "", "kafka.consumer.Consumer asks no thread that is not there"),
    (faust_consumer.ThreadDelegateConsumer.highwater, "tp", "kafka.consumer.Consumer replaces it"),
    (faust_consumer.Consumer.wait_empty, "", "folding.FoldingConsumer replaces it"),
    (faust_consumer.Consumer._getmany, "active_partitions, timeout", "the embedded driver"),
    (
        faust_consumer.ThreadDelegateConsumer.threadsafe_partitions_revoked,
        "receiver_loop, revoked",
        "kafka.consumer.Consumer does not wait for ever in it",
    ),
    (
        faust_consumer.ThreadDelegateConsumer.threadsafe_partitions_assigned,
        "receiver_loop, assigned, generation_id",
        "kafka.consumer.Consumer does not wait for ever in it",
    ),
    (driver.Consumer._new_consumer_thread, "", "kafka.consumer.Consumer makes its own thread"),
    (driver.AIOKafkaConsumerThread._create_worker_consumer, "transport", "kafka.thread.ConsumerThread changes it"),
    (driver.AIOKafkaConsumerThread.__post_init__, "", "kafka.thread.ConsumerThread has its lease from there on"),
    (GroupCoordinator._send_req, "request", "kafka.lease follows it"),
    (GroupCoordinator._maybe_leave_group, "", "kafka.lease ends before it"),
    (GroupCoordinator.reset_generation, "", "kafka.lease ends before it"),
    (driver.AIOKafkaConsumerThread.on_thread_stop, "", "kafka.thread.ConsumerThread bounds it"),
    (driver.Producer._settings_extra, "", "kafka.driver.Producer"),
    (driver.server_list, "urls, default_port", "kafka.driver.Transport"),
    (Recovery.need_recovery, "", "kafka.changelogs"),
    (Recovery.standby_remaining_total, "", "kafka.changelogs"),
    (TableManager.on_standbys_ready, "", "kafka.changelogs"),
    (PartitionAssignor._assign, "cluster, member_metadata", "the embedded driver assigns by it"),
    (PartitionAssignor.metadata, "topics", "the embedded driver assigns by it"),
    (PartitionAssignor.on_assignment, "assignment", "the embedded driver assigns by it"),
    (PartitionAssignor.assigned_actives, "", "transport.store"),
    (PartitionAssignor._perform_assignment, "cluster, member_metadata", "transport.assignor replaces it"),
    (PartitionAssignor._get_changelog_distribution, "assignments", "transport.assignor"),
    (PartitionAssignor._get_external_topic_distribution, "assignments", "transport.assignor"),
    (PartitionAssignor._update_member_urls, "clients_metadata", "transport.assignor"),
    (PartitionAssignor._get_client_metadata, "metadata", "transport.assignor"),
    (ClientAssignment.kafka_protocol_assignment, "table_manager", "transport.assignor"),
    (App.on_rebalance_start, "", "the embedded driver"),
    (App.crash, "reason", "folding.FoldingConsumer, kafka.driver.Transport"),
    (Service.wait_until_stopped, "", "node.Node"),
    (faust_consumer.Consumer.perform_seek, "", "folding.FoldingConsumer seeks the tables' positions after it"),
    (faust_consumer.Consumer.commit, "topics, start_new_transaction", "kafka.consumer.Consumer replaces it"),
    (driver.AIOKafkaConsumerThread._commit, "offsets", "kafka.thread.ConsumerThread replaces it"),
    (AIOKafkaClient._wait_on_metadata, "topic", "kafka.cluster"),
    (AIOKafkaClient.send, "node_id, request, group", "kafka.cluster"),
    (AIOKafkaClient.coordinator_lookup, "coordinator_type, coordinator_key", "kafka.cluster"),
    (closing._send, "request, expect_response", "kafka.closing"),
    (OffsetRequest.__init__, "replica_id, isolation_level, topics", "kafka.cluster"),
    (InitProducerIdRequest.__init__, "transactional_id, transaction_timeout_ms", "kafka.transactional"),
    (
        AddPartitionsToTxnRequest.__init__,
        "transactional_id, producer_id, producer_epoch, topics",
        "kafka.transactional",
    ),
    (
        EndTxnRequest.__init__,
        "transactional_id, producer_id, producer_epoch, transaction_result",
        "kafka.transactional",
    ),
    (FetchRequest.__init__, "max_wait_time, min_bytes, max_bytes, isolation_level, topics, rack_id", "kafka.batches"),
    (MemoryRecords.next_batch, "", "kafka.batches"),
    (ControlRecord.parse, "data", "kafka.batches"),
    (MessageAccumulator.fail_all, "exception", "kafka.closing"),
]


@pytest.mark.parametrize(
    ("function", "parameters", "leans"), SIGNATURES, ids=lambda one: getattr(one, "__qualname__", "")
)
def test_signatures(function: Callable[..., Any], parameters: str, leans: str) -> None:
    """What is overridden or called has the parameters that it had."""
    found = [name for name in inspect.signature(function).parameters if name != "self"]
    assert ", ".join(found) == parameters, f"{function.__qualname__} has changed; {leans}"


BODIES: Final[list[tuple[Callable[..., Any] | type, tuple[str, ...], str]]] = [
    (
        faust_consumer.Fetcher._fetcher.fun,
        ("consumer._drain_messages(self)",),
        "folding replaces the loop that it runs",
    ),
    (
        faust_consumer.Consumer.__init__,
        ("self._read_offset = ", "self._committed_offset = "),
        "folding sets them",
    ),
    (
        faust_consumer.Consumer._wait_next_records,
        ("if not self.flow_active", "self.can_resume_flow", "self._getmany(", "return records, active_partitions"),
        "folding takes both results, and relies on the flow to stand still",
    ),
    (
        faust_consumer.Consumer.on_partitions_revoked,
        ("self._paused_partitions.difference_update(revoked)", "self._on_partitions_revoked"),
        "folding adds to it",
    ),
    (faust_consumer.Consumer.on_stop, ("self.wait_empty()",), "a stop waits for the batch in hand"),
    (
        faust_consumer.Consumer._commit_livelock_detector.fun,
        ("self.verify_all_partitions_active()",),
        "folding has it do nothing",
    ),
    (faust_consumer.Consumer._commit_handler.fun, ("self.commit()",), "kafka.consumer.Consumer.commit is called by it"),
    (
        faust_consumer.Consumer.perform_seek,
        ("self.seek_to_committed()", "self._committed_offset.update("),
        "folding takes the group's positions from there",
    ),
    (
        faust_consumer.ConsumerThread.on_partitions_revoked,
        ("self.consumer.threadsafe_partitions_revoked(",),
        "kafka.consumer.Consumer overrides what it calls",
    ),
    (
        faust_consumer.ConsumerThread.on_partitions_assigned,
        ("self.consumer.threadsafe_partitions_assigned(",),
        "kafka.consumer.Consumer overrides what it calls",
    ),
    (
        PartitionAssignor.on_assignment,
        ("self._decompress(assignment.user_data)", "kafka_protocol_assignment(self._table_manager)", "metadata.url =="),
        "transport.assignor reads one field more; addresses are compared as Faust writes them",
    ),
    (
        App,
        ("self.conf.PartitionAssignor(", "replicas=self.conf.table_standby_replicas"),
        "streams.app",
    ),
    (
        GroupCoordinator._on_join_complete,
        ("assignor.on_assignment(assignment)", "self._subscription.listener.on_partitions_assigned(assigned)"),
        "the assignment is known before partitions are taken over",
    ),
    (
        driver.ConsumerRebalanceListener,
        ("thread.app.on_rebalance_start()", "self._thread.app.consumer_generation_id = generation"),
        "tables are not ready from here on, which ends the consumer's pulses for the recovery before",
    ),
    (
        driver.AIOKafkaConsumerThread._highwaters,
        ("consumer.end_offsets(partitions)",),
        "recovery ends at the last stable",
    ),
    (
        driver.AIOKafkaConsumerThread.on_start,
        ("self._create_consumer(", "await self._consumer.start()"),
        "ConsumerThread",
    ),
    (
        Recovery._restart_recovery.fun,
        (
            "self._seek_offsets)(",
            "if self.need_recovery():",
            "consumer.resume_partitions)(active_tps)",
            "consumer.resume_flow)()",
            "self._wait(self.signal_recovery_end.wait())",
            "self.on_recovery_completed)(generation_id)",
        ),
        "kafka.changelogs ends this wait by position, and only this one",
    ),
    (
        Recovery._restart_recovery.fun,
        ("consumer, standby_tps, standby_offsets", "standby_highwaters,", "self.on_recovery_completed)(generation_id)"),
        "kafka.changelogs: copies begin when the process's own tables are recovered, and their ends are known then",
    ),
    (Recovery._add, ("table.persisted_offset(tp)", "offsets[tp] = persisted_offset"), "kafka.changelogs.assigned"),
    (
        Recovery.on_recovery_completed,
        ("self.tables.on_actives_ready()", "if not self.app.assignor.assigned_standbys()"),
        "folding has copies looked at until standbys are ready",
    ),
    (
        Recovery.on_recovery_completed,
        ("self._set_recovery_ended()", "consumer.perform_seek()", "consumer.resume_flow()", "on_actives_ready()"),
        "recover is called until tables.actives_ready; positions are sought anew before records are folded",
    ),
    (Recovery._slurp_changelogs.fun, ("self.signal_recovery_end.set()", "self.signal_recovery_end.clear()"), "recover"),
    (Recovery._add, ("table.persisted_offset(tp)",), "kafka.driver.Transport.persisted_offset"),
    (Recovery._build_highwaters, ("value - 1 if value is not None",), "recover compares positions - 1 with it"),
    (
        Recovery.__init__,
        (
            "self.standby_tps",
            "self.active_tps",
            "self.active_offsets",
            "self.standby_offsets",
            "self.standby_highwaters",
        ),
        "kafka.changelogs",
    ),
    (
        TableManager.on_start,
        ("self.sleep(1.0)", "self._update_channels()", "self.recovery.start()"),
        "transport.tables does the same without the pause",
    ),
    (TableManager._update_channels, ("self._tables_registered.set()",), "transport.tables: the consumer waits for it"),
    (TableManager.on_rebalance_start, ("self.actives_ready = False",), "recover; transport.tables"),
    (TableManager.on_actives_ready, ("self.actives_ready = True",), "recover; transport.tables"),
    (TableManager, ("_recovery: Optional[Recovery] = None",), "transport.tables"),
    (Recovery.on_rebalance, ("self._generation_id = generation_id",), "transport.tables"),
    (Recovery.on_recovery_completed, ("self.tables.on_actives_ready()",), "transport.tables"),
    (
        faust_consumer.Consumer._wait_next_records,
        ("self._get_active_partitions()", "await self.sleep(1)"),
        "folding does not come there without partitions to fetch",
    ),
    (Recovery.__init__, ("self.active_highwaters",), "progress.to_recover"),
    (App.on_started, ("self._wait_for_table_recovery_completed()",), "a node is ready when its tables are"),
    (
        App._stop_consumer,
        ("consumer.stop_flow()", "self._stop_fetcher()", "self._consumer_wait_empty(", "self.tables.stop()"),
        "a stop cancels the drain loop first and then waits for the batch in hand",
    ),
    (
        App._on_partitions_revoked,
        ("consumer.stop_flow", "self._consumer_wait_empty"),
        "folding finishes the batch before",
    ),
    (
        App._on_partitions_assigned,
        ("self.agents.on_rebalance", "consumer.pause_partitions)(assigned)", "self.tables.on_rebalance"),
        "partitions are opened before this, and paused before their tables recover",
    ),
    (
        App._on_partitions_assigned,
        ("if self.should_stop:\n            return self._on_rebalance_when_stopped()",),
        "kafka.thread.ConsumerThread.close",
    ),
    (App._on_rebalance_when_stopped, ("self.consumer.close()",), "kafka.thread.ConsumerThread.close"),
    (
        driver.AIOKafkaConsumerThread.close,
        ("self._consumer._closed = True", "self._consumer._coordinator.close(), self.app.loop"),
        "kafka.thread.ConsumerThread replaces it",
    ),
    (
        BootStrategy.server,
        ("self.kafka_producer()", "self.kafka_consumer()", "self.agents()", "self.kafka_conductor()", "self.tables()"),
        "children stop in reverse order: agents close their partitions before the consumer leaves the group",
    ),
    (AgentManager.on_start, ("agent.maybe_start()", "self._agents_started.set()"), "agent.FoldAgent has no actors"),
    (
        AgentManager.on_rebalance,
        ("agent.on_partitions_revoked)(tps)", "agent.on_partitions_assigned)(tps)"),
        "FoldAgent",
    ),
    (
        Conductor._subscriber.fun,
        ("wait_until_agents_started()", "wait_until_tables_registered()", "self.app.consumer.subscribe("),
        "the embedded driver assigns in a task of its own, after this call has returned",
    ),
    (MethodQueue.__init__, ("num_workers: int = 2",), "a fetch occupies one worker, questions for offsets the other"),
    (ServiceThread.stop, ("self._thread.stop()",), "kafka.thread.ConsumerThread"),
    (ServiceThread._start_thread, ("except Exception:", "self.set_shutdown()"), "a stray cancellation is not seen"),
    (QueueServiceThread.call_thread, ("self.method_queue.call(",), "kafka.consumer: position, highwaters"),
    (
        aiokafka.AIOKafkaConsumer.start,
        ("isolation_level=self._isolation_level",),
        "kafka.thread.ConsumerThread sets it",
    ),
    (
        aiokafka.AIOKafkaConsumer.start,
        ("fetch_min_bytes=self._fetch_min_bytes", "fetch_max_wait_ms=self._fetch_max_wait_ms"),
        "ConsumerThread sets it",
    ),
    (
        aiokafka.AIOKafkaConsumer.stop,
        ("self._coordinator.close()", "self._fetcher.close()", "self._client.close()"),
        "same",
    ),
    (
        aiokafka.AIOKafkaConsumer.seek_to_committed,
        ("if offset and offset > 0",),
        "nothing is sought where none is there",
    ),
    (aiokafka_fetcher.Fetcher, ("READ_COMMITTED",), "kafka.thread.ConsumerThread"),
    (Assignment.state_value, ("self._tp_state",), "kafka.consumer.Consumer.reached"),
    (TopicPartitionState.__init__, ("self.highwater = ",), "kafka.consumer.Consumer.highwater"),
    (TopicPartitionState.__init__, ("self._position = ",), "kafka.consumer.Consumer.reached tells the lag by it"),
    (SubscriptionState.__init__, ("self._subscription",), "kafka.consumer.Consumer.reached"),
    (ServiceThread.__init__, ("self._thread_started = ",), "kafka.consumer.Consumer.close_unused"),
    (GroupCoordinator._do_heartbeat, ("HeartbeatRequest(", "self._send_req(request)"), "kafka.lease is renewed by it"),
    (
        CoordinatorGroupRebalance._send_sync_group_request,
        ("self._coordinator._send_req(request)", "response.error_code"),
        "kafka.lease begins with it",
    ),
    (
        GroupCoordinator.ensure_active_group,
        (
            "self._on_join_prepare(",
            "self._stop_heartbeat_task()",
            "self._do_rejoin_group(",
            "self._start_heartbeat_task()",
        ),
        "no heartbeats while partitions are opened, but for kafka.heartbeats",
    ),
    (
        GroupCoordinator._start_heartbeat_task,
        ("if self._heartbeat_task is None", "self._heartbeat_routine()"),
        "kafka.heartbeats begins them earlier",
    ),
    (
        GroupCoordinator._do_rejoin_group,
        ("await self._on_join_complete(",),
        "kafka.heartbeats begins them before it",
    ),
    (aiokafka.AIOKafkaProducer.stop, ("self._message_accumulator.close()", "self._sender.close()"), "kafka.closing"),
    (MessageAccumulator.__init__, ("self._batches = ", "self._pending_batches = "), "kafka.closing"),
    (MessageAccumulator.add_batch, ("asyncio.shield(batch.future)",), "kafka.closing"),
    (MessageBatch.__init__, ("self.future = ", "self._msg_futures = ", "self._drain_waiter = "), "kafka.closing"),
    (Sender._maybe_wait_for_pid, ("while True:",), "kafka.closing cancels it"),
    (
        AIOKafkaClient._get_conn,
        ("conn_id = (node_id, group)", "del self._conns[conn_id]", "self.cluster.broker_metadata(node_id)"),
        "kafka.cluster: any name is a line of its own",
    ),
    (AIOKafkaConnection.__init__, ("self._loop = loop", "self._reader = ", "self._on_close_cb = "), "kafka.closing"),
    (
        AIOKafkaClient.force_metadata_update,
        ("self._md_update_fut = ", "asyncio.shield(self._md"),
        "kafka.closing ends it",
    ),
    (AIOKafkaConnection.connect, ("self._reader, self._writer, self._protocol = reader",), "kafka.closing hangs up"),
    (asyncio.StreamReaderProtocol.connection_made, ("self._transport = transport",), "kafka.closing hangs up"),
    (
        AIOKafkaClient.close,
        ("self._sync_task.cancel()", "in self._conns.values()"),
        "kafka.closing empties that before",
    ),
    (AIOKafkaConnection.close, ("self._reader is not None", "self._on_close_cb is not None"), "kafka.closing"),
    (
        closing._send,
        ("request.prepare(self._versions)", "request_struct.build_request_header", "request_struct.encode()"),
        "kafka.requests",
    ),
    (
        closing._coordinator_lookup,
        ("node_id = self.get_random_node()", "assert node_id is not None"),
        "kafka.closing looks before it does",
    ),
    (Request.prepare, ("reversed(self._CLASSES)", "return self.build(req_class)"), "kafka.requests"),
    (RequestStruct.build_request_header, ("self.FLEXIBLE_VERSION", "RequestHeader_v2("), "kafka.requests"),
    (AIOKafkaConnection.close, ("fut.set_exception(error)", "return self._closed_fut"), "kafka.cluster hangs up"),
]


@pytest.mark.parametrize(("part", "needles", "leans"), BODIES, ids=[one[0].__qualname__ for one in BODIES])
def test_bodies(part: Callable[..., Any] | type, needles: tuple[str, ...], leans: str) -> None:
    """What is relied on happens there, and in this order."""
    text, place = inspect.getsource(part), 0
    for needle in needles:
        found = text.find(needle, place)
        assert found >= 0, f"{part.__qualname__} does not have {needle!r} (there) any more; {leans}"
        place = found


def test_a_pulse_wakes_who_waits_for_the_end_of_a_recovery() -> None:
    """kafka.consumer sets the signal and clears it at once; who waits then is woken, who comes later is not."""

    async def pulse() -> tuple[bool, bool]:
        signal = Recovery.signal_recovery_end.fget(type("Bare", (), {"_signal_recovery_end": None})())
        early = asyncio.create_task(signal.wait())
        await asyncio.sleep(0)
        signal.set()
        signal.clear()
        late = asyncio.create_task(signal.wait())
        await asyncio.wait({early, late}, timeout=0.1)
        late.cancel()
        return early.done(), late.done()

    assert asyncio.run(pulse()) == (True, False)


def test_the_first_record_of_a_batch_always_fits() -> None:
    """kafka.transactional counts on it, and on None for what does not fit any more."""
    batch = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=1, producer_id=1, producer_epoch=0, base_sequence=0, batch_size=99
    )
    assert batch.append(0, None, b"k", b"x" * 5000, []) is not None
    assert batch.append(1, None, b"k", b"x", []) is None


async def test_our_consumers_come_before_fausts() -> None:
    """The mixin's methods are found first, on both transports."""
    for consumer in (EmbeddedConsumer, KafkaConsumer):
        for name in (
            "_drain_messages",
            "wait_empty",
            "perform_seek",
            "verify_all_partitions_active",
            "on_partitions_revoked",
            "on_partitions_assigned",
        ):
            assert not getattr(consumer, name).__module__.startswith("faust"), (consumer, name)
    assert KafkaConsumer.commit.__module__ == "streams.transport.kafka.consumer"


async def test_an_app_is_as_it_was_configured(tmp_path: Path) -> None:
    """Faust knows every setting, takes the agent for one of its own, and finds transport and store by their schemes."""
    app = build(audit.agent(lambda reached: None), Broker.parse("kafka://127.0.0.1:1"), tmp_path, 3, "http://here", 2.0)
    assert isinstance(fold_agent(app), faust.Agent)
    assert app.conf.id == "tasksys-audit"
    assert (app.conf.broker_session_timeout, app.conf.stream_wait_empty) == (2.0, True)
    assert (app.conf.topic_allow_declare, app.conf.topic_disable_leader) == (False, True)
    assert app.conf.stream_recovery_delay == 0
    assert app.conf.canonical_url.host == "here"
    assert type(app.transport).__module__ == "streams.transport.kafka.driver"
    assert app._transport is app.transport
    assert isinstance(app.consumer, KafkaConsumer)
    assert app.tables["state"].changelog_topic.get_topic_name() == "tasksys-audit-state-changelog"
    assert not Store.__abstractmethods__
    assert issubclass(Store, SerializedStore)
    assert not app.should_stop
    assert app.crash_reason is None
    await app.transport.close_rows()
    assert app.consumer._thread.thread_loop.is_closed()
