"""Undo of what people do to a series and its occurrences: at once, later, and when others have gone on in between."""

from tasksys.commands import (
    CancelTask,
    CompleteTask,
    CreateTask,
    EndSeries,
    PauseSeries,
    ReopenTask,
    SkipTask,
    Undo,
)
from tasksys.refusals import Code
from tasksys.series.shapes import GivenFields, Missed, Scope, SeriesState
from tasksys.values import When
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


def test_completing_at_once() -> None:
    """The one that was opened for it goes to the trash; done again, it is the same one that comes back."""
    world = workspace().given(daily())
    before = world.series(SERIES)
    done = complete(world, TODAY)
    undone = undo(world, done)
    assert types(undone) == [
        "SeriesAdvanced", "TaskTrashed", "TaskSeriesChanged", "TaskReopened", "SeriesAdvanced"
    ]  # fmt: skip
    after = world.series(SERIES)
    assert (after.next, after.at, after.open_tasks, after.completions) == (before.next, before.at, before.open_tasks, 0)
    assert became(world) == {TODAY: "open"}
    complete(world, TODAY)
    assert (became(world), task_of(world, TOMORROW).id) == ({TODAY: "done", TOMORROW: "open"}, identifier(TOMORROW))


def test_undo_and_redo() -> None:
    """Back and forth, as often as one likes."""
    world = workspace().given(daily())
    events = complete(world, TODAY)
    for number in range(6):
        events = undo(world, events)
        assert became(world) == ({TODAY: "done", TOMORROW: "open"} if number % 2 else {TODAY: "open"})
        settled(world)


def test_skipping_and_cancelling() -> None:
    """Like completing."""
    for command in (SkipTask(task=identifier(TODAY)), CancelTask(task=identifier(TODAY))):
        world = workspace().given(daily())
        undo(world, world.accepted(command))
        assert became(world) == {TODAY: "open"}


def test_later_when_the_next_is_done() -> None:
    """It stays done, and only the first is reopened."""
    world = workspace().given(daily())
    first = complete(world, TODAY)
    complete(world, TOMORROW)
    undo(world, first)
    assert list(became(world).values()) == ["open", "done", "open"]
    assert world.series(SERIES).completions == 1
    settled(world)


def test_later_when_the_next_was_missed() -> None:
    """The first is reopened beside the one that is there by now; both are missed when another comes."""
    world = workspace().given(daily())
    first = complete(world, TODAY)
    pass_time(world, "2026-03-05T10:00")
    undo(world, first)
    assert list(became(world).values()) == ["open", "missed", "missed", "open"]
    pass_time(world, "2026-03-06T10:00")
    assert list(became(world).values()) == ["missed", "missed", "missed", "missed", "open"]


def test_later_when_the_time_of_the_next_has_come() -> None:
    """Then it would have been missed, had it not been done: it is, and the next one stays."""
    world = workspace().given(daily())
    first = complete(world, TODAY)
    pass_time(world, "2026-03-03T10:00")
    undo(world, first)
    assert became(world) == {TODAY: "missed", TOMORROW: "open"}
    settled(world)


def test_later_where_all_stay_open_or_queue() -> None:
    """It is open again; what came of itself stays, what came of it goes."""
    world = workspace().given(daily(missed=Missed.ALL))
    first = complete(world, TODAY)
    pass_time(world, "2026-03-04T08:00")
    undo(world, first)
    assert opened(world) == [TODAY, TOMORROW, "2026-03-04T09:00"]
    world = workspace().given(daily(missed=Missed.ONE_AT_A_TIME))
    first = complete(world, TODAY)
    pass_time(world, "2026-03-20T08:00")
    undo(world, first)
    assert became(world) == {TODAY: "open"}


def test_completing_after_completion() -> None:
    """What waited for its time, or was opened at once, is not there any more, and comes of the next completion."""
    for ahead in (None, "PT0S"):
        world = workspace().given(dated(rule="FREQ=DAILY;INTERVAL=3", after_completion=True, ahead=ahead))
        done = complete(world, "2026-03-02")
        pass_time(world, "2026-03-04T10:00")
        undo(world, done)
        assert (became(world), world.series(SERIES).next) == ({"2026-03-02": "open"}, None)
        complete(world, "2026-03-02")
        pass_time(world, "2026-03-07T10:00")
        assert opened(world) == ["2026-03-07"]


def test_the_one_that_stopped_it() -> None:
    """It goes on, as it is not enough any more."""
    world = workspace().given(daily(stop_after=1))
    done = complete(world, TODAY)
    assert (opened(world), world.series(SERIES).at) == ([], None)
    undo(world, done)
    assert (opened(world), world.series(SERIES).at) == ([TODAY], moment(TOMORROW))
    complete(world, TODAY)
    world.given(ReopenTask(task=identifier(TODAY)))
    assert world.series(SERIES).completions == 0


def test_reopening_one_that_is_missed_at_once() -> None:
    """The command changed the task twice; undo goes back over both."""
    world = workspace().given(daily(stop_after=1))
    complete(world, TODAY)
    pass_time(world, "2026-03-04T08:00")
    reopened = world.accepted(ReopenTask(task=identifier(TODAY)))
    assert became(world) == {TODAY: "missed", TOMORROW: "open"}
    undo(world, reopened)
    assert (became(world), world.series(SERIES).completions) == ({TODAY: "done"}, 1)
    settled(world)


def test_pausing_one_that_has_stopped() -> None:
    """It is where it was."""
    world = workspace().given(daily(stop_after=1))
    complete(world, TODAY)
    before = world.series(SERIES)
    paused = world.accepted(PauseSeries(series=SERIES))
    pass_time(world, "2026-03-10T08:00")
    undo(world, paused)
    assert world.series(SERIES).next == before.next


def test_creation() -> None:
    """The series has ended, and what it made is gone; undone in turn, it goes on."""
    world = workspace()
    created = world.accepted(daily())
    undone = undo(world, created)
    assert (became(world), world.series(SERIES).state) == ({}, SeriesState.ENDED)
    undo(world, undone)
    assert (became(world), world.series(SERIES).state) == ({TODAY: "open"}, SeriesState.ACTIVE)


def test_creation_later() -> None:
    """What is done stays, what is due too; what is to come goes, as where a series is ended."""
    world = workspace()
    created = world.accepted(daily())
    pass_time(world, "2026-03-04T10:00")
    complete(world, "2026-03-04T09:00")
    undo(world, created)
    assert list(became(world).values()) == ["missed", "missed", "done"]
    assert world.accepted(EndSeries(series=SERIES)) == []


def test_creation_of_a_task() -> None:
    """The task is one without a series again, with the due value that it had."""
    world = workspace().given(CreateTask(task="first", title="Bins", due=When(date="2026-03-04")))
    created = world.accepted(daily(task="first"))
    assert (world.task("first").series, world.task("first").due) == (SERIES, When(local=TODAY, zone="UTC"))
    undo(world, created)
    assert (world.task("first").series, world.task("first").original) == (None, None)
    assert (world.task("first").due, became(world)) == (When(date="2026-03-04"), {})


def test_a_change_of_all_that_was_changed_again() -> None:
    """Refused whole: of the task, or of the series."""
    world = workspace().given(daily())
    changed = world.accepted(edit(template=GivenFields(title="Tea")))
    again = world.accepted(edit(template=GivenFields(title="Soup")))
    assert world.refused(Undo(events=tuple(changed))).code is Code.UNDO_CONFLICT
    undo(world, again)
    undo(world, changed)
    assert (world.series(SERIES).template.title, task_of(world, TODAY).title) == ("Water", "Water")


def test_of_one_that_was_moved() -> None:
    """The occurrence that is opened, and taken back, is still where it was moved to."""
    world = workspace().given(daily())
    world.given(edit(scope=Scope.THIS, occurrence=TOMORROW, due=When(local="2026-03-02T20:00", zone="UTC")))
    at = world.series(SERIES).at
    undo(world, complete(world, TODAY))
    assert (world.series(SERIES).at, at) == (moment("2026-03-02T20:00"), moment("2026-03-02T20:00"))
    pass_time(world, "2026-03-02T20:00")
    assert (opened(world), task_of(world, TOMORROW).due) == ([TOMORROW], When(local="2026-03-02T20:00", zone="UTC"))


def test_pausing_and_ending_at_once() -> None:
    """It goes on as if nothing had been."""
    for command in (PauseSeries(series=SERIES), EndSeries(series=SERIES)):
        world = workspace().given(daily())
        before = world.series(SERIES)
        undo(world, world.accepted(command))
        after = world.series(SERIES)
        assert (after.next, after.at, after.open_tasks, after.state) == (
            before.next,
            before.at,
            before.open_tasks,
            before.state,
        )


def test_by_somebody_who_did_not_do_it() -> None:
    """What the clock did is nobody's to undo."""
    world = workspace().given(daily())
    events = pass_time(world, "2026-03-03T10:00")
    assert world.refused(Undo(events=tuple(events))).code is Code.NOT_UNDOABLE
    assert world.given(CompleteTask(task=identifier(TOMORROW)))


def test_back_and_forth_of_what_changes_a_task() -> None:
    """What comes back from the trash as it was changed in the meantime goes there again, and comes back again."""
    world = workspace().given(daily())
    undo(world, complete(world, TODAY))
    nine, ten = (When(local=f"2026-03-{day:02}T09:00", zone="UTC") for day in (3, 4))
    world.given(edit(scope=Scope.THIS, occurrence=TOMORROW, due=ten))
    events = complete(world, TODAY)
    for number in range(4):
        assert (TOMORROW in opened(world)) is not bool(number % 2)
        assert world.task(identifier(TOMORROW)).due == (nine if number % 2 else ten)
        events = undo(world, events)


def test_back_and_forth_of_a_move_that_opens() -> None:
    """The occurrence is a task or to come, and where it was moved to or not."""
    world = workspace().given(daily(ahead="PT0S", anchor=When(local="2026-03-09T09:00", zone="UTC")))
    moved = When(local="2026-03-02T08:00", zone="UTC")
    events = world.accepted(edit(scope=Scope.THIS, occurrence="2026-03-09T09:00", due=moved))
    for number in range(4):
        assert opened(world) == ([] if number % 2 else ["2026-03-09T09:00"])
        assert world.series(SERIES).overrides == ()
        events = undo(world, events)
