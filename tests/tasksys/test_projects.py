"""Projects and their sections."""

import pytest

from tasksys import limits, ordering
from tasksys.commands import (
    AddSection,
    Command,
    CreateProject,
    EditProject,
    EditSection,
    EditTask,
    RemoveSection,
    RestoreProject,
    TrashProject,
)
from tasksys.events import (
    ProjectCreated,
    ProjectEdited,
    ProjectFields,
    ProjectRestored,
    ProjectTrashed,
    SectionAdded,
    SectionEdited,
    SectionRemoved,
)
from tasksys.refusals import Code
from tasksys.rows import Section
from tests.support.domain import World, founded, furnished, there
from tests.tasksys.examples import name

LONG = "x" * (limits.NAME_CHARACTERS + 1)
BIG = "é" * (limits.DESCRIPTION_BYTES // 2) + "x"


def test_creation_puts_a_project_at_the_end() -> None:
    """Without an order of its own a project stands behind those created before."""
    world = founded()
    position = world.workspace().position
    (event,) = world.events(CreateProject(project="home", name=" Home ", description="*all*", colour="red"))
    assert event == ProjectCreated("home", "Home", ordering.at_end(position + 1), "*all*", "red")
    project = world.project("home")
    assert (project.name, project.description, project.colour, project.version) == ("Home", "*all*", "red", 1)
    assert project.created_at == project.updated_at == world.log[-1].at
    assert world.given(CreateProject(project="work", name="Work")).project("work").order > project.order


def test_creation_may_choose_the_order() -> None:
    """An order that is mentioned is kept as it is."""
    assert founded().given(CreateProject(project="home", name="Home", order="V")).project("home").order == "V"


@pytest.mark.parametrize(
    ("command", "code", "pointer"),
    [
        (CreateProject(name="Home"), Code.INVALID, "/project"),
        (CreateProject(project="new", name=" "), Code.INVALID, "/name"),
        (CreateProject(project="new", name=LONG), Code.LIMIT, "/name"),
        (CreateProject(project="new", name="New", description=BIG), Code.LIMIT, "/description"),
        (CreateProject(project="new", name="New", colour="re\x00d"), Code.INVALID, "/colour"),
        (EditProject(project="home", name=""), Code.INVALID, "/name"),
        (EditProject(project="home", description="\x07"), Code.INVALID, "/description"),
        (EditProject(project="home", colour=LONG), Code.LIMIT, "/colour"),
        (AddSection(project="home", name="Later"), Code.INVALID, "/section"),
        (AddSection(project="home", section="later", name="\t"), Code.INVALID, "/name"),
        (EditSection(project="home", section="todo", name=LONG), Code.LIMIT, "/name"),
    ],
)
def test_invalid_fields_are_refused(command: Command, code: Code, pointer: str) -> None:
    """The field that is wrong is named."""
    refusal = furnished().refused(command)
    assert (refusal.code, refusal.errors[0].pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (CreateProject(project="home", name="Home"), Code.EXISTS),
        (CreateProject(project="attic", name="Attic"), Code.EXISTS),
        (EditProject(project="attic", name="Loft"), Code.TRASHED),
        (AddSection(project="attic", section="todo", name="To do"), Code.TRASHED),
        (AddSection(project="home", section="todo", name="To do"), Code.EXISTS),
        (EditSection(project="home", section="nowhere", name="X"), Code.NOT_FOUND),
        (RemoveSection(project="home", section="nowhere"), Code.NOT_FOUND),
    ],
    ids=name,
)
def test_what_does_not_fit_the_state_is_refused(command: Command, code: Code) -> None:
    """Ids are unique, changes need what they change, and the trash is read-only."""
    assert furnished().refused(command).code is code


@pytest.mark.parametrize(
    "command",
    [
        EditProject(project="nowhere", name="X"),
        TrashProject(project="nowhere"),
        RestoreProject(project="nowhere"),
        AddSection(project="nowhere", section="todo", name="X"),
        EditSection(project="nowhere", section="todo", name="X"),
        RemoveSection(project="nowhere", section="todo"),
    ],
    ids=name,
)
def test_an_unknown_project_is_refused(command: Command) -> None:
    """Every command on a project names the id that is not there."""
    refusal = furnished().refused(command)
    assert (refusal.code, "'nowhere'" in refusal.detail) == (Code.NOT_FOUND, True)


def test_an_edit_changes_what_it_mentions() -> None:
    """The event carries the changed fields only, before and after."""
    world = furnished()
    order = world.project("home").order
    assert world.events(EditProject(project="home", name=" House ", description="", colour="blue", order="V")) == [
        ProjectEdited(
            "home", ProjectFields("Home", colour="", order=order), ProjectFields("House", colour="blue", order="V")
        )
    ]
    assert (world.project("home").name, world.project("home").order) == ("House", "V")


def test_versions_count_the_events_of_a_project() -> None:
    """A command may insist on the version it read, of the project or through one of its sections."""
    world = furnished()
    assert world.project("home").version == 3
    assert world.refused(EditProject(project="home", name="X", expected_version=2)).code is Code.VERSION_CONFLICT
    stale = AddSection(project="home", section="later", name="Later", expected_version=4)
    assert world.refused(stale).code is Code.VERSION_CONFLICT
    (event,) = world.accepted(EditProject(project="home", name="X", expected_version=3))
    assert event.version == world.project("home").version == 4
    assert world.project("home").position == event.position == world.workspace().position


def test_trash_and_back() -> None:
    """A project goes to the trash and comes back as it was; doing either twice gives no events."""
    world = furnished()
    assert world.events(TrashProject(project="home")) == [ProjectTrashed("home")]
    assert world.project("home").trashed_at == world.log[-1].at
    assert world.accepted(TrashProject(project="home")) == []
    assert world.refused(EditTask(task="milk", title="X")).code is Code.TRASHED
    assert world.refused(EditTask(task="jam", title="X")).code is Code.TRASHED
    assert world.events(RestoreProject(project="home")) == [ProjectRestored("home")]
    assert world.project("home").trashed_at is None
    assert world.accepted(RestoreProject(project="home")) == []
    assert world.accepted(EditTask(task="jam", title="X"))


def test_sections_are_added_edited_and_removed() -> None:
    """A removed section stays as a tombstone that cannot be edited; removing it again gives no events."""
    world = furnished()
    (added,) = world.events(AddSection(project="home", section="later", name=" Later "))
    section = there(world.state.project("home")).section("later")
    assert section is not None
    assert added == SectionAdded("home", section)
    assert (section.name, section.removed) == ("Later", False)
    edited = Section("later", "Some day", "V")
    assert world.events(EditSection(project="home", section="later", name="Some day ", order="V")) == [
        SectionEdited("home", section, edited)
    ]
    assert world.accepted(EditSection(project="home", section="later", name="Some day")) == []
    assert world.events(RemoveSection(project="home", section="later")) == [SectionRemoved("home", edited)]
    assert world.project("home").section("later") == Section("later", "Some day", "V", removed=True)
    assert world.accepted(RemoveSection(project="home", section="later")) == []
    assert world.refused(EditSection(project="home", section="later", name="X")).code is Code.NOT_FOUND
    assert world.refused(AddSection(project="home", section="later", name="X")).code is Code.EXISTS
    assert [section.id for section in world.project("home").sections] == ["todo", "doing", "later"]


def test_a_section_may_choose_its_order() -> None:
    """Without an order of its own a section stands at the end."""
    world = furnished().given(AddSection(project="home", section="first", name="First", order="1"))
    orders = {section.id: section.order for section in world.project("home").sections}
    assert orders["first"] == "1"
    assert orders["todo"] < orders["doing"]


def test_tasks_of_a_removed_section_stay_in_the_project() -> None:
    """Removing a section does not change its tasks."""
    world = furnished()
    before = world.task("milk")
    assert world.given(RemoveSection(project="home", section="todo")).task("milk") == before
    assert world.accepted(EditTask(task="milk", title="Oat milk"))


def test_sections_are_bounded() -> None:
    """A project takes sections up to the bound, and not one more."""
    world = World()
    world.state = founded().state
    world.given(CreateProject(project="big", name="Big"))
    for index in range(limits.SECTIONS_PER_PROJECT):
        world.given(AddSection(project="big", section=f"s{index}", name="S"))
    assert world.refused(AddSection(project="big", section="more", name="S")).code is Code.LIMIT
