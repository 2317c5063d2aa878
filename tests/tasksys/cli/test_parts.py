"""The command line's words for what belongs to a task: subtasks, checklist, links, comments, labels, assignees."""

from __future__ import annotations

import pytest

from tests.tasksys.cli.conftest import Run, answer, errors


def added(run: Run, *arguments: str) -> str:
    """The id of a new task."""
    identifier: str = answer(run("add", *arguments, "--json"))["id"]
    return identifier


def cells(text: str) -> list[list[str]]:
    """The rows of a table, without its head."""
    return [line.split() for line in text.splitlines()[1:]]


def test_a_checklist_from_beginning_to_end(run: Run) -> None:
    """Items are added, ticked by number, title or id, renamed and removed; every answer shows the list."""
    task = added(run, "Cake")
    assert run("check", "list", task).stdout == "No checklist.\n"
    run("check", "add", task, "Buy", "eggs")
    run("check", "add", task, "Flour")
    shown = run("check", "add", task, "Sugar")
    assert cells(shown.stdout) == [["1", "Buy", "eggs"], ["2", "Flour"], ["3", "Sugar"]]
    assert cells(run("check", "tick", task, "1", "flour").stdout)[:2] == [
        ["1", "x", "Buy", "eggs"],
        ["2", "x", "Flour"],
    ]
    assert cells(run("check", "untick", task, "2").stdout)[1] == ["2", "Flour"]
    assert cells(run("check", "edit", task, "3", "--title", "Brown sugar").stdout)[2] == ["3", "Brown", "sugar"]
    left = answer(run("check", "remove", task, "1", "2", "--json"))
    assert [(item["title"], item["done"]) for item in left["checklist"]] == [("Brown sugar", False)]
    assert [item["title"] for item in answer(run("show", task, "--json"))["checklist"]] == ["Brown sugar"]


def test_an_item_that_is_not_there(run: Run) -> None:
    """Nothing is changed, not even the items that are there, and the exit code says so."""
    task = added(run, "Cake")
    assert "has no checklist" in errors(run("check", "tick", task, "1", code=4))
    run("check", "add", task, "Eggs")
    assert "no checklist item 'Salt'" in errors(run("check", "tick", task, "Eggs", "Salt", code=4))
    assert not answer(run("check", "list", task, "--json"))["checklist"][0]["done"]
    assert "there is 1 only" in errors(run("check", "tick", task, "2", code=4))


def test_links_are_added_listed_and_removed(run: Run) -> None:
    """Both tasks have their side; an unknown kind is a usage error that lists the kinds."""
    paint, buy = added(run, "Paint"), added(run, "Buy paint")
    shown = run("link", "add", paint, "blocked-by", buy).stdout
    assert "blocked-by" in shown
    assert "Buy paint" in shown
    assert cells(run("link", "list", buy).stdout) == [["blocks", paint, "Paint"]]
    assert answer(run("link", "list", buy, "--json"))["links"] == [{"type": "blocks", "task": paint}]
    assert run("link", "remove", buy, "blocks", paint).stdout == "No links.\n"
    assert answer(run("show", paint, "--json"))["links"] == []
    assert "blocked-by" in errors(run("link", "add", paint, "needs", buy, code=2))
    assert "linked to itself" in errors(run("link", "add", paint, "relates", paint, code=1))


def test_comments_are_added_changed_and_removed(run: Run) -> None:
    """Each is named by the end of its id that the list shows."""
    task = added(run, "Paint")
    assert run("comment", "list", task).stdout == "No comments.\n"
    assert run("comment", "add", task, "Which", "white?").stdout == "Commented on “Paint”.\n"
    (row,) = cells(run("comment", "list", task).stdout)
    assert row[-2:] == ["Which", "white?"]
    assert run("comment", "edit", task, row[0], "Cream white.").stdout == "Changed the comment.\n"
    (one,) = answer(run("comment", "list", task, "--json"))["items"]
    assert one["body"] == "Cream white."
    assert run("comment", "remove", task, one["id"]).stdout == "Removed the comment.\n"
    assert run("comment", "list", task).stdout == "No comments.\n"
    assert "no comment 'zzzz'" in errors(run("comment", "remove", task, "zzzz", code=4))


def test_labels_and_assignees_come_and_go(run: Run, user: str) -> None:
    """They are added beside those that are there, and taken away one by one."""
    task = added(run, "Paint", "-l", "home")
    assert run("label", task, "urgent", "wall").stdout == "“Paint”: home, urgent, wall\n"
    assert run("label", task, "-r", "urgent", "-r", "wall").stdout == "“Paint”: home\n"
    assert run("assign", task, user).stdout == f"“Paint”: {user}\n"
    assert run("assign", task, "--remove", user).stdout == "“Paint”: none\n"
    assert "not a member" in errors(run("assign", task, "nobody", code=1))
    assert "Nothing to change" in errors(run("label", task, code=2))


def test_subtasks_are_listed_and_shown(run: Run) -> None:
    """Below their parent, and no others."""
    top = added(run, "Party")
    cake = added(run, "Cake", "--parent", top)
    added(run, "Tax")
    run("done", cake)
    listed = answer(run("list", "--parent", top, "--all", "--json"))["items"]
    assert [one["title"] for one in listed] == ["Cake"]
    assert answer(run("list", "--parent", top, "--json"))["items"] == []
    assert "● Cake" in run("show", top).stdout


def test_a_list_by_label_member_and_what_is_overdue(run: Run, user: str) -> None:
    """What is done is not among them; an option that is repeated wants all; whatever stands in a label."""
    run("add", "Mow", "-l", "home", "-l", 'so "loud"\\', "--due", "2026-03-08")
    run("add", "Call", "-l", "home", "-a", user)
    run("add", "Late", "--due", "2026-03-07")
    run("done", added(run, "Past", "-l", "home", "--due", "2026-03-07"))

    def titles(*options: str) -> list[str]:
        return [one["title"] for one in answer(run("list", "--sort", "title", "--json", *options))["items"]]

    assert titles("-l", "home") == ["Call", "Mow"]
    assert titles("-l", "home", "-l", 'so "loud"\\') == ["Mow"]
    assert titles("--all", "-l", "home") == ["Call", "Mow", "Past"]
    assert titles("-a", "me") == titles("--assignee", user) == ["Call"]
    assert titles("--overdue") == titles("--all", "--overdue") == ["Late", "Mow"]
    assert titles("--overdue", "--filter", "label = home") == ["Mow"]


def test_a_list_is_narrowed_and_counted(run: Run) -> None:
    """By project and trash, beside a filter; the count is of all that match."""
    run("add", "Setup")
    run("project", "add", "Household")
    for title in ("Sweep", "Wash", "Iron"):
        run("add", title, "--project", "Household")
    assert run("list", "--project", "household", "--limit", "1", "--count").stdout.splitlines()[-2:] == [
        "3 in all.",
        "There are more; see them with --all, or fewer with --filter.",
    ]
    narrow = ("list", "--project", "household", "--filter", 'title = "Wash" or title = "Setup"')
    assert [one["title"] for one in answer(run(*narrow, "--json"))["items"]] == ["Wash"]
    run("trash", answer(run(*narrow, "--json"))["items"][0]["id"])
    assert "Wash" in run("list", "--trashed").stdout
    assert answer(run("list", "--all", "--count", "--json"))["total"] == 3


@pytest.mark.parametrize("group", ["check", "link", "comment", "member", "project", "section", "workspace"])
def test_a_group_alone_shows_its_commands(run: Run, group: str) -> None:
    """Whoever knows the noun finds the verbs."""
    assert "Commands:" in run(group, "--help").stdout
