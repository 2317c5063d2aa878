"""`tasksys audit list`: who changed what, and when."""

from __future__ import annotations

from tests.tasksys.cli.conftest import Run, answer, errors
from tests.tasksys.cli.test_journey import added


def types(run: Run, *arguments: str) -> list[str]:
    """The kinds of events listed."""
    return [entry["type"] for entry in answer(run("audit", "list", *arguments, "--json"))["items"]]


def test_the_record_of_a_workspace_is_listed(run: Run, user: str) -> None:
    """Newest first, with who, the task, before and after; narrowed by task, actor and time."""
    task = added(run, "Milk")
    run("done", task)
    added(run, "Bread")
    shown = run("audit", "list").stdout
    assert user in shown
    assert f"  {task[-4:]}  " in shown
    assert "status: open → done" in shown
    assert types(run)[:3] == ["TaskCreated", "TaskCompleted", "TaskCreated"]
    assert types(run, "--task", task[-6:]) == ["TaskCompleted", "TaskCreated"]
    assert types(run, "--actor", "nobody") == types(run, "--until", "2000-01-01") == []
    assert len(types(run, "--since", "2000-01-01")) == len(types(run))
    assert run("audit", "list", "--until", "2000-01-01").stdout == "Nothing happened.\n"
    assert "--since" in errors(run("audit", "list", "--since", "soon", code=2))


def test_the_record_is_read_on_from_a_cursor(run: Run) -> None:
    """The JSON says where to go on, and people that there is more."""
    added(run, "Milk")
    first = answer(run("audit", "list", "--limit", "1", "--json"))
    second = answer(run("audit", "list", "--limit", "1", "--cursor", first["next_cursor"], "--json"))
    assert first["items"][0]["position"] == first["position"] == second["items"][0]["position"] + 1
    assert "There are more" in run("audit", "list", "--limit", "1").stdout


def test_lists_keep_what_the_server_says_beside_the_items(run: Run) -> None:
    """Position and cursor of a history, of comments and of all tasks."""
    task = added(run, "Milk")
    for asked in (("history", task), ("comment", "list", task), ("list", "--all")):
        assert answer(run(*asked, "--json"))["position"] >= 3
    assert answer(run("history", task, "--json"))["next_cursor"] is None
