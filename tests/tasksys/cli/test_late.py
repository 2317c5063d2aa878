"""Commands that the server decides late: it answers 202, and the command line asks until it knows."""

from __future__ import annotations

from typing import Any

import pytest

from tasksys.cli import client
from tests.tasksys.cli.conftest import errors, invoke
from tests.tasksys.cli.scripted import Scripted, Step, paths

WORKSPACE = {"id": "w", "name": "Home", "time_zone": "UTC", "position": 1}
TASK: dict[str, Any] = {
    "id": "milk", "title": "Buy milk", "status": "done", "priority": "none", "labels": [], "due": None, "project": None
}  # fmt: skip
WHERE = "/api/v1/workspaces/w/commands/c"
LATE = Step({"status": "pending"}, 202, {"Location": WHERE})


def decided(events: list[Any]) -> Step:
    """The outcome of an accepted command."""
    return Step({"status": "accepted", "events": events, "problem": None})


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between looks."""
    monkeypatch.setattr(client, "PENDING_SECONDS", (0.0,))


def test_a_task_that_was_changed_late_is_shown_as_it_is_now() -> None:
    """The outcome has events only; the task is read again."""
    steps = (Step({"items": [WORKSPACE]}), Step(TASK), LATE, decided([{"task": "milk"}]), Step(TASK))
    with Scripted(*steps) as server:
        assert invoke("done", "milk", "--server", server.url).stdout == "Done: Buy milk\n"
    assert paths(server.asked)[-2:] == [f"GET {WHERE}", "GET /api/v1/workspaces/w/tasks/milk"]


def test_a_workspace_that_was_made_late_is_shown() -> None:
    """Its id is in the place where its creation was decided."""
    with Scripted(LATE, decided([{"type": "WorkspaceCreated"}]), Step(WORKSPACE)) as server:
        assert "Made Home (w, UTC)." in invoke("workspace", "create", "Home", "--server", server.url).stdout
    assert paths(server.asked)[-1] == "GET /api/v1/workspaces/w"


def test_a_project_that_was_added_late_is_shown() -> None:
    """Its id is in the event that made it."""
    project = {"id": "p", "name": "House"}
    steps = (Step({"items": [WORKSPACE]}), LATE, decided([{"data": {"project": "p"}}]), Step(project))
    with Scripted(*steps) as server:
        assert invoke("project", "add", "House", "--server", server.url).stdout == "Added project House (p).\n"
    assert paths(server.asked)[-1] == "GET /api/v1/workspaces/w/projects/p"


def test_a_late_command_that_changed_nothing_shows_the_task() -> None:
    """Without events it is the task that was named."""
    steps = (Step({"items": [WORKSPACE]}), Step(TASK), LATE, decided([]), Step(TASK))
    with Scripted(*steps) as server:
        assert invoke("done", "milk", "--server", server.url).stdout == "Done: Buy milk\n"


def test_a_task_that_may_not_be_read_is_not_looked_for() -> None:
    """Only one that is not there is looked for by a part of its id."""
    with Scripted(Step({"items": [WORKSPACE]}), Step({"detail": "Not for you."}, 403)) as server:
        assert "Not for you." in errors(invoke("show", "milk", "--server", server.url, code=1))


def test_a_server_that_is_lost_ends_a_list_of_actions() -> None:
    """The other tasks are not tried one by one."""
    with Scripted(Step({"items": [WORKSPACE]}), Step(b"hello")) as server:
        invoke("done", "milk", "bread", "--server", server.url, code=3)
    assert len(server.asked) == 2
