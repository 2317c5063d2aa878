"""What hangs on a task: checklist, links to other tasks, comments."""

from typing import assert_never

from msgspec import UNSET, structs

from tasksys import checks, limits, places, tasks
from tasksys.commands import (
    AddChecklistItem,
    AddComment,
    CommandRecord,
    EditChecklistItem,
    EditComment,
    LinkTask,
    RemoveChecklistItem,
    RemoveComment,
    UnlinkTask,
)
from tasksys.events import (
    ChecklistItemAdded,
    ChecklistItemEdited,
    ChecklistItemRemoved,
    CommentAdded,
    CommentEdited,
    CommentRemoved,
    Fact,
    LinkAdded,
    LinkRemoved,
)
from tasksys.refusals import Code, Refusal, invalid, missing, over
from tasksys.rows import ChecklistItem, Comment, Link, Task
from tasksys.stamp import Stamp
from tasksys.state import State
from tasksys.values import OPPOSITE, Role

ChecklistCommand = AddChecklistItem | EditChecklistItem | RemoveChecklistItem
LinkCommand = LinkTask | UnlinkTask
CommentCommand = AddComment | EditComment | RemoveComment
DetailCommand = ChecklistCommand | LinkCommand | CommentCommand
ChecklistEvent = ChecklistItemAdded | ChecklistItemEdited | ChecklistItemRemoved
LinkEvent = LinkAdded | LinkRemoved
CommentEvent = CommentAdded | CommentEdited | CommentRemoved
DetailEvent = ChecklistEvent | LinkEvent | CommentEvent


def decide(command: DetailCommand, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The events of a command on a task's checklist, links or comments."""
    needed = Role.COMMENTER if isinstance(command, CommentCommand) else Role.EDITOR
    if refusal := checks.allowed(state, record.actor, needed):
        return refusal
    task = state.task(command.task)
    if task is None:
        return missing("task", command.task)
    if refusal := checks.stale("task", command.expected_version, task.version):
        return refusal
    if places.in_trash(task, state):
        return tasks.trashed(task)
    match command:
        case AddChecklistItem() | EditChecklistItem() | RemoveChecklistItem():
            return _decide_checklist(command, task)
        case LinkTask() | UnlinkTask():
            return _decide_link(command, task, state)
        case AddComment() | EditComment() | RemoveComment():
            return _decide_comment(command, record, task, state)
        case _:
            assert_never(command)


def _decide_checklist(command: ChecklistCommand, task: Task) -> list[Fact] | Refusal:
    if isinstance(command, AddChecklistItem | EditChecklistItem) and command.title is not UNSET:
        refusal = checks.line("/title", command.title, limits.TITLE_CHARACTERS)
        if refusal:
            return refusal
    index = next((index for index, item in enumerate(task.checklist) if item.id == command.item), -1)
    match command:
        case AddChecklistItem():
            if refusal := checks.identifier("/item", command.item):
                return refusal
            if index >= 0:
                return Refusal(Code.EXISTS, f"There is an item {command.item!r} already; choose another id.")
            if refusal := checklist_full(task):
                return refusal
            item = ChecklistItem(command.item, command.title.strip(), command.done)
            return [Fact(ChecklistItemAdded(item, len(task.checklist)), task.id)]
        case EditChecklistItem():
            if index < 0:
                return missing("checklist item", command.item)
            item = task.checklist[index]
            title = item.title if command.title is UNSET else command.title.strip()
            edited = ChecklistItem(item.id, title, item.done if command.done is UNSET else bool(command.done))
            return [Fact(ChecklistItemEdited(item, edited), task.id)] if edited != item else []
        case RemoveChecklistItem():
            if index < 0:
                return missing("checklist item", command.item)
            return [Fact(ChecklistItemRemoved(task.checklist[index], index), task.id)]
        case _:
            assert_never(command)


def checklist_full(task: Task) -> Refusal | None:
    """Refuses one more item on a checklist that has as many as it may have."""
    full = len(task.checklist) >= limits.CHECKLIST_ITEMS
    return over("/item", "checklist items", limits.CHECKLIST_ITEMS) if full else None


def links_full(task: Task) -> Refusal | None:
    """Refuses one more link of a task that has as many as it may have."""
    full = len(task.links) >= limits.LINKS_PER_TASK
    return over("/other", "links", limits.LINKS_PER_TASK) if full else None


def _decide_link(command: LinkCommand, task: Task, state: State) -> list[Fact] | Refusal:
    here, there = Link(command.link, command.other), Link(OPPOSITE[command.link], task.id)
    if command.other == task.id:
        return invalid("/other", "A task cannot be linked to itself; give another task.")
    other = state.task(command.other)
    if other is None:
        return missing("task", command.other)
    if isinstance(command, UnlinkTask):
        if here not in task.links:
            return []
        return [Fact(LinkRemoved(here.type, here.task), task.id), Fact(LinkRemoved(there.type, there.task), other.id)]
    if here in task.links:
        return []
    if refusal := links_full(task) or links_full(other):
        return refusal
    if here.type is not OPPOSITE[here.type] and Link(OPPOSITE[here.type], other.id) in task.links:
        return invalid("/link", "The two tasks are linked the other way round; remove that link first.")
    return [Fact(LinkAdded(here.type, here.task), task.id), Fact(LinkAdded(there.type, there.task), other.id)]


def _decide_comment(command: CommentCommand, record: CommandRecord, task: Task, state: State) -> list[Fact] | Refusal:
    if isinstance(command, AddComment | EditComment):
        if not command.body.strip():
            return invalid("/body", "This must not be empty.")
        if refusal := checks.markdown("/body", command.body, limits.COMMENT_BYTES):
            return refusal
    comment = state.comment(task.id, command.comment)
    if isinstance(command, AddComment):
        if refusal := checks.identifier("/comment", command.comment):
            return refusal
        if comment is not None:
            return Refusal(Code.EXISTS, f"There is a comment {command.comment!r} already; choose another id.")
        return [Fact(CommentAdded(command.comment, command.body, record.actor, record.at), task.id)]
    if comment is None:
        return missing("comment", command.comment)
    if comment.author != record.actor and (refusal := checks.allowed(state, record.actor, Role.ADMIN)):
        return refusal
    match command:
        case EditComment():
            if command.body == comment.body:
                return []
            return [Fact(CommentEdited(comment.id, comment.author, comment.body, command.body), task.id)]
        case RemoveComment():
            return [Fact(CommentRemoved(comment.id, comment.body, comment.author, comment.created_at), task.id)]
        case _:
            assert_never(command)


def evolve(event: DetailEvent, identifier: str, state: State, stamp: Stamp) -> None:
    """Records an event on a task's checklist, links or comments."""
    task = state.task(identifier)
    assert task is not None
    match event:
        case ChecklistItemAdded() | ChecklistItemEdited() | ChecklistItemRemoved():
            task = structs.replace(task, checklist=_checklist(event, task.checklist))
        case LinkAdded():
            task = structs.replace(task, links=(*task.links, Link(event.link, event.other)))
        case LinkRemoved():
            gone = Link(event.link, event.other)
            task = structs.replace(task, links=tuple(link for link in task.links if link != gone))
        case CommentAdded():
            state.put(Comment(event.comment, identifier, event.author, event.body, event.created_at))
        case CommentEdited():
            comment = state.comment(identifier, event.comment)
            assert comment is not None
            state.put(structs.replace(comment, body=event.after, edited_at=stamp.at))
        case CommentRemoved():
            state.delete(Comment, f"{identifier}/{event.comment}")
        case _:
            assert_never(event)
    state.put(structs.replace(task, updated_at=stamp.at, version=task.version + 1, position=stamp.position))


def _checklist(event: ChecklistEvent, items: tuple[ChecklistItem, ...]) -> tuple[ChecklistItem, ...]:
    match event:
        case ChecklistItemAdded():
            return (*items[: event.index], event.item, *items[event.index :])
        case ChecklistItemEdited():
            return tuple(event.after if item.id == event.after.id else item for item in items)
        case ChecklistItemRemoved():
            return tuple(item for item in items if item.id != event.item.id)
        case _:
            assert_never(event)
