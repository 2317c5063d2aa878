"""Projects and sections that a file names: those that are here, and those that are to be made."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import UNSET, structs

from tasksys import checks, limits
from tasksys.commands import AddSection, CreateProject, TrashProject
from tasksys.exchange.errors import quoted
from tasksys.exchange.naming import named
from tasksys.ical.destination import Destination
from tasksys.ical.step import CREATE, UNTITLED, UPDATE, Step
from tasksys.ical.uids import ID, derived


class Places:
    """Finds places by id or name; what is not here is kept to be made, and `steps` makes it."""

    def __init__(self, target: Destination) -> None:
        self._target = target
        self._here = {one.name.casefold(): one.id for one in reversed(target.projects)}
        self._named: dict[str, str] = {}
        self._made: dict[str, CreateProject] = {}
        self._sections: dict[str, dict[str, AddSection]] = {}
        self._lines: dict[str, int] = {}
        self._trashed: set[str] = set()
        self._to_trash: dict[str, CreateProject] = {}

    def given(self, line: int, project: CreateProject, trashed: bool = False) -> bool:
        """Says all of a project, under its own id. False if it is here, or was given, already."""
        if project.project in self._made:
            return False
        if self._target.state.project(project.project) is not None:
            if trashed:
                self._to_trash[project.project] = project
            self._lines[project.project] = line
            return False
        self._made[project.project], self._lines[project.project] = project, line
        if trashed:
            self._trashed.add(project.project)
        return True

    def there(self, project: str) -> bool:
        """Whether tasks can be put into the project: it will be there, and is not in the trash here."""
        row = self._target.state.project(project)
        return project in self._made if row is None else row.trashed_at is None

    def known(self, project: str, section: str) -> str | None:
        """The section, if it is there or will be."""
        row = self._target.state.project(project)
        found = row.section(section) if row is not None else None
        there = section in self._sections.get(project, {}) or (found is not None and not found.removed)
        return section if there else None

    def project(self, line: int, name: str, identifier: str = "") -> str | None:
        """The project of that id, else of that name, else a new one of both; None if it is in the trash here."""
        if self._target.project is not None:
            return self._target.project
        if ID.fullmatch(identifier) and (identifier in self._made or self._target.state.project(identifier)):
            return identifier if self.there(identifier) else None
        name = _line(name) or identifier or UNTITLED
        known = self._here.get(name.casefold())
        if known is None and not ID.fullmatch(identifier):
            known = self._named.get(name.casefold())
        if known is not None:
            return known
        made = identifier if ID.fullmatch(identifier) else derived(self._target.workspace, "project", name)
        if self._target.state.project(made) is not None:
            return made if self.there(made) else None
        self._named.setdefault(name.casefold(), made)
        self._made[made], self._lines[made] = CreateProject(project=made, name=name), line
        return made

    def section(self, line: int, project: str, name: str, identifier: str = "", order: Any = UNSET) -> str | None:
        """The section of that id, else of that name, else a new one of both; None if it was removed here."""
        row = self._target.state.project(project)
        parts = row.sections if row is not None else ()
        waiting = self._sections.setdefault(project, {})
        if ID.fullmatch(identifier):
            if identifier in waiting:
                return identifier
            if (found := next((one for one in parts if one.id == identifier), None)) is not None:
                return None if found.removed else identifier
        name = _line(name) or identifier or UNTITLED
        if not ID.fullmatch(identifier):
            wanted = name.casefold()
            for one in parts:
                if not one.removed and one.name.casefold() == wanted:
                    return one.id
            for each in waiting.values():
                if each.name.casefold() == wanted:
                    return each.section
            identifier = derived(self._target.workspace, "section", project, name)
            if any(one.id == identifier for one in parts):
                return None
        waiting[identifier] = AddSection(project=project, section=identifier, name=name, order=order)
        self._lines.setdefault(project, line)
        return identifier

    def steps(self, never: Callable[[str], bool]) -> Iterator[Step]:
        """What makes the projects and sections that are not here, and puts those into the trash that belong there.

        `never` tells whether a command was never decided: one that is here goes there only if an import broke off.
        """
        for project, given in self._to_trash.items():
            uid = f"projects/{project}"
            made, trash = named(self._target, uid, [given, TrashProject(project=project)], lambda note: None)
            if not never(made.id) and never(trash.id):
                line = self._lines[project]
                yield Step(line=line, uid=uid, title=given.name, kind="project", action=UPDATE, later=(trash,))
        for project in dict.fromkeys([*self._made, *self._sections]):
            made, parts = self._made.get(project), self._sections.get(project, {})
            if made is None and not parts:
                continue
            yield self._step(project, made, list(parts.values()))

    def _step(self, project: str, made: CreateProject | None, parts: list[AddSection]) -> Step:
        notes: list[str] = []
        row = self._target.state.project(project)
        title = made.name if made is not None else row.name if row is not None else project
        told = Step(line=self._lines[project], uid=f"projects/{project}", title=title, kind="project")
        try:
            commands = named(self._target, told.uid, [*([made] if made else []), *parts], notes.append)
            trash = [TrashProject(project=project)] if project in self._trashed else []
            later = named(self._target, told.uid, trash, notes.append)
        except ValueError as error:
            return structs.replace(told, reason=f"the project {quoted(project)} cannot be made: {error}"[:500])
        action = CREATE if made is not None else UPDATE
        return structs.replace(told, action=action, commands=commands, later=later, notes=tuple(notes))


def _line(name: str) -> str:
    """A name as it can be: one line, of a length that can be."""
    return checks.NOT_IN_LINE.sub(" ", name).strip()[: limits.NAME_CHARACTERS].strip()
