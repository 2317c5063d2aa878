"""Texts as people type them, and what each comes to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tasksys.commands import CreateSeries, CreateTask
from tasksys.quickadd import Parsed, parse
from tests.tasksys.quickadd import vectors
from tests.tasksys.quickadd.again import AGAIN
from tests.tasksys.quickadd.traps import TRAPS

NOW: Final = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


def read(text: str) -> Parsed:
    """What it comes to."""
    return parse(text, NOW, ZoneInfo(vectors.BERLIN), vectors.NAMES)


@pytest.mark.parametrize(
    ("text", "title", "fields"), [*vectors.DATES, *vectors.TIMES, *vectors.MARKED, *vectors.PROTECTED]
)
def test_a_text_is_a_task(text: str, title: str, fields: dict[str, Any]) -> None:
    """Title and fields; the command is one that the system takes."""
    found = read(text)
    command, wanted = found.command(), dict(fields)
    reminders = wanted.pop("reminders", [])
    assert command == {"type": "CreateTask", "title": title, **wanted}
    assert [one["trigger"] for one in found.reminder_bodies()] == reminders
    assert msgspec.convert(command, CreateTask).title == title


@pytest.mark.parametrize("text", TRAPS)
def test_a_title_stays_as_it_is(text: str) -> None:
    """What only looks like a date, a mark or a phrase is none."""
    assert read(text) == Parsed(title=text)


@pytest.mark.parametrize(("text", "title", "rule", "first", "more"), AGAIN)
def test_a_text_is_a_series(text: str, title: str, rule: str, first: str, more: dict[str, Any]) -> None:
    """Rule, first date and template; the command is one that the system takes."""
    command = read(text).command()
    assert msgspec.convert(command, CreateSeries).rule == rule
    assert command == {
        "type": "CreateSeries",
        "template": {"title": title},
        "rule": rule,
        "anchor": vectors.value(first),
        "after_completion": False,
        "stop_after": None,
        **more,
    }


def test_there_are_enough_of_them() -> None:
    """No text is there twice."""
    texts = [
        one[0] for table in (vectors.DATES, vectors.TIMES, vectors.MARKED, vectors.PROTECTED, AGAIN) for one in table
    ] + TRAPS
    assert len(texts) == len(set(texts)) > 250
