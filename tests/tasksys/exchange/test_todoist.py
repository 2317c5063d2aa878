"""Templates of Todoist's: what becomes of each kind of row, of priorities, indents, labels, dates and notes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksys.commands import CreateProject
from tasksys.exchange.errors import Unreadable
from tasksys.exchange.plan import in_sequence
from tasksys.exchange.todoist import is_template
from tasksys.rows import Comment, Project, Series, Task
from tasksys.values import Priority, When
from tests.support.domain import EDITOR, OWNER, World, founded
from tests.tasksys.exchange.made import done, of_todoist, rows_of

HEAD = "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE\n"

TRIP = """\
meta,view_style=list,,,,,,,,
task,Book flights @travel @money,Look for trains first,1,1,Olga (1234),Edda (99),2026-04-01 18:00,en,Europe/Berlin
task,Compare prices,,4,2,Olga (1234),,tomorrow,en,
note,The site is **down** today,,,,Edda (99),,,,
task,* Passports,,2,3,,Nobody (7),,,
,,,,,,,,,
section,Every week,,,,,,,,
task,Water the plants,,3,1,,,every monday at 9am,en,Europe/Berlin
task,The cactus too,,4,2,,,tomorrow,en,
note,Not too much,,,,,,,,
task,Sing,,4,1,,,jeden Montag,de,Europe/Berlin
"""


def made(text: str, world: World, **more: str) -> dict[str, Task]:
    """The tasks that a template comes to, by their titles; nothing is refused."""
    assert done(of_todoist(HEAD + text, world, **more), world) == []
    return {row.title: row for row in rows_of(world, Task)}


def test_a_whole_template() -> None:
    """Tasks with their subtasks, labels, priorities and dates; sections; notes; what comes again."""
    world = founded()
    found = made(TRIP, world, named="Trip")
    (project,) = rows_of(world, Project)
    assert (project.name, [one.name for one in project.sections]) == ("Trip", ["Every week"])
    flights, prices, passports, sing = (found[one] for one in ("Book flights", "Compare prices", "Passports", "Sing"))
    assert (flights.labels, flights.priority) == (("travel", "money"), Priority.URGENT)
    assert (flights.assignees, flights.description) == ((EDITOR,), "Look for trains first")
    assert (flights.due, flights.project) == (When(local="2026-04-01T18:00", zone="Europe/Berlin"), project.id)
    assert (prices.parent, prices.due, prices.priority) == (flights.id, When(date="2026-03-09"), Priority.NONE)
    assert (passports.parent, passports.priority) == (prices.id, Priority.HIGH)
    assert passports.description == "Responsible: Nobody"
    assert [(one.task, one.body, one.author) for one in rows_of(world, Comment)] == [
        (prices.id, "The site is **down** today", OWNER)
    ]
    (series,) = rows_of(world, Series)
    template = series.template
    assert (template.title, series.rule) == ("Water the plants", "FREQ=WEEKLY;BYDAY=MO")
    assert template.priority is Priority.MEDIUM
    assert series.anchor == When(local="2026-03-09T09:00", zone="Europe/Berlin")
    assert (template.checklist, template.description) == (("The cactus too",), "Not too much")
    assert (template.section, sing.section) == (project.sections[0].id,) * 2
    assert (sing.due, sing.description) == (None, "Date: jeden Montag")


def test_what_could_not_be_taken_is_told() -> None:
    """Line by line, with the reason."""
    more = "milestone,M1,,,,,,,,\ntask,,,,,,,,,\ntask,Odd,,9,1,,,,,Mars/Base\ntask,Late,,,,,,soon-ish,,Mars/Base\n"
    steps = of_todoist(f"\n{HEAD}note,Alone,,,,,,,,\n{TRIP}{more}", founded())
    told = {step.line: (step.reason, *step.notes) for step in steps}
    assert told[3] == ("a note before any task has nothing that it is about",)
    assert told[6] == ("", "comments of 'edda' are now by olga")
    assert told[8] == ("", "'Nobody': no members here, and so not assigned")
    assert told[11] == (
        "",
        "'The cactus too' is on its checklist, for what comes again has no subtasks here",
        "due of 'The cactus too' were left out",
    )
    assert told[14] == (
        "",
        "its date 'jeden Montag' was not understood, for only English is read; it is in the description",
    )
    assert told[15] == ("its TYPE 'milestone' is no task, section or note",)
    assert told[16] == ("it has no CONTENT",)
    assert told[17] == ("", "its priority '9' is none of 1 to 4")
    assert told[18][1:] == (
        "its time zone 'Mars/Base' is not known; the workspace's was taken",
        "its date 'soon-ish' was not understood; it is in the description",
    )


def test_twice_makes_nothing_double() -> None:
    """Also where tasks were put in between; rows that say the same are as many as there are."""
    world = founded()
    made(TRIP, world)
    assert list(in_sequence(of_todoist(HEAD + TRIP, world))) == []
    more = TRIP + "task,Sing,,4,1,,,jeden Montag,de,Europe/Berlin\ntask,Dance,,4,1,,,,,\n"
    assert [command.title for _, command in in_sequence(of_todoist(HEAD + more, world))] == ["Sing", "Dance"]


def test_an_import_that_broke_off_is_taken_up() -> None:
    """Wherever it did."""
    whole = founded()
    made(TRIP, whole, named="Trip")
    commands = list(in_sequence(of_todoist(HEAD + TRIP, founded(), named="Trip")))
    for only in range(len(commands)):
        world = founded()
        done(of_todoist(HEAD + TRIP, world, named="Trip"), world, only=only)
        made(TRIP, world, named="Trip")
        for kind in (Task, Comment, Series):
            assert {row.key for row in rows_of(world, kind)} == {row.key for row in rows_of(whole, kind)}


@pytest.mark.parametrize(
    ("date", "rule", "after_completion"),
    [
        ("every day", "FREQ=DAILY", False),
        ("every! 3 days", "FREQ=DAILY;INTERVAL=3", True),
        ("every 2 weeks starting 1 Apr", "FREQ=WEEKLY;INTERVAL=2", False),
        ("every last day", "FREQ=MONTHLY;BYMONTHDAY=-1", False),
    ],
)
def test_what_comes_again(date: str, rule: str, after_completion: bool) -> None:
    """Is a series of the rule that quick add reads."""
    world = founded()
    made(f"task,Milk,,4,1,,,{date},en,\n", world)
    (row,) = rows_of(world, Series)
    assert (row.rule, row.after_completion) == (rule, after_completion)


def test_into_a_project_that_is_here() -> None:
    """Sections go there too."""
    world = founded().given(CreateProject(project="trip", name="Trip"))
    steps = of_todoist(f"{HEAD}section,Later,,,,,,,,\ntask,Milk,,4,1,,,,,\n", world, project="trip")
    assert done(steps, world) == []
    (task,) = rows_of(world, Task)
    assert (task.project, world.project("trip").sections[0].name) == ("trip", "Later")


def test_without_sections_or_a_name_no_project_is_made() -> None:
    """Tasks are in none."""
    world = founded()
    assert made("task,Milk,,4,1,,,,,\n", world)["Milk"].project is None
    assert rows_of(world, Project) == []


@pytest.mark.parametrize(
    ("columns", "known"),
    [
        (HEAD.strip().split(","), True),
        (["TYPE", "CONTENT", "PRIORITY"], True),
        (["TYPE", "CONTENT"], False),
        (["title", "due"], False),
    ],
)
def test_templates_are_known_by_their_columns(columns: list[str], known: bool) -> None:
    """Old ones have less of them."""
    assert is_template(columns) is known


def test_what_is_no_template() -> None:
    """One sentence says so."""
    with pytest.raises(Unreadable, match="TYPE and CONTENT"):
        of_todoist("title\nMilk\n", founded())


ROW = st.tuples(
    st.sampled_from(["task", "task", "task", "section", "note", "meta", ""]),
    st.text(st.characters(exclude_characters='",\r\n\0', exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["", "1", "4", "x"]),
    st.sampled_from(["", "1", "2", "3", "7", "-1"]),
    st.sampled_from(["", "every day", "tomorrow", "32 Feb", "every! week", "2026-02-30"]),
)


@given(st.lists(ROW, max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_rows(found: list[tuple[str, str, str, str, str]]) -> None:
    """Whatever they say: nothing is refused but for a reason, and a second time nothing is made."""
    lines = [f"{kind},{content},,{at},{indent},,,{date},en,\n" for kind, content, at, indent, date in found]
    text = HEAD + "".join(lines)
    world = founded()
    assert done(of_todoist(text, world), world) == []
    assert list(in_sequence(of_todoist(text, world))) == []


@pytest.mark.parametrize("cell", [" " * 100_000, "(" * 100_000, "@ " * 50_000, "1 " * 50_000, "every " * 20_000])
def test_long_cells_take_no_time(cell: str) -> None:
    """Whatever column they are in: reading takes time in proportion to the file."""
    row = ",".join(["task", f"x{cell}x", cell, cell, cell, f"x{cell}x", f"x{cell}x", f"x{cell}x", cell, cell])
    world = founded()
    done(of_todoist(f"{HEAD}{row}\n", world), world)
