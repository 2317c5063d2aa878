"""Tasks: fields, status, labels, assignees and trash."""

import pytest
from msgspec import structs

from tasksys import limits
from tasksys.commands import (
    AssignTask,
    CancelTask,
    Command,
    CompleteTask,
    CreateTask,
    EditTask,
    LabelTask,
    MoveTask,
    RemoveMember,
    ReopenTask,
    RestoreProject,
    RestoreTask,
    SetMember,
    StartTask,
    TrashProject,
    TrashTask,
    Undo,
)
from tasksys.events import (
    Event,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskEdited,
    TaskFields,
    TaskLabelled,
    TaskMoved,
    TaskReopened,
    TaskRestored,
    TaskStarted,
    TaskTrashed,
)
from tasksys.refusals import Code
from tasksys.values import Priority, Role, Status, When
from tests.support.domain import EDITOR, LEAVER, OWNER, STRANGER, World, furnished
from tests.tasksys.examples import name

DUE = When(local="2026-03-09T09:00", zone="Europe/Berlin")
LABELS = tuple(f"label {index}" for index in range(limits.LABELS_PER_TASK))


def test_creation_records_every_field() -> None:
    """What the command says is in the event and in the row, trimmed and without repeats."""
    world = furnished()
    (event,) = world.events(
        CreateTask(
            task="eggs",
            title=" Eggs ",
            description="Free *range*",
            status=Status.IN_PROGRESS,
            priority=Priority.HIGH,
            labels=("food", " food ", "easter"),
            assignees=(EDITOR, OWNER, EDITOR),
            start=When(date="2026-03-08"),
            due=DUE,
            estimate_minutes=30,
            project="home",
            section="doing",
            order="V",
        ),
        actor=EDITOR,
    )
    assert isinstance(event, TaskCreated)
    assert (event.title, event.labels, event.assignees) == ("Eggs", ("food", "easter"), (EDITOR, OWNER))
    task = world.task("eggs")
    assert (task.title, task.description, task.status) == ("Eggs", "Free *range*", Status.IN_PROGRESS)
    assert (task.priority, task.labels, task.assignees) == (Priority.HIGH, event.labels, event.assignees)
    assert (task.start, task.due, task.estimate_minutes) == (When(date="2026-03-08"), DUE, 30)
    assert (task.project, task.section, task.parent, task.order) == ("home", "doing", None, "V")
    assert (task.created_by, task.completed_at, task.version) == (EDITOR, None, 1)
    assert task.created_at == task.updated_at == world.log[-1].at
    assert task.position == world.workspace().position


@pytest.mark.parametrize(
    ("status", "closed"),
    [(Status.OPEN, False), (Status.IN_PROGRESS, False), (Status.DONE, True), (Status.CANCELLED, True)],
)
def test_a_task_created_closed_says_when(status: Status, closed: bool) -> None:
    """Only a closed task has an instant of completion."""
    world = furnished().given(CreateTask(task="eggs", title="Eggs", status=status))
    assert world.task("eggs").completed_at == (world.log[-1].at if closed else None)


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"title": ""}, Code.INVALID, "/title"),
        ({"title": "x" * (limits.TITLE_CHARACTERS + 1)}, Code.LIMIT, "/title"),
        ({"title": "tab\there"}, Code.INVALID, "/title"),
        ({"title": "lone \ud800 surrogate"}, Code.INVALID, "/title"),
        ({"title": "line\u2028separator"}, Code.INVALID, "/title"),
        ({"description": "x" * (limits.DESCRIPTION_BYTES + 1)}, Code.LIMIT, "/description"),
        ({"description": "\x00"}, Code.INVALID, "/description"),
        ({"labels": (*LABELS, "more")}, Code.LIMIT, "/labels"),
        ({"labels": ("food", " ")}, Code.INVALID, "/labels/1"),
        ({"labels": ("x" * (limits.LABEL_CHARACTERS + 1),)}, Code.LIMIT, "/labels/0"),
        ({"assignees": (EDITOR, STRANGER)}, Code.INVALID, "/assignees/1"),
        ({"assignees": (EDITOR,) * (limits.ASSIGNEES_PER_TASK + 1)}, Code.LIMIT, "/assignees"),
    ],
    ids=lambda value: "" if not isinstance(value, dict) else next(iter(value)),
)
def test_invalid_fields_are_refused(fields: dict[str, object], code: Code, pointer: str) -> None:
    """The field that is wrong is named, at creation and at every edit."""
    world = furnished()
    created = structs.replace(CreateTask(task="eggs", title="Eggs"), **fields)
    for refusal in (world.refused(created), world.refused(structs.replace(EditTask(task="milk"), **fields))):
        assert (refusal.code, refusal.errors[0].pointer) == (code, pointer)


def test_fields_may_reach_their_bounds() -> None:
    """Every bound itself is allowed."""
    world = furnished()
    world.given(
        CreateTask(
            task="eggs",
            title="🥚" * limits.TITLE_CHARACTERS,
            description="🥚" * (limits.DESCRIPTION_BYTES // 4),
            labels=("x" * limits.LABEL_CHARACTERS, *LABELS[1:]),
            assignees=(EDITOR,) * limits.ASSIGNEES_PER_TASK,
        )
    )
    assert world.task("eggs").assignees == (EDITOR,)


@pytest.mark.parametrize("task", ["milk", "junk"])
def test_a_task_is_created_once(task: str) -> None:
    """An id that is taken is refused, also by a task in the trash."""
    assert furnished().refused(CreateTask(task=task, title="Again")).code is Code.EXISTS


def test_a_new_task_needs_an_id() -> None:
    """The way in fills in an id; without one the command is refused."""
    assert furnished().refused(CreateTask(title="Eggs")).errors[0].pointer == "/task"


ON_A_TASK: list[Command] = [
    EditTask(task="nowhere", title="X"),
    MoveTask(task="nowhere", project="home"),
    StartTask(task="nowhere"),
    CompleteTask(task="nowhere"),
    CancelTask(task="nowhere"),
    ReopenTask(task="nowhere"),
    TrashTask(task="nowhere"),
    RestoreTask(task="nowhere"),
    AssignTask(task="nowhere"),
    LabelTask(task="nowhere"),
]


@pytest.mark.parametrize("command", ON_A_TASK, ids=name)
def test_an_unknown_task_is_refused(command: Command) -> None:
    """Every command on a task names the id that is not there."""
    refusal = furnished().refused(command)
    assert (refusal.code, "'nowhere'" in refusal.detail) == (Code.NOT_FOUND, True)


@pytest.mark.parametrize("command", ON_A_TASK, ids=name)
def test_a_stale_version_is_refused(command: Command) -> None:
    """A command that insists on another version than the current one says which is current."""
    refusal = furnished().refused(structs.replace(command, task="tax", expected_version=7))
    assert refusal.code is Code.VERSION_CONFLICT
    assert "version 1, not 7" in refusal.detail


@pytest.mark.parametrize(
    "command", [command for command in ON_A_TASK if not isinstance(command, TrashTask | RestoreTask)], ids=name
)
def test_a_task_in_the_trash_is_read_only(command: Command) -> None:
    """What is in the trash is restored before it is changed."""
    assert furnished().refused(structs.replace(command, task="junk")).code is Code.TRASHED


def test_an_edit_changes_what_it_mentions() -> None:
    """One event for the plain fields, with before and after; null clears a value."""
    world = furnished().given(EditTask(task="milk", due=DUE, estimate_minutes=5))
    assert world.events(EditTask(task="milk", title=" Oat milk ", due=None, priority=Priority.NONE)) == [
        TaskEdited(TaskFields("Milk", due=DUE), TaskFields("Oat milk", due=None))
    ]
    task = world.task("milk")
    assert (task.title, task.due, task.estimate_minutes, task.version) == ("Oat milk", None, 5, world.log[-1].version)


def test_an_edit_of_everything_gives_one_event_for_each_kind_of_change() -> None:
    """Fields, place, status, labels and assignees each have their own event, in this order."""
    world = furnished()
    command = EditTask(
        task="milk", title="Oat milk", section="doing", status=Status.DONE, labels=("shop", "vegan"), assignees=(OWNER,)
    )
    before = world.task("milk")
    events = world.events(command)
    assert [type(event) for event in events] == [TaskEdited, TaskMoved, TaskCompleted, TaskLabelled, TaskAssigned]
    assert events[3:] == [TaskLabelled(("vegan",), ("food",)), TaskAssigned((OWNER,), (EDITOR,))]
    task = world.task("milk")
    assert (task.title, task.section, task.status, task.assignees) == ("Oat milk", "doing", Status.DONE, (OWNER,))
    assert (task.labels, task.version) == (("shop", "vegan"), before.version + 5)
    assert world.accepted(command) == []


@pytest.mark.parametrize(
    "command",
    [
        EditTask(task="milk"),
        EditTask(task="milk", title="Milk ", status=Status.OPEN, due=None, description=""),
        EditTask(task="milk", labels=("shop", "food"), assignees=(EDITOR,)),
        EditTask(task="milk", project="home", section="todo", parent=None),
        LabelTask(task="milk", add=("food",), remove=("toys",)),
        AssignTask(task="milk", add=(EDITOR,), remove=(OWNER,)),
        ReopenTask(task="milk"),
        CompleteTask(task="rent"),
        RestoreTask(task="milk"),
        TrashTask(task="junk"),
    ],
    ids=name,
)
def test_what_is_so_already_gives_no_events(command: Command) -> None:
    """Commands that ask for what is there are accepted and change nothing."""
    assert furnished().accepted(command) == []


def test_edits_are_refused_whole() -> None:
    """If one part of an edit cannot be, none of it happens."""
    world = furnished()
    assert world.refused(EditTask(task="milk", title="X", project="nowhere")).code is Code.NOT_FOUND
    assert world.refused(EditTask(task="milk", title="X", assignees=(STRANGER,))).code is Code.INVALID


STATUS_COMMANDS: list[tuple[type[StartTask | CompleteTask | CancelTask], Status]] = [
    (StartTask, Status.IN_PROGRESS),
    (CompleteTask, Status.DONE),
    (CancelTask, Status.CANCELLED),
]


GIVEN = [status for status in Status if status not in (Status.SKIPPED, Status.MISSED)]
"""What a task can be set to; the others come of a series."""


@pytest.mark.parametrize("before", GIVEN)
@pytest.mark.parametrize(("kind", "after"), STATUS_COMMANDS)
def test_every_status_leads_to_every_other(
    kind: type[StartTask | CompleteTask | CancelTask], after: Status, before: Status
) -> None:
    """Start, complete and cancel work from any status, and say what was before."""
    world = furnished().given(CreateTask(task="eggs", title="Eggs", status=before))
    closed_before = world.task("eggs").completed_at
    events = world.events(kind(task="eggs"))
    at = world.log[-1].at
    expected: dict[Status, Event] = {
        Status.IN_PROGRESS: TaskStarted(before, closed_before),
        Status.DONE: TaskCompleted(before, at, closed_before),
        Status.CANCELLED: TaskCancelled(before, at, closed_before),
    }
    assert events == ([] if before is after else [expected[after]])
    assert world.task("eggs").status is after
    assert (world.task("eggs").completed_at is None) == (after is Status.IN_PROGRESS)


@pytest.mark.parametrize("before", GIVEN)
def test_only_closed_tasks_are_reopened(before: Status) -> None:
    """Reopening an open or started task gives no events; an edit may set it back to open."""
    world = furnished().given(CreateTask(task="eggs", title="Eggs", status=before))
    closed_before = world.task("eggs").completed_at
    expected = [TaskReopened(before, closed_before)] if before in (Status.DONE, Status.CANCELLED) else []
    assert world.events(ReopenTask(task="eggs")) == expected
    world.given(EditTask(task="eggs", status=Status.OPEN))
    assert (world.task("eggs").status, world.task("eggs").completed_at) == (Status.OPEN, None)


def test_completion_is_never_dated_before_creation() -> None:
    """If the clock runs backwards, the instant of the workspace's newest event counts."""
    world = furnished()
    (created,) = world.accepted(CreateTask(task="eggs", title="Eggs"))
    (event,) = world.accepted(CompleteTask(task="eggs"), at="2020-01-01T00:00:00.000Z")
    assert event.at == world.task("eggs").completed_at == created.at


def test_trash_and_back() -> None:
    """A task goes to the trash with its subtasks and comes back; the event says since when it was there."""
    world = furnished()
    assert world.events(TrashTask(task="milk")) == [TaskTrashed()]
    at = world.log[-1].at
    assert world.task("milk").trashed_at == at
    assert world.task("jam").trashed_at is None
    assert world.refused(CompleteTask(task="jam")).code is Code.TRASHED
    assert world.events(RestoreTask(task="milk")) == [TaskRestored(at)]
    assert world.task("milk").trashed_at is None
    assert world.accepted(CompleteTask(task="jam"))


def test_restoring_below_something_in_the_trash_names_that() -> None:
    """It would change nothing visible, whether or not the task went to the trash itself: the topmost comes first."""
    world = furnished().given(CreateTask(task="below", title="Below", parent="jam"), TrashTask(task="below"))
    world.given(TrashTask(task="jam"), TrashTask(task="milk"))
    for task in ("jam", "below"):
        refusal = world.refused(RestoreTask(task=task))
        assert (refusal.code, "parent 'milk'" in refusal.detail) == (Code.TRASHED, True)
    world.given(TrashProject(project="home"))
    refusal = world.refused(RestoreTask(task="milk"))
    assert (refusal.code, "project 'home'" in refusal.detail) == (Code.TRASHED, True)
    world.given(RestoreProject(project="home"))
    for task in ("milk", "jam", "below"):
        assert world.accepted(RestoreTask(task=task))


def test_labels_are_added_and_removed() -> None:
    """Labels are trimmed and keep their order."""
    world = furnished()
    assert world.events(LabelTask(task="milk", add=(" cold", "shop", "cold"), remove=("food ",))) == [
        TaskLabelled(("cold",), ("food",))
    ]
    assert world.task("milk").labels == ("shop", "cold")


def test_what_is_both_added_and_removed_is_refused() -> None:
    """Which of the two is meant nobody can know: the refusal names it."""
    for command in (
        LabelTask(task="milk", add=("q",), remove=("food", " q ")),
        AssignTask(task="milk", add=(OWNER,), remove=(EDITOR, OWNER)),
    ):
        refusal = furnished().refused(command)
        assert (refusal.code, refusal.errors[0].pointer) == (Code.INVALID, "/remove/1")


def test_errors_of_an_action_point_into_what_was_sent() -> None:
    """What the task has already does not shift them, and all that is wrong is named."""
    labels = furnished().refused(LabelTask(task="milk", add=("a b", "", "#x", " ")))
    assert [error.pointer for error in labels.errors] == ["/add/1", "/add/3"]
    users = furnished().refused(AssignTask(task="milk", add=(EDITOR, STRANGER)))
    assert [error.pointer for error in users.errors] == ["/add/1"]
    many = furnished().refused(LabelTask(task="milk", add=LABELS))
    assert (many.code, many.errors[0].pointer) == (Code.LIMIT, "/add")


def test_every_wrong_field_of_a_task_is_named() -> None:
    """A form shows all that is to mend, not one after the other."""
    command = EditTask(task="tax", title="", due=When(date="soon"), labels=("ok", ""), assignees=(STRANGER,))
    errors = furnished().refused(command).errors
    assert [error.pointer for error in errors] == ["/title", "/due", "/labels/1", "/assignees/0"]


def test_labels_are_checked_and_bounded() -> None:
    """Labels that are added one by one obey the same rules, also when undo would bring one back."""
    world = furnished()
    assert world.refused(LabelTask(task="tax", add=("",))).code is Code.INVALID
    world.given(LabelTask(task="tax", add=LABELS), LabelTask(id="removal", task="tax", remove=("label 0",)))
    world.given(LabelTask(task="tax", add=("another",)))
    assert world.refused(LabelTask(task="tax", add=("more",))).code is Code.LIMIT
    assert world.refused(Undo(command="removal")).code is Code.LIMIT
    world.given(LabelTask(task="tax", add=("more",), remove=("label 1",)))


def test_assignees_are_added_and_removed() -> None:
    """Assignees are members, each at most once."""
    world = furnished()
    assert world.events(AssignTask(task="milk", add=(OWNER, OWNER), remove=(EDITOR,))) == [
        TaskAssigned((OWNER,), (EDITOR,))
    ]
    assert world.task("milk").assignees == (OWNER,)
    refusal = world.refused(AssignTask(task="milk", add=(STRANGER,)))
    assert (refusal.code, "'sam'" in refusal.detail) == (Code.INVALID, True)


def test_a_former_member_can_be_unassigned_but_not_assigned_again() -> None:
    """Leaving the workspace leaves assignments as they are; undo does not assign a stranger."""
    world = furnished().given(AssignTask(task="tax", add=(LEAVER,)), RemoveMember(user=LEAVER))
    assert world.task("tax").assignees == (LEAVER,)
    assert world.accepted(AssignTask(task="tax", add=(OWNER,)))
    assert world.accepted(EditTask(task="tax", assignees=(LEAVER, EDITOR, OWNER)))
    assert world.accepted(AssignTask(id="same", task="tax", add=(LEAVER,))) == []
    refusal = world.refused(EditTask(task="milk", assignees=(EDITOR, LEAVER)))
    assert [error.pointer for error in refusal.errors] == ["/assignees/1"]
    assert world.events(AssignTask(id="removal", task="tax", remove=(LEAVER,))) == [TaskAssigned((), (LEAVER,))]
    assert world.refused(Undo(command="removal")).code is Code.INVALID


def test_assignees_are_bounded() -> None:
    """A task takes assignees up to the bound, and not one more, also when undo would bring one back."""
    users = tuple(f"user-{index}" for index in range(limits.ASSIGNEES_PER_TASK))
    world = furnished().given(*(SetMember(user=user, role=Role.VIEWER) for user in users))
    world.given(AssignTask(task="tax", add=users), AssignTask(id="removal", task="tax", remove=users[:1]))
    world.given(AssignTask(task="tax", add=(OWNER,)))
    assert world.refused(AssignTask(task="tax", add=(EDITOR,))).code is Code.LIMIT
    assert world.refused(Undo(command="removal")).code is Code.LIMIT


def test_edits_of_different_fields_both_win() -> None:
    """Two people who read the same version and edit different fields lose nothing."""
    world: World = furnished()
    world.given(EditTask(task="milk", title="Oat milk"), EditTask(task="milk", due=DUE))
    assert (world.task("milk").title, world.task("milk").due) == ("Oat milk", DUE)


@pytest.mark.parametrize("field", ["start", "due"])
@pytest.mark.parametrize(
    "value", [When(), When(date="2026-02-30"), When(local="2026-03-08T09:00", zone="Mars/Olympus")], ids=repr
)
def test_a_value_that_is_no_time_is_refused(field: str, value: When) -> None:
    """Start and due values are checked when they are decided, and the pointer names the field."""
    for command in (CreateTask(task="new", title="New", **{field: value}), EditTask(task="milk", **{field: value})):  # type: ignore[arg-type]
        refusal = furnished().refused(command)
        assert refusal.code is Code.INVALID
        assert refusal.errors[0].pointer == f"/{field}"
