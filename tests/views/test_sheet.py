"""The tasks of a workspace as a spreadsheet: RFC 4180, UTF-8, and nothing in it that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tasksys.exchange import cells
from tasksys.exchange.columns import GIVEN_OUT, Columns
from tasksys.rows import (
    ROW_TYPES,
    Channels,
    Comment,
    Firing,
    Member,
    Occurrence,
    Preferences,
    Project,
    Reminder,
    SavedFilter,
    Series,
    Subtasks,
    Task,
    TaskReminders,
    UserFilters,
    Workspace,
)
from tests.support.http import Json, Site, Space
from views import shapes, sheet

RUN = "=+-@\t\r\n＝＋－＠"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(RUN + "'\", "), max_size=12)
CELLS = st.tuples(st.sampled_from(["", "", "'", "''", *RUN]), TEXTS).map("".join)


def read(text: str) -> list[list[str]]:
    """The cells, as a reader that knows nothing of us finds them."""
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def as_written(cell: str) -> str:
    """What was in the cell before it was made harmless, as the reference says."""
    return cell[1:] if re.match(f"'+[{re.escape(RUN)}]", cell) else cell


@given(st.lists(CELLS, min_size=2, max_size=5))
def test_any_text_comes_back_and_none_is_a_formula(texts: list[str]) -> None:
    """Commas, quotes and line breaks included; what a spreadsheet would run has an apostrophe in front."""
    line = sheet.line(texts)
    assert line.endswith("\r\n")
    (found,) = read(line)
    assert [as_written(cell) for cell in found] == [cells.read(cell) for cell in found] == texts
    assert not any(cell[:1] in RUN for cell in found if cell)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("milk", "milk"), ("", ""), ("a,b", '"a,b"'), ('say "hi"', '"say ""hi"""'), ("a\nb", '"a\nb"'), (" a", '" a"'),
        ("=1+1", "'=1+1"), ('=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'), ("-5", "'-5"),
        ("+49 30 1", "'+49 30 1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), ("\r=1", '"\'\r=1"'),
        ("'=1", "''=1"), ("'tis", "'tis"), ("a=1", "a=1"), ("＝1", "'＝1"), ("牛乳 🥛", "牛乳 🥛"),
    ],
)  # fmt: skip
def test_cells(text: str, cell: str) -> None:
    """Quoted only where it must be; harmless always."""
    assert cells.written(text) == cell
    assert cells.read(cells.written(text)[1:-1].replace('""', '"') if cell.startswith('"') else cell) == text


async def exported(space: Space) -> list[dict[str, str]]:
    """The rows of the export, by the names of their columns."""
    answer = await space.get("/export.csv")
    assert answer.status == 200
    head, *rows = read(answer.raw.decode("utf-8", "strict"))
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.asyncio(loop_scope="module")
async def test_every_field_is_in_its_column(space: Space) -> None:
    """Where it is by id and by name; several values in one cell on lines of their own; a moment beside its zone."""
    await space.project("Home, sweet home", project="home")
    await space.post("/projects/home/sections", {"name": "To do", "section": "todo"})
    task: Json = await space.task(
        "=cmd|' /C calc'!A0", task="milk", description="Two\nlines", priority="high", labels=["a", "b,c"],
        assignees=["olga"], due={"local": "2026-03-08T09:00", "zone": "Europe/Berlin"}, start={"date": "2026-03-01"},
        estimate_minutes=5, project="home", section="todo",
    )  # fmt: skip
    await space.post("/tasks/milk/checklist", {"title": "Oat", "done": True})
    await space.post("/tasks/milk/checklist", {"title": "Soy"})
    await space.task("Jam", task="jam", parent="milk")
    task = (await space.post("/tasks/milk/links", {"link": "blocks", "other": "jam"})).ok
    rows = {row["id"]: row for row in await exported(space)}
    assert rows["milk"] == {
        "id": "milk", "title": "'=cmd|' /C calc'!A0", "status": "open", "priority": "high", "start": "2026-03-01",
        "start_zone": "", "due": "2026-03-08T09:00", "due_zone": "Europe/Berlin", "estimate_minutes": "5",
        "labels": "a\nb,c", "assignees": "olga", "project": "home", "project_name": "Home, sweet home",
        "section": "todo", "section_name": "To do", "parent": "", "order": task["order"], "description": "Two\nlines",
        "checklist": "[x] Oat\n[ ] Soy", "links": "blocks jam", "created_by": "olga",
        "created_at": task["created_at"], "updated_at": task["updated_at"], "completed_at": "", "trashed": "false",
        "version": str(task["version"]),
    }  # fmt: skip
    jam = rows["jam"]
    assert (jam["parent"], jam["project_name"], jam["section_name"], jam["due"]) == (
        "milk", "Home, sweet home", "To do", "",
    )  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
async def test_all_tasks_are_in_it_streamed(space: Space) -> None:
    """Over several chunks, and what is in the trash too."""
    for start in range(0, 1200, 100):
        made = [{"type": "CreateTask", "title": f"Task {start + number}"} for number in range(100)]
        await space.post("/commands", {"commands": made})
    gone = await space.task("Gone")
    await space.delete(f"/tasks/{gone['id']}")
    answer = await space.get("/export.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{space.id}.csv"'
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.position == await space.position()
    rows = await exported(space)
    assert len(rows) == 1201
    assert [row["title"] for row in rows if row["trashed"] == "true"] == ["Gone"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_workspace_without_tasks(space: Space) -> None:
    """The names of the columns alone; HEAD has no body; a stranger learns nothing."""
    assert (await space.get("/export.csv")).raw.decode() == sheet.head()
    assert (await space.send("HEAD", "/export.csv")).raw == b""
    (await space.acting("sam").get("/export.csv")).problem(404, "not-found")


@pytest.mark.asyncio(loop_scope="module")
async def test_an_export_waits_for_a_position(site: Site, space: Space) -> None:
    """Like every read, it shows no less than was asked for."""
    task = await space.task()
    answer = await space.get("/export.csv", min_position=task["position"])
    assert "Milk" in answer.raw.decode()
    (await space.get("/export.csv", format="csv")).problem(400, "unknown-parameter")


LEFT_OUT: Final = {
    Subtasks: "counted from the tasks",
    TaskReminders: "listed from the reminders",
    UserFilters: "listed from the filters",
    Firing: "read from the ledger of deliveries",
    Preferences: "each user's own",
    Channels: "each user's own, and sealed",
}
"""Rows that are in no export, and why."""


def test_every_kind_of_row_is_in_it_or_left_out_for_a_reason() -> None:
    """Whoever adds a kind of rows decides whether an export has it."""
    exported = {Workspace, Member, Project, Task, Comment, Reminder, Series, Occurrence, SavedFilter}
    assert exported.isdisjoint(LEFT_OUT)
    assert exported | LEFT_OUT.keys() == set(ROW_TYPES)
    assert len(structs.fields(shapes.Export)) == len(exported) + 1  # and the position


def test_every_field_of_a_task_is_in_the_spreadsheet_or_left_out() -> None:
    """Of a series a spreadsheet has the tasks that there are, each by itself."""
    fields = {field.name for field in structs.fields(shapes.TaskShape)}
    left_out = {"workspace", "position", "series", "original", "postponed", "trashed_at"}
    assert fields - sheet.COLUMNS.keys() == left_out
    assert sheet.COLUMNS.keys() - fields == {"start_zone", "due_zone", "project_name", "section_name"}


def test_every_column_can_be_imported_or_is_the_systems_own() -> None:
    """None is lost without being told when a spreadsheet of ours comes back."""
    columns = Columns(list(sheet.COLUMNS))
    assert columns.ours
    assert columns.left_out == ()
    assert set(sheet.COLUMNS) == columns.at.keys() | set(GIVEN_OUT)
