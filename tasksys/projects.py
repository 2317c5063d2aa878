"""Projects and their sections."""

from typing import assert_never

from msgspec import UNSET, structs

from tasksys import checks, limits, ordering
from tasksys.commands import (
    AddSection,
    CommandRecord,
    CreateProject,
    EditProject,
    EditSection,
    RemoveSection,
    RestoreProject,
    TrashProject,
)
from tasksys.events import (
    Fact,
    ProjectCreated,
    ProjectEdited,
    ProjectFields,
    ProjectRestored,
    ProjectTrashed,
    SectionAdded,
    SectionEdited,
    SectionRemoved,
)
from tasksys.fields import difference, or_default, overlay
from tasksys.refusals import Code, Refusal, missing, over
from tasksys.rows import Project, Section
from tasksys.stamp import Stamp
from tasksys.state import State
from tasksys.values import Role

SectionCommand = AddSection | EditSection | RemoveSection
ProjectCommand = CreateProject | EditProject | TrashProject | RestoreProject | SectionCommand
SectionEvent = SectionAdded | SectionEdited | SectionRemoved
ProjectEvent = ProjectCreated | ProjectEdited | ProjectTrashed | ProjectRestored | SectionEvent


def decide(command: ProjectCommand, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The events of a command on a project or one of its sections."""
    if refusal := checks.allowed(state, record.actor, Role.EDITOR):
        return refusal
    if isinstance(command, CreateProject):
        return _create(command, state)
    project = state.project(command.project)
    if project is None:
        return missing("project", command.project)
    if refusal := checks.stale("project", command.expected_version, project.version):
        return refusal
    match command:
        case TrashProject():
            return [] if project.trashed_at else [Fact(ProjectTrashed(project.id))]
        case RestoreProject():
            return [Fact(ProjectRestored(project.id))] if project.trashed_at else []
        case EditProject():
            return trashed(project) or _edit(command, project)
        case AddSection() | EditSection() | RemoveSection():
            return trashed(project) or _decide_section(command, project, state)
        case _:
            assert_never(command)


def trashed(project: Project) -> Refusal | None:
    """Refuses a change to a project in the trash."""
    if project.trashed_at is None:
        return None
    return Refusal(Code.TRASHED, f"The project {project.id!r} is in the trash; restore it first.")


def _create(command: CreateProject, state: State) -> list[Fact] | Refusal:
    if refusal := checks.identifier("/project", command.project) or _invalid_fields(command):
        return refusal
    if state.project(command.project) is not None:
        return Refusal(Code.EXISTS, f"There is a project {command.project!r} already; choose another id.")
    order = _end(state) if command.order is UNSET else command.order
    return [Fact(ProjectCreated(command.project, command.name.strip(), order, command.description, command.colour))]


def _edit(command: EditProject, project: Project) -> list[Fact] | Refusal:
    if refusal := _invalid_fields(command):
        return refusal
    name = command.name if command.name is UNSET else command.name.strip()
    description, colour = or_default(command.description, ""), or_default(command.colour, "")
    wanted = ProjectFields(name, description, colour, command.order)
    before, after = difference(project, wanted)
    return [Fact(ProjectEdited(project.id, before, after))] if after != ProjectFields() else []


def _invalid_fields(command: CreateProject | EditProject) -> Refusal | None:
    return checks.every(
        checks.line("/name", command.name, limits.NAME_CHARACTERS) if command.name is not UNSET else None,
        checks.markdown("/description", command.description) if command.description else None,
        checks.short("/colour", command.colour, limits.NAME_CHARACTERS) if command.colour else None,
    )


def _end(state: State) -> str:
    workspace = state.workspace
    assert workspace is not None
    return ordering.at_end(workspace.position + 1)


def _decide_section(command: SectionCommand, project: Project, state: State) -> list[Fact] | Refusal:
    if isinstance(command, AddSection | EditSection) and command.name is not UNSET:
        refusal = checks.line("/name", command.name, limits.NAME_CHARACTERS)
        if refusal:
            return refusal
    section = project.section(command.section)
    match command:
        case AddSection():
            if refusal := checks.identifier("/section", command.section):
                return refusal
            if section is not None:
                return Refusal(Code.EXISTS, f"There is a section {command.section!r} already; choose another id.")
            if len(project.sections) >= limits.SECTIONS_PER_PROJECT:
                return over("/section", "sections", limits.SECTIONS_PER_PROJECT)
            order = _end(state) if command.order is UNSET else command.order
            return [Fact(SectionAdded(project.id, Section(command.section, command.name.strip(), order)))]
        case EditSection():
            if section is None or section.removed:
                return missing("section", command.section)
            name = section.name if command.name is UNSET else command.name.strip()
            order = section.order if command.order is UNSET else command.order
            edited = structs.replace(section, name=name, order=order)
            return [Fact(SectionEdited(project.id, section, edited))] if edited != section else []
        case RemoveSection():
            if section is None:
                return missing("section", command.section)
            return [] if section.removed else [Fact(SectionRemoved(project.id, section))]
        case _:
            assert_never(command)


def evolve(event: ProjectEvent, state: State, stamp: Stamp) -> None:
    """Records an event on a project."""
    if isinstance(event, ProjectCreated):
        project = Project(event.project, event.name, stamp.at, event.description, event.colour, event.order)
    else:
        stored = state.project(event.project)
        assert stored is not None
        project = _evolved(event, stored, stamp)
    state.put(structs.replace(project, updated_at=stamp.at, version=project.version + 1, position=stamp.position))


def _evolved(
    event: ProjectEdited | ProjectTrashed | ProjectRestored | SectionEvent, project: Project, stamp: Stamp
) -> Project:
    match event:
        case ProjectEdited():
            return overlay(project, event.after)
        case ProjectTrashed():
            return structs.replace(project, trashed_at=stamp.at)
        case ProjectRestored():
            return structs.replace(project, trashed_at=None)
        case SectionAdded():
            return structs.replace(project, sections=(*project.sections, event.section))
        case SectionEdited():
            return _with_section(project, event.after)
        case SectionRemoved():
            return _with_section(project, structs.replace(event.section, removed=True))
        case _:
            assert_never(event)


def _with_section(project: Project, changed: Section) -> Project:
    sections = tuple(changed if section.id == changed.id else section for section in project.sections)
    return structs.replace(project, sections=sections)
