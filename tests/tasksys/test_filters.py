"""Saved filters: whose they are, who sees and changes them, and that what is saved can be read."""

from typing import Any

import pytest
from msgspec import structs

from tasksys import limits
from tasksys.commands import CreateFilter, EditFilter, RemoveFilter, SetMember, Undo
from tasksys.refusals import Code
from tasksys.rows import SavedFilter, UserFilters
from tasksys.values import Role
from tests.support.domain import ADMIN, COMMENTER, EDITOR, OWNER, VIEWER, World, furnished, there


def saved(world: World, name: str) -> SavedFilter:
    """A filter, which must be there."""
    return there(world.state.get(SavedFilter, name))


def test_a_filter_is_saved() -> None:
    """With all that it says, for its user, at the end of the order."""
    world = furnished()
    world.given(CreateFilter(saved="f1", name=" Soon ", filter="due < today", q="milk", sort="-due", colour="red"))
    row = saved(world, "f1")
    assert (row.name, row.filter, row.q, row.sort, row.colour) == ("Soon", "due < today", "milk", "-due", "red")
    assert (row.user, row.shared, row.version, row.position) == (OWNER, False, 1, world.workspace().position)
    assert row.order > saved(world, "urgent").order
    assert there(world.state.get(UserFilters, OWNER)).filters == ("urgent", "mine", "f1")
    assert world.refused(CreateFilter(saved="f1", name="Again")).code is Code.EXISTS


def test_only_what_is_mentioned_changes() -> None:
    """Null makes a text blank again; what is so already is no event."""
    world = furnished()
    world.given(EditFilter(saved="urgent", sort=None, colour="red"))
    row = saved(world, "urgent")
    assert (row.name, row.filter, row.sort, row.colour, row.version) == ("Urgent", "priority >= high", "", "red", 2)
    assert world.accepted(EditFilter(saved="urgent", colour="red")) == []
    assert world.refused(EditFilter(saved="urgent", name="A", expected_version=1)).code is Code.VERSION_CONFLICT


def test_a_private_filter_is_not_there_for_others() -> None:
    """Nor for admins; the answer is the same as for one that is not there."""
    world = furnished()
    for actor in (ADMIN, EDITOR, VIEWER):
        for command in (EditFilter(saved="mine", name="A"), RemoveFilter(saved="mine")):
            refusal = world.refused(command, actor)
            assert refusal.code is Code.NOT_FOUND
            other = structs.replace(command, saved="f9")
            assert refusal.detail.replace("mine", "f9") == world.refused(other, actor).detail


def test_who_shares() -> None:
    """Editors and up; a viewer keeps filters of their own, and may not share them later either."""
    world = furnished()
    for actor in (VIEWER, COMMENTER):
        world.accepted(CreateFilter(saved=f"of-{actor}", name="Own"), actor)
        assert world.refused(CreateFilter(saved="f1", name="For all", shared=True), actor).code is Code.FORBIDDEN
        assert world.refused(EditFilter(saved=f"of-{actor}", shared=True), actor).code is Code.FORBIDDEN
        assert world.accepted(EditFilter(saved=f"of-{actor}", name="Mine"), actor)
    world.accepted(CreateFilter(saved="of-editor", name="For all", shared=True), EDITOR)
    assert world.accepted(EditFilter(saved="of-editor", name="For us"), EDITOR)
    assert world.refused(EditFilter(saved="urgent", name="For us"), EDITOR).code is Code.FORBIDDEN
    assert world.accepted(RemoveFilter(saved="of-editor"), ADMIN)


def test_who_lost_the_role_does_not_change_what_is_shared() -> None:
    """Their own, they still do."""
    world = furnished()
    for name, shared in (("f1", True), ("f2", False)):
        world.accepted(CreateFilter(saved=name, name=name, shared=shared), EDITOR)
    world.given(SetMember(user=EDITOR, role=Role.VIEWER))
    assert world.refused(RemoveFilter(saved="f1"), EDITOR).code is Code.FORBIDDEN
    assert world.accepted(RemoveFilter(saved="f2"), EDITOR)


@pytest.mark.parametrize(
    ("fields", "parameter", "position"),
    [
        ({"filter": "due <"}, "filter", 5),
        ({"filter": "status = open and colour = red"}, "filter", 18),
        ({"sort": "due,nothing"}, "sort", 4),
        ({"q": "x" * 1001}, "q", 1000),
    ],
)
def test_what_is_saved_can_be_read(fields: dict[str, Any], parameter: str, position: int) -> None:
    """Else the refusal says where, and what would be right there; the filter stays as it was."""
    world = furnished()
    for command in (CreateFilter(saved="f1", name="A", **fields), EditFilter(saved="urgent", **fields)):
        refusal = world.refused(command)
        assert (refusal.code, refusal.parameter, refusal.position) == (Code.INVALID, parameter, position)
        assert refusal.hint
        (error,) = refusal.errors
        assert error.pointer == f"/{parameter}"
        assert refusal.hint in error.detail


def test_there_is_a_bound_for_each_user() -> None:
    """Removed ones do not count; undo of a removal does not exceed it either."""
    world = furnished()
    for number in range(limits.FILTERS_PER_USER):
        world.accepted(CreateFilter(saved=f"f{number}", name="A"), EDITOR)
    assert world.refused(CreateFilter(saved="more", name="A"), EDITOR).code is Code.LIMIT
    world.given(CreateFilter(saved="of-owner", name="A"))
    world.accepted(RemoveFilter(id="gone", saved="f7"), EDITOR)
    world.accepted(CreateFilter(saved="more", name="A"), EDITOR)
    assert world.refused(Undo(command="gone"), EDITOR).code is Code.LIMIT


def test_undo_is_for_those_who_may_change_it() -> None:
    """A viewer takes their own back; nobody else does."""
    world = furnished()
    world.accepted(CreateFilter(id="made", saved="f1", name="Own"), VIEWER)
    assert world.refused(Undo(command="made"), ADMIN).code is Code.FORBIDDEN
    assert world.accepted(Undo(command="made"), VIEWER)
    assert world.state.get(SavedFilter, "f1") is None
    assert world.state.get(UserFilters, VIEWER) is None


def test_undo_of_a_removal_goes_on_with_the_version() -> None:
    """So that no ETag ever stands for two states."""
    world = furnished().given(EditFilter(saved="urgent", name="Now"), RemoveFilter(id="gone", saved="urgent"))
    world.given(Undo(command="gone"))
    assert (saved(world, "urgent").name, saved(world, "urgent").version) == ("Now", 3)


def test_undo_keeps_what_was_changed_since() -> None:
    """Only what the past command changed goes back."""
    world = furnished()
    world.given(EditFilter(id="past", saved="urgent", filter="priority = low"), EditFilter(saved="urgent", sort="due"))
    world.given(EditFilter(saved="urgent", colour="red"), Undo(command="past"))
    assert (saved(world, "urgent").filter, saved(world, "urgent").colour) == ("priority >= high", "red")
