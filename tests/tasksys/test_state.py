"""One workspace's rows in memory, loaded on demand."""

from tasksys.rows import Comment, Row, Task
from tasksys.state import State
from tests.support.domain import furnished


def test_rows_are_loaded_once() -> None:
    """What was looked up is kept, also that it is not there."""
    asked = []

    def load(kind: str, name: str) -> Row | None:
        asked.append((kind, name))
        return Task("milk", "Milk", "") if name == "milk" else None

    state = State(load)
    for _ in range(2):
        assert state.task("milk") == Task("milk", "Milk", "")
        assert state.task("eggs") is None
    assert asked == [("t", "milk"), ("t", "eggs")]
    assert not state.changed


def test_changes_are_collected() -> None:
    """What was put or deleted is in `changed` until the owner of the state clears it."""
    state = State()
    comment = Comment("c1", "milk", "olga", "A", "")
    state.put(comment)
    assert state.comment("milk", "c1") is comment
    assert state.changed == {("c", "milk/c1"): comment}
    state.changed.clear()
    state.delete(Comment, "milk/c1")
    assert state.comment("milk", "c1") is None
    assert state.changed == {("c", "milk/c1"): None}


def test_each_kind_has_its_own_names() -> None:
    """A task and a project may have the same id."""
    world = furnished()
    assert world.state.task("home") is None
    assert world.state.project("milk") is None
    assert world.workspace() is world.state.workspace
    assert world.member("olga") is world.state.member("olga")
