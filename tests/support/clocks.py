"""Nodes whose clock a test sets, and lives of a process that does what is due and is killed meanwhile."""

import json
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from streams.node import Node
from tasksys.values import instant
from tests.support.kafka_broker import ROOT
from tests.support.nodes import AT

START: Final = datetime.fromisoformat(AT)
SETTINGS: Final[dict[str, Any]] = {"session_timeout": 2.0, "partitions": 2}


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, node: Node | None = None, **duration: float) -> None:
        """Lets so much time pass, at once; a node that runs looks at the clock."""
        self.now += timedelta(**duration)
        if node is not None:
            node.parts.wake()


def after(**duration: float) -> str:
    """An instant so long after the start."""
    return instant(START + timedelta(**duration))


def live(url: str, directory: Path, instant: str, patience: float | None) -> bool:
    """One life of a process that fires, killed so long after its start, or lived to the end; whether it was that."""
    command = [sys.executable, "-m", "tests.support.kill_child", "fire", url, str(directory), instant]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        killer = threading.Timer(patience or 0.0, child.kill)
        for line in child.stdout:
            if json.loads(line)["phase"] == "started" and patience is not None:
                killer.start()
        killer.cancel()
    return child.returncode == 0
