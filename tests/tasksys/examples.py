"""One command of each type that a furnished workspace accepts, with the least role that may give it."""

from typing import Final

from tasksys.commands import (
    AddChecklistItem,
    AddComment,
    AddSection,
    AssignTask,
    CancelTask,
    Command,
    CompleteTask,
    CreateProject,
    CreateTask,
    EditChecklistItem,
    EditComment,
    EditProject,
    EditSection,
    EditTask,
    EditWorkspace,
    LabelTask,
    LinkTask,
    MoveTask,
    RemoveChecklistItem,
    RemoveComment,
    RemoveMember,
    RemoveSection,
    ReopenTask,
    RestoreProject,
    RestoreTask,
    SetMember,
    StartTask,
    TrashProject,
    TrashTask,
    Undo,
    UnlinkTask,
)
from tasksys.values import LinkType, Role
from tests.support.domain import EDITOR, LEAVER, VIEWER

EXAMPLES: Final[list[tuple[Command, Role]]] = [
    (EditWorkspace(name="Acme and Sons", reminder_hour=7), Role.ADMIN),
    (SetMember(user="nina", role=Role.VIEWER), Role.ADMIN),
    (SetMember(user=VIEWER, role=Role.EDITOR), Role.ADMIN),
    (SetMember(user="nina", role=Role.OWNER), Role.OWNER),
    (SetMember(user=LEAVER, role=Role.OWNER), Role.OWNER),
    (RemoveMember(user=LEAVER), Role.ADMIN),
    (CreateProject(project="new", name="New"), Role.EDITOR),
    (EditProject(project="home", name="House"), Role.EDITOR),
    (TrashProject(project="work"), Role.EDITOR),
    (RestoreProject(project="attic"), Role.EDITOR),
    (AddSection(project="home", section="later", name="Later"), Role.EDITOR),
    (EditSection(project="home", section="todo", name="Next"), Role.EDITOR),
    (RemoveSection(project="home", section="doing"), Role.EDITOR),
    (CreateTask(task="eggs", title="Eggs", project="home"), Role.EDITOR),
    (EditTask(task="milk", title="Oat milk"), Role.EDITOR),
    (MoveTask(task="tax", project="work"), Role.EDITOR),
    (StartTask(task="tax"), Role.EDITOR),
    (CompleteTask(task="tax"), Role.EDITOR),
    (CancelTask(task="tax"), Role.EDITOR),
    (ReopenTask(task="rent"), Role.EDITOR),
    (TrashTask(task="tax"), Role.EDITOR),
    (RestoreTask(task="junk"), Role.EDITOR),
    (AssignTask(task="tax", add=(EDITOR,)), Role.EDITOR),
    (LabelTask(task="tax", add=("urgent",)), Role.EDITOR),
    (LinkTask(task="tax", link=LinkType.RELATES, other="milk"), Role.EDITOR),
    (UnlinkTask(task="milk", link=LinkType.BLOCKS, other="bread"), Role.EDITOR),
    (AddChecklistItem(task="milk", item="second", title="Two litres"), Role.EDITOR),
    (EditChecklistItem(task="milk", item="item", done=True), Role.EDITOR),
    (RemoveChecklistItem(task="milk", item="item"), Role.EDITOR),
    (AddComment(task="milk", comment="answer", body="Closed today"), Role.COMMENTER),
    (EditComment(task="milk", comment="remark", body="From the market"), Role.ADMIN),
    (RemoveComment(task="milk", comment="remark"), Role.ADMIN),
    (Undo(command="rename-bread"), Role.EDITOR),
]


def name(value: object) -> str:
    """A test's id for a command: its type."""
    return type(value).__name__ if not isinstance(value, Role) else value.value
