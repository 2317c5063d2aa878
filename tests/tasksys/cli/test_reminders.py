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
    said = errors(run("reminder", "add", task, "soon", code=2))
    assert "30m, 2h, 1d or 1w" in said
    assert "2026-03-08T09:00" in said
    assert "passed" in errors(run("reminder", "add", task, "2020-01-01T00:00Z", code=1))


def test_lists_and_cards_say_it_in_words(run: Run) -> None:
    """The task by its title, also in the trash; durations as they were given; a task's card has its reminders."""
    task = answer(run("add", "Dentist", "--due", "2126-03-08T09:00@Etc/UTC", "--json"))["id"]
    run("reminder", "add", task, "30m", "--every", "10m", "--times", "2")
    said = "30m before due, then every 10m, 2 times"
    assert said in run("show", task).stdout
    run("trash", task)
    (_, line) = run("reminder", "list").stdout.splitlines()
    assert said in line
    assert line.endswith("Dentist")


def test_times_without_every(run: Run) -> None:
    """They would say nothing: it is refused rather than ignored."""
    task = answer(run("add", "Tea", "--json"))["id"]
    assert "--every" in errors(run("reminder", "add", task, "30m", "--times", "2", code=2))


def test_undo_of_a_reminder_says_its_own_position(run: Run) -> None:
    """A reminder's changes leave the task's position as it was; undo names the new change's."""
    task = answer(run("add", "Tea", "--due", "2126-03-08", "--json"))["id"]
    reminder = answer(run("reminder", "add", task, "1d", "--json"))["id"]
    run("reminder", "remove", reminder)
    said = run("undo", task).stdout
    newest = answer(run("history", task, "--json"))["items"][-1]["position"]
    assert f"by a new change at position {newest}:" in said
