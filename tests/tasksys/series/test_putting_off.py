"""Leaving out, putting off, pausing and ending."""

import pytest

from tasksys.commands import (
    CompleteTask,
    CreateTask,
    EndSeries,
    PauseSeries,
    PostponeTask,
    ReopenTask,
    RestoreTask,
    ResumeSeries,
    SkipOccurrence,
    SkipTask,
)
from tasksys.refusals import Code
from tasksys.series.shapes import GivenTemplate, Missed, SeriesState
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
    undo,
    workspace,
)

TODAY = "2026-03-02T09:00"
TOMORROW = "2026-03-03T09:00"


def in_berlin(local: str) -> When:
    """A local time in Berlin, where the clocks change on the 29th of March."""
    return When(local=local, zone="Europe/Berlin")


def test_skipping_a_task_and_its_occurrence_are_the_same() -> None:
    """It is left out, which is no completion, and the next one comes."""
    for command in (SkipTask(task=identifier(TODAY)), SkipOccurrence(series=SERIES, occurrence=TODAY)):
        world = workspace().given(daily())
        assert types(world.accepted(command)) == ["TaskSkipped", "TaskCreated", "SeriesAdvanced"]
        assert became(world) == {TODAY: "skipped", TOMORROW: "open"}
        assert world.series(SERIES).completions == 0
        assert world.accepted(command) == []


def test_skipping_one_to_come() -> None:
    """It never is a task; what has been passed over is recorded."""
    world = workspace().given(daily(), SkipOccurrence(series=SERIES, occurrence="2026-03-04T09:00"))
    assert world.accepted(SkipOccurrence(series=SERIES, occurrence="2026-03-04T09:00")) == []
    complete(world, TODAY)
    complete(world, TOMORROW)
    assert list(became(world).values()) == ["done", "done", "(skipped)", "open"]
    assert world.series(SERIES).overrides == ()


@pytest.mark.parametrize("passed", [False, True])
def test_undo_of_skipping_one_to_come(passed: bool) -> None:
    """Before it was passed it comes in its turn, and after that it is missed, or open where all are."""
    for missed, word in ((Missed.NEXT, "(missed)"), (Missed.ALL, "open")):
        world = workspace().given(daily(missed=missed, ahead="PT0S"))
        skipped = world.accepted(SkipOccurrence(series=SERIES, occurrence="2026-03-04T09:00"))
        if passed:
            pass_time(world, "2026-03-06T08:00")
        undo(world, skipped)
        pass_time(world, "2026-03-06T10:00")
        found = became(world)
        assert found["2026-03-04T09:00"] == (word if passed else ("missed" if missed is Missed.NEXT else "open"))
        assert opened(world)[-1] == "2026-03-06T09:00"
        settled(world)


def test_skipping_while_it_waits_after_completion() -> None:
    """The next is so long after the one that is left out."""
    world = workspace().given(dated(rule="FREQ=DAILY;INTERVAL=3", after_completion=True, ahead="PT0S"))
    complete(world, "2026-03-02")
    skipped = world.accepted(SkipOccurrence(series=SERIES, occurrence="2026-03-05"))
    assert (world.series(SERIES).next, world.series(SERIES).at) == ("2026-03-08", moment("2026-03-08T00:00"))
    undo(world, skipped)
    assert (world.series(SERIES).next, world.series(SERIES).overrides) == ("2026-03-05", ())
    pass_time(world, "2026-03-05T10:00")
    assert opened(world) == ["2026-03-05"]


def test_postponing() -> None:
    """Its start goes along, it is counted, and it is the occurrence that it was."""
    world = workspace().given(daily(rule="FREQ=WEEKLY", template=GivenTemplate("Water", start_before="PT2H")))
    name = identifier(TODAY)
    done = world.accepted(PostponeTask(task=name, by="P1D"))
    task = world.task(name)
    assert (task.original, task.postponed) == (TODAY, 1)
    assert task.due == When(local="2026-03-03T09:00", zone="UTC")
    assert task.start == When(local="2026-03-03T07:00", zone="UTC")
    world.given(PostponeTask(task=name, to=When(local="2026-03-05T12:00", zone="UTC")))
    assert (world.task(name).postponed, world.task(name).start) == (2, When(local="2026-03-05T10:00", zone="UTC"))
    assert types(done) == ["TaskPostponed"]
    complete(world, TODAY)
    assert opened(world) == ["2026-03-09T09:00"]


@pytest.mark.parametrize(
    ("due", "by", "expected"),
    [
        (When(date="2026-02-20"), "P1D", When(date="2026-03-03")),
        (When(date="2026-03-20"), "P1W", When(date="2026-03-27")),
        (When(local="2026-02-20T07:00"), "PT2H", When(local="2026-03-02T09:00")),
        (When(local="2026-02-20T07:00"), "P1DT2H", When(local="2026-03-03T09:00")),
        (
            When(local="2026-03-28T02:30", zone="Europe/Berlin"),
            "P1D",
            When(local="2026-03-29T02:30", zone="Europe/Berlin"),
        ),
        (
            When(local="2026-03-28T02:30", zone="Europe/Berlin"),
            "PT24H",
            When(local="2026-03-29T03:30", zone="Europe/Berlin"),
        ),
    ],
)
def test_putting_off_by_a_duration(due: When, by: str, expected: When) -> None:
    """From today on, if it is overdue; days by the clock on the wall, hours exactly."""
    world = workspace().given(CreateTask(task="x", title="X", due=due), PostponeTask(task="x", by=by))
    assert world.task("x").due == expected


def test_putting_off_beyond_the_calendar() -> None:
    """What would be due after its end is refused; it is not due earlier instead."""
    due = When(local="9999-12-31T23:00", zone="UTC")
    world = workspace().given(CreateTask(task="milk", title="Milk", due=due))
    for by in ("PT1H", "P1D"):
        assert world.refused(PostponeTask(task="milk", by=by)).errors[0].pointer == "/by"


def test_undo_of_postponing_later() -> None:
    """Unless it was moved again it is where it was, and was put off once less."""
    world = workspace().given(daily(rule="FREQ=WEEKLY"))
    done = world.accepted(PostponeTask(task=identifier(TODAY), by="P1D"))
    pass_time(world, "2026-03-04T10:00")
    undo(world, done)
    task = task_of(world, TODAY)
    assert (task.due, task.postponed) == (When(local=TODAY, zone="UTC"), 0)


def test_nothing_is_missed_while_it_is_paused() -> None:
    """What is open stays; it goes on with today's."""
    world = workspace().given(daily(), PauseSeries(series=SERIES))
    assert (world.series(SERIES).state, world.series(SERIES).at) == (SeriesState.PAUSED, None)
    pass_time(world, "2026-03-10T08:00")
    assert became(world) == {TODAY: "open"}
    world.given(ResumeSeries(series=SERIES))
    assert (became(world), world.series(SERIES).next) == ({TODAY: "open"}, "2026-03-10T09:00")
    pass_time(world, "2026-03-10T10:00")
    assert became(world) == {TODAY: "missed", "2026-03-10T09:00": "open"}
    settled(world)


def test_one_at_a_time_nothing_is_passed_over() -> None:
    """What waited before the pause waits on after it, and what came in between; whatever ends the pause."""
    for ends_by_undo in (False, True):
        world = workspace().given(daily(missed=Missed.ONE_AT_A_TIME))
        pass_time(world, "2026-03-05T10:00")
        paused = world.accepted(PauseSeries(series=SERIES))
        pass_time(world, "2026-03-10T08:00")
        if ends_by_undo:
            undo(world, paused)
        else:
            world.given(ResumeSeries(series=SERIES))
        assert (opened(world), world.series(SERIES).next) == ([TODAY], TOMORROW)
        for day in range(2, 7):
            world.given(CompleteTask(task=identifier(f"2026-03-{day:02}T09:00")))
        assert list(became(world).values()) == ["done"] * 5 + ["open"]
        settled(world)


def test_done_while_it_is_paused() -> None:
    """Nothing follows until it is resumed."""
    world = workspace().given(daily(), PauseSeries(series=SERIES), CompleteTask(task=identifier(TODAY)))
    assert opened(world) == []
    pass_time(world, "2026-03-10T12:00")
    world.given(ResumeSeries(series=SERIES))
    assert became(world) == {TODAY: "done", "2026-03-10T09:00": "open"}


def test_undo_of_resuming() -> None:
    """It is paused where it was, and what was opened goes."""
    world = workspace().given(daily(missed=Missed.ALL), PauseSeries(series=SERIES))
    pass_time(world, "2026-03-10T12:00")
    resumed = world.accepted(ResumeSeries(series=SERIES))
    assert opened(world) == [TODAY, "2026-03-10T09:00", "2026-03-11T09:00"]
    undo(world, resumed)
    assert (opened(world), world.series(SERIES).next) == ([TODAY], TOMORROW)


def test_pause_and_resume_twice_are_nothing() -> None:
    """What is so already is no event."""
    world = workspace().given(daily())
    assert world.accepted(ResumeSeries(series=SERIES)) == []
    world.given(PauseSeries(series=SERIES))
    assert world.accepted(PauseSeries(series=SERIES)) == []
    world.given(EndSeries(series=SERIES))
    assert world.accepted(EndSeries(series=SERIES)) == []


def test_the_end() -> None:
    """What is to come goes to the trash and out of the series, what was due stays."""
    world = workspace().given(daily(missed=Missed.ALL, ahead="P1DT1H"))
    pass_time(world, "2026-03-03T10:00")
    ended = world.accepted(EndSeries(series=SERIES))
    assert became(world) == {TODAY: "open", TOMORROW: "open"}
    gone = world.task(identifier("2026-03-04T09:00"))
    assert (gone.trashed_at is None, gone.series) == (False, None)
    pass_time(world, "2026-03-20T10:00")
    assert became(world) == {TODAY: "open", TOMORROW: "open"}
    undo(world, ended)
    assert opened(world)[:3] == [TODAY, TOMORROW, "2026-03-04T09:00"]


def test_the_end_is_undone() -> None:
    """What was withdrawn comes back, as the task that it was; nothing but undo begins it again."""
    world = workspace("2026-03-03T08:00").given(daily(rule="FREQ=WEEKLY"))
    ended = world.accepted(EndSeries(series=SERIES))
    assert became(world) == {}
    assert world.refused(ResumeSeries(series=SERIES)).code is Code.SERIES_ENDED
    undo(world, ended)
    assert (became(world), world.series(SERIES).next) == ({"2026-03-09T09:00": "open"}, "2026-03-16T09:00")
    assert task_of(world, "2026-03-09T09:00").id == identifier("2026-03-09T09:00")


def test_one_that_was_withdrawn_is_done_when_it_comes() -> None:
    """Somebody took it out of the trash and did it: it is the occurrence, it counts, and the next one comes."""
    world = workspace().given(daily())
    undo(world, world.accepted(CompleteTask(task=identifier(TODAY))))
    name = identifier(TOMORROW)
    world.given(RestoreTask(task=name), CompleteTask(task=name), CompleteTask(task=identifier(TODAY)))
    assert became(world) == {TODAY: "done", TOMORROW: "done", "2026-03-04T09:00": "open"}
    assert world.series(SERIES).completions == 2
    world.given(ReopenTask(task=name))
    assert world.series(SERIES).completions == 1
    settled(world)


def test_putting_off_into_the_past() -> None:
    """Neither an earlier day nor an earlier time; what is late may be put off to what is past, but later."""
    world = workspace().given(
        CreateTask(task="day", title="A", due=When(date="2026-03-05")),
        CreateTask(task="late", title="B", due=When(date="2026-02-20")),
        CreateTask(task="time", title="C", due=When(local="2026-03-02T09:00", zone="Asia/Tokyo")),
        CreateTask(task="never", title="D"),
    )
    yesterday = When(date="2026-03-01")
    for task, to in (
        ("day", yesterday),
        ("never", yesterday),
        ("late", When(date="2026-02-19")),
        ("day", When(local="2026-03-02T07:59", zone="UTC")),
        ("time", When(local="2026-03-02T08:59", zone="Asia/Tokyo")),
    ):
        assert [one.pointer for one in world.refused(PostponeTask(task=task, to=to)).errors] == ["/to"]
    for task, to in (
        ("day", When(date="2026-03-02")),
        ("late", When(date="2026-02-21")),
        ("time", When(local="2026-03-02T16:59", zone="Asia/Tokyo")),
    ):
        assert types(world.accepted(PostponeTask(task=task, to=to))) == ["TaskPostponed"]
