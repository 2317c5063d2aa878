"""What each event changed, and the chain that shows whether the record was tampered with."""

import json
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksys import audit, codec, ordering
from tasksys.audit import Change
from tasksys.commands import (
    AddChecklistItem,
    AddComment,
    AddSection,
    AssignTask,
    CancelTask,
    Command,
    CompleteTask,
    CreateFilter,
    CreateProject,
    CreateTask,
    CreateWorkspace,
    EditChecklistItem,
    EditComment,
    EditFilter,
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
    RenewCalendarToken,
    ReopenTask,
    RestoreProject,
    RestoreTask,
    SetMember,
    StartTask,
    TrashProject,
    TrashTask,
    UnlinkTask,
)
from tasksys.values import ZONES, LinkType, Role, When
from tests.support.domain import EDITOR, LEAVER, OWNER, VIEWER, World, furnished
from tests.tasksys.examples import name
from tests.tasksys.strategies import EVENTS, QUICK

LOG = [codec.encode_event(event) for event in furnished().log]


def chain(log: list[bytes]) -> list[bytes]:
    """The links that the audit stores for a log."""
    links = []
    link = audit.GENESIS
    for event in log:
        link = audit.link(link, event)
        links.append(link)
    return links


def broken_at(log: list[bytes], links: list[bytes]) -> int | None:
    """The first position at which a log does not agree with its stored links; None if it does."""
    for position, (found, stored) in enumerate(zip(chain(log), links, strict=False), start=1):
        if found != stored:
            return position
    return None if len(log) == len(links) else min(len(log), len(links)) + 1


def test_an_untouched_log_verifies() -> None:
    """The chain is a fold of the stored bytes: computed again, it is the same."""
    links = chain(LOG)
    assert broken_at(LOG, links) is None
    assert len(set(links)) == len(LOG)
    assert all(len(link) == 32 for link in links)


@QUICK
@given(st.integers(0, len(LOG) - 1), st.data())
def test_any_flipped_bit_is_found_at_its_position(index: int, data: st.DataObject) -> None:
    """One bit of one event is enough."""
    event = bytearray(LOG[index])
    event[data.draw(st.integers(0, len(event) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert broken_at([*LOG[:index], bytes(event), *LOG[index + 1 :]], chain(LOG)) == index + 1


@QUICK
@given(st.integers(0, len(LOG) - 1))
def test_a_removed_or_inserted_event_is_found_at_its_position(index: int) -> None:
    """Leaving an event out, or adding one, breaks the chain there."""
    links = chain(LOG)
    assert broken_at(LOG[:index] + LOG[index + 1 :], links) == index + 1
    assert broken_at([*LOG[:index], b"{}", *LOG[index:]], links) == index + 1


def test_a_flipped_link_is_found() -> None:
    """Tampering with the stored chain instead of the log shows just as well."""
    links = chain(LOG)
    links[4] = bytes(32)
    assert broken_at(LOG, links) == 5


def test_an_entry_says_who_when_and_what() -> None:
    """The audit shows the envelope, the changes and both links."""
    world = furnished()
    (record,) = world.accepted(EditTask(id="c1", task="milk", title="Oat milk"), EDITOR)
    record = msgspec.structs.replace(record, source="203.0.113.7")
    entry = audit.entry(record, b"\x02" * 32, b"\x01" * 32)
    assert msgspec.json.decode(codec.encode_json(entry)) == {
        "position": record.position,
        "at": record.at,
        "actor": EDITOR,
        "command": "c1",
        "type": "TaskEdited",
        "task": "milk",
        "changes": [{"field": "title", "before": "Milk", "after": "Oat milk"}],
        "hash": "02" * 32,
        "previous_hash": "01" * 32,
        "source": "203.0.113.7",
    }


def test_an_entry_of_an_event_of_a_newer_release() -> None:
    """Who and when, and the links: nobody can say here what it changed."""
    (record,) = furnished().accepted(EditTask(task="milk", title="Oat milk"), EDITOR)
    entry = audit.entry(msgspec.structs.replace(record, type="TaskPainted"), b"\x02" * 32, b"\x01" * 32)
    assert (entry.type, entry.actor, entry.changes, entry.hash) == ("TaskPainted", EDITOR, (), "02" * 32)


ORDER = furnished().task("tax").order
HOME = furnished().project("home")
ITEM = {"id": "item", "title": "Full fat", "done": False}
BERLIN = {"local": "2026-03-09T09:00", "zone": "Europe/Berlin"}
MILK, BREAD = furnished().task("milk"), furnished().task("bread")

SOON = {
    "user": OWNER, "name": "Soon", "filter": "due < today", "q": "", "sort": "", "colour": "", "shared": False,
    "order": "V",
}  # fmt: skip

CHANGES: list[tuple[Command, list[tuple[str, Any, Any]]]] = [
    (EditWorkspace(name="B", reminder_hour=6), [("name", "Acme", "B"), ("reminder_hour", None, 6)]),
    (SetMember(user="nina", role=Role.VIEWER), [("members/nina", None, "viewer")]),
    (SetMember(user=VIEWER, role=Role.EDITOR), [("members/vera", "viewer", "editor")]),
    (RemoveMember(user=LEAVER), [("members/mia", "editor", None)]),
    (RenewCalendarToken(), [("members/olga/calendar", 0, 1)]),
    (
        CreateProject(project="new", name="New", order="V"),
        [("project", None, "new"), ("name", None, "New"), ("order", None, "V")],
    ),
    (EditProject(project="home", colour="red"), [("colour", "", "red")]),
    (TrashProject(project="home"), [("trashed", False, True)]),
    (RestoreProject(project="attic"), [("trashed", True, False)]),
    (
        AddSection(project="home", section="s", name="S", order="V"),
        [("sections/s", None, {"id": "s", "name": "S", "order": "V"})],
    ),
    (
        EditSection(project="home", section="todo", name="S", order="V"),
        [("sections/todo", msgspec.to_builtins(HOME.sections[0]), {"id": "todo", "name": "S", "order": "V"})],
    ),
    (
        RemoveSection(project="home", section="todo"),
        [("sections/todo", msgspec.to_builtins(HOME.sections[0]), None)],
    ),
    (
        CreateTask(task="eggs", title="Eggs", project="home", order="V", labels=("a",)),
        [("project", None, "home"), ("order", None, "V"), ("title", None, "Eggs"), ("labels", None, ["a"])],
    ),
    (
        EditTask(
            task="milk", title="Oat", due=When(local="2026-03-09T09:00", zone="Europe/Berlin"), estimate_minutes=5
        ),
        [("title", "Milk", "Oat"), ("due", None, BERLIN), ("estimate_minutes", None, 5)],
    ),
    (EditTask(task="tax", project="work"), [("project", None, "work")]),
    (EditTask(task="tax", parent="milk", order="V"), [("parent", None, "milk"), ("order", ORDER, "V")]),
    (MoveTask(task="milk", after="bread", before="bread"), [("order", MILK.order, BREAD.order + ordering.MIDDLE)]),
    (StartTask(task="tax"), [("status", "open", "in-progress")]),
    (CompleteTask(task="tax"), [("status", "open", "done")]),
    (CancelTask(task="rent"), [("status", "done", "cancelled")]),
    (ReopenTask(task="rent"), [("status", "done", "open")]),
    (TrashTask(task="tax"), [("trashed", False, True)]),
    (RestoreTask(task="junk"), [("trashed", True, False)]),
    (
        LabelTask(task="milk", add=("cold",), remove=("food", "shop")),
        [("labels/cold", False, True), ("labels/food", True, False), ("labels/shop", True, False)],
    ),
    (
        AssignTask(task="milk", add=(OWNER,), remove=(EDITOR,)),
        [("assignees/olga", False, True), ("assignees/edda", True, False)],
    ),
    (
        LinkTask(task="tax", link=LinkType.DUPLICATES, other="rent"),
        [("links/duplicates/rent", False, True), ("links/duplicated-by/tax", False, True)],
    ),
    (
        UnlinkTask(task="bread", link=LinkType.BLOCKED_BY, other="milk"),
        [("links/blocked-by/milk", True, False), ("links/blocks/bread", True, False)],
    ),
    (
        AddChecklistItem(task="milk", item="i1", title="A"),
        [("checklist/i1", None, {"id": "i1", "title": "A", "done": False})],
    ),
    (EditChecklistItem(task="milk", item="item", done=True), [("checklist/item", ITEM, {**ITEM, "done": True})]),
    (RemoveChecklistItem(task="milk", item="item"), [("checklist/item", ITEM, None)]),
    (AddComment(task="milk", comment="c1", body="A"), [("comments/c1", None, "A")]),
    (EditComment(task="milk", comment="remark", body="A"), [("comments/remark", "From the corner shop", "A")]),
    (RemoveComment(task="milk", comment="remark"), [("comments/remark", "From the corner shop", None)]),
    (CreateFilter(saved="f1", name="Soon", filter="due < today", order="V"), [("filters/f1", None, SOON)]),
    (
        EditFilter(saved="urgent", name="Now", shared=False),
        [("filters/urgent/name", "Urgent", "Now"), ("filters/urgent/shared", True, False)],
    ),
]


@pytest.mark.parametrize(("command", "expected"), CHANGES, ids=name)
def test_every_event_says_what_it_changed(command: Command, expected: list[tuple[str, Any, Any]]) -> None:
    """Field by field, before and after, as plain JSON values."""
    changes = [change for event in furnished().events(command) for change in audit.changes(event)]
    plain = [Change(*change) for change in expected]
    assert msgspec.json.decode(codec.encode_json(changes), type=list[Change]) == plain


def test_the_creation_of_a_workspace_says_all_of_it() -> None:
    """The first events of a log are no exception."""
    created, member = World().events(CreateWorkspace(name="Acme"))
    assert [(change.field, change.before, change.after) for change in audit.changes(created)] == [
        ("name", None, "Acme"),
        ("time_zone", None, "UTC"),
        ("owner", None, OWNER),
        ("zones", None, ZONES),
    ]
    assert audit.changes(member) == [Change("members/olga", None, "owner")]


@QUICK
@given(st.data(), st.sampled_from(sorted(EVENTS)))
def test_changes_are_plain_json(data: st.DataObject, kind: str) -> None:
    """Whatever is in an event, the values of its changes need no encoder of ours."""
    changes = audit.changes(data.draw(EVENTS[kind]))
    plain = [{"field": change.field, "before": change.before, "after": change.after} for change in changes]
    assert json.loads(json.dumps(plain)) == json.loads(codec.encode_json(changes))


def test_a_link_stands_for_everything_before_it() -> None:
    """Rewriting one event changes its link and every later one, so it cannot be hidden by rewriting one link."""
    links, forged = chain(LOG), chain([*LOG[:3], b"{}", *LOG[4:]])
    assert [one == other for one, other in zip(links, forged, strict=True)] == [True] * 3 + [False] * (len(LOG) - 3)


def test_links_are_stable() -> None:
    """A stored chain must verify for ever: SHA-256 over the link before and the bytes."""
    assert audit.link(audit.GENESIS, b"{}") == sha256(bytes(32) + b"{}").digest()
