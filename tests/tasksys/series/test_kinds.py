"""A series that goes over from dates to times of day, or back: what is open from before is named as it was."""

from typing import Final

import pytest

from tasksys.commands import CompleteTask, EditTask, EndSeries, PauseSeries, ResumeSeries, Undo
from tasksys.series.shapes import Missed
from tasksys.values import When
from tests.support.domain import replayed
from tests.tasksys.series.calendar import Calendar, daily, edit, opened, pass_time, settled, task_of, workspace

DATE: Final = When(date="2026-03-02"), "2026-03-02", When(date="2026-03-20")
TIME: Final = When(local="2026-03-02T09:00", zone="UTC"), "2026-03-02T09:00", When(local="2026-03-20T09:00", zone="UTC")


@pytest.mark.parametrize("missed", Missed)
@pytest.mark.parametrize(("before", "after"), [(DATE, TIME), (TIME, DATE)], ids=["to times", "to dates"])
@pytest.mark.parametrize(
    "then",
    [
        (),
        (EndSeries(id="end", series="s"), Undo(command="end")),
        (PauseSeries(series="s"), ResumeSeries(series="s")),
        (edit(rule="FREQ=WEEKLY"),),
        (edit(anchor=DATE[2]), edit(anchor=TIME[2])),
    ],
    ids=["", "end", "pause", "rule", "back"],
)
def test_an_open_occurrence_without_due_of_the_other_kind(before, after, missed, then) -> None:  # type: ignore[no-untyped-def]
    """It stops nobody: nothing is raised where it is asked when such an occurrence is due."""
    world = workspace().given(daily(anchor=before[0], missed=missed))
    task = task_of(world, before[1])
    world.given(EditTask(task=task.id, due=None))
    pass_time(world, "2026-03-02T12:00")
    changed = world.accepted(edit(anchor=after[2]))
    world.given(*then)
    _goes_on(world)
    world.when(CompleteTask(task=task.id))
    world.when(Undo(events=tuple(changed)))
    _goes_on(world)


def _goes_on(world: Calendar) -> None:
    pass_time(world, "2026-03-23T12:00")
    settled(world)
    assert opened(world)
    assert replayed(world.log) == world.rows()
