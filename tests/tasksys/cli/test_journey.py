"""A person's way through the command line, against a real server."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasksys.cli.client import Client, path
from tests.support.serving import Serving
from tests.tasksys.cli.conftest import Run, answer, errors


def added(run: Run, *arguments: str) -> str:
    """The id of a new task."""
    identifier: str = answer(run("add", *arguments, "--json"))["id"]
    return identifier


def titles(run: Run, *arguments: str) -> list[str]:
    """The titles that `list` shows."""
    return [item["title"] for item in answer(run("list", *arguments, "--json"))["items"]]


def test_the_first_task_makes_a_workspace_and_says_so(run: Run) -> None:
    """Whoever has no workspace gets one on their first `add`, once."""
    first = run("add", "Buy", "milk")
    assert "made Personal" in errors(first)
    assert "Buy milk" in first.stdout
    assert run("add", "Buy bread").stderr == ""
    assert [one["name"] for one in answer(run("workspaces", "--json"))["items"]] == ["Personal"]


def test_a_task_from_beginning_to_end_and_back(run: Run) -> None:
    """Added, listed, done, gone from the list, in its history, undone, on the list again."""
    task = added(run, "Buy milk", "-l", "home", "-p", "high")
    assert titles(run) == ["Buy milk"]
    assert run("done", task[-4:]).stdout == "Done: Buy milk\n"
    assert titles(run) == []
    assert titles(run, "--all") == ["Buy milk"]
    history = run("history", task[:8]).stdout
    assert "TaskCreated" in history
    assert "status: open → done" in history
    assert "Undone" in run("undo", task).stdout
    assert titles(run) == ["Buy milk"]
    kinds = [entry["type"] for entry in answer(run("history", task, "--json"))["items"]]
    assert kinds == ["TaskCreated", "TaskCompleted", "TaskReopened"]
    assert len(answer(run("history", task, "--limit", "1", "--json"))["items"]) == 1


def test_every_action_on_several_tasks(run: Run) -> None:
    """Each task named is acted upon, and the words say what happened."""
    one, two = added(run, "One"), added(run, "Two")
    for command, said in (
        ("start", "In progress"), ("done", "Done"), ("reopen", "Open again"), ("cancel", "Cancelled"),
        ("trash", "In the trash"), ("restore", "Back"),
    ):  # fmt: skip
        assert run(command, one, two).stdout == f"{said}: One\n{said}: Two\n"


def test_one_task_that_fails_leaves_the_others_alone(run: Run) -> None:
    """The rest is done; the worst exit code is the program's."""
    task = added(run, "One")
    result = run("done", "nonsense", task, code=4)
    assert result.stdout == "Done: One\n"
    assert "no task 'nonsense'" in errors(result)


def test_a_single_letter_is_no_task(run: Run) -> None:
    """What ends with it is left alone, in the list and in the trash."""
    task = added(run, "One")
    assert "at least the 4 characters" in errors(run("done", task[-1], code=4))
    run("trash", task)
    assert "at least the 4 characters" in errors(run("show", task[-3:], code=4))


def test_all_fields_of_a_task(run: Run) -> None:
    """Every option of `add` reaches the task, and `show` shows it."""
    run("add", "Parent")
    run("project", "add", "Household")
    task = added(
        run, "Paint", "--due", "2026-03-08T09:00@Europe/Berlin", "--start", "2026-03-01", "-p", "urgent", "-l", "a",
        "-l", "b", "--project", "household", "-d", "Two coats.\nWhite.", "--estimate", "90",
    )  # fmt: skip
    part = added(run, "Buy paint", "--parent", task[-5:])
    run("comment", "add", task, "Which", "white?")
    shown = run("show", task).stdout
    for said in ("Paint", "2026-03-08 09:00 Europe/Berlin", "2026-03-01", "urgent", "a, b", "Household", "90 min",
                 "Two coats.", "Which white?"):  # fmt: skip
        assert said in shown
    assert task in run("show", part).stdout


def test_due_today_is_the_day_in_the_workspaces_zone(run: Run) -> None:
    """Somebody whose workspace is far east has their own today."""
    run("workspace", "create", "East", "--time-zone", "Pacific/Kiritimati")
    task = answer(run("add", "Now", "--due", "today", "--json"))
    there = (datetime.now(UTC) + timedelta(hours=14)).date()
    assert task["due"]["date"] in {there.isoformat(), (there - timedelta(days=1)).isoformat()}


def test_edit_changes_and_clears(run: Run) -> None:
    """Labels are replaced, `none` clears, other fields stay."""
    task = added(run, "Buy milk", "-l", "a", "--due", "2026-03-08", "-d", "Oat.")
    changed = answer(run("edit", task, "-l", "b", "--due", "none", "--json"))
    assert (changed["labels"], changed["due"], changed["description"]) == (["b"], None, "Oat.")
    assert answer(run("edit", task, "-l", "none", "--json"))["labels"] == []
    assert answer(run("edit", task, "--status", "in-progress", "--json"))["status"] == "in-progress"


def test_edit_without_a_change_is_a_usage_error(run: Run) -> None:
    """It says what could be given."""
    task = added(run, "Buy milk")
    assert "Nothing to change" in errors(run("edit", task, code=2))
    assert "Move it where?" in errors(run("move", task, code=2))


def test_an_edit_may_insist_on_a_version(run: Run) -> None:
    """Somebody else's change in between refuses it, and is shown."""
    task = added(run, "Buy milk")
    run("edit", task, "--title", "Buy oat milk")
    said = errors(run("edit", task, "--title", "Buy soy milk", "--if-version", "1", code=1))
    assert "version 2" in said
    assert "TaskEdited" in said


def test_a_move_to_a_place_and_out_of_it(run: Run) -> None:
    """To a project, below another task, and to none."""
    one, two = added(run, "One"), added(run, "Two")
    run("project", "add", "Household")
    assert answer(run("move", one, "--project", "Household", "--json"))["project"]
    assert answer(run("move", one, "--project", "none", "--section", "none", "--json"))["project"] is None
    assert answer(run("move", two, "--parent", one, "--json"))["parent"] == one
    assert answer(run("move", two, "--parent", "none", "--json"))["parent"] is None


def test_a_move_in_the_manual_order(run: Run) -> None:
    """Next to the task named, on the side named, whatever else is there."""
    a, b, c, d = (added(run, title) for title in "ABCD")
    for arguments, order in (
        ((d, "--before", b), "ADBC"),
        ((a, "--after", d), "DABC"),
        ((a, "--after", c), "DBCA"),
        ((c, "--before", d), "CDBA"),
        ((a, "--after", d, "--before", b), "CDAB"),
    ):
        run("move", *arguments)
        assert "".join(titles(run, "--sort", "order")) == order


def test_list_filters_searches_sorts_and_bounds(run: Run) -> None:
    """Its options are the API's, and it says when there is more."""
    for title, priority in (("Apples", "low"), ("Bread", "high"), ("Cream", "none")):
        run("add", title, "-p", priority)
    assert titles(run, "--filter", "priority >= low", "--sort", "-priority") == ["Bread", "Apples"]
    assert titles(run, "--q", "cream") == ["Cream"]
    bounded = run("list", "--limit", "1", "--sort", "title")
    assert "Apples" in bounded.stdout
    assert "There are more" in bounded.stdout
    assert run("list", "--q", "zebra").stdout == "No tasks.\n"


def test_a_wrong_filter_says_where(run: Run) -> None:
    """Position and hint of the server are shown."""
    run("add", "Buy milk")
    assert "(at character 9)" in errors(run("list", "--filter", "status =", code=1))


def test_lists_and_tasks_of_the_past(run: Run) -> None:
    """`--as-of` shows what was then."""
    task = answer(run("add", "Buy milk", "--json"))
    run("edit", task["id"], "--title", "Buy oat milk")
    then = str(task["position"])
    assert titles(run, "--as-of", then) == ["Buy milk"]
    assert answer(run("show", task["id"], "--as-of", then, "--json"))["title"] == "Buy milk"
    assert "Buy milk" in run("show", task["id"], "--as-of", then).stdout


def test_json_is_the_servers(run: Run, server: Serving) -> None:
    """What is printed for programs is one JSON document a line, with everything the API says."""
    task = added(run, "Buy milk")
    result = run("done", task, "--json")
    assert result.stdout.count("\n") == 1
    assert answer(result)["version"] == 2
    assert answer(run("list", "--json"))["position"] == 4


def test_a_project_is_named_in_lists(run: Run) -> None:
    """People see names, not ids."""
    run("add", "Setup")
    run("project", "add", "Household")
    run("add", "Paint", "--project", "household")
    assert "Household" in run("list").stdout
    assert "Household" in run("projects").stdout
    assert answer(run("projects", "--json"))["items"][0]["name"] == "Household"


def test_without_projects_or_workspaces_the_lists_say_so(run: Run) -> None:
    """An empty list is a sentence."""
    assert "No workspaces" in run("workspaces").stdout
    assert "no workspace yet" in errors(run("list", code=4))
    run("add", "Setup")
    assert run("projects").stdout == "No projects.\n"


def test_workspaces_are_chosen(run: Run) -> None:
    """With several, one must be named, by option or once for all by `use`; the option wins."""
    for name in ("Home", "Work"):
        run("workspace", "create", name)
    assert "Which workspace?" in errors(run("add", "Buy milk", code=2))
    run("use", "home")
    run("add", "Buy milk")
    run("add", "Write report", "--workspace", "Work")
    assert titles(run) == ["Buy milk"]
    listed = answer(run("list", "--json", TASKSYS_WORKSPACE="work"))["items"]
    assert [item["title"] for item in listed] == ["Write report"]
    marked = [line for line in run("workspaces").stdout.splitlines() if line.startswith("*")]
    assert "Home" in marked[0]
    assert "no workspace 'Garden'" in errors(run("use", "Garden", code=4))


def test_what_is_not_there_is_code_4(run: Run) -> None:
    """Tasks and projects alike."""
    task = added(run, "Buy milk")
    assert "no task 'zzzz'" in errors(run("show", "zzzz", code=4))
    assert "no project 'zzzz'" in errors(run("move", task, "--project", "zzzz", code=4))


def test_an_ambiguous_name_lists_the_candidates(run: Run, server: Serving, user: str) -> None:
    """Nothing is done to a task that might not be the one meant."""
    run("workspace", "create", "Home")
    workspace = answer(run("workspaces", "--json"))["items"][0]["id"]
    with Client(server.url, user=user) as client:
        for number in (1, 2):
            client.send("POST", path("workspaces", workspace, "tasks"), {"task": f"{number}same", "title": "One"})
    said = errors(run("done", "same", code=1))
    assert "give more of the id: 1same One 2same One" in said


def test_a_title_cannot_style_the_output(run: Run) -> None:
    """What looks like markup is shown as it was written."""
    run("add", "[bold red]Buy[/] :milk:")
    assert "[bold red]Buy[/] :milk:" in run("list").stdout


def test_export_writes_the_workspace(run: Run, tmp_path: Path) -> None:
    """The same document on standard output and in a file; a file that cannot be written is said."""
    run("add", "Buy milk")
    exported = answer(run("export"))
    assert [task["title"] for task in exported["tasks"]] == ["Buy milk"]
    target = tmp_path / "export.json"
    assert "Wrote" in errors(run("export", "-o", str(target)))
    assert json.loads(target.read_text(encoding="utf-8")) == exported
    assert "cannot be written" in errors(run("export", "-o", str(tmp_path / "none" / "x"), code=1))


def test_an_export_that_cannot_be_written_says_so_plainly(run: Run, tmp_path: Path) -> None:
    """The reason in words, and the file that was asked for."""
    run("add", "Milk")
    said = errors(run("export", "-o", str(tmp_path / "none" / "all.json"), code=1))
    assert "none/all.json cannot be written (No such file or directory)" in said
    assert "Errno" not in said
    assert ".part" not in said


def test_export_writes_a_spreadsheet(run: Run, tmp_path: Path) -> None:
    """The tasks as CSV, the same on standard output and in a file, byte for byte."""
    run("add", "=1+1", "-l", "home")
    (row,) = csv.DictReader(io.StringIO(run("export", "--format", "csv").stdout, newline=""))
    assert (row["title"], row["labels"]) == ("'=1+1", "home")
    target = tmp_path / "tasks.csv"
    run("export", "--format", "csv", "-o", str(target))
    assert target.read_bytes() == run("export", "--format", "csv").stdout_bytes
    assert [one.name for one in tmp_path.glob("tasks*")] == ["tasks.csv"]
    assert "cannot be written" in errors(run("export", "--format", "csv", "-o", str(tmp_path / "none" / "x"), code=1))


@pytest.mark.parametrize("broken", ["{", "[]"], ids=["no JSON", "no object"])
def test_a_broken_memory_is_said(run: Run, home: Path, broken: str) -> None:
    """The file that `use` wrote is named when it cannot be read."""
    remembered = home / "config" / "tasksys" / "workspaces.json"
    remembered.parent.mkdir(parents=True)
    remembered.write_text(broken)
    assert "workspaces.json" in errors(run("list", code=1))


def test_a_memory_that_cannot_be_written_is_said(run: Run, home: Path) -> None:
    """The error names another way."""
    run("add", "Setup")
    (home / "config").write_text("a file where the folder should be")
    assert "--workspace" in errors(run("use", "Personal", code=1))
