"""Where a task stands: projects, sections, parents, and the manual order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tasksys import decider, limits, places
from tasksys.commands import (
    Command,
    CreateTask,
    EditTask,
    MoveTask,
    RemoveSection,
    TrashProject,
    TrashTask,
)
from tasksys.events import Place, TaskMoved
from tasksys.refusals import Code, Refusal
from tests.support.domain import World, founded, furnished
from tests.tasksys.strategies import QUICK


def place(world: World, task: str) -> tuple[str | None, str | None, str | None]:
    """Project, section and parent of a task."""
    row = world.task(task)
    return row.project, row.section, row.parent


def test_a_move_says_where_from_and_where_to() -> None:
    """The event carries the whole place before and after."""
    world = furnished()
    before = world.task("milk")
    (event,) = world.events(MoveTask(task="milk", section="doing"))
    after = world.task("milk")
    assert event == TaskMoved(Place("home", "todo", None, before.order), Place("home", "doing", None, after.order))
    assert after.order > before.order


@pytest.mark.parametrize("kind", [EditTask, MoveTask])
@pytest.mark.parametrize(
    ("task", "wanted", "expected"),
    [
        ("tax", {"project": "work"}, ("work", None, None)),
        ("tax", {"project": "home", "section": "todo"}, ("home", "todo", None)),
        ("tax", {"parent": "milk"}, (None, None, "milk")),
        ("milk", {"section": None}, ("home", None, None)),
        ("milk", {"section": "doing"}, ("home", "doing", None)),
        ("milk", {"project": "work"}, ("work", None, None)),
        ("milk", {"project": None}, (None, None, None)),
        ("milk", {"parent": "tax"}, (None, None, "tax")),
        ("milk", {"parent": "bread", "project": None, "section": None}, (None, None, "bread")),
        ("jam", {"parent": "bread"}, (None, None, "bread")),
        ("jam", {"parent": None}, ("home", None, None)),
        ("jam", {"parent": None, "section": "doing"}, ("home", "doing", None)),
        ("jam", {"parent": None, "project": "work"}, ("work", None, None)),
        ("jam", {"parent": None, "project": None}, (None, None, None)),
    ],
)
def test_a_task_goes_where_it_is_sent(
    kind: type[EditTask | MoveTask],
    task: str,
    wanted: dict[str, str | None],
    expected: tuple[str | None, str | None, str | None],
) -> None:
    """A subtask has no project of its own; a subtask that becomes a task stays in the project of its tree."""
    world = furnished()
    assert world.accepted(structs.replace(kind(task=task), **wanted))
    assert place(world, task) == expected


def test_subtasks_go_with_their_parent() -> None:
    """Moving a task changes one row; its subtasks are where it is."""
    world = furnished()
    before = world.task("jam")
    assert len(world.accepted(MoveTask(task="milk", project="work"))) == 1
    assert world.task("jam") == before
    assert places.root(before, world.state).project == "work"
    world.given(MoveTask(task="jam", parent=None))
    assert place(world, "jam") == ("work", None, None)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"project": "nowhere"}, Code.NOT_FOUND),
        ({"project": "attic"}, Code.TRASHED),
        ({"project": "home", "section": "nowhere"}, Code.NOT_FOUND),
        ({"project": "work", "section": "todo"}, Code.NOT_FOUND),
        ({"section": "todo"}, Code.INVALID),
        ({"parent": "nowhere"}, Code.NOT_FOUND),
        ({"parent": "junk"}, Code.TRASHED),
        ({"parent": "milk", "project": "home"}, Code.INVALID),
        ({"parent": "milk", "section": "todo"}, Code.INVALID),
    ],
)
def test_a_place_that_is_not_there_is_refused(wanted: dict[str, str | None], code: Code) -> None:
    """Projects, sections and parents must be there and out of the trash, for new tasks and for old ones."""
    world = furnished()
    commands: list[Command] = [
        CreateTask(task="eggs", title="Eggs"),
        EditTask(task="tax"),
        MoveTask(task="tax"),
    ]
    assert {world.refused(structs.replace(command, **wanted)).code for command in commands} == {code}


def test_a_removed_section_takes_no_tasks() -> None:
    """Nothing can be moved into a section that was removed."""
    world = furnished().given(RemoveSection(project="home", section="doing"))
    assert world.refused(MoveTask(task="milk", section="doing")).code is Code.NOT_FOUND


@pytest.mark.parametrize("parent", ["milk", "jam", "below"])
def test_a_task_is_never_below_itself(parent: str) -> None:
    """A task cannot go below itself or one of its subtasks, however deep."""
    world = furnished().given(CreateTask(task="below", title="Below", parent="jam"))
    assert world.refused(MoveTask(task="milk", parent=parent)).code is Code.CYCLE
    assert world.refused(EditTask(task="milk", parent=parent)).code is Code.CYCLE


def test_trees_have_a_greatest_depth() -> None:
    """A chain of subtasks grows to the bound, and not one deeper."""
    world = founded().given(CreateTask(task="t1", title="Top"))
    for depth in range(2, limits.SUBTASK_DEPTH + 1):
        world.given(CreateTask(task=f"t{depth}", title="Below", parent=f"t{depth - 1}"))
    deepest = f"t{limits.SUBTASK_DEPTH}"
    assert world.refused(CreateTask(task="more", title="Too deep", parent=deepest)).code is Code.LIMIT
    world.given(CreateTask(task="more", title="Beside", parent=f"t{limits.SUBTASK_DEPTH - 1}"))
    assert world.refused(MoveTask(task="more", parent=deepest)).code is Code.LIMIT


def test_a_task_is_in_the_trash_with_any_ancestor_or_its_project() -> None:
    """The trash is inherited; rows below it do not change."""
    world = furnished().given(CreateTask(task="below", title="Below", parent="jam"))
    assert not places.in_trash(world.task("below"), world.state)
    world.given(TrashTask(task="jam"))
    assert places.in_trash(world.task("below"), world.state)
    assert not places.in_trash(world.task("milk"), world.state)
    world.given(TrashProject(project="home"))
    assert places.in_trash(world.task("milk"), world.state)
    assert not places.in_trash(world.task("tax"), world.state)


def test_a_tree_may_be_walked_without_its_top() -> None:
    """If a parent's row is not there, the walk ends below it instead of failing."""
    world = furnished()
    del world.state.rows["t", "milk"]
    assert places.root(world.task("jam"), world.state).id == "jam"
    assert not places.in_trash(world.task("jam"), world.state)


def test_moving_to_where_it_stands_gives_no_events() -> None:
    """No neighbours and no other place: nothing to do. Between the same neighbours again: the same."""
    world = furnished().given(CreateTask(task="eggs", title="Eggs", project="home"))
    assert world.accepted(MoveTask(task="tax")) == []
    between = MoveTask(task="milk", section=None, after="bread", before="eggs")
    assert world.accepted(between)
    assert world.accepted(between) == []
    assert world.listed("home") == ["bread", "milk", "eggs"]


def test_a_neighbour_that_is_not_there_is_refused() -> None:
    """Both neighbours are looked up."""
    world = furnished()
    assert world.refused(MoveTask(task="milk", after="nowhere")).code is Code.NOT_FOUND
    assert world.refused(MoveTask(task="milk", after="bread", before="nowhere")).code is Code.NOT_FOUND


def test_an_order_may_be_chosen() -> None:
    """A client that keeps its own order sets it with an edit; other edits keep it."""
    world = furnished().given(EditTask(task="bread", order="V"))
    assert world.task("bread").order == "V"
    world.given(EditTask(task="bread", project="work"))
    assert world.task("bread").order == "V"


@pytest.mark.parametrize(("edge", "order"), [("after", "z" * 256), ("before", "0" * 255 + "1")])
def test_an_order_is_never_longer_than_its_bound(edge: str, order: str) -> None:
    """Next to the longest key that a client can choose, the new key is the same."""
    world = furnished().given(EditTask(task="bread", order=order))
    world.given(structs.replace(MoveTask(task="tax", project="home"), **{edge: "bread"}))
    assert len(world.task("tax").order) <= limits.ORDER_CHARACTERS


@QUICK
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=40))
def test_moves_keep_the_intended_order(moves: list[tuple[int, int]]) -> None:
    """However tasks are dragged about, each then stands between the neighbours it was dropped between."""
    names = [f"t{index}" for index in range(6)]
    world = founded().given(*(CreateTask(task=name, title=name) for name in names))
    for taken, target in moves:
        name = names.pop(taken)
        after = names[target - 1] if target else None
        before = names[target] if target < len(names) else None
        names.insert(target, name)
        world.given(MoveTask(task=name, after=after, before=before))
        assert world.listed() == names


SIDES = st.sampled_from(["after", "before"])
PLACES = st.integers(0, 5)


def beside(side: str, task: str, neighbour: str) -> MoveTask:
    """The move directly behind the neighbour, or in front of it."""
    return structs.replace(MoveTask(task=task), **{side: neighbour})


@QUICK
@given(st.lists(st.tuples(PLACES, SIDES, PLACES), max_size=40))
def test_one_neighbour_alone_is_enough(moves: list[tuple[int, str, int]]) -> None:
    """`after` alone is directly behind that task, `before` alone directly in front; beside itself is refused."""
    names = [f"t{index}" for index in range(6)]
    world = founded().given(*(CreateTask(task=name, title=name) for name in names))
    for taken, side, target in moves:
        moved, neighbour = names[taken], names[target]
        if moved == neighbour:
            refusal = world.refused(beside(side, moved, neighbour))
            assert (refusal.code, refusal.errors[0].pointer) == (Code.INVALID, f"/{side}")
            continue
        names.remove(moved)
        names.insert(names.index(neighbour) + (side == "after"), moved)
        world.given(beside(side, moved, neighbour))
        assert world.listed() == names
        assert world.accepted(beside(side, moved, neighbour)) == []


@QUICK
@given(
    st.lists(st.tuples(PLACES, SIDES, PLACES), max_size=10),
    st.lists(st.tuples(PLACES, SIDES, PLACES), min_size=2, max_size=2),
)
def test_moves_that_did_not_know_of_each_other_both_stand(
    earlier: list[tuple[int, str, int]], moves: list[tuple[int, str, int]]
) -> None:
    """Each is on its side of its neighbour with at most the other between them, and nobody else's order changed."""
    names = [f"t{index}" for index in range(6)]
    world = founded().given(*(CreateTask(task=name, title=name) for name in names))
    for taken, side, target in earlier:
        if taken != target:
            world.given(beside(side, names[taken], names[target]))
    seen = world.listed()
    wishes = [(side, names[taken], names[target]) for taken, side, target in moves if taken != target]
    records = [
        world.record(beside(*wish)) for wish in wishes
    ]  # the gaps of both are looked up before either is decided
    for record in records:
        facts = decider.decide(record, world.state)
        assert not isinstance(facts, Refusal)
        decider.enact(facts, record, record.command.id, world.state)
    listed, moved = world.listed(), {task for _, task, _ in wishes}
    assert [name for name in listed if name not in moved] == [name for name in seen if name not in moved]
    for at, (side, task, neighbour) in enumerate(wishes):
        if any(neighbour == other or task == other for _, other, _ in wishes[at + 1 :]):
            continue  # the later one took it elsewhere
        steps = listed.index(task) - listed.index(neighbour)
        assert (steps if side == "after" else -steps) in (1, 2)
        assert abs(steps) == 1 or set(listed[min(map(listed.index, (task, neighbour))) + 1 :][:1]) <= moved


def test_the_latest_of_several_into_one_gap_stands_nearest() -> None:
    """Three people drop three tasks behind the same one at once."""
    world = founded().given(*(CreateTask(task=name, title=name) for name in "abxyz"))
    world.given(MoveTask(task="b", after="a"))
    records = [world.record(MoveTask(task=name, after="a")) for name in "xyz"]
    for record in records:
        facts = decider.decide(record, world.state)
        assert not isinstance(facts, Refusal)
        decider.enact(facts, record, record.command.id, world.state)
    assert world.listed() == ["a", "z", "y", "x", "b"]


def test_a_neighbour_that_was_moved_meanwhile_is_followed_in_the_order() -> None:
    """What was looked up is out of date then; the task still comes to stand directly beside it."""
    for side, expected in (("after", ["c", "x", "a", "b"]), ("before", ["x", "c", "a", "b"])):
        world = founded().given(*(CreateTask(task=name, title=name) for name in "abcx"))
        record = world.record(beside(side, "x", "c"))
        world.given(MoveTask(task="c", before="a"))
        facts = decider.decide(record, world.state)
        assert not isinstance(facts, Refusal)
        decider.enact(facts, record, record.command.id, world.state)
        assert world.listed() == expected
