"""The table says what was found, and nothing about where it was found."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from tests.bench import machine
from tests.bench.results import Figure, Peer, Report, amount, document, paired, table, without_paths


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (12345.6, "/s", "12,346 /s"),
        (99.94, "ms", "99.9 ms"),
        (3.14159, "ms", "3.14 ms"),
        (0.004, "s", "0.00 s"),
        (5.0, "", "5"),
    ],
)
def test_amounts_have_no_false_precision(value: float, unit: str, shown: str) -> None:
    """Three digits are more than two noisy cores can tell apart."""
    assert amount(value, unit) == shown


def test_rounds_are_compared_with_each_other() -> None:
    """A slow minute that hit both of a round does not count."""
    assert paired([10, 1, 30], [20, 2, 20]) == 0.5


def test_a_table_is_aligned() -> None:
    """It is read as text as often as not; a bar in a cell does not end it."""
    shown = table([("fold", "1|2")], ("what", "ours"))
    assert shown == "| what | ours |\n| ---- | ---- |\n| fold | 1\\|2 |\n"


def test_the_document_has_every_figure_and_what_is_missing() -> None:
    """Also from a report that came through a pipe."""
    figures = [
        Figure("fold", 30_000, "/s", Peer("other", 20_000), 1.5, "faster", True),
        Figure("latency", 30, "ms", target="under 25 ms", reached=False),
    ]
    report = msgspec.json.decode(msgspec.json.encode(Report(figures, "so and so", ["third: not there"])), type=Report)
    shown = document({"speed": report}, "2 cores", quick=False, not_run=["memory"])
    assert "| fold    | 30,000 /s | other: 20,000 /s | 1.50        | faster      | yes     |" in shown
    assert "| latency | 30 ms     |                  |             | under 25 ms | no      |" in shown
    assert "* speed: third: not there" in shown
    assert "* memory" in shown
    assert "* **speed**: so and so" in shown
    assert "quick" not in shown


def test_a_quick_run_says_so() -> None:
    """Nobody takes its figures for a verdict."""
    report = Report([Figure("fold", 1, "/s", target="at least 2", reached=False)], "so")
    shown = document({"fold": report}, "2 cores", quick=True)
    assert "A quick run" in shown
    assert "| (no)" in shown


def test_a_missed_target_says_why() -> None:
    """And one that was reached needs no excuse."""
    figures = [Figure("fold", 1, "/s", target="at least 2", reached=False)]
    assert "## Missed, and why\n\n* **fold**: Python" in document(
        {"fold": Report(figures, "so", why="Python")}, "2 cores", quick=False
    )
    reached = [Figure("fold", 3, "/s", target="at least 2", reached=True)]
    assert "Missed" not in document({"fold": Report(reached, "so", why="Python")}, "2 cores", quick=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('File "/home/me/x/y.py", line 3\n  Missing', 'File "y.py", line 3 Missing'),
        ("~/.venv/bin/python -m it: 5 /s, kafka://127.0.0.1:9092", "python -m it: 5 /s, kafka://127.0.0.1:9092"),
    ],
)
def test_reasons_show_no_paths_of_a_machine(text: str, shown: str) -> None:
    """The file is part of the project, and read on other machines."""
    assert without_paths(text) == shown


def test_the_machine_is_described_in_one_line() -> None:
    """With the versions that matter, and without a path."""
    line = machine.line(datetime(2026, 3, 8, tzinfo=UTC))
    assert "cores" in line
    assert "Python" in line
    assert line.endswith("2026-03-08.")
    assert "\n" not in line
    assert " /" not in line


def test_the_version_of_kafka_is_that_of_its_jar() -> None:
    """The tests' broker is installed as jars."""
    assert machine.kafka_version(["kafka-clients-4.3.1.jar"]) == "4.3.1"
    assert machine.kafka_version([]) == "not installed"
