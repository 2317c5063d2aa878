"""What every peer written in Python has in common: its arguments, its one line of output, and the fold itself."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

PARTITIONS = 8  # of the topics that the peers write


@dataclass(frozen=True)
class Arguments:
    """Where a peer reads, how much, and how often it commits if that is for its user to say."""

    bootstrap: str
    topic: str
    warm_up: int
    commands: int
    commit_seconds: float

    @property
    def total(self) -> int:
        """How many commands to fold in all."""
        return self.warm_up + self.commands


def arguments() -> Arguments:
    """The command line, the same for every peer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True, help="host:port of the broker")
    parser.add_argument("--topic", required=True, help="the topic that holds the commands")
    parser.add_argument("--commands", required=True, type=int, help="how many of them to measure")
    parser.add_argument("--warm-up", type=int, default=0, help="how many to fold before those")
    parser.add_argument("--commit-seconds", type=float, default=5.0, help="between commits (Quix Streams only)")
    return Arguments(**vars(parser.parse_args()))


class Stopwatch:
    """Measures one run, from the first command in hand after the warm-up to the commit of the last one's position.

    Starting up is no part of it; all that the peer writes for its commands is. The batch in which the warm-up ends is
    measured too.
    """

    def __init__(self, peer: str, warm_up: int) -> None:
        self._peer = peer
        self._warm_up = warm_up
        self._folded = self._skipped = 0
        self._began = 0.0

    def take(self, count: int = 1) -> None:
        """Said before each command is folded, or each batch of `count`."""
        if not self._began and self._folded + count > self._warm_up:
            self._began, self._skipped = time.perf_counter(), self._folded
        self._folded += count

    def report(self, committed: int) -> None:
        """Said once the position after the first `committed` commands is committed: prints one line of JSON."""
        seconds, commands = time.perf_counter() - self._began, committed - self._skipped
        speed = round(commands / seconds)
        figures = {"peer": self._peer, "commands": commands, "seconds": round(seconds, 3), "per_second": speed}
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()


def fold(command: dict[str, Any], row: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The task's new row, and the event: the same work in every peer, whatever its language."""
    version = row["version"] + 1 if row else 1
    title, actor, at = command["set"]["title"], command["actor"], command["at"]
    event = {
        "id": command["id"],
        "type": "TaskEdited" if row else "TaskCreated",
        "workspace": command["workspace"],
        "task": command["task"],
        "actor": actor,
        "at": at,
        "version": version,
        "title": title,
    }
    return {"title": title, "version": version, "actor": actor, "at": at}, event
