"""Peer: the `eventsourcing` library on SQLite rebuilding its aggregates from their events.

It saves the events of the workload's first `--workspaces` first, which is not measured; then every task is loaded,
which replays its events. Prints one line of JSON with the events a second.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from eventsourcing.application import Application  # type: ignore[import-not-found]

from tests.bench import workload
from tests.bench.peers.eventsourcing_sqlite import Task


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", type=int, required=True, help="of the whole workload")
    parser.add_argument(
        "--workspaces", type=int, default=workload.WORKSPACES, help="keep only what is in the first few"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        os.environ.update(PERSISTENCE_MODULE="eventsourcing.sqlite", SQLITE_DBNAME=str(Path(directory) / "events.db"))
        app = Application()
        tasks = saved(app, given.commands, {f"workspace-{number:05d}" for number in range(given.workspaces)})
        began = time.perf_counter()
        events = sum(app.repository.get(task).version for task in tasks)
        seconds = time.perf_counter() - began
        app.close()
    found = {"peer": "eventsourcing-replay", "events": events, "per_second": events / seconds}
    sys.stdout.write(json.dumps(found) + "\n")


def saved(app: Any, count: int, workspaces: set[str]) -> list[uuid.UUID]:
    """Saves the events of the workload that are in those workspaces; the tasks' ids."""
    tasks: dict[str, Task] = {}
    for _, value in workload.commands(count):
        command = json.loads(value)
        workspace, name, actor, at = (command[field] for field in ("workspace", "task", "actor", "at"))
        if workspace not in workspaces:
            continue
        title = command["set"]["title"]
        if name in tasks:
            tasks[name].edit(title, actor, at)
        else:
            tasks[name] = Task(workspace, name, title, actor, at)
        app.save(tasks[name])
    return [task.id for task in tasks.values()]


if __name__ == "__main__":
    main()
