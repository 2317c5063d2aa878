"""The entry in front of several processes: a real nginx with the configuration that is shipped, on a free port."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from tests.support.ports import HOST, free_ports
from tests.support.processes import kill_when_we_are_gone

ROOT: Final = Path(__file__).parents[3]
CONFIGURATION: Final = ROOT / "deploy/entry/nginx.conf"
START_SECONDS: Final = 20.0


def executable() -> str:
    """The nginx of this machine, installed if need be."""
    subprocess.run([str(ROOT / "tests/support/nginx/install.sh")], check=True, timeout=300)
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    return found or str(ROOT / ".cache/nginx/nginx")


def rendered(directory: Path, port: int, workers: Sequence[str]) -> str:
    """What is shipped, with that port, those workers (host:port), and its files in the directory."""
    text = CONFIGURATION.read_text()
    named = re.findall(r"^ *server [\w-]+:3001 max_fails=0;\n", text, re.M)
    assert len(named) == 3, "the shipped file names three workers"
    text = text.replace(named[0], "".join(f"server {worker} max_fails=0;\n" for worker in workers))
    for line in named[1:]:
        text = text.replace(line, "")
    assert "listen 3080;" in text
    return text.replace("listen 3080;", f"listen {HOST}:{port};").replace("/tmp/", f"{directory}/")


class Entry:
    """A running nginx; the methods block."""

    def __init__(self, directory: Path, workers: Sequence[str]) -> None:
        self.directory = directory
        (self.port,) = free_ports(1)
        self._workers = workers

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        written = self.directory / "nginx.conf"
        written.write_text(rendered(self.directory, self.port, self._workers))
        command = [executable(), "-p", str(self.directory), "-e", "stderr", "-c", str(written), "-g", "daemon off;"]
        with (self.directory / "said.log").open("ab") as said:
            self._process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        self._guard = kill_when_we_are_gone(self._process.pid)
        give_up = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                self.__exit__()
                raise RuntimeError(f"nginx does not answer:\n{(self.directory / 'said.log').read_text()}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(START_SECONDS)
        self._guard.kill()
        self._guard.communicate()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/entry/health", timeout=2) as answer:
                return bool(answer.status == 204)
        except (OSError, urllib.error.URLError):
            return False
