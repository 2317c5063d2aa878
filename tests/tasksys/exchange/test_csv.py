"""Spreadsheets: our own export comes back, and any other with a title is understood as far as it can be."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tasksys.commands import AddChecklistItem, AddSection, Command, CreateProject, CreateTask, LinkTask, TrashTask
from tasksys.exchange.errors import Unreadable
from tasksys.exchange.plan import in_sequence
from tasksys.exchange.sheets import delimiter, sheet, text_of
from tasksys.ical.step import Step
from tasksys.rows import Task
from tasksys.values import LinkType, Priority, Status, When
from tests.support.domain import EDITOR, World, founded, furnished
from tests.tasksys.exchange.made import done, exported_csv, of_csv, rows_of
from tests.tasksys.ical.test_round_trip import LINE, TASKS, TEXT
from tests.tasksys.strategies import STORIES, STORY

OURS = (
    "title", "status", "priority", "start", "due", "estimate_minutes", "labels", "assignees", "project", "section",
    "parent", "order", "description",
)  # fmt: skip


def model(row: Task) -> dict[str, Any]:
    """What the spreadsheet says of a task."""
    found = {name: getattr(row, name) for name in OURS}
    found["checklist"] = [(one.title, one.done) for one in row.checklist]
    found["links"] = sorted((one.type.value, one.task) for one in row.links)
    return {**found, "trashed": row.trashed_at is not None}


@given(
    st.lists(st.tuples(TASKS, st.lists(st.tuples(LINE, st.booleans()), max_size=3)), min_size=1, max_size=4),
    LINE,
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_our_own_comes_back(made: list[tuple[CreateTask, Any]], name: str, data: Any) -> None:
    """Every field of every task, whatever is in its texts; a second time nothing is made."""
    before = founded()
    for project in ("home", "work"):  # of the same name, for ids tell them apart
        before.given(CreateProject(project=project, name=name))
        before.given(AddSection(project=project, section="todo", name=name))
    for number, (task, items) in enumerate(made):
        above = data.draw(st.sampled_from([None, *range(number)]))
        where: dict[str, Any] = {"parent": f"t{above}"} if above is not None else {}
        if above is None and data.draw(st.booleans()):
            where = {"project": data.draw(st.sampled_from(["home", "work"]))}
            where |= {"section": "todo"} if data.draw(st.booleans()) else {}
        before.given(structs.replace(task, task=f"t{number}", **where))
        for index, (title, ticked) in enumerate(items):
            before.given(AddChecklistItem(task=f"t{number}", item=f"i{index}", title=title, done=ticked))
        if number:
            before.given(LinkTask(task=f"t{number}", link=data.draw(st.sampled_from(LinkType)), other="t0"))
    if data.draw(st.booleans()):
        before.given(TrashTask(task="t0"))
        trashed = {f"t{number}" for number in range(len(made)) if _below(before, f"t{number}", "t0")}
    else:
        trashed = set()
    after = founded()
    assert done(of_csv(exported_csv(before), after), after) == []
    for number in range(len(made)):
        one = f"t{number}"
        assert model(after.task(one)) == {**model(before.task(one)), "trashed": one in trashed}
    assert list(in_sequence(of_csv(exported_csv(before), after))) == []
    assert list(in_sequence(of_csv(exported_csv(before), before))) == []


def _below(world: World, task: str | None, top: str) -> bool:
    while task is not None and task != top:
        task = world.task(task).parent
    return task == top


def test_a_furnished_workspace() -> None:
    """Occurrences become tasks by themselves; nothing is refused."""
    before, after = furnished(), founded()
    after.now = before.workspace().at
    assert done(of_csv(exported_csv(before), after), after) == []
    assert (after.task("milk").project, after.task("milk").section) == ("home", "todo")
    assert after.project("home").name == "Home"


def rows(world: World, steps: list[Step]) -> dict[str, Task]:
    """The tasks that were made, by their titles."""
    assert done(steps, world) == []
    return {row.title: row for row in world.rows().values() if isinstance(row, Task)}


FOREIGN = """\
Task Name;Notes;Due Date;Tags;Priority;Status;Assigned To;List;Parent Task;Estimate;Mood
Cake;With cream;2026-03-10;party, food;High;in progress;edda;Party;;1h30;good
Buy flour;;10.03.2026 18:00;;P1;;;Party;Cake;20;
Call Anna;;tomorrow 9am;;;done;;;;;
Pay rent;;2026-04-01T10:00:00Z;;low;completed;stranger;;;;
Sing;;next blue moon;;17;asleep;;;Nobody;soon;
;only a note;;;;;;;;;
"""


def test_a_spreadsheet_of_another_program() -> None:
    """Columns by their names; what is not understood is in the description, and told with its line."""
    world = founded()
    steps = of_csv(FOREIGN, world)
    found = rows(world, steps)
    cake, flour, anna, rent, sing = (found[one] for one in ("Cake", "Buy flour", "Call Anna", "Pay rent", "Sing"))
    assert (cake.description, cake.due, cake.labels) == ("With cream", When(date="2026-03-10"), ("party", "food"))
    assert (cake.priority, cake.status, cake.assignees) == (Priority.HIGH, Status.IN_PROGRESS, (EDITOR,))
    assert (cake.estimate_minutes, world.project(cake.project or "").name) == (90, "Party")
    assert (flour.parent, flour.due, flour.priority) == (cake.id, When(local="2026-03-10T18:00"), Priority.URGENT)
    assert (anna.due, anna.status) == (When(local="2026-03-09T09:00", zone="UTC"), Status.DONE)
    assert (rent.due, rent.status, rent.assignees) == (When(local="2026-04-01T10:00", zone="UTC"), Status.DONE, ())
    assert sing.description == "due: next blue moon\n\nstatus: asleep\n\npriority: 17\n\nestimate_minutes: soon"
    told = {step.line: (step.reason, *step.notes) for step in steps}
    assert told[1] == ("not taken over: 'Mood'",)
    assert told[5] == ("", "'stranger': no members here, and so not assigned")
    assert [note.partition(" was")[0] for note in told[6]] == [
        "", "its parent 'Nobody' is in no row before it", "due: next blue moon", "status: asleep", "priority: 17",
        "estimate_minutes: soon",
    ]  # fmt: skip
    assert told[7] == ("it has no title",)


def test_the_same_spreadsheet_twice() -> None:
    """Makes nothing double, also where rows were put in between; rows that say the same are as many as there are."""
    world = founded()
    first = "title,due\nMilk,2026-03-10\nMilk,2026-03-10\nBread,\n"
    assert done(of_csv(first, world), world) == []
    assert list(in_sequence(of_csv(first, world))) == []
    more = "title,due\nEggs,\nMilk,2026-03-10\nMilk,2026-03-10\nMilk,2026-03-10\nBread,\n"
    assert [command.title for _, command in in_sequence(of_csv(more, world))] == ["Eggs", "Milk"]


def test_columns_can_be_said() -> None:
    """Those that are not are known by their names; what there is not is told."""
    world = founded()
    text = "Was,Bis wann,title\nMilch,2026-03-10,7\n"
    found = rows(world, of_csv(text, world, mapping={"title": "was", "due": "Bis wann"}))
    assert found["Milch"].due == When(date="2026-03-10")
    for mapping, said in (({"mood": "Was"}, "no field 'mood'"), ({"title": "Who"}, "no column 'Who'")):
        with pytest.raises(Unreadable, match=said):
            of_csv(text, world, mapping=mapping)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"a,b\n1,2\n", "no column is named title"),
        (b"title\0\n", "the file is no text"),
        (b"PK\x03\x04\x00\x00", "the file is no text"),
        (b"title" + b",x" * 300, "at most 200 columns"),
        (b'title\n"' + b"x" * 200_000, "line 2 cannot be read"),
    ],
)
def test_what_is_no_spreadsheet(raw: bytes, said: str) -> None:
    """One sentence says so."""
    with pytest.raises(Unreadable, match=said):
        of_csv(raw, founded())


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Süßes".encode(), "Süßes"),
        ("\ufeffSüßes".encode(), "Süßes"),
        ("Süßes €".encode("cp1252"), "Süßes €"),
        ("Süßes".encode("utf-16"), "Süßes"),
    ],
)
def test_encodings(raw: bytes, text: str) -> None:
    """Those that spreadsheets write."""
    assert text_of(raw) == text


@pytest.mark.parametrize(
    ("head", "between"),
    [("a,b", ","), ("a;b", ";"), ("a\tb,c\td", "\t"), ("title", ","), ('"a,b,c";d', ";"), ("\na;b", ";")],
)
def test_delimiters(head: str, between: str) -> None:
    """What there is most of in the first row, outside of quotes."""
    assert delimiter(f"{head}\n1,2,3;4;5\n") == between


def test_lines_are_those_of_the_file() -> None:
    """Where a row begins, also after cells of several lines; all line ends are understood."""
    for end in ("\n", "\r\n", "\r"):
        found = sheet(f'title,text{end}A,"one{end}two"{end}B,{end}'.encode())
        lines = [(row.line, row.cells[0]) for row in found.rows]
        assert lines == [(2, "A"), (4, "B")]


def test_a_title_that_is_too_long() -> None:
    """It is cut, and whole in the description; line breaks become spaces."""
    world = founded()
    long = "very " * 200 + "long"
    (step,) = of_csv(f'title,description\n"{long}",Note\n"Two\nlines",\n', world)[:1]
    assert step.notes == ("its title was too long, and is whole in the description",)
    found = rows(world, of_csv(f'title,description\n"{long}",Note\n"Two\nlines",\n', world))
    (task,) = (row for title, row in found.items() if title.endswith("…"))
    assert (len(task.title), task.description) == (500, f"Note\n\n{long}")
    assert "Two lines" in found


def test_into_a_project_and_places_that_are_gone() -> None:
    """With a project all goes there, sections too."""
    world = founded().given(CreateProject(project="all", name="All"))
    found = rows(world, of_csv("title,list,column\nMilk,Home,To do\n", world, project="all"))
    assert found["Milk"].project == "all"
    assert [one.name for one in world.project("all").sections] == ["To do"]
    again = rows(world, of_csv("title,list,column\nBread,all,to DO\n", world))
    assert again["Bread"].section == found["Milk"].section


@given(st.text(max_size=300) | st.lists(st.lists(TEXT, max_size=6), max_size=5).map(str), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_text(text: str, headed: bool) -> None:
    """Whatever is in a file: it is read, or one sentence says why not; nothing it comes to is a fault."""
    raw = (f"title,due,status,labels,checklist\n{text}" if headed else text).encode("utf-8", "replace")
    world = founded()
    with suppress(Unreadable):
        done(of_csv(raw, world), world)


@STORIES
@given(STORY)
def test_after_any_story(story: list[tuple[Command, str]]) -> None:
    """Whatever was done in a workspace: its spreadsheet comes in, nothing of a task is lost, and not twice."""
    before = furnished()
    for command, actor in story:
        before.when(command, actor)
    after = founded()
    after.now = before.workspace().at
    assert done(of_csv(exported_csv(before), after), after) == []
    for row in rows_of(before, Task):
        now, then = model(after.task(row.id)), model(row)
        status = Status.CANCELLED if row.status in (Status.SKIPPED, Status.MISSED) else row.status
        members = tuple(one for one in row.assignees if after.state.member(one) is not None)
        project = before.state.project(row.project or "")
        section = project.section(row.section or "") if project else None  # a removed one is in no export
        then |= {
            "status": status,
            "assignees": members,
            "section": section.id if section and not section.removed else None,
        }
        assert now == {**then, "trashed": now["trashed"]}
    assert list(in_sequence(of_csv(exported_csv(before), after))) == []
