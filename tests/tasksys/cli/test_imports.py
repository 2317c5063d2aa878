"""`tasksys import` of exports, spreadsheets and templates; of calendars see `test_calendars`."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from tasksys.cli.failures import Failure
from tasksys.cli.imports import detected, mapped
from tests.tasksys.cli.conftest import Run, answer, errors


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_an_export_comes_back(run: Run, tmp_path: Path, kind: str) -> None:
    """Into another workspace, and not twice; a plan makes nothing."""
    run("add", "--plain", "Buy milk", "--label", "home")
    target = tmp_path / f"all.{kind}"
    run("export", "--format", kind, "-o", str(target))
    run("workspace", "create", "Second")
    there = ("--workspace", "Second")
    planned = run("import", str(target), "--dry-run", *there)
    assert planned.stdout.splitlines()[-1] == "1 would be made, 0 would be changed, 0 left alone."
    assert run("import", str(target), *there).stdout.splitlines()[-1] == "1 made, 0 changed, 0 left alone."
    (task,) = answer(run("list", "--json", *there))["items"]
    assert (task["title"], task["labels"]) == ("Buy milk", ["home"])
    again = run("import", str(target), *there).stdout.splitlines()
    assert again[-1] == "0 made, 0 changed, 1 left alone."
    assert again[0].endswith("1, Buy milk: it is here already" if kind == "json" else "2, Buy milk: it is here already")


def test_a_template_of_todoist(run: Run, tmp_path: Path) -> None:
    """Its project is called as the file is."""
    run("add", "Something else")
    target = tmp_path / "Our trip.csv"
    target.write_text("TYPE,CONTENT,PRIORITY,INDENT,DATE\nsection,Now,,,\ntask,Pack,1,1,someday\n", encoding="utf-8")
    said = run("import", str(target)).stdout.splitlines()
    assert said == [
        "line 3, Pack: its date 'someday' was not understood; it is in the description",
        "2 made (1 task, 1 project), 0 changed, 0 left alone.",
    ]
    assert "Our trip" in run("project", "list").stdout


def test_columns_and_formats_can_be_said(run: Run, tmp_path: Path) -> None:
    """Where the file does not say them."""
    run("add", "Something else")
    target = tmp_path / "file"
    target.write_text("Was;Wer\nMilch;anna\n", encoding="cp1252")
    assert "mapping" in errors(run("import", str(target), code=1))
    said = run("import", str(target), "--map", "title=Was", "--format", "csv").stdout.splitlines()
    assert said[0] == "line 1, Columns: not taken over: 'Wer'"
    assert said[-1] == "1 made, 0 changed, 1 left alone."
    assert "FIELD=COLUMN" in errors(run("import", str(target), "--map", "title", code=2))


def test_a_row_that_is_refused(run: Run, tmp_path: Path) -> None:
    """It is said why, and the end is an error."""
    run("add", "Something else")
    target = tmp_path / "tasks.csv"
    labels = ";".join(f"l{number}" for number in range(101))
    target.write_text(f"title,labels\nMilk,{labels}\n", encoding="utf-8")
    result = run("import", str(target), code=1)
    assert "line 2, Milk: CreateTask: At most 100 labels" in result.stdout
    assert "could not be imported" in errors(result)


@pytest.mark.parametrize(
    ("name", "raw", "kind"),
    [
        ("a.ics", b"", "ics"),
        ("a.txt", b"\xef\xbb\xbfBEGIN:VCALENDAR", "ics"),
        ("a", b'  {"tasks": []}', "json"),
        ("a.JSON", b"", "json"),
        ("a.tsv", b"title\tdue", "csv"),
        ("-", b"title", "csv"),
    ],
)
def test_formats_are_found_out(name: str, raw: bytes, kind: str) -> None:
    """By the beginning of the file, else by its name."""
    assert detected(PurePath(name), raw) == kind


def test_mappings() -> None:
    """A column may have an equals sign in its name."""
    assert mapped(("title=Task name", " due = a=b ")) == {"title": "Task name", "due": "a=b"}
    with pytest.raises(Failure, match="FIELD=COLUMN"):
        mapped(("title=",))
