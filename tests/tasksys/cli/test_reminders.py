"""`tasksys reminder`: adding, listing, snoozing, acknowledging, removing."""

from __future__ import annotations

from tests.tasksys.cli.conftest import Run, answer, errors


def test_a_reminder_from_its_beginning_to_its_end(run: Run) -> None:
    """Before the due date in short words; snoozed, acknowledged, removed, and back by undo."""
    task = answer(run("add", "Dentist", "--due", "2126-03-08T09:00@Europe/Berlin", "--json"))["id"]
    assert "Reminds of “Dentist”: 2126-03-08" in run("reminder", "add", task, "30m").stdout
    (made,) = answer(run("reminder", "list", task, "--json"))["items"]
    assert made["trigger"] == {"before": "PT30M"}
    assert "pending" in run("reminder", "list", "--state", "pending").stdout
    again = answer(run("reminder", "snooze", made["id"], "1h", "--json"))
    assert again["snoozed_from"] == made["id"]
    assert run("reminder", "ack", again["id"]).stdout == "Acknowledged.\n"
    run("reminder", "remove", again["id"])
    run("undo", task)
    states = {one["id"]: one["state"] for one in answer(run("reminder", "list", task, "--json"))["items"]}
    assert states == {made["id"]: "snoozed", again["id"]: "acknowledged"}


def test_at_a_time_and_again_and_again(run: Run) -> None:
    """An instant, without offset of this machine's zone; with repeats; of the start."""
    task = answer(run("add", "Tea", "--json"))["id"]
    at = answer(run("reminder", "add", task, "2126-03-08T09:00Z", "--every", "10m", "--times", "2", "--json"))
    assert (at["scheduled_for"], at["repeat"]) == ("2126-03-08T09:00:00.000Z", {"every": "PT10M", "times": 2})
    waits = run("reminder", "add", task, "1d", "--of", "start").stdout
    assert waits == "Reminds of “Tea”: when “Tea” has a start date.\n"


def test_what_is_no_duration(run: Run) -> None:
    """The message names what to give."""
    task = answer(run("add", "Coffee", "--json"))["id"]
    assert "30m, 2h, 1d or 1w" in errors(run("reminder", "add", task, "soon", code=2))
    assert "passed" in errors(run("reminder", "add", task, "2020-01-01T00:00Z", code=1))
