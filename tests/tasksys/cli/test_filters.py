"""`tasksys filters` and `tasksys list --saved`."""

from __future__ import annotations

import pytest

from tasksys.cli.filters import joined
from tests.tasksys.cli.conftest import Run, answer, errors


def titles(run: Run, *arguments: str) -> list[str]:
    """The titles of the tasks that a list shows."""
    return [one["title"] for one in answer(run("list", *arguments, "--json"))["items"]]


def test_a_filter_from_beginning_to_end(run: Run) -> None:
    """Saved, listed with how much it finds, run, narrowed, removed."""
    for title, priority in (("Milk", "high"), ("Bread", "high"), ("Jam", "low")):
        run("add", "--plain", title, "--priority", priority)
    assert run("filters", "list").stdout == "No saved filters.\n"
    assert run("filters", "add", "Urgent", "--filter", "priority >= high", "--sort", "title").stdout == (
        "Saved “Urgent”.\n"
    )
    run("filters", "add", "Jam", "--q", "jam", "--shared")
    shown = [line.split() for line in run("filters", "list", "--count").stdout.splitlines()]
    assert [line[1:3] for line in shown[1:]] == [["Urgent", "2"], ["Jam", "1"]]
    assert titles(run, "--saved", "urgent") == ["Bread", "Milk"]
    assert titles(run, "--saved", "Urgent", "--q", "milk") == ["Milk"]
    assert titles(run, "--saved", "Jam", "--filter", "priority = high") == []
    run("done", answer(run("list", "--q", "jam", "--json"))["items"][0]["id"])
    assert titles(run, "--saved", "Jam") == ["Jam"]
    run("filters", "remove", "Urgent")
    assert [one["name"] for one in answer(run("filters", "list", "--json"))["items"]] == ["Jam"]
    assert "no saved filter 'Urgent'" in errors(run("list", "--saved", "Urgent", code=4))


def test_what_cannot_be_read_is_not_saved(run: Run) -> None:
    """The error says what to give instead."""
    run("add", "Milk")
    assert "open" in errors(run("filters", "add", "Bad", "--filter", "status = opn", code=1))
    assert run("filters", "list").stdout == "No saved filters.\n"


@pytest.mark.parametrize(
    ("saved", "given", "expected"),
    [
        (("a = b", "", ""), (None, None, None), ("a = b", None, "")),
        (("a or b", "x", "due"), ("c or d", "y", "title"), ("(a or b) and (c or d)", "x y", "title")),
        ((" ", "x", "due"), ("c", None, None), ("c", "x", "due")),
    ],
)
def test_what_is_given_besides_narrows(
    saved: tuple[str, str, str],
    given: tuple[str | None, str | None, str | None],
    expected: tuple[str | None, str | None, str],
) -> None:
    """Each filter by itself, so that an `or` in one does not reach into the other."""
    assert joined(dict(zip(("filter", "q", "sort"), saved, strict=True)), *given) == expected
