"""The commands that every peer of the benchmark folds: the same bytes, in the same order, on every machine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson

PARTITIONS = 8
WORKSPACES = 200
TASKS = 50  # in each workspace
SEED = 1
START = datetime(2026, 3, 8, 9, tzinfo=UTC)


def commands(count: int) -> Iterator[tuple[bytes, bytes]]:
    """`count` pairs of key (the workspace's id) and value (one command as JSON, about 190 bytes).

    They hit WORKSPACES * TASKS tasks at random; the first for a task creates it, all later ones change its title.
    """
    choose = random.Random(SEED)
    seen: set[int] = set()
    for number in range(count):
        chosen = choose.randrange(WORKSPACES * TASKS)
        workspace = f"workspace-{chosen % WORKSPACES:05d}"
        command = {
            "id": f"01JP{number:022d}",
            "type": "EditTask" if chosen in seen else "CreateTask",
            "workspace": workspace,
            "task": f"task-{chosen:07d}",
            "actor": f"user-{chosen % 7}",
            "at": (START + timedelta(milliseconds=number)).isoformat(timespec="milliseconds"),
            "set": {"title": f"buy milk {number}"},
        }
        seen.add(chosen)
        yield workspace.encode(), orjson.dumps(command)
