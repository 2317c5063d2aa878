"""Our own export comes back: into an empty workspace as it was, into its own without a change, and never twice."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tasksys.commands import (
    AddChecklistItem,
    AddComment,
    AddReminder,
    AddSection,
    Command,
    CompleteTask,
    CreateFilter,
    CreateProject,
    CreateSeries,
    CreateTask,
    CreateWorkspace,
    EditSeries,
    EndSeries,
    LinkTask,
    PauseSeries,
    RemoveSection,
    SetPreferences,
    SkipOccurrence,
    TrashProject,
    TrashTask,
)
from tasksys.exchange.errors import Unreadable
from tasksys.exchange.export import document
from tasksys.exchange.plan import in_sequence
from tasksys.ical.step import Step
from tasksys.recurrence import occurrence_id
from tasksys.refusals import Code, Refusal
from tasksys.rows import Member, SavedFilter, Task
from tasksys.series.shapes import GivenFields, GivenTemplate, Scope
from tasksys.values import LinkType, Status, Trigger, When
from tests.support.domain import EDITOR, OWNER, World, founded, furnished
from tests.tasksys.exchange.made import done, exported, of_export, rows_of, said
from tests.tasksys.ical.test_round_trip import DETAILS, LINE, TASKS, TEXT
from tests.tasksys.strategies import STORIES, STORY

NAMES: Final = st.sampled_from(["home", "work", "attic"])


def renewed(before: World, project: str | None = None) -> World:
    """A workspace with the same members into which the export of the first one was imported; nothing was refused."""
    after = founded()
    after.now = before.workspace().at
    assert done(of_export(exported(before), after, project), after) == []
    return after


def test_a_furnished_workspace_comes_back() -> None:
    """With projects, sections, tasks, series, reminders, comments, links, filters, and what is in the trash."""
    before = furnished()
    after = renewed(before)
    assert said(exported(after)) == said(exported(before))
    assert after.comment("milk", "remark").author == OWNER


@given(
    st.lists(st.tuples(TASKS, DETAILS), min_size=1, max_size=5),
    st.lists(st.tuples(NAMES, LINE, TEXT), max_size=3, unique_by=lambda one: one[0]),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_nothing_is_lost(made: list[tuple[CreateTask, Any]], projects: list[tuple[str, str, str]], data: Any) -> None:
    """Whatever tasks there are, in whatever places: the second export says what the first one did."""
    before = founded()
    for name, title, text in projects:
        before.given(CreateProject(project=name, name=title[:200], description=text, colour="red"))
        before.given(AddSection(project=name, section=f"in-{name}", name=title[:200]))
    for number, (task, (reminders, items, bodies)) in enumerate(made):
        above = data.draw(st.sampled_from([None, *range(number)]))
        where: dict[str, Any] = {"parent": f"t{above}"} if above is not None else {}
        if above is None and projects and data.draw(st.booleans()):
            name = data.draw(st.sampled_from(projects))[0]
            where = {"project": name, **({"section": f"in-{name}"} if data.draw(st.booleans()) else {})}
        before.given(structs.replace(task, task=f"t{number}", **where))
        for index, (trigger, repeat, user) in enumerate(reminders):
            name = f"r{number}-{index}"
            before.when(AddReminder(task=f"t{number}", reminder=name, trigger=trigger, repeat=repeat, user=user))
        for index, (title, ticked) in enumerate(items):
            before.given(AddChecklistItem(task=f"t{number}", item=f"i{index}", title=title, done=ticked))
        for index, body in enumerate(bodies):
            before.given(AddComment(task=f"t{number}", comment=f"c{index}", body=body))
        if number:
            link = data.draw(st.sampled_from(LinkType))
            before.given(LinkTask(task=f"t{number}", link=link, other=f"t{data.draw(st.integers(0, number - 1))}"))
    for name in data.draw(st.lists(st.sampled_from([f"t{number}" for number in range(len(made))]), unique=True)):
        before.given(TrashTask(task=name))
    if projects and data.draw(st.booleans()):
        before.given(TrashProject(project=projects[0][0]))
    after = renewed(before)
    assert said(exported(after)) == said(exported(before))
    assert {step.action for step in of_export(exported(before), after)} <= {"skip"}
    assert {step.action for step in of_export(exported(before), before)} <= {"skip"}


@given(st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_an_import_that_broke_off_is_taken_up(only: int) -> None:
    """Wherever it did: the same import once more makes what is left, and nothing double."""
    before, after = furnished(), founded()
    after.now = before.workspace().at
    assert done(of_export(exported(before), after), after, only=only) == []
    assert done(of_export(exported(before), after), after) == []
    assert said(exported(after)) == said(exported(before))
    assert {step.action for step in of_export(exported(before), after)} == {"skip"}


def test_what_was_done_here_since_stays() -> None:
    """A task that is here is not touched, nor is what was taken away from it brought back."""
    before = furnished()
    after = renewed(before)
    after.given(CompleteTask(task="bread"), TrashTask(task="jam"))
    then = after.rows()
    steps = of_export(exported(before), after)
    assert list(in_sequence(steps)) == []
    assert after.rows() == then
    reasons = {step.uid: step.reason for step in steps}
    assert reasons["tasks/bread"] == "it is here already"
    assert reasons["tasks/jam"] == "the task is in the trash here; restore it first"


def by_uid(steps: list[Step]) -> dict[str, Step]:
    """The steps by what the file knows their things by."""
    return {step.uid: step for step in steps}


def test_who_is_no_member_here() -> None:
    """Is not assigned and not reminded; comments are by whoever imports them. All of that is told."""
    before = furnished()
    before.given(AddReminder(task="milk", reminder="gong", trigger=Trigger(at="2126-03-08T09:00:00Z"), user=EDITOR))
    before.accepted(AddComment(task="milk", comment="more", body="Two"), EDITOR)
    after = World().given(CreateWorkspace(name="Other"))
    after.now = before.workspace().at
    steps = of_export(exported(before), after)
    assert done(steps, after) == []
    notes = by_uid(steps)["tasks/milk"].notes
    assert notes == (
        "'edda' is no member here, and is not reminded",
        "'edda': no members here, and so not assigned",
        "comments of 'edda' are now by olga",
    )
    assert after.task("milk").assignees == ()
    assert after.state.reminders("milk") == []


def test_reminders_that_are_over() -> None:
    """Or whose time has passed: they are left out, and told."""
    before = founded()
    before.given(CreateTask(task="milk", title="Milk", due=When(local="2026-03-08T10:00", zone="UTC")))
    before.given(AddReminder(task="milk", reminder="bell", trigger=Trigger(before="PT30M")))
    after = founded()
    after.now = "2026-03-08T09:45:00.000Z"
    (step,) = of_export(exported(before), after)
    assert step.notes == ("its reminder for '2026-03-08T09:30:00.000Z' is left out: that has passed",)
    assert done([step], after) == []


def test_reminders_by_default_are_not_doubled() -> None:
    """Where the same preferences put them on a new task, they are there under the same id."""
    hour = SetPreferences(default_reminders=(Trigger(before="PT1H"),))
    task = CreateTask(task="milk", title="Milk", due=When(local="2126-03-08T10:00", zone="UTC"))
    before = founded().given(hour, task)
    with_it, without = founded().given(hour), founded()
    for after in (with_it, without):
        assert done(of_export(exported(before), after), after) == []
        assert said(exported(after)) == said(exported(before))


def test_places_that_are_not_here() -> None:
    """A project in the trash here, a section that was removed here: the task is made without, and that is told."""
    before = furnished()
    after = founded().given(
        CreateProject(project="home", name="Home"),
        AddSection(project="home", section="todo", name="To do"),
        RemoveSection(project="home", section="todo"),
        CreateProject(project="work", name="Work"),
        TrashProject(project="work"),
    )
    after.now = before.workspace().at
    before.given(CreateTask(task="mail", title="Mail", project="work"))
    steps = of_export(exported(before), after)
    assert done(steps, after) == []
    found = by_uid(steps)
    assert found["tasks/mail"].notes == ("its project 'work' is not there, or in the trash here, so it has none",)
    assert found["tasks/milk"].notes == ("its section 'todo' is not there, so it has none",)
    assert (after.task("mail").project, after.task("milk").project, after.task("milk").section) == (None, "home", None)
    assert found["projects/home"].action == "update"


def test_into_one_project() -> None:
    """All tasks go there; the file's own projects are not made."""
    after = founded().given(CreateProject(project="all", name="All"))
    steps = of_export(exported(furnished()), after, project="all")
    after.now = furnished().workspace().at
    assert done(steps, after) == []
    assert after.state.project("home") is None
    assert after.task("milk").project == "all"


def weekly(**fields: Any) -> CreateSeries:
    """A series of Thursdays."""
    return CreateSeries(
        series="swim", template=GivenTemplate("Swim"), rule="FREQ=WEEKLY", anchor=When(date="2026-03-12"), **fields
    )


def test_a_series_with_what_is_different_about_its_times() -> None:
    """Skipped, moved and changed ones, and reminders of each."""
    before = founded().given(
        weekly(ahead="P1D"),
        SkipOccurrence(series="swim", occurrence="2026-03-19"),
        EditSeries(series="swim", scope=Scope.THIS, occurrence="2026-03-26", template=GivenFields(title="Dive")),
        EditSeries(series="swim", scope=Scope.THIS, occurrence="2026-04-02", due=When(date="2026-04-03")),
        PauseSeries(series="swim"),
    )
    after = renewed(before)
    assert said(exported(after)) == said(exported(before))


def test_tasks_of_a_series_are_its_own_again() -> None:
    """What was changed of the open one, and which were done before their time, is as it was."""
    first, second = (occurrence_id("swim", day) for day in ("2026-03-12", "2026-03-19"))
    before = founded().given(
        weekly(), CompleteTask(task=first), AddComment(task=second, comment="c1", body="Bring a towel")
    )
    assert before.task(second).status is Status.OPEN
    after = renewed(before)
    assert [after.task(one).series for one in (first, second)] == ["swim", "swim"]
    assert after.series("swim").open_tasks == (second,)
    assert after.comment(second, "c1").body == "Bring a towel"


def test_past_tasks_of_a_series_stay_by_themselves() -> None:
    """The series goes on with what is to come; that the open one is by itself now is told."""
    before = founded().given(weekly())
    after = founded()
    after.now = "2026-03-14T09:00:00.000Z"
    steps = of_export(exported(before), after)
    assert done(steps, after) == []
    assert by_uid(steps)["series/swim"].notes == (
        "its open tasks of '2026-03-12' are past, and tasks by themselves now",
    )
    assert after.task(occurrence_id("swim", "2026-03-12")).series is None
    assert after.series("swim").open_tasks == (occurrence_id("swim", "2026-03-19"),)


def test_a_series_after_completion_goes_on_with_its_open_task() -> None:
    """And with as many completions as are left."""
    before = founded().given(
        CreateSeries(
            series="hair", template=GivenTemplate("Haircut"), rule="FREQ=DAILY;INTERVAL=3",
            anchor=When(date="2026-03-08"), after_completion=True, stop_after=3,
        ),
        CompleteTask(task=occurrence_id("hair", "2026-03-08")),
    )  # fmt: skip
    after = renewed(before)
    row = after.series("hair")
    assert (row.anchor, row.stop_after) == (When(date="2026-03-11"), 2)
    assert row.open_tasks == (occurrence_id("hair", "2026-03-11"),)


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ((EndSeries(series="swim"),), "it has ended; its tasks are taken over by themselves"),
        ((), "all of its times have passed; its tasks are taken over by themselves"),
    ],
)
def test_series_that_are_over(commands: tuple[Command, ...], reason: str) -> None:
    """They are left out, which is told; nothing is refused."""
    before = founded().given(structs.replace(weekly(), rule="FREQ=WEEKLY;COUNT=1"), *commands)
    after = founded()
    after.now = "2026-03-14T09:00:00.000Z"
    steps = of_export(exported(before), after)
    assert by_uid(steps)["series/swim"].reason == reason
    assert done(steps, after) == []


def test_a_series_that_another_follows() -> None:
    """It goes on until there, and the other one from there."""
    before = founded().given(
        weekly(),
        EditSeries(
            series="swim", scope=Scope.THIS_AND_FOLLOWING, occurrence="2026-03-26", into="dive",
            template=GivenFields(title="Dive"),
        ),
    )  # fmt: skip
    after = renewed(before)
    assert after.series("swim").rule.endswith("UNTIL=20260325")
    assert after.series("dive").template.title == "Dive"


def test_filters_come_back_as_their_users_own() -> None:
    """Those that the exporter sees, whose they become; one that is here stays as it is, one that cannot be read too."""
    before = founded()
    before.accepted(CreateFilter(saved="of-editor", name="Theirs", filter="due < today", shared=True), EDITOR)
    before.accepted(CreateFilter(saved="private", name="Theirs alone"), EDITOR)
    after = renewed(before)
    found = after.state.get(SavedFilter, "of-editor")
    assert found is not None
    assert (found.user, found.filter, found.shared) == (OWNER, "due < today", True)
    assert after.state.get(SavedFilter, "private") is None
    broken = exported(before).replace(b"due < today", b"due <<<")
    steps = of_export(broken, founded())
    assert steps[-1].reason.startswith("it cannot be read: ")


def test_single_things_that_cannot_be_read() -> None:
    """Are told with their number and why; all others are taken."""
    found = json.loads(exported(furnished()))
    found["tasks"][0]["status"] = "sleeping"
    found["tasks"][1]["due"] = {"day": 7}
    del found["comments"][0]["id"]
    after = founded()
    after.now = furnished().workspace().at
    steps = of_export(json.dumps(found).encode(), after)
    broken = {step.uid: step.reason for step in steps if step.kind == "file"}
    assert broken.keys() == {"tasks/1", "tasks/2", "comments/1"}
    assert "sleeping" in broken["tasks/1"]
    assert after.state.task("milk") is None
    refused = done(steps, after)
    assert after.task("milk").title == "Milk"
    assert all(isinstance(answer, Refusal) and answer.code is not Code.INTERNAL for _, answer in refused)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'{"tasks": []}', b'{"workspace": {}, "tasks": {}}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_export(raw: bytes) -> None:
    """One sentence says so."""
    with pytest.raises(Unreadable, match="no export of tasksys"):
        document(raw)


def test_circles_and_strangers_among_parents() -> None:
    """A circle is opened at one place; a parent that is nowhere is told."""
    tasks = [
        {"id": "a", "title": "A", "parent": "b"},
        {"id": "b", "title": "B", "parent": "a"},
        {"id": "c", "title": "C", "parent": "nowhere"},
        {"id": "c", "title": "C again"},
    ]
    raw = json.dumps({"workspace": {}, "tasks": tasks}).encode()
    after = founded()
    steps = of_export(raw, after)
    assert done(steps, after) == []
    assert [after.task(name).parent for name in "abc"] == ["b", None, None]
    notes = {step.title: (step.reason, *step.notes) for step in steps}
    assert notes["B"] == ("", "its parents go in a circle, which begins here")
    assert notes["C"] == ("", "its parent 'nowhere' is neither in the file nor here")
    assert notes["C again"] == ("it is that of line 3",)


KEPT: Final = (
    "title", "description", "priority", "labels", "start", "due", "estimate_minutes", "order", "checklist", "parent",
)  # fmt: skip


@STORIES
@given(STORY)
def test_after_any_story(story: list[tuple[Command, str]]) -> None:
    """Whatever was done in a workspace: its export comes in, nothing of a task is lost, and not twice."""
    before = furnished()
    for command, actor in story:
        before.when(command, actor)
    after = founded()
    after.now = before.workspace().at
    user = next(row.user for row in rows_of(before, Member))
    steps = of_export(exported(before, user), after)
    assert [step.reason for step in steps if step.kind == "file"] == []
    refused = done(steps, after)
    assert [type(command).__name__ for command, _ in refused] == []
    for row in before.rows().values():
        if isinstance(row, Task):
            now = after.task(row.id)
            assert {name: getattr(now, name) for name in KEPT} == {name: getattr(row, name) for name in KEPT}
            assert (now.trashed_at is None) is (row.trashed_at is None)
    assert list(in_sequence(of_export(exported(before, user), after))) == []
