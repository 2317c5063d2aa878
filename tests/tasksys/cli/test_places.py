"""The command line's words for workspaces, members, projects and sections."""

from __future__ import annotations

from tests.tasksys.cli.conftest import Run, answer, errors


def names(run: Run, *arguments: str) -> list[str]:
    """The names in a list of projects."""
    return [one["name"] for one in answer(run("project", "list", *arguments, "--json"))["items"]]


def sections(run: Run, project: str) -> list[str]:
    """The names of a project's sections, in their order."""
    return [one["name"] for one in answer(run("section", "list", project, "--json"))["sections"]]


def test_members_come_change_and_go(run: Run, user: str) -> None:
    """Added with a role, listed, changed, removed; the last owner stays."""
    run("workspace", "create", "Home")
    assert run("member", "set", "anna", "editor").stdout == "anna is editor of Home.\n"
    assert ["anna", "editor"] in [line.split()[:2] for line in run("member", "list").stdout.splitlines()]
    assert answer(run("member", "set", "anna", "viewer", "--json"))["role"] == "viewer"
    assert run("member", "remove", "anna").stdout == "anna is no member of Home any more.\n"
    assert [one["user"] for one in answer(run("member", "list", "--json"))["items"]] == [user]
    assert "at least one owner" in errors(run("member", "remove", user, code=1))
    assert "no member 'anna'" in errors(run("member", "remove", "anna", code=4))
    assert "'boss' is not one of" in errors(run("member", "set", "anna", "boss", code=2))


def test_a_member_who_may_not_is_told_so(run: Run) -> None:
    """The role that is needed is in the words."""
    run("workspace", "create", "Home")
    run("member", "set", "vera", "viewer")
    assert "needs editor or more" in errors(run("project", "add", "Mine", "--user", "vera", code=1))


def test_projects_from_beginning_to_end(run: Run) -> None:
    """Added, shown, changed, cleared, reordered, trashed with their tasks, and restored."""
    run("workspace", "create", "Home")
    for name in ("Household", "Work", "Garden"):
        assert f"Added project {name}" in run("project", "add", name, "-d", "All of it").stdout
    assert "All of it" in run("project", "show", "work").stdout
    assert run("project", "edit", "Work", "--name", "Office", "--colour", "red").stdout == "Changed project Office.\n"
    edited = answer(run("project", "edit", "office", "--description", "", "--json"))
    assert (edited["colour"], edited["description"]) == ("red", "")
    run("project", "edit", "garden", "--after", "household")
    assert names(run) == ["Household", "Garden", "Office"]
    run("project", "edit", "office", "--before", "household")
    assert names(run) == ["Office", "Household", "Garden"]
    run("project", "edit", "office", "--after", "garden")
    assert names(run) == ["Household", "Garden", "Office"]
    run("add", "Weed", "--project", "garden")
    assert run("project", "trash", "garden").stdout == "In the trash, with its tasks: Garden\n"
    assert (names(run), names(run, "--trashed")) == (["Household", "Office"], ["Garden"])
    assert run("list").stdout == "No tasks.\n"
    assert run("project", "restore", "garden").stdout == "Back, with its tasks: Garden\n"
    assert "Weed" in run("list").stdout
    assert "no project 'garden'" in errors(run("project", "restore", "garden", code=4))
    assert "Nothing to change" in errors(run("project", "edit", "garden", code=2))
    assert run("project", "list", "--trashed").stdout == "No projects in the trash.\n"


def test_sections_from_beginning_to_end(run: Run) -> None:
    """Added, renamed, reordered, removed; tasks go into them by name and stay in the project without them."""
    run("workspace", "create", "Home")
    run("project", "add", "Work")
    assert run("section", "list", "work").stdout == "No sections.\n"
    for name in ("To do", "Doing", "Done"):
        run("section", "add", "work", name)
    assert sections(run, "work") == ["To do", "Doing", "Done"]
    run("section", "edit", "work", "done", "--name", "Finished", "--before", "doing")
    assert sections(run, "work") == ["To do", "Finished", "Doing"]
    task = answer(run("add", "Report", "--project", "work", "--section", "to do", "--json"))
    moved = answer(run("move", task["id"], "--section", "doing", "--json"))
    assert (moved["project"], moved["section"]) == (
        task["project"],
        answer(run("projects", "--json"))["items"][0]["sections"][2]["id"],
    )
    assert answer(run("add", "Letter", "--section", "doing", "--json"))["section"] == moved["section"]
    assert "Removed Doing." in run("section", "remove", "work", "doing").stdout
    shown = answer(run("show", task["id"], "--json"))
    assert (shown["project"], shown["section"]) == (task["project"], None)
    run("edit", task["id"], "--section", "To do")
    assert answer(run("move", task["id"], "--section", "none", "--json"))["section"] is None
    assert "no section 'doing'" in errors(run("move", task["id"], "--section", "doing", code=4))
    assert "Nothing to change" in errors(run("section", "edit", "work", "to do", code=2))


def test_a_workspace_is_shown_and_changed(run: Run) -> None:
    """Its name, zone and reminder hour."""
    run("workspace", "create", "Home", "--time-zone", "UTC")
    edited = run("workspace", "edit", "--name", "House", "--time-zone", "Europe/Berlin", "--reminder-hour", "7")
    assert "Changed workspace House" in edited.stdout
    shown = run("workspace", "show").stdout
    for said in ("House", "Europe/Berlin", "7", "owner"):
        assert said in shown
    assert "House" in run("workspace", "list").stdout
    assert "Unknown time zone" in errors(run("workspace", "edit", "--time-zone", "Mars/Phobos", code=1))
    assert "Nothing to change" in errors(run("workspace", "edit", code=2))


def test_a_chosen_workspace_is_its_users(run: Run) -> None:
    """Another user of the same server is not led into it."""
    for name in ("Home", "Work"):
        run("workspace", "create", name)
    run("use", "work")
    run("add", "Report")
    run("workspace", "create", "Mine", "--user", "otto")
    assert run("list", "--user", "otto").stdout == "No tasks.\n"
    assert "Report" in run("list").stdout
