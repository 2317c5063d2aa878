"""A real `tasksys serve` for tests: one process on free ports, to be stopped, killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.support.ports import HOST, free_ports
from tests.support.processes import end, kill_when_we_are_gone

START_SECONDS = 60.0  # 1.5 s on two idle cores, 4 s on Kafka; the rest is for busy ones
STOP_SECONDS = 30.0  # then SIGKILL

COMMAND = (sys.executable, "-m", "tasksys.cli")


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of ours, and with warnings where they can be seen."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TASKSYS_")}
    return {**ours, "TZ": "UTC", "COLUMNS": "200", **more}


class Serving:
    """One server that keeps its ports and its data (in `directory`) over every stop, kill and start.

    `options` are further arguments of `tasksys serve`. What it says is in `output()`. The process never outlives this
    one, whatever becomes of it. The methods block.
    """

    def __init__(self, directory: Path, *options: str, settings: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.port, self.metrics_port = free_ports(2)
        self._options = options
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://{HOST}:{self.port}"

    @property
    def metrics_url(self) -> str:
        """The base URL of the operators' port."""
        return f"http://{HOST}:{self.metrics_port}"

    @property
    def log(self) -> Path:
        """The directory of the embedded log."""
        return self.directory / "log"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process; RuntimeError if it is not started."""
        if self._process is None:
            raise RuntimeError("the server is not started")
        return self._process

    @property
    def command(self) -> list[str]:
        """What is run."""
        ports = ("--port", str(self.port), "--metrics-port", str(self.metrics_port))
        return [*COMMAND, "serve", "--data-dir", str(self.directory), *ports, *self._options]

    def start(self) -> None:
        """Starts it and waits until it is ready; after START_SECONDS, RuntimeError with what it said."""
        self.spawn()
        give_up = time.monotonic() + START_SECONDS
        while not self.ready():
            status = self.process.poll()
            if status is not None or time.monotonic() > give_up:
                self.kill()
                why = f"ended with status {status}" if status is not None else "is not ready"
                raise RuntimeError(f"tasksys serve {why}:\n{self.output()}")
            time.sleep(0.02)

    def spawn(self) -> None:
        """Starts it without waiting."""
        if self._process is not None:
            raise RuntimeError("the server is started already: stop or kill it first")
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=environment(**self._settings),
                start_new_session=True,
            )
        self._guard = kill_when_we_are_gone(self._process.pid)

    def ready(self) -> bool:
        """Whether it can serve now."""
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=2):
                return True
        except (OSError, urllib.error.URLError):
            return False

    def signal(self, number: signal.Signals) -> None:
        """Sends the process a signal."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Waits until the process has ended by itself; its exit code."""
        status = self.process.wait(STOP_SECONDS)
        self.kill()
        return status

    def stop(self) -> int | None:
        """Shuts it down in good order (SIGTERM), after STOP_SECONDS by SIGKILL; its exit code."""
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        status = self._process.poll()
        self.kill()
        return status

    def kill(self) -> None:
        """Ends it at once (SIGKILL), as a crash would; nothing if it is not started."""
        end(self._process, self._guard)
        self._process = self._guard = None

    def output(self) -> str:
        """What it said since its first start, on both streams."""
        return self._said.read_text(errors="replace")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _said(self) -> Path:
        return self.directory / "said.log"
