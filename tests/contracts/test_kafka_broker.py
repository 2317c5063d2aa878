"""The real broker that the contract tests run against does what those tests take for granted."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.support.kafka_broker import ROOT, KafkaBroker

pytestmark = pytest.mark.kafka


@pytest.fixture
async def topic(kafka: KafkaBroker) -> str:
    """A new topic of one partition."""
    name = f"broker-{uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        await admin.close()
    return name


async def produce(kafka: KafkaBroker, topic: str, *values: bytes, transactional_id: str | None = None) -> None:
    """Append the values and wait until the broker has them; in one transaction, if it is given an id."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", transactional_id=transactional_id)
    await producer.start()
    try:
        if transactional_id is not None:
            await producer.begin_transaction()
        for value in values:
            await producer.send_and_wait(topic, value)
        if transactional_id is not None:
            await producer.commit_transaction()
    finally:
        await producer.stop()


async def consume(kafka: KafkaBroker, topic: str, count: int, group: str | None = None) -> list[bytes]:
    """The topic's first `count` committed values, waited for."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka.bootstrap,
        group_id=group,
        session_timeout_ms=1000,
        heartbeat_interval_ms=200,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_what_is_produced_is_consumed(kafka: KafkaBroker, topic: str) -> None:
    """Values come back in their order."""
    await produce(kafka, topic, b"one", b"two")
    assert await consume(kafka, topic, 2) == [b"one", b"two"]


async def test_a_transaction_is_read_after_its_commit(kafka: KafkaBroker, topic: str) -> None:
    """The broker takes transactions, with its few internal partitions and one copy of each."""
    await produce(kafka, topic, b"one", b"two", transactional_id=topic)
    assert await consume(kafka, topic, 2) == [b"one", b"two"]


async def test_a_group_may_have_a_short_session(kafka: KafkaBroker, topic: str) -> None:
    """A session of one second is allowed, so that a test needn't wait for the six of production."""
    await produce(kafka, topic, b"one")
    assert await consume(kafka, topic, 1, group=topic) == [b"one"]


async def test_a_kill_loses_nothing_and_keeps_the_address(kafka: KafkaBroker, topic: str) -> None:
    """What was acknowledged before SIGKILL is there after the next start, on the same port."""
    await produce(kafka, topic, b"before")
    address = kafka.bootstrap
    kafka.kill()
    kafka.start()
    await produce(kafka, topic, b"after")
    assert kafka.bootstrap == address
    assert await consume(kafka, topic, 2) == [b"before", b"after"]


async def test_a_frozen_broker_goes_on_when_thawed(kafka: KafkaBroker, topic: str) -> None:
    """While it is frozen a value stays unacknowledged; once it is thawed, the value arrives."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    await producer.start()
    await producer.partitions_for(topic)  # or the send itself would wait for them
    kafka.freeze()
    try:
        acknowledged = await producer.send(topic, b"late")
        done, _ = await asyncio.wait([acknowledged], timeout=0.2)
        assert not done
    finally:
        kafka.thaw()
    await asyncio.wait_for(acknowledged, 20)
    await producer.stop()
    assert await consume(kafka, topic, 1) == [b"late"]


def test_a_broker_that_cannot_start_says_why(tmp_path: Path, kafka: KafkaBroker) -> None:
    """The error carries the end of the broker's log, and no process is left."""
    broker = KafkaBroker(tmp_path, settings={"num.io.threads": "none"})
    with pytest.raises(RuntimeError, match=r"num\.io\.threads"):
        broker.start()
    with pytest.raises(RuntimeError, match="not started"):
        _ = broker.pid


def test_the_broker_dies_with_the_process_that_started_it(tmp_path: Path, kafka: KafkaBroker) -> None:
    """Even SIGKILL of the tests leaves no broker behind."""
    program = (
        "import os, pathlib, signal, sys\n"
        "from tests.support.kafka_broker import KafkaBroker\n"
        "broker = KafkaBroker(pathlib.Path(sys.argv[1]))\n"
        "broker.start()\n"
        "print(broker.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    pid = int(ended.stdout)
    give_up = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < give_up, "the broker runs on"


def is_running(pid: int) -> bool:
    """Whether there is such a process, other than one that has ended and waits for its parent to notice."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip() not in ("", "Z")
