"""The figures' own parts, without the minutes that a measurement takes."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import msgspec
import orjson
import pytest

from streams.topics import COMMANDS
from streams.transport.embedded.log import EmbeddedLog
from tasksys import codec
from tasksys.commands import CreateTask, EditTask
from tests.bench import __main__ as program
from tests.bench import domain_workload, prefill, realistic, rules, running, subscribers, workload
from tests.bench.figures import feed, fold, memory, query, rebuild, reminders, series
from tests.bench.peers import dateutil_rules, sqlite_page
from tests.bench.percentiles import Times
from tests.bench.results import Report
from tests.bench.run_peers import REGISTRY, compare


def test_our_workload_is_the_peers_workload() -> None:
    """The same workspaces, tasks, titles and actors in the same order, behind the founding of the workspaces."""
    ours = list(domain_workload.commands(500))
    assert len(ours) == domain_workload.FOUNDING + 500
    for (key, value), (their_key, their_value) in zip(
        ours[domain_workload.FOUNDING :], workload.commands(500), strict=True
    ):
        mine, theirs = codec.decode_command(value), orjson.loads(their_value)
        command = mine.command
        assert isinstance(command, CreateTask | EditTask)
        assert key == their_key
        assert type(command).__name__ == theirs["type"]
        assert (command.task, command.title, mine.actor) == (theirs["task"], theirs["set"]["title"], theirs["actor"])


def test_our_workload_is_accepted_whole() -> None:
    """Each of its commands gives one event, and the founding of a workspace two: a refusal would be fast."""
    events = list(rebuild.events(2_000))
    assert len(events) == domain_workload.FOUNDING + workload.WORKSPACES + 2_000


@pytest.mark.kafka
def test_our_fold_runs_as_a_peer() -> None:
    """On Kafka, to the committed end."""
    ours = [peer for peer in REGISTRY if peer.name == fold.OURS]
    figures = compare(ours, warm_up=500, commands=1_000, rounds=1, say=lambda line: None)
    assert figures["missing"] == {}
    assert figures["peers"][fold.OURS]["per_second"] > 0


def test_the_fold_is_compared_with_every_peer_that_ran() -> None:
    """The target is strict: as fast is not faster."""
    found = {
        "peers": {
            "tasksys": {"per_second": 20, "runs": [20, 30]},
            "kafka-streams": {"per_second": 20, "runs": [20, 30]},
            "quix-streams": {"per_second": 10, "runs": [10, 15]},
            "faust-stock": {"per_second": 2, "runs": [2, 2]},
        },
        "missing": {"quix-streams-100ms": "no reason"},
    }
    report = fold.report(found)
    judged = {figure.peer.name: (figure.ratio, figure.reached) for figure in report.figures if figure.peer}
    assert judged == {"kafka-streams": (1.0, False), "quix-streams": (2.0, True), "faust-stock": (12.5, None)}
    assert report.missing == ["quix-streams-100ms: no reason"]
    assert fold.report({"peers": {}, "missing": {"tasksys": "broken"}}).missing == ["tasksys: broken"]


def test_memory_is_read_from_the_kernel() -> None:
    """Resident now, and at its most."""
    assert memory.of_status("VmHWM:\t  2048 kB\nVmRSS:\t    1024 kB\n") == (1024 * 1024, 2048 * 1024)


def test_processor_time_is_read_from_the_kernel() -> None:
    """In user mode and in the kernel's, whatever the process is called."""
    ticks = os.sysconf("SC_CLK_TCK")
    assert running.of_stat(f"7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 {3 * ticks} {ticks} 13 14") == 4


async def test_a_log_can_be_filled_with_real_commands(tmp_path: Path) -> None:
    """Each is one that the fold accepts, in its workspace's partition."""
    assert await prefill.commands(tmp_path / "log", prefill.workspaces(3, 5)) == 18
    log = EmbeddedLog.open(tmp_path / "log")
    found = [log.read(COMMANDS.name, number, 0, 100) for number in range(prefill.PARTITIONS)]
    await log.close()
    decoded = [codec.decode_command(record.value or b"") for records in found for record in records]
    assert sorted({one.workspace for one in decoded}) == ["bench-0", "bench-1", "bench-2"]


def test_sqlite_answers_the_same_questions() -> None:
    """From the same tasks, as many pages as ours has queries."""
    choose = random.Random(1)
    made = sqlite_page.database(realistic.task_fields(choose, number) for number in range(500))
    assert len(sqlite_page.QUERIES) == len(query.QUERIES)
    for asked in sqlite_page.QUERIES:
        assert all(msgspec.json.decode(body)["title"] for (body,) in made.execute(asked))
    assert len(list(sqlite_page.times(made, 2))) == 2 * len(query.QUERIES)
    made.close()


def test_a_figure_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not stop the others, and says so."""
    monkeypatch.setattr("tests.bench.__main__.FIGURE_SECONDS", 0.01)
    assert program.measured("query", quick=True) == Report([], "", ["no result in 0 s"])


def test_reminders_fire_while_others_work(tmp_path: Path) -> None:
    """All of them, and somebody else is served meanwhile."""
    seconds, waits = asyncio.run(reminders.fired(tmp_path, reminders.WORKSPACES * reminders.PER_TASK))
    assert seconds > 0
    assert waits


def test_the_rules_are_those_that_both_expand_alike() -> None:
    """Different ones, each with its anchor, and one of twenty that only ours can do."""
    given = list(rules.rules(400))
    assert len({(one.text, one.anchor) for one in given}) == 400
    assert given == list(rules.rules(400))
    plain = [one for one in given if one.plain]
    assert 0.02 < 1 - len(plain) / len(given) < 0.1
    assert all(next(made.occurrences()).local == made.anchor.local for made in series.made(given))
    series.agree(series.made(plain), dateutil_rules.made(plain))
    with pytest.raises(ValueError, match="from"):
        series.agree(series.made(plain[:2]), dateutil_rules.made(plain[1::-1]))


def test_a_step_is_measured_where_something_is_done() -> None:
    """Decided, and enacted: that takes longer."""
    decided, enacted = series.steps(1)
    assert 0 < decided < enacted


async def test_subscribers_count_events_however_they_come() -> None:
    """Titles are found once each, whole or cut anywhere; those of the warm-up are none of the measurement."""
    text = b'{"op":"event","title":"at 0"}{"op":"event","title":"at 5"}{"op":"caught-up"}{"op":"event","title":"at 7"}'
    for size in (1, 7, 30, len(text)):
        waits: list[float] = []
        one = subscribers.Subscriber(b"", b"", waits)
        for start in range(0, len(text), size):
            one.data_received(text[start : start + size])
        assert (one.counted, len(waits), one.open.done(), one.lost) == (2, 2, True, False)


def test_a_feed_that_drops_misses_its_target() -> None:
    """However fast it was for the others."""
    fast = Times(100, 1.0, 2.0, 3.0)
    whole, lacking = subscribers.Found(fast, 100, 0, 10), subscribers.Found(fast, 99, 1, 10)
    for found, reached in ((whole, True), (lacking, False)):
        figures = feed.report(10, [(found, 1.0)], [(whole, 1.0)], judged=True).figures
        assert [one.reached for one in figures] == [None, reached, None]
