"""`tasksys series`, `repeat`, `skip` and `postpone`."""

from __future__ import annotations

from tests.tasksys.cli.conftest import Run, answer, errors

FRIDAY = "2126-03-08"


def test_a_task_comes_again(run: Run) -> None:
    """It keeps its time of day; done, skipped and put off, it goes on."""
    task = answer(run("add", "--plain", "Plants", "--due", f"{FRIDAY}T09:00@Etc/UTC", "--json"))["id"]
    assert "Comes again, “Plants”: every Friday at 09:00" in run("repeat", task, "every", "friday").stdout
    (made,) = answer(run("series", "list", "--json"))["items"]
    assert (made["anchor"]["local"], made["open"]) == ("2126-03-08T09:00", [task])
    assert "Put off: Plants, now due 2126-03-10 09:00 Etc/UTC" in run("postpone", task, "2d").stdout
    assert "2126-04-01" in run("postpone", task, "2126-04-01").stdout
    assert run("skip", task).stdout == "Left out: Plants (next: 2126-03-15 09:00 Etc/UTC)\n"
    (following,) = answer(run("series", "show", made["id"], "--json"))["open"]
    assert run("done", following).stdout == "Done: Plants (next: 2126-03-22 09:00 Etc/UTC)\n"
    shown = run("series", "show", made["id"]).stdout
    assert "1 done (100% of those that are over), 0 of them late; 1 skipped" in shown
    assert "Plants" in run("series", "list").stdout
    run("undo", following)
    assert answer(run("series", "show", made["id"], "--json"))["open"] == [following]


def test_another_day_than_the_task_is_due(run: Run) -> None:
    """The first is on the first such day, at the task's time."""
    task = answer(run("add", "--plain", "Bins", "--due", f"{FRIDAY}T09:00@Etc/UTC", "--json"))["id"]
    made = answer(run("repeat", task, "every 2 days after done", "--json"))
    assert (made["after_completion"], made["anchor"]["local"]) == (True, "2126-03-08T09:00")


def test_changes_of_one_of_those_that_follow_and_of_all(run: Run) -> None:
    """By the time that the list of occurrences shows."""
    task = answer(run("add", "--plain", "Plants", "--due", FRIDAY, "--json"))["id"]
    made = answer(run("repeat", task, "weekly", "--json"))
    run("series", "edit", made["id"], "--only", "2126-03-15", "--due", "2126-03-16", "--title", "All plants")
    run("series", "skip", made["id"], "2126-03-22")
    listed = run("series", "occurrences", made["id"], "--limit", "4").stdout
    assert listed.endswith("There are more; see them with --limit, or later ones with --from.\n")
    assert [line.split()[:3] for line in listed.splitlines()[1:-1]] == [
        ["2126-03-08", "open", "2126-03-08"],
        ["2126-03-15", "planned", "2126-03-16"],
        ["2126-03-22", "skipped", "2126-03-22"],
        ["2126-03-29", "planned", "2126-03-29"],
    ]
    split = answer(run("series", "edit", made["id"], "--from", "2126-03-29", "--every", "every 2 weeks", "--json"))
    assert (split["previous"], split["anchor"]) == (made["id"], {"date": "2126-03-29"})
    assert "Ferns" in run("series", "edit", made["id"], "--title", "Ferns").stdout
    assert "Nothing to change" in errors(run("series", "edit", made["id"], code=2))
    assert "--only" in errors(run("series", "edit", made["id"], "--only", "a", "--from", "b", code=2))


def test_pause_resume_end(run: Run) -> None:
    """A series is found by its title too; one that has ended is in a list of its own."""
    task = answer(run("add", "--plain", "Swim", "--due", FRIDAY, "--json"))["id"]
    run("repeat", task, "daily")
    assert run("series", "pause", "Swim").stdout.startswith("Paused: “Swim”: every day\n")
    assert run("series", "resume", "Swim").stdout.startswith("Goes on: “Swim”: every day\n")
    assert "next to come" in run("series", "show", "Swim").stdout
    ended = run("series", "end", "Swim").stdout
    assert ended.startswith("Ended: “Swim”: every day\n")
    assert "next to come" not in run("series", "show", "Swim").stdout
    assert "Swim" not in run("series", "list").stdout
    assert "Swim" in run("series", "list", "--ended").stdout
    position = ended.split("--position ")[1].split("`")[0]
    assert f"Undone: the change at position {position}" in run("undo", "--position", position).stdout
    assert "Swim" in run("series", "list").stdout
    assert "--position" in errors(run("undo", code=2))


def test_how_a_task_that_comes_again_is_shown(run: Run) -> None:
    """Its card says so, and its history has no ids that nobody can read."""
    task = answer(run("add", "--plain", "Swim", "--due", f"{FRIDAY}T09:00@Etc/UTC", "--json"))["id"]
    assert "repeats" not in run("show", task).stdout
    run("repeat", task, "daily")
    assert "every day at 09:00 (series " in run("show", task).stdout
    run("add", "Run every day remind me 30m before")
    (made,) = (one for one in answer(run("series", "list", "--json"))["items"] if one["template"]["title"] == "Run")
    told = run("history", made["open"][0]).stdout
    assert "30m before due" in told
    assert "PT30M" not in told


def test_an_occurrence_by_the_time_that_lists_show(run: Run) -> None:
    """With a blank as well as with a T; what is no time is refused in words."""
    task = answer(run("add", "--plain", "Swim", "--due", f"{FRIDAY}T09:00@Etc/UTC", "--json"))["id"]
    made = answer(run("repeat", task, "daily", "--json"))["id"]
    assert run("series", "skip", made, "2126-03-09 09:00").stdout.startswith("Left out: 2126-03-09T09:00.\n")
    edited = run("series", "edit", made, "--only", "2126-03-10 09:00", "--title", "Dive").stdout
    assert edited.startswith("Changed, only 2126-03-10T09:00: “Swim”")
    assert "series occurrences" in errors(run("series", "skip", made, "tomorrow", code=2))
    assert "series occurrences" in errors(run("series", "edit", made, "--from", "soon", "--title", "x", code=2))


def test_what_is_missed_is_said_when_it_is_added(run: Run) -> None:
    """As with `repeat`; of a task that comes once there is nothing to say."""
    made = answer(run("add", "Bins every monday", "--missed", "one-at-a-time", "--json"))
    assert made["missed"] == "one-at-a-time"
    assert "--missed is for what comes again" in errors(run("add", "Bins monday", "--missed", "all", code=2))
    assert len(answer(run("list", "--all", "--json"))["items"]) == 1


def test_lists_mark_what_comes_again(run: Run) -> None:
    """Beside its status."""
    run("add", "--plain", "Once")
    run("add", "Bins every monday")
    marks = {line.split()[2]: line.split()[1] for line in run("list").stdout.splitlines()[1:]}
    assert marks == {"Once": "○", "Bins": "○↻"}


def test_nothing_is_put_off_into_the_past(run: Run) -> None:
    """It says what to do instead."""
    task = answer(run("add", "--plain", "Swim", "--due", FRIDAY, "--json"))["id"]
    assert "give a later one" in errors(run("postpone", task, "yesterday", code=1))


def test_an_ended_series_stays_ended(run: Run) -> None:
    """Nothing changes it but undo."""
    task = answer(run("add", "--plain", "Swim", "--due", FRIDAY, "--json"))["id"]
    run("repeat", task, "daily")
    run("series", "end", "Swim")
    for change in (("resume", "Swim"), ("edit", "Swim", "--title", "Dive")):
        assert "has ended" in errors(run("series", *change, code=1))


def test_what_cannot_be_put_off_by_that(run: Run) -> None:
    """The message says what to give on the command line."""
    day = answer(run("add", "--plain", "Swim", "--due", FRIDAY, "--json"))["id"]
    assert "such as 1d" in errors(run("postpone", day, "2h", code=2))
    someday = answer(run("add", "--plain", "Run", "--json"))["id"]
    assert "such as friday" in errors(run("postpone", someday, code=2))


def test_what_is_not_understood(run: Run) -> None:
    """The message says what to say."""
    task = answer(run("add", "--plain", "Swim", "--due", FRIDAY, "--json"))["id"]
    assert "every monday at 9:00" in errors(run("repeat", task, "now and then", code=2))
    assert "no occurrence" in errors(run("series", "skip", answer(run("repeat", task, "daily", "--json"))["id"],
                                         "2126-01-01", code=1))  # fmt: skip
    assert "duration" in errors(run("postpone", task, "p1x", code=2))


def test_a_moved_occurrence_stays_in_the_zone_of_its_series(run: Run) -> None:
    """It does not float while the others are in a zone, unless another zone is given."""
    task = answer(run("add", "--plain", "Swim", "--due", f"{FRIDAY}T09:00@Europe/Berlin", "--json"))["id"]
    made = answer(run("repeat", task, "weekly", "--json"))["id"]
    for given, zone in (("2126-03-16T10:00", "Europe/Berlin"), ("2126-03-16T10:00@Asia/Tokyo", "Asia/Tokyo")):
        moved = answer(run("series", "edit", made, "--only", "2126-03-15T09:00", "--due", given, "--json"))
        assert moved["overrides"][0]["due"] == {"local": "2126-03-16T10:00", "zone": zone}
