"""What was moved or put off beyond the next occurrence, and what begins late: nothing is missed before its own time."""

import pytest

from tasksys.commands import Command, CreateSeries, CreateTask, EditTask, EndSeries, PauseSeries, PostponeTask, Undo
from tasksys.refusals import Code
from tasksys.series.shapes import Missed, Scope
from tasksys.values import When
from tests.tasksys.series.calendar import (
    SERIES,
    became,
    complete,
    daily,
    edit,
    identifier,
    opened,
    pass_time,
    settled,
    split,
    task_of,
    workspace,
)

TODAY, NEXT = "2026-03-02T09:00", "2026-03-03T09:00"
BEYOND = When(local="2026-03-04T12:00", zone="UTC")
"""After the next two occurrences of a daily series at nine."""


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("postponed", [False, True])
def test_what_is_put_off_beyond_the_next_has_its_own_time(postponed: bool, late: bool) -> None:
    """Those in between are missed; it is, when the first one after its time comes; on time and late alike."""
    world = workspace().given(daily())
    name = identifier(TODAY)
    world.given(PostponeTask(task=name, to=BEYOND) if postponed else EditTask(task=name, due=BEYOND))
    pass_time(world, "2026-03-04T11:00", late=late)
    assert (opened(world), became(world)["2026-03-03T09:00"]) == ([TODAY], "(missed)")
    assert became(world)["2026-03-04T09:00"] == "(missed)"
    pass_time(world, "2026-03-05T10:00", late=late)
    assert (opened(world), became(world)[TODAY]) == (["2026-03-05T09:00"], "missed")
    settled(world)


def test_what_is_moved_beyond_the_next_before_it_is_a_task() -> None:
    """It becomes one in its turn, and stays until its own time is over."""
    world = workspace().given(daily(), edit(scope=Scope.THIS, occurrence=NEXT, due=BEYOND))
    pass_time(world, "2026-03-04T13:00")
    assert opened(world) == [NEXT]
    assert task_of(world, NEXT).due == BEYOND
    assert became(world)["2026-03-04T09:00"] == "(missed)"
    pass_time(world, "2026-03-05T10:00")
    assert opened(world) == ["2026-03-05T09:00"]
    settled(world)


def test_an_overdue_task_that_comes_again_is_not_missed_at_once() -> None:
    """It is open until the next time after now."""
    world = workspace().given(CreateTask(task="milk", title="Milk", due=When(local="2026-02-20T07:00", zone="UTC")))
    world.given(CreateSeries(series=SERIES, task="milk", rule="FREQ=DAILY"))
    assert (opened(world), world.series(SERIES).next) == (["2026-02-20T07:00"], "2026-03-03T07:00")
    pass_time(world, "2026-03-03T08:00")
    assert became(world) == {"2026-02-20T07:00": "missed", "2026-03-03T07:00": "open"}


def test_undo_of_a_pause_after_days_misses_nothing() -> None:
    """As if it were resumed."""
    world = workspace().given(daily())
    paused = world.accepted(PauseSeries(series=SERIES))
    pass_time(world, "2026-03-06T10:00")
    world.given(Undo(events=tuple(paused)))
    assert became(world) == {TODAY: "missed", "2026-03-06T09:00": "open"}


@pytest.mark.parametrize("change", [PauseSeries(series=SERIES), EndSeries(series=SERIES)])
def test_undo_of_a_pause_or_an_end_forgets_nothing_that_waits_its_turn(change: Command) -> None:
    """What waits until the one before it is done, though its time has come, waits still."""
    world = workspace().given(daily(missed=Missed.ONE_AT_A_TIME))
    pass_time(world, "2026-03-05T10:00")
    waiting = world.series(SERIES).next
    done = world.accepted(change)
    world.given(Undo(events=tuple(done)))
    assert (world.series(SERIES).next, waiting) == (NEXT, NEXT)
    complete(world, TODAY)
    assert opened(world) == [NEXT]
    settled(world)


def test_an_exception_of_its_own_is_no_place_to_split() -> None:
    """The rest of the rule does not have it."""
    world = workspace().given(daily(rule="FREQ=WEEKLY", rdate=("2026-03-11T09:00",)))
    assert world.refused(split("2026-03-11T09:00")).code is Code.INVALID
