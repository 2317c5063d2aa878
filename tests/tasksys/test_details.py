"""What hangs on a task: checklist, links, comments."""

import pytest
from msgspec import structs

from tasksys import limits
from tasksys.commands import (
    AddChecklistItem,
    AddComment,
    Command,
    CreateTask,
    EditChecklistItem,
    EditComment,
    LinkTask,
    RemoveChecklistItem,
    RemoveComment,
    TrashTask,
    Undo,
    UnlinkTask,
)
from tasksys.events import (
    ChecklistItemAdded,
    ChecklistItemEdited,
    ChecklistItemRemoved,
    CommentAdded,
    CommentEdited,
    CommentRemoved,
    LinkAdded,
    LinkRemoved,
)
from tasksys.refusals import Code
from tasksys.rows import ChecklistItem, Comment, Link
from tasksys.values import OPPOSITE, LinkType
from tests.support.domain import ADMIN, COMMENTER, EDITOR, OWNER, VIEWER, furnished
from tests.tasksys.examples import name

ON_A_DETAIL: list[Command] = [
    AddChecklistItem(task="nowhere", item="new", title="X"),
    EditChecklistItem(task="nowhere", item="item", title="X"),
    RemoveChecklistItem(task="nowhere", item="item"),
    LinkTask(task="nowhere", link=LinkType.RELATES, other="bread"),
    UnlinkTask(task="nowhere", link=LinkType.RELATES, other="bread"),
    AddComment(task="nowhere", comment="new", body="X"),
    EditComment(task="nowhere", comment="remark", body="X"),
    RemoveComment(task="nowhere", comment="remark"),
]


@pytest.mark.parametrize("command", ON_A_DETAIL, ids=name)
def test_an_unknown_task_is_refused(command: Command) -> None:
    """Every command on a detail names the task that is not there."""
    refusal = furnished().refused(command)
    assert (refusal.code, "'nowhere'" in refusal.detail) == (Code.NOT_FOUND, True)


@pytest.mark.parametrize("command", ON_A_DETAIL, ids=name)
def test_a_task_in_the_trash_is_read_only(command: Command) -> None:
    """The trash keeps its details as they are, also those of subtasks."""
    world = furnished()
    assert world.refused(structs.replace(command, task="junk")).code is Code.TRASHED
    world.given(TrashTask(task="milk"))
    assert world.refused(structs.replace(command, task="jam")).code is Code.TRASHED


@pytest.mark.parametrize("command", ON_A_DETAIL, ids=name)
def test_a_stale_version_is_refused(command: Command) -> None:
    """Details count into their task's version."""
    refusal = furnished().refused(structs.replace(command, task="milk", expected_version=1))
    assert refusal.code is Code.VERSION_CONFLICT


@pytest.mark.parametrize(
    ("command", "code", "pointer"),
    [
        (AddChecklistItem(task="milk", title="X"), Code.INVALID, "/item"),
        (AddChecklistItem(task="milk", item="new", title=" "), Code.INVALID, "/title"),
        (EditChecklistItem(task="milk", item="item", title="x" * 501), Code.LIMIT, "/title"),
        (AddComment(task="milk", body="X"), Code.INVALID, "/comment"),
        (AddComment(task="milk", comment="new", body="\n "), Code.INVALID, "/body"),
        (AddComment(task="milk", comment="new", body="x" * (limits.COMMENT_BYTES + 1)), Code.LIMIT, "/body"),
        (EditComment(task="milk", comment="remark", body=""), Code.INVALID, "/body"),
        (EditComment(task="milk", comment="remark", body="\x1b[0m"), Code.INVALID, "/body"),
        (LinkTask(task="milk", link=LinkType.RELATES, other="milk"), Code.INVALID, "/other"),
        (LinkTask(task="milk", link=LinkType.BLOCKED_BY, other="bread"), Code.INVALID, "/link"),
        (LinkTask(task="bread", link=LinkType.BLOCKS, other="milk"), Code.INVALID, "/link"),
    ],
)
def test_invalid_fields_are_refused(command: Command, code: Code, pointer: str) -> None:
    """The field that is wrong is named."""
    refusal = furnished().refused(command)
    assert (refusal.code, refusal.errors[0].pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (AddChecklistItem(task="milk", item="item", title="X"), Code.EXISTS),
        (EditChecklistItem(task="milk", item="nowhere", title="X"), Code.NOT_FOUND),
        (RemoveChecklistItem(task="milk", item="nowhere"), Code.NOT_FOUND),
        (LinkTask(task="milk", link=LinkType.RELATES, other="nowhere"), Code.NOT_FOUND),
        (UnlinkTask(task="milk", link=LinkType.RELATES, other="nowhere"), Code.NOT_FOUND),
        (AddComment(task="milk", comment="remark", body="X"), Code.EXISTS),
        (EditComment(task="milk", comment="nowhere", body="X"), Code.NOT_FOUND),
        (RemoveComment(task="milk", comment="nowhere"), Code.NOT_FOUND),
        (RemoveComment(task="bread", comment="remark"), Code.NOT_FOUND),
    ],
    ids=name,
)
def test_what_does_not_fit_the_state_is_refused(command: Command, code: Code) -> None:
    """Ids are unique within their task, and changes need what they change."""
    assert furnished().refused(command).code is code


def test_a_checklist_keeps_its_order() -> None:
    """Items are added at the end, ticked and renamed in place, and removed with their index."""
    world = furnished()
    first, second = ChecklistItem("item", "Full fat"), ChecklistItem("second", "Two litres", done=True)
    assert world.events(AddChecklistItem(task="milk", item="second", title=" Two litres ", done=True)) == [
        ChecklistItemAdded(second, 1)
    ]
    renamed = ChecklistItem("item", "Skimmed", done=True)
    assert world.events(EditChecklistItem(task="milk", item="item", title="Skimmed ", done=True)) == [
        ChecklistItemEdited(first, renamed)
    ]
    assert world.task("milk").checklist == (renamed, second)
    assert world.events(RemoveChecklistItem(task="milk", item="item")) == [ChecklistItemRemoved(renamed, 0)]
    assert world.task("milk").checklist == (second,)


@pytest.mark.parametrize(
    "command",
    [
        EditChecklistItem(task="milk", item="item"),
        EditChecklistItem(task="milk", item="item", title=" Full fat", done=False),
        LinkTask(task="milk", link=LinkType.BLOCKS, other="bread"),
        LinkTask(task="bread", link=LinkType.BLOCKED_BY, other="milk"),
        UnlinkTask(task="milk", link=LinkType.DUPLICATES, other="bread"),
        EditComment(task="milk", comment="remark", body="From the corner shop"),
    ],
    ids=name,
)
def test_what_is_so_already_gives_no_events(command: Command) -> None:
    """Commands that ask for what is there are accepted and change nothing."""
    assert furnished().accepted(command) == []


def test_a_checklist_is_bounded() -> None:
    """A checklist takes items up to the bound, and not one more, also when undo would bring one back."""
    world = furnished()
    for index in range(limits.CHECKLIST_ITEMS):
        world.given(AddChecklistItem(task="tax", item=f"i{index}", title="Item"))
    more = AddChecklistItem(task="tax", item="more", title="Item")
    assert world.refused(more).code is Code.LIMIT
    world.given(RemoveChecklistItem(id="removal", task="tax", item="i0"), more)
    assert world.refused(Undo(command="removal")).code is Code.LIMIT


@pytest.mark.parametrize("link", LinkType)
def test_both_ends_hold_their_side_of_a_link(link: LinkType) -> None:
    """A link is added to both tasks and removed from both, from either end."""
    world = furnished()
    assert world.events(LinkTask(task="tax", link=link, other="bread")) == [
        LinkAdded(link, "bread"),
        LinkAdded(OPPOSITE[link], "tax"),
    ]
    assert [event.task for event in world.log[-2:]] == ["tax", "bread"]
    assert Link(link, "bread") in world.task("tax").links
    assert Link(OPPOSITE[link], "tax") in world.task("bread").links
    assert world.events(UnlinkTask(task="bread", link=OPPOSITE[link], other="tax")) == [
        LinkRemoved(OPPOSITE[link], "tax"),
        LinkRemoved(link, "bread"),
    ]
    assert world.task("tax").links == ()
    assert world.task("bread").links == (Link(LinkType.BLOCKED_BY, "milk"),)


def test_links_are_bounded_at_both_ends() -> None:
    """A task takes links up to the bound, and not one more, also when undo would bring one back."""
    world = furnished()
    for index in range(limits.LINKS_PER_TASK + 1):
        world.given(CreateTask(task=f"t{index}", title="T"))
    for index in range(limits.LINKS_PER_TASK):
        world.given(LinkTask(task="tax", link=LinkType.RELATES, other=f"t{index}"))
    more = f"t{limits.LINKS_PER_TASK}"
    assert world.refused(LinkTask(task="tax", link=LinkType.RELATES, other=more)).code is Code.LIMIT
    assert world.refused(LinkTask(task=more, link=LinkType.RELATES, other="tax")).code is Code.LIMIT
    world.given(UnlinkTask(id="removal", task="tax", link=LinkType.RELATES, other="t0"))
    world.given(LinkTask(task=more, link=LinkType.RELATES, other="tax"))
    assert world.refused(Undo(command="removal")).code is Code.LIMIT


def test_a_comment_is_added_edited_and_removed() -> None:
    """A comment keeps its author and instant; an edit adds the instant of the newest change."""
    world = furnished()
    (added,) = world.events(AddComment(task="tax", comment="c1", body="When?"), actor=COMMENTER)
    at = world.log[-1].at
    assert added == CommentAdded("c1", "When?", COMMENTER, at)
    assert world.comment("tax", "c1") == Comment("c1", "tax", COMMENTER, "When?", at)
    assert world.events(EditComment(task="tax", comment="c1", body="By when?"), actor=COMMENTER) == [
        CommentEdited("c1", COMMENTER, "When?", "By when?")
    ]
    assert world.comment("tax", "c1") == Comment("c1", "tax", COMMENTER, "By when?", at, world.log[-1].at)
    assert world.events(RemoveComment(task="tax", comment="c1"), actor=COMMENTER) == [
        CommentRemoved("c1", "By when?", COMMENTER, at)
    ]
    assert world.state.comment("tax", "c1") is None


def test_comments_count_into_the_version_of_their_task() -> None:
    """The task's version and instant follow its details."""
    world = furnished()
    (event,) = world.accepted(AddComment(task="tax", comment="c1", body="When?"))
    task = world.task("tax")
    assert (task.version, task.updated_at, task.position) == (2, event.at, event.position)
    assert event.version == 2


@pytest.mark.parametrize(
    ("actor", "allowed"), [(OWNER, True), (ADMIN, True), (EDITOR, False), (COMMENTER, True), (VIEWER, False)]
)
def test_a_comment_belongs_to_its_author(actor: str, allowed: bool) -> None:
    """Its author or an admin edits and removes it; undo obeys the same rule."""
    world = furnished()
    world.given(AddComment(id="remark", task="tax", comment="c1", body="When?"), actor=COMMENTER)
    commands: list[Command] = [
        Undo(command="remark"),
        EditComment(task="tax", comment="c1", body="Now"),
        RemoveComment(task="tax", comment="c1"),
    ]
    if allowed:
        assert world.accepted(commands[1], actor)
        assert world.accepted(commands[2], actor)
    else:
        assert {world.refused(command, actor).code for command in commands} == {Code.FORBIDDEN}


def test_text_may_reach_its_bounds() -> None:
    """Every bound itself is allowed; a comment keeps its line breaks and tabs."""
    world = furnished()
    body = "é\r\n\t" + "é" * (limits.COMMENT_BYTES // 2 - 3) + "x"
    world.given(AddComment(task="tax", comment="c1", body=body))
    assert world.comment("tax", "c1").body == body
    world.given(AddChecklistItem(task="tax", item="i1", title="é" * limits.TITLE_CHARACTERS))
