"""What becomes of occurrences that are not done, by the series' policy; on time and after the service was down."""

import pytest

from tasksys.commands import CompleteTask, CreateTask, ReopenTask, RestoreTask, SkipOccurrence, SkipTask, TrashTask
from tasksys.rows import Task
from tasksys.series.advancing import OPEN
from tasksys.series.shapes import Before, GivenTemplate, Missed, OfEach
from tasksys.values import When
from tests.tasksys.series.calendar import (
    SERIES,
    became,
    complete,
    daily,
    dated,
    identifier,
    moment,
    opened,
    pass_time,
    settled,
    task_of,
    types,
    workspace,
)


def test_one_at_most_is_open_and_the_others_are_missed() -> None:
    """The next takes over at its own time, not before."""
    world = workspace().given(daily())
    pass_time(world, "2026-03-03T08:59")
    assert became(world) == {"2026-03-02T09:00": "open"}
    events = pass_time(world, "2026-03-03T09:00")
    assert types(events) == ["TaskMissed", "TaskCreated", "SeriesAdvanced"]
    assert became(world) == {"2026-03-02T09:00": "missed", "2026-03-03T09:00": "open"}


def test_days_without_service() -> None:
    """Those in between never were tasks: they are recorded as missed, and the latest is open."""
    world = workspace().given(daily())
    events = pass_time(world, "2026-03-06T12:00", late=True)
    assert types(events) == ["TaskMissed", "TaskCreated", "SeriesAdvanced"]
    assert list(became(world).values()) == ["missed", "(missed)", "(missed)", "(missed)", "open"]
    assert opened(world) == ["2026-03-06T09:00"]


def test_service_comes_back_at_the_very_time() -> None:
    """The one that is due then is open, and that before it was missed."""
    world = workspace().given(daily())
    pass_time(world, "2026-03-05T09:00", late=True)
    assert list(became(world).values()) == ["missed", "(missed)", "(missed)", "open"]


def test_a_year_without_service_takes_several_commands() -> None:
    """Each passes over so many at most, and the clock goes on at once."""
    world = workspace().given(daily())
    events = pass_time(world, "2027-03-02T12:00", late=True)
    assert types(events).count("SeriesAdvanced") == 2
    assert opened(world) == ["2027-03-02T09:00"]
    assert list(became(world).values()).count("(missed)") == 364


def test_left_out_is_not_waited_for() -> None:
    """The one before an occurrence that is left out stays open until the one after it, on time or late."""
    for late in (False, True):
        world = workspace().given(daily(), SkipOccurrence(series=SERIES, occurrence="2026-03-04T09:00"))
        pass_time(world, "2026-03-05T08:00", late)
        assert became(world) == {
            "2026-03-02T09:00": "missed",
            "2026-03-03T09:00": "open",
            "2026-03-04T09:00": "(skipped)",
        }


def test_done_opens_the_next_at_once() -> None:
    """Where nothing is said of when; it waits for its time where that is said."""
    world = workspace().given(daily())
    assert types(complete(world, "2026-03-02T09:00")) == ["TaskCompleted", "TaskCreated", "SeriesAdvanced"]
    assert opened(world) == ["2026-03-03T09:00"]
    world = workspace().given(daily(ahead="PT3H"))
    assert (became(world), world.series(SERIES).at) == ({"2026-03-02T09:00": "open"}, moment("2026-03-03T09:00"))
    assert types(complete(world, "2026-03-02T09:00")) == ["TaskCompleted", "SeriesAdvanced"]
    assert (opened(world), world.series(SERIES).at) == ([], moment("2026-03-03T06:00"))
    pass_time(world, "2026-03-03T06:00")
    assert opened(world) == ["2026-03-03T09:00"]


def test_an_early_creation_waits() -> None:
    """With `ahead` the first too is no task before."""
    world = workspace().given(dated(anchor=When(date="2026-03-20"), ahead="P1W"))
    assert (became(world), world.series(SERIES).at) == ({}, moment("2026-03-13T00:00"))


def test_all_pile_up() -> None:
    """Each is a task a day ahead and stays open, on time or late."""
    for late in (False, True):
        world = workspace().given(daily(missed=Missed.ALL))
        assert opened(world) == ["2026-03-02T09:00"]
        assert world.series(SERIES).at == moment("2026-03-02T09:00")
        pass_time(world, "2026-03-05T08:00", late)
        assert opened(world) == [f"2026-03-0{day}T09:00" for day in (2, 3, 4, 5)]


def test_a_pile_is_bounded() -> None:
    """What comes on top of so many is missed; done ones make room."""
    world = workspace().given(daily(missed=Missed.ALL))
    pass_time(world, "2026-08-01T10:00", late=True)
    assert len(opened(world)) == OPEN
    assert list(became(world).values()).count("(missed)") == len(became(world)) - OPEN
    assert len(became(world)) == 153
    complete(world, "2026-03-02T09:00")
    pass_time(world, "2026-08-02T10:00")
    assert len(opened(world)) == OPEN
    settled(world)


def test_a_queue_goes_on_when_this_is_done() -> None:
    """However late; none is missed, and the next is due when it was."""
    world = workspace().given(daily(missed=Missed.ONE_AT_A_TIME))
    pass_time(world, "2026-03-20T10:00", late=True)
    assert (became(world), world.series(SERIES).at) == ({"2026-03-02T09:00": "open"}, None)
    complete(world, "2026-03-02T09:00")
    assert opened(world) == ["2026-03-03T09:00"]
    assert task_of(world, "2026-03-03T09:00").due == When(local="2026-03-03T09:00", zone="UTC")
    world.given(SkipTask(task=identifier("2026-03-03T09:00")), TrashTask(task=identifier("2026-03-04T09:00")))
    assert opened(world) == ["2026-03-05T09:00"]


def test_brought_back() -> None:
    """A person may have more open than the policy would; the next one that comes takes the place of both."""
    world = workspace().given(daily())
    pass_time(world, "2026-03-03T10:00")
    world.given(ReopenTask(task=identifier("2026-03-02T09:00")))
    assert opened(world) == ["2026-03-02T09:00", "2026-03-03T09:00"]
    settled(world)
    pass_time(world, "2026-03-04T10:00")
    assert opened(world) == ["2026-03-04T09:00"]
    world.given(TrashTask(task=identifier("2026-03-04T09:00")), RestoreTask(task=identifier("2026-03-04T09:00")))
    assert opened(world) == ["2026-03-04T09:00", "2026-03-05T09:00"]


def test_done_after_it_was_missed() -> None:
    """It is done, and counted; what is open stays."""
    world = workspace().given(daily())
    pass_time(world, "2026-03-03T10:00")
    complete(world, "2026-03-02T09:00")
    assert became(world) == {"2026-03-02T09:00": "done", "2026-03-03T09:00": "open"}
    assert world.series(SERIES).completions == 1


def test_what_a_task_is_made_of() -> None:
    """The template, with due and start, a checklist of its own and the id that any client can compute."""
    template = GivenTemplate(" Water ", labels=(" home ", "home"), checklist=("Can ", "Tap"), start_before="P1DT2H")
    world = workspace().given(daily(template=template))
    task = task_of(world, "2026-03-02T09:00")
    assert (task.id, task.title, task.labels) == (identifier("2026-03-02T09:00"), "Water", ("home",))
    assert task.start == When(local="2026-03-01T07:00", zone="UTC")
    assert [item.title for item in task.checklist] == ["Can", "Tap"]
    complete(world, "2026-03-02T09:00")
    items = {item.id for row in world.rows().values() if isinstance(row, Task) for item in row.checklist}
    assert len(items) == 4


def test_a_task_becomes_the_first() -> None:
    """With all that it has; done, the next one is made like it."""
    world = workspace()
    world.given(CreateTask(task="first", title="Bins", due=When(date="2026-03-04"), labels=("home",)))
    world.given(dated(task="first", template=None, anchor=None, rule="FREQ=WEEKLY"), CompleteTask(task="first"))
    task = task_of(world, "2026-03-11")
    assert (task.title, task.labels, task.due) == ("Bins", ("home",), When(date="2026-03-11"))
    assert became(world) == {"2026-03-04": "done", "2026-03-11": "open"}


@pytest.mark.parametrize("missed", Missed)
def test_a_completed_parent_leaves_its_children(missed: Missed) -> None:
    """Completing is of one occurrence: the series of subtasks below it does not go on by it."""
    world = workspace().given(CreateTask(task="parent", title="Plants"))
    world.given(daily(template=GivenTemplate("Water", parent="parent"), missed=missed))
    assert types(world.accepted(CompleteTask(task="parent"))) == ["TaskCompleted"]
    assert opened(world) == ["2026-03-02T09:00"]


@pytest.mark.parametrize(
    ("template", "at"),
    [
        (GivenTemplate("Water", reminders=(OfEach(Before("P1D")),)), "2026-03-08T09:00"),
        (GivenTemplate("Water", start_before="PT5H"), "2026-03-09T04:00"),
        (GivenTemplate("Water", start_before="PT5H", reminders=(OfEach(Before("PT1H")),)), "2026-03-09T04:00"),
        (GivenTemplate("Water", reminders=(OfEach(Before("P6D")),)), "2026-03-05T21:00"),
        (GivenTemplate("Water", reminders=(OfEach(Before("-PT1H")),)), "2026-03-09T09:00"),
    ],
)
def test_it_takes_over_in_time_for_its_reminders(template: GivenTemplate, at: str) -> None:
    """And its start; but the one before has half of the time in between."""
    world = workspace().given(daily(rule="FREQ=WEEKLY", template=template))
    assert world.series(SERIES).at == moment(at)
