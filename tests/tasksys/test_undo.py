"""Undo: what a command did is compensated, unless something was changed again since."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pytest
from hypothesis import assume, event, given
from msgspec import structs

from tasksys import codec
from tasksys.commands import (
    AddChecklistItem,
    AddComment,
    AddReminder,
    AddSection,
    AssignTask,
    Command,
    CompleteTask,
    CreateFilter,
    CreateProject,
    CreateTask,
    CreateWorkspace,
    DisableChannel,
    EditChecklistItem,
    EditComment,
    EditFilter,
    EditProject,
    EditSection,
    EditTask,
    EditWorkspace,
    EnableChannel,
    LabelTask,
    LinkTask,
    MoveTask,
    RemoveChannel,
    RemoveChecklistItem,
    RemoveComment,
    RemoveFilter,
    RemoveMember,
    RemoveSection,
    RenewCalendarToken,
    ReopenTask,
    RestoreProject,
    RestoreTask,
    SetChannel,
    SetMember,
    SetPreferences,
    StartTask,
    TrashProject,
    TrashTask,
    Undo,
    UnlinkTask,
)
from tasksys.events import OF_FILTERS, OF_PREFERENCES, CommentRemoved, EventRecord, TaskCompleted
from tasksys.refusals import Code, Refusal
from tasksys.rows import (
    Channels,
    Comment,
    Firing,
    Member,
    Occurrence,
    Preferences,
    Project,
    Reminder,
    Row,
    SavedFilter,
    Series,
    Subtasks,
    Task,
    TaskReminders,
    UserFilters,
    Workspace,
)
from tasksys.series.shapes import SeriesState
from tasksys.values import LinkType, Priority, Role, Status
from tests.support.domain import (
    ACTORS,
    ADMIN,
    COMMENTER,
    EDITOR,
    LEAVER,
    OWNER,
    VIEWER,
    Rows,
    World,
    furnished,
)
from tests.tasksys.examples import EXAMPLES, name
from tests.tasksys.strategies import ANY_COMMAND, STORIES, STORY


def same(now: Rows, then: Rows) -> None:
    """The rows are the same, but for what undo does not bring back, and what was created and is now in the trash.

    The counts of subtasks follow from the tasks, also from those in the trash. That a mail asked to confirm an address
    stays in the ledger, and with the user.
    """
    for key in (one for one in now.keys() | then.keys() if one[0] != Subtasks.kind):
        if key in now and key in then:
            assert essence(now[key]) == essence(then[key])
        else:
            assert key not in then
            row = now[key]
            if (isinstance(row, Firing) and not row.task) or (isinstance(row, Channels) and not row.channels):
                continue
            if isinstance(row, Reminder | TaskReminders):
                row = now[Task.kind, row.task]  # they are in the trash with it
            assert row.state is SeriesState.ENDED if isinstance(row, Series) else getattr(row, "trashed_at", None)


def essence(row: Row) -> Row:
    """The row without counters, instants of change, the order within sets, and tombstones."""
    match row:
        case Workspace():
            return structs.replace(row, version=0, position=0, at="")
        case Member():
            return structs.replace(row, since="", calendar=0)  # who comes back has a new address
        case Reminder() | Preferences() | Firing():
            return structs.replace(row, position=0)
        case Channels():
            named = tuple(sorted(row.channels, key=lambda one: one.name))
            return structs.replace(row, position=0, channels=named, asked=())
        case TaskReminders():
            return structs.replace(row, reminders=tuple(sorted(row.reminders)))
        case Project():
            sections = tuple(section for section in row.sections if not section.removed)
            return structs.replace(row, **CHANGED, trashed_at=row.trashed_at and "then", sections=sections)
        case Task():
            return structs.replace(
                row,
                **CHANGED,
                trashed_at=row.trashed_at and "then",
                labels=tuple(sorted(row.labels)),
                assignees=tuple(sorted(row.assignees)),
                links=tuple(sorted(row.links, key=lambda link: (link.type, link.task))),
            )
        case Comment():
            return structs.replace(row, edited_at=None)
        case SavedFilter():
            return structs.replace(row, **CHANGED)
        case UserFilters():
            return structs.replace(row, filters=tuple(sorted(row.filters)))
        case Series():
            return structs.replace(row, **CHANGED, open_tasks=tuple(sorted(row.open_tasks)))
        case Occurrence():
            return row
        case _:
            raise AssertionError(row)


OWN: Final = (SetPreferences, SetChannel, RemoveChannel, DisableChannel, EnableChannel)

CHANGED: Final = {"version": 0, "position": 0, "updated_at": ""}


def undo(events: Sequence[EventRecord]) -> Undo:
    """The command that undoes these events."""
    return Undo(events=tuple(events))


@pytest.mark.parametrize(("command", "least"), EXAMPLES, ids=name)
def test_undo_restores_and_undoing_that_does_it_again(command: Command, least: Role) -> None:
    """Every command can be undone, and the undo too; undoing either twice is refused."""
    world = furnished()
    before = world.rows()
    done = world.accepted(command)
    after = world.rows()
    undone = world.accepted(undo(done))
    same(world.rows(), before)
    assert world.refused(undo(done)).code in (Code.UNDO_CONFLICT, Code.TRASHED)
    redone = world.accepted(undo(undone))
    same(world.rows(), after)
    world.given(undo(redone))
    same(world.rows(), before)


@pytest.mark.parametrize(("command", "least"), EXAMPLES, ids=name)
def test_undo_says_what_it_undoes(command: Command, least: Role) -> None:
    """Each of its events names the one that it compensates, and so does what undoes it in turn."""
    world = furnished()
    done = world.accepted(command)
    undone = world.accepted(undo(done))
    names_them(undone, done)
    names_them(world.accepted(undo(undone)), undone)
    assert isinstance(command, Undo) or {one.undoes for one in done} == {msgspec.UNSET}


def names_them(undone: list[EventRecord], done: list[EventRecord]) -> None:
    """The newest first, each once; what follows for a series, and what followed for it, need not be among them."""
    named = list(dict.fromkeys(one.undoes for one in undone if one.undoes))
    of_series = {one.position for one in done if one.type in FOLLOWING}
    assert [one for one in named if one not in of_series] == [
        one.position for one in reversed(done) if one.position not in of_series
    ]
    assert all(one.undoes for one in undone if one.type not in FOLLOWING)


FOLLOWING: Final = ("SeriesAdvanced", "TaskCreated", "TaskTrashed", "TaskRestored", "TaskSeriesChanged")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("command", "least"), EXAMPLES, ids=name)
def test_undo_needs_the_role_of_the_command(command: Command, least: Role, role: Role) -> None:
    """Who may not do something may not undo it either; a comment is its author's or an admin's.

    And a reminder its user's or an editor's, a shared filter its user's or an admin's; a user's preferences are nobody
    else's.
    """
    world = furnished()
    done = world.accepted(command)
    others = {AddComment: Role.ADMIN, AddReminder: Role.EDITOR, CreateFilter: Role.ADMIN}
    least = others.get(type(command), least)
    actor = ACTORS[role] if world.state.member(ACTORS[role]) else OWNER
    own = actor == OWNER if isinstance(command, OWN) else True
    if own and world.member(actor).role.may(least):
        assert world.accepted(undo(done), actor)
    else:
        assert world.refused(undo(done), actor).code is Code.FORBIDDEN


def test_an_author_undoes_their_own_comment() -> None:
    """A commenter may take back what they said, and take that back."""
    world = furnished()
    done = world.accepted(AddComment(task="milk", comment="c1", body="Closed"), COMMENTER)
    undone = world.accepted(undo(done), COMMENTER)
    assert world.state.comment("milk", "c1") is None
    (added,) = world.accepted(undo(undone), ADMIN)
    assert added.actor == ADMIN
    assert world.comment("milk", "c1").author == COMMENTER


def test_an_unknown_command_is_refused() -> None:
    """An undo for which the server found no events names nothing."""
    assert furnished().refused(Undo(position=10_000)).code is Code.NOT_FOUND
    assert furnished().refused(Undo(command="nothing")).code is Code.NOT_FOUND


def test_the_creation_of_a_workspace_stays() -> None:
    """Neither the workspace nor its only owner is undone; with two owners, still not the workspace."""
    world = World()
    done = world.accepted(CreateWorkspace(name="Acme"))
    assert world.refused(undo(done)).code is Code.NOT_UNDOABLE
    assert world.refused(undo(done[1:])).code is Code.LAST_OWNER
    world.given(SetMember(user=ADMIN, role=Role.OWNER))
    assert world.refused(undo(done)).code is Code.NOT_UNDOABLE


def test_a_refusal_says_which_event_stands_in_the_way() -> None:
    """The detail begins with the type and position of the past event."""
    world = furnished()
    (done,) = world.accepted(EditTask(task="tax", title="Taxes"))
    world.given(EditTask(task="tax", title="VAT"))
    detail = world.refused(undo([done])).detail
    assert detail.startswith(f"TaskEdited at position {done.position}: The task was changed again later")


CONFLICTS: list[tuple[Command, Command, Code]] = [
    (EditWorkspace(name="B"), EditWorkspace(name="C"), Code.UNDO_CONFLICT),
    (SetMember(user="nina", role=Role.VIEWER), SetMember(user="nina", role=Role.EDITOR), Code.UNDO_CONFLICT),
    (SetMember(user="nina", role=Role.VIEWER), RemoveMember(user="nina"), Code.UNDO_CONFLICT),
    (SetMember(user=VIEWER, role=Role.EDITOR), SetMember(user=VIEWER, role=Role.ADMIN), Code.UNDO_CONFLICT),
    (SetMember(user=VIEWER, role=Role.EDITOR), RemoveMember(user=VIEWER), Code.UNDO_CONFLICT),
    (RemoveMember(user=LEAVER), SetMember(user=LEAVER, role=Role.VIEWER), Code.UNDO_CONFLICT),
    (CreateProject(project="new", name="A"), EditProject(project="new", name="B"), Code.UNDO_CONFLICT),
    (CreateProject(project="new", name="A"), TrashProject(project="new"), Code.TRASHED),
    (EditProject(project="home", name="A"), EditProject(project="home", name="B"), Code.UNDO_CONFLICT),
    (EditProject(project="home", name="A"), TrashProject(project="home"), Code.TRASHED),
    (TrashProject(project="home"), RestoreProject(project="home"), Code.UNDO_CONFLICT),
    (RestoreProject(project="attic"), TrashProject(project="attic"), Code.TRASHED),
    (
        AddSection(project="home", section="s", name="A"),
        EditSection(project="home", section="s", name="B"),
        Code.UNDO_CONFLICT,
    ),
    (
        AddSection(project="home", section="s", name="A"),
        RemoveSection(project="home", section="s"),
        Code.UNDO_CONFLICT,
    ),
    (
        EditSection(project="home", section="todo", name="A"),
        EditSection(project="home", section="todo", name="B"),
        Code.UNDO_CONFLICT,
    ),
    (RemoveSection(project="home", section="todo"), Undo(command="past"), Code.UNDO_CONFLICT),
    (CreateTask(task="new", title="A"), TrashTask(task="new"), Code.UNDO_CONFLICT),
    (CreateTask(task="new", title="A"), CreateTask(task="below", title="B", parent="new"), Code.UNDO_CONFLICT),
    (CreateTask(task="new", title="A"), MoveTask(task="milk", parent="new"), Code.UNDO_CONFLICT),
    (TrashTask(task="tax"), RestoreTask(task="tax"), Code.UNDO_CONFLICT),
    (RestoreTask(task="junk"), TrashTask(task="junk"), Code.UNDO_CONFLICT),
    (EditTask(task="tax", title="A"), EditTask(task="tax", title="B"), Code.UNDO_CONFLICT),
    (EditTask(task="tax", title="A"), TrashTask(task="tax"), Code.TRASHED),
    (EditTask(task="jam", title="A"), TrashTask(task="milk"), Code.TRASHED),
    (EditTask(task="jam", title="A"), TrashProject(project="home"), Code.TRASHED),
    (StartTask(task="tax"), CompleteTask(task="tax"), Code.UNDO_CONFLICT),
    (CompleteTask(task="tax"), ReopenTask(task="tax"), Code.UNDO_CONFLICT),
    (CompleteTask(task="tax"), TrashTask(task="tax"), Code.TRASHED),
    (AssignTask(task="tax", add=(EDITOR,)), AssignTask(task="tax", remove=(EDITOR,)), Code.UNDO_CONFLICT),
    (AssignTask(task="milk", remove=(EDITOR,)), AssignTask(task="milk", add=(EDITOR,)), Code.UNDO_CONFLICT),
    (AssignTask(task="milk", remove=(EDITOR,)), RemoveMember(user=EDITOR), Code.INVALID),
    (LabelTask(task="tax", add=("a", "b")), LabelTask(task="tax", remove=("a",)), Code.UNDO_CONFLICT),
    (LabelTask(task="milk", remove=("food",)), LabelTask(task="milk", add=("food",)), Code.UNDO_CONFLICT),
    (
        LinkTask(task="tax", link=LinkType.BLOCKS, other="milk"),
        UnlinkTask(task="milk", link=LinkType.BLOCKED_BY, other="tax"),
        Code.UNDO_CONFLICT,
    ),
    (LinkTask(task="tax", link=LinkType.BLOCKS, other="milk"), TrashTask(task="milk"), Code.TRASHED),
    (
        UnlinkTask(task="milk", link=LinkType.BLOCKS, other="bread"),
        LinkTask(task="milk", link=LinkType.BLOCKS, other="bread"),
        Code.UNDO_CONFLICT,
    ),
    (
        UnlinkTask(task="milk", link=LinkType.BLOCKS, other="bread"),
        LinkTask(task="milk", link=LinkType.BLOCKED_BY, other="bread"),
        Code.UNDO_CONFLICT,
    ),
    (
        AddChecklistItem(task="milk", item="i1", title="A"),
        EditChecklistItem(task="milk", item="i1", done=True),
        Code.UNDO_CONFLICT,
    ),
    (
        AddChecklistItem(task="milk", item="i1", title="A"),
        RemoveChecklistItem(task="milk", item="i1"),
        Code.UNDO_CONFLICT,
    ),
    (AddChecklistItem(task="milk", item="i1", title="A"), TrashTask(task="milk"), Code.TRASHED),
    (
        EditChecklistItem(task="milk", item="item", title="A"),
        EditChecklistItem(task="milk", item="item", title="B"),
        Code.UNDO_CONFLICT,
    ),
    (
        RemoveChecklistItem(task="milk", item="item"),
        AddChecklistItem(task="milk", item="item", title="B"),
        Code.UNDO_CONFLICT,
    ),
    (
        AddComment(task="milk", comment="c1", body="A"),
        EditComment(task="milk", comment="c1", body="B"),
        Code.UNDO_CONFLICT,
    ),
    (AddComment(task="milk", comment="c1", body="A"), RemoveComment(task="milk", comment="c1"), Code.UNDO_CONFLICT),
    (AddComment(task="milk", comment="c1", body="A"), TrashTask(task="milk"), Code.TRASHED),
    (
        EditComment(task="milk", comment="remark", body="A"),
        EditComment(task="milk", comment="remark", body="B"),
        Code.UNDO_CONFLICT,
    ),
    (
        EditComment(task="milk", comment="remark", body="A"),
        RemoveComment(task="milk", comment="remark"),
        Code.UNDO_CONFLICT,
    ),
    (
        RemoveComment(task="milk", comment="remark"),
        AddComment(task="milk", comment="remark", body="B"),
        Code.UNDO_CONFLICT,
    ),
    (CreateFilter(saved="f1", name="A"), EditFilter(saved="f1", name="B"), Code.UNDO_CONFLICT),
    (EditFilter(saved="urgent", name="A"), EditFilter(saved="urgent", name="B"), Code.UNDO_CONFLICT),
    (EditFilter(saved="urgent", name="A"), RemoveFilter(saved="urgent"), Code.UNDO_CONFLICT),
    (RemoveFilter(saved="urgent"), CreateFilter(saved="urgent", name="B"), Code.UNDO_CONFLICT),
    (MoveTask(task="tax", project="work"), MoveTask(task="tax", project="home"), Code.UNDO_CONFLICT),
    (MoveTask(task="jam", parent=None), TrashTask(task="milk"), Code.TRASHED),
    (MoveTask(task="jam", parent=None), MoveTask(task="milk", parent="jam"), Code.CYCLE),
    (EditTask(task="bread", project="work"), TrashProject(project="home"), Code.TRASHED),
    (EditTask(task="milk", section=None), EditTask(task="milk", project="work"), Code.UNDO_CONFLICT),
    (EditTask(task="jam", parent=None, project=None), EditTask(task="jam", project="work"), Code.UNDO_CONFLICT),
    (EditTask(task="tax", project="home"), EditTask(task="tax", section="todo"), Code.UNDO_CONFLICT),
]


@pytest.mark.parametrize(("past", "later", "code"), CONFLICTS, ids=name)
def test_a_later_change_stands_in_the_way(past: Command, later: Command, code: Code) -> None:
    """What was changed again, is in the trash, or would not fit any more is not undone."""
    world = furnished().given(structs.replace(past, id="past"), later)
    assert world.refused(Undo(command="past")).code is code


@pytest.mark.parametrize(
    ("past", "later"),
    [
        (EditWorkspace(name="B"), EditWorkspace(reminder_hour=6)),
        (EditProject(project="home", name="A"), EditProject(project="home", colour="red")),
        (EditTask(task="tax", title="A"), EditTask(task="tax", priority=Priority.HIGH)),
        (EditTask(task="tax", title="A"), CompleteTask(task="tax")),
        (EditTask(task="tax", order="V"), EditTask(task="tax", project="work")),
        (EditTask(task="tax", project="work"), EditTask(task="tax", order="V")),
        (LabelTask(task="milk", add=("a",), remove=("food",)), LabelTask(task="milk", add=("b",))),
        (TrashTask(task="jam"), TrashTask(task="milk")),
        (TrashTask(task="tax"), MoveTask(task="rent", project="home")),
        (AddChecklistItem(task="milk", item="i1", title="A"), RemoveChecklistItem(task="milk", item="item")),
    ],
    ids=name,
)
def test_other_changes_since_are_kept(past: Command, later: Command) -> None:
    """Only what the past command changed goes back: as if it had never been, and the later one had."""
    at = "2026-03-09T00:00:00.000Z"
    with_both, without = furnished(), furnished()
    with_both.accepted(structs.replace(past, id="past"), at=at)
    for world in (with_both, without):
        world.state.put(structs.replace(world.workspace(), position=100))  # new places in the order depend on it
        world.accepted(later, at=at)
    with_both.accepted(Undo(command="past"), at=at)
    same(with_both.rows(), without.rows())


@pytest.mark.parametrize(
    "later",
    [
        EditTask(task="new", title="B"),
        CompleteTask(task="new"),
        MoveTask(task="new", project="home"),
        MoveTask(task="new", parent="milk"),
        AddComment(task="new", comment="c1", body="Good"),
        LinkTask(task="milk", link=LinkType.BLOCKS, other="new"),
    ],
    ids=name,
)
def test_a_task_that_was_changed_since_it_was_made_goes_to_the_trash_as_it_is(later: Command) -> None:
    """Whoever changed it; undoing that, or restoring it, brings it back with the change."""
    world = furnished()
    made = world.accepted(CreateTask(task="new", title="A"), EDITOR)
    world.given(later)
    before = world.rows()
    undone = world.accepted(undo(made), EDITOR)
    assert [one.type for one in undone] == ["TaskTrashed"]
    assert world.task("new").trashed_at is not None
    world.given(undo(undone))
    same(world.rows(), before)


def test_subtasks_stay_when_the_creation_of_their_parent_is_undone() -> None:
    """It is refused, and says what to do; once they are elsewhere, it is done."""
    world = furnished()
    made = world.accepted(CreateTask(task="new", title="A"))
    world.given(CreateTask(task="below", title="B", parent="new"))
    assert "move them elsewhere" in world.refused(undo(made)).detail
    world.given(MoveTask(task="below", parent=None), undo(made))
    assert world.task("new").trashed_at is not None
    assert world.task("below").trashed_at is None
    assert "in the trash already" in world.refused(undo(made)).detail


def test_a_task_goes_back_into_a_removed_section() -> None:
    """The tombstone of a section takes back what was moved out of it."""
    world = furnished().given(
        EditTask(id="past", task="milk", section="doing"),
        RemoveSection(project="home", section="todo"),
        Undo(command="past"),
    )
    assert world.task("milk").section == "todo"


def test_completion_goes_back_with_its_instant() -> None:
    """Undoing a reopening or a cancelling restores when the task was done, not when it was undone."""
    world = furnished()
    completed_at = world.task("rent").completed_at
    for command in (ReopenTask(task="rent"), StartTask(task="rent"), EditTask(task="rent", status=Status.CANCELLED)):
        done = world.accepted(command)
        (undone,) = world.accepted(undo(done))
        past = codec.event(undone)
        assert isinstance(past, TaskCompleted)
        assert past.completed_at == world.task("rent").completed_at == completed_at


def test_a_removed_item_goes_back_to_its_place() -> None:
    """At its index, or at the end of a list that is shorter by now."""
    world = furnished().given(
        AddChecklistItem(task="milk", item="i1", title="A"),
        AddChecklistItem(task="milk", item="i2", title="B"),
        RemoveChecklistItem(id="first", task="milk", item="item"),
        Undo(command="first"),
    )
    assert [item.id for item in world.task("milk").checklist] == ["item", "i1", "i2"]
    world.given(
        RemoveChecklistItem(id="last", task="milk", item="i2"),
        RemoveChecklistItem(task="milk", item="item"),
        RemoveChecklistItem(task="milk", item="i1"),
        Undo(command="last"),
    )
    assert [item.id for item in world.task("milk").checklist] == ["i2"]


def test_a_comment_goes_back_with_its_author_and_instant() -> None:
    """A comment that undo brings back is not the undoer's."""
    world = furnished()
    comment = world.comment("milk", "remark")
    done = world.accepted(RemoveComment(task="milk", comment="remark"), ADMIN)
    assert codec.event(done[0]) == CommentRemoved("remark", comment.body, OWNER, comment.created_at)
    world.given(undo(done), actor=ADMIN)
    assert world.comment("milk", "remark") == comment


def test_undo_is_all_or_nothing() -> None:
    """If one event of a command cannot be undone, none is."""
    world = furnished()
    world.given(EditTask(id="past", task="milk", title="Oat milk", status=Status.DONE, labels=("vegan",)))
    world.given(LabelTask(task="milk", remove=("vegan",)))
    assert world.refused(Undo(command="past")).code is Code.UNDO_CONFLICT
    assert world.task("milk").title == "Oat milk"


@STORIES
@given(STORY, ANY_COMMAND)
def test_the_last_command_can_be_undone(story: list[tuple[Command, str]], command: Command) -> None:
    """After any story, undo of the last command restores the rows, and undo of that undo does it again.

    Two things stand in the way: the other end of a link in the trash, and an assignee who is not a member any more. And
    the former address of a calendar never comes back.
    """
    assume(not isinstance(command, RenewCalendarToken))
    world = furnished()
    for earlier, actor in story:
        world.when(earlier, actor)
    before = world.rows()
    done = world.when(command)
    assume(not isinstance(done, Refusal) and done)
    assert not isinstance(done, Refusal)
    after = world.rows()
    owner = next(row.user for row in after.values() if isinstance(row, Member) and row.role is Role.OWNER)
    if {record.type for record in done} <= OF_PREFERENCES | OF_FILTERS:
        owner = OWNER  # they are nobody else's
    undone = world.when(undo(done), owner)
    if isinstance(undone, Refusal):
        event(f"refused: {undone.code}")
        types = {record.type for record in done}
        assert undone.code is Code.TRASHED if types & {"LinkAdded", "LinkRemoved"} else "TaskAssigned" in types
        return
    event(f"undone: {type(command).__name__}")
    same(world.rows(), before)
    world.given(undo(undone), actor=owner)
    same(world.rows(), after)


def test_an_event_of_a_newer_release_cannot_be_undone() -> None:
    """A refusal that says what to do: deciding never raises. Nothing of the command is undone then."""
    world = furnished()
    first, second = (*world.accepted(EditTask(task="milk", title="Oat")), *world.accepted(CompleteTask(task="milk")))
    for newer in ({"type": "TaskPainted"}, {"schema": 99}, {"data": msgspec.Raw(b'{"before": 7}')}):
        refusal = world.refused(undo([structs.replace(first, **newer), second]))
        assert refusal.code is Code.NOT_UNDOABLE
        assert "upgrade tasksys" in refusal.detail


@pytest.mark.parametrize(
    ("done", "where"),
    [
        (CreateTask(task="new", title="New"), {"task": "not-here"}),
        (EditTask(task="milk", title="Oat"), {"task": "not-here"}),
        (EditTask(task="milk", title="Oat"), {"task": None}),
        (AddComment(task="milk", comment="c1", body="Closed"), {"task": "not-here"}),
        (EditProject(project="home", name="House"), {"data": (b'"home"', b'"not-here"')}),
        (EditSection(project="home", section="todo", name="Now"), {"data": (b'"todo"', b'"not-here"')}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_an_event_about_something_unknown_cannot_be_undone(done: Command, where: dict[str, Any]) -> None:
    """A refusal, although no log of this release holds such an event."""
    world = furnished()
    (event,) = world.accepted(done)
    if "data" in where:
        where = {"data": msgspec.Raw(bytes(event.data).replace(*where["data"]))}
    assert world.refused(undo([structs.replace(event, **where)])).code is Code.NOT_UNDOABLE


def test_undo_can_insist_on_a_version() -> None:
    """An undo on a task that has changed since is refused, if a version was named."""
    world = furnished()
    world.given(EditTask(task="milk", title="Oat milk"))
    task = world.state.task("milk")
    assert task is not None
    events = tuple(world.log[-1:])
    stale = Undo(task="milk", position=events[0].position, events=events, expected_version=task.version - 1)
    assert world.refused(stale).code is Code.VERSION_CONFLICT
