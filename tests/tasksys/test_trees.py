"""How tall trees of subtasks are, and that no move makes one taller than the bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys import limits, trees
from tasksys.commands import Command, CreateTask, EditTask, MoveTask, TrashTask, Undo
from tasksys.refusals import Code, Refusal
from tasksys.rows import Task
from tests.support.domain import World, founded
from tests.tasksys.strategies import STORIES

NAMES = [f"t{number}" for number in range(8)]


def counted(world: World) -> dict[str, tuple[int, ...]]:
    """For each task with subtasks how many are one level below it, two, and so on; counted from the tasks alone."""
    levels: dict[str, list[int]] = {}
    for row in world.rows().values():
        above, depth = row, 0
        while isinstance(above, Task) and above.parent is not None:
            counts = levels.setdefault(above.parent, [])
            counts += [0] * (depth + 1 - len(counts))
            counts[depth] += 1
            above, depth = world.task(above.parent), depth + 1
    return {task: tuple(counts) for task, counts in levels.items()}


def chain(world: World, name: str, length: int) -> World:
    """A tree of that many tasks, each below the one before."""
    world.given(CreateTask(task=f"{name}1", title=name))
    return world.given(
        *(CreateTask(task=f"{name}{at}", title=name, parent=f"{name}{at - 1}") for at in range(2, length + 1))
    )


def test_a_moved_tree_brings_its_height() -> None:
    """It fits where its deepest subtask does, and not one level further down; the refusal says how tall it is."""
    world = chain(chain(founded(), "a", 20), "b", 13)
    refused = world.refused(MoveTask(task="b1", parent="a20"))
    assert refused.code is Code.LIMIT
    assert "12 levels are below this task" in refused.detail
    assert world.refused(EditTask(task="b1", parent="a20")).code is Code.LIMIT
    world.given(MoveTask(task="b1", parent="a19"))
    assert trees.height("a1", world.state) == limits.SUBTASK_DEPTH - 1
    assert world.refused(CreateTask(task="more", title="More", parent="b13")).code is Code.LIMIT


def test_a_tree_that_lost_its_deepest_task_may_go_deeper() -> None:
    """What was taken away from below a task does not count any more."""
    world = chain(chain(founded(), "a", 20), "b", 13).given(MoveTask(task="b13", parent=None))
    world.given(MoveTask(task="b1", parent="a20"))


def test_what_is_in_the_trash_counts() -> None:
    """It can come back at any time, so there must be room for it."""
    world = chain(chain(founded(), "a", 20), "b", 13).given(TrashTask(task="b13"))
    assert world.refused(MoveTask(task="b1", parent="a20")).code is Code.LIMIT


def test_undo_hangs_no_tree_too_deep() -> None:
    """A tree that has grown since it was taken out does not fit back."""
    world = chain(chain(founded(), "a", 20), "b", 12)
    world.given(MoveTask(task="b1", parent="a20"), MoveTask(id="out", task="b1", parent=None))
    world.given(CreateTask(task="b13", title="b", parent="b12"))
    assert world.refused(Undo(command="out")).code is Code.LIMIT


def test_a_tree_of_greatest_depth_may_be_reordered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A move that leaves the parent as it is makes nothing deeper, not even where an older bound let more in."""
    world = chain(founded(), "a", limits.SUBTASK_DEPTH).given(CreateTask(task="beside", title="Beside", parent="a1"))
    monkeypatch.setattr(limits, "SUBTASK_DEPTH", 8)
    world.given(MoveTask(task="beside", parent="a1", before="a2"), EditTask(task="a32", parent="a31", order="V"))
    assert world.listed(parent="a1") == ["beside", "a2"]


STEP = st.tuples(st.sampled_from(NAMES), st.none() | st.sampled_from(NAMES), st.sampled_from(["move", "undo"]))


@STORIES
@given(st.lists(STEP, max_size=60))
def test_trees_are_counted_and_bounded_through_any_moves(steps: list[tuple[str, str | None, str]]) -> None:
    """The counts are those of the tasks, no tree is taller than the bound, and nothing is refused without need."""
    world = founded()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(limits, "SUBTASK_DEPTH", 4)
        for name, parent, action in steps:
            there = world.state.task(name) is not None
            command: Command = CreateTask(task=name, title=name, parent=parent)
            if there:
                command = MoveTask(task=name, parent=parent)
            if action == "undo" and world.log[-1].type == "TaskMoved":
                command = Undo(position=len(world.log))
            tall = 1 + trees.height(name, world.state) + depth(world, parent)
            same = there and world.task(name).parent == parent
            answer = world.when(command)
            if isinstance(answer, Refusal) and answer.code is Code.LIMIT and not isinstance(command, Undo):
                assert tall > 4
                assert not same
            levels = counted(world)
            assert {task: trees.height(task, world.state) for task in levels} == {
                task: len(counts) for task, counts in levels.items()
            }
            assert all(len(counts) < 4 for counts in levels.values())


def depth(world: World, task: str | None) -> int:
    """How many tasks are on the way from the top to that one."""
    row = world.state.task(task) if task is not None else None
    return 0 if row is None else 1 + depth(world, row.parent)
