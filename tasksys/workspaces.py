"""Workspaces and their members: who may do what, and in which time zone the day begins."""

from datetime import timedelta
from typing import assert_never

from msgspec import UNSET, structs

from tasksys import checks, durations, limits
from tasksys.commands import (
    CommandRecord,
    CreateWorkspace,
    EditWorkspace,
    NoteZones,
    RemoveMember,
    RenewCalendarToken,
    SetMember,
)
from tasksys.events import (
    CalendarTokenRenewed,
    Fact,
    MemberAdded,
    MemberRemoved,
    MemberRoleChanged,
    WorkspaceCreated,
    WorkspaceEdited,
    WorkspaceFields,
    ZonesChanged,
)
from tasksys.fields import difference, or_default, overlay
from tasksys.refusals import Code, Refusal, invalid, missing, over, sentence
from tasksys.rows import Member, Workspace
from tasksys.stamp import Stamp
from tasksys.state import State
from tasksys.values import CLOCK, ZONES, Role

WorkspaceCommand = CreateWorkspace | EditWorkspace | SetMember | RemoveMember | RenewCalendarToken | NoteZones
MemberEvent = MemberAdded | MemberRoleChanged | MemberRemoved | CalendarTokenRenewed
WorkspaceEvent = WorkspaceCreated | WorkspaceEdited | ZonesChanged | MemberEvent


def decide(command: WorkspaceCommand, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The events of a command on the workspace itself or on its members."""
    match command:
        case CreateWorkspace():
            return _create(command, record.actor, state)
        case EditWorkspace():
            return _edit(command, record.actor, state)
        case SetMember():
            return _set_member(command, record.actor, state)
        case RemoveMember():
            return _remove_member(command, record.actor, state)
        case RenewCalendarToken():
            return _renew(record.actor, state)
        case NoteZones():
            return _note_zones(command, record.actor, state)
        case _:
            assert_never(command)


def _create(command: CreateWorkspace, actor: str, state: State) -> list[Fact] | Refusal:
    if state.workspace is not None:
        return Refusal(Code.EXISTS, "There is a workspace with this id already; choose another id.")
    if refusal := _invalid_fields(command):
        return refusal
    created = WorkspaceCreated(
        command.name.strip(), command.time_zone, command.reminder_hour, actor, ZONES, command.catch_up
    )
    return [Fact(created), Fact(MemberAdded(actor, Role.OWNER))]


def _edit(command: EditWorkspace, actor: str, state: State) -> list[Fact] | Refusal:
    workspace = state.workspace
    if refusal := checks.allowed(state, actor, Role.ADMIN):
        return refusal
    assert workspace is not None
    if refusal := checks.stale("workspace", command.expected_version, workspace.version) or _invalid_fields(command):
        return refusal
    new = CreateWorkspace(name="")
    wanted = WorkspaceFields(
        command.name,
        or_default(command.time_zone, new.time_zone),
        command.reminder_hour,
        or_default(command.catch_up, new.catch_up),
    )
    if isinstance(wanted.name, str):
        wanted = structs.replace(wanted, name=wanted.name.strip())
    before, after = difference(workspace, wanted)
    return [Fact(WorkspaceEdited(before, after))] if after != WorkspaceFields() else []


def _invalid_fields(command: CreateWorkspace | EditWorkspace) -> Refusal | None:
    return checks.every(
        checks.line("/name", command.name, limits.NAME_CHARACTERS) if command.name is not UNSET else None,
        checks.zone("/time_zone", command.time_zone) if isinstance(command.time_zone, str) else None,
        _catch_up(command.catch_up) if isinstance(command.catch_up, str) else None,
    )


def _catch_up(text: str) -> Refusal | None:
    try:
        length = durations.parse(text)
    except ValueError as error:
        return invalid("/catch_up", sentence(error))
    if not timedelta(minutes=1) <= durations.length(length) <= timedelta(days=limits.CATCH_UP_DAYS):
        return invalid("/catch_up", f"Give from a minute (PT1M) to {limits.CATCH_UP_DAYS} days; P7D is the default.")
    return None


def _set_member(command: SetMember, actor: str, state: State) -> list[Fact] | Refusal:
    member = state.member(command.user)
    needed = Role.OWNER if Role.OWNER in (command.role, member and member.role) else Role.ADMIN
    if refusal := checks.allowed(state, actor, needed):
        return refusal
    assert state.workspace is not None
    if member is None:
        return members_full(state.workspace) or [Fact(MemberAdded(command.user, command.role))]
    if member.role is command.role:
        return []
    if member.role is Role.OWNER and state.workspace.owners == 1:
        return _last_owner()
    return [Fact(MemberRoleChanged(command.user, member.role, command.role))]


def _remove_member(command: RemoveMember, actor: str, state: State) -> list[Fact] | Refusal:
    member = state.member(command.user)
    needed = Role.OWNER if member and member.role is Role.OWNER else Role.ADMIN
    if command.user == actor:
        needed = Role.VIEWER  # anybody may leave
    if refusal := checks.allowed(state, actor, needed):
        return refusal
    assert state.workspace is not None
    if member is None:
        return missing("member", command.user)
    if member.role is Role.OWNER and state.workspace.owners == 1:
        return _last_owner()
    return [Fact(MemberRemoved(command.user, member.role))]


def _renew(actor: str, state: State) -> list[Fact] | Refusal:
    if refusal := checks.allowed(state, actor, Role.VIEWER):
        return refusal
    member = state.member(actor)
    assert member is not None
    return [Fact(CalendarTokenRenewed(actor, member.calendar + 1))]


def _note_zones(command: NoteZones, actor: str, state: State) -> list[Fact] | Refusal:
    if actor != CLOCK:
        return Refusal(Code.FORBIDDEN, "The release of the zone database comes with the system; upgrade tasksys.")
    if state.workspace is None:
        return checks.no_workspace()
    before = state.workspace.zones
    return [Fact(ZonesChanged(before, command.zones))] if command.zones != before else []


def members_full(workspace: Workspace) -> Refusal | None:
    """Refuses one more member of a workspace that has as many as it may have."""
    full = workspace.members >= limits.MEMBERS_PER_WORKSPACE
    return over("/user", "members", limits.MEMBERS_PER_WORKSPACE) if full else None


def _last_owner() -> Refusal:
    return Refusal(Code.LAST_OWNER, "A workspace keeps at least one owner; make somebody else an owner first.")


def evolve(event: WorkspaceEvent, state: State, stamp: Stamp) -> None:
    """Records an event on the workspace or its members."""
    if isinstance(event, WorkspaceCreated):
        made = Workspace(stamp.workspace, event.name, event.time_zone, stamp.at, event.reminder_hour, version=1)
        state.put(structs.replace(made, zones=event.zones, catch_up=event.catch_up))
        return
    workspace = state.workspace
    assert workspace is not None
    match event:
        case WorkspaceEdited():
            workspace = overlay(workspace, event.after)
        case ZonesChanged():
            workspace = structs.replace(workspace, zones=event.after)
        case MemberAdded():
            state.put(Member(event.user, event.role, stamp.at))
            workspace = structs.replace(
                workspace, members=workspace.members + 1, owners=workspace.owners + (event.role is Role.OWNER)
            )
        case MemberRoleChanged():
            member = state.member(event.user)
            assert member is not None
            state.put(structs.replace(member, role=event.after))
            owners = workspace.owners + (event.after is Role.OWNER) - (event.before is Role.OWNER)
            workspace = structs.replace(workspace, owners=owners)
        case CalendarTokenRenewed():
            member = state.member(event.user)
            assert member is not None
            state.put(structs.replace(member, calendar=event.generation))
        case MemberRemoved():
            state.delete(Member, event.user)
            workspace = structs.replace(
                workspace, members=workspace.members - 1, owners=workspace.owners - (event.role is Role.OWNER)
            )
        case _:
            assert_never(event)
    state.put(structs.replace(workspace, version=workspace.version + 1))
