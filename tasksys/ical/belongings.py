"""What belongs to the tasks of a file: where they stand, checklists, reminders, comments and links, as commands."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, structs

from tasksys import preferences
from tasksys.commands import (
    AddChecklistItem,
    AddComment,
    AddReminder,
    AddSection,
    CreateProject,
    CreateSeries,
    CreateTask,
    EditChecklistItem,
    EditSeries,
    EditTask,
    LinkTask,
)
from tasksys.ical import uids
from tasksys.ical.destination import Destination
from tasksys.ical.todo import Alarm, Named, Todo
from tasksys.ical.uids import ID, derived
from tasksys.rows import ChecklistItem, Link, Project
from tasksys.values import OPPOSITE, LinkType

C = TypeVar("C", bound=Any)


WHOLE: Final = (CreateTask, EditTask, CreateSeries, EditSeries, CreateProject, AddSection)


def _wrong(command: Any) -> str | None:
    """Why the command could not be sent: the way in has not checked it, for it was made of what a file says."""
    try:
        msgspec.json.decode(msgspec.json.encode(command), type=type(command))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return str(error)
    return None


class Around:
    """What is known beside a single to-do: the ids of the others, their parents, and what was made on the way."""

    def __init__(
        self, target: Destination, ids: dict[str, str], parents: dict[str, str], repeating: frozenset[str]
    ) -> None:
        """`repeating` are the UIDs of to-dos that become series."""
        self.target, self.ids, self.parents = target, ids, parents
        self._repeating = repeating
        self.before: list[Any] = []
        """Commands that must come before the to-do's own."""
        self._notes: list[str] = []
        self._done: set[str] = set()
        self._linked: set[tuple[str, ...]] = set()
        self._waiting: dict[str, list[LinkTask]] = {}
        self._projects = {one.name: one.id for one in reversed(target.projects)}
        self._sections: dict[tuple[str, str], str] = {}

    def begin(self, todo: Todo) -> None:
        """The next to-do."""
        self.before, self._notes = [], list(todo.notes)

    def note(self, text: str) -> None:
        """Says something of the to-do."""
        self._notes.append(text)

    def notes(self) -> tuple[str, ...]:
        """What was noted of the to-do."""
        return tuple(self._notes)

    def named(self, todo: Todo, commands: Sequence[C]) -> tuple[C, ...]:
        """The commands with ids that are made of what they say, and for whom.

        What could not be sent is left out, which is noted; ValueError if all depends on it.
        """
        found = []
        for one in commands:
            if (wrong := _wrong(one)) is not None:
                if isinstance(one, WHOLE):
                    raise ValueError(wrong)
                self._notes.append(f"{type(one).__name__} was left out: {wrong}"[:500])
                continue
            digest = hashlib.sha256(msgspec.json.encode(one, order="sorted")).hexdigest()
            when = todo.modified or ""
            name = derived(self.target.workspace, self.target.actor, todo.uid, when, digest)
            found.append(structs.replace(one, id=name))
        return tuple(found)

    def members(self, todo: Todo) -> tuple[str, ...]:
        """The assignees that are members here."""
        if todo.assignees is UNSET:
            return ()
        members = tuple(one for one in todo.assignees if self.target.state.member(one) is not None)
        strangers = sorted(set(todo.assignees) - set(members))
        if strangers:
            self._notes.append(f"{', '.join(strangers[:5])}: no members here, and so not assigned")
        return members

    # --- places

    def place(self, todo: Todo) -> dict[str, str]:
        """Where a new task stands."""
        parent = self._parent(todo)
        if parent is not None:
            return {"parent": parent}
        if self.target.project is not None:
            return {"project": self.target.project}
        if todo.project is None:
            return {}
        project = self._project(todo.project)
        return {"project": project, **({"section": self._section(project, todo.section)} if todo.section else {})}

    def _parent(self, todo: Todo) -> str | None:
        name = self.parents.get(todo.uid)
        if name is None:
            return None
        if name in self.ids:
            return self.ids[name]
        parent = uids.identifier(self.target.workspace, name)
        if self.target.state.task(parent) is None:
            self._notes.append(f"its parent {name[:64]!r} {self._no_task(name)}")
            return None
        return parent

    def _no_task(self, name: str) -> str:
        """Why nothing can be below, or linked with, what has that UID."""
        series = uids.identifier(self.target.workspace, name, uids.SERIES)
        if name in self._repeating or self.target.state.series(series) is not None:
            return "comes again and again, and each time is a task of its own: name one of them, by UID, instead"
        return "is neither in the file nor here"

    def _project(self, named: Named) -> str:
        there = self.target.state.project(named.id) if ID.fullmatch(named.id) else None
        if there is not None and there.trashed_at is None and there.name == named.name:
            return there.id
        if named.name not in self._projects:
            made = derived(self.target.workspace, "project", named.id, named.name)
            self._projects[named.name] = made
            self.before.append(CreateProject(project=made, name=named.name))
        return self._projects[named.name]

    def _section(self, project: str, named: Named) -> str:
        row = self.target.state.project(project)
        for one in row.sections if isinstance(row, Project) else ():
            if not one.removed and one.name == named.name:
                return one.id
        key = (project, named.name)
        if key not in self._sections:
            self._sections[key] = derived(self.target.workspace, project, named.id, named.name)
            self.before.append(AddSection(project=project, section=self._sections[key], name=named.name))
        return self._sections[key]

    # --- parts

    def checklist(self, todo: Todo, task: str, there: Sequence[ChecklistItem]) -> Iterator[Any]:
        """What the checklist lacks, or has otherwise. An item that the file does not have stays."""
        known = {one.id: one for one in there}
        for one in todo.checklist:
            if one.id not in known:
                known[one.id] = one
                yield AddChecklistItem(task=task, item=one.id, title=one.title, done=one.done)
            elif known[one.id] != one:
                yield EditChecklistItem(task=task, item=one.id, title=one.title, done=one.done)

    def alarms(self, todo: Todo, task: str, closed: bool, made: CreateTask | None = None) -> Iterator[Any]:
        """The reminders that are not here. A closed task takes none, and one that was acknowledged is over.

        Of a task that is `made`, those that it gets by itself are not added to it once more.
        """
        waiting = [one for one in todo.alarms if not one.over]
        if waiting and closed:
            self._notes.append(f"it is closed, and its {len(waiting)} alarms were left out")
            return
        for one in waiting:
            user = one.user or self.target.actor
            name = self._reminder(todo, task, one)
            if self.target.state.member(user) is None:
                self._notes.append(f"line {one.line}: {user[:64]!r} is no member here, and is not reminded")
            elif self.target.state.reminder(name) is None and not self._by_itself(one, user, made):
                who = UNSET if user == self.target.actor else user
                channels = self._channels(one, user)
                yield AddReminder(
                    task=task, reminder=name, trigger=one.trigger, repeat=one.repeat, user=who, channels=channels
                )

    def _by_itself(self, alarm: Alarm, user: str, made: CreateTask | None) -> bool:
        """Whether a new task gets such a reminder by the user's preferences."""
        if made is None or made.due is None or alarm.repeat is not None or alarm.channels:
            return False
        theirs = user in (made.assignees or (self.target.actor,))
        return theirs and alarm.trigger in preferences.of(user, self.target.state).default_reminders

    def _channels(self, alarm: Alarm, user: str) -> tuple[str, ...]:
        """The reminder's own channels, if the user has them here too."""
        if alarm.channels and preferences.unnamed(alarm.channels, user, self.target.state) is not None:
            self._notes.append(f"line {alarm.line}: its channels are none of {user[:64]}'s here, and were left out")
            return ()
        return alarm.channels

    def _reminder(self, todo: Todo, task: str, alarm: Alarm) -> str:
        """Its own id if the file comes from this workspace."""
        if uids.own(self.target.workspace, todo.uid) and ID.fullmatch(alarm.id):
            return alarm.id
        return derived(task, alarm.id, str(alarm.trigger))

    def remarks(self, todo: Todo, task: str) -> Iterator[Any]:
        """The comments that are not here. Whoever imports them is their author."""
        strangers = {one.author for one in todo.remarks} - {"", self.target.actor}
        for one in todo.remarks:
            if self.target.state.comment(task, one.id) is None:
                yield AddComment(task=task, comment=one.id, body=one.body)
        if strangers:
            self._notes.append(f"comments of {', '.join(sorted(strangers)[:5])} are now by {self.target.actor}")

    def links(self, todo: Todo, task: str, there: Sequence[Link]) -> Iterator[Any]:
        """The links that are not here, once both tasks are."""
        self._done.add(todo.uid)
        yield from self._waiting.pop(todo.uid, [])
        for link, name in todo.links:
            other = self.ids.get(name) or uids.identifier(self.target.workspace, name)
            if name not in self.ids and self.target.state.task(other) is None:
                self._notes.append(f"the other end of its link ({link.value}), {name[:64]!r}, {self._no_task(name)}")
                continue
            if Link(link, other) in there or not self._new(task, link, other):
                continue
            linked = LinkTask(task=task, link=link, other=other)
            if name in self.ids and name not in self._done and self.target.state.task(other) is None:
                self._waiting.setdefault(name, []).append(linked)
            else:
                yield linked

    def _new(self, task: str, link: LinkType, other: str) -> bool:
        """Whether it was not said before, from either end."""
        sides = ((task, link.value, other), (other, OPPOSITE[link].value, task))
        known = any(one in self._linked for one in sides)
        self._linked.add(sides[0])
        return not known and task != other
