"""Undo of whatever a person did last, after any story of series: all is as it was before; undone in turn, as after."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tasksys.commands import CreateSeries, Undo
from tasksys.refusals import Refusal
from tasksys.rows import Occurrence, Row, Series, Task
from tasksys.series.shapes import SeriesState
from tests.tasksys.series.calendar import Calendar
from tests.tasksys.series.test_stories import KINDS, WILD, Step, begun, command_for, told
from tests.tasksys.strategies import STORIES

CHANGED: Final = {"version": 0, "position": 0, "updated_at": ""}
NEVER: Final = "9999"


WHAT: Final = ("complete", "cancel", "skip", "postpone", "reopen", "trash", "restore", "leave out", "move")
OF_A_SERIES: Final = ("pause", "resume", "end", "all", "rest")


@STORIES
@given(KINDS, WILD, st.sampled_from([*WHAT, *OF_A_SERIES]), st.integers(0, 30))
def test_undo_of_the_last_command(made: tuple[CreateSeries, str], story: list[Step], what: str, number: int) -> None:
    """Series, their occurrences and tasks are as they were; and again as they were then."""
    world = told(begun(*made), story)
    before, looks = seen(world), look(world)
    command = command_for(world, what, number)
    done = world.when(command) if command is not None else []
    if isinstance(done, Refusal) or not done:
        return
    after = seen(world)
    undone = world.accepted(Undo(events=tuple(done)))
    assert seen(world) == before
    assert look(world) <= looks
    world.accepted(Undo(events=tuple(undone)))
    assert seen(world) == after


def look(world: Calendar) -> str:
    """When the series is looked at next: too early does no harm but that an occurrence which was moved, and whose task
    was withdrawn twice, comes up to half an interval early."""
    return min((row.at or NEVER for row in world.rows().values() if isinstance(row, Series)), default=NEVER)


def seen(world: Calendar) -> dict[tuple[str, str], Row]:
    """What a person sees: no trash, no counters, and of a series that was made and taken back, nothing.

    That an occurrence was missed in the meantime stays, and what was left out may be so by a row or by an exception.
    What is different about one that was a task for a moment, its task knows.
    """
    found: dict[tuple[str, str], Row] = {}
    for key, row in world.rows().items():
        match row:
            case Task() if row.trashed_at is None:
                found[key] = structs.replace(row, **CHANGED)
            case Series() if row.previous is None or row.state is not SeriesState.ENDED:
                left_out = [one.original for one in row.overrides if one.skipped]
                found |= {("o", f"{row.id}/{one}"): Occurrence(row.id, one, skipped=True) for one in left_out}
                tasks = tuple(sorted(row.open_tasks))
                found[key] = structs.replace(row, **CHANGED, open_tasks=tasks, overrides=(), at=None)
            case Occurrence() if row.task is not None or row.skipped:
                found[key] = row
            case _:
                pass
    return found
