"""Sets of mentioned fields."""

from msgspec import UNSET

from tasksys.events import TaskFields
from tasksys.fields import difference, mentioned, overlay, standing
from tasksys.rows import Task
from tasksys.values import Priority

TASK = Task("milk", "Milk", "", estimate_minutes=5)


def test_null_is_mentioned_and_unset_is_not() -> None:
    """Clearing a value is not the same as leaving it alone."""
    assert mentioned(TaskFields()) == {}
    assert mentioned(TaskFields("Milk", due=None, estimate_minutes=UNSET)) == {"title": "Milk", "due": None}


def test_a_difference_leaves_out_what_is_so_already() -> None:
    """Before and after have the same fields: those that change."""
    wanted = TaskFields("Oat milk", priority=Priority.NONE, estimate_minutes=None)
    assert difference(TASK, wanted) == (
        TaskFields("Milk", estimate_minutes=5),
        TaskFields("Oat milk", estimate_minutes=None),
    )
    assert difference(TASK, TaskFields("Milk")) == (TaskFields(), TaskFields())


def test_an_overlay_replaces_what_is_mentioned() -> None:
    """Fields that are not mentioned stay."""
    assert overlay(TASK, TaskFields("Oat milk")) == Task("milk", "Oat milk", "", estimate_minutes=5)
    assert overlay(TASK, TaskFields()) == TASK


def test_fields_stand_until_one_differs() -> None:
    """Nothing mentioned always stands."""
    assert standing(TASK, TaskFields("Milk", estimate_minutes=5))
    assert not standing(TASK, TaskFields("Milk", estimate_minutes=None))
    assert standing(TASK, TaskFields())
