"""Workspaces and members: who may do what, and that an owner always remains."""

import pytest
from msgspec import structs

from tasksys import codec, limits
from tasksys.commands import (
    CreateWorkspace,
    EditWorkspace,
    NoteZones,
    RemoveMember,
    RenewCalendarToken,
    SetMember,
    Undo,
)
from tasksys.events import (
    CalendarTokenRenewed,
    MemberAdded,
    MemberRemoved,
    MemberRoleChanged,
    WorkspaceCreated,
    WorkspaceEdited,
    ZonesChanged,
)
from tasksys.events import WorkspaceFields as Fields
from tasksys.refusals import Code
from tasksys.values import CLOCK, ZONES, Role
from tests.support.domain import (
    ADMIN,
    COMMENTER,
    EDITOR,
    LEAVER,
    OWNER,
    STRANGER,
    VIEWER,
    WORKSPACE,
    World,
    founded,
)


def test_creation_makes_the_actor_the_owner() -> None:
    """A new workspace has one member, its owner, and takes its id from the command's envelope."""
    world = World()
    events = world.events(CreateWorkspace(name=" Acme ", time_zone="Europe/Berlin", reminder_hour=7), actor="olga")
    assert events == [WorkspaceCreated("Acme", "Europe/Berlin", 7, "olga", ZONES), MemberAdded("olga", Role.OWNER)]
    workspace = world.workspace()
    assert (workspace.id, workspace.name, workspace.reminder_hour) == (WORKSPACE, "Acme", 7)
    assert (workspace.owners, workspace.members, workspace.position, workspace.version) == (1, 1, 2, 2)
    assert world.member("olga").role is Role.OWNER


def test_a_workspace_is_created_once() -> None:
    """A second creation is refused, whoever asks."""
    assert founded().refused(CreateWorkspace(name="Again"), actor=STRANGER).code is Code.EXISTS


@pytest.mark.parametrize(
    ("command", "pointer", "code"),
    [
        (CreateWorkspace(name=""), "/name", Code.INVALID),
        (CreateWorkspace(name=" \u2003"), "/name", Code.INVALID),
        (CreateWorkspace(name="a\nb"), "/name", Code.INVALID),
        (CreateWorkspace(name="x" * (limits.NAME_CHARACTERS + 1)), "/name", Code.LIMIT),
        (CreateWorkspace(name="Acme", time_zone="Mars/Olympus"), "/time_zone", Code.INVALID),
        (CreateWorkspace(name="Acme", catch_up="a week"), "/catch_up", Code.INVALID),
        (CreateWorkspace(name="Acme", catch_up="PT59S"), "/catch_up", Code.INVALID),
        (CreateWorkspace(name="Acme", catch_up="-P7D"), "/catch_up", Code.INVALID),
        (CreateWorkspace(name="Acme", catch_up="P366DT1S"), "/catch_up", Code.INVALID),
    ],
)
def test_invalid_fields_are_refused(command: CreateWorkspace, pointer: str, code: Code) -> None:
    """A field that is wrong is named, at creation and at every edit."""
    refusal = World().refused(command)
    assert (refusal.code, refusal.errors[0].pointer) == (code, pointer)
    edit = EditWorkspace(name=command.name, time_zone=command.time_zone, catch_up=command.catch_up)
    assert founded().refused(edit) == refusal


def test_a_name_may_have_its_full_length() -> None:
    """The bound itself is allowed."""
    assert len(World().given(CreateWorkspace(name="é" * limits.NAME_CHARACTERS)).workspace().name) == 200


def test_an_edit_changes_what_it_mentions() -> None:
    """The event carries the changed fields only, before and after."""
    world = founded()
    assert world.events(EditWorkspace(name=" Umbrella ", time_zone="UTC")) == [
        WorkspaceEdited(Fields("Acme"), Fields("Umbrella"))
    ]
    assert world.events(EditWorkspace(time_zone="Europe/Berlin", reminder_hour=6)) == [
        WorkspaceEdited(Fields(time_zone="UTC", reminder_hour=None), Fields(time_zone="Europe/Berlin", reminder_hour=6))
    ]
    workspace = world.workspace()
    assert (workspace.name, workspace.time_zone, workspace.reminder_hour) == ("Umbrella", "Europe/Berlin", 6)


@pytest.mark.parametrize("command", [EditWorkspace(), EditWorkspace(name="Acme"), EditWorkspace(reminder_hour=None)])
def test_an_edit_of_nothing_gives_no_events(command: EditWorkspace) -> None:
    """What is so already is not changed again."""
    assert founded().accepted(command) == []


def test_an_edit_may_insist_on_a_version() -> None:
    """Another version than the current one is refused; the current one passes."""
    world = founded()
    version = world.workspace().version
    assert world.refused(EditWorkspace(name="B", expected_version=version - 1)).code is Code.VERSION_CONFLICT
    assert world.accepted(EditWorkspace(name="B", expected_version=version))
    assert world.workspace().version == version + 1


def test_a_member_is_added_and_changes_role() -> None:
    """The same command adds a member and changes a role; the same role again gives no events."""
    world = founded()
    assert world.events(SetMember(user="nina", role=Role.VIEWER)) == [MemberAdded("nina", Role.VIEWER)]
    since = world.member("nina").since
    assert world.events(SetMember(user="nina", role=Role.EDITOR)) == [
        MemberRoleChanged("nina", Role.VIEWER, Role.EDITOR)
    ]
    assert (world.member("nina").role, world.member("nina").since) == (Role.EDITOR, since)
    assert world.accepted(SetMember(user="nina", role=Role.EDITOR)) == []


def test_counters_follow_the_members() -> None:
    """Members and owners are counted through adding, promoting, demoting and removing."""
    world = founded()
    counts = []
    for command in (
        SetMember(user="nina", role=Role.OWNER),
        SetMember(user=LEAVER, role=Role.OWNER),
        SetMember(user="nina", role=Role.VIEWER),
        RemoveMember(user="nina"),
        RemoveMember(user=LEAVER),
    ):
        workspace = world.given(command).workspace()
        counts.append((workspace.members, workspace.owners))
    assert counts == [(7, 2), (7, 3), (7, 2), (6, 2), (5, 1)]


def test_members_are_bounded() -> None:
    """One member more than the bound is refused, also when undo would bring one back."""
    world = founded()
    world.given(RemoveMember(id="removal", user=LEAVER))
    world.state.put(structs.replace(world.workspace(), members=limits.MEMBERS_PER_WORKSPACE - 1))
    world.given(SetMember(user="nina", role=Role.VIEWER))
    assert world.refused(SetMember(user="noah", role=Role.VIEWER)).code is Code.LIMIT
    assert world.refused(Undo(command="removal")).code is Code.LIMIT
    world.given(SetMember(user="nina", role=Role.EDITOR))


@pytest.mark.parametrize("command", [SetMember(user=OWNER, role=Role.ADMIN), RemoveMember(user=OWNER)])
def test_the_last_owner_stays(command: SetMember | RemoveMember) -> None:
    """An owner steps down only if another one remains."""
    world = founded()
    assert world.refused(command).code is Code.LAST_OWNER
    assert world.given(SetMember(user=ADMIN, role=Role.OWNER)).accepted(command)
    assert world.workspace().owners == 1


@pytest.mark.parametrize(
    "command",
    [
        SetMember(user=OWNER, role=Role.VIEWER),
        SetMember(user=EDITOR, role=Role.OWNER),
        SetMember(user=ADMIN, role=Role.OWNER),
        RemoveMember(user=OWNER),
    ],
)
def test_an_admin_neither_makes_nor_unmakes_owners(command: SetMember | RemoveMember) -> None:
    """What concerns an owner's role takes an owner."""
    assert founded().refused(command, actor=ADMIN).code is Code.FORBIDDEN


@pytest.mark.parametrize("user", [ADMIN, EDITOR, COMMENTER, VIEWER])
def test_anybody_may_leave(user: str) -> None:
    """A member of any role may remove themselves, and is then a stranger."""
    world = founded()
    role = world.member(user).role
    assert world.events(RemoveMember(user=user), actor=user) == [MemberRemoved(user, role)]
    assert world.state.member(user) is None
    assert world.refused(RemoveMember(user=user), actor=user).code is Code.NOT_FOUND


def test_a_member_that_is_not_there_cannot_be_removed() -> None:
    """An unknown user is named in the refusal."""
    refusal = founded().refused(RemoveMember(user=STRANGER))
    assert refusal.code is Code.NOT_FOUND
    assert "'sam'" in refusal.detail


@pytest.mark.parametrize("user", [OWNER, ADMIN, EDITOR, COMMENTER, VIEWER])
def test_anybody_renews_the_address_of_their_calendar(user: str) -> None:
    """Each renewal counts, for that member alone."""
    world = founded()
    assert world.events(RenewCalendarToken(), actor=user) == [CalendarTokenRenewed(user, 1)]
    assert world.events(RenewCalendarToken(), actor=user) == [CalendarTokenRenewed(user, 2)]
    assert [world.member(one).calendar for one in (user, LEAVER)] == [2, 0]


def test_a_role_leaves_the_calendar_as_it_is() -> None:
    """A change of the role brings no former address back."""
    world = founded().given(RenewCalendarToken(), actor=VIEWER).given(SetMember(user=VIEWER, role=Role.EDITOR))
    assert world.member(VIEWER).calendar == 1


def test_strangers_have_no_calendar() -> None:
    """To a stranger the answer is that of a workspace that is not there."""
    assert founded().refused(RenewCalendarToken(), STRANGER) == World().refused(RenewCalendarToken(), STRANGER)


def test_a_renewal_is_not_undone() -> None:
    """What was revoked stays revoked."""
    world = founded().given(RenewCalendarToken(id="renewal"))
    assert world.refused(Undo(command="renewal")).code is Code.NOT_UNDOABLE


def test_another_release_of_the_zone_database_is_a_fact() -> None:
    """The clock tells of it, nobody else; told again, it is nothing new; it cannot be undone."""
    world = founded()
    assert world.workspace().zones == ZONES
    assert world.refused(NoteZones(zones="2099a")).code is Code.FORBIDDEN
    (event,) = done = world.accepted(NoteZones(zones="2099a"), CLOCK)
    assert codec.event(event) == ZonesChanged(ZONES, "2099a")
    assert world.workspace().zones == "2099a"
    assert world.accepted(NoteZones(zones="2099a"), CLOCK) == []
    assert world.refused(Undo(events=tuple(done))).code is Code.NOT_UNDOABLE
