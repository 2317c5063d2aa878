"""`tasksys lag-exporter` as an operator runs it, on a real broker, with workers that die and a broker that goes."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from streams.admin import create_topics
from streams.appender import open_appender
from streams.broker import Broker
from streams.parts import AGENTS
from streams.topics import COMMANDS, EVENTS, group
from tasksys import codec
from tasksys.commands import CreateTask
from tests.bench.running import ask, workspaces
from tests.support.kafka_broker import KafkaBroker
from tests.support.nodes import record, wipe
from tests.support.ports import HOST, free_ports
from tests.support.processes import kill_when_we_are_gone
from tests.support.scraping import Figures
from tests.support.serving import COMMAND, Serving, environment

BOUND: Final = 60.0


class Exporter:
    """A lag exporter that runs."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.url = f"http://{HOST}:{port}"

    def get(self, path: str) -> tuple[int, str]:
        """Status and body."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def now(self) -> Figures:
        """One scrape."""
        status, body = self.get("/metrics")
        assert status == 200
        return Figures(body)

    def until(self, holds: Callable[[Figures], bool]) -> Figures:
        """The first scrape of which it holds."""
        give_up = time.monotonic() + BOUND
        while not holds(figures := self.now()):
            assert time.monotonic() < give_up, figures.samples
            time.sleep(0.1)
        return figures


@contextmanager
def exporting(broker: str, *options: str) -> Iterator[Exporter]:
    """Runs one, and ends it in good order."""
    port = free_ports(1)[0]
    command = [*COMMAND, "lag-exporter", "--broker", broker, "--port", str(port), "--every", "0.5", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment()) as process:
        guard = kill_when_we_are_gone(process.pid)
        exporter = Exporter(process, port)
        try:
            give_up = time.monotonic() + BOUND
            while True:
                try:
                    exporter.get("/health")
                    break
                except OSError:
                    assert process.poll() is None
                    assert time.monotonic() < give_up
                    time.sleep(0.05)
            yield exporter
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
        finally:
            process.kill()
            guard.kill()
            guard.communicate()


async def append(broker: str, number: int, topic: str = COMMANDS.name) -> None:
    """Appends commands that nobody folds, to one partition."""
    appender = await open_appender(Broker.parse(broker))
    try:
        for one in range(number):
            value = codec.encode_command(record("nobody", CreateTask(id=f"late-{one}", task=f"t-{one}", title="x")))
            await appender.send(topic, 1, b"nobody", value, ())
    finally:
        await appender.close()


def all_committed(figures: Figures) -> bool:
    """Whether each group has committed an offset."""
    return all(figures.sum("tasksys_group_committed_offset", group=group(name)) for name in AGENTS)


def lag(figures: Figures, unit: str = "records", **labels: str) -> float:
    """Of the groups with these labels."""
    return figures.sum(f"tasksys_group_lag_{unit}", **labels)


@pytest.mark.kafka
@pytest.mark.timeout(400)
def test_a_worker_that_dies_and_a_broker_that_goes(kafka: KafkaBroker, tmp_path: Path) -> None:
    """Nobody is in its groups, and its lag grows, in records and in seconds; and is gone when another one works."""
    broker = f"kafka://{kafka.bootstrap}"
    asyncio.run(wipe(broker))
    commands = {"group": group("commands"), "topic": COMMANDS.name, "partition": "1"}
    worker = Serving(tmp_path / "worker", "--broker", broker, "--partitions", "2")
    with exporting(broker) as exporter:
        exporter.until(lambda now: now.sum("tasksys_broker_up") == 1)
        assert exporter.get("/ready")[0] == 200
        try:
            worker.start()
            (tasks,) = workspaces(worker, 1)
            for number in range(5):
                ask(worker, "POST", tasks, {"title": f"task {number}"})
            at_work = exporter.until(lambda now: now.sum("tasksys_group_members") == len(AGENTS))
            assert at_work.sum("tasksys_kafka_brokers") == 1
            assert at_work.sum("tasksys_topic_offline_partitions") == 0
            exporter.until(all_committed)
            exporter.until(lambda now: lag(now) == 0)  # markers of transactions are no lag
            worker.kill()
            asyncio.run(append(broker, 7))
            dead = exporter.until(lambda now: now.sum("tasksys_group_members") == 0 and lag(now, **commands) >= 7)
            assert len(dead.labels("tasksys_group_members")) == len(AGENTS)
            assert lag(dead) == lag(dead, **commands) == 7
            seconds = lag(dead, "seconds", **commands)
            exporter.until(lambda now: lag(now, "seconds", **commands) > seconds + 0.5)

            kafka.kill()
            away = exporter.until(lambda now: now.sum("tasksys_broker_up") == 0)
            assert away.sum("tasksys_kafka_brokers") == 0
            assert lag(away, **commands) == 7
            status, body = exporter.get("/ready")
            assert status == 503
            assert "brokers" in json.loads(body)["missing"]
            assert exporter.get("/health")[0] == 200
            kafka.start()
            exporter.until(lambda now: now.sum("tasksys_broker_up") == 1)
            worker.start()
            exporter.until(lambda now: now.sum("tasksys_group_members") == len(AGENTS) and lag(now) == 0)
            inside = Figures(scrape(worker))
            assert inside.sum("tasksys_broker_up") == 1
            assert inside.sum("tasksys_consumer_lag_records") == 0
            kafka.kill()
            give_up = time.monotonic() + BOUND
            while Figures(scrape(worker)).sum("tasksys_broker_up"):
                assert time.monotonic() < give_up
                time.sleep(0.2)
        finally:
            worker.kill()
            if kafka._process is None:
                kafka.start()


def scrape(worker: Serving) -> str:
    """A worker's own metrics; a scrape is answered at once, whatever is away."""
    began = time.monotonic()
    with urllib.request.urlopen(f"{worker.metrics_url}/metrics", timeout=10) as answer:
        body: bytes = answer.read()
    assert time.monotonic() - began < 5
    return body.decode()


@pytest.mark.kafka
def test_every_group(kafka: KafkaBroker) -> None:
    """Others than the agents' are told of if that is asked for, with nothing committed for partitions they left out."""
    from aiokafka import AIOKafkaConsumer, TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    async def commit() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic("other-things", 2, 1)])
        await admin.close()
        consumer: Any = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id="other", enable_auto_commit=False)
        await consumer.start()
        consumer.assign([TopicPartition("other-things", 0)])
        await consumer.commit({TopicPartition("other-things", 0): 0})
        await consumer.stop()

    asyncio.run(commit())
    broker = f"kafka://{kafka.bootstrap}"
    with exporting(broker, "--all-groups") as all_, exporting(broker) as ours:
        found = all_.until(lambda now: any(one["group"] == "other" for one in now.labels("tasksys_group_lag_records")))
        assert len([one for one in found.labels("tasksys_group_lag_records") if one["group"] == "other"]) == 2
        ours.until(lambda now: now.sum("tasksys_broker_up") == 1)
        assert not [one for one in ours.now().labels("tasksys_group_lag_records") if one["group"] == "other"]


@pytest.mark.kafka
def test_an_agent_that_has_committed_nothing(kafka: KafkaBroker) -> None:
    """It has its source before it, from the beginning: its first worker may die before it tells how far it is."""
    from aiokafka import AIOKafkaConsumer

    broker = f"kafka://{kafka.bootstrap}"
    asyncio.run(wipe(broker))
    asyncio.run(create_topics(Broker.parse(broker), AGENTS, 2, 1))
    asyncio.run(append(broker, 3, EVENTS.name))
    new = group("new")  # a worker that was killed may be in the groups of the others still

    async def joined() -> None:
        consumer: Any = AIOKafkaConsumer(
            EVENTS.name, bootstrap_servers=kafka.bootstrap, group_id=new, enable_auto_commit=False
        )
        await consumer.start()
        try:
            with exporting(broker) as exporter:
                await asyncio.to_thread(exporter.until, lambda now: lag(now, group=new) == 3)
        finally:
            await consumer.stop()

    asyncio.run(joined())


def test_an_embedded_log_has_nobody_to_ask(tmp_path: Path) -> None:
    """It says so, and where its lag is."""
    done = subprocess.run(
        [*COMMAND, "lag-exporter", "--broker", f"embedded://{tmp_path}"],
        capture_output=True, text=True, env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "`tasksys serve` tells its lag itself" in done.stderr


def test_brokers_that_never_answer(tmp_path: Path) -> None:
    """It starts all the same, and says that it is not ready, and why. Its lines say whose they are."""
    said = tmp_path / "lag.log"
    options = ("--instance", "lag-one", "--log-file", str(said))
    with exporting(f"kafka://{HOST}:{free_ports(1)[0]}", *options) as exporter:
        exporter.until(lambda now: now.has("tasksys_broker_up"))
        status, body = exporter.get("/ready")
        assert status == 503
        assert "does not answer" in json.loads(body)["missing"]["brokers"]
        assert exporter.now().sum("tasksys_broker_up") == 0
    assert {json.loads(line)["instance"] for line in said.read_text().splitlines()} == {"lag-one"}
