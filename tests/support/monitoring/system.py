"""A system to be watched: a broker of its own, `tasksys serve`, `tasksys lag-exporter`, and somebody who uses it."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from streams.topics import COMMANDS
from tests.support.kafka_broker import KafkaBroker
from tests.support.monitoring.programs import Program, fetched
from tests.support.ports import HOST, free_ports
from tests.support.serving import Serving, environment


def exporting(directory: Path, broker: str) -> Program:
    """A `tasksys lag-exporter` of the brokers at that URL, to be started."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "tasksys.cli", "lag-exporter", "--broker", broker, "--port", str(port)]
    return Program("lag-exporter", command, directory, f"http://{HOST}:{port}/metrics", environment())


@dataclass(frozen=True)
class System:
    """All of it, running. The methods block."""

    broker: KafkaBroker
    server: Serving
    exporter: Program

    @classmethod
    @contextmanager
    def running(cls, directory: Path, partitions: int = 2) -> Iterator[Self]:
        """One that runs, with few partitions."""
        with KafkaBroker(directory / "kafka") as broker:
            where = ("--broker", f"kafka://{broker.bootstrap}")
            server = Serving(directory / "server", *where, "--partitions", str(partitions), "--log-format", "json")
            exporter = exporting(directory / "exporter", where[1])
            with server, exporter:
                yield cls(broker, server, exporter)

    @property
    def targets(self) -> Mapping[str, list[str]]:
        """Jobs and addresses for Prometheus."""
        return {"tasksys": [f"{HOST}:{self.server.metrics_port}"], "tasksys-lag": [self.exporter.ready.split("/")[2]]}

    def work(self, tasks: int = 5) -> str:
        """Makes a workspace with some tasks, and gives its id."""
        space = self._post("/api/v1/workspaces", {"name": "Home", "time_zone": "UTC"})
        for number in range(tasks):
            self._post(f"/api/v1/workspaces/{space['id']}/tasks", {"title": f"Task {number}"})
        return str(space["id"])

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(fetched(f"{self.server.url}{path}", post=body))
        return answer

    def poison(self, records: int = 1) -> None:
        """Appends records to the commands' topic that are no commands, as nobody should be able to."""

        async def append() -> None:
            producer = AIOKafkaProducer(bootstrap_servers=self.broker.bootstrap)
            await producer.start()
            try:
                for _ in range(records):
                    await producer.send_and_wait(COMMANDS.name, b"this is no command", key=b"nobody")
            finally:
                await producer.stop()

        asyncio.run(append())

    def metrics(self) -> str:
        """What the server tells Prometheus just now."""
        with urllib.request.urlopen(f"{self.server.metrics_url}/metrics", timeout=10) as answer:
            return str(answer.read().decode())
