"""A program of others as a process of a test: started, waited for, stopped, killed; it never outlives the test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.support.processes import end, kill_when_we_are_gone

START_SECONDS = 30.0  # half a second on idle cores
STOP_SECONDS = 10.0  # then SIGKILL


def fetched(url: str, post: Any = None) -> bytes:
    """The body of an answer with a good status; OSError otherwise. With `post` that is sent as JSON."""
    body = None if post is None else json.dumps(post).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


class Program:
    """One program. `ready` is an address that answers once it is ready; what it says is in `directory/NAME.log`."""

    def __init__(
        self, name: str, command: Sequence[str], directory: Path, ready: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.command = list(command)
        self.directory = directory
        self.ready = ready
        self._env = {**os.environ, "TZ": "UTC", **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it is ready; after START_SECONDS, RuntimeError with what it said."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._guard = kill_when_we_are_gone(self._process.pid)
        give_up = time.monotonic() + START_SECONDS
        while not self.answers():
            status = self._process.poll()
            if status is not None or time.monotonic() > give_up:
                self.kill()
                why = f"ended with status {status}" if status is not None else "is not ready"
                raise RuntimeError(f"{self.name} {why}:\n{self.output()}")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether it is ready now."""
        try:
            fetched(self.ready)
        except (OSError, urllib.error.URLError):
            return False
        return True

    def stop(self) -> None:
        """Ends it in good order (SIGTERM), after STOP_SECONDS by SIGKILL; nothing if it is not started."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Ends it at once (SIGKILL); nothing if it is not started."""
        end(self._process, self._guard)
        self._process = self._guard = None

    def output(self) -> str:
        """What it said since its first start."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def _log(self) -> Path:
        return self.directory / f"{self.name}.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
