"""Changes of one occurrence, and of all."""

from tasksys.commands import CompleteTask, CreateProject, EditTask, SkipOccurrence
from tasksys.rows import Task
from tasksys.series.shapes import GivenFields, GivenTemplate, Missed, Scope
from tasksys.values import Priority, When
from tests.support.domain import EDITOR
from tests.tasksys.series.calendar import (
    SERIES,
    became,
    complete,
    daily,
    dated,
    edit,
    identifier,
    moment,
    opened,
    pass_time,
    settled,
    task_of,
    types,
    undo,
    workspace,
)

TODAY = "2026-03-02T09:00"
TOMORROW = "2026-03-03T09:00"


def at_nine(day: int, zone: str = "UTC") -> When:
    """Nine o'clock on a day of March."""
    return When(local=f"2026-03-{day:02}T09:00", zone=zone)


def test_this_one_before_it_is_a_task() -> None:
    """It has that when it is made; the others have not."""
    world = workspace().given(daily())
    fields = GivenFields(title="Fertilise", priority=Priority.HIGH, assignees=(EDITOR,))
    world.given(edit(scope=Scope.THIS, occurrence=TOMORROW, template=fields, due=at_nine(5)))
    complete(world, TODAY)
    task = task_of(world, TOMORROW)
    assert (task.id, task.title, task.priority, task.assignees) == (
        identifier(TOMORROW), "Fertilise", Priority.HIGH, (EDITOR,)
    )  # fmt: skip
    assert task.due == at_nine(5)
    assert world.series(SERIES).overrides == ()
    complete(world, TOMORROW)
    assert (task_of(world, "2026-03-04T09:00").title, opened(world)) == ("Water", ["2026-03-04T09:00"])


def test_this_one_twice() -> None:
    """The second change lies over the first, and undo takes them off one by one."""
    world = workspace().given(daily())
    first = world.accepted(edit(scope=Scope.THIS, occurrence=TOMORROW, template=GivenFields(title="Fertilise")))
    second = world.accepted(edit(scope=Scope.THIS, occurrence=TOMORROW, due=at_nine(4)))
    (override,) = world.series(SERIES).overrides
    assert (override.fields.title, override.due) == ("Fertilise", at_nine(4))
    undo(world, second)
    assert world.series(SERIES).overrides[0].due is None
    undo(world, first)
    assert world.series(SERIES).overrides == ()


def test_this_one_when_it_is_a_task() -> None:
    """It is that task which is changed, and by its original time it is known still."""
    world = workspace().given(daily())
    events = world.accepted(edit(scope=Scope.THIS, occurrence=TODAY, template=GivenFields(title="X"), due=at_nine(4)))
    assert types(events) == ["TaskEdited"]
    assert (task_of(world, TODAY).title, task_of(world, TODAY).due) == ("X", at_nine(4))
    assert world.series(SERIES).template.title == "Water"


def test_this_one_moved_to_earlier_opens_then() -> None:
    """And undo of that, also when it is a task by now, makes it one at its own time."""
    world = workspace().given(daily(ahead="PT0S", anchor=at_nine(9)))
    moved = world.accepted(edit(scope=Scope.THIS, occurrence="2026-03-09T09:00", due=at_nine(1)))
    assert types(moved) == ["OccurrenceChanged", "TaskCreated", "SeriesAdvanced"]
    undo(world, moved)
    assert (opened(world), world.series(SERIES).at) == ([], moment("2026-03-09T09:00"))


def test_all_merges_into_what_is_open() -> None:
    """Fields that a person changed stay theirs."""
    world = workspace().given(
        CreateProject(project="home", name="Home"),
        daily(template=GivenTemplate("Water", labels=("a",)), missed=Missed.ALL),
        EditTask(task=identifier(TODAY), title="Mine"),
        edit(template=GivenFields(title="Tea", labels=("b",), project="home")),
    )
    task = task_of(world, TODAY)
    assert (task.title, task.labels, task.project) == ("Mine", ("b",), "home")
    world.given(edit(template=GivenFields(title=" Soup ")))
    complete(world, TODAY)
    pass_time(world, "2026-03-02T10:00")
    assert (task_of(world, TODAY).title, task_of(world, TOMORROW).title) == ("Mine", "Soup")


def test_all_leaves_what_is_done() -> None:
    """History is not rewritten."""
    world = workspace().given(daily(), CompleteTask(task=identifier(TODAY)))
    world.given(edit(template=GivenFields(title="Tea")))
    assert (task_of(world, TODAY).title, task_of(world, TOMORROW).title) == ("Water", "Tea")


def test_another_time_of_day() -> None:
    """What was done today is not made again; what is open moves with its start, and stays the task that it is."""
    world = workspace().given(daily(template=GivenTemplate("Water", start_before="PT1H")))
    complete(world, TODAY)
    world.given(edit(anchor=When(local="2026-03-02T18:00", zone="UTC")))
    assert became(world) == {TODAY: "done", "2026-03-03T18:00": "open"}
    task = task_of(world, "2026-03-03T18:00")
    assert task.id == identifier(TOMORROW)
    assert (task.start, task.due) == (
        When(local="2026-03-03T17:00", zone="UTC"), When(local="2026-03-03T18:00", zone="UTC")
    )  # fmt: skip
    assert world.series(SERIES).next == "2026-03-04T18:00"
    settled(world)


def test_another_zone() -> None:
    """The same time elsewhere: what is open is due there, unless a person has moved it."""
    world = workspace().given(daily(missed=Missed.ALL, ahead="P2D"))
    world.given(edit(scope=Scope.THIS, occurrence=TOMORROW, due=at_nine(5)))
    world.given(edit(anchor=at_nine(2, "America/New_York")))
    assert task_of(world, TODAY).due == at_nine(2, "America/New_York")
    assert task_of(world, TOMORROW).due == at_nine(5)


def test_onto_another_time_of_the_same_day() -> None:
    """Two tasks never become one occurrence: what the rule has still stays, what it has not goes."""
    world = workspace().given(daily(rule="FREQ=DAILY;BYHOUR=9,18", missed=Missed.ALL))
    changed = world.accepted(edit(anchor=When(local="2026-03-02T18:00", zone="UTC")))
    assert became(world) == {"2026-03-02T18:00": "open"}
    assert task_of(world, "2026-03-02T18:00").id == identifier("2026-03-02T18:00")
    undo(world, changed)
    assert became(world) == {TODAY: "open", "2026-03-02T18:00": "open"}


def test_another_rule() -> None:
    """What it has not, and is to come, goes; it goes on with the first one from today that was not there."""
    world = workspace("2026-03-03T08:00").given(daily(missed=Missed.ALL, ahead="P2DT1H"))
    assert opened(world) == [TOMORROW, "2026-03-04T09:00", "2026-03-05T09:00"]
    changed = world.accepted(edit(rule="FREQ=WEEKLY;BYDAY=TH", template=GivenFields(title="Tea")))
    assert opened(world) == ["2026-03-05T09:00"]
    assert (world.series(SERIES).next, world.series(SERIES).anchor) == ("2026-03-12T09:00", at_nine(5))
    assert task_of(world, "2026-03-05T09:00").title == "Tea"
    undo(world, changed)
    assert opened(world) == [TOMORROW, "2026-03-04T09:00", "2026-03-05T09:00"]
    assert (world.series(SERIES).next, world.series(SERIES).anchor) == ("2026-03-06T09:00", at_nine(2))
    assert {world.task(name).title for name in world.series(SERIES).open_tasks} == {"Water"}


def test_undo_of_a_change_that_moved_on_twice() -> None:
    """A change of rule says with what it goes on, and what is due of that is opened: undo takes both back."""
    world = workspace("2026-03-03T08:00").given(daily(rule="FREQ=WEEKLY", missed=Missed.ALL))
    assert (opened(world), world.series(SERIES).next) == ([], "2026-03-09T09:00")
    changed = world.accepted(edit(rule="FREQ=DAILY"))
    assert opened(world) == [TOMORROW]
    undone = undo(world, changed)
    assert (became(world), world.series(SERIES).next) == ({}, "2026-03-09T09:00")
    undo(world, undone)
    assert (opened(world), world.series(SERIES).next) == ([TOMORROW], "2026-03-04T09:00")


def test_exceptions_go_along_with_the_time() -> None:
    """EXDATE, RDATE and what is different about one occurrence are by date where the time of day changes."""
    world = workspace().given(
        daily(exdate=("2026-03-04T09:00",)),
        SkipOccurrence(series=SERIES, occurrence="2026-03-05T09:00"),
        edit(scope=Scope.THIS, occurrence="2026-03-06T09:00", template=GivenFields(title="Tea")),
        edit(anchor=When(local="2026-03-02T18:00", zone="UTC")),
    )
    series = world.series(SERIES)
    assert series.exdate == ("2026-03-04T18:00",)
    assert sorted(one.original for one in series.overrides) == ["2026-03-05T18:00", "2026-03-06T18:00"]
    complete(world, "2026-03-02T18:00")
    complete(world, "2026-03-03T18:00")
    assert (opened(world), task_of(world, "2026-03-06T18:00").title) == (["2026-03-06T18:00"], "Tea")


def test_all_of_a_series_after_completion() -> None:
    """Another interval counts from the next completion on; what is open stays."""
    world = workspace().given(dated(rule="FREQ=DAILY;INTERVAL=3", after_completion=True))
    pass_time(world, "2026-03-03T10:00")
    complete(world, "2026-03-02")
    assert types(world.accepted(edit(rule="FREQ=WEEKLY"))) == ["SeriesEdited"]
    assert opened(world) == ["2026-03-06"]
    complete(world, "2026-03-06")
    assert opened(world) == ["2026-03-10"]


def test_another_policy() -> None:
    """From now on; what is missed stays so."""
    world = workspace().given(daily())
    pass_time(world, "2026-03-04T10:00")
    world.given(edit(missed=Missed.ALL))
    pass_time(world, "2026-03-06T10:00")
    assert list(became(world).values()) == ["missed", "missed", *["open"] * 4]


def test_nothing_changes() -> None:
    """What is so already is no event."""
    world = workspace().given(daily())
    assert world.accepted(edit(rule="FREQ=DAILY", template=GivenFields(title="Water"))) == []


def test_what_was_said_of_a_withdrawn_one() -> None:
    """An occurrence that was opened and taken back, and then changed, comes back as it was changed."""
    world = workspace().given(daily())
    undo(world, complete(world, TODAY))
    fields = GivenFields(title="Tea", labels=("b",))
    world.given(edit(scope=Scope.THIS, occurrence=TOMORROW, template=fields, due=at_nine(4)))
    complete(world, TODAY)
    task = task_of(world, TOMORROW)
    assert (task.title, task.labels, task.due, task.trashed_at) == ("Tea", ("b",), at_nine(4), None)


def test_a_moved_one_takes_over_once() -> None:
    """When the next one takes over goes by the time to which the one before was moved, also once it is a task."""
    world = workspace().given(daily(template=GivenTemplate("Water", start_before="PT6H")))
    world.given(edit(scope=Scope.THIS, occurrence=TOMORROW, due=When(local="2026-03-03T23:00", zone="UTC")))
    complete(world, TODAY)
    assert world.series(SERIES).at == moment("2026-03-04T04:00")
    settled(world)


def test_two_times_a_day_become_one() -> None:
    """What is due of the other stays as it is, also when what follows is split off and moved onto the one."""
    world = workspace().given(daily(rule="FREQ=DAILY;BYHOUR=9,18", missed=Missed.ALL))
    pass_time(world, "2026-03-03T20:00")
    world.given(edit(rule="FREQ=DAILY"))
    evening = "2026-03-02T18:00"
    change = edit(scope=Scope.THIS_AND_FOLLOWING, occurrence=evening, into="t", template=GivenFields(title="Tea"))
    world.given(change)
    tasks = [row for row in world.rows().values() if isinstance(row, Task) and row.series]
    assert len({(task.series, task.original) for task in tasks}) == len(tasks)
    assert evening in opened(world, "t")
    settled(world)
