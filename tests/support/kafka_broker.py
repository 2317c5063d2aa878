"""A real Kafka broker for tests: one process in a directory, to be stopped, killed, frozen and started again."""

from __future__ import annotations

import atexit
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.support.ports import HOST, free_ports
from tests.support.processes import end, kill_when_we_are_gone

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "tests/support/kafka/install.sh"
CACHE = ROOT / ".cache/kafka"

CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"  # any 16 bytes in URL-safe base64
START_SECONDS = 60.0  # 2 s on two idle cores; the rest is for busy ones
STOP_SECONDS = 30.0  # then SIGKILL

# Small and quick to start: 1.9 s instead of 2.7 with what Java itself would choose. To measure speed, pass ("-Xmx1g",).
JAVA_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

# What tests want otherwise than production: one copy of everything, few internal partitions (each costs start-up time),
# and background jobs soon and often, so that a test waits for milliseconds where Kafka's defaults are minutes.
SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # After a kill, a broker may register again only when its last session has run out: in 3 s so, in 11 s by default.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "200",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "200",
    "log.initial.task.delay.ms": "100",
    "log.retention.check.interval.ms": "500",
    "log.cleaner.backoff.ms": "500",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "log.segment.delete.delay.ms": "500",
}

# A Metadata request (version 1, about no topic). Its answer opens with the brokers that take part: none at first.
_METADATA_REQUEST = struct.pack(">hhih5si", 3, 1, 1, 5, b"tests", 0)


class KafkaBroker:
    """One KRaft broker that keeps its data, its ports and its log (`broker.log`) for as long as `directory` exists.

    `settings` are server.properties that win over `SETTINGS`. The methods block: call them by `asyncio.to_thread` where
    the event loop must go on meanwhile. The broker never outlives this process, whatever becomes of it.
    """

    def __init__(
        self,
        directory: Path,
        settings: Mapping[str, str] | None = None,
        java_options: tuple[str, ...] = JAVA_OPTIONS,
    ) -> None:
        self.directory = directory
        self._settings = dict(settings or {})
        self._java_options = java_options
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._port, self._controller_port = free_ports(2)

    @property
    def bootstrap(self) -> str:
        """The address clients connect to, as host:port; it stays the same over every stop, kill and start."""
        return f"{HOST}:{self._port}"

    @property
    def pid(self) -> int:
        """The broker's process id; RuntimeError if it is not started."""
        return self._started().pid

    def start(self) -> None:
        """Start the broker and wait until it answers; after START_SECONDS, RuntimeError with the end of its log."""
        if self._process is not None:
            raise RuntimeError("the broker is started already: stop or kill it first")
        self.directory.mkdir(parents=True, exist_ok=True)
        properties = self.directory / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in self._properties().items()))
        if not (self.directory / "data/meta.properties").exists():
            self._format(properties)
        command = self._java("kafka.Kafka", str(properties))
        with self._log.open("ab") as log:
            # In a session of its own: Ctrl-C is for us, who then stop it.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._guard = kill_when_we_are_gone(self._process.pid)
        atexit.register(self.kill)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Shut the broker down in good order (SIGTERM), after STOP_SECONDS by SIGKILL; nothing if it is not started."""
        if self._process is None:
            return
        self.thaw()
        self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the broker at once (SIGKILL), as a crash would; nothing if it is not started."""
        end(self._process, self._guard)
        self._process = self._guard = None
        atexit.unregister(self.kill)

    def freeze(self) -> None:
        """Halt the broker where it stands (SIGSTOP): its connections stay open and say nothing."""
        self._started().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen broker go on (SIGCONT)."""
        self._started().send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Stop in good order and start again, with the same data on the same port."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _log(self) -> Path:
        return self.directory / "broker.log"

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the broker is not started")
        return self._process

    def _properties(self) -> dict[str, str]:
        return {
            **SETTINGS,
            "controller.quorum.voters": f"1@{HOST}:{self._controller_port}",
            "listeners": f"PLAINTEXT://{HOST}:{self._port},CONTROLLER://{HOST}:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self._port}",
            "log.dirs": str(self.directory / "data"),
            **self._settings,
        }

    def _java(self, main: str, *arguments: str) -> list[str]:
        java = (CACHE / "java").read_text().strip()
        return [java, *self._java_options, "-cp", f"{CACHE / 'lib'}/*", main, *arguments]

    def _format(self, properties: Path) -> None:
        command = self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(properties))
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, check=False)
        if done.returncode:
            raise RuntimeError(f"Kafka's storage could not be formatted:\n{done.stdout}{done.stderr}")

    def _wait_until_it_answers(self) -> None:
        process, give_up = self._started(), time.monotonic() + START_SECONDS
        while not self._answers():
            status = process.poll()
            if status is not None or time.monotonic() > give_up:
                self.kill()
                why = f"ended with status {status}" if status is not None else f"said nothing for {START_SECONDS:.0f} s"
                raise RuntimeError(f"the Kafka broker {why}; of {self._log}:\n{self._said()}")
            time.sleep(0.05)

    def _said(self) -> str:
        """What it complained of, and its last words: it lists its settings between the two, in hundreds of lines."""
        lines = [one for one in self._log.read_text(errors="replace").splitlines() if not one.startswith("\t")]
        complaints = [one for one in lines[:-20] if " ERROR " in one or "Exception" in one]
        return "\n".join([*complaints[-20:], *lines[-20:]])

    def _answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self._port), timeout=2.0) as connection:
                connection.sendall(struct.pack(">i", len(_METADATA_REQUEST)) + _METADATA_REQUEST)
                _size, _correlation, brokers = struct.unpack(">iii", connection.recv(12, socket.MSG_WAITALL))
                return bool(brokers > 0)
        except (OSError, struct.error):
            return False


def install() -> None:
    """Make sure that Java and the broker's jars are there (instant if so); CalledProcessError if they can't be had."""
    subprocess.run([str(INSTALL)], check=True)
