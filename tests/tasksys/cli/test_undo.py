"""Undo on the command line: what it takes back, what it says, and going further back."""

from __future__ import annotations

from tasksys.cli.client import Client, path
from tests.support.serving import Serving
from tests.tasksys.cli.conftest import Run, answer, errors
from tests.tasksys.cli.test_journey import added, titles


def test_undo_takes_a_position_of_the_history(run: Run) -> None:
    """An earlier change is undone, a later one of other fields stays."""
    task = added(run, "Buy milk")
    renamed = answer(run("edit", task, "--title", "Buy oat milk", "--json"))["position"]
    run("edit", task, "-p", "low")
    run("undo", task, str(renamed))
    shown = answer(run("show", task, "--json"))
    assert (shown["title"], shown["priority"]) == ("Buy milk", "low")


def test_an_undo_in_the_way_of_a_later_change_is_refused(run: Run) -> None:
    """The refusal names the change that stands in the way."""
    task = added(run, "Buy milk")
    first = answer(run("edit", task, "--title", "Buy oat milk", "--json"))["position"]
    run("edit", task, "--title", "Buy soy milk")
    said = errors(run("undo", task, str(first), code=1))
    assert "undo the later change first" in said
    assert "TaskEdited" in said


def test_undo_again_goes_further_back(run: Run) -> None:
    """An undo is not undone by the next one: what came before it is; at last nothing is left."""
    task = added(run, "Milk")
    run("edit", task, "--title", "Oat milk")
    run("edit", task, "-p", "low")
    assert "tasksys undo" in run("undo", task).stdout
    run("undo", task)
    shown = answer(run("show", task, "--json"))
    assert (shown["title"], shown["priority"]) == ("Milk", "none")


def test_undos_of_other_clients_are_no_changes(run: Run, server: Serving, user: str) -> None:
    """Whoever undid something, in whatever way, it is not done again by the next undo, which goes further back."""
    task = added(run, "Milk")
    run("edit", task, "-p", "low")
    last = answer(run("edit", task, "--title", "Oat milk", "--json"))
    with Client(server.url, user=user) as other:
        other.send("POST", path("workspaces", last["workspace"], "tasks", task, "undo"), {"position": last["position"]})
    run("undo", task)
    shown = answer(run("show", task, "--json"))
    assert (shown["title"], shown["priority"]) == ("Milk", "none")
    assert f"undoes {last['position']}" in " ".join(run("history", task).stdout.split())


def test_an_undo_that_was_undone_leaves_its_change_to_be_undone(run: Run) -> None:
    """By its position an undo can be undone too; then the change stands, and is the next one to go."""
    task = added(run, "Milk")
    run("done", task)
    undone = answer(run("undo", task, "--json"))["position"]
    run("undo", task, "--position", str(undone))
    assert titles(run) == []
    run("undo", task)
    assert titles(run) == ["Milk"]


def test_a_change_like_an_undo_is_a_change(run: Run) -> None:
    """Reopened by hand, a task is done again by the next undo."""
    task = added(run, "Milk")
    run("done", task)
    run("reopen", task)
    run("undo", task)
    assert answer(run("show", task, "--json"))["status"] == "done"


def test_a_series_is_not_ended_by_the_way(run: Run) -> None:
    """Going back and back, what made the task come again is asked for; by --yes or its position it is undone."""
    for given in ("--yes", "--position"):
        task = added(run, "Plants", "--due", "2126-03-08")
        run("repeat", task, "daily")
        run("edit", task, "-p", "high")
        assert "TaskEdited" in run("undo", task).stdout
        said = errors(run("undo", task, code=1))
        assert f"tasksys undo {task} --yes" in said
        assert "ends the series" in said
        position = said.rstrip(".").rpartition(" ")[2]
        (series,) = answer(run("series", "list", "--json"))["items"]
        assert series["state"] == "active"
        undone = run("undo", task, *([given] if given == "--yes" else [given, position])).stdout
        assert f"Undone: SeriesCreated and TaskSeriesChanged at position {position}" in undone
        assert answer(run("series", "list", "--json"))["items"] == []
        assert "Undone: TaskCreated" in run("undo", task).stdout


def test_undoing_what_came_of_another_task_says_so(run: Run) -> None:
    """An occurrence that was made because the one before it was done: that one is open again."""
    task = added(run, "Plants", "--due", "2126-03-08")
    made = answer(run("repeat", task, "daily", "--json"))["id"]
    run("done", task)
    (following,) = answer(run("series", "show", made, "--json"))["open"]
    assert "Undone: TaskCompleted and TaskCreated at position" in run("undo", following).stdout
    assert answer(run("series", "show", made, "--json"))["open"] == [task]


def test_undoing_the_creation_says_where_the_task_is(run: Run) -> None:
    """What was undone is named, the task is said to be in the trash; then nothing is left to undo."""
    task = added(run, "Milk")
    shown = run("undo", task).stdout
    assert "Undone: TaskCreated at position" in shown
    assert "is in the trash now; `tasksys restore" in shown
    assert "Nothing is left to undo" in errors(run("undo", task, code=1))
    assert "one position" in errors(run("undo", task, "1", "--position", "2", code=2))
