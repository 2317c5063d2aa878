"""`tasksys add` with a line of text: what is understood, shown and made, and what options have to say about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.tasksys.cli.conftest import Run, answer, errors, invoke
from tests.tasksys.cli.scripted import Scripted, Step, paths

WORKSPACE: Final = {"id": "w", "name": "Home", "time_zone": "UTC", "role": "owner", "position": 1}
SERIES: Final[dict[str, Any]] = {
    "title": "Gym",
    "understood": [{"start": 4, "end": 16, "kind": "recurrence", "text": "every monday", "meaning": "every Monday"}],
    "command": {
        "type": "CreateSeries",
        "template": {"title": "Gym", "labels": ["sport"], "reminders": [{"trigger": {"before": "PT30M", "of": "due"}}]},
        "rule": "FREQ=WEEKLY;BYDAY=MO", "anchor": {"date": "2026-11-30"}, "after_completion": False, "stop_after": None,
    },
    "reminders": [],
    "description": "Gym: every Monday, first Monday 30 November 2026",
}  # fmt: skip


def tomorrow() -> set[str]:
    """The day after today in UTC, where these tests are; or the one after, if midnight comes meanwhile."""
    return {(datetime.now(UTC) + timedelta(days=days)).date().isoformat() for days in (1, 2)}


def test_a_line_is_understood_and_said(run: Run) -> None:
    """The task has what the text says, in this machine's zone, and the user sees which words meant what."""
    run("workspace", "create", "West", "--time-zone", "America/New_York")
    run("project", "add", "Home")
    shown = run("add", "Buy", "milk", "tomorrow 9am #home #errand !high @me ~30m", TZ="Asia/Tokyo").stdout
    lines = shown.splitlines()
    assert lines[0] == "Understood:"
    assert "project Home" in shown
    assert "label errand, as no project has that name" in shown
    assert any(line.startswith("tomorrow 9am  due ") and line.endswith("09:00 (Asia/Tokyo)") for line in lines)
    assert lines[-1].split()[2:4] == ["Buy", "milk"]
    task = answer(run("list", "--json"))["items"][0]
    assert task["due"]["zone"] == "Asia/Tokyo"
    assert (task["priority"], task["labels"], task["estimate_minutes"]) == ("high", ["errand"], 30)


def test_with_json_the_task_is_printed_alone(run: Run) -> None:
    """For programs."""
    task = answer(run("add", "Buy milk tomorrow", "--json"))
    assert task["title"] == "Buy milk"
    assert task["due"]["date"] in tomorrow()


def test_what_options_give_is_not_looked_for(run: Run) -> None:
    """Words about it stay in the title; labels and assignees are added to."""
    run("workspace", "create", "Mine")
    run("project", "add", "Home")
    run("project", "add", "Work")
    text = "Prepare tomorrow !low #home ~30m for 2h %aa @me"
    given = ("--due", "2026-03-08", "-p", "high", "--project", "work", "--estimate", "5", "-l", "bb", "-l", "aa")
    task = answer(run("add", text, *given, "--json"))
    assert task["title"] == "Prepare tomorrow !low #home ~30m for 2h"
    assert (task["due"], task["priority"], task["estimate_minutes"]) == ({"date": "2026-03-08"}, "high", 5)
    assert (task["labels"], len(task["assignees"])) == (["aa", "bb"], 1)
    task = answer(run("add", "Prepare every monday %aa @me", "--start", "2026-03-08", "-l", "none", "--json"))
    assert (task["title"], task["labels"], len(task["assignees"])) == ("Prepare every monday %aa", [], 1)


def test_a_subtask_is_where_its_parent_is(run: Run) -> None:
    """A project in its text is none."""
    run("workspace", "create", "Mine")
    run("project", "add", "Home")
    parent = answer(run("add", "Paint #home", "--json"))
    part = answer(run("add", "Buy paint #home", "--parent", parent["id"], "--json"))
    assert part["title"] == "Buy paint #home"


def test_plain_takes_a_text_as_it_is(run: Run) -> None:
    """Nothing is understood, and options still count. Quotes do the same."""
    task = answer(run("add", "--plain", 'Sing "tomorrow" #home', "-p", "low", "--json"))
    assert (task["title"], task["due"], task["labels"]) == ('Sing "tomorrow" #home', None, [])
    assert task["priority"] == "low"
    assert answer(run("add", '"Sing tomorrow"', "--json"))["title"] == "Sing tomorrow"
    assert "Understood" not in run("add", "Read 1984").stdout


def test_reminders_are_added(run: Run) -> None:
    """Once the task is there."""
    task = answer(run("add", "Fly 2126-03-08 at 9:00 remind me 1d before and 2h before", "--json"))
    found = answer(run("reminder", "list", task["id"], "--json"))["items"]
    assert [one["trigger"]["before"] for one in found] == ["P1D", "PT2H"]
    assert found[0]["scheduled_for"] == "2126-03-07T09:00:00.000Z"


def test_a_reminder_that_has_nothing_to_go_by_is_said_to_wait(run: Run) -> None:
    """Nobody waits for it in vain."""
    assert "no due date: the reminder waits" in run("add", "Fly remind me 1d before").stdout
    assert "waits" not in run("add", "Fly 2126-03-08 remind me 1d before").stdout


def test_what_comes_again_is_a_series(run: Run) -> None:
    """On the server: with its rule, first date, reminders and options."""
    text = "Gym every monday at 9, 10 times remind me 30m before #sport"
    made = answer(run("add", text, "-p", "high", "--json", TZ="Europe/Berlin"))
    assert (made["rule"], made["anchor"]["zone"]) == ("FREQ=WEEKLY;COUNT=10;BYDAY=MO", "Europe/Berlin")
    template = made["template"]
    assert (template["title"], template["priority"], template["labels"]) == ("Gym", "high", ["sport"])
    assert [one["trigger"]["before"] for one in template["reminders"]] == ["PT30M"]
    assert "Added, to come again and again: Gym: every Monday at 09:00" in run("add", text).stdout


def test_a_series_that_was_made_late_is_shown() -> None:
    """Its id is in the event that made it."""
    late = Step({"id": "c", "status": "pending"}, 202, {"Location": "/api/v1/workspaces/w/commands/c"})
    decided = Step({"id": "c", "status": "accepted", "events": [{"data": {"series": "s"}}]})
    steps = (Step({"items": [WORKSPACE]}), Step(SERIES), late, decided, Step({"id": "s"}))
    with Scripted(*steps) as server:
        assert answer(invoke("add", "Gym every monday", "--json", "--server", server.url)) == {"id": "s"}
    assert paths(server.asked)[-1] == "GET /api/v1/workspaces/w/series/s"


def test_a_series_has_what_options_say() -> None:
    """In its template, beside what the text says."""
    steps = (Step({"items": [WORKSPACE]}), Step(SERIES), Step({"id": "s"}, 201))
    with Scripted(*steps) as server:
        shown = invoke(
            "add", "Gym every monday", "-p", "high", "-d", "Run.", "-l", "fun", "--server", server.url, TZ="Asia/Tokyo"
        ).stdout
    assert shown.splitlines() == [
        "Understood:", "every monday  every Monday",
        "Added, to come again and again: Gym: every Monday, first Monday 30 November 2026",
    ]  # fmt: skip
    assert paths(server.asked)[1:] == ["POST /api/v1/parse", "POST /api/v1/workspaces/w/series"]
    assert server.asked[1].body == {
        "text": "Gym every monday", "workspace": "w", "zone": "Asia/Tokyo", "without": ["priority"],
    }  # fmt: skip
    command = {name: value for name, value in SERIES["command"].items() if name != "type"}
    template = {**command["template"], "priority": "high", "description": "Run.", "labels": ["sport", "fun"]}
    assert server.asked[2].body == {**command, "template": template}


@pytest.mark.parametrize("text", [("",), (" ",)])
def test_an_empty_title_is_refused(run: Run, text: tuple[str, ...]) -> None:
    """By the server, as ever."""
    assert "must not be empty" in errors(run("add", *text, code=1))
