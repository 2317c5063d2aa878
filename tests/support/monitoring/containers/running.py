"""Containers for tests: podman behind Docker's interface, and the real Compose in front of it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final, Self

from tests.support.processes import kill_when_we_are_gone

ROOT: Final = Path(__file__).parents[4]
HERE: Final = Path(__file__).parent
START_SECONDS: Final = 30.0


class Podman:
    """Podman's service on a socket, with what systemd would do for it: health checks are made in a thread."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._socket = directory / "podman.sock"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._check_health, daemon=True)

    @property
    def environment(self) -> dict[str, str]:
        """For Compose and for podman itself."""
        path = f"{self.directory}:{os.environ['PATH']}"
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TASKSYS_", "COMPOSE_"))},
            "DOCKER_HOST": f"unix://{self._socket}",
            "CONTAINERS_CONF": str(HERE / "containers.conf"),
            "PATH": path,
            "TASKSYS_COMPOSE": str(self.directory / "compose"),
            "TASKSYS_DOCKER": "podman",
        }

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        # Images are there already, made by images.sh: nothing is pulled, nothing built.
        wrapper = self.directory / "compose"
        wrapper.write_text(
            "#!/bin/sh\n"
            'for one; do shift; [ "$one" = --build ] && one=--pull=never; set -- "$@" "$one"; done\n'
            f'exec "{Path(sys.executable).parent / "docker-compose"}" "$@"\n'
        )
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        with (self.directory / "podman.log").open("ab") as said:
            self._process = subprocess.Popen(
                ["podman", "system", "service", "--time=0", f"unix://{self._socket}"],
                stdout=said, stderr=said, env=self.environment, start_new_session=True,
            )  # fmt: skip
        self._guard = kill_when_we_are_gone(self._process.pid)
        give_up = time.monotonic() + START_SECONDS
        while not self._socket.exists():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"podman does not start:\n{(self.directory / 'podman.log').read_text()}")
            time.sleep(0.05)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._process.terminate()
        self._process.wait(30)
        self._guard.kill()
        self._guard.communicate()

    def podman(self, *arguments: str, check: bool = True) -> str:
        """What podman says."""
        command = ["podman", *arguments]
        return subprocess.run(
            command, check=check, env=self.environment, capture_output=True, text=True, timeout=120
        ).stdout

    def _check_health(self) -> None:
        while not self._stopping.wait(1.0):
            names = self.podman("ps", "--quiet", "--filter", "label=com.docker.compose.project=tasksys", check=False)
            for name in names.split():
                self.podman("healthcheck", "run", name, check=False)


def copied(directory: Path) -> Path:
    """A copy of what is in the repository, for a deployment writes beside it."""
    kept = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, kept.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    return directory
