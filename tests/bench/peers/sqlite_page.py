"""Peer: the same page of 50 from the same tasks in SQLite, with indexes on what is asked for."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

RANKS = {"none": 0, "low": 1, "medium": 2, "high": 3, "urgent": 4}

SCHEMA = """
create table task (id text primary key, status text, priority int, due text, title text, body blob);
create table label (task text, name text);
create index task_status_due on task (status, due);
create index task_priority on task (priority);
create index label_name on label (name, task);
"""

QUERIES = (
    "select body from task where status = 'open' and due < '2026-03-15' order by due, priority desc, id limit 50",
    "select body from task where (status = 'open' and due < '2026-03-11') or (priority >= 3 and id in (select task "
    "from label where name in ('urgent', 'home'))) order by priority desc, due, id limit 50",
    "select body from task where id in (select task from label where name = 'finance') and title like '%report%' "
    "order by title, id limit 50",
)
"""What `figures.query` asks in the filter language."""


def database(tasks: Iterable[dict[str, Any]]) -> sqlite3.Connection:
    """The tasks in memory."""
    made = sqlite3.connect(":memory:")
    made.executescript(SCHEMA)
    for number, task in enumerate(tasks):
        name, due = f"task-{number}", task.get("due", {})
        day = due.get("date") or due.get("local")
        row = (name, "open", RANKS[task["priority"]], day, task["title"], msgspec.json.encode(task))
        made.execute("insert into task values (?, ?, ?, ?, ?, ?)", row)
        made.executemany("insert into label values (?, ?)", [(name, label) for label in task.get("labels", ())])
    made.execute("analyze")
    return made


def times(made: sqlite3.Connection, rounds: int) -> Iterator[float]:
    """The seconds that each query took, all of them in turn."""
    for _ in range(rounds):
        for query in QUERIES:
            began = time.perf_counter()
            made.execute(query).fetchall()
            yield time.perf_counter() - began
