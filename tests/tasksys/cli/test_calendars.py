"""`tasksys calendar`, `tasksys import` and `tasksys export --format ics`."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from tests.support.serving import Serving
from tests.tasksys.cli.conftest import Run, answer, errors
from tests.tasksys.ical.made import file, todos, vtodo


def read(url: str) -> str:
    """What a program gets that has nothing but the address."""
    with urllib.request.urlopen(url) as response:
        return str(response.read().decode())


def test_the_address_of_a_calendar(run: Run) -> None:
    """It is shown, works without anything else, and is another one after it was renewed."""
    run("add", "Buy milk", "--due", "2126-03-08")
    first = answer(run("calendar", "--json"))
    lines = run("calendar").stdout.splitlines()
    assert lines == [f"to-dos  {first['todos']}", f"events  {first['events']}"]
    assert [one.title for one in todos(read(first["todos"]))] == ["Buy milk"]
    assert "BEGIN:VEVENT" in read(first["events"])
    renewed = answer(run("calendar", "--renew", "--json"))
    assert renewed["todos"] != first["todos"]
    assert answer(run("calendar", "--json")) == renewed


def test_a_file_is_imported(run: Run, tmp_path: Path) -> None:
    """Once; what could not be taken is said with its line, and a plan makes nothing."""
    run("add", "Something else")
    target = tmp_path / "tasks.ics"
    event = "BEGIN:VEVENT\nUID:e\nEND:VEVENT\n"
    target.write_text(file(event, vtodo("SUMMARY:Milk", "GEO:1;2", "DUE:soon")), encoding="utf-8")
    planned = run("import", str(target), "--dry-run").stdout.splitlines()
    assert planned[-1] == "1 would be made, 0 would be changed, 1 left alone."
    assert run("list", "--count").stdout.strip().endswith("1 in all.")
    said = run("import", str(target)).stdout.splitlines()
    assert said[0] == "line 4, without title: VEVENT is no to-do (VTODO), and only those are imported"
    assert said[1].startswith("line 7, Milk: line 12: DUE was left out: 'soon' is no date or time")
    assert said[-1] == "1 made, 0 changed, 1 left alone."
    assert run("import", str(target)).stdout.splitlines()[-1] == "0 made, 0 changed, 2 left alone."


def test_into_a_project(run: Run, tmp_path: Path) -> None:
    """By its name."""
    run("add", "Something else")
    run("project", "add", "Home")
    target = tmp_path / "tasks.ics"
    target.write_text(file(vtodo("SUMMARY:Milk")), encoding="utf-8")
    (item,) = answer(run("import", str(target), "--project", "Home", "--json"))["items"]
    shown = answer(run("show", item["task"], "--json"))
    assert shown["project"] is not None


def test_what_cannot_be_imported(run: Run, tmp_path: Path) -> None:
    """A file that is none, and one in which something failed, end with an error."""
    run("add", "Something else")
    target = tmp_path / "tasks.ics"
    target.write_text("hello", encoding="utf-8")
    assert "Line 1 is in no calendar" in errors(run("import", str(target), code=1))
    assert "No such file" in errors(run("import", str(tmp_path / "none.ics"), code=2))
    deep = [vtodo(f"SUMMARY:{n}", f"RELATED-TO:{n - 1}", uid=f"{n}") for n in range(40)]
    target.write_text(file(*deep), encoding="utf-8")
    assert "could not be imported" in errors(run("import", str(target), code=1))


def test_an_exported_calendar_is_whole(run: Run, tmp_path: Path) -> None:
    """The same that is imported again."""
    run("add", "Buy milk", "--label", "home")
    target = tmp_path / "all.ics"
    run("export", "--format", "ics", "-o", str(target))
    (one,) = todos(target.read_bytes().decode())
    assert (one.title, one.labels) == ("Buy milk", ("home",))
    assert run("import", str(target)).stdout.splitlines()[-1] == "0 made, 0 changed, 1 left alone."


def test_an_address_outlives_the_server(run: Run, server: Serving) -> None:
    """The key that it is signed with is kept: a restart breaks nobody's subscription."""
    run("add", "Buy milk")
    before = answer(run("calendar", "--json"))
    server.stop()
    server.start()
    assert answer(run("calendar", "--json")) == before
    assert "Buy milk" in read(before["todos"])
