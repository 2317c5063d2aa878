"""A page of 50 from a workspace of 10,000 tasks, filtered and sorted: over HTTP, and from the index alone."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tasksys import decider
from tasksys.query import FilterError, Index, PageRequest, Query
from tasksys.refusals import Refusal
from tasksys.rows import Task
from tasksys.state import State
from tests.bench import prefill, realistic, workload
from tests.bench.load import Plan
from tests.bench.peers import sqlite_page
from tests.bench.percentiles import Times
from tests.bench.results import Figure, Peer, Report
from tests.bench.running import ask, catch_up, loaded, say, serving

TASKS = 10_000
PAGE = 50
TARGET = 10.0  # milliseconds
NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)

QUERIES = (
    {"filter": "status = open and due < 2026-03-15", "sort": "due,-priority"},
    {
        "filter": "(status = open and due < 2026-03-11) or (priority >= high and label in (urgent, home))",
        "sort": "-priority,due",
    },
    {"filter": "label = finance and title ~ report", "sort": "title"},
)

HOW = (
    f"{len(QUERIES)} queries in turn over {TASKS:,} open tasks (filter, sort, limit={PAGE}), parsed anew each time. "
    "Over HTTP: one kept-alive connection, index built before. SQLite: the same queries in SQL on an in-memory "
    "database with fitting indexes, rows fetched, no HTTP and no JSON made of them."
)


def measure(quick: bool) -> Report:
    """Index and SQLite in this process, then HTTP."""
    rounds = 100 if quick else 1_000
    index = _index()
    for _ in _indexed(index, 5):
        pass
    ours = Times.of(_indexed(index, rounds))
    choose = random.Random(workload.SEED)
    tasks = sqlite_page.database(realistic.task_fields(choose, number) for number in range(TASKS))
    theirs = Times.of(sqlite_page.times(tasks, rounds))
    say(f"index: {ours}; SQLite: {theirs}")
    http = _over_http(3.0 if quick else 15.0)
    say(f"over HTTP: {http}")
    what = f"a page of {PAGE} of {TASKS:,} tasks, filtered and sorted"
    target = f"under {TARGET:.0f} ms"
    return Report(
        [
            Figure(f"{what}, over HTTP: median", http.p50, "ms"),
            Figure(f"{what}, over HTTP: 99 %", http.p99, "ms", target=target, reached=http.p99 < TARGET),
            Figure(f"{what}, index alone: median", ours.p50, "ms", Peer("SQLite", theirs.p50), ours.p50 / theirs.p50),
            Figure(f"{what}, index alone: 99 %", ours.p99, "ms", Peer("SQLite", theirs.p99), ours.p99 / theirs.p99),
        ],
        HOW,
    )


def _index() -> Index:
    """The index of the one workspace, by the same commands as the server gets."""
    state = State()
    for number, record in enumerate(prefill.workspaces(1, TASKS)):
        facts = decider.decide(record, state)
        assert not isinstance(facts, Refusal)
        decider.enact(facts, record, f"0-{number}", state)
    index = Index(ZoneInfo("Europe/Berlin"))
    for row in state.rows.values():
        if isinstance(row, Task):
            index.put(row)
    assert len(index) == TASKS
    return index


def _indexed(index: Index, rounds: int) -> Iterator[float]:
    for _ in range(rounds):
        for one in QUERIES:
            began = time.perf_counter()
            query = Query.parse(**one)
            assert isinstance(query, Query)
            page = index.run(PageRequest(query, NOW, limit=PAGE))
            yield time.perf_counter() - began
            assert not isinstance(page, FilterError)
            assert len(page.items) == PAGE


def _over_http(seconds: float) -> Times:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        asyncio.run(prefill.commands(directory / "log", prefill.workspaces(1, TASKS)))
        with serving(directory) as server:
            catch_up(server)
            base = "/api/v1/workspaces/bench-0/tasks"
            paths = [f"{base}?{urlencode({**one, 'limit': PAGE})}" for one in QUERIES]
            assert all(len(ask(server, "GET", path)["items"]) == PAGE for path in paths)
            return loaded(Plan(port=server.port, paths=paths, method="GET", connections=1, seconds=seconds)).times
